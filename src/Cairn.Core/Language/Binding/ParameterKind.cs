using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>A parameter: its default alone, or a mapping.</summary>
internal sealed class ParameterKind : Kind<Parameter>
{
    private static readonly string[] Types = ["string", "number", "boolean", "list"];

    private static readonly KeySet<Draft> Keys = new(
        "parameter", "a parameter", "A value that a caller gives.",
        [
            new Key<Draft, ParameterType>("type", "What values it takes.", new TypeKind(), static (d, v, _) => d.Type = v) { Default = "the type of the default, else `string`" },
            new Key<Draft, Node>("default", "Its value where the caller gives none. A parameter without one must be given.", new AnyKind(), static (d, v, _) => d.Default = v) { Example = "/usr/local" },
            new Key<Draft, Node>("enum", "The only values allowed; of a list, the only items.", new AnyKind("a list of values", "[debug, release]", list: true), static (d, v, _) => d.Enum = v),
            new Key<Draft, bool>("required", "Whether the caller must give it; a required parameter has no default.", BooleanKind.Instance, static (d, v, e) => (d.Required, d.RequiredKey) = (v, e.Key.Span)) { Default = "`true` without a default" },
            new Key<Draft, string>("description", "What it is for.", new TextKind("a text", "where to install"), static (d, v, _) => d.Description = v),
        ]);

    private static readonly ObjectKind<Draft> Object = new(Keys, "{ type: boolean, default: false }", static (_, _) => new Draft());

    public static ParameterKind Instance { get; } = new();

    public override string Expected => "a default value or a mapping";

    public override string Example => "{ type: boolean, default: false }";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out Parameter value)
    {
        value = null;
        var name = binder.CurrentKey;
        var draft = new Draft { Default = node };
        if (node is MappingNode && !Object.TryRead(binder, node, out draft))
        {
            return false;
        }

        if (draft.Default is null or ScalarNode { Type: not ScalarType.Null } or SequenceNode)
        {
            return TryFinish(binder, name, draft, node.Span, out value);
        }

        binder.CurrentKey = node is MappingNode ? "default" : name;
        return binder.WrongType(draft.Default, "a text, a number, a boolean or a list", node is MappingNode ? "\"\"" : Example);
    }

    public override void WriteSchema(SchemaWriter schema) => schema.AnyOf(
        static s => s.Types("string", "number", "boolean"),
        static s =>
        {
            s.Type("array");
            s.Object("items", static i => i.Types("string", "number", "boolean"));
        },
        Object.WriteSchema);

    private static bool TryFinish(Binder binder, string name, Draft draft, SourceSpan span, [MaybeNullWhen(false)] out Parameter value)
    {
        value = null;
        var type = draft.Type ?? draft.Default switch
        {
            SequenceNode => ParameterType.List,
            ScalarNode { Type: ScalarType.Boolean } => ParameterType.Boolean,
            ScalarNode { Type: ScalarType.Integer or ScalarType.Float } => ParameterType.Number,
            _ => ParameterType.String,
        };
        var allowed = Allowed(binder, name, type, draft.Enum);
        var parameter = new Parameter(name, type, ObjectKind<Draft>.Start(span))
        {
            Allowed = allowed ?? [],
            Required = draft.Required ?? draft.Default is null,
            Description = draft.Description,
        };
        if (draft is { Required: true, Default: not null })
        {
            return binder.Invalid(DiagnosticCodes.KeyConflict, $"Parameter `{name}` is required and has a default, which would never be used", draft.RequiredKey, "Remove `required` or `default`");
        }

        if (draft.Default is { } @default)
        {
            var literal = @default is SequenceNode list ? Literals.Texts(list) : Literals.Of((ScalarNode)@default, type);
            if (literal is null)
            {
                binder.CurrentKey = "default";
                return binder.WrongType(@default, "a list of texts", "[a, b]");
            }

            if (!parameter.TryFit(literal, out var fitted, out var error))
            {
                return binder.Invalid(DiagnosticCodes.InvalidDefault, error, @default.Span, parameter.Allowed.IsEmpty ? $"Write a default of type {parameter.TypeName}, or change `type`" : "Write one of the values of `enum`");
            }

            parameter = parameter with { Default = fitted };
        }

        value = parameter;
        return allowed is not null;
    }

    private static ImmutableArray<Value>? Allowed(Binder binder, string name, ParameterType type, Node? node)
    {
        if (node is not SequenceNode list)
        {
            return [];
        }

        // For a list, `enum` says what each item may be.
        var item = new Parameter(name, type == ParameterType.List ? ParameterType.String : type, node.Span);
        var values = ImmutableArray.CreateBuilder<Value>(list.Items.Length);
        var good = true;
        foreach (var entry in list.Items)
        {
            if (entry is not ScalarNode { Type: not ScalarType.Null } scalar)
            {
                binder.CurrentKey = "enum";
                good = binder.WrongType(entry, "texts, numbers and booleans", "[debug, release]");
            }
            else if (item.TryFit(Literals.Of(scalar, item.Type), out var fitted, out var error))
            {
                values.Add(fitted);
            }
            else
            {
                good = binder.Invalid(DiagnosticCodes.InvalidDefault, error, entry.Span, $"Write values of type {item.TypeName}");
            }
        }

        return good ? values.ToImmutable() : null;
    }

    private sealed class Draft
    {
        public ParameterType? Type { get; set; }

        public Node? Default { get; set; }

        public Node? Enum { get; set; }

        public bool? Required { get; set; }

        public SourceSpan RequiredKey { get; set; }

        public string? Description { get; set; }
    }

    private sealed class TypeKind : Kind<ParameterType>
    {
        public override string Expected => "a type";

        public override string Example => "string";

        public override bool TryRead(Binder binder, Node node, out ParameterType value)
        {
            value = default;
            if (node is not ScalarNode { Type: ScalarType.String } scalar)
            {
                return binder.WrongType(node, this);
            }

            var index = Array.IndexOf(Types, scalar.Text);
            value = (ParameterType)Math.Max(index, 0);
            return index >= 0 || binder.Invalid(
                DiagnosticCodes.InvalidValue, $"`{scalar.Text}` is not the type of a parameter", node.Span,
                scalar.Text switch
                {
                    "bool" => "Did you mean `boolean`?",
                    "int" or "integer" or "float" => "Did you mean `number`?",
                    "array" => "Did you mean `list`?",
                    "text" or "str" => "Did you mean `string`?",
                    _ => $"Write {Names.List(Types)}",
                });
        }

        public override void WriteSchema(SchemaWriter schema) => schema.Enum(Types);
    }

    private sealed class AnyKind(string expected = "a value", string example = "text", bool list = false) : Kind<Node>
    {
        public override string Expected => expected;

        public override string Example => example;

        public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out Node value)
        {
            value = node;
            return !list ? node is not ScalarNode { Type: ScalarType.Null } || binder.WrongType(node, this)
                : node is SequenceNode { Items.IsEmpty: false } || (node is SequenceNode
                    ? binder.Invalid(DiagnosticCodes.EmptyValue, $"`{binder.CurrentKey}` has at least one entry", node.Span, $"For example `{binder.CurrentKey}: {example}`")
                    : binder.WrongType(node, this));
        }

        public override void WriteSchema(SchemaWriter schema)
        {
            schema.Types(list ? ["array"] : ["string", "number", "boolean", "array"]);
            schema.Member(list ? "minItems" : null, 1);
            schema.Object("items", static s => s.Types("string", "number", "boolean"));
        }
    }
}

/// <summary>The values of <c>with</c>.</summary>
internal sealed class ArgumentsKind : Kind<ImmutableArray<ArgumentDraft>>
{
    public static ArgumentsKind Instance { get; } = new();

    public override string Expected => "a mapping of parameters";

    public override string Example => "{ target: linux }";

    public override bool TryRead(Binder binder, Node node, out ImmutableArray<ArgumentDraft> value)
    {
        value = [];
        if (node is not MappingNode mapping)
        {
            return binder.WrongType(node, this);
        }

        var arguments = ImmutableArray.CreateBuilder<ArgumentDraft>(mapping.Entries.Length);
        foreach (var entry in mapping.Entries)
        {
            binder.CurrentKey = entry.Key.Text;
            if (Argument(binder, entry) is { } argument)
            {
                arguments.Add(argument);
            }
        }

        binder.CurrentKey = "with";
        value = arguments.ToImmutable();
        return true;
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("object");
        schema.Object("additionalProperties", static s => s.Types("string", "number", "boolean", "array"));
    }

    // The parameter's type is not known yet: a constant stays what YAML says, with its text in `Computed` for parameters that are texts.
    private static ArgumentDraft? Argument(Binder binder, MappingEntry entry)
    {
        if (entry.Value is ScalarNode { Type: not ScalarType.Null } scalar)
        {
            return binder.ReadTemplate(scalar, ExpressionRole.Argument) is { } template
                ? new ArgumentDraft(entry.Key.Text, entry.Key.Span, scalar.Span, template.LiteralText is { } text ? Literals.Of(scalar, text) : null, template, [])
                : null;
        }

        if (entry.Value is not SequenceNode list)
        {
            binder.WrongType(entry.Value, "a text, a number, a boolean or a list", "text");
            return null;
        }

        var items = ImmutableArray.CreateBuilder<Template>(list.Items.Length);
        var texts = ImmutableArray.CreateBuilder<Value>(list.Items.Length);
        foreach (var item in list.Items)
        {
            if (item is not ScalarNode { Type: not ScalarType.Null } text)
            {
                binder.WrongType(item, "a list of texts", "[a, b]");
                return null;
            }

            if (binder.ReadTemplate(text, ExpressionRole.Argument) is not { } template)
            {
                return null;
            }

            items.Add(template);
            if (template.LiteralText is { } literal)
            {
                texts.Add(Value.Of(literal));
            }
        }

        return new ArgumentDraft(entry.Key.Text, entry.Key.Span, list.Span, texts.Count == items.Count ? new Value.List(texts.DrainToImmutable()) : null, null, items.MoveToImmutable());
    }
}
