using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Syntax;

/// <summary>Unescapes and folds a quoted scalar and remembers where each character comes from.</summary>
internal sealed class QuotedText(SourceText source, DiagnosticBag diagnostics)
{
    private readonly StringBuilder _text = new();

    /// <summary>Reads the scalar whose opening quote stands at <paramref name="start"/>; a scanner has already made sure that it ends.</summary>
    /// <returns>The text, its origins, and the index after the closing quote.</returns>
    public (string Text, ImmutableArray<TextOrigin> Origins, int End) Read(int start)
    {
        var input = source.Text;
        var quote = input[start];
        var map = new TextMap(source);
        var i = start + 1;

        // Nearly all quoted scalars stand on one line and escape nothing.
        var plain = input.AsSpan(i).IndexOfAny(quote == '"' ? "\"\\\r\n" : "'\r\n");
        map.Add(0, i);
        if (plain >= 0 && input[i + plain] == quote && (quote == '"' || !IsAt(i + plain + 1, '\'')))
        {
            return (input.Substring(i, plain), map.ToRuns(), i + plain + 1);
        }

        _text.Clear();
        while (i < input.Length)
        {
            var c = input[i];
            map.Add(_text.Length, i);
            if (c == quote)
            {
                if (quote == '"' || !IsAt(i + 1, '\''))
                {
                    break;
                }

                _text.Append(c);
                i += 2;
            }
            else if (c == '\\' && quote == '"')
            {
                i = Escape(i, map);
            }
            else if (c is ' ' or '\t' or '\r' or '\n')
            {
                i = Blanks(i);
            }
            else
            {
                _text.Append(c);
                i++;
            }
        }

        return (_text.ToString(), map.ToRuns(), Math.Min(i + 1, input.Length));
    }

    private bool IsAt(int index, char c) => index < source.Text.Length && source.Text[index] == c;

    /// <summary>White space stays; around line breaks it goes, and n of them become n - 1, or a space where there is one.</summary>
    private int Blanks(int start)
    {
        var end = SkipBlanks(start, out var breaks);
        if (breaks == 0)
        {
            _text.Append(source.Text, start, end - start);
        }
        else if (breaks == 1)
        {
            _text.Append(' ');
        }
        else
        {
            _text.Append('\n', breaks - 1);
        }

        return end;
    }

    private int SkipBlanks(int i, out int breaks)
    {
        var input = source.Text;
        breaks = 0;
        for (; i < input.Length && input[i] is ' ' or '\t' or '\r' or '\n'; i++)
        {
            if (input[i] == '\n' || (input[i] == '\r' && !IsAt(i + 1, '\n')))
            {
                breaks++;
            }
        }

        return i;
    }

    private int Escape(int start, TextMap map)
    {
        var input = source.Text;
        var c = start + 1 < input.Length ? input[start + 1] : '\\';
        switch (c)
        {
            case '\r' or '\n':
                // An escaped line break joins lines without a space; empty lines after it still count.
                var end = SkipBlanks(start + 1, out var breaks);
                _text.Append('\n', breaks - 1);
                return end;
            case 'x':
                return CodePoint(start, 2, map);
            case 'u':
                return CodePoint(start, 4, map);
            case 'U':
                return CodePoint(start, 8, map);
            default:
                _text.Append(c switch
                {
                    '0' => '\0',
                    'a' => '\a',
                    'b' => '\b',
                    't' => '\t',
                    'n' => '\n',
                    'v' => '\v',
                    'f' => '\f',
                    'r' => '\r',
                    'e' => '\e',
                    'N' => '\u0085',
                    '_' => '\u00A0',
                    'L' => '\u2028',
                    'P' => '\u2029',
                    _ => c,
                });
                return start + 2;
        }
    }

    private int CodePoint(int start, int digits, TextMap map)
    {
        var end = start + 2 + digits;
        var value = Hex(start + 2, digits);
        if (value is >= 0xD800 and <= 0xDBFF && IsAt(end, '\\') && IsAt(end + 1, 'u') && Hex(end + 2, 4) is >= 0xDC00 and <= 0xDFFF and var low)
        {
            _text.Append((char)value);
            map.Add(_text.Length, end);
            _text.Append((char)low);
            return end + 6;
        }

        if (Rune.IsValid(value))
        {
            _text.Append(new Rune(value).ToString());
        }
        else
        {
            var written = source.Text[start..Math.Min(end, source.Text.Length)];
            var why = value is >= 0xD800 and <= 0xDFFF ? "is half of a surrogate pair" : "is not a Unicode character";
            diagnostics.Error(DiagnosticCodes.BadEscape, $"`{written}` {why}", source.SpanAt(start, end), "Write the character itself, or `\\U` and eight digits");
            _text.Append('\uFFFD');
        }

        return end;
    }

    private int Hex(int start, int digits) =>
        start + digits <= source.Text.Length && int.TryParse(source.Text.AsSpan(start, digits), NumberStyles.AllowHexSpecifier, null, out var value) ? value : -1;
}
