using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Cairn.Core.Content;

/// <summary>Bytes as lower-case hex. The runtime's own is vectorized, and therefore compiled at each start: a millisecond for the first digest. What is read here is read eight characters at a time.</summary>
public static class Hex
{
    private const int Word = sizeof(ulong);
    private const ulong Ones = 0x0101_0101_0101_0101;

    /// <summary>The text of some bytes.</summary>
    public static string Lower(ReadOnlySpan<byte> bytes)
    {
        Span<char> text = bytes.Length <= 64 ? stackalloc char[bytes.Length * 2] : new char[bytes.Length * 2];
        Write(bytes, text);
        return new string(text);
    }

    /// <summary>Writes two characters for each byte.</summary>
    public static void Write(ReadOnlySpan<byte> bytes, Span<char> destination)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            destination[(2 * i) + 1] = Digit(bytes[i] & 0xF);
            destination[2 * i] = Digit(bytes[i] >> 4);
        }
    }

    /// <summary>The same as ASCII.</summary>
    public static void Write(ReadOnlySpan<byte> bytes, Span<byte> destination)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            destination[(2 * i) + 1] = (byte)Digit(bytes[i] & 0xF);
            destination[2 * i] = (byte)Digit(bytes[i] >> 4);
        }
    }

    /// <summary>Whether ASCII is lower-case hex throughout.</summary>
    public static bool IsLower(ReadOnlySpan<byte> text)
    {
        for (; text.Length >= Word; text = text[Word..])
        {
            if (!IsLower(BinaryPrimitives.ReadUInt64LittleEndian(text)))
            {
                return false;
            }
        }

        Span<byte> rest = stackalloc byte[Word];
        rest.Fill((byte)'0');
        text.CopyTo(rest);
        return IsLower(BinaryPrimitives.ReadUInt64LittleEndian(rest));
    }

    /// <summary>Whether text is lower-case hex throughout.</summary>
    public static bool IsLower(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiHexDigitLower(c))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads what <see cref="IsLower(ReadOnlySpan{byte})"/> holds of, a multiple of eight characters, into half as many bytes.</summary>
    public static void Read(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        for (; text.Length >= Word; text = text[Word..])
        {
            // Each pair of digits becomes a byte, then the four bytes are brought together.
            var digits = Digits(BinaryPrimitives.ReadUInt64LittleEndian(text));
            var pairs = ((digits << 4) | (digits >> 8)) & 0x00FF_00FF_00FF_00FF;
            pairs = (pairs | (pairs >> 8)) & 0x0000_FFFF_0000_FFFF;
            BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)(pairs | (pairs >> 16)));
            destination = destination[(Word / 2)..];
        }
    }

    /// <summary>The values of eight digits; of other characters something from 0 to 24.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Digits(ulong ascii) => (ascii & (0x0F * Ones)) + (((ascii >> 6) & Ones) * 9);

    /// <summary>Whether eight characters are what their values are written as.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsLower(ulong ascii)
    {
        var digits = Digits(ascii);
        var letters = ((digits + (6 * Ones)) >> 4) & Ones;
        return (digits & (0xF0 * Ones)) == 0 && digits + ('0' * Ones) + (letters * ('a' - 10 - '0')) == ascii;
    }

    private static char Digit(int value) => (char)(value < 10 ? '0' + value : 'a' - 10 + value);
}
