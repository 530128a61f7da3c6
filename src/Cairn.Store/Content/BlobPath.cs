using Cairn.Core.Content;

namespace Cairn.Store.Content;

/// <summary>Where a blob stands below <c>cas/</c>, or an entry below <c>ac/</c>: <c>ab/abcdef…</c>, as bytes with a NUL, so that calls take them as they are.</summary>
internal static class BlobPath
{
    /// <summary>Room for every path with its NUL.</summary>
    public const int BytesMax = FolderBytes + HashChars + 5;

    /// <summary>Characters of a name.</summary>
    public const int HashChars = 2 * Digest.HashBytes;

    /// <summary>The ending of compressed blobs.</summary>
    public const string CompressedSuffix = ".zst";

    private const int FolderBytes = 3;

    /// <summary>Writes the path of a blob as it is, or compressed.</summary>
    public static void Write(Span<byte> path, in Digest digest, bool compressed = false)
    {
        Span<byte> hash = stackalloc byte[Digest.HashBytes];
        digest.CopyHashTo(hash);
        Hex.Write(hash, path[FolderBytes..]);
        path[0] = path[FolderBytes];
        path[1] = path[FolderBytes + 1];
        path[2] = (byte)'/';
        SetCompressed(path, compressed);
    }

    /// <summary>Turns a path into that of the other form of the same blob.</summary>
    public static void SetCompressed(Span<byte> path, bool compressed) => (compressed ? ".zst\0"u8 : "\0"u8).CopyTo(path[(FolderBytes + HashChars)..]);

    /// <summary>Whether a name is one of a blob; the hash in it, and which form.</summary>
    public static bool TryParseName(ReadOnlySpan<char> name, Span<byte> hash, out bool compressed)
    {
        compressed = name.Length == HashChars + CompressedSuffix.Length && name.EndsWith(CompressedSuffix, StringComparison.Ordinal);
        if ((name.Length != HashChars && !compressed) || !Hex.IsLower(name[..HashChars]))
        {
            return false;
        }

        Convert.FromHexString(name[..HashChars], hash, out _, out _);
        return true;
    }
}
