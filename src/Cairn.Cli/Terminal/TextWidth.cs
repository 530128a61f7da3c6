using System.Globalization;
using System.Text;

namespace Cairn.Cli.Terminal;

/// <summary>How many columns text takes. Where terminals differ it counts the larger number: a line may look short, but never wraps.</summary>
internal static class TextWidth
{
    // First and last code points of wide ranges (East Asian Wide and Fullwidth, and what is shown as emoji by default), ascending.
    private static ReadOnlySpan<int> WideRanges =>
    [
        0x1100, 0x115F, 0x231A, 0x231B, 0x2329, 0x232A, 0x23E9, 0x23EC, 0x23F0, 0x23F0, 0x23F3, 0x23F3, 0x25FD, 0x25FE, 0x2614, 0x2615,
        0x2630, 0x2637, 0x2648, 0x2653, 0x267F, 0x267F, 0x268A, 0x268F, 0x2693, 0x2693, 0x26A1, 0x26A1, 0x26AA, 0x26AB, 0x26BD, 0x26BE,
        0x26C4, 0x26C5, 0x26CE, 0x26CE, 0x26D4, 0x26D4, 0x26EA, 0x26EA, 0x26F2, 0x26F3, 0x26F5, 0x26F5, 0x26FA, 0x26FA, 0x26FD, 0x26FD,
        0x2705, 0x2705, 0x270A, 0x270B, 0x2728, 0x2728, 0x274C, 0x274C, 0x274E, 0x274E, 0x2753, 0x2755, 0x2757, 0x2757, 0x2795, 0x2797,
        0x27B0, 0x27B0, 0x27BF, 0x27BF, 0x2B1B, 0x2B1C, 0x2B50, 0x2B50, 0x2B55, 0x2B55, 0x2E80, 0x303E, 0x3041, 0x33FF, 0x3400, 0x4DBF,
        0x4DC0, 0x4DFF, 0x4E00, 0x9FFF, 0xA000, 0xA4CF, 0xA960, 0xA97F, 0xAC00, 0xD7A3, 0xF900, 0xFAFF, 0xFE10, 0xFE19, 0xFE30, 0xFE6F,
        0xFF01, 0xFF60, 0xFFE0, 0xFFE6, 0x16FE0, 0x16FF6, 0x17000, 0x18DFF, 0x1AFF0, 0x1B2FF, 0x1D300, 0x1D376, 0x1F004, 0x1F004,
        0x1F0CF, 0x1F0CF, 0x1F18E, 0x1F18E, 0x1F191, 0x1F19A, 0x1F1E6, 0x1F202, 0x1F210, 0x1F23B, 0x1F240, 0x1F248, 0x1F250, 0x1F251,
        0x1F260, 0x1F265, 0x1F300, 0x1F64F, 0x1F680, 0x1F6FF, 0x1F7E0, 0x1F7F0, 0x1F900, 0x1FAFF, 0x20000, 0x3FFFD,
    ];

    /// <summary>The columns of one character.</summary>
    public static int Of(Rune rune)
    {
        var value = rune.Value;
        if (value < 0x7F)
        {
            return value < 0x20 ? 0 : 1;
        }

        if (value < 0x300)
        {
            return value is < 0xA0 or 0xAD ? 0 : 1;
        }

        // The emoji selector makes the narrow character before it wide in some terminals.
        if (value == 0xFE0F)
        {
            return 1;
        }

        if (IsWide(value))
        {
            return 2;
        }

        return Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator ? 0 : 1;
    }

    /// <summary>The columns of a text without control characters.</summary>
    public static int Of(ReadOnlySpan<char> text)
    {
        var width = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            width += Of(rune);
        }

        return width;
    }

    /// <summary>Appends as much of a clean text as fits, with an ellipsis where it does not, and says how many columns that takes.</summary>
    /// <param name="destination">Takes the text.</param>
    /// <param name="text">Without control characters.</param>
    /// <param name="columns">What there is.</param>
    /// <param name="unicode">Whether characters beyond ASCII can be shown; otherwise <c>?</c> stands for them.</param>
    public static int AppendCropped(ByteText destination, ReadOnlySpan<char> text, int columns, bool unicode)
    {
        if (columns <= 0)
        {
            return 0;
        }

        var dots = unicode ? 1 : Math.Min(3, columns);
        Span<byte> bytes = stackalloc byte[4];
        var width = 0;
        var fitting = 0;
        var fittingLength = destination.Length;
        foreach (var rune in text.EnumerateRunes())
        {
            var shown = unicode || rune.IsAscii ? rune : new Rune('?');
            var next = unicode || rune.IsAscii ? Of(rune) : Math.Min(1, Of(rune));
            if (!unicode && next == 0)
            {
                continue;
            }

            if (width + next > columns)
            {
                destination.Truncate(fittingLength);
                destination.Append(unicode ? "…" : "...".AsSpan(0, dots));
                return fitting + dots;
            }

            destination.Append(bytes[..shown.EncodeToUtf8(bytes)]);
            width += next;
            if (width <= columns - dots)
            {
                fitting = width;
                fittingLength = destination.Length;
            }
        }

        return width;
    }

    private static bool IsWide(int value)
    {
        var ranges = WideRanges;
        var low = 0;
        var high = (ranges.Length / 2) - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (value < ranges[middle * 2])
            {
                high = middle - 1;
            }
            else if (value > ranges[(middle * 2) + 1])
            {
                low = middle + 1;
            }
            else
            {
                return true;
            }
        }

        return false;
    }
}
