using System.Text;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>How words are read: quotes, variables, substitutions.</summary>
internal sealed partial class ShellCommands
{
    private ShellWord ReadWord()
    {
        var word = new StringBuilder();
        var isQuoted = false;
        while (_at < _text.Length)
        {
            var c = _text[_at];
            switch (c)
            {
                case ' ' or '\t' or '\r' or '\n' or ';' or '&' or '|' or '(' or ')' or '<' or '>':
                    return new ShellWord(word.ToString(), isQuoted);
                case '\\':
                    Advance();
                    if (Peek(0) != '\n' && _at < _text.Length)
                    {
                        word.Append(_text[_at] == '$' ? ShellWord.Dollar : _text[_at]);
                        isQuoted = true;
                    }

                    Advance();
                    break;
                case '\'':
                    isQuoted = true;
                    Advance();
                    while (Current() != '\'')
                    {
                        word.Append(Current() == '$' ? ShellWord.Dollar : Current());
                        Advance();
                    }

                    Advance();
                    break;
                case '"':
                    isQuoted = true;
                    Advance();
                    ReadQuoted(word);
                    break;
                case '`':
                    ReadBackquoted(word);
                    break;
                case '$':
                    ReadDollar(word);
                    break;
                default:
                    word.Append(c);
                    Advance();
                    break;
            }
        }

        return new ShellWord(word.ToString(), isQuoted);
    }

    private void ReadQuoted(StringBuilder word)
    {
        while (Current() != '"')
        {
            switch (Current())
            {
                case '\\' when Peek(1) == '\n':
                    Advance();
                    Advance();
                    break;
                case '\\' when Peek(1) is '$' or '"' or '\\' or '`':
                    Advance();
                    word.Append(Current() == '$' ? ShellWord.Dollar : Current());
                    Advance();
                    break;
                case '`':
                    ReadBackquoted(word);
                    break;
                case '$':
                    ReadDollar(word);
                    break;
                default:
                    word.Append(Current());
                    Advance();
                    break;
            }
        }

        Advance();
    }

    private void ReadBackquoted(StringBuilder word)
    {
        var line = _line;
        Advance();
        var start = _at;
        while (Current() != '`')
        {
            if (Current() == '\\')
            {
                Advance();
            }

            Advance();
        }

        Within(_text[start.._at], line);
        word.Append(ShellWord.Opaque);
        Advance();
    }

    private void ReadDollar(StringBuilder word)
    {
        if (Peek(1) == '(')
        {
            var line = _line;
            var start = _at + 2;
            var depth = 0;
            do
            {
                Advance();
                depth += Current() switch { '(' => 1, ')' => -1, _ => 0 };
                if (Current() is '\'' or '"')
                {
                    SkipQuotes();
                }
            }
            while (depth > 0);

            if (_text[start] != '(')
            {
                Within(_text[start.._at], line);
            }

            word.Append(ShellWord.Opaque);
            Advance();
            return;
        }

        word.Append('$');
        Advance();
        if (Peek(0) == '{')
        {
            for (var depth = 0; ;)
            {
                depth += Current() switch { '{' => 1, '}' => -1, _ => 0 };
                word.Append(Current());
                Advance();
                if (depth == 0)
                {
                    return;
                }
            }
        }
    }

    /// <summary>Moves to the closing quote.</summary>
    private void SkipQuotes()
    {
        var quote = Current();
        Advance();
        while (Current() != quote)
        {
            if (Current() == '\\' && quote == '"')
            {
                Advance();
            }

            Advance();
        }
    }
}
