using System.Collections.Immutable;

using Cairn.Core.Diagnostics;

using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Cairn.Core.Syntax;

/// <summary>Builds nodes from the parser's events: resolves anchors, aliases, merge keys and types, and stops at the limits.</summary>
internal sealed class YamlComposer(SourceText source, string scanned, IParser parser, DiagnosticBag diagnostics)
{
    private readonly NodeLimits _limits = new(source, diagnostics);
    private readonly QuotedText _quoted = new(source, diagnostics);
    private readonly YamlTags _tags = new(source, diagnostics);
    private readonly Dictionary<string, Composed> _anchors = new(StringComparer.Ordinal);
    private readonly HashSet<string> _open = new(StringComparer.Ordinal);
    private int _last;

    /// <summary>The indices of the <c>[</c> and <c>{</c> that are open, the innermost last.</summary>
    public List<int> OpenBrackets { get; } = [];

    private ParsingEvent Event => parser.Current ?? throw new InvalidOperationException("The parser has no event");

    /// <summary>Reads the only document. Null after a mistake that leaves nothing.</summary>
    public Node? Compose()
    {
        Next<StreamStart>();
        Next();
        if (Event is not DocumentStart)
        {
            return Empty();
        }

        Next();
        if (Event is Scalar { Style: ScalarStyle.Plain, Value: "" } nothing && nothing.Anchor.IsEmpty && nothing.Tag.IsEmpty)
        {
            return Empty();
        }

        var root = ComposeNode(0);
        if (root is null)
        {
            return null;
        }

        Next<DocumentEnd>();
        Next();
        if (Event is DocumentStart second)
        {
            diagnostics.Error(
                DiagnosticCodes.SeveralDocuments,
                "A second document begins here, but a file holds one",
                source.SpanAt(Index(second.Start), Index(second.End)),
                "Put it into a file of its own and use `include`");
        }

        return root.Value.Node;
    }

    private Node? Empty()
    {
        diagnostics.Error(DiagnosticCodes.EmptyDocument, "There is nothing in this file", source.SpanAt(0, 0), "The smallest pipeline is the two lines `version: 1` and `steps: { hello: { run: echo hello } }`");
        return null;
    }

    private void Next()
    {
        if (!parser.MoveNext())
        {
            throw new InvalidOperationException("The parser has no more events");
        }
    }

    private void Next<T>()
        where T : ParsingEvent
    {
        Next();
        if (Event is not T)
        {
            throw Unexpected();
        }
    }

    private SemanticErrorException Unexpected() => new(Event.Start, Event.End, "");

    private int Index(Mark mark) => (int)Math.Clamp(mark.Index, 0, source.Text.Length);

    /// <summary>Reads the node that begins with the current event; leaves the parser at its last one. Null past a limit.</summary>
    private Composed? ComposeNode(int depth)
    {
        switch (Event)
        {
            case AnchorAlias alias:
                return Resolve(alias, depth);
            case NodeEvent node:
                return ComposeAnchored(node, depth);
            default:
                throw Unexpected();
        }
    }

    private Composed? ComposeAnchored(NodeEvent node, int depth)
    {
        var start = Index(node.Start);
        if (!_limits.Count(1, start))
        {
            return null;
        }

        var anchor = node.Anchor.IsEmpty ? null : node.Anchor.Value;
        if (anchor is not null)
        {
            _open.Add(anchor);
        }

        if (node is not Scalar && !_limits.Fits(depth + 1, 0, start))
        {
            return null;
        }

        var composed = node switch
        {
            Scalar scalar => ComposeScalar(scalar),
            SequenceStart sequence => ComposeSequence(sequence, depth + 1),
            MappingStart mapping => ComposeMapping(mapping, depth + 1),
            _ => throw Unexpected(),
        };
        if (composed is not { } result)
        {
            return null;
        }

        if (anchor is not null)
        {
            _open.Remove(anchor);
            _anchors[anchor] = result;
        }

        _last = result.End;
        return result;
    }

    private Composed? Resolve(AnchorAlias alias, int depth)
    {
        var (start, end) = (Index(alias.Start), Index(alias.End));
        var name = alias.Value.Value;
        _last = end;
        if (_open.Contains(name))
        {
            diagnostics.Error(DiagnosticCodes.RecursiveAlias, $"`*{name}` stands inside the value that `&{name}` names", source.SpanAt(start, end), "A value cannot contain itself; write the part out");
        }
        else if (!_anchors.TryGetValue(name, out var target))
        {
            diagnostics.Error(DiagnosticCodes.UnknownAlias, $"No anchor `&{name}` stands above `*{name}`", source.SpanAt(start, end), AliasHelp(name));
        }
        else
        {
            return _limits.Count(target.Size, start) && _limits.Fits(depth, target.Height, start) ? target with { End = end } : null;
        }

        return new Composed(new ScalarNode("", ScalarType.Null, source.SpanAt(start, end)), 1, 0, end);
    }

    private string AliasHelp(string name)
    {
        if (Suggestions.Nearest(name, _anchors.Keys) is { } near)
        {
            return $"Did you mean `*{near}`?";
        }

        foreach (var c in name)
        {
            if (!char.IsLetterOrDigit(c) && c is not ('_' or '-'))
            {
                return $"If this is a glob, quote it: `\"*{name}\"`";
            }
        }

        return $"Put `&{name}` before the value that it repeats; if this is a glob, quote it: `\"*{name}\"`";
    }

    private Composed ComposeScalar(Scalar scalar)
    {
        var start = Index(scalar.Start);
        var end = Math.Max(start, Index(scalar.End));
        if (!scalar.Anchor.IsEmpty || !scalar.Tag.IsEmpty)
        {
            start = SkipProperties(start, end);
        }

        var text = scalar.Value;
        ImmutableArray<TextOrigin>? origins = null;
        switch (scalar.Style)
        {
            case ScalarStyle.SingleQuoted or ScalarStyle.DoubleQuoted:
                (text, origins, end) = _quoted.Read(start);
                break;
            case ScalarStyle.Literal or ScalarStyle.Folded:
                (text, origins, end) = new FoldedText(source, scanned).Block(text, start);
                break;
            case ScalarStyle.Plain when scanned.AsSpan(start, end - start).SequenceEqual(text):
                text = source.Text.AsSpan(start, end - start).SequenceEqual(text) ? text : source.Text[start..end];
                break;
            case ScalarStyle.Plain when text.Length > 0:
                (text, origins) = new FoldedText(source, scanned).Plain(text, start, end);
                break;
            default:
                end = start;
                break;
        }

        var span = source.SpanAt(start, end);
        var plain = scalar.Style == ScalarStyle.Plain ? CoreSchema.TypeOf(text) : ScalarType.String;
        var type = scalar.Tag.IsEmpty ? plain : _tags.ScalarTypeOf(scalar, text, span);
        return new Composed(new ScalarNode(text, type, span, origins), 1, 0, end);
    }

    /// <summary>The index of a scalar itself behind its anchor and tag, which its event includes; where there is none, the index after these.</summary>
    private int SkipProperties(int i, int end)
    {
        var last = i;
        while (i < end)
        {
            switch (scanned[i])
            {
                case ' ' or '\t' or '\r' or '\n':
                    i++;
                    break;
                case '#':
                    i = ToNext(i, end, "\r\n");
                    break;
                case '&' or '!':
                    last = i = ToNext(i, end, scanned[i] == '&' ? " \t\r\n,[]{}" : " \t\r\n");
                    break;
                default:
                    return i;
            }
        }

        return last;
    }

    private int ToNext(int i, int end, string stops)
    {
        var length = scanned.AsSpan(i, end - i).IndexOfAny(stops);
        return length < 0 ? end : i + length;
    }

    private Composed? ComposeSequence(SequenceStart sequence, int depth)
    {
        _tags.Check(sequence, sequence.Tag, "seq");
        var start = Index(sequence.Start);
        var flow = sequence.Style == SequenceStyle.Flow;
        Open(flow, start);
        var (size, height) = (1, 1);
        var items = ImmutableArray.CreateBuilder<Node>();
        _last = Index(sequence.End);
        for (Next(); Event is not SequenceEnd; Next())
        {
            if (ComposeNode(depth) is not { } item)
            {
                return null;
            }

            items.Add(item.Node);
            size += item.Size;
            height = Math.Max(height, item.Height + 1);
        }

        var end = Close(flow);
        return new Composed(new SequenceNode(items.DrainToImmutable(), source.SpanAt(start, end)), size, height, end);
    }

    private Composed? ComposeMapping(MappingStart mapping, int depth)
    {
        _tags.Check(mapping, mapping.Tag, "map");

        // `[a: b]` holds a mapping without brackets, of which the parser does not tell the place.
        var bare = mapping.Style == MappingStyle.Flow && (mapping.Start.Line == 0 || scanned[Index(mapping.Start)] is not ('{' or '&' or '!'));
        var start = bare ? -1 : Index(mapping.Start);
        var flow = mapping.Style == MappingStyle.Flow && !bare;
        Open(flow, start);
        var (size, height) = (1, 1);
        var entries = new List<MappingEntry>();
        List<MappingNode>? merged = null;
        ScalarNode? merge = null;
        for (Next(); Event is not MappingEnd; Next())
        {
            start = start < 0 ? Index(Event.Start) : start;
            var isMerge = Event is Scalar { Style: ScalarStyle.Plain, Value: "<<" } sign && sign.Tag.IsEmpty;
            if (ComposeNode(depth) is not { } key)
            {
                return null;
            }

            Next();
            if (Event is MappingEnd)
            {
                throw Unexpected();
            }

            if (ComposeNode(depth) is not { } value)
            {
                return null;
            }

            size += key.Size + value.Size;
            height = Math.Max(height, Math.Max(key.Height, value.Height) + 1);
            if (key.Node is not ScalarNode name || (name.Type == ScalarType.Null && name.Text.Length == 0))
            {
                ReportBadKey(key.Node);
            }
            else if (!isMerge)
            {
                entries.Add(new MappingEntry(name, value.Node));
            }
            else if (merge is null)
            {
                merge = name;
                merged = Merged(value.Node);
            }
            else
            {
                _limits.ReportDuplicate(merge, name);
            }
        }

        var end = bare ? _last : Close(flow);
        return new Composed(new MappingNode(_limits.Unique(entries, merged), source.SpanAt(Math.Max(start, 0), end)), size, height, end);
    }

    private void Open(bool flow, int start)
    {
        if (flow)
        {
            OpenBrackets.Add(start);
        }
    }

    /// <summary>The index where the current collection ends: after its bracket, or after its last value.</summary>
    private int Close(bool flow)
    {
        if (!flow)
        {
            return _last;
        }

        OpenBrackets.RemoveAt(OpenBrackets.Count - 1);
        return _last = Math.Min(Index(Event.Start) + 1, source.Text.Length);
    }

    private void ReportBadKey(Node key)
    {
        var message = key is ScalarNode ? "A key is missing before the `:`" : $"A key is a string, not {key.KindName}";
        diagnostics.Error(DiagnosticCodes.BadKey, message, key.Span, "Write `key: value`; quote a key that begins with `[`, `{`, `*`, `&` or `!`");
    }

    private List<MappingNode> Merged(Node value)
    {
        var found = new List<MappingNode>();
        switch (value)
        {
            case MappingNode mapping:
                found.Add(mapping);
                break;
            case SequenceNode sequence:
                foreach (var item in sequence.Items)
                {
                    if (item is MappingNode mapping)
                    {
                        found.Add(mapping);
                    }
                    else
                    {
                        ReportBadMerge(item);
                    }
                }

                break;
            default:
                ReportBadMerge(value);
                break;
        }

        return found;
    }

    private void ReportBadMerge(Node value) => diagnostics.Error(
        DiagnosticCodes.BadMerge,
        $"`<<` merges a mapping or a list of mappings, not {value.KindName}",
        value.Span,
        "Write `<<: *anchor` or `<<: [*first, *second]`; quote the key if it is meant as it stands");
}
