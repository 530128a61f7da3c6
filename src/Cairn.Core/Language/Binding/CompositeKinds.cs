using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>A list of one kind of value; with <paramref name="single"/>, one value stands for a list of it.</summary>
internal sealed class ListKind<T>(Kind<T> item, string expected, string example, bool single = true, bool allowEmpty = true) : Kind<ImmutableArray<T>>
{
    public override string Expected => expected;

    public override string Example => example;

    public override bool TryRead(Binder binder, Node node, out ImmutableArray<T> value)
    {
        value = [];
        if (node is not SequenceNode list)
        {
            if (!single || node is ScalarNode { Type: ScalarType.Null } || (node is MappingNode && !item.TakesMapping))
            {
                return binder.WrongType(node, this);
            }

            if (!item.TryRead(binder, node, out var only))
            {
                return false;
            }

            value = [only];
            return true;
        }

        if (!allowEmpty && list.Items.IsEmpty)
        {
            return binder.Invalid(DiagnosticCodes.EmptyValue, $"`{binder.CurrentKey}` has at least one entry", node.Span, $"For example `{binder.CurrentKey}: {example}`");
        }

        var items = ImmutableArray.CreateBuilder<T>(list.Items.Length);
        foreach (var entry in list.Items)
        {
            // Entries with mistakes are left out, so that the others are checked further.
            if (item.TryRead(binder, entry, out var read))
            {
                items.Add(read);
            }
        }

        value = items.ToImmutable();
        return true;
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        if (!single)
        {
            WriteList(schema);
            return;
        }

        schema.AnyOf(item.WriteSchema, WriteList);
    }

    private void WriteList(SchemaWriter schema)
    {
        schema.Type("array");
        schema.Member(allowEmpty ? null : "minItems", 1);
        schema.Object("items", item.WriteSchema);
    }
}

/// <summary>A mapping with fixed keys.</summary>
internal sealed class ObjectKind<TDraft>(KeySet<TDraft> keys, string example, Func<Binder, Node, TDraft> create) : Kind<TDraft>
{
    public override string Expected => $"a mapping";

    public override string Example => example;

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out TDraft value)
    {
        value = default;
        if (node is not MappingNode mapping)
        {
            return binder.WrongType(node, this);
        }

        value = create(binder, node);
        keys.Read(binder, mapping, value, Start(node.Span));
        return true;
    }

    public override void WriteSchema(SchemaWriter schema) => schema.Reference(keys);

    /// <summary>The first line of a place: a mapping of many lines is pointed at where it begins.</summary>
    internal static SourceSpan Start(SourceSpan span) =>
        span.EndLine == span.Line ? span : new SourceSpan(span.File, span.Line, span.Column, span.Line, span.Column + 1);
}

/// <summary>A mapping from names to one kind of value, in source order.</summary>
internal sealed class NamedKind<T>(NameRule rule, Kind<T> item, string expected, string example, bool allowEmpty = true) : Kind<List<Named<T>>>
{
    public override string Expected => expected;

    public override string Example => example;

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out List<Named<T>> value)
    {
        value = null;
        if (node is not MappingNode mapping)
        {
            return binder.WrongType(node, this);
        }

        if (!allowEmpty && mapping.Entries.IsEmpty)
        {
            return binder.Invalid(DiagnosticCodes.EmptyValue, $"`{binder.CurrentKey}` has at least one entry", node.Span, $"For example `{binder.CurrentKey}: {example}`");
        }

        value = new List<Named<T>>(mapping.Entries.Length);
        var key = binder.CurrentKey;
        foreach (var entry in mapping.Entries)
        {
            rule.Check(binder, entry.Key);
            binder.CurrentKey = entry.Key.Text;
            var isGood = item.TryRead(binder, entry.Value, out var read);
            binder.CurrentKey = key;
            // A broken value still declares its name, so that one mistake does not make ten.
            value.Add(new Named<T>(entry.Key.Text, entry.Key.Span, isGood ? read : default));
        }

        return true;
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("object");
        schema.Member(allowEmpty ? null : "minProperties", 1);
        schema.Object("propertyNames", s => s.Member("pattern", rule.Pattern));
        schema.Object("additionalProperties", item.WriteSchema);
    }
}

/// <summary>A name with what it stands for, or the default of the type where that could not be read.</summary>
internal sealed record Named<T>(string Name, SourceSpan Span, T? Value);

/// <summary>Which names a mapping may have.</summary>
internal sealed record NameRule(string Subject, string Pattern, Func<string, bool> IsValid, string Explanation)
{
    public static NameRule Step { get; } = new("step", Names.StepPattern, IsStep, "Names begin with a letter or digit, then letters, digits, `_`, `-` and `.`, at most 100");

    public static NameRule Service { get; } = Step with { Subject = "service" };

    public static NameRule Template { get; } = Step with { Subject = "template" };

    public static NameRule Parameter { get; } = new("parameter", Names.IdentifierPattern, Names.IsIdentifier, "Names begin with a letter or `_`, then letters, digits, `_` and `-`, at most 100");

    public static NameRule Toolchain { get; } = Parameter with { Subject = "toolchain" };

    public static NameRule Secret { get; } = Parameter with { Subject = "secret" };

    public static NameRule Axis { get; } = Parameter with { Subject = "matrix axis" };

    public bool Check(Binder binder, ScalarNode name) => Check(binder, name.Text, name.Span);

    public bool Check(Binder binder, string name, SourceSpan span) =>
        IsValid(name) || binder.Invalid(DiagnosticCodes.InvalidName, $"`{name}` cannot be the name of a {Subject}", span, Explanation);

    private static bool IsStep(string text) => StepName.TryParse(text, out _);
}
