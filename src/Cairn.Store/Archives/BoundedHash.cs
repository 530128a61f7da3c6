using System.Security.Cryptography;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Archives;

/// <summary>Hashes what is read of a stream, and ends reading where it becomes too much: what a few bytes decompress to may fill every disk.</summary>
internal sealed class BoundedHash(Stream source, long bytesMax) : ForwardStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _bytes;

    public override long Position
    {
        get => _bytes;
        set => throw new NotSupportedException();
    }

    /// <summary>Reads what is left; the digest of all. Throws <see cref="InvalidDataException"/>.</summary>
    public Digest Finish()
    {
        var buffer = new byte[64 << 10];
        while (Read(buffer) > 0)
        {
        }

        return new Digest(_hash.GetHashAndReset(), _bytes);
    }

    public override int Read(Span<byte> buffer)
    {
        var count = source.Read(buffer);
        _bytes += count;
        if (_bytes > bytesMax)
        {
            throw new InvalidDataException($"It becomes more than {bytesMax} bytes");
        }

        _hash.AppendData(buffer[..count]);
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            source.Dispose();
        }

        base.Dispose(disposing);
    }
}
