using System.Collections.Immutable;

using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Editing;

/// <summary>Sets one list in the text of a step's mapping.</summary>
internal sealed class ListEditor(SourceText source, MappingNode mapping)
{
    private readonly string _text = source.Text;
    private readonly ScalarStyles _styles = new(source, mapping);

    /// <summary>The text of the file with the list set; null where that cannot be done.</summary>
    public string? Set(string key, IReadOnlyList<string> values)
    {
        foreach (var entry in mapping.Entries)
        {
            if (entry.Key.Text != key)
            {
                continue;
            }

            if (!IsWithin(entry))
            {
                // Merged from elsewhere: the step's own wins over it.
                break;
            }

            return entry.Value switch
            {
                SequenceNode list when IsFlow(list) => SetFlow(list, values),
                SequenceNode list => SetBlock(entry, list, values),
                ScalarNode { Type: not ScalarType.Null } scalar when Start(scalar) >= End(entry.Key) => SetScalar(entry, scalar, values),
                _ => null,
            };
        }

        return Insert(key, values);
    }

    private int Start(Node node) => Offset(node.Span.Line, node.Span.Column);

    private int End(Node node) => Offset(node.Span.EndLine, node.Span.EndColumn);

    private int Offset(int line, int column) => line > source.LineCount ? _text.Length : Math.Min(_text.Length, source.LineStart(line) + column - 1);

    private bool IsFlow(Node node) => Start(node) < _text.Length && _text[Start(node)] is '[' or '{';

    // What an alias or `<<` brings stands elsewhere.
    private bool IsWithin(in MappingEntry entry) => Start(entry.Key) >= Start(mapping) && End(entry.Key) <= End(mapping) && Start(entry.Value) >= End(entry.Key);

    private string Replace(int start, int end, string text) => string.Concat(_text.AsSpan(0, start), text, _text.AsSpan(end));

    private string? SetScalar(in MappingEntry entry, ScalarNode scalar, IReadOnlyList<string> values)
    {
        if (values.Count == 1 && scalar.Text == values[0])
        {
            return _text;
        }

        var first = _text[Start(scalar)];
        if (first is '|' or '>' || scalar.Span.Line != scalar.Span.EndLine || entry.Key.Span.Line != scalar.Span.Line)
        {
            return null;
        }

        var text = values.Count == 1 ? _styles.Quote(values[0], IsFlow(mapping)) : _styles.Flow(values);
        if (text.Length > ScalarStyles.WidthMax && !IsFlow(mapping) && Indent(Start(entry.Key)) is { } indent)
        {
            return Replace(AfterColon(entry), End(scalar), _styles.EndOfLine + _styles.Block(indent, values)[..^_styles.EndOfLine.Length]);
        }

        return Replace(Start(scalar), End(scalar), text);
    }

    private string? SetFlow(SequenceNode list, IReadOnlyList<string> values)
    {
        var (open, close) = (Start(list) + 1, End(list) - 1);
        if (close < open || _text[close] != ']')
        {
            return null;
        }

        var kept = new List<string>();
        var left = new List<string>(values);
        var stays = new List<bool>();
        foreach (var item in list.Items)
        {
            stays.Add(item is ScalarNode scalar && left.Remove(scalar.Text));
            if (stays[^1])
            {
                kept.Add(_text[Start(item)..End(item)]);
            }
        }

        if (kept.Count == list.Items.Length && left.Count == 0)
        {
            return _text;
        }

        if (list.Span.Line == list.Span.EndLine)
        {
            var padding = open < close && _text[open] == ' ' && kept.Count + left.Count > 0 ? " " : "";
            return Replace(open, close, $"{padding}{string.Join(", ", kept.Concat(left.Select(value => _styles.Quote(value, inFlow: true))))}{padding}");
        }

        return SetLongFlow(list, left, stays);
    }

    /// <summary>A flow list over several lines: comments stay where they are, new entries come before those that stay.</summary>
    private string? SetLongFlow(SequenceNode list, List<string> added, List<bool> stays)
    {
        var items = list.Items;
        var (firstKept, lastKept) = (stays.IndexOf(true), stays.LastIndexOf(true));
        var close = End(list) - 1;
        var anchor = items.Length == 0 ? Start(list) + 1 : Start(items[Math.Max(firstKept, 0)]);
        var separator = Indent(anchor) is { } indent ? $",{_styles.EndOfLine}{indent}" : ", ";
        var text = string.Join(separator, added.Select(value => _styles.Quote(value, inFlow: true)));
        if (firstKept < 0)
        {
            var end = items.Length == 0 ? anchor : NextComma(End(items[^1]), close) is var comma and >= 0 ? comma + 1 : End(items[^1]);
            return HasComment(items) ? null : Replace(anchor, end, text);
        }

        var edits = new List<(int Start, int End, string Text)>();
        if (added.Count > 0)
        {
            edits.Add((anchor, anchor, text + separator));
        }

        for (var i = 0; i < items.Length; i++)
        {
            if (stays[i])
            {
                continue;
            }

            var comma = NextComma(End(items[i]), close);
            if (comma < 0 && i + 1 < items.Length)
            {
                return null;
            }

            edits.Add(WithBlanks(Start(items[i]), comma < 0 ? End(items[i]) : comma + 1));
            if (comma < 0 && NextComma(End(items[lastKept]), close) is var spare and >= 0)
            {
                // JSON knows no comma after the last one.
                edits.Add((spare, spare + 1, ""));
            }
        }

        return Apply(edits);
    }

    // A `#` of an entry is none.
    private bool HasComment(ImmutableArray<Node> items)
    {
        for (var i = 1; i < items.Length; i++)
        {
            if (_text.AsSpan()[End(items[i - 1])..Start(items[i])].Contains('#'))
            {
                return true;
            }
        }

        return false;
    }

    private string? SetBlock(in MappingEntry entry, SequenceNode list, IReadOnlyList<string> values)
    {
        if (list.Items.Length == 0 || entry.Key.Span.Line == list.Span.Line)
        {
            return null;
        }

        var added = new List<string>(values);
        var edits = new List<(int Start, int End, string Text)>();
        var lastKept = -1;
        var lead = "";
        for (var i = 0; i < list.Items.Length; i++)
        {
            var item = list.Items[i];
            var start = source.LineStart(item.Span.Line);
            var before = _text[start..Start(item)];
            if (before.TrimStart(' ') is not ['-', ' ', ..] || before.Trim(' ', '-').Length > 0 || item is not ScalarNode scalar)
            {
                // An anchor, a tag, a list in a list.
                return null;
            }

            lead = i == 0 ? before : lead;
            if (added.Remove(scalar.Text))
            {
                lastKept = i;
            }
            else
            {
                var end = LastLine(item);
                edits.Add((start, end < source.LineCount ? source.LineStart(end + 1) : _text.Length, ""));
            }
        }

        if (edits.Count == 0 && added.Count == 0)
        {
            return _text;
        }

        if (values.Count == 0)
        {
            // Nothing may stand between a key and an empty list.
            edits.Insert(0, (AfterColon(entry), AfterColon(entry), " []"));
            return Apply(edits);
        }

        var lines = string.Concat(added.Select(value => $"{lead}{_styles.Quote(value, inFlow: false)}{_styles.EndOfLine}"));
        if (lines.Length > 0)
        {
            var line = lastKept < 0 ? list.Items[0].Span.Line : LastLine(list.Items[lastKept]) + 1;
            edits.Add(InsertionAt(line, lines));
        }

        return Apply(edits);
    }

    /// <summary>Lines that come before a line, which may be the one after the last.</summary>
    private (int Start, int End, string Text) InsertionAt(int line, string lines)
    {
        if (line <= source.LineCount)
        {
            var at = source.LineStart(line);
            return (at, at, lines);
        }

        return (_text.Length, _text.Length, _styles.EndOfLine + lines[..^_styles.EndOfLine.Length]);
    }

    private int AfterColon(in MappingEntry entry) => _text.IndexOf(':', End(entry.Key)) + 1;

    /// <summary>The last line of a value, without what follows a text in lines of its own.</summary>
    private static int LastLine(Node node) => node.Span.EndColumn == 1 && node.Span.EndLine > node.Span.Line ? node.Span.EndLine - 1 : node.Span.EndLine;

    private string? Insert(string key, IReadOnlyList<string> values)
    {
        var own = mapping.Entries.Where(entry => IsWithin(entry)).ToList();
        if (own.Count == 0)
        {
            return null;
        }

        var name = _styles.Key(key);
        if (IsFlow(mapping))
        {
            var end = own.Max(entry => End(entry.Value));
            var last = own.First(entry => End(entry.Value) == end);
            var separator = Indent(Start(last.Key)) is { } flowIndent && mapping.Span.Line != mapping.Span.EndLine ? $",{_styles.EndOfLine}{flowIndent}" : ", ";
            return Replace(end, end, $"{separator}{name}: {_styles.Flow(values)}");
        }

        if (Indent(Start(own[0].Key)) is not { } indent)
        {
            return null;
        }

        if (Successor(own, key) is { } next)
        {
            return Apply([InsertionAt(next, _styles.Entry(indent, name, values))]);
        }

        var after = Neighbour(own, key);
        var line = LastLine(after.Value);
        while (line > after.Value.Span.Line && source.LineSpan(line).Trim(' ').IsEmpty && _text[Start(after.Value)] is not ('|' or '>'))
        {
            line--;
        }

        line = Math.Max(line, after.Key.Span.EndLine);

        // A text at the end of the file would get the line end that it has not.
        var at = line >= source.LineCount && _text[Start(after.Value)] is ('|' or '>') ? after.Key.Span.Line : line + 1;
        return Apply([InsertionAt(at, _styles.Entry(indent, name, values))]);
    }

    /// <summary>The line before which a list belongs: needs come first, inputs before outputs. Null where a comment stands above that line, or there is none.</summary>
    private int? Successor(List<MappingEntry> own, string key)
    {
        foreach (var entry in own)
        {
            var line = entry.Key.Span.Line;
            if ((key == "needs" || (key == "inputs" && entry.Key.Text == "outputs")) && Indent(Start(entry.Key)) is not null)
            {
                return source.LineSpan(line - 1).Contains('#') && source.LineSpan(line - 1).TrimStart(' ') is ['#', ..] ? null : line;
            }
        }

        return null;
    }

    // Inputs and outputs stand together; everything else comes last.
    private MappingEntry Neighbour(List<MappingEntry> own, string key)
    {
        foreach (var entry in own)
        {
            if (key == "outputs" && entry.Key.Text == "inputs")
            {
                return entry;
            }
        }

        var last = own[0];
        foreach (var entry in own)
        {
            last = Start(entry.Key) > Start(last.Key) ? entry : last;
        }

        return last;
    }

    /// <summary>What stands before a place in its line, if that is blank; else null.</summary>
    private string? Indent(int at)
    {
        var start = at;
        while (start > 0 && _text[start - 1] is not ('\n' or '\r'))
        {
            start--;
        }

        var before = _text[start..at];
        return before.AsSpan().Trim(' ').Trim('\t').IsEmpty ? before : null;
    }

    private int NextComma(int from, int close)
    {
        for (var i = from; i < close; i++)
        {
            switch (_text[i])
            {
                case ',':
                    return i;
                case '#':
                    return -1;
                case ' ' or '\t' or '\r' or '\n':
                    break;
                default:
                    return -1;
            }
        }

        return -1;
    }

    /// <summary>A range to take out, with its line where nothing else is in it, else with the blanks on one side.</summary>
    private (int Start, int End, string Text) WithBlanks(int start, int end)
    {
        while (end < _text.Length && _text[end] is ' ' or '\t')
        {
            end++;
        }

        var indent = Indent(start);
        if (end < _text.Length && _text[end] is not ('\r' or '\n'))
        {
            return (start, end, "");
        }

        if (indent is not null)
        {
            start -= indent.Length;
            end += end + 1 < _text.Length && _text[end] == '\r' && _text[end + 1] == '\n' ? 2 : end < _text.Length ? 1 : 0;
            return (start, end, "");
        }

        while (_text[start - 1] is ' ' or '\t')
        {
            start--;
        }

        return (start, end, "");
    }

    private string Apply(List<(int Start, int End, string Text)> edits)
    {
        edits.Sort(static (a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.End.CompareTo(b.End));
        var text = _text;
        for (var i = edits.Count - 1; i >= 0; i--)
        {
            text = string.Concat(text.AsSpan(0, edits[i].Start), edits[i].Text, text.AsSpan(edits[i].End));
        }

        return text;
    }
}
