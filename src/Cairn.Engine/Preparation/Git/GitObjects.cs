using System.Buffers.Text;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Cairn.Engine.Preparation.Git;

/// <summary>Object names, and the one object that is read: a commit, for its tree.</summary>
internal static class GitObjects
{
    // A type, a size, and the commit's first line.
    private const int HeadBytes = 160;

    /// <summary>The name of an object.</summary>
    public static byte[] NameOf(ReadOnlySpan<byte> type, ReadOnlySpan<byte> content, int hashBytes)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(type.Length + 13 + content.Length);
        type.CopyTo(bytes);
        bytes[type.Length] = (byte)' ';
        Utf8Formatter.TryFormat(content.Length, bytes.AsSpan(type.Length + 1), out var digits);
        var at = type.Length + 1 + digits;
        bytes[at++] = 0;
        content.CopyTo(bytes.AsSpan(at));
        var all = bytes.AsSpan(0, at + content.Length);
#pragma warning disable CA5350 // Not Cairn's choice: it is how git names objects.
        return hashBytes == 20 ? SHA1.HashData(all) : SHA256.HashData(all);
#pragma warning restore CA5350
    }

    /// <summary>The tree of a commit in hex; null where the commit is not found or not understood.</summary>
    public static string? TreeOf(GitLayout layout, string commit)
    {
        try
        {
            var path = Path.Combine(layout.CommonDirectory, "objects", commit[..2], commit[2..]);
            if (!File.Exists(path))
            {
                return GitPacks.Find(layout, commit) is { } packed ? TreeIn(packed, layout.HashBytes) : null;
            }

            using var file = File.OpenRead(path);
            var head = Inflate(file, HeadBytes);
            var end = head.AsSpan().IndexOf((byte)0);
            return head.AsSpan().StartsWith("commit "u8) && end > 0 ? TreeIn(head.AsSpan(end + 1), layout.HashBytes) : null;
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Decompresses up to so many bytes.</summary>
    public static byte[] Inflate(Stream compressed, int bytesMax)
    {
        using var stream = new ZLibStream(compressed, CompressionMode.Decompress, leaveOpen: true);
        var bytes = new byte[bytesMax];
        var length = stream.ReadAtLeast(bytes, bytesMax, throwOnEndOfStream: false);
        return bytes[..length];
    }

    private static string? TreeIn(ReadOnlySpan<byte> commit, int hashBytes)
    {
        var digits = 2 * hashBytes;
        if (!commit.StartsWith("tree "u8) || commit.Length < 5 + digits + 1 || commit[5 + digits] != '\n')
        {
            return null;
        }

        return Encoding.UTF8.GetString(commit.Slice(5, digits));
    }
}
