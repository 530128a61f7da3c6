using System.Globalization;
using System.Text;

using Cairn.Cli.Terminal;

namespace Cairn.Tests.Terminal;

/// <summary>A small terminal: what views write is shown on it, so that tests compare what a person would see. It refuses sequences that views have no business to write.</summary>
internal sealed class Screen(int columns, int rows)
{
    private readonly List<StringBuilder> _lines = [new()];
    private int _row;
    private int _column;

    public int Columns { get; private set; } = columns;

    public int Rows { get; } = rows;

    public bool CursorHidden { get; private set; }

    /// <summary>Rows that were begun because a line did not fit.</summary>
    public int Wraps { get; private set; }

    /// <summary>All lines, also those that have scrolled away.</summary>
    public string Text => string.Join('\n', _lines.Select(line => line.ToString().TrimEnd())).TrimEnd('\n');

    public void Write(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        for (var i = 0; i < text.Length;)
        {
            switch (text[i])
            {
                case '\r':
                    _column = 0;
                    i++;
                    break;
                case '\n':
                    NewLine();
                    _column = 0;
                    i++;
                    break;
                case '\e':
                    i = Escape(text, i);
                    break;
                default:
                    var rune = Rune.GetRuneAt(text, i);
                    Assert.False(Rune.IsControl(rune), $"A control character U+{rune.Value:X4} reached the terminal");
                    Put(rune);
                    i += rune.Utf16SequenceLength;
                    break;
            }
        }
    }

    /// <summary>Makes the terminal narrower as most do: lines that no longer fit are broken into several rows.</summary>
    public void Resize(int columns)
    {
        var broken = new List<StringBuilder>();
        for (var i = 0; i < _lines.Count; i++)
        {
            if (i == _row)
            {
                _row = broken.Count;
            }

            var line = _lines[i].ToString().TrimEnd();
            do
            {
                broken.Add(new StringBuilder(line[..Math.Min(columns, line.Length)]));
                line = line[Math.Min(columns, line.Length)..];
            }
            while (line.Length > 0);
        }

        _lines.Clear();
        _lines.AddRange(broken);
        Columns = columns;
    }

    private int Escape(string text, int start)
    {
        Assert.Equal('[', text[start + 1]);
        var end = start + 2;
        while (!char.IsAsciiLetter(text[end]))
        {
            end++;
        }

        var parameters = text[(start + 2)..end];
        switch (text[end])
        {
            case 'm':
                break;
            case 'A':
                var up = int.Parse(parameters, CultureInfo.InvariantCulture);
                Assert.True(_row - up >= 0, "The cursor left the screen");
                Assert.True(_lines.Count - (_row - up) <= Rows, "The cursor cannot go back to what has scrolled away");
                _row -= up;
                break;
            case 'K':
                _lines[_row].Length = Math.Min(_lines[_row].Length, _column);
                break;
            case 'J':
                _lines[_row].Length = Math.Min(_lines[_row].Length, _column);
                _lines.RemoveRange(_row + 1, _lines.Count - _row - 1);
                break;
            case 'h' or 'l' when parameters is "?25":
                CursorHidden = text[end] == 'l';
                break;
            case 'h' or 'l' when parameters is "?2026":
                break;
            default:
                Assert.Fail($"An unknown sequence ESC{text[(start + 1)..(end + 1)]}");
                break;
        }

        return end + 1;
    }

    private void Put(Rune rune)
    {
        var width = TextWidth.Of(rune);
        if (_column + width > Columns)
        {
            Wraps++;
            NewLine();
            _column = 0;
        }

        var line = _lines[_row];
        line.Append(' ', Math.Max(0, _column - line.Length));
        // Cells are UTF-16 units here, which is exact for the texts that tests paint over.
        line.Remove(_column, Math.Min(rune.Utf16SequenceLength, line.Length - _column)).Insert(_column, rune.ToString());
        _column += width;
    }

    private void NewLine()
    {
        _row++;
        if (_row == _lines.Count)
        {
            _lines.Add(new StringBuilder());
        }
    }
}
