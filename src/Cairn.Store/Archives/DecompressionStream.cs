using System.Buffers;

using Cairn.Store.Files;

namespace Cairn.Store.Archives;

/// <summary>Reads compressed bytes of a stream, through a decoder of a native library.</summary>
internal abstract class DecompressionStream(Stream source) : ForwardStream
{
    private const int MarkBytes = 6;

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(Limits.TransferBytes);
    private int _start;
    private int _end;
    private bool _sourceEnded;
    private bool _ended;
    private bool _disposed;

    /// <summary>Where compressed content is from whose decoder could not open it.</summary>
    /// <exception cref="InvalidDataException">What is compressed is none of these, or of a kind whose library is missing.</exception>
    public static Stream Open(Stream source, string name)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(name);
        return Path.GetExtension(name) switch
        {
            ".xz" or ".lzma" => new XzStream(source),
            ".zst" => new ZstdStream(source),
            ".gz" => new System.IO.Compression.GZipStream(source, System.IO.Compression.CompressionMode.Decompress),
            ".tar" or "" => source,
            var other => throw new InvalidDataException($"`{name}` is compressed in a way that is not known: `{other}`"),
        };
    }

    /// <summary>The content of a stream, decompressed as its first bytes say. Throws <see cref="InvalidDataException"/> where a library is missing.</summary>
    public static Stream OpenByContent(Stream source)
    {
        var peeked = new PeekedStream(source, MarkBytes);
        return peeked.Start switch
        {
            [0x1f, 0x8b, ..] => new System.IO.Compression.GZipStream(peeked, System.IO.Compression.CompressionMode.Decompress),
            [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, ..] => new XzStream(peeked),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => new ZstdStream(peeked),
            [(byte)'B', (byte)'Z', (byte)'h', >= (byte)'1' and <= (byte)'9', ..] => new Bzip2Stream(peeked),
            _ => peeked,
        };
    }

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        while (!_ended && !buffer.IsEmpty)
        {
            if (_start == _end && !_sourceEnded)
            {
                _start = 0;
                _end = source.Read(_buffer, 0, Limits.TransferBytes);
                _sourceEnded = _end == 0;
            }

            var (consumed, produced, ended) = Decode(_buffer.AsSpan(_start, _end - _start), buffer, _sourceEnded);
            _start += consumed;
            _ended = ended;
            if (produced > 0)
            {
                return produced;
            }

            if (!ended && consumed == 0 && _sourceEnded)
            {
                throw new InvalidDataException("What is compressed ends too early");
            }
        }

        return 0;
    }

    /// <summary>Decodes some more. Throws <see cref="InvalidDataException"/>.</summary>
    protected abstract (int Consumed, int Produced, bool Ended) Decode(ReadOnlySpan<byte> input, Span<byte> output, bool isLast);

    /// <summary>Frees the decoder.</summary>
    protected abstract void Free();

    protected override void Dispose(bool disposing)
    {
        if (!_disposed)
        {
            _disposed = true;
            Free();
            ArrayPool<byte>.Shared.Return(_buffer);
            if (disposing)
            {
                source.Dispose();
            }
        }

        base.Dispose(disposing);
    }
}
