using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>A key of a mapping of the language. Reader, schema and reference are all made from it.</summary>
internal abstract class KeyInfo(string name, string doc, Kind kind)
{
    public string Name { get; } = name;

    /// <summary>What it means, in Markdown without links.</summary>
    public string Doc { get; } = doc;

    public Kind Kind { get; } = kind;

    public bool Required { get; init; }

    /// <summary>The default as it would be written, or null for none.</summary>
    public string? Default { get; init; }

    /// <summary>A value as it is written; null for that of the kind.</summary>
    public string? Example { get; init; }
}

/// <summary>A key whose value goes to a draft.</summary>
internal abstract class Key<TDraft>(string name, string doc, Kind kind) : KeyInfo(name, doc, kind)
{
    public abstract void Bind(Binder binder, TDraft draft, MappingEntry entry);
}

/// <summary>A key whose value has a type.</summary>
internal sealed class Key<TDraft, T>(string name, string doc, Kind<T> kind, Action<TDraft, T, MappingEntry> set) : Key<TDraft>(name, doc, kind)
{
    public override void Bind(Binder binder, TDraft draft, MappingEntry entry)
    {
        if (kind.TryRead(binder, entry.Value, out var value))
        {
            set(draft, value, entry);
        }
    }
}

/// <summary>The keys of one kind of mapping.</summary>
internal abstract class KeySet(string name, string title, string doc)
{
    /// <summary>Its name in the schema's <c>$defs</c>.</summary>
    public string Name { get; } = name;

    /// <summary>With its article: <c>a step</c>.</summary>
    public string Title { get; } = title;

    /// <summary>What such a mapping is.</summary>
    public string Doc { get; } = doc;

    /// <summary>Keys of which exactly one must be given; empty for none.</summary>
    public string[] ExactlyOneOf { get; init; } = [];

    /// <summary>Of <see cref="ExactlyOneOf"/>, the one key and value that stands beside another instead; null for none.</summary>
    public (string Key, string Value)? Beside { get; init; }

    /// <summary>Whether keys that start with <c>x-</c> are ignored.</summary>
    public bool HasExtensions { get; init; }

    /// <summary>What to tell about a key that is near none of many.</summary>
    public string AllKeysHint { get; init; } = "`cairn schema` describes all keys";

    public abstract IReadOnlyList<KeyInfo> Keys { get; }
}

/// <summary>The keys of one kind of mapping, with the draft that they fill.</summary>
internal sealed class KeySet<TDraft>(string name, string title, string doc, Key<TDraft>[] keys) : KeySet(name, title, doc)
{
    private const int ListedKeysMax = 10;

    public override IReadOnlyList<KeyInfo> Keys => keys;

    /// <summary>Reads a mapping into a draft; every mistake is added, and the rest is read all the same.</summary>
    public void Read(Binder binder, MappingNode node, TDraft draft, SourceSpan place)
    {
        var chosen = default(MappingEntry);
        var beside = default(MappingEntry);
        var previous = binder.CurrentKey;
        foreach (var entry in node.Entries)
        {
            if (HasExtensions && entry.Key.Text.StartsWith("x-", StringComparison.Ordinal))
            {
                continue;
            }

            if (Find(entry.Key.Text) is not { } key)
            {
                ReportUnknown(binder, entry);
                continue;
            }

            binder.CurrentKey = key.Name;
            if (IsBeside(entry))
            {
                beside = entry;
            }
            else if (Array.IndexOf(ExactlyOneOf, key.Name) >= 0)
            {
                if (chosen.Key is not null)
                {
                    binder.Diagnostics.Add(new Diagnostic(
                        DiagnosticCodes.NotExactlyOne, DiagnosticSeverity.Error,
                        $"`{chosen.Key.Text}` and `{key.Name}` stand together, but {Title} has exactly one of {Names.List(ExactlyOneOf)}",
                        entry.Key.Span, $"Remove `{chosen.Key.Text}` or `{key.Name}`")
                    {
                        Notes = [new DiagnosticNote($"`{chosen.Key.Text}` is here", chosen.Key.Span)],
                    });
                }
                else
                {
                    chosen = entry;
                }
            }

            key.Bind(binder, draft, entry);
        }

        binder.CurrentKey = previous;
        if (ExactlyOneOf.Length > 0 && chosen.Key is null)
        {
            binder.Diagnostics.Error(
                DiagnosticCodes.NotExactlyOne,
                beside.Key is null ? $"{Names.Capital(Title)} has exactly one of {Names.List(ExactlyOneOf)}, and none is here"
                : $"`{beside.Key.Text}: {Beside!.Value.Value}` stands beside a command, and none is here", place,
                $"Add `{ExactlyOneOf[0]}`, for example `{ExampleOf(ExactlyOneOf[0])}`");
        }

        ReportMissing(binder, node, place);
    }

    private bool IsBeside(MappingEntry entry) =>
        Beside is var (key, value) && string.Equals(entry.Key.Text, key, StringComparison.Ordinal) && entry.Value is ScalarNode scalar && string.Equals(scalar.Text, value, StringComparison.Ordinal);

    private Key<TDraft>? Find(string key)
    {
        foreach (var candidate in keys)
        {
            if (string.Equals(candidate.Name, key, StringComparison.Ordinal))
            {
                return candidate;
            }
        }

        return null;
    }

    private void ReportMissing(Binder binder, MappingNode node, SourceSpan place)
    {
        foreach (var key in keys)
        {
            if (key.Required && !Has(node, key.Name))
            {
                binder.Diagnostics.Error(DiagnosticCodes.MissingKey, $"{Names.Capital(Title)} needs the key `{key.Name}`", place, $"Add `{ExampleOf(key.Name)}`");
            }
        }
    }

    private static bool Has(MappingNode node, string key)
    {
        foreach (var entry in node.Entries)
        {
            if (string.Equals(entry.Key.Text, key, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a key that is not one of these is one of a pipeline file.</summary>
    private bool IsElsewhere(string key) => Name is "included" or "generated" && PipelineKeys.Pipeline.Find(key) is not null;

    private string ExampleOf(string key) => Find(key) is { } found ? $"{key}: {found.Example ?? found.Kind.Example ?? found.Default ?? "…"}" : key;

    private void ReportUnknown(Binder binder, MappingEntry entry)
    {
        var text = entry.Key.Text;
        if (ForeignKeys.Find(Name, text) is { } foreign)
        {
            binder.Diagnostics.Error(foreign.Code, foreign.Message ?? $"`{text}` is not a key of {Title}", entry.Key.Span, foreign.Suggestion);
            return;
        }

        if (IsElsewhere(text))
        {
            binder.Diagnostics.Error(DiagnosticCodes.KeyNotAllowedHere, $"`{text}` has no place in {Title}", entry.Key.Span, "Move it to the pipeline file");
            return;
        }

        var names = new string[keys.Length];
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = keys[i].Name;
        }

        var suggestion = Suggestions.Nearest(text, names) is { } nearest ? $"Did you mean `{nearest}`?"
            : names.Length <= ListedKeysMax ? $"Its keys are {Names.List(names, "and")}"
            : AllKeysHint;
        binder.Diagnostics.Error(DiagnosticCodes.UnknownKey, $"`{text}` is not a key of {Title}", entry.Key.Span, suggestion);
    }
}
