using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Content;

/// <summary>A blob's file, open: gives the content, whichever way it is stored. What it gives is not verified.</summary>
internal sealed class BlobFile : IDisposable
{
    private readonly Zstd.Reader? _reader;
    private long _offset;
    private bool _disposed;

    /// <summary>Takes over a descriptor.</summary>
    public BlobFile(int descriptor, bool compressed)
    {
        Descriptor = descriptor;
        _reader = compressed ? new Zstd.Reader(descriptor) : null;
    }

    public int Descriptor { get; }

    public bool IsCompressed => _reader is not null;

    /// <summary>The content's length as the file says; negative where a compressed one does not.</summary>
    public long DeclaredBytes => _reader?.DeclaredBytes() ?? BlobCalls.LookAt(Descriptor).SizeBytes;

    /// <summary>The next bytes of the content; 0 at the end. Throws <see cref="InvalidDataException"/> where they cannot be made out.</summary>
    public int Read(Span<byte> content)
    {
        if (_reader is not null)
        {
            return _reader.Read(content);
        }

        var count = BlobCalls.ReadAt(Descriptor, content, _offset);
        _offset += count;
        return count;
    }

    /// <summary>Fills a buffer, or reads to the end.</summary>
    public int ReadAll(Span<byte> content)
    {
        var total = 0;
        while (total < content.Length && Read(content[total..]) is > 0 and var count)
        {
            total += count;
        }

        return total;
    }

    /// <summary>Reads to the end, and writes to <paramref name="target"/> unless that is negative. Null where the content is longer than it may be, or cannot be made out.</summary>
    public Digest? Copy(int target, long bytesMax)
    {
        using var hash = new StreamingHash(bytesMax);
        try
        {
            while (Read(hash.Buffer) is > 0 and var count)
            {
                if (hash.Length + count > bytesMax)
                {
                    return null;
                }

                var content = hash.Append(count);
                if (target >= 0)
                {
                    BlobCalls.Write(target, content);
                }

                hash.Advance();
            }
        }
        catch (InvalidDataException)
        {
            return null;
        }

        return hash.Finish();
    }

    public void Dispose()
    {
        // A decoder over a stream of it disposes it too, and a second close would be that of whoever has the descriptor by then.
        if (!_disposed)
        {
            _disposed = true;
            _reader?.Dispose();
            _ = FileNative.Close(Descriptor);
        }
    }
}
