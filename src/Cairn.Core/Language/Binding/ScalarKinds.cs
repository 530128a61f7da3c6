using System.Diagnostics.CodeAnalysis;
using System.Globalization;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>A text without expressions; numbers and booleans count as written.</summary>
internal sealed class TextKind(string expected, string? example = null, string? pattern = null) : Kind<string>
{
    public override string Expected => expected;

    public override string? Example => example;

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out string value)
    {
        value = (node as ScalarNode)?.Text;
        return (node is ScalarNode { Type: not ScalarType.Null } && value!.Length > 0) || binder.WrongType(node, this);
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("string");
        schema.Member(pattern is null ? "minLength" : null, 1);
        schema.Member("pattern", pattern);
    }
}

/// <summary><c>true</c> or <c>false</c>.</summary>
internal sealed class BooleanKind : Kind<bool>
{
    public static BooleanKind Instance { get; } = new();

    public override string Expected => "`true` or `false`";

    public override string Example => "true";

    public override bool TryRead(Binder binder, Node node, out bool value)
    {
        value = node is ScalarNode { Type: ScalarType.Boolean, Text: "true" or "True" or "TRUE" };
        return node is ScalarNode { Type: ScalarType.Boolean } || binder.WrongType(node, this);
    }

    public override void WriteSchema(SchemaWriter schema) => schema.Type("boolean");
}

/// <summary>A whole number in a range.</summary>
internal sealed class IntegerKind(string expected, int min, int max, string example) : Kind<int>
{
    public override string Expected => expected;

    public override string Example => example;

    public override bool TryRead(Binder binder, Node node, out int value)
    {
        value = 0;
        if (node is not ScalarNode { Type: ScalarType.Integer } scalar)
        {
            return binder.WrongType(node, this);
        }

        return (int.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= min && value <= max)
            || binder.Invalid(DiagnosticCodes.InvalidValue, $"`{binder.CurrentKey}` is from {min} to {max}; `{scalar.Text}` is not", node.Span, $"For example `{binder.CurrentKey}: {example}`");
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("integer");
        schema.Member("minimum", min);
        schema.Member("maximum", max);
    }
}

/// <summary>A number from 0 to 1.</summary>
internal sealed class FractionKind(string example) : Kind<double>
{
    public override string Expected => "a number from 0 to 1";

    public override string Example => example;

    public override bool TryRead(Binder binder, Node node, out double value)
    {
        value = 0;
        if (node is not ScalarNode { Type: ScalarType.Integer or ScalarType.Float } scalar)
        {
            return binder.WrongType(node, this);
        }

        return (double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && value is >= 0 and <= 1)
            || binder.Invalid(DiagnosticCodes.InvalidValue, $"`{binder.CurrentKey}` is from 0 to 1; `{scalar.Text}` is not", node.Span, $"For example `{binder.CurrentKey}: {example}`");
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("number");
        schema.Member("minimum", 0);
        schema.Member("maximum", 1);
    }
}

/// <summary>A duration longer than nothing.</summary>
internal sealed class DurationKind(string example) : Kind<TimeSpan>
{
    public override string Expected => $"a duration";

    public override string Example => example;

    public override bool TryRead(Binder binder, Node node, out TimeSpan value)
    {
        value = default;
        if (node is not ScalarNode { Type: not (ScalarType.Null or ScalarType.Boolean) } scalar)
        {
            return binder.WrongType(node, this);
        }

        if (!Durations.TryParse(scalar.Text, out value, out var error))
        {
            var isBare = scalar.Type is ScalarType.Integer or ScalarType.Float || long.TryParse(scalar.Text, out _);
            return binder.Invalid(
                DiagnosticCodes.InvalidDuration, error, node.Span,
                isBare ? $"Add a unit: `{binder.CurrentKey}: {scalar.Text}s` for seconds, `{scalar.Text}m` for minutes" : "Durations are written `500ms`, `30s`, `10m`, `2h`, `1d` or `1h30m`");
        }

        return value > TimeSpan.Zero
            || binder.Invalid(DiagnosticCodes.InvalidDuration, $"`{binder.CurrentKey}` must be longer than nothing", node.Span, $"For example `{binder.CurrentKey}: {example}`");
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("string");
        schema.Member("pattern", Durations.Pattern);
        schema.Member("minLength", 2);
        schema.Examples("30s", "10m", "1h30m");
    }
}

/// <summary>A text with expressions.</summary>
internal sealed class TemplateKind(ExpressionRole role, string expected, string example) : Kind<Template>
{
    public override string Expected => expected;

    public override string Example => example;

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out Template value)
    {
        value = null;
        if (node is not ScalarNode { Type: not ScalarType.Null, Text.Length: > 0 } scalar)
        {
            return binder.WrongType(node, this);
        }

        value = binder.ReadTemplate(scalar, role);
        return value is not null;
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        // A script is a text; elsewhere numbers and booleans count as written.
        if (role == ExpressionRole.Script)
        {
            schema.Type("string");
        }
        else
        {
            schema.Types("string", "number", "boolean");
        }
    }
}

/// <summary>A condition, with or without <c>${{ }}</c>.</summary>
internal sealed class ConditionKind : Kind<Expression>
{
    public static ConditionKind Instance { get; } = new();

    public override string Expected => "a condition";

    public override string Example => "${{ git.branch == 'main' }}";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out Expression value)
    {
        value = null;
        if (node is not ScalarNode { Type: not ScalarType.Null } scalar)
        {
            return binder.WrongType(node, this);
        }

        value = Expression.Parse(scalar, binder.Diagnostics);
        if (value is null)
        {
            return false;
        }

        binder.Site.Expressions.Add(new ExpressionUse(ExpressionRole.Condition, [value], Whole: true, binder.CurrentKey));
        return true;
    }

    public override void WriteSchema(SchemaWriter schema) => schema.Types("string", "boolean");
}

/// <summary>A path relative to the project that may hold expressions.</summary>
internal sealed class PathKind(ExpressionRole role, string expected, string example) : Kind<Template>
{
    private readonly TemplateKind _text = new(role, expected, example);

    public override string Expected => expected;

    public override string Example => example;

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out Template value)
    {
        return _text.TryRead(binder, node, out value) && (value.LiteralText is not { } path || Check(binder, path, node.Span));
    }

    public override void WriteSchema(SchemaWriter schema) => schema.Type("string");

    /// <summary>Whether a path stays in the project; a mistake is added otherwise.</summary>
    public static bool Check(Binder binder, string path, SourceSpan span)
    {
        if (path.StartsWith('/'))
        {
            return binder.Invalid(DiagnosticCodes.PathEscapes, $"`{path}` is an absolute path", span, "Write it relative to the project's folder");
        }

        return ProjectPaths.Normalize("", path) is not null
            || binder.Invalid(DiagnosticCodes.PathEscapes, $"`{path}` leaves the project", span, "Paths stay in the project's folder");
    }
}
