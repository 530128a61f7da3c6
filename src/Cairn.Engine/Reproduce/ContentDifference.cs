using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Cairn.Engine.Reproduce;

/// <summary>Shows where two contents differ: of texts the lines, of anything else the bytes around the first difference.</summary>
public static class ContentDifference
{
    /// <summary>Bytes of each content that are looked at.</summary>
    public const int BytesMax = 16 << 20;

    private const int LinesMax = 20;
    private const int LineCharsMax = 200;
    private const int BytesPerRow = 16;
    private const int RowsAround = 1;

    // Beyond this the search for common lines is cut short, and what is left counts as changed.
    private const int SearchLinesMax = 2_000;

    /// <summary>Lines that begin with <c>-</c> for the first content, <c>+</c> for the second; or <c>@</c> and an offset, and rows of hexadecimal digits.</summary>
    public static ImmutableArray<string> Show(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) =>
        first.SequenceEqual(second) ? []
        : IsText(first) && IsText(second) ? Lines(first, second)
        : Rows(first, second);

    private static bool IsText(ReadOnlySpan<byte> content) => !content.Contains((byte)0) && System.Text.Unicode.Utf8.IsValid(content);

    private static ImmutableArray<string> Lines(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var a = Encoding.UTF8.GetString(first).Split('\n');
        var b = Encoding.UTF8.GetString(second).Split('\n');
        var start = 0;
        while (start < a.Length && start < b.Length && string.Equals(a[start], b[start], StringComparison.Ordinal))
        {
            start++;
        }

        var (endA, endB) = (a.Length, b.Length);
        while (endA > start && endB > start && string.Equals(a[endA - 1], b[endB - 1], StringComparison.Ordinal))
        {
            endA--;
            endB--;
        }

        var shown = ImmutableArray.CreateBuilder<string>();
        shown.Add(string.Create(CultureInfo.InvariantCulture, $"@ line {start + 1}"));
        var all = Edits(a.AsSpan(start, Math.Min(endA - start, SearchLinesMax)), b.AsSpan(start, Math.Min(endB - start, SearchLinesMax)));
        foreach (var line in all)
        {
            if (shown.Count > LinesMax)
            {
                shown.Add("…");
                break;
            }

            shown.Add(line.Length > LineCharsMax ? line[..LineCharsMax] + "…" : line);
        }

        return shown.ToImmutable();
    }

    /// <summary>The lines of both with the longest common subsequence left out but for its place.</summary>
    private static List<string> Edits(ReadOnlySpan<string> a, ReadOnlySpan<string> b)
    {
        var lengths = new ushort[a.Length + 1, b.Length + 1];
        for (var i = a.Length - 1; i >= 0; i--)
        {
            for (var j = b.Length - 1; j >= 0; j--)
            {
                lengths[i, j] = string.Equals(a[i], b[j], StringComparison.Ordinal) ? (ushort)(lengths[i + 1, j + 1] + 1) : ushort.Max(lengths[i + 1, j], lengths[i, j + 1]);
            }
        }

        var edits = new List<string>();
        for (int i = 0, j = 0; i < a.Length || j < b.Length;)
        {
            if (i < a.Length && j < b.Length && string.Equals(a[i], b[j], StringComparison.Ordinal))
            {
                i++;
                j++;
            }
            else if (i < a.Length && (j == b.Length || lengths[i + 1, j] >= lengths[i, j + 1]))
            {
                edits.Add("-" + a[i++]);
            }
            else
            {
                edits.Add("+" + b[j++]);
            }
        }

        return edits;
    }

    private static ImmutableArray<string> Rows(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var at = first.CommonPrefixLength(second);
        var shown = ImmutableArray.CreateBuilder<string>();
        shown.Add(string.Create(CultureInfo.InvariantCulture, $"@ byte {at}, of {first.Length} and {second.Length}"));
        var from = Math.Max(0, (at / BytesPerRow) - RowsAround) * BytesPerRow;
        var rows = (2 * RowsAround) + 1;
        AddRows(shown, '-', first, from, rows);
        AddRows(shown, '+', second, from, rows);
        return shown.ToImmutable();
    }

    private static void AddRows(ImmutableArray<string>.Builder shown, char sign, ReadOnlySpan<byte> content, int from, int rows)
    {
        for (var row = 0; row < rows && from + (row * BytesPerRow) < content.Length; row++)
        {
            var start = from + (row * BytesPerRow);
            var bytes = content[start..Math.Min(content.Length, start + BytesPerRow)];
            var text = new StringBuilder().Append(sign).Append(start.ToString("x8", CultureInfo.InvariantCulture)).Append(' ');
            for (var i = 0; i < BytesPerRow; i++)
            {
                text.Append(' ').Append(i < bytes.Length ? bytes[i].ToString("x2", CultureInfo.InvariantCulture) : "  ");
            }

            text.Append("  ");
            foreach (var value in bytes)
            {
                text.Append(value is >= 0x20 and < 0x7f ? (char)value : '.');
            }

            shown.Add(text.ToString());
        }
    }
}
