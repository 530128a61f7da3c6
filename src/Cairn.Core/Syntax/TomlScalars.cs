using System.Globalization;
using System.Text;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Syntax;

/// <summary>The scalars of TOML: four kinds of texts, and numbers, booleans, dates and times.</summary>
internal sealed class TomlScalars(SourceText source)
{
    private readonly string _text = source.Text;

    /// <summary>A text of any kind, from its first quote; with the index after its last.</summary>
    public (string Text, int End) Any(int start)
    {
        var quote = _text[start];
        return _text.AsSpan(start).StartsWith([quote, quote, quote]) ? Block(start, quote) : Line(start);
    }

    /// <summary>A text on one line, which keys are too.</summary>
    public (string Text, int End) Line(int start)
    {
        var quote = _text[start];
        var text = new StringBuilder();
        for (var at = start + 1; at < _text.Length && _text[at] is not ('\r' or '\n');)
        {
            if (_text[at] == quote)
            {
                return (text.ToString(), at + 1);
            }

            if (_text[at] == '\\' && quote == '"')
            {
                at = Escape(at, text);
            }
            else
            {
                text.Append(_text[at++]);
            }
        }

        throw Unclosed(start, 1);
    }

    private (string Text, int End) Block(int start, char quote)
    {
        var text = new StringBuilder();
        var at = start + 3;

        // A line break right after the quotes is no part of the text.
        at += _text.AsSpan(at).StartsWith("\r\n", StringComparison.Ordinal) ? 2 : _text.AsSpan(at).StartsWith("\n", StringComparison.Ordinal) ? 1 : 0;
        while (at < _text.Length)
        {
            if (_text[at] == quote && _text.AsSpan(at).StartsWith([quote, quote, quote]))
            {
                // Up to two quotes may stand before the closing three.
                var quotes = 3;
                while (quotes < 5 && at + quotes < _text.Length && _text[at + quotes] == quote)
                {
                    quotes++;
                }

                text.Append(quote, quotes - 3);
                return (text.ToString(), at + quotes);
            }

            if (_text[at] != '\\' || quote == '\'')
            {
                text.Append(_text[at++]);
            }
            else if (BreakAfter(at + 1) is { } next)
            {
                at = next;
            }
            else
            {
                at = Escape(at, text);
            }
        }

        throw Unclosed(start, 3);
    }

    /// <summary>Where the text goes on after a backslash at the end of a line; null where it stands elsewhere.</summary>
    private int? BreakAfter(int at)
    {
        while (at < _text.Length && _text[at] is ' ' or '\t')
        {
            at++;
        }

        if (at >= _text.Length || _text[at] is not ('\r' or '\n'))
        {
            return null;
        }

        while (at < _text.Length && _text[at] is ' ' or '\t' or '\r' or '\n')
        {
            at++;
        }

        return at;
    }

    private int Escape(int at, StringBuilder text)
    {
        var c = at + 1 < _text.Length ? _text[at + 1] : '\0';
        switch (c)
        {
            case 'b' or 't' or 'n' or 'f' or 'r' or '"' or '\\':
                text.Append(c switch { 'b' => '\b', 't' => '\t', 'n' => '\n', 'f' => '\f', 'r' => '\r', _ => c });
                return at + 2;
            case 'u' or 'U':
                var digits = c == 'u' ? 4 : 8;
                if (at + 2 + digits <= _text.Length
                    && uint.TryParse(_text.AsSpan(at + 2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && Rune.IsValid(value))
                {
                    text.Append(new Rune(value).ToString());
                    return at + 2 + digits;
                }

                break;
        }

        throw new TomlMistakeException(DiagnosticCodes.LockFileSyntax, "This escape is none of TOML", source.SpanAt(at, Math.Min(at + 2, _text.Length)));
    }

    private TomlMistakeException Unclosed(int start, int quotes) =>
        new(DiagnosticCodes.LockFileSyntax, $"The quote `{_text.Substring(start, quotes)}` is not closed", source.SpanAt(start, start + quotes));

    /// <summary>The type of a value without quotes, and where it ends; null where it is none.</summary>
    public ScalarType? Bare(int start, out int end)
    {
        end = EndOf(start);
        if (end < _text.Length && _text[end] == ' ' && IsLike(_text.AsSpan(start, end - start), "dddd-dd-dd") && end + 1 < _text.Length && char.IsAsciiDigit(_text[end + 1]))
        {
            // A space may stand for the T between a date and a time.
            end = EndOf(end + 1);
        }

        var text = _text.AsSpan(start, end - start);
        return text switch
        {
            "true" or "false" => ScalarType.Boolean,
            "" => null,
            _ when IsInteger(text) => ScalarType.Integer,
            _ when IsFloat(text) => ScalarType.Float,
            _ when IsTime(text) => ScalarType.String,
            _ => null,
        };
    }

    private int EndOf(int at)
    {
        while (at < _text.Length && (char.IsAsciiLetterOrDigit(_text[at]) || _text[at] is '+' or '-' or '.' or ':' or '_'))
        {
            at++;
        }

        return at;
    }

    private static bool IsInteger(ReadOnlySpan<char> text) => text switch
    {
        ['0', 'x', .. var digits] => IsRun(digits, char.IsAsciiHexDigit),
        ['0', 'o', .. var digits] => IsRun(digits, static c => c is >= '0' and <= '7'),
        ['0', 'b', .. var digits] => IsRun(digits, static c => c is '0' or '1'),
        ['+' or '-', .. var unsigned] => IsDecimal(unsigned),
        _ => IsDecimal(text),
    };

    private static bool IsDecimal(ReadOnlySpan<char> text) => IsRun(text, char.IsAsciiDigit) && (text.Length == 1 || text[0] != '0');

    /// <summary>Digits with single underscores between them.</summary>
    private static bool IsRun(ReadOnlySpan<char> text, Func<char, bool> isDigit)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var isUnderscore = text[i] == '_' && i > 0 && i + 1 < text.Length && text[i - 1] != '_';
            if (!isUnderscore && !isDigit(text[i]))
            {
                return false;
            }
        }

        return text.Length > 0;
    }

    private static bool IsFloat(ReadOnlySpan<char> text)
    {
        var rest = text[0] is '+' or '-' ? text[1..] : text;
        if (rest is "inf" or "nan")
        {
            return true;
        }

        var exponent = rest.IndexOfAny('e', 'E');
        if (exponent >= 0)
        {
            var power = rest[(exponent + 1)..];
            if (!IsRun(power is ['+' or '-', ..] ? power[1..] : power, char.IsAsciiDigit))
            {
                return false;
            }

            rest = rest[..exponent];
        }

        var point = rest.IndexOf('.');
        return point < 0 ? exponent >= 0 && IsDecimal(rest) : IsDecimal(rest[..point]) && IsRun(rest[(point + 1)..], char.IsAsciiDigit);
    }

    /// <summary>A date, a time, or both with or without an offset.</summary>
    private static bool IsTime(ReadOnlySpan<char> text)
    {
        if (text.Length >= 10 && IsLike(text[..10], "dddd-dd-dd"))
        {
            if (text.Length == 10)
            {
                return true;
            }

            if (text[10] is not ('T' or 't' or ' '))
            {
                return false;
            }

            text = text[11..];
            if (text is [.., 'Z' or 'z'])
            {
                text = text[..^1];
            }
            else if (text.Length > 6 && IsLike(text[^5..], "dd:dd") && text[^6] is '+' or '-')
            {
                text = text[..^6];
            }
        }

        return text.Length >= 8 && IsLike(text[..8], "dd:dd:dd") && (text.Length == 8 || (text[8] == '.' && text.Length > 9 && text[9..].IndexOfAnyExceptInRange('0', '9') < 0));
    }

    private static bool IsLike(ReadOnlySpan<char> text, ReadOnlySpan<char> shape)
    {
        if (text.Length != shape.Length)
        {
            return false;
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (shape[i] == 'd' ? !char.IsAsciiDigit(text[i]) : text[i] != shape[i])
            {
                return false;
            }
        }

        return true;
    }
}
