namespace Cairn.Cli.Terminal;

/// <summary>Columns side by side. The last is as wide as it likes, so that nothing is lost in a pipe.</summary>
internal sealed class Table(params string[] headings)
{
    private readonly List<(string Text, Ink Ink)[]> _rows = [];

    public void Add(params (string Text, Ink Ink)[] cells)
    {
        for (var i = 0; i < cells.Length; i++)
        {
            cells[i].Text = AnsiText.Clean(cells[i].Text);
        }

        _rows.Add(cells);
    }

    public void AppendTo(ByteText text, Style style, int indent)
    {
        var widths = new int[headings.Length];
        for (var column = 0; column < headings.Length; column++)
        {
            var widest = 0;
            foreach (var row in _rows)
            {
                widest = Math.Max(widest, TextWidth.Of(row[column].Text));
            }

            // A column without content has no heading either.
            widths[column] = widest == 0 ? 0 : Math.Max(widest, headings[column].Length);
        }

        AppendRow(text, style, [.. headings.Select(heading => (heading, Ink.Dim))], widths, indent);
        foreach (var row in _rows)
        {
            AppendRow(text, style, row, widths, indent);
        }
    }

    private static void AppendRow(ByteText text, Style style, ReadOnlySpan<(string Text, Ink Ink)> cells, int[] widths, int indent)
    {
        text.Spaces(indent);
        var owed = 0;
        for (var i = 0; i < cells.Length; i++)
        {
            if (widths[i] == 0)
            {
                continue;
            }

            if (cells[i].Text.Length > 0)
            {
                text.Spaces(owed);
                style.Write(text, cells[i].Ink, cells[i].Text);
                owed = 0;
            }

            owed += widths[i] - TextWidth.Of(cells[i].Text) + 2;
        }

        text.Line();
    }
}
