using System.Globalization;
using System.Text;

using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Editing;

/// <summary>How a step's mapping is written, so that what is added to it looks the same.</summary>
internal sealed class ScalarStyles
{
    /// <summary>Beyond this many characters a list is written in lines of its own.</summary>
    public const int WidthMax = 100;

    private readonly bool _isJson;
    private readonly bool _isSingleQuoted;
    private readonly string? _blockLead;

    public ScalarStyles(SourceText source, MappingNode mapping)
    {
        var text = source.Text;
        var end = mapping.Span.Line < source.LineCount ? source.LineEnd(mapping.Span.Line) : source.LineCount > 1 ? source.LineEnd(1) : text.Length;
        EndOfLine = end + 1 < text.Length && text[end] == '\r' && text[end + 1] == '\n' ? "\r\n" : end < text.Length && text[end] == '\r' ? "\r" : "\n";
        var first = mapping.Entries[0].Key.Span;
        _isJson = first.Line <= source.LineCount && text[source.LineStart(first.Line) + first.Column - 1] == '"';
        foreach (var entry in mapping.Entries)
        {
            if (entry.Value is not SequenceNode { Items.Length: > 0 } list)
            {
                continue;
            }

            var start = source.LineStart(list.Items[0].Span.Line);
            var lead = text[start..(start + list.Items[0].Span.Column - 1)];
            var indent = new string(' ', entry.Key.Span.Column - 1);
            if (lead.TrimStart(' ') is ['-', ' ', ..] && lead.Trim(' ', '-').Length == 0 && lead.StartsWith(indent, StringComparison.Ordinal) && list.Span.Line > entry.Key.Span.Line)
            {
                _blockLead ??= lead[indent.Length..];
            }

            foreach (var item in list.Items)
            {
                var at = source.LineStart(item.Span.Line) + item.Span.Column - 1;
                _isSingleQuoted |= at < text.Length && text[at] == '\'';
            }
        }
    }

    private ScalarStyles() => EndOfLine = "\n";

    /// <summary>For what stands alone.</summary>
    public static ScalarStyles Plain { get; } = new();

    /// <summary>The ends of lines.</summary>
    public string EndOfLine { get; }

    /// <summary>A key.</summary>
    public string Key(string name) => _isJson ? $"\"{name}\"" : name;

    /// <summary>A list in one line.</summary>
    public string Flow(IReadOnlyList<string> values) => $"[{string.Join(", ", values.Select(value => Quote(value, inFlow: true)))}]";

    /// <summary>A list in lines of its own.</summary>
    public string Block(string indent, IReadOnlyList<string> values) => string.Concat(values.Select(value => $"{indent}{_blockLead ?? "  - "}{Quote(value, inFlow: false)}{EndOfLine}"));

    /// <summary>An entry of a block mapping, with the end of its last line.</summary>
    public string Entry(string indent, string name, IReadOnlyList<string> values)
    {
        var flow = $"{indent}{name}: {Flow(values)}{EndOfLine}";
        return values.Count > 0 && !_isJson && (_blockLead is not null || flow.Length > WidthMax) ? $"{indent}{name}:{EndOfLine}{Block(indent, values)}" : flow;
    }

    /// <summary>A text, quoted where plain YAML would read it as something else.</summary>
    public string Quote(string value, bool inFlow)
    {
        if (!_isJson && IsPlain(value, inFlow))
        {
            return value;
        }

        if (!_isJson && _isSingleQuoted && !value.Any(static c => c < ' ' || c is '\'' or '\\' || char.IsSurrogate(c) || c >= 0x7F))
        {
            return $"'{value}'";
        }

        var text = new StringBuilder(value.Length + 2).Append('"');
        foreach (var c in value)
        {
            if (c is '"' or '\\')
            {
                text.Append('\\').Append(c);
            }
            else if (c < ' ' || c is (>= '\x7F' and < '\xA0') or '\u2028' or '\u2029' or '\uFEFF')
            {
                text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }
            else
            {
                text.Append(c);
            }
        }

        return text.Append('"').ToString();
    }

    private static bool IsPlain(string value, bool inFlow)
    {
        if (value.Length == 0 || CoreSchema.TypeOf(value) != ScalarType.String || (!char.IsAsciiLetterOrDigit(value[0]) && value[0] is not ('.' or '_' or '/' or '$')))
        {
            return false;
        }

        foreach (var c in value)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '/' or '-' or '+' or '*' or '@' or '~' or '=' or '$' or '%') && !(c == '?' && !inFlow))
            {
                return false;
            }
        }

        return true;
    }
}
