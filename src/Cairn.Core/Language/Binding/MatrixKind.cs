using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>A matrix: axes beside <c>include</c>, <c>exclude</c> and <c>limits</c>.</summary>
internal sealed class MatrixKind : Kind<MatrixDefinition>
{
    private static readonly KeySet<Limit> Limits = new(
        "limits", "`limits`", "Bounds of a matrix.",
        [
            new Key<Limit, int>("max_parallel", "Jobs of this matrix at once.", new IntegerKind("a number of jobs", 1, Core.Limits.JobsMax, "4"), static (d, v, _) => d.MaxParallel = v),
            new Key<Limit, int>("max_jobs", "Jobs of this matrix in all; more is an error.", new IntegerKind("a number of jobs", 1, Core.Limits.MatrixJobsMax, "64"), static (d, v, _) => d.MaxJobs = v) { Default = "4096" },
        ]);

    private static readonly ObjectKind<Limit> LimitsKind = new(Limits, "{ max_parallel: 4 }", static (_, _) => new Limit());

    public static MatrixKind Instance { get; } = new();

    public override string Expected => "a mapping of axes";

    public override string Example => "{ opt: [O0, O2] }";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out MatrixDefinition value)
    {
        value = null;
        if (node is ScalarNode { Text: var text } && text.Contains("${{", StringComparison.Ordinal))
        {
            return binder.Invalid(
                DiagnosticCodes.MatrixNotStatic, "A matrix cannot be an expression as a whole: the names of its axes must be known before the run", node.Span,
                $"Name the axis and compute its values: `matrix: {{ target: \"{text.Trim()}\" }}`");
        }

        if (node is not MappingNode mapping)
        {
            return binder.WrongType(node, this);
        }

        var axes = ImmutableArray.CreateBuilder<MatrixAxis>();
        var include = ImmutableArray<MatrixRow>.Empty;
        var exclude = ImmutableArray<MatrixRow>.Empty;
        var limit = new Limit();
        foreach (var entry in mapping.Entries)
        {
            binder.CurrentKey = entry.Key.Text;
            switch (entry.Key.Text)
            {
                case "include":
                    include = Rows(binder, entry.Value);
                    break;
                case "exclude":
                    exclude = Rows(binder, entry.Value);
                    break;
                case "limits":
                    if (LimitsKind.TryRead(binder, entry.Value, out var read))
                    {
                        limit = read;
                    }

                    break;
                default:
                    if (NameRule.Axis.Check(binder, entry.Key) && Axis(binder, entry) is { } axis)
                    {
                        axes.Add(axis);
                    }

                    break;
            }
        }

        binder.CurrentKey = "matrix";
        if (mapping.Entries.IsEmpty)
        {
            return binder.Invalid(DiagnosticCodes.EmptyValue, "`matrix` has at least one axis", node.Span, $"For example `matrix: {Example}`");
        }

        CheckExcluded(binder, axes, exclude);
        value = new MatrixDefinition(ObjectKind<Limit>.Start(node.Span))
        {
            Axes = axes.ToImmutable(),
            Include = include,
            Exclude = exclude,
            MaxParallel = limit.MaxParallel,
            MaxJobs = limit.MaxJobs,
        };
        return true;
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("object");
        schema.Member("minProperties", 1);
        schema.Object("properties", static s =>
        {
            s.Object("include", static p => Describe(p, "Combinations to add, or values to add to the combinations that they match.", WriteRows));
            s.Object("exclude", static p => Describe(p, "Combinations to leave out.", WriteRows));
            s.Object("limits", static p => Describe(p, "Bounds of the matrix.", LimitsKind.WriteSchema));
        });
        schema.Object("propertyNames", static s => s.Member("pattern", NameRule.Axis.Pattern));
        schema.Object("additionalProperties", static s =>
        {
            s.Member("description", "An axis: its values, or one expression that yields a list.");
            s.AnyOf(
                static p =>
                {
                    p.Type("array");
                    p.Member("minItems", 1);
                    p.Object("items", static i => i.Types("string", "number", "boolean"));
                },
                static p =>
                {
                    p.Type("string");
                    p.Member("pattern", "^\\$\\{\\{.*\\}\\}$");
                });
        });
    }

    private static void Describe(SchemaWriter schema, string text, Action<SchemaWriter> write)
    {
        schema.Member("description", text);
        write(schema);
    }

    private static void WriteRows(SchemaWriter schema)
    {
        schema.Type("array");
        schema.Object("items", static s =>
        {
            s.Type("object");
            s.Object("additionalProperties", static v => v.Types("string", "number", "boolean"));
        });
    }

    private static MatrixAxis? Axis(Binder binder, MappingEntry entry)
    {
        switch (entry.Value)
        {
            case SequenceNode { Items.IsEmpty: true }:
                binder.Invalid(DiagnosticCodes.EmptyValue, $"Axis `{entry.Key.Text}` has at least one value", entry.Value.Span, $"For example `{entry.Key.Text}: [a, b]`");
                return null;
            case SequenceNode list:
                var values = ImmutableArray.CreateBuilder<MatrixValue>(list.Items.Length);
                foreach (var item in list.Items)
                {
                    if (Value(binder, item) is { } value)
                    {
                        values.Add(value);
                    }
                }

                return new MatrixAxis(entry.Key.Text, values.ToImmutable(), Computed: null, entry.Key.Span);
            case ScalarNode scalar when scalar.Text.Contains("${{", StringComparison.Ordinal):
                if (binder.ReadTemplate(scalar, ExpressionRole.Matrix) is not { } computed)
                {
                    return null;
                }

                if (!computed.IsSingleExpression)
                {
                    binder.WrongType(scalar, "a list of values or one expression", "[a, b]");
                    return null;
                }

                return new MatrixAxis(entry.Key.Text, [], computed, entry.Key.Span);
            default:
                var example = entry.Value is ScalarNode { Type: not ScalarType.Null, Text: var text } ? $"[{text}]" : "[a, b]";
                binder.WrongType(entry.Value, "a list of values or one expression", example);
                return null;
        }
    }

    private static MatrixValue? Value(Binder binder, Node node)
    {
        if (node is not ScalarNode { Type: not ScalarType.Null } scalar)
        {
            binder.WrongType(node, "texts, numbers and booleans", null);
            return null;
        }

        if (binder.ReadTemplate(scalar, ExpressionRole.Matrix) is not { } template)
        {
            return null;
        }

        return template.LiteralText is { } text ? new MatrixValue(Literals.Of(scalar, text), null, scalar.Span) : new MatrixValue(Literals.Of(scalar), template, scalar.Span);
    }

    private static ImmutableArray<MatrixRow> Rows(Binder binder, Node node)
    {
        if (node is not SequenceNode list)
        {
            binder.WrongType(node, "a list of combinations", "[{ os: linux }]");
            return [];
        }

        var rows = ImmutableArray.CreateBuilder<MatrixRow>(list.Items.Length);
        foreach (var item in list.Items)
        {
            if (item is not MappingNode { Entries.IsEmpty: false } mapping)
            {
                binder.WrongType(item, "a list of combinations", "[{ os: linux }]");
                continue;
            }

            var values = ImmutableArray.CreateBuilder<KeyValuePair<string, MatrixValue>>(mapping.Entries.Length);
            foreach (var entry in mapping.Entries)
            {
                if (NameRule.Axis.Check(binder, entry.Key) && Value(binder, entry.Value) is { } value)
                {
                    values.Add(new(entry.Key.Text, value));
                }
            }

            rows.Add(new MatrixRow(values.ToImmutable(), ObjectKind<Limit>.Start(item.Span)));
        }

        return rows.ToImmutable();
    }

    /// <summary>A row of <c>exclude</c> that names no axis would never leave anything out.</summary>
    private static void CheckExcluded(Binder binder, ImmutableArray<MatrixAxis>.Builder axes, ImmutableArray<MatrixRow> exclude)
    {
        foreach (var row in exclude)
        {
            foreach (var (name, value) in row.Values)
            {
                var names = new List<string>(axes.Count);
                foreach (var axis in axes)
                {
                    names.Add(axis.Name);
                }

                if (!names.Contains(name))
                {
                    binder.Invalid(
                        DiagnosticCodes.UnknownAxis, $"`exclude` names the axis `{name}`, which this matrix does not have", value.Span,
                        Suggestions.Nearest(name, names) is { } nearest ? $"Did you mean `{nearest}`?" : null);
                }
            }
        }
    }

    private sealed class Limit
    {
        public int? MaxParallel { get; set; }

        public int MaxJobs { get; set; } = Core.Limits.MatrixJobsMax;
    }
}
