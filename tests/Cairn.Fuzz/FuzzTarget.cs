using System.Runtime.CompilerServices;
using System.Text;

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
    /// <summary>Throws where a condition does not hold; the message is made only then.</summary>
    public static void Require(bool condition, [InterpolatedStringHandlerArgument(nameof(condition))] Explanation message)
    {
        if (!condition)
        {
            throw new InvariantException(message.ToString());
        }
    }

    [InterpolatedStringHandler]
    public readonly ref struct Explanation
    {
        private readonly StringBuilder? _text;

        public Explanation(int literals, int holes, bool condition, out bool isNeeded)
        {
            isNeeded = !condition;
            _text = condition ? null : new StringBuilder(literals + (holes * 8));
        }

        public void AppendLiteral(string text) => _text?.Append(text);

        public void AppendFormatted<T>(T value) => _text?.Append(value);

        public override string ToString() => _text?.ToString() ?? "";
    }
}
