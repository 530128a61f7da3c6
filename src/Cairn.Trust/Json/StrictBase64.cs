using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Cairn.Trust.Json;

/// <summary>Base64 (RFC 4648) of which each sequence of bytes has one text: padded, no blanks, unused bits zero (<c>QR==</c> is refused).</summary>
public static class StrictBase64
{
    private const int StackBytesMax = 256;

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
        // Blanks are passed over there: the bytes are fewer then.
        if (!Convert.TryFromBase64String(text, bytes, out var count) || count != bytes.Length)
        {
            return null;
        }

        // The last character before the padding has bits that stand for nothing.
        if (padding > 0 && !text.AsSpan(text.Length - 4).SequenceEqual(Write(bytes.AsSpan(bytes.Length - 3 + padding))))
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

    /// <summary>The text of some bytes. Plain loops, since the runtime's vectorized ones are compiled at each start.</summary>
    public static string Write(ReadOnlySpan<byte> bytes)
    {
        var length = LengthOf(bytes.Length);
        Span<byte> text = length <= StackBytesMax ? stackalloc byte[length] : new byte[length];
        Write(bytes, text);
        return Encoding.ASCII.GetString(text);
    }

    /// <summary>How long the text of some bytes is.</summary>
    internal static int LengthOf(int bytes) => (bytes + 2) / 3 * 4;

    /// <summary>Writes the text as ASCII; <paramref name="text"/> is exactly as long as that.</summary>
    internal static void Write(ReadOnlySpan<byte> bytes, Span<byte> text)
    {
        var (at, i) = (0, 0);
        for (; i + 3 <= bytes.Length; i += 3, at += 4)
        {
            // A receipt is half a million of these letters: one check of bounds for four.
            var three = bytes.Slice(i, 3);
            var four = text.Slice(at, 4);
            var group = (three[0] << 16) | (three[1] << 8) | three[2];
            four[3] = Letter(group);
            four[2] = Letter(group >> 6);
            four[1] = Letter(group >> 12);
            four[0] = Letter(group >> 18);
        }

        if (i < bytes.Length)
        {
            var hasTwo = i + 2 == bytes.Length;
            var group = (bytes[i] << 16) | (hasTwo ? bytes[i + 1] << 8 : 0);
            text[at++] = Letter(group >> 18);
            text[at++] = Letter(group >> 12);
            text[at++] = hasTwo ? Letter(group >> 6) : (byte)'=';
            text[at] = (byte)'=';
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Letter(int value) => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8[value & 0x3F];
}
