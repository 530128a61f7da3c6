using System.Buffers;

namespace Cairn.Execution.Output;

/// <summary>What happens to a process's output between pipe, log and sink. Used by the I/O thread alone.</summary>
internal sealed class Capture(ProcessSpec spec, SecretPatterns patterns, IOutputSink? sink, TimeProvider time)
{
    private readonly Redactor? _stdout = patterns.IsEmpty ? null : new Redactor(patterns);
    private readonly Redactor? _stderr = patterns.IsEmpty ? null : new Redactor(patterns);
    private IOutputSink? _sink = sink;

    /// <summary>The log, or null where none is kept.</summary>
    public OutputLog? Log { get; } = spec.LogPath is null ? null : new OutputLog(spec.LogPath, spec.IndexPath, time);

    /// <summary>Takes bytes as the process wrote them.</summary>
    public void Accept(OutputStream stream, ReadOnlySpan<byte> bytes, ArrayBufferWriter<byte> scratch)
    {
        var redactor = stream == OutputStream.Stdout ? _stdout : _stderr;
        if (redactor is null)
        {
            Deliver(stream, bytes);
            return;
        }

        redactor.Transform(bytes, scratch);
        Deliver(stream, scratch.WrittenSpan);
        scratch.ResetWrittenCount();
    }

    /// <summary>Releases what redaction held back at the end of a stream.</summary>
    public void End(OutputStream stream, ArrayBufferWriter<byte> scratch)
    {
        var redactor = stream == OutputStream.Stdout ? _stdout : _stderr;
        if (redactor is not null)
        {
            redactor.Flush(scratch);
            Deliver(stream, scratch.WrittenSpan);
            scratch.ResetWrittenCount();
        }
    }

    private void Deliver(OutputStream stream, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        Log?.Append(stream, bytes);
        try
        {
            _sink?.OnOutput(stream, bytes);
        }
#pragma warning disable CA1031 // A sink only shows output: whatever is wrong with it must not end the thread that all processes depend on.
        catch (Exception)
#pragma warning restore CA1031
        {
            _sink = null;
        }
    }
}
