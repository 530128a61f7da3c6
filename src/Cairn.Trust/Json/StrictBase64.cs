using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Cairn.Trust.Json;

/// <summary>Base64 (RFC 4648) of which each sequence of bytes has one text: padded, no blanks, unused bits zero (<c>QR==</c> is refused).</summary>
public static class StrictBase64
{
    /// <summary>The bytes of a text in the standard alphabet; null where it is not such a text.</summary>
    public static ImmutableArray<byte>? TryRead(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length % 4 != 0)
        {
            return null;
        }

        var padding = text.EndsWith("==", StringComparison.Ordinal) ? 2 : text.EndsWith('=') ? 1 : 0;
        var bytes = new byte[(text.Length / 4 * 3) - padding];
        if (text.AsSpan().ContainsAny(Blanks) || !Convert.TryFromBase64String(text, bytes, out var count) || count != bytes.Length)
        {
            return null;
        }

        // The last character before the padding has bits that stand for nothing.
        if (padding > 0 && !text.AsSpan(text.Length - 4).SequenceEqual(Convert.ToBase64String(bytes.AsSpan(bytes.Length - 3 + padding))))
        {
            return null;
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(bytes);
    }

    /// <summary>The same where the text may use the URL-safe alphabet throughout instead.</summary>
    public static ImmutableArray<byte>? TryReadEither(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.AsSpan().ContainsAny('-', '_'))
        {
            return TryRead(text);
        }

        return text.AsSpan().ContainsAny('+', '/') ? null : TryRead(text.Replace('-', '+').Replace('_', '/'));
    }

    private static readonly SearchValues<char> Blanks = SearchValues.Create(" \t\r\n");
}
