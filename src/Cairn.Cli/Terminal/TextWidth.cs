using System.Text;

using Cairn.Core.Diagnostics;

namespace Cairn.Cli.Terminal;

/// <summary>How many columns text takes. Where terminals differ it counts the larger number: a line may look short, but never wraps.</summary>
internal static class TextWidth
{
    /// <summary>The columns of one character that is no control character.</summary>
    public static int Of(Rune rune) => rune.IsAscii ? 1
        // The emoji selector makes the narrow character before it wide in some terminals.
        : rune.Value == 0xFE0F ? 1
        : DisplayText.WidthOf(rune);

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
}
