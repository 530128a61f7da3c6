using Cairn.Core.Syntax;

namespace Cairn.Trust.Verification.Editing;

/// <summary>The text of a trust store with the places of its values.</summary>
internal sealed class TrustText(SourceText source, MappingNode root)
{
    private readonly string _text = source.Text;

    private string EndOfLine => _text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";

    public static MappingEntry? Find(MappingNode mapping, string key)
    {
        foreach (var entry in mapping.Entries)
        {
            if (string.Equals(entry.Key.Text, key, StringComparison.Ordinal))
            {
                return entry;
            }
        }

        return null;
    }

    /// <summary>Whether two documents differ at most in what stands at a path and below.</summary>
    public static bool AreSameBut(MappingNode old, MappingNode edited, string[] path) =>
        Lines(old, path).SequenceEqual(Lines(edited, path), StringComparer.Ordinal);

    public MappingEntry? Find(string key) => Find(root, key);

    public bool IsFlow(Node node) => Offset(node.Span.Line, node.Span.Column) is var at && at < _text.Length && _text[at] is '{' or '[';

    /// <summary>Adds lines to a value of the root, or that value with them.</summary>
    /// <param name="key">The root's key.</param>
    /// <param name="entry">Its entry; null where it has none.</param>
    /// <param name="lines">The lines, as deep as they have to be.</param>
    /// <param name="item">What stands in brackets instead, where the value does; null for nothing.</param>
    public string? AddTo(string key, MappingEntry? entry, IReadOnlyList<string> lines, string? item = null)
    {
        if (entry is not { } existing)
        {
            return InsertAfter(source.LineCount, [$"{key}:", .. lines]);
        }

        switch (existing.Value)
        {
            case ScalarNode { Type: ScalarType.Null, Text.Length: 0 }:
                return InsertAfter(existing.Key.Span.Line, lines);
            case MappingNode { Entries.IsEmpty: true } or SequenceNode { Items.IsEmpty: true }:
                // `{}` or `[]`: what stood for nothing gives way.
                var (start, end) = (Offset(existing.Value.Span.Line, existing.Value.Span.Column), Offset(existing.Value.Span.EndLine, existing.Value.Span.EndColumn));
                var isAlone = existing.Value.Span.Line == existing.Key.Span.Line && existing.Value.Span.EndLine == existing.Value.Span.Line;
                return isAlone ? new TrustText(new SourceText(source.Name, _text[..start].TrimEnd(' ') + _text[end..]), root).InsertAfter(existing.Key.Span.Line, lines) : null;
            case var flow when IsFlow(flow):
                return item is null ? null : InsertBeforeEnd(flow, item);
            case var block:
                return block.Span.Line > existing.Key.Span.Line ? InsertAfter(LastLineOf(block), lines) : null;
        }
    }

    /// <summary>Puts a value in the place of another one.</summary>
    public string? ReplaceValue(MappingEntry entry, string value)
    {
        if (entry.Value is ScalarNode { Type: ScalarType.Null, Text.Length: 0 })
        {
            var colon = _text.IndexOf(':', Offset(entry.Key.Span.EndLine, entry.Key.Span.EndColumn));
            return colon < 0 ? null : $"{_text[..(colon + 1)]} {value}{_text[(colon + 1)..]}";
        }

        var span = entry.Value.Span;
        if (span.Line == entry.Key.Span.Line && (IsFlow(entry.Value) || span.EndLine == span.Line))
        {
            return string.Concat(_text.AsSpan(0, Offset(span.Line, span.Column)), value, _text.AsSpan(Offset(span.EndLine, span.EndColumn)));
        }

        // A value in lines of its own gives way to one in the key's line.
        var line = entry.Key.Span.Line;
        var indent = new string(' ', entry.Key.Span.Column - 1);
        var rest = new TrustText(new SourceText(source.Name, RemoveLines(line, LastLineOf(entry.Value))), root);
        return line == 1 ? $"{indent}{entry.Key.Text}: {value}{EndOfLine}{rest._text}" : rest.InsertAfter(line - 1, [$"{indent}{entry.Key.Text}: {value}"]);
    }

    /// <summary>Adds an entry to what stands in brackets and has others.</summary>
    public string InsertBeforeEnd(Node flow, string entry)
    {
        var end = Offset(flow.Span.EndLine, flow.Span.EndColumn) - 1;
        var before = end;
        while (before > 0 && _text[before - 1] is ' ' or '\n' or '\r' or '\t')
        {
            before--;
        }

        var hasComma = before > 0 && _text[before - 1] == ',';
        return $"{_text[..before]}{(hasComma ? " " : ", ")}{entry}{_text[before..]}";
    }

    public string InsertAfter(int line, IReadOnlyList<string> lines)
    {
        var added = string.Concat(lines.Select(l => l + EndOfLine));
        if (line < source.LineCount)
        {
            var at = source.PositionToIndex(line + 1);
            return _text.Insert(at, added);
        }

        return _text.Length == 0 || _text.EndsWith('\n') ? _text + added : _text + EndOfLine + added;
    }

    public string RemoveLines(int first, int last) =>
        string.Concat(_text.AsSpan(0, source.PositionToIndex(first)), last < source.LineCount ? _text.AsSpan(source.PositionToIndex(last + 1)) : "");

    /// <summary>The last line that belongs to a value; blank lines and comments below it do not.</summary>
    public int LastLineOf(Node node)
    {
        switch (node)
        {
            case MappingNode { Entries: [.., var last] } when !IsFlow(node):
                return Math.Max(last.Key.Span.EndLine, LastLineOf(last.Value));
            case SequenceNode { Items: [.., var last] } when !IsFlow(node):
                return LastLineOf(last);
            default:
                var line = node.Span is { EndColumn: 1 } span && span.EndLine > span.Line ? span.EndLine - 1 : node.Span.EndLine;
                while (line > node.Span.Line && source.LineSpan(line).IsWhiteSpace())
                {
                    line--;
                }

                return line;
        }
    }

    private static List<string> Lines(MappingNode root, string[] path)
    {
        var lines = new List<string>();
        Add(root, "");
        return lines;

        void Add(Node node, string at)
        {
            if (at == Below(path))
            {
                return;
            }

            switch (node)
            {
                case MappingNode mapping:
                    foreach (var entry in mapping.Entries)
                    {
                        Add(entry.Value, $"{at}\0{entry.Key.Text}");
                    }

                    break;
                case SequenceNode list:
                    if (at != Below(path[..^1]))
                    {
                        lines.Add($"{at}\0[{list.Items.Length}");
                    }

                    for (var i = 0; i < list.Items.Length; i++)
                    {
                        Add(list.Items[i], $"{at}\0{i}");
                    }

                    break;
                // A mapping that had nothing, or has nothing any more, is as good as none.
                case ScalarNode { Type: ScalarType.Null } when Below(path).StartsWith(at, StringComparison.Ordinal):
                    break;
                case ScalarNode scalar:
                    lines.Add($"{at}\0={scalar.Type}{scalar.Text}");
                    break;
            }
        }

        static string Below(string[] path) => string.Concat(path.Select(static part => $"\0{part}"));
    }

    private int Offset(int line, int column) => Math.Min(_text.Length, source.PositionToIndex(line) + column - 1);
}

/// <summary>Places in source texts as indices.</summary>
file static class SourceIndices
{
    /// <summary>The index at which a line begins.</summary>
    public static int PositionToIndex(this SourceText source, int line)
    {
        var index = 0;
        for (var i = 1; i < line && index < source.Text.Length; i++)
        {
            index += source.LineSpan(i).Length;
            index += index < source.Text.Length && source.Text[index] == '\r' && index + 1 < source.Text.Length && source.Text[index + 1] == '\n' ? 2 : 1;
        }

        return Math.Min(index, source.Text.Length);
    }
}
