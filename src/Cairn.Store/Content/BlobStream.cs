using System.Security.Cryptography;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Content;

/// <summary>A blob as a stream that never ends well unless every byte was right.</summary>
internal sealed class BlobStream(ContentStore store, BlobFile blob, Digest digest) : ForwardStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _position;

    public override long Length => digest.SizeBytes;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        if (_position == digest.SizeBytes || buffer.IsEmpty)
        {
            return 0;
        }

        buffer = buffer[..(int)Math.Min(buffer.Length, digest.SizeBytes - _position)];
        int count;
        try
        {
            count = blob.Read(buffer);
        }
        catch (InvalidDataException exception)
        {
            throw Corrupt(exception);
        }

        _hash.AppendData(buffer[..count]);
        _position += count;
        if (count == 0 || (_position == digest.SizeBytes && !IsRight()))
        {
            throw Corrupt(null);
        }

        return count;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken) : new ValueTask<int>(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            blob.Dispose();
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool IsRight()
    {
        Span<byte> hash = stackalloc byte[Digest.HashBytes];
        _hash.GetHashAndReset(hash);
        return new Digest(hash, _position) == digest;
    }

    private StoreException Corrupt(Exception? inner)
    {
        store.Distrust(digest, blob.IsCompressed);
        var message = $"The blob `{digest.Hash}` in `{store.Directory}` is damaged and was set aside; run `cairn store fsck`";
        return inner is null ? new StoreException(message) : new StoreException(message, inner);
    }
}
