using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>The name of a step, a service or a template where it is used. Whether it exists is checked later.</summary>
internal sealed class NameUseKind(NameRule rule, string example) : Kind<NameUse>
{
    public override string Expected => $"the name of a {rule.Subject}";

    public override string Example => example;

    public override bool TryRead(Binder binder, Node node, out NameUse value)
    {
        value = default;
        if (node is not ScalarNode { Type: not ScalarType.Null } scalar)
        {
            return binder.WrongType(node, this);
        }

        value = new NameUse(scalar.Text, scalar.Span);
        return true;
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("string");
        schema.Member("pattern", rule.Pattern);
    }
}

/// <summary>The name of a machine-wide lock.</summary>
internal sealed class LockNameKind : Kind<LockName>
{
    private static readonly NameRule Rule = NameRule.Step with { Subject = "lock" };

    public override string Expected => "the name of a lock";

    public override string Example => "deploy";

    public override bool TryRead(Binder binder, Node node, out LockName value)
    {
        value = default;
        if (node is not ScalarNode { Type: not ScalarType.Null } scalar)
        {
            return binder.WrongType(node, this);
        }

        value = new LockName(scalar.Text);
        return Rule.Check(binder, scalar);
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("string");
        schema.Member("pattern", Rule.Pattern);
    }
}

/// <summary>A glob, or an exclusion that begins with <c>!</c>. Those without expressions are checked at once.</summary>
internal sealed class GlobKind(ExpressionRole role) : Kind<Template>
{
    public override string Expected => "a glob";

    public override string Example => "build/**";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out Template value)
    {
        value = null;
        if (node is not ScalarNode { Type: not ScalarType.Null, Text.Length: > 0 } scalar)
        {
            return binder.WrongType(node, this);
        }

        value = binder.ReadTemplate(scalar, role);
        if (value?.LiteralText is not { } text)
        {
            return value is not null;
        }

        text = text.StartsWith('!') ? text[1..] : text;
        return PathKind.Check(binder, text, node.Span)
            && (Glob.TryParse(text, out _, out var error) || binder.Invalid(DiagnosticCodes.GlobInvalid, error, node.Span));
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("string");
        schema.Member("minLength", 1);
    }
}

/// <summary>A list of globs of which the first is no exclusion.</summary>
internal sealed class GlobsKind(ExpressionRole role, string example) : Kind<ImmutableArray<Template>>
{
    private readonly ListKind<Template> _list = new(new GlobKind(role), "a glob or a list of globs", example);

    public override string Expected => _list.Expected;

    public override string Example => example;

    public override bool TryRead(Binder binder, Node node, out ImmutableArray<Template> value)
    {
        if (!_list.TryRead(binder, node, out value))
        {
            return false;
        }

        return value is not [{ Source: ['!', ..] } first, ..]
            || binder.Invalid(DiagnosticCodes.GlobInvalid, $"`{first.Source}` takes paths out of what the entries before it match, and nothing stands before it", first.Span, "Begin the list with what to take, such as `\"**\"`");
    }

    public override void WriteSchema(SchemaWriter schema) => _list.WriteSchema(schema);
}

/// <summary>A shell by name, or the program and arguments that take the script as one more argument.</summary>
internal sealed class ShellKind : Kind<ImmutableArray<string>>
{
    private static readonly string[] Known = ["sh", "bash", "dash", "zsh", "python3", "node", "perl"];

    private static readonly ListKind<string> Arguments = new(new TextKind("a program or an argument", "sh"), "a list of arguments", "[sh, -c]", single: false, allowEmpty: false);

    public static ShellKind Instance { get; } = new();

    /// <summary>The shell of scripts that name none.</summary>
    public static ImmutableArray<string> Default { get; } = ["sh", "-eu", "-c"];

    public override string Expected => "the name of a shell or a list of arguments";

    public override string Example => "bash";

    public override bool TryRead(Binder binder, Node node, out ImmutableArray<string> value)
    {
        if (node is SequenceNode)
        {
            return Arguments.TryRead(binder, node, out value);
        }

        value = [];
        if (node is not ScalarNode { Type: ScalarType.String } scalar)
        {
            return binder.WrongType(node, this);
        }

        value = scalar.Text switch
        {
            "sh" => Default,
            "bash" => ["bash", "-euo", "pipefail", "-c"],
            "dash" => ["dash", "-eu", "-c"],
            "zsh" => ["zsh", "-euo", "pipefail", "-c"],
            "python3" => ["python3", "-c"],
            "node" => ["node", "-e"],
            "perl" => ["perl", "-e"],
            _ => [],
        };
        if (!value.IsEmpty)
        {
            return true;
        }

        var isCommandLine = scalar.Text.Contains(' ', StringComparison.Ordinal);
        return binder.Invalid(
            DiagnosticCodes.InvalidValue, $"`{scalar.Text}` is not a shell that Cairn knows", node.Span,
            isCommandLine ? $"Write program and arguments as a list: `shell: [{string.Join(", ", scalar.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries))}]`"
            : Suggestions.Nearest(scalar.Text, Known) is { } nearest ? $"Did you mean `{nearest}`?"
            : $"Write one of {Names.List(Known)}, or a list such as `[{scalar.Text}, -c]`");
    }

    public override void WriteSchema(SchemaWriter schema) => schema.AnyOf(s => s.Enum(Known), Arguments.WriteSchema);
}

/// <summary>Variables: names with scalars.</summary>
internal sealed class EnvironmentKind : Kind<ImmutableArray<EnvironmentEntry>>
{
    public static EnvironmentKind Instance { get; } = new();

    public override string Expected => "a mapping of variables";

    public override string Example => "{ CFLAGS: -O2 }";

    public override bool TryRead(Binder binder, Node node, out ImmutableArray<EnvironmentEntry> value)
    {
        value = [];
        if (node is not MappingNode mapping)
        {
            return binder.WrongType(node, this);
        }

        var entries = ImmutableArray.CreateBuilder<EnvironmentEntry>(mapping.Entries.Length);
        var key = binder.CurrentKey;
        foreach (var entry in mapping.Entries)
        {
            var name = entry.Key.Text;
            var isGood = Names.IsVariable(name)
                ? !name.StartsWith("CAIRN_", StringComparison.Ordinal)
                    || binder.Invalid(DiagnosticCodes.ReservedVariable, $"`{name}` is set by Cairn: variables that begin with `CAIRN_` are its own", entry.Key.Span, "Choose another name")
                : binder.Invalid(DiagnosticCodes.InvalidVariableName, $"`{name}` cannot be the name of a variable", entry.Key.Span, $"Names begin with a letter or `_`, then letters, digits and `_`: `{Names.ToVariable(name)}`");
            binder.CurrentKey = name;
            if (entry.Value is not ScalarNode { Type: not ScalarType.Null } scalar)
            {
                binder.WrongType(entry.Value, "a text, a number or a boolean", entry.Value is ScalarNode ? "\"\"" : "text");
            }
            else if (binder.ReadTemplate(scalar, ExpressionRole.Variable) is { } template && isGood)
            {
                entries.Add(new EnvironmentEntry(name, template, entry.Key.Span));
            }
        }

        binder.CurrentKey = key;
        value = entries.ToImmutable();
        return true;
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("object");
        schema.Object("propertyNames", s => s.Member("pattern", "^(?!CAIRN_)[A-Za-z_][A-Za-z0-9_]*$"));
        schema.Object("additionalProperties", s => s.Types("string", "number", "boolean"));
    }
}
