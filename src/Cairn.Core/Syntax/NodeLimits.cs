using System.Collections.Immutable;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Syntax;

/// <summary>A node with what it costs: its nodes once aliases are expanded, the levels below it, and the index where it ends in the source.</summary>
internal readonly record struct Composed(Node Node, int Size, int Height, int End);

/// <summary>Counts the nodes of a document as if aliases were copies, and builds its mappings.</summary>
internal sealed class NodeLimits(SourceText source, DiagnosticBag diagnostics)
{
    private const int IndexedKeysMin = 12;

    private int _nodes;

    /// <summary>Counts nodes; false once they are too many, which is reported.</summary>
    public bool Count(int nodes, int index)
    {
        _nodes += Math.Min(nodes, Limits.NodesMax + 1);
        if (_nodes <= Limits.NodesMax)
        {
            return true;
        }

        diagnostics.Error(
            DiagnosticCodes.TooManyNodes,
            $"The document has more than {Limits.NodesMax} values once its aliases are expanded",
            source.SpanAt(index, index),
            "Repeat less, or let a step generate the pipeline");
        return false;
    }

    /// <summary>Whether a collection may stand at a depth and hold so many more levels; if not, that is reported.</summary>
    public bool Fits(int depth, int height, int index)
    {
        if (depth + height <= Limits.NodeDepthMax)
        {
            return true;
        }

        diagnostics.Error(
            DiagnosticCodes.TooDeep,
            $"Lists and mappings are nested more than {Limits.NodeDepthMax} levels deep",
            source.SpanAt(index, index + 1),
            "Flatten the document");
        return false;
    }

    /// <summary>Keeps the first of equal keys, reports the others, and adds the entries of merged mappings whose keys are not there yet.</summary>
    public ImmutableArray<MappingEntry> Unique(List<MappingEntry> own, List<MappingNode>? merged)
    {
        var count = own.Count;
        foreach (var mapping in merged ?? [])
        {
            count += mapping.Entries.Length;
        }

        var entries = ImmutableArray.CreateBuilder<MappingEntry>(count);
        var index = count >= IndexedKeysMin ? new Dictionary<string, int>(count, StringComparer.Ordinal) : null;
        foreach (var entry in own)
        {
            var first = Find(entries, index, entry.Key.Text);
            if (first >= 0)
            {
                ReportDuplicate(entries[first].Key, entry.Key);
                continue;
            }

            index?.Add(entry.Key.Text, entries.Count);
            entries.Add(entry);
        }

        foreach (var mapping in merged ?? [])
        {
            foreach (var entry in mapping.Entries)
            {
                if (Find(entries, index, entry.Key.Text) < 0)
                {
                    index?.Add(entry.Key.Text, entries.Count);
                    entries.Add(entry);
                }
            }
        }

        return entries.DrainToImmutable();
    }

    public void ReportDuplicate(ScalarNode first, ScalarNode second) => diagnostics.Add(
        new Diagnostic(
            DiagnosticCodes.DuplicateKey,
            DiagnosticSeverity.Error,
            $"The key `{first.Text}` is given twice",
            second.Span,
            "Remove one of them, or rename it")
        {
            Notes = [new DiagnosticNote("It is first given here", first.Span)],
        });

    private static int Find(ImmutableArray<MappingEntry>.Builder entries, Dictionary<string, int>? index, string key)
    {
        if (index is not null)
        {
            return index.TryGetValue(key, out var at) ? at : -1;
        }

        for (var i = 0; i < entries.Count; i++)
        {
            if (string.Equals(entries[i].Key.Text, key, StringComparison.Ordinal))
            {
                return i;
            }
        }

        return -1;
    }
}
