using Cairn.Core.Diagnostics;

namespace Cairn.Core.Syntax;

/// <summary>The text of one source file. Lines end at CR, LF or CR LF and nowhere else.</summary>
/// <param name="name">The path as it is shown, relative to the project.</param>
/// <param name="text">The decoded text.</param>
public sealed class SourceText(string name, string text)
{
    private int[]? _lineStarts;

    /// <summary>The line that was asked for last, from 0: mostly the next question is about the same.</summary>
    private int _lastLine;

    /// <summary>The path as it is shown, relative to the project.</summary>
    public string Name { get; } = name;

    /// <summary>The decoded text.</summary>
    public string Text { get; } = text;

    /// <summary>The number of lines; an end of line at the end of the text begins one more.</summary>
    public int LineCount => LineStarts.Length;

    private int[] LineStarts => _lineStarts ??= FindLineStarts(Text);

    /// <summary>A line by its number from 1, without its end; empty past the end.</summary>
    public string Line(int number) => LineSpan(number).ToString();

    /// <summary>The same as <see cref="Line"/>, without a copy.</summary>
    public ReadOnlySpan<char> LineSpan(int number) =>
        number < 1 || number > LineCount ? [] : Text.AsSpan(LineStart(number), LineEnd(number) - LineStart(number));

    /// <summary>The line and column, both from 1, of an index into <see cref="Text"/>.</summary>
    public (int Line, int Column) PositionAt(int index)
    {
        var starts = LineStarts;
        var line = _lastLine;
        if (index < starts[line] || (line + 1 < starts.Length && index >= starts[line + 1]))
        {
            _lastLine = line = LineOf(index, starts);
        }

        return (line + 1, index - starts[line] + 1);
    }

    /// <summary>The span between two indices into <see cref="Text"/>.</summary>
    public SourceSpan SpanAt(int start, int end)
    {
        var (line, column) = PositionAt(start);
        var (endLine, endColumn) = PositionAt(Math.Max(start, end));
        return new SourceSpan(Name, line, column, endLine, endColumn);
    }

    /// <summary>The index at which a line begins.</summary>
    internal int LineStart(int number) => LineStarts[number - 1];

    /// <summary>The index at which a line ends, before its CR or LF.</summary>
    internal int LineEnd(int number)
    {
        if (number == LineCount)
        {
            return Text.Length;
        }

        var end = LineStarts[number] - 1;
        return Text[end] == '\n' && end > LineStarts[number - 1] && Text[end - 1] == '\r' ? end - 1 : end;
    }

    // Array.BinarySearch would be compiled at each start.
    private static int LineOf(int index, int[] starts)
    {
        var low = 0;
        var high = starts.Length - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (starts[middle] <= index)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    private static int[] FindLineStarts(string text)
    {
        var starts = new List<int>(1 + (text.Length / 32)) { 0 };
        for (var i = 0; i < text.Length;)
        {
            var next = text.AsSpan(i).IndexOfAny('\n', '\r');
            if (next < 0)
            {
                break;
            }

            i += next + 1;
            if (text[i - 1] == '\r' && i < text.Length && text[i] == '\n')
            {
                i++;
            }

            starts.Add(i);
        }

        return [.. starts];
    }
}
