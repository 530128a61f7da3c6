using System.Globalization;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Core.Expressions;

/// <summary>Cuts an expression into tokens. A mistake is added once and yields <see cref="TokenKind.Mistake"/>.</summary>
internal sealed class Lexer(ScalarNode node, int start, DiagnosticBag diagnostics)
{
    private readonly string _text = node.Text;
    private readonly int _end = Math.Min(node.Text.Length, start + Limits.ExpressionCharsMax);

    /// <summary>The offset behind the last token.</summary>
    public int Position { get; private set; } = start;

    /// <summary>The next token.</summary>
    public Token Next()
    {
        SkipSpace();
        var at = Position;
        if (at >= _end)
        {
            return _end < _text.Length
                ? Mistake(at, 0, DiagnosticCodes.ExpressionTooLarge, $"The expression is longer than {Limits.ExpressionCharsMax} characters", "Move the work into a script")
                : new Token(TokenKind.End, at, 0);
        }

        var c = _text[at];
        if (char.IsAsciiDigit(c))
        {
            return Number(at);
        }

        if (char.IsAsciiLetter(c) || c == '_')
        {
            return Name(at, hyphens: false);
        }

        return c switch
        {
            '\'' => SingleQuoted(at),
            '"' => DoubleQuoted(at),
            '.' => Take(TokenKind.Dot, 1),
            ',' => Take(TokenKind.Comma, 1),
            '(' => Take(TokenKind.OpenParenthesis, 1),
            ')' => Take(TokenKind.CloseParenthesis, 1),
            '[' => Take(TokenKind.OpenBracket, 1),
            ']' => Take(TokenKind.CloseBracket, 1),
            '?' => Take(TokenKind.Question, 1),
            ':' => Take(TokenKind.Colon, 1),
            '+' => Take(TokenKind.Plus, 1),
            '-' => Take(TokenKind.Minus, 1),
            '*' => Take(TokenKind.Star, 1),
            '/' => Take(TokenKind.Slash, 1),
            '%' => Take(TokenKind.Percent, 1),
            '<' => Follows('=') ? Take(TokenKind.LessOrEqual, 2) : Take(TokenKind.Less, 1),
            '>' => Follows('=') ? Take(TokenKind.GreaterOrEqual, 2) : Take(TokenKind.Greater, 1),
            '!' => Follows('=') ? Take(TokenKind.NotEqual, 2) : Take(TokenKind.Not, 1),
            '=' when Follows('=') => Take(TokenKind.Equal, 2),
            '&' when Follows('&') => Take(TokenKind.And, 2),
            '|' when Follows('|') => Take(TokenKind.Or, 2),
            '}' when Follows('}') => Take(TokenKind.Close, 2),
            '=' => Mistake(at, 1, DiagnosticCodes.ExpressionSyntax, "A single `=` is no operator", "Compare with `==`"),
            '&' => Mistake(at, 1, DiagnosticCodes.ExpressionSyntax, "A single `&` is no operator", "Write `&&` for and"),
            '|' => Mistake(at, 1, DiagnosticCodes.ExpressionSyntax, "A single `|` is no operator", "Write `||` for or"),
            '$' when Follows('{') => Mistake(at, Math.Min(3, _end - at), DiagnosticCodes.ExpressionSyntax, "`${{` stands inside an expression", "Write one `${{ }}` around the whole expression, or none"),
            '{' or '}' => Mistake(at, 1, DiagnosticCodes.ExpressionSyntax, $"Unexpected `{c}` in an expression", "There are no map literals; use fromJson('{ … }')"),
            _ => Mistake(at, CharLength(at), DiagnosticCodes.ExpressionSyntax, $"Unexpected `{Shown(at)}` in an expression", "Put texts into single quotes"),
        };
    }

    /// <summary>The name behind a dot, in which hyphens and a leading digit are allowed; <see cref="TokenKind.End"/> where there is none.</summary>
    public Token NextMember()
    {
        SkipSpace();
        var at = Position;
        return at < _end && (char.IsAsciiLetterOrDigit(_text[at]) || _text[at] == '_') ? Name(at, hyphens: true) : new Token(TokenKind.End, at, 0);
    }

    /// <summary>Adds a mistake about a part of the text.</summary>
    public Token Mistake(int at, int length, string code, string message, string? suggestion)
    {
        diagnostics.Error(code, message, node.SpanOf(at, length), suggestion);
        return new Token(TokenKind.Mistake, at, length);
    }

    private void SkipSpace()
    {
        while (Position < _end && char.IsWhiteSpace(_text[Position]))
        {
            Position++;
        }
    }

    private bool Follows(char c) => Position + 1 < _end && _text[Position + 1] == c;

    private Token Take(TokenKind kind, int length)
    {
        var token = new Token(kind, Position, length);
        Position += length;
        return token;
    }

    private int CharLength(int at) => char.IsHighSurrogate(_text[at]) && at + 1 < _end && char.IsLowSurrogate(_text[at + 1]) ? 2 : 1;

    private string Shown(int at) =>
        char.IsControl(_text[at]) || (char.IsSurrogate(_text[at]) && CharLength(at) == 1)
            ? $"\\u{(int)_text[at]:x4}"
            : _text.Substring(at, CharLength(at));

    private Token Name(int at, bool hyphens)
    {
        var i = at + 1;
        while (i < _end && (char.IsAsciiLetterOrDigit(_text[i]) || _text[i] == '_' || (hyphens && _text[i] == '-')))
        {
            i++;
        }

        Position = i;
        return new Token(TokenKind.Name, at, i - at) { Text = _text[at..i] };
    }

    private Token Number(int at)
    {
        var i = at;
        double number;
        if (_text[at] == '0' && at + 1 < _end && _text[at + 1] is 'x' or 'X')
        {
            i += 2;
            number = 0;
            while (i < _end && char.IsAsciiHexDigit(_text[i]))
            {
                number = (number * 16) + Convert.ToInt32(_text[i].ToString(), 16);
                i++;
            }

            if (i == at + 2)
            {
                return Mistake(at, 2, DiagnosticCodes.ExpressionSyntax, "Hexadecimal digits are missing", "Write a number such as `0x1f`");
            }
        }
        else
        {
            i = Digits(i);
            if (i + 1 < _end && _text[i] == '.' && char.IsAsciiDigit(_text[i + 1]))
            {
                i = Digits(i + 1);
            }

            if (i < _end && _text[i] is 'e' or 'E')
            {
                var exponent = i + 1 < _end && _text[i + 1] is '+' or '-' ? i + 2 : i + 1;
                if (exponent < _end && char.IsAsciiDigit(_text[exponent]))
                {
                    i = Digits(exponent);
                }
            }

            number = double.Parse(_text.AsSpan(at, i - at), NumberStyles.Float, CultureInfo.InvariantCulture);
        }

        if (i < _end && (char.IsAsciiLetterOrDigit(_text[i]) || _text[i] == '_'))
        {
            while (i < _end && (char.IsAsciiLetterOrDigit(_text[i]) || _text[i] == '_'))
            {
                i++;
            }

            return Mistake(at, i - at, DiagnosticCodes.ExpressionSyntax, $"`{Clip(at, i)}` is neither a number nor a name", "Put texts into single quotes");
        }

        Position = i;
        return double.IsFinite(number)
            ? new Token(TokenKind.Number, at, i - at) { Number = number }
            : Mistake(at, i - at, DiagnosticCodes.ExpressionSyntax, "The number is too large", null);
    }

    private string Clip(int from, int to) => to - from <= 40 ? _text[from..to] : $"{_text.AsSpan(from, 40)}…";

    private int Digits(int i)
    {
        while (i < _end && char.IsAsciiDigit(_text[i]))
        {
            i++;
        }

        return i;
    }

    private Token SingleQuoted(int at)
    {
        for (var i = at + 1; i < _end; i++)
        {
            if (_text[i] != '\'')
            {
                continue;
            }

            if (i + 1 < _end && _text[i + 1] == '\'')
            {
                i++;
                continue;
            }

            Position = i + 1;
            return new Token(TokenKind.Text, at, i + 1 - at) { Text = _text[(at + 1)..i].Replace("''", "'", StringComparison.Ordinal) };
        }

        return Mistake(at, 1, DiagnosticCodes.ExpressionUnclosed, "The text has no closing `'`", "A quote inside a text is written twice: 'it''s'");
    }

    private Token DoubleQuoted(int at)
    {
        var content = new StringBuilder();
        for (var i = at + 1; i < _end; i++)
        {
            var c = _text[i];
            if (c == '"')
            {
                Position = i + 1;
                return new Token(TokenKind.Text, at, i + 1 - at) { Text = content.ToString() };
            }

            if (c != '\\')
            {
                content.Append(c);
                continue;
            }

            if (++i >= _end)
            {
                break;
            }

            if (_text[i] == 'u' && i + 4 < _end && ushort.TryParse(_text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
            {
                content.Append((char)unit);
                i += 4;
                continue;
            }

            var unescaped = _text[i] switch
            {
                '"' or '\\' or '/' => _text[i],
                'b' => '\b',
                'f' => '\f',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                _ => '\0',
            };
            if (unescaped == '\0')
            {
                return Mistake(i - 1, 1 + CharLength(i), DiagnosticCodes.ExpressionSyntax, $"`\\{Shown(i)}` is no escape", "Write `\\\\` for a backslash, or use single quotes, which have no escapes");
            }

            content.Append(unescaped);
        }

        return Mistake(at, 1, DiagnosticCodes.ExpressionUnclosed, "The text has no closing `\"`", "A quote inside a text is written `\\\"`");
    }
}
