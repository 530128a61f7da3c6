namespace Cairn.Core.Dependencies;

/// <summary>The spellings of digests in lock files.</summary>
internal static class Hashes
{
    /// <summary>A digest in hex or base64 by its length; null where it is neither.</summary>
    /// <param name="algorithm">Such as <c>SHA-256</c> or <c>sha256</c>.</param>
    /// <param name="value">The digest.</param>
    /// <param name="file">Which file it is of, or null.</param>
    public static PackageHash? Of(string algorithm, string value, string? file = null)
    {
        var name = algorithm.Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
        var bytes = name switch
        {
            "md5" => 16,
            "sha1" => 20,
            "sha224" => 28,
            "sha256" => 32,
            "sha384" => 48,
            "sha512" => 64,
            _ => 0,
        };
        if (bytes == 0)
        {
            return null;
        }

        if (value.Length == 2 * bytes && IsHex(value))
        {
            return new PackageHash(name, value.ToLowerInvariant(), file);
        }

        Span<byte> decoded = stackalloc byte[64];
        return value.Length == (bytes + 2) / 3 * 4 && Convert.TryFromBase64String(value, decoded, out var length) && length == bytes
            ? new PackageHash(name, Convert.ToHexStringLower(decoded[..length]), file)
            : null;
    }

    /// <summary><c>sha256:HEX</c>, and <c>sha512-BASE64</c> of Subresource Integrity.</summary>
    public static PackageHash? OfText(ReadOnlySpan<char> text, string? file = null)
    {
        var sign = text.IndexOfAny(':', '-');
        if (sign <= 0)
        {
            return null;
        }

        // Options of Subresource Integrity follow a question mark.
        var value = text[(sign + 1)..];
        var options = value.IndexOf('?');
        return Of(text[..sign].ToString(), (options < 0 ? value : value[..options]).ToString(), file);
    }

    /// <summary>The last segment of a URL or path, without what follows <c>?</c> or <c>#</c>.</summary>
    public static string FileOf(string url)
    {
        var end = url.AsSpan().IndexOfAny('?', '#');
        var path = end < 0 ? url : url[..end];
        return path[(path.LastIndexOf('/') + 1)..];
    }

    private static bool IsHex(string value)
    {
        foreach (var c in value)
        {
            if (!char.IsAsciiHexDigit(c))
            {
                return false;
            }
        }

        return value.Length > 0;
    }
}
