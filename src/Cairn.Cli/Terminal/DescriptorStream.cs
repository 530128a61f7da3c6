using System.Runtime.InteropServices;

namespace Cairn.Cli.Terminal;

/// <summary>The reader of our output is gone (<c>cairn logs | head</c>): stop quietly.</summary>
internal sealed class BrokenPipeException() : IOException("The reader of the output is gone");

/// <summary>Our output cannot be written: a full disk, a closed descriptor.</summary>
internal sealed class OutputFailedException(string message) : IOException(message);

/// <summary>
/// Writes to a file descriptor. Console streams swallow a broken pipe, so that following a log would never end; a file stream writes
/// at offsets of its own, so that <c>(cairn version; echo) &gt; file</c> would lose text. This one does neither.
/// </summary>
internal sealed class DescriptorStream(int descriptor) : Stream
{
    public const int StandardOutput = 1;
    public const int StandardError = 2;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var written = NativeTerminal.Write(descriptor, in MemoryMarshal.GetReference(buffer), (nuint)buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case NativeTerminal.Interrupted:
                    break;
                case NativeTerminal.Again:
                    // A terminal that another program made non-blocking; wait until it takes more.
                    NativeTerminal.WaitWritable(descriptor);
                    break;
                case NativeTerminal.BrokenPipe:
                    throw new BrokenPipeException();
                case var error:
                    throw new OutputFailedException($"Writing to {(descriptor == StandardOutput ? "standard output" : "standard error")} failed: {Marshal.GetPInvokeErrorMessage(error)}");
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
