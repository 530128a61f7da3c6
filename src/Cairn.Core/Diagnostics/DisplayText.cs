using System.Globalization;
using System.Text;

namespace Cairn.Core.Diagnostics;

/// <summary>What a terminal shows of a text: tabs as spaces, characters that act on the terminal as escapes, wide characters as two columns.</summary>
public static class DisplayText
{
    private const int TabColumns = 4;

    // First and last code points of what terminals draw two columns wide.
    private static ReadOnlySpan<int> WideRanges =>
    [
        0x1100, 0x115F, 0x231A, 0x231B, 0x2329, 0x232A, 0x23E9, 0x23EC, 0x23F0, 0x23F0, 0x23F3, 0x23F3, 0x25FD, 0x25FE, 0x2614, 0x2615,
        0x2648, 0x2653, 0x267F, 0x267F, 0x2693, 0x2693, 0x26A1, 0x26A1, 0x26AA, 0x26AB, 0x26BD, 0x26BE, 0x26C4, 0x26C5, 0x26CE, 0x26CE,
        0x26D4, 0x26D4, 0x26EA, 0x26EA, 0x26F2, 0x26F3, 0x26F5, 0x26F5, 0x26FA, 0x26FA, 0x26FD, 0x26FD, 0x2705, 0x2705, 0x270A, 0x270B,
        0x2728, 0x2728, 0x274C, 0x274C, 0x274E, 0x274E, 0x2753, 0x2755, 0x2757, 0x2757, 0x2795, 0x2797, 0x27B0, 0x27B0, 0x27BF, 0x27BF,
        0x2B1B, 0x2B1C, 0x2B50, 0x2B50, 0x2B55, 0x2B55, 0x2E80, 0x303E, 0x3041, 0x33FF, 0x3400, 0x4DBF, 0x4E00, 0x9FFF, 0xA000, 0xA4CF,
        0xA960, 0xA97F, 0xAC00, 0xD7A3, 0xF900, 0xFAFF, 0xFE30, 0xFE6F, 0xFF01, 0xFF60, 0xFFE0, 0xFFE6, 0x16FE0, 0x16FFF, 0x17000, 0x18CFF,
        0x1AFF0, 0x1B2FF, 0x1F004, 0x1F004, 0x1F0CF, 0x1F0CF, 0x1F18E, 0x1F18E, 0x1F191, 0x1F19A, 0x1F200, 0x1F320, 0x1F32D, 0x1F335,
        0x1F337, 0x1F37C, 0x1F37E, 0x1F393, 0x1F3A0, 0x1F3CA, 0x1F3CF, 0x1F3D3, 0x1F3E0, 0x1F3F0, 0x1F3F4, 0x1F3F4, 0x1F3F8, 0x1F43E,
        0x1F440, 0x1F440, 0x1F442, 0x1F4FC, 0x1F4FF, 0x1F53D, 0x1F54B, 0x1F54E, 0x1F550, 0x1F567, 0x1F57A, 0x1F57A, 0x1F595, 0x1F596,
        0x1F5A4, 0x1F5A4, 0x1F5FB, 0x1F64F, 0x1F680, 0x1F6C5, 0x1F6CC, 0x1F6CC, 0x1F6D0, 0x1F6D2, 0x1F6D5, 0x1F6DF, 0x1F6EB, 0x1F6EC,
        0x1F6F4, 0x1F6FC, 0x1F7E0, 0x1F7F0, 0x1F90C, 0x1F93A, 0x1F93C, 0x1F945, 0x1F947, 0x1F9FF, 0x1FA70, 0x1FAFF, 0x20000, 0x3FFFD,
    ];

    /// <summary>Columns that a character takes: 0 for combining ones, 2 for wide ones.</summary>
    public static int WidthOf(Rune rune)
    {
        if (rune.Value < 0x300)
        {
            return 1;
        }

        if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark || rune.Value is 0x200D)
        {
            return 0;
        }

        var (low, high) = (0, (WideRanges.Length / 2) - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (rune.Value > WideRanges[(middle * 2) + 1])
            {
                low = middle + 1;
            }
            else if (rune.Value < WideRanges[middle * 2])
            {
                high = middle - 1;
            }
            else
            {
                return 2;
            }
        }

        return 1;
    }

    /// <summary>The text with everything that acts on a terminal escaped; it stays on one line.</summary>
    public static string Escape(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var builder = new StringBuilder(text.Length);
        var column = 0;
        for (var i = 0; i < text.Length;)
        {
            i += Append(builder, text.AsSpan(i), ref column);
        }

        return builder.ToString();
    }

    /// <summary>Appends what is shown of the first character of a text and moves the column.</summary>
    /// <returns>The UTF-16 units taken.</returns>
    internal static int Append(StringBuilder builder, ReadOnlySpan<char> text, ref int column)
    {
        if (text[0] == '\t')
        {
            var spaces = TabColumns - (column % TabColumns);
            builder.Append(' ', spaces);
            column += spaces;
            return 1;
        }

        var valid = Rune.DecodeFromUtf16(text, out var rune, out var length) == System.Buffers.OperationStatus.Done;
        if (valid && !ActsOnTerminal(rune))
        {
            builder.Append(text[..length]);
            column += WidthOf(rune);
            return length;
        }

        var code = valid ? rune.Value : text[0];
        var escape = code < 0x100 ? $"\\x{code:x2}" : code < 0x10000 ? $"\\u{code:x4}" : $"\\U{code:x8}";
        builder.Append(escape);
        column += escape.Length;
        return valid ? length : 1;
    }

    /// <summary>Controls, and the invisible characters that reorder or hide text (the joiner of emoji may stay).</summary>
    private static bool ActsOnTerminal(Rune rune) => rune.Value != 0x200D && Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
