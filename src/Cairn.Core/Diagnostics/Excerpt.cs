using System.Text;

namespace Cairn.Core.Diagnostics;

/// <summary>The part of a source line that fits a width, with the columns to underline.</summary>
internal static class Excerpt
{
    private const int WidthMin = 20;

    // A line may have megabytes; what stands far from the mistake is not even measured. Most units take a column.
    private const int UnitsPerColumn = 2;

    /// <summary>Crops a line around a range of its UTF-16 units.</summary>
    /// <returns>What to show, and in columns: where the underline begins and how long it is, at least 1.</returns>
    public static (string Text, int From, int Columns) Of(ReadOnlySpan<char> line, int start, int end, int width, bool unicode)
    {
        width = Math.Max(width, WidthMin);
        start = Math.Clamp(start, 0, line.Length);
        end = Math.Clamp(end, start, line.Length);
        var first = Math.Max(0, start - (width * UnitsPerColumn));
        var last = Math.Min(line.Length, start + (width * UnitsPerColumn));
        if (first > 0 && char.IsLowSurrogate(line[first]))
        {
            first++;
        }

        var cells = new List<(string Shown, int Column, int Width)>();
        var builder = new StringBuilder();
        var (column, from, to) = (0, -1, -1);
        for (var i = first; i < last;)
        {
            from = from < 0 && i >= start ? column : from;
            to = to < 0 && i >= end ? column : to;
            builder.Clear();
            var before = column;
            i += DisplayText.Append(builder, line[i..], ref column);
            cells.Add((builder.ToString(), before, column - before));

            // A place inside a character (half of a pair) is the character's.
            from = from < 0 && i > start ? before : from;
        }

        from = from < 0 ? column : from;
        to = Math.Max(to < 0 ? column : to, from + 1);
        return Crop(cells, column, from, to, width, unicode ? "…" : "...", first > 0, last < line.Length);
    }

    private static (string Text, int From, int Columns) Crop(
        List<(string Shown, int Column, int Width)> cells, int total, int from, int to, int width, string mark, bool more, bool moreAfter)
    {
        var left = 0;
        if (Math.Max(total, to) > width || more)
        {
            // Keep a third of the width before the mistake, and fill the width where the line ends.
            left = Math.Clamp(from - (width / 3), 0, Math.Max(0, Math.Max(total, to) - width + mark.Length));
        }

        var cutsLeft = left > 0 || more;
        var right = left + width - (cutsLeft ? mark.Length : 0);
        var cutsRight = total > right || moreAfter;
        right -= cutsRight ? mark.Length : 0;

        var text = new StringBuilder(cutsLeft ? mark : "");
        foreach (var (shown, column, columns) in cells)
        {
            if (column >= left && column + columns <= right)
            {
                text.Append(shown);
            }
        }

        var offset = (cutsLeft ? mark.Length : 0) - FirstShown(cells, left);
        var end = Math.Min(to, right);
        return (text.Append(cutsRight ? mark : "").ToString(), Math.Max(0, from + offset), Math.Max(1, end - from));
    }

    /// <summary>The column of the first cell that is shown: a wide one may straddle the cut.</summary>
    private static int FirstShown(List<(string Shown, int Column, int Width)> cells, int left)
    {
        foreach (var (_, column, _) in cells)
        {
            if (column >= left)
            {
                return column;
            }
        }

        return left;
    }
}
