using System.Collections.Immutable;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Syntax;

/// <summary>
/// Reads TOML 1.0 into nodes with exact places, strictly: a key twice, a table defined twice, a number that is none are mistakes. Dates and times are kept as texts. After a mistake
/// it goes on at the next header, so that all of a file's mistakes are told at once. Depth and size are limited; nothing that it is given makes it throw.
/// </summary>
/// <param name="source">The text.</param>
/// <param name="diagnostics">Takes mistakes.</param>
/// <param name="help">What to do about any of them.</param>
internal sealed class TomlReader(SourceText source, DiagnosticBag diagnostics, string help)
{
    /// <summary>Mistakes after which the rest is not looked at: it is no TOML at all.</summary>
    private const int MistakesMax = 100;

    private readonly string _text = source.Text;
    private readonly TomlTable _root = new(TomlTableKind.Header, source.SpanAt(0, 0));
    private readonly TomlScalars _scalars = new(source);
    private int _at;
    private int _nodes;
    private bool _isOver;

    private char Current => _at < _text.Length ? _text[_at] : '\0';

    private bool IsAtEnd => _at >= _text.Length;

    /// <summary>The document; null after a mistake.</summary>
    public MappingNode? Read()
    {
        var before = diagnostics.ErrorCount;
        var table = _root;
        while (!_isOver && diagnostics.ErrorCount - before < MistakesMax)
        {
            SkipBlankLines();
            if (IsAtEnd)
            {
                break;
            }

            try
            {
                if (Current == '[')
                {
                    table = Header();
                }
                else
                {
                    KeyValue(table, 0);
                }

                EndOfLine();
            }
            catch (TomlMistakeException mistake)
            {
                Tell(mistake);
                SkipToHeader();
            }
        }

        return diagnostics.ErrorCount == before ? _root.ToNode() : null;
    }

    private void Tell(TomlMistakeException mistake)
    {
        var diagnostic = new Diagnostic(mistake.Code, DiagnosticSeverity.Error, mistake.Message, mistake.Span, help);
        diagnostics.Add(mistake.First is { } first ? diagnostic with { Notes = [new DiagnosticNote("It is first given here", first)] } : diagnostic);
    }

    private TomlMistakeException Mistake(string message, int start, int end) =>
        new(DiagnosticCodes.LockFileSyntax, message, source.SpanAt(Math.Min(start, _text.Length), Math.Min(end, _text.Length)));

    private TomlMistakeException Unexpected(string wanted) => IsAtEnd
        ? Mistake($"The file ends where {wanted} is wanted", _text.Length, _text.Length)
        : Mistake(Current is '\r' or '\n' ? $"The line ends where {wanted} is wanted" : $"`{Shown()}` stands where {wanted} is wanted", _at, _at + 1);

    private string Shown() => char.IsHighSurrogate(Current) && _at + 1 < _text.Length ? _text.Substring(_at, 2) : _text.Substring(_at, 1);

    private static TomlMistakeException Duplicate(ScalarNode key, SourceSpan first) => new(DiagnosticCodes.DuplicateKey, $"The key `{key.Text}` is given twice", key.Span) { First = first };

    private void Count()
    {
        if (++_nodes > Limits.NodesMax)
        {
            _isOver = true;
            throw new TomlMistakeException(DiagnosticCodes.TooManyNodes, $"The document has more than {Limits.NodesMax} values", source.SpanAt(_at, _at));
        }
    }

    private TomlTable Header()
    {
        var start = _at++;
        var isArray = Take('[');
        SkipSpaces();
        var keys = Key(0);
        SkipSpaces();
        if (!Take(']') || (isArray && !Take(']')))
        {
            throw Unexpected(isArray ? "`]]`" : "`]`");
        }

        Count();
        var span = source.SpanAt(start, _at);
        var table = _root;
        for (var i = 0; i < keys.Count - 1; i++)
        {
            table = Enter(table, keys[i], TomlTableKind.Implied);
        }

        return isArray ? Append(table, keys[^1], span) : Define(table, keys[^1], span);
    }

    private static TomlTable Enter(TomlTable table, ScalarNode key, TomlTableKind kind)
    {
        switch (table.Find(key.Text))
        {
            case null:
                var added = new TomlTable(kind, key.Span);
                table.Add(key, added);
                return added;
            case (_, TomlTable inner) when kind == TomlTableKind.Implied || inner.Kind == TomlTableKind.Dotted:
                return inner;
            case (_, List<TomlTable> tables) when kind == TomlTableKind.Implied:
                return tables[^1];
            case var (first, _):
                throw Duplicate(key, first.Span);
        }
    }

    private static TomlTable Define(TomlTable table, ScalarNode key, SourceSpan span)
    {
        switch (table.Find(key.Text))
        {
            case null:
                var added = new TomlTable(TomlTableKind.Header, span);
                table.Add(key, added);
                return added;
            case (_, TomlTable { Kind: TomlTableKind.Implied } inner):
                inner.Kind = TomlTableKind.Header;
                inner.Span = span;
                return inner;
            case var (first, _):
                throw Duplicate(key, first.Span);
        }
    }

    private static TomlTable Append(TomlTable table, ScalarNode key, SourceSpan span)
    {
        var added = new TomlTable(TomlTableKind.Header, span);
        switch (table.Find(key.Text))
        {
            case null:
                table.Add(key, new List<TomlTable> { added });
                return added;
            case (_, List<TomlTable> tables):
                tables.Add(added);
                return added;
            case var (first, _):
                throw Duplicate(key, first.Span);
        }
    }

    private void KeyValue(TomlTable table, int depth)
    {
        var keys = Key(depth);
        SkipSpaces();
        if (!Take('='))
        {
            throw Unexpected("`=`");
        }

        SkipSpaces();
        for (var i = 0; i < keys.Count - 1; i++)
        {
            table = Enter(table, keys[i], TomlTableKind.Dotted);
        }

        if (table.Find(keys[^1].Text) is var (first, _))
        {
            throw Duplicate(keys[^1], first.Span);
        }

        table.Add(keys[^1], Value(depth + keys.Count));
    }

    private List<ScalarNode> Key(int depth)
    {
        var keys = new List<ScalarNode>(1);
        while (true)
        {
            keys.Add(KeyPart());
            if (depth + keys.Count > Limits.NodeDepthMax)
            {
                throw TooDeep();
            }

            SkipSpaces();
            if (!Take('.'))
            {
                return keys;
            }

            SkipSpaces();
        }
    }

    private TomlMistakeException TooDeep() =>
        new(DiagnosticCodes.TooDeep, $"Lists and mappings are nested more than {Limits.NodeDepthMax} levels deep", source.SpanAt(Math.Min(_at, _text.Length), Math.Min(_at + 1, _text.Length)));

    private ScalarNode KeyPart()
    {
        if (Current is '"' or '\'')
        {
            var start = _at;
            var (text, end) = _scalars.Line(_at);
            _at = end;
            return new ScalarNode(text, ScalarType.String, source.SpanAt(start, end));
        }

        var bare = _at;
        while (char.IsAsciiLetterOrDigit(Current) || Current is '-' or '_')
        {
            _at++;
        }

        return _at > bare ? new ScalarNode(_text[bare.._at], ScalarType.String, source.SpanAt(bare, _at)) : throw Unexpected("a key");
    }

    private Node Value(int depth)
    {
        Count();
        if (depth > Limits.NodeDepthMax)
        {
            throw TooDeep();
        }

        switch (Current)
        {
            case '[':
                return Array(depth);
            case '{':
                return InlineTable(depth);
            case '"' or '\'':
                var start = _at;
                var (text, end) = _scalars.Any(_at);
                _at = end;
                return new ScalarNode(text, ScalarType.String, source.SpanAt(start, end));
            default:
                var from = _at;
                var type = _scalars.Bare(_at, out _at);
                return type is { } known ? new ScalarNode(_text[from.._at], known, source.SpanAt(from, _at))
                    : from == _at ? throw Unexpected("a value")
                    : throw Mistake($"`{_text[from..Math.Min(_at, from + 40)]}` is no value: texts stand in quotes", from, _at);
        }
    }

    private SequenceNode Array(int depth)
    {
        var start = _at++;
        var items = ImmutableArray.CreateBuilder<Node>();
        SkipBlankLines();
        while (!Take(']'))
        {
            items.Add(Value(depth + 1));
            SkipBlankLines();
            if (Take(','))
            {
                SkipBlankLines();
            }
            else if (Current != ']')
            {
                throw Unexpected("`,` or `]`");
            }
        }

        return new SequenceNode(items.DrainToImmutable(), source.SpanAt(start, _at));
    }

    private MappingNode InlineTable(int depth)
    {
        var start = _at++;
        var table = new TomlTable(TomlTableKind.Header, source.SpanAt(start, start));
        SkipSpaces();
        if (!Take('}'))
        {
            do
            {
                SkipSpaces();
                KeyValue(table, depth + 1);
                SkipSpaces();
            }
            while (Take(','));

            if (!Take('}'))
            {
                throw Unexpected("`,` or `}`");
            }
        }

        table.Span = source.SpanAt(start, _at);
        return table.ToNode();
    }

    private void EndOfLine()
    {
        SkipSpaces();
        if (Current == '#')
        {
            SkipLine();
        }

        if (!IsAtEnd && Current is not ('\r' or '\n'))
        {
            throw Unexpected("the end of the line");
        }
    }

    private void SkipBlankLines()
    {
        while (true)
        {
            switch (Current)
            {
                case ' ' or '\t' or '\r' or '\n':
                    _at++;
                    break;
                case '#':
                    SkipLine();
                    break;
                default:
                    return;
            }
        }
    }

    private void SkipSpaces()
    {
        while (Current is ' ' or '\t')
        {
            _at++;
        }
    }

    private void SkipLine()
    {
        while (!IsAtEnd && Current != '\n')
        {
            _at++;
        }
    }

    private void SkipToHeader()
    {
        do
        {
            SkipLine();
            _at = Math.Min(_at + 1, _text.Length);
        }
        while (!IsAtEnd && Current != '[');
    }

    private bool Take(char c)
    {
        if (Current != c || IsAtEnd)
        {
            return false;
        }

        _at++;
        return true;
    }
}

/// <summary>What is wrong with a line of TOML; it never leaves the reader.</summary>
internal sealed class TomlMistakeException(string code, string message, SourceSpan span) : Exception(message)
{
    public string Code => code;

    public SourceSpan Span => span;

    /// <summary>Of something that is there twice, the first.</summary>
    public SourceSpan? First { get; init; }
}
