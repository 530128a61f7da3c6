namespace Cairn.Core.Content;

/// <summary>Bytes as lower-case hex. The runtime's own is vectorized, and therefore compiled at each start: a millisecond for the first digest.</summary>
public static class Hex
{
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

    private static char Digit(int value) => (char)(value < 10 ? '0' + value : 'a' - 10 + value);
}
