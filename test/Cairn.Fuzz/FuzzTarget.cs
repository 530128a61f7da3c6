namespace Cairn.Fuzz;

/// <summary>Something that takes hostile bytes. It may report what it likes; it must neither throw, hang nor use much memory.</summary>
internal interface IFuzzTarget
{
    /// <summary>The name on the command line, and of the folder below <c>testdata/fuzz</c>.</summary>
    string Name { get; }

    /// <summary>Words of the format, which mutation inserts.</summary>
    IReadOnlyList<string> Words { get; }

    /// <summary>Runs one input. Throws where an invariant is broken.</summary>
    void Run(byte[] input);
}

/// <summary>An invariant that an input broke.</summary>
internal sealed class InvariantException(string message) : Exception(message)
{
    public static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvariantException(message);
        }
    }
}
