using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Content;

/// <summary>What a look at a blob's content says.</summary>
internal enum BlobState
{
    /// <summary>It is what its name says.</summary>
    Right,

    /// <summary>It is not.</summary>
    Wrong,

    /// <summary>It is gone.</summary>
    Missing,

    /// <summary>It cannot be read here: no permission, or compressed and no library for that.</summary>
    Unknown,
}

/// <summary>Tells right blobs from wrong ones, and sets the wrong ones aside.</summary>
internal static class BlobCheck
{
    /// <summary>Reads a blob and compares it with its name.</summary>
    /// <param name="cas">The folder that <paramref name="path"/> starts from.</param>
    /// <param name="path">Its path with a NUL.</param>
    /// <param name="name">The digest in its name; the size does not count.</param>
    public static BlobState Examine(int cas, ReadOnlySpan<byte> path, in Digest name)
    {
        var compressed = path.TrimEnd((byte)0).EndsWith(".zst"u8);
        if (compressed && !Zstd.IsAvailable)
        {
            return BlobState.Unknown;
        }

        var descriptor = BlobCalls.TryOpen(cas, path, FileNative.OpenReadOnly | FileNative.OpenNoFollow | FileNative.OpenNonBlocking);
        if (descriptor < 0)
        {
            return Marshal.GetLastPInvokeError() switch
            {
                FileNative.ErrorNotFound => BlobState.Missing,
                FileNative.ErrorAccess => BlobState.Unknown,
                _ => BlobState.Wrong,
            };
        }

        using var blob = new BlobFile(descriptor, compressed);
        if (!BlobCalls.LookAt(descriptor).IsRegular)
        {
            return BlobState.Wrong;
        }

        // A compressed blob always says how long its content is, which bounds the work.
        var bytesMax = blob.DeclaredBytes;
        return bytesMax >= 0 && blob.Copy(-1, bytesMax) is { } actual && actual == new Digest(HashOf(name), actual.SizeBytes) ? BlobState.Right : BlobState.Wrong;
    }

    /// <summary>How long the content of a blob is, by what its file says; of a compressed one that cannot be read, its file's length.</summary>
    public static long ContentBytes(StoreFolder folder, in StoredFile file)
    {
        Span<byte> path = stackalloc byte[BlobPath.BytesMax];
        BlobPath.Write(path, file.Name, file.Compressed);
        var descriptor = file.Compressed && Zstd.IsAvailable ? BlobCalls.TryOpen(folder.BlobFolder.Descriptor, path, FileNative.OpenReadOnly | FileNative.OpenNoFollow | FileNative.OpenNonBlocking) : -1;
        if (descriptor < 0)
        {
            return file.Look.SizeBytes;
        }

        using var blob = new BlobFile(descriptor, compressed: true);
        return blob.DeclaredBytes is >= 0 and var bytes ? bytes : file.Look.SizeBytes;
    }

    /// <summary>Sets something aside that stands below <c>cas/</c>; false where it is gone or cannot be moved.</summary>
    public static bool Quarantine(StoreFolder folder, ReadOnlySpan<byte> path) => Quarantine(folder, folder.BlobFolder.Descriptor, path);

    /// <summary>Sets something aside, under its last name and a number.</summary>
    public static unsafe bool Quarantine(StoreFolder folder, int from, ReadOnlySpan<byte> path)
    {
        path = path[..(path.IndexOf((byte)0) + 1)];
        var name = path[(path.LastIndexOf((byte)'/') + 1)..^1];
        name = name[..Math.Min(name.Length, 200)];
        byte[] target =
        [
            .. Encoding.ASCII.GetBytes(StoreFolder.Quarantine), (byte)'/', .. name,
            (byte)'-', .. Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(8, lowercase: true)), 0,
        ];
        fixed (byte* source = path, destination = target)
        {
            return FileNative.RenameAt(from, source, folder.Root.Descriptor, destination) == 0;
        }
    }

    private static byte[] HashOf(in Digest digest)
    {
        var hash = new byte[Digest.HashBytes];
        digest.CopyHashTo(hash);
        return hash;
    }
}
