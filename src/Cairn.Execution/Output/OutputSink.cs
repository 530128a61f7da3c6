namespace Cairn.Execution;

/// <summary>Where a chunk of output came from.</summary>
#pragma warning disable CA1711 // It is a stream of output, as in `stdout`.
public enum OutputStream
#pragma warning restore CA1711
{
    /// <summary>Standard output.</summary>
    Stdout = 0,

    /// <summary>Standard error.</summary>
    Stderr = 1,
}

/// <summary>Receives output while the process runs.</summary>
public interface IOutputSink
{
    /// <summary>Takes a chunk; runs on the thread that reads all pipes, so it must be quick and must not block.</summary>
    void OnOutput(OutputStream stream, ReadOnlySpan<byte> redactedBytes);
}
