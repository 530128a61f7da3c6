namespace Cairn.Core.Toolchains.Debian;

/// <summary>A word of a command, quotes taken away.</summary>
/// <param name="Text">Its text; <see cref="Dollar"/> stands for a dollar sign that means itself, <see cref="Opaque"/> for what only running it would tell.</param>
/// <param name="IsQuoted">Whether what it expands to stays one word.</param>
internal readonly record struct ShellWord(string Text, bool IsQuoted)
{
    public const char Dollar = '\ue000';
    public const char Opaque = '\ue001';
}

/// <summary>A simple command of a script, or one of the shell's own words with what belongs to it.</summary>
/// <param name="Line">The line that it begins on.</param>
/// <param name="Words">Program and arguments.</param>
/// <param name="Writes">The files that its output goes to.</param>
internal sealed record ShellCommand(int Line, List<ShellWord> Words, List<string> Writes);

/// <summary>
/// Takes a script of the POSIX shell apart into its commands, in the order in which they stand there, those of substitutions among them. It follows no condition and runs
/// nothing: maintainer scripts are looked at, never executed.
/// </summary>
internal sealed partial class ShellCommands
{
    private const int DepthMax = 16;

    private readonly string _text;
    private readonly int _depth;
    private readonly List<ShellCommand> _commands;
    private readonly HashSet<string> _functions;
    private readonly Queue<(string End, bool Indented)> _documents = new();
    private readonly List<ShellWord> _words = [];
    private readonly List<string> _writes = [];
    private int _at;
    private int _line;
    private int _cases;
    private bool _inPattern;

    private ShellCommands(string text, int line, int depth, List<ShellCommand> commands, HashSet<string> functions)
    {
        _text = text;
        _line = line;
        _depth = depth;
        _commands = commands;
        _functions = functions;
    }

    /// <summary>Takes a script apart. Throws <see cref="FormatException"/> where it is nested beyond reason or a quote has no end.</summary>
    public static (List<ShellCommand> Commands, HashSet<string> Functions) Read(string script)
    {
        var reader = new ShellCommands(script, 1, 0, [], new HashSet<string>(StringComparer.Ordinal));
        reader.Read();
        return (reader._commands, reader._functions);
    }

    private void Read()
    {
        while (_at < _text.Length)
        {
            var c = _text[_at];
            switch (c)
            {
                case '\n':
                    EndCommand();
                    Advance();
                    SkipDocuments();
                    break;
                case ' ' or '\t' or '\r':
                    Advance();
                    break;
                case '\\' when Peek(1) == '\n':
                    Advance();
                    Advance();
                    break;
                case '#':
                    while (_at < _text.Length && _text[_at] != '\n')
                    {
                        Advance();
                    }

                    break;
                case ';' when Peek(1) == ';':
                    EndCommand();
                    Advance();
                    Advance();
                    _inPattern = _cases > 0;
                    break;
                case ')' when _inPattern:
                    _words.Clear();
                    _inPattern = false;
                    Advance();
                    break;
                case '(' when _words.Count == 1 && Rest().TrimStart("( \t").StartsWith(')') && !_inPattern:
                    _functions.Add(_words[0].Text);
                    _words.Clear();
                    _at = _text.IndexOf(')', _at) + 1;
                    break;
                case '|' when _inPattern:
                case '(' when _inPattern:
                    Advance();
                    break;
                case ';' or '&' or '|' or '(' or ')':
                    EndCommand();
                    Advance();
                    break;
                case '<' or '>':
                    ReadRedirection();
                    break;
                default:
                    AddWord(ReadWord());
                    break;
            }
        }

        EndCommand();
    }

    private void AddWord(ShellWord word)
    {
        if (_words.Count == 0 && !word.IsQuoted && !_inPattern)
        {
            switch (word.Text)
            {
                case "if" or "then" or "elif" or "else" or "fi" or "do" or "{" or "}" or "!":
                    return;
                case "while" or "until":
                    // It ends with a word of its own, as a loop over words does.
                    _commands.Add(new ShellCommand(_line, [word], []));
                    return;
                case "esac":
                    _cases = Math.Max(0, _cases - 1);
                    return;
                case "done":
                    _words.Add(word);
                    EndCommand();
                    return;
            }
        }

        if (_inPattern && word is { IsQuoted: false, Text: "esac" })
        {
            _inPattern = false;
            _cases = Math.Max(0, _cases - 1);
            _words.Clear();
            return;
        }

        _words.Add(word);
        if (_words is [{ IsQuoted: false, Text: "case" }, _, { IsQuoted: false, Text: "in" }])
        {
            _words.Clear();
            _cases++;
            _inPattern = true;
        }
    }

    private void EndCommand()
    {
        if (_inPattern)
        {
            return;
        }

        if (_words.Count > 0 || _writes.Count > 0)
        {
            _commands.Add(new ShellCommand(_line, [.. _words], [.. _writes]));
        }

        _words.Clear();
        _writes.Clear();
    }

    private void ReadRedirection()
    {
        // A number right before it is the descriptor and no argument.
        var isOutput = _text[_at] == '>';
        if (_words.Count > 0 && _at > 0 && char.IsAsciiDigit(_text[_at - 1]) && _words[^1].Text.Length == 1 && char.IsAsciiDigit(_words[^1].Text[0]))
        {
            _words.RemoveAt(_words.Count - 1);
        }

        Advance();
        if (!isOutput && Peek(0) == '<')
        {
            Advance();
            var isIndented = Peek(0) == '-';
            if (isIndented)
            {
                Advance();
            }

            SkipBlanks();
            _documents.Enqueue((ReadWord().Text, isIndented));
            return;
        }

        while (Peek(0) is '>' or '|')
        {
            Advance();
        }

        if (Peek(0) == '&')
        {
            Advance();
            _ = ReadWord();
            return;
        }

        SkipBlanks();
        var target = ReadWord().Text;
        if (isOutput && target is not "/dev/null")
        {
            _writes.Add(target);
        }
    }

    private void SkipBlanks()
    {
        while (Peek(0) is ' ' or '\t')
        {
            Advance();
        }
    }

    private void SkipDocuments()
    {
        while (_documents.TryDequeue(out var document))
        {
            while (_at < _text.Length)
            {
                var end = _text.IndexOf('\n', _at);
                var line = end < 0 ? _text.AsSpan(_at) : _text.AsSpan(_at, end - _at);
                _at = end < 0 ? _text.Length : end + 1;
                _line++;
                if ((document.Indented ? line.TrimStart('\t') : line).SequenceEqual(document.End))
                {
                    break;
                }
            }
        }
    }

    private void Within(string text, int line)
    {
        if (_depth == DepthMax)
        {
            throw new FormatException("The script is nested too deep");
        }

        new ShellCommands(text, line, _depth + 1, _commands, _functions).Read();
    }

    private ReadOnlySpan<char> Rest() => _text.AsSpan(_at);

    private char Peek(int ahead) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    private char Current() => _at < _text.Length ? _text[_at] : throw new FormatException("The script has a quote without an end");

    private void Advance()
    {
        if (_at < _text.Length && _text[_at] == '\n')
        {
            _line++;
        }

        _at++;
    }
}
