using System.Buffers;

using Cairn.Core.Content;
using Cairn.Store.Files;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Content;

/// <summary>The CAS on local disk: blobs named by their SHA-256, shared by all of a user's projects and by any number of processes. Thread-safe.</summary>
/// <remarks>
/// Nothing is synced when it is stored, since a blob is verified whenever it is read: a crash may lose one, and never makes a wrong one count.
/// The modification time of a blob's file tells when the blob was last used, and has no other meaning.
/// </remarks>
public sealed partial class ContentStore : IDisposable
{
    private readonly StoreFolder _folder;
    private readonly FileNursery _nursery;
    private readonly TimeProvider _time;
    private readonly uint _userId = BlobCalls.UserId();
    private bool _disposed;

    private ContentStore(StoreFolder folder, TimeProvider time)
    {
        _folder = folder;
        _nursery = new FileNursery(folder.TemporaryFolder, "");
        _time = time;
    }

    private enum Presence
    {
        Missing,

        /// <summary>A file has the name and cannot be the blob, or cannot be read.</summary>
        Unusable,

        There,
    }

    /// <summary>The folder, absolute: <c>~/.cache/cairn</c>; blobs stand in <c>cas/</c> below it.</summary>
    public string Directory => _folder.Path;

    /// <summary>Why nothing can be stored (read-only folder, full disk seen), or null. Reading still works.</summary>
    public string? ReadOnlyReason => _folder.ReadOnlyReason;

    /// <summary>The clock by which use is marked.</summary>
    internal TimeProvider Time => _time;

    /// <summary>Opens or creates a store. Throws <see cref="StoreException"/> for one of a newer version or a folder that cannot be used at all.</summary>
    public static ContentStore Open(string directory) => Open(directory, TimeProvider.System);

    /// <inheritdoc cref="Open(string)"/>
    /// <param name="directory">The folder.</param>
    /// <param name="time">The clock by which use is marked and what is old is told.</param>
    public static ContentStore Open(string directory, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(directory);
        ArgumentNullException.ThrowIfNull(time);
        return new ContentStore(StoreFolder.Open(directory), time);
    }

    /// <summary>Stores bytes. Throws <see cref="IOException"/> where the disk is full; nothing is left of the attempt then.</summary>
    public Digest Put(ReadOnlySpan<byte> content)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var digest = Digest.Of(content);
        _ = Add(digest, content);
        return digest;
    }

    /// <summary>Stores a file, hashing while it copies (reflink where that is to be had), in bounded memory. Returns the digest of exactly the bytes that were stored.</summary>
    public Digest PutFile(SafeFileHandle source) => PutFile(source, -1, out _);

    /// <inheritdoc cref="PutFile(SafeFileHandle)"/>
    /// <param name="source">The file, open for reading; its position does not matter.</param>
    /// <param name="sizeBytes">Its size where the caller knows it, else negative.</param>
    /// <param name="added">Whether the blob is new.</param>
    public Digest PutFile(SafeFileHandle source, long sizeBytes, out bool added)
    {
        ArgumentNullException.ThrowIfNull(source);
        ObjectDisposedException.ThrowIf(_disposed, this);
        var held = false;
        try
        {
            source.DangerousAddRef(ref held);
            var descriptor = (int)source.DangerousGetHandle();
            if (sizeBytes < 0)
            {
                sizeBytes = BlobCalls.LookAt(descriptor).SizeBytes;
            }

            return PutSmallFile(descriptor, sizeBytes, out added) ?? PutLargeFile(descriptor, sizeBytes, out added);
        }
        finally
        {
            if (held)
            {
                source.DangerousRelease();
            }
        }
    }

    /// <summary>Whether a blob is there, by name and size alone; notes its use for the eviction order.</summary>
    public bool Contains(Digest digest)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Span<byte> path = stackalloc byte[BlobPath.BytesMax];
        return digest == Digest.Empty || Find(digest, path) == Presence.There;
    }

    /// <summary>Makes durable what was stored so far, by any process: one call for a whole group of blobs.</summary>
    public void Sync()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (FileNative.SyncFileSystem(_folder.Root.Descriptor) < 0)
        {
            throw BlobCalls.Failure($"sync the disk of `{Directory}`");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _nursery.Dispose();
            _folder.Dispose();
        }
    }

    /// <summary>Stores bytes of a known digest; whether they are new.</summary>
    private bool Add(in Digest digest, ReadOnlySpan<byte> content)
    {
        Span<byte> path = stackalloc byte[BlobPath.BytesMax];
        if (content.IsEmpty || Find(digest, path) is var presence && presence == Presence.There)
        {
            return false;
        }

        ThrowIfReadOnly();
        byte[]? compressed = null;
        try
        {
            // What cannot be the blob is replaced, and only what has the same name can be.
            if (presence == Presence.Missing && Zstd.Pays(content.Length, content))
            {
                compressed = ArrayPool<byte>.Shared.Rent(content.Length);
                if (Zstd.TryCompress(content, compressed) is > 0 and var length)
                {
                    content = compressed.AsSpan(0, length);
                    BlobPath.SetCompressed(path, compressed: true);
                }
            }

            using var file = CreateFile();
            BlobCalls.Write(file.Descriptor, content);
            return Publish(file, path, replace: presence == Presence.Unusable);
        }
        catch (IOException exception) when (exception is not StoreException)
        {
            throw _folder.Failed(exception);
        }
        finally
        {
            if (compressed is not null)
            {
                ArrayPool<byte>.Shared.Return(compressed);
            }
        }
    }

    /// <summary>Stores a file that fits into one buffer; null where it is larger, or grows.</summary>
    private Digest? PutSmallFile(int source, long sizeBytes, out bool added)
    {
        added = false;
        if (sizeBytes > Limits.WholeBlobBytesMax)
        {
            return null;
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)sizeBytes + 1);
        try
        {
            var length = BlobCalls.ReadAt(source, buffer.AsSpan(0, (int)sizeBytes + 1), 0);
            if (length > sizeBytes)
            {
                return null;
            }

            var content = buffer.AsSpan(0, length);
            var digest = Digest.Of(content);
            added = Add(digest, content);
            return digest;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private Digest PutLargeFile(int source, long sizeBytes, out bool added)
    {
        ThrowIfReadOnly();
        try
        {
            using var file = CreateFile();
            if (FileNative.Clone(file.Descriptor, FileNative.CloneRequest, source) == 0)
            {
                return AddLarge(file, HashFile(file.Descriptor, sizeBytes), compressed: false, out added);
            }

            return TryPutCompressed(source, sizeBytes, out added) ?? AddLarge(file, CopyFile(source, file.Descriptor, sizeBytes), compressed: false, out added);
        }
        catch (IOException exception) when (exception is not StoreException)
        {
            throw _folder.Failed(exception);
        }
    }

    /// <summary>Stores a file compressed; null where that does not pay, or the file changes under the hand.</summary>
    private Digest? TryPutCompressed(int source, long sizeBytes, out bool added)
    {
        added = false;
        if (sizeBytes > Limits.CompressedBlobBytesMax || !StartIsCompressible(source, sizeBytes))
        {
            return null;
        }

        using var hash = new StreamingHash(sizeBytes);
        using var file = CreateFile();
        using var writer = new Zstd.Writer(file.Descriptor, sizeBytes);
        while (hash.Length < sizeBytes)
        {
            var count = BlobCalls.ReadAt(source, hash.Buffer, hash.Length);
            if (count == 0 || !writer.TryWrite(hash.Append(count), isLast: hash.Length >= sizeBytes))
            {
                return null;
            }

            hash.Advance();
        }

        return writer.Length <= Zstd.WorthwhileBytesMax(sizeBytes) ? AddLarge(file, hash.Finish(), compressed: true, out added) : null;
    }

    private static bool StartIsCompressible(int source, long sizeBytes)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Limits.CompressionProbeBytes);
        try
        {
            return Zstd.Pays(sizeBytes, buffer.AsSpan(0, BlobCalls.ReadAt(source, buffer.AsSpan(0, Limits.CompressionProbeBytes), 0)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private Digest AddLarge(NewFile file, Digest digest, bool compressed, out bool added)
    {
        Span<byte> path = stackalloc byte[BlobPath.BytesMax];
        var presence = Find(digest, path);
        if (presence != Presence.There)
        {
            BlobPath.SetCompressed(path, compressed);
            added = Publish(file, path, replace: presence == Presence.Unusable);
            return digest;
        }

        added = false;
        return digest;
    }

    private static Digest HashFile(int file, long sizeBytes) => CopyFile(file, -1, sizeBytes);

    private static Digest CopyFile(int source, int target, long sizeBytes)
    {
        using var hash = new StreamingHash(sizeBytes);
        while (BlobCalls.ReadAt(source, hash.Buffer, hash.Length) is > 0 and var count)
        {
            var content = hash.Append(count);
            if (target >= 0)
            {
                BlobCalls.Write(target, content);
            }

            hash.Advance();
        }

        return hash.Finish();
    }

    /// <summary>Looks for a blob by name and size, and marks its use. <paramref name="path"/> is the plain form's path afterwards unless the blob is there.</summary>
    private Presence Find(in Digest digest, Span<byte> path)
    {
        var cas = _folder.BlobFolder.Descriptor;
        BlobPath.Write(path, digest);
        var presence = Presence.Missing;
        if (BlobCalls.TryLook(cas, path, out var look))
        {
            if (look.IsRegular && look.SizeBytes == digest.SizeBytes && IsReadable(look))
            {
                MarkUse(path, look);
                return Presence.There;
            }

            presence = Presence.Unusable;
        }

        if (digest.SizeBytes is < Limits.CompressedBlobBytesMin or > Limits.CompressedBlobBytesMax)
        {
            return presence;
        }

        BlobPath.SetCompressed(path, compressed: true);
        if (BlobCalls.TryLook(cas, path, out look) && Zstd.IsAvailable)
        {
            if (look.IsRegular && look.SizeBytes > 0 && look.SizeBytes <= Zstd.WorthwhileBytesMax(digest.SizeBytes) && IsReadable(look))
            {
                MarkUse(path, look);
                return Presence.There;
            }

            presence = Presence.Unusable;
        }

        BlobPath.SetCompressed(path, compressed: false);
        return presence;
    }

    /// <summary>Whether this user can read a blob, as far as its mode tells: others may have stored it under a strict umask.</summary>
    private bool IsReadable(in BlobCalls.Look look) => (look.Mode & 0x24) != 0 || look.UserId == _userId || _userId == 0;

    private void MarkUse(ReadOnlySpan<byte> path, in BlobCalls.Look look) => BlobCalls.MarkUse(_folder.BlobFolder.Descriptor, path, look, _time.GetUtcNow().ToUnixTimeSeconds());

    private NewFile CreateFile(uint mode = StoreFolder.BlobMode) => _nursery.Create(_folder.TemporaryFolder.Descriptor, mode, locked: true);

    /// <summary>Names a blob. False where another process did so meanwhile.</summary>
    private bool Publish(NewFile file, ReadOnlySpan<byte> path, bool replace)
    {
        var error = Publish(file, _folder.BlobFolder, path, replace);
        return error switch
        {
            0 => true,
            FileNative.ErrorExists => false,
            _ => throw BlobCalls.Failure("name a blob", error),
        };
    }

    private int Publish(NewFile file, DirectoryHandle part, ReadOnlySpan<byte> path, bool replace)
    {
        var error = file.Publish(part.Descriptor, path, replace);
        if (error == FileNative.ErrorNotFound)
        {
            StoreFolder.MakeFanOut(part, path, _nursery);
            error = file.Publish(part.Descriptor, path, replace);
        }

        return error;
    }

    private void ThrowIfReadOnly()
    {
        if (ReadOnlyReason is { } reason)
        {
            throw new StoreException($"Nothing can be stored: {reason}");
        }
    }
}
