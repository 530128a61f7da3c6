using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Expressions;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>YAML values as values of expressions.</summary>
internal static class Literals
{
    /// <summary>A scalar by its core-schema type.</summary>
    public static Value Of(ScalarNode scalar) => scalar.Type switch
    {
        ScalarType.Null => Value.Null.Instance,
        ScalarType.Boolean => Value.Of(string.Equals(scalar.Text, "true", StringComparison.OrdinalIgnoreCase)),
        ScalarType.Integer or ScalarType.Float => Number(scalar.Text) is { } number ? Value.Of(number) : Value.Of(scalar.Text),
        _ => Value.Of(scalar.Text),
    };

    /// <summary>A scalar of which a template made another text by taking out escapes; such a text is nothing but a text.</summary>
    public static Value Of(ScalarNode scalar, string text) => string.Equals(text, scalar.Text, StringComparison.Ordinal) ? Of(scalar) : Value.Of(text);

    /// <summary>A scalar as written where a text is asked for, so that <c>1.10</c> stays <c>1.10</c>.</summary>
    public static Value Of(ScalarNode scalar, Model.ParameterType type) =>
        type is Model.ParameterType.String or Model.ParameterType.List && scalar.Type != ScalarType.Null ? Value.Of(scalar.Text) : Of(scalar);

    /// <summary>A list of scalars as written; null where an item is none.</summary>
    public static Value.List? Texts(SequenceNode list)
    {
        var items = ImmutableArray.CreateBuilder<Value>(list.Items.Length);
        foreach (var item in list.Items)
        {
            if (item is not ScalarNode { Type: not ScalarType.Null } scalar)
            {
                return null;
            }

            items.Add(Value.Of(scalar.Text));
        }

        return new Value.List(items.MoveToImmutable());
    }

    private static double? Number(string text)
    {
        if (text.StartsWith("0x", StringComparison.Ordinal))
        {
            return ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex) ? hex : null;
        }

        if (text.StartsWith("0o", StringComparison.Ordinal))
        {
            double octal = 0;
            foreach (var c in text.AsSpan(2))
            {
                octal = (octal * 8) + (c - '0');
            }

            return octal;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;
    }
}
