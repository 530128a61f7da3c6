using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;

namespace Cairn.Core.Language.Model;

/// <summary>The type of a parameter.</summary>
public enum ParameterType
{
    /// <summary>A text.</summary>
    String,

    /// <summary>A number.</summary>
    Number,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Boolean,

    /// <summary>A list of texts; on the command line a JSON list or comma-separated.</summary>
    List,
}

/// <summary>A parameter of a pipeline or of a step template.</summary>
public sealed record Parameter(string Name, ParameterType Type, SourceSpan Span)
{
    /// <summary>The default, or null where a value must be given.</summary>
    public Value? Default { get; init; }

    /// <summary>The only values allowed, or empty for any. For a list: the only items allowed.</summary>
    public ImmutableArray<Value> Allowed { get; init; } = [];

    /// <summary>Whether a caller must give it.</summary>
    public bool Required { get; init; }

    /// <summary>What it is for.</summary>
    public string? Description { get; init; }

    /// <summary>What a person calls its type.</summary>
    public string TypeName => Type switch
    {
        ParameterType.Number => "number",
        ParameterType.Boolean => "boolean",
        ParameterType.List => "list",
        _ => "string",
    };

    /// <summary>
    /// Fits a value to the type and to the values allowed. Texts are read (<c>"true"</c> as a boolean, <c>"8"</c> as a number) and
    /// numbers and booleans are written where a text is asked for; lists come only from lists.
    /// </summary>
    public bool TryFit(Value value, [NotNullWhen(true)] out Value? fitted, [NotNullWhen(false)] out string? error)
    {
        fitted = Convert(value);
        if (fitted is null)
        {
            error = $"Parameter `{Name}` is a {TypeName}; {Describe(value)} is not";
            return false;
        }

        if (!IsAllowed(fitted))
        {
            error = Type == ParameterType.List ? $"Parameter `{Name}` is a list of {Names(Allowed)}; {Describe(value)} has others" : $"Parameter `{Name}` is one of {Names(Allowed)}; {Describe(value)} is not";
            fitted = null;
            return false;
        }

        error = null;
        return true;
    }

    private Value? Convert(Value value) => (Type, value) switch
    {
        (ParameterType.String, _) => Text(value),
        (ParameterType.Number, Value.Number) => value,
        (ParameterType.Number, Value.String text) => double.TryParse(text.Content, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? Value.Of(number) : null,
        (ParameterType.Boolean, Value.Boolean) => value,
        (ParameterType.Boolean, Value.String { Content: "true" }) => Value.Of(true),
        (ParameterType.Boolean, Value.String { Content: "false" }) => Value.Of(false),
        (ParameterType.List, Value.List list) => Texts(list),
        _ => null,
    };

    private static Value.List? Texts(Value.List list)
    {
        var items = ImmutableArray.CreateBuilder<Value>(list.Items.Length);
        foreach (var item in list.Items)
        {
            if (Text(item) is not { } text)
            {
                return null;
            }

            items.Add(text);
        }

        return new Value.List(items.MoveToImmutable());
    }

    private static Value? Text(Value value) =>
        value is not Value.Null && ValueText.ToText(value) is { } text ? Value.Of(text) : null;

    private bool IsAllowed(Value value)
    {
        if (Allowed.IsEmpty)
        {
            return true;
        }

        if (value is not Value.List list)
        {
            return Allowed.Contains(value);
        }

        foreach (var item in list.Items)
        {
            if (!Allowed.Contains(item))
            {
                return false;
            }
        }

        return true;
    }

    private static string Names(ImmutableArray<Value> values)
    {
        var names = new string[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            names[i] = Describe(values[i]);
        }

        return string.Join(", ", names);
    }

    private static string Describe(Value value) => value switch
    {
        Value.Null => "nothing",
        Value.List { Items.IsEmpty: true } => "an empty list",
        Value.List { Items.IsEmpty: false } list => $"[{string.Join(", ", list.Items.Select(static item => ValueText.ToText(item) ?? "…"))}]",
        Value.Map => "a mapping",
        _ => $"`{ValueText.ToText(value)}`",
    };
}
