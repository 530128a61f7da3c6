using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Trust.Verification.Reading;

/// <summary>A member of a mapping of the trust store.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Example">A value as it is written.</param>
/// <param name="Read">Takes the value.</param>
internal sealed record TrustMember(string Name, string Example, Action<MappingEntry> Read);

/// <summary>Reads values of the trust store; every mistake is added, and the rest is read all the same.</summary>
internal sealed class TrustBinder(DiagnosticBag diagnostics)
{
    public DiagnosticBag Diagnostics { get; } = diagnostics;

    /// <summary>Reads a mapping whose members are known.</summary>
    /// <param name="node">It.</param>
    /// <param name="title">With its article: <c>a threshold</c>.</param>
    /// <param name="members">Its members.</param>
    public void Members(MappingNode node, string title, params ReadOnlySpan<TrustMember> members)
    {
        foreach (var entry in node.Entries)
        {
            TrustMember? found = null;
            var names = new string[members.Length];
            for (var i = 0; i < members.Length; i++)
            {
                names[i] = members[i].Name;
                found = string.Equals(names[i], entry.Key.Text, StringComparison.Ordinal) ? members[i] : found;
            }

            if (found is null)
            {
                var nearest = Suggestions.Nearest(entry.Key.Text, names);
                Error(DiagnosticCodes.TrustUnknownMember, $"`{entry.Key.Text}` is not a key of {title}", entry.Key.Span, nearest is null ? $"Its keys are `{string.Join("`, `", names)}`" : $"Did you mean `{nearest}`?");
            }
            else
            {
                found.Read(entry);
            }
        }
    }

    /// <summary>Adds a mistake.</summary>
    public void Error(string code, string message, SourceSpan span, string? suggestion = null) => Diagnostics.Error(code, message, span, suggestion);

    /// <summary>Adds a mistake of type; null, so that a reader can return it.</summary>
    public string? Wrong(MappingEntry entry, Node value, string expected, string example)
    {
        Error(DiagnosticCodes.TrustBadValue, $"`{entry.Key.Text}` takes {expected}, but this is {value.KindName}", value.Span, $"For example `{entry.Key.Text}: {example}`");
        return null;
    }

    /// <summary>A text that is not empty.</summary>
    public string? Text(MappingEntry entry, string expected, string example) => Text(entry, entry.Value, expected, example);

    /// <summary>One text or a list of them; those with mistakes are left out.</summary>
    public ImmutableArray<(string Text, SourceSpan Span)> Texts(MappingEntry entry, string expected, string example)
    {
        if (entry.Value is not SequenceNode list)
        {
            return Text(entry, expected, example) is { } only ? [(only, entry.Value.Span)] : [];
        }

        if (list.Items.Length is 0 or > Limits.TrustListItemsMax)
        {
            Error(DiagnosticCodes.TrustBadValue, $"`{entry.Key.Text}` has 1 to {Limits.TrustListItemsMax} entries", list.Span, $"Leave it out, or write `{entry.Key.Text}: {example}`");
            return [];
        }

        var texts = ImmutableArray.CreateBuilder<(string, SourceSpan)>(list.Items.Length);
        foreach (var item in list.Items)
        {
            if (Text(entry, item, expected, example) is { } text)
            {
                texts.Add((text, item.Span));
            }
        }

        return texts.DrainToImmutable();
    }

    /// <summary>Patterns over names.</summary>
    public ImmutableArray<RolePattern> Patterns(MappingEntry entry, string example)
    {
        var patterns = ImmutableArray.CreateBuilder<RolePattern>();
        foreach (var (text, span) in Texts(entry, "patterns", example))
        {
            if (RolePattern.TryParse(text, out var pattern, out var problem))
            {
                patterns.Add(pattern);
            }
            else
            {
                Error(DiagnosticCodes.TrustBadValue, $"This is no pattern: {problem}", span, $"For example `{entry.Key.Text}: {example}`");
            }
        }

        return patterns.DrainToImmutable();
    }

    /// <summary>A moment.</summary>
    public DateTimeOffset? Time(MappingEntry entry)
    {
        const string Example = "2026-11-21T18:00Z";
        if (Text(entry, "a time", Example) is not { } text)
        {
            return null;
        }

        var time = TrustTimes.TryRead(text);
        if (time is null)
        {
            Error(DiagnosticCodes.TrustBadValue, $"`{entry.Key.Text}` takes a time, and `{text}` is none", entry.Value.Span, TrustTimes.Hint);
        }

        return time;
    }

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public bool? Flag(MappingEntry entry)
    {
        if (entry.Value is ScalarNode { Type: ScalarType.Boolean } scalar)
        {
            return scalar.Text is "true" or "True" or "TRUE";
        }

        _ = Wrong(entry, entry.Value, "`true` or `false`", "true");
        return null;
    }

    /// <summary>A whole number in a range.</summary>
    public int? Integer(MappingEntry entry, int min, int max, string example)
    {
        if (entry.Value is not ScalarNode { Type: ScalarType.Integer } scalar)
        {
            _ = Wrong(entry, entry.Value, $"a number from {min} to {max}", example);
            return null;
        }

        if (int.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max)
        {
            return value;
        }

        Error(DiagnosticCodes.TrustBadValue, $"`{entry.Key.Text}` is from {min} to {max}; `{scalar.Text}` is not", scalar.Span, $"For example `{entry.Key.Text}: {example}`");
        return null;
    }

    /// <summary>A mapping.</summary>
    public MappingNode? Mapping(MappingEntry entry, string example)
    {
        if (entry.Value is MappingNode mapping)
        {
            return mapping;
        }

        _ = Wrong(entry, entry.Value, "a mapping", example);
        return null;
    }

    private string? Text(MappingEntry entry, Node value, string expected, string example)
    {
        // A number or a boolean counts as it is written.
        if (value is not ScalarNode { Type: not ScalarType.Null, Text.Length: > 0 } scalar)
        {
            return Wrong(entry, value, expected, example);
        }

        if (scalar.Text.Length <= Limits.KeyFileBytesMax)
        {
            return scalar.Text;
        }

        Error(DiagnosticCodes.TrustBadValue, $"`{entry.Key.Text}` has more than {Limits.KeyFileBytesMax} characters", scalar.Span);
        return null;
    }
}
