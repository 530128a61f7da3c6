using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Editing;

/// <summary>
/// Sets the lists <c>needs</c>, <c>inputs</c> and <c>outputs</c> of a step in the text of its file. Everything else stays as it is, byte for byte: comments, quotes, blank lines,
/// ends of lines, and in a list the entries that stay. What comes out is read again, and is only good if nothing but these lists differs.
/// </summary>
public static class StepEditor
{
    /// <summary>Edits.</summary>
    /// <param name="source">The file.</param>
    /// <param name="step">The place of the step's name in it.</param>
    /// <param name="lists">What to set, as templates: <c>${{</c> begins an expression.</param>
    public static StepEdit Edit(SourceText source, SourceSpan step, EditedLists lists)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(lists);
        var text = source;
        foreach (var (key, values) in lists.Set)
        {
            // The step's own place is before all that changes.
            if (Find(text, step) is not { } mapping)
            {
                return new StepEdit(null, "its entry is an alias or is merged into `steps`");
            }

            if (new ListEditor(text, mapping).Set(key, values) is not { } edited)
            {
                return new StepEdit(null, $"its `{key}` is written in a way that cannot be edited safely");
            }

            text = new SourceText(source.Name, edited);
        }

        return IsAsBefore(source, text, step, lists)
            ? new StepEdit(text.Text, null)
            : new StepEdit(null, "other parts of the file depend on how it is written, by an anchor or `<<`");
    }

    /// <summary>The lists as they would be written by a person who has nothing to go by.</summary>
    public static string Show(EditedLists lists)
    {
        ArgumentNullException.ThrowIfNull(lists);
        var styles = ScalarStyles.Plain;
        return string.Concat(lists.Set.Select(set => set.Key == "needs" || set.Values.Count == 0 ? $"{set.Key}: {styles.Flow(set.Values)}\n" : $"{set.Key}:\n{styles.Block("", set.Values)}"));
    }

    /// <summary>A text as a template in which it stands for itself.</summary>
    public static string AsTemplate(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Replace("${{", "$${{", StringComparison.Ordinal);
    }

    /// <summary>The mapping of a step; null where it does not stand behind the step's name.</summary>
    private static MappingNode? Find(SourceText source, SourceSpan step)
    {
        if (Read(source) is not MappingNode root)
        {
            return null;
        }

        foreach (var entry in root.Entries)
        {
            if (entry.Key.Text != "steps" || entry.Value is not MappingNode steps)
            {
                continue;
            }

            foreach (var candidate in steps.Entries)
            {
                if (IsAt(candidate.Key.Span, step))
                {
                    return candidate.Value is MappingNode mapping && IsBefore(candidate.Key.Span, mapping.Span) && mapping.Entries.Length > 0 ? mapping : null;
                }
            }
        }

        return null;
    }

    /// <summary>Whether all is as it was, but for the lists, which are as they shall be.</summary>
    private static bool IsAsBefore(SourceText before, SourceText after, SourceSpan step, EditedLists lists)
    {
        if (Read(before) is not MappingNode old || Read(after) is not MappingNode edited || old.Entries.Length != edited.Entries.Length || Find(after, step) is not { } mapping)
        {
            return false;
        }

        foreach (var (key, values) in lists.Set)
        {
            if (!IsList(Value(mapping, key), values))
            {
                return false;
            }
        }

        for (var i = 0; i < old.Entries.Length; i++)
        {
            var (left, right) = (old.Entries[i], edited.Entries[i]);
            if (left.Key.Text == "steps" && left.Value is MappingNode leftSteps && right.Value is MappingNode rightSteps)
            {
                if (right.Key.Text != "steps" || !AreStepsAsBefore(leftSteps, rightSteps, step, lists))
                {
                    return false;
                }
            }
            else if (left.Key.Text != right.Key.Text || !AreSame(left.Value, right.Value))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AreStepsAsBefore(MappingNode old, MappingNode edited, SourceSpan step, EditedLists lists)
    {
        if (old.Entries.Length != edited.Entries.Length)
        {
            return false;
        }

        for (var i = 0; i < old.Entries.Length; i++)
        {
            var (left, right) = (old.Entries[i], edited.Entries[i]);
            var same = IsAt(left.Key.Span, step) && left.Value is MappingNode was && right.Value is MappingNode now
                ? AreSame(Without(was, lists), Without(now, lists))
                : AreSame(left.Value, right.Value);
            if (!same || left.Key.Text != right.Key.Text)
            {
                return false;
            }
        }

        return true;
    }

    private static List<MappingEntry> Without(MappingNode mapping, EditedLists lists)
    {
        var rest = new List<MappingEntry>();
        foreach (var entry in mapping.Entries)
        {
            if (!lists.Set.Any(set => set.Key == entry.Key.Text))
            {
                rest.Add(entry);
            }
        }

        return rest;
    }

    internal static bool AreSame(IReadOnlyList<MappingEntry> left, IReadOnlyList<MappingEntry> right)
    {
        if (left.Count != right.Count)
        {
            return false;
        }

        for (var i = 0; i < left.Count; i++)
        {
            if (left[i].Key.Text != right[i].Key.Text || left[i].Key.Type != right[i].Key.Type || !AreSame(left[i].Value, right[i].Value))
            {
                return false;
            }
        }

        return true;
    }

    internal static bool AreSame(Node left, Node right)
    {
        switch (left, right)
        {
            case (ScalarNode one, ScalarNode other):
                return one.Text == other.Text && one.Type == other.Type;
            case (MappingNode one, MappingNode other):
                return AreSame(one.Entries, other.Entries);
            case (SequenceNode one, SequenceNode other) when one.Items.Length == other.Items.Length:
                for (var i = 0; i < one.Items.Length; i++)
                {
                    if (!AreSame(one.Items[i], other.Items[i]))
                    {
                        return false;
                    }
                }

                return true;
            default:
                return false;
        }
    }

    private static bool IsList(Node? node, IReadOnlyList<string> values)
    {
        if (node is ScalarNode scalar)
        {
            return values.Count == 1 && scalar.Text == values[0] && scalar.Type == ScalarType.String;
        }

        // In any order: what stays keeps its place.
        return node is SequenceNode list
            && list.Items.Select(static item => item is ScalarNode { Type: ScalarType.String } text ? text.Text : "\0").Order(StringComparer.Ordinal).SequenceEqual(values.Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    private static Node? Value(MappingNode mapping, string key)
    {
        foreach (var entry in mapping.Entries)
        {
            if (entry.Key.Text == key)
            {
                return entry.Value;
            }
        }

        return null;
    }

    internal static Node? Read(SourceText source)
    {
        var mistakes = new DiagnosticBag();
        var node = YamlReader.Read(source, mistakes);
        return mistakes.HasErrors ? null : node;
    }

    private static bool IsAt(SourceSpan place, SourceSpan step) => place.Line == step.Line && place.Column == step.Column;

    private static bool IsBefore(SourceSpan first, SourceSpan second) => first.EndLine < second.Line || (first.EndLine == second.Line && first.EndColumn <= second.Column);
}
