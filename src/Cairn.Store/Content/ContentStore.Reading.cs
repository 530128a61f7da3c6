using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Content;

/// <content>Reading, always verified.</content>
public sealed partial class ContentStore
{
    private const int NameBytesMax = 256;

    /// <summary>Reads a blob whole, verified. Null where it is missing, larger than <paramref name="maxBytes"/>, or was found corrupt (then it is quarantined).</summary>
    public byte[]? TryRead(Digest digest, int maxBytes)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (digest.SizeBytes > maxBytes)
        {
            return null;
        }

        if (digest == Digest.Empty)
        {
            return [];
        }

        using var blob = TryOpenBlob(digest);
        if (blob is null)
        {
            return null;
        }

        var content = GC.AllocateUninitializedArray<byte>((int)digest.SizeBytes);
        return TryReadWhole(blob, digest, content) ? content : null;
    }

    /// <summary>Opens a blob for reading, decompressed; the read that reaches the end throws <see cref="StoreException"/> where the bytes do not have the digest. Null where it is missing.</summary>
    public Stream? TryOpen(Digest digest)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (digest == Digest.Empty)
        {
            return new MemoryStream([], writable: false);
        }

        return TryOpenBlob(digest) is { } blob ? new BlobStream(this, blob, digest) : null;
    }

    /// <summary>
    /// Lays a blob out as a new file (mode 0644 or 0755 less the umask, mtime now), verified while it is copied. Atomic: <paramref name="name"/> is either absent or whole.
    /// False where the blob is missing or was found corrupt; nothing is left then. Replaces what stands there.
    /// </summary>
    /// <param name="digest">The blob.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="name">The file's name there.</param>
    /// <param name="executable">Its mode.</param>
    /// <param name="nursery">Where the file may be made, on the folder's file system.</param>
    public bool TryRestore(Digest digest, DirectoryHandle folder, string name, bool executable, FileNursery? nursery = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ObjectDisposedException.ThrowIf(_disposed, this);
        DirectoryHandle.CheckName(name);
        if (digest.SizeBytes > Limits.WholeBlobBytesMax)
        {
            return RestoreLarge(digest, folder, name, executable, nursery);
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)digest.SizeBytes + 1);
        try
        {
            var content = buffer.AsSpan(0, (int)digest.SizeBytes);
            if (digest != Digest.Empty)
            {
                using var blob = TryOpenBlob(digest);
                if (blob is null || !TryReadWhole(blob, digest, content))
                {
                    return false;
                }
            }

            using var file = Create(folder, executable, nursery);
            BlobCalls.Write(file.Descriptor, content);
            Name(file, folder, name);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private bool RestoreLarge(in Digest digest, DirectoryHandle folder, string name, bool executable, FileNursery? nursery)
    {
        using var blob = TryOpenBlob(digest);
        if (blob is null)
        {
            return false;
        }

        using var file = Create(folder, executable, nursery);

        // What is verified is the copy, so that a change of the blob meanwhile does no harm.
        var isClone = !blob.IsCompressed && FileNative.Clone(file.Descriptor, FileNative.CloneRequest, blob.Descriptor) == 0;
        var actual = isClone ? HashFile(file.Descriptor, digest.SizeBytes) : blob.Copy(file.Descriptor, digest.SizeBytes);
        if (actual != digest)
        {
            Distrust(digest, blob.IsCompressed);
            return false;
        }

        Name(file, folder, name);
        return true;
    }

    private static NewFile Create(DirectoryHandle folder, bool executable, FileNursery? nursery)
    {
        var mode = executable ? 0x1edu : 0x1a4u;
        return nursery?.Create(folder.Descriptor, mode, locked: false) ?? NewFile.Create(folder.Descriptor, mode, locked: false);
    }

    private static void Name(NewFile file, DirectoryHandle folder, string name)
    {
        Span<byte> path = stackalloc byte[NameBytesMax];
        if (!Encoding.UTF8.TryGetBytes(name, path[..^1], out var length))
        {
            throw new IOException($"The name `{name}` is too long for `{folder.DisplayPath}`");
        }

        path[length] = 0;
        if (file.Publish(folder.Descriptor, path, replace: true) is not 0 and var error)
        {
            throw BlobCalls.Failure($"write `{folder.DisplayPath}/{name}`", error);
        }
    }

    /// <summary>Opens a blob that has the right size, marking its use; null where there is none.</summary>
    private BlobFile? TryOpenBlob(in Digest digest)
    {
        Span<byte> path = stackalloc byte[BlobPath.BytesMax];
        BlobPath.Write(path, digest);
        return TryOpenFile(digest, path, compressed: false) ?? (digest.SizeBytes >= Limits.CompressedBlobBytesMin && Zstd.IsAvailable ? TryOpenFile(digest, path, compressed: true) : null);
    }

    private BlobFile? TryOpenFile(in Digest digest, Span<byte> path, bool compressed)
    {
        BlobPath.SetCompressed(path, compressed);
        var descriptor = BlobCalls.TryOpen(_folder.BlobFolder.Descriptor, path, FileNative.OpenReadOnly | FileNative.OpenNoFollow | FileNative.OpenNonBlocking);
        if (descriptor < 0)
        {
            return Marshal.GetLastPInvokeError() is FileNative.ErrorNotFound or FileNative.ErrorAccess or FileNative.ErrorLoop or FileNative.ErrorNotDirectory
                ? null
                : throw BlobCalls.Failure($"open a blob in `{_folder.BlobFolder.DisplayPath}`");
        }

        var look = BlobCalls.LookAt(descriptor);
        if (look.IsRegular && (compressed || look.SizeBytes == digest.SizeBytes))
        {
            MarkUse(path, look);
            return new BlobFile(descriptor, compressed);
        }

        _ = FileNative.Close(descriptor);
        Distrust(digest, compressed);
        return null;
    }

    /// <summary>Reads and verifies a blob; what is wrong is quarantined.</summary>
    private bool TryReadWhole(BlobFile blob, in Digest digest, Span<byte> content)
    {
        try
        {
            if (blob.ReadAll(content) == content.Length && (!blob.IsCompressed || blob.Read(stackalloc byte[1]) == 0) && Digest.Of(content) == digest)
            {
                return true;
            }
        }
        catch (InvalidDataException)
        {
            // Quarantined like every other wrong one.
        }

        Distrust(digest, blob.IsCompressed);
        return false;
    }

    /// <summary>Looks again at a blob that was not what it should be, and quarantines it if its content does not have its name: whoever asked may have asked with a wrong size.</summary>
    internal unsafe void Distrust(in Digest digest, bool compressed)
    {
        Span<byte> path = stackalloc byte[BlobPath.BytesMax];
        BlobPath.Write(path, digest, compressed);
        if (ReadOnlyReason is not null || BlobCheck.Examine(_folder.BlobFolder.Descriptor, path, digest) != BlobState.Wrong)
        {
            return;
        }

        BlobCheck.Quarantine(_folder, path);
    }
}
