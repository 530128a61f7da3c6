using System.Collections.Immutable;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Syntax;

/// <summary>
/// Reads a document that is JSON from its first character to its last. All JSON is YAML, but the scanner of YAML does not take all of it
/// (long keys, a line break before a colon), and takes longer. Whatever is not JSON is left to it, with its diagnostics.
/// </summary>
internal sealed class JsonParser(SourceText source, DiagnosticBag diagnostics)
{
    private readonly string _text = source.Text;
    private readonly NodeLimits _limits = new(source, diagnostics);
    private readonly QuotedText _quoted = new(source, diagnostics);
    private int _at;

    private char Current => _at < _text.Length ? _text[_at] : '\0';

    /// <summary>Whether a limit was passed, so that there is no point in reading on.</summary>
    public bool IsOverLimit { get; private set; }

    /// <summary>How far the text could be read.</summary>
    public int Reached => Math.Min(_at, _text.Length);

    /// <summary>The document; null where it is not JSON, or passes a limit.</summary>
    public Node? Parse()
    {
        var root = Value(0);
        SkipBlanks();
        return root is not null && _at == _text.Length ? root : null;
    }

    /// <summary>Whether a text may be a JSON object or list; a single scalar is read as YAML.</summary>
    public static bool MayRead(string text) => text.AsSpan().TrimStart(" \t\r\n") is ['{' or '[', ..];

    private Node? Value(int depth)
    {
        SkipBlanks();
        if (!_limits.Count(1, _at))
        {
            IsOverLimit = true;
            return null;
        }

        switch (Current)
        {
            case '{' or '[':
                if (!_limits.Fits(depth + 1, 0, _at))
                {
                    IsOverLimit = true;
                    return null;
                }

                return Current == '{' ? Mapping(depth + 1) : Sequence(depth + 1);
            case '"':
                return String();
            default:
                return Literal();
        }
    }

    private MappingNode? Mapping(int depth)
    {
        var start = _at++;
        var entries = new List<MappingEntry>();
        SkipBlanks();
        if (!Take('}'))
        {
            do
            {
                SkipBlanks();
                if (Current != '"' || String() is not { } key)
                {
                    return null;
                }

                SkipBlanks();
                if (!Take(':') || Value(depth) is not { } value)
                {
                    return null;
                }

                entries.Add(new MappingEntry(key, value));
                SkipBlanks();
            }
            while (Take(','));

            if (!Take('}'))
            {
                return null;
            }
        }

        return new MappingNode(_limits.Unique(entries, null), source.SpanAt(start, _at));
    }

    private SequenceNode? Sequence(int depth)
    {
        var start = _at++;
        var items = ImmutableArray.CreateBuilder<Node>();
        SkipBlanks();
        if (!Take(']'))
        {
            do
            {
                if (Value(depth) is not { } item)
                {
                    return null;
                }

                items.Add(item);
                SkipBlanks();
            }
            while (Take(','));

            if (!Take(']'))
            {
                return null;
            }
        }

        return new SequenceNode(items.DrainToImmutable(), source.SpanAt(start, _at));
    }

    private ScalarNode? String()
    {
        for (var i = _at + 1; i < _text.Length; i++)
        {
            switch (_text[i])
            {
                case '"':
                    var start = _at;
                    var (text, origins, end) = _quoted.Read(start);
                    _at = end;
                    return new ScalarNode(text, ScalarType.String, source.SpanAt(start, end), origins);
                case '\\':
                    i++;
                    if (i >= _text.Length || !IsEscape(i))
                    {
                        return null;
                    }

                    break;
                case < ' ':
                    return null;
            }
        }

        return null;
    }

    private bool IsEscape(int index)
    {
        if (_text[index] != 'u')
        {
            return _text[index] is '"' or '\\' or '/' or 'b' or 'f' or 'n' or 'r' or 't';
        }

        for (var i = index + 1; i <= index + 4; i++)
        {
            if (i >= _text.Length || !char.IsAsciiHexDigit(_text[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary><c>true</c>, <c>false</c>, <c>null</c> or a number; YAML's other spellings of them are not JSON.</summary>
    private ScalarNode? Literal()
    {
        var start = _at;
        while (char.IsAsciiLetterOrDigit(Current) || Current is '-' or '+' or '.')
        {
            _at++;
        }

        var text = _text[start.._at];
        var type = CoreSchema.TypeOf(text);
        var isJson = type switch
        {
            ScalarType.Null or ScalarType.Boolean => text is "null" or "true" or "false",
            ScalarType.Integer or ScalarType.Float => IsNumber(text),
            _ => false,
        };
        return isJson ? new ScalarNode(text, type, source.SpanAt(start, _at)) : null;
    }

    /// <summary>Of what YAML takes for a number, JSON leaves out <c>+1</c>, <c>01</c>, <c>.5</c>, <c>5.</c>, <c>0x1</c> and <c>.inf</c>.</summary>
    private static bool IsNumber(ReadOnlySpan<char> text)
    {
        var unsigned = text[0] == '-' ? text[1..] : text;
        if (unsigned.IsEmpty || !char.IsAsciiDigit(unsigned[0]) || (unsigned.Length > 1 && unsigned[0] == '0' && unsigned[1] is not ('.' or 'e' or 'E')))
        {
            return false;
        }

        var dot = unsigned.IndexOf('.');
        return dot < 0 || (dot + 1 < unsigned.Length && char.IsAsciiDigit(unsigned[dot + 1]));
    }

    private bool Take(char c)
    {
        if (Current != c)
        {
            return false;
        }

        _at++;
        return true;
    }

    private void SkipBlanks()
    {
        while (Current is ' ' or '\t' or '\r' or '\n')
        {
            _at++;
        }
    }
}
