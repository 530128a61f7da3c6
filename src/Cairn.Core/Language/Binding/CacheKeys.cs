using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary><c>cache</c>: <c>true</c>, <c>false</c>, or a mapping, which means <c>true</c> and more.</summary>
internal sealed class CacheKind : Kind<CachePolicy>
{
    private static readonly ObjectKind<CacheDraft> Object = new(
        new KeySet<CacheDraft>(
            "cache", "`cache`", "What else decides whether a result is taken from an earlier run, and the folders of tools that outlive steps.",
            [
                new Key<CacheDraft, Template>(
                    "key_extra", "A text that becomes part of the key: where it changes, the step executes again. For what the step depends on but Cairn cannot see.",
                    new TemplateKind(ExpressionRole.CacheKey, "a text", "\"2\""), static (d, v, _) => d.KeyExtra = v),
                new Key<CacheDraft, ImmutableArray<ToolCacheUse>>(
                    "paths", "Tool caches by name: folders of package managers and compilers that are kept from run to run. Their content is never part of the key, so only what changes nothing but the speed belongs there.",
                    ToolCachesKind.Instance, static (d, v, _) => d.Paths = v),
            ]),
        "{ key_extra: \"2\" }", static (_, _) => new CacheDraft());

    public static CacheKind Instance { get; } = new();

    public override string Expected => "`true`, `false` or a mapping";

    public override string Example => "false";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out CachePolicy value)
    {
        value = null;
        switch (node)
        {
            case MappingNode:
                if (!Object.TryRead(binder, node, out var draft))
                {
                    return false;
                }

                value = new CachePolicy { KeyExtra = draft.KeyExtra, Paths = draft.Paths };
                return true;
            case ScalarNode { Type: ScalarType.Boolean }:
                value = BooleanKind.Instance.TryRead(binder, node, out var enabled) && !enabled ? CachePolicy.Default with { Enabled = false } : CachePolicy.Default;
                return true;
            case SequenceNode { Items: [ScalarNode first, ..] }:
                return binder.WrongType(node, Expected, $"{{ paths: {ToolCachesKind.ExampleFor(first.Text)} }}");
            default:
                return binder.WrongType(node, this);
        }
    }

    public override void WriteSchema(SchemaWriter schema) => schema.AnyOf(BooleanKind.Instance.WriteSchema, Object.WriteSchema);

    private sealed class CacheDraft
    {
        public Template? KeyExtra { get; set; }

        public ImmutableArray<ToolCacheUse> Paths { get; set; } = [];
    }
}

/// <summary>Tool caches: names with paths, none of which holds another.</summary>
internal sealed class ToolCachesKind : Kind<ImmutableArray<ToolCacheUse>>
{
    private static readonly NamedKind<ToolCacheDraft> ByName = new(
        NameRule.Step with { Subject = "tool cache" }, new ToolCacheKind(), "a mapping from names to paths", "{ nuget: ~/.nuget/packages }", allowEmpty: false);

    public static ToolCachesKind Instance { get; } = new();

    public override string Expected => ByName.Expected;

    public override string Example => ByName.Example!;

    public override bool TryRead(Binder binder, Node node, out ImmutableArray<ToolCacheUse> value)
    {
        value = [];
        if (node is SequenceNode { Items: [ScalarNode first, ..] })
        {
            return binder.WrongType(node, Expected, ExampleFor(first.Text));
        }

        if (!ByName.TryRead(binder, node, out var named))
        {
            return false;
        }

        var uses = ImmutableArray.CreateBuilder<ToolCacheUse>(named.Count);
        foreach (var item in named)
        {
            if (item.Value is not { Path: { } path } draft)
            {
                continue;
            }

            foreach (var other in uses)
            {
                if (ToolCachePaths.Overlap(path, other.Path))
                {
                    var same = string.Equals(path, other.Path, StringComparison.Ordinal);
                    binder.Diagnostics.Add(new Diagnostic(
                        DiagnosticCodes.ToolCacheOverlap, DiagnosticSeverity.Error,
                        same ? $"The tool caches `{other.Name}` and `{item.Name}` have the same path `{path}`" : $"The tool caches `{other.Name}` and `{item.Name}` lie within each other: `{other.Path}` and `{path}`",
                        draft.PathSpan, "Give each a folder of its own, or make them one")
                    {
                        Notes = [new DiagnosticNote($"`{other.Name}` is here", other.Span)],
                    });
                }
            }

            uses.Add(new ToolCacheUse(item.Name, path, draft.Shared, draft.PathSpan) { QuotaBytes = draft.Quota });
        }

        value = uses.DrainToImmutable();
        return true;
    }

    public override void WriteSchema(SchemaWriter schema) => ByName.WriteSchema(schema);

    /// <summary>How a path that stands in a list would be written.</summary>
    public static string ExampleFor(string path)
    {
        var end = path.TrimEnd('/');
        var name = end[(end.LastIndexOf('/') + 1)..].TrimStart('.');
        return StepName.TryParse(name, out _) && ToolCachePaths.TryNormalize(end, out var normal, out _) ? $"{{ {name}: {normal} }}" : ByName.Example!;
    }
}

/// <summary>A tool cache as written.</summary>
internal sealed class ToolCacheDraft
{
    /// <summary>Normalized; null after mistakes.</summary>
    public string? Path { get; set; }

    public SourceSpan PathSpan { get; set; }

    public bool Shared { get; set; }

    public long? Quota { get; set; }
}

/// <summary>A path, or a mapping with one.</summary>
internal sealed class ToolCacheKind : Kind<ToolCacheDraft>
{
    private static readonly ToolCachePathKind Path = new();

    private static readonly ObjectKind<ToolCacheDraft> Object = new(
        new KeySet<ToolCacheDraft>(
            "tool_cache", "a tool cache", "A folder that outlives the steps that use it.",
            [
                new Key<ToolCacheDraft, string>("path", "Where the step finds it: `~/…` is below the HOME of the step, anything else below the project.", Path, static (d, v, e) => (d.Path, d.PathSpan) = (v, e.Value.Span)) { Required = true },
                new Key<ToolCacheDraft, bool>("shared", "Whether all projects of the user share it by its name. Otherwise it is the project's own.", BooleanKind.Instance, static (d, v, _) => d.Shared = v) { Default = "false" },
                new Key<ToolCacheDraft, long>("quota", "The size beyond which the files that were not used for longest are removed.", new ByteSizeKind("2GiB"), static (d, v, _) => d.Quota = v) { Default = "that of the store" },
            ]),
        "{ path: ~/.nuget/packages, shared: true }", static (_, _) => new ToolCacheDraft());

    public override string Expected => "a path or a mapping";

    public override string Example => "~/.nuget/packages";

    public override bool TakesMapping => true;

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out ToolCacheDraft value)
    {
        value = null;
        if (node is MappingNode)
        {
            return Object.TryRead(binder, node, out value);
        }

        if (node is not ScalarNode { Type: not ScalarType.Null })
        {
            return binder.WrongType(node, this);
        }

        if (!Path.TryRead(binder, node, out var path))
        {
            return false;
        }

        value = new ToolCacheDraft { Path = path, PathSpan = node.Span };
        return true;
    }

    public override void WriteSchema(SchemaWriter schema) => schema.AnyOf(Path.WriteSchema, Object.WriteSchema);
}

/// <summary>The path of a tool cache, normalized.</summary>
internal sealed class ToolCachePathKind : Kind<string>
{
    public override string Expected => "a path";

    public override string Example => "~/.nuget/packages";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out string value)
    {
        value = null;
        if (node is not ScalarNode { Type: not ScalarType.Null, Text.Length: > 0 } scalar)
        {
            return binder.WrongType(node, this);
        }

        if (scalar.Text.Contains("${{", StringComparison.Ordinal))
        {
            return binder.Invalid(DiagnosticCodes.InvalidValue, "The path of a tool cache takes no expressions: the cache is told by its name, and is the same for all jobs", node.Span, "Write the path out; what differs from job to job can stand in a folder below it");
        }

        return ToolCachePaths.TryNormalize(scalar.Text, out value, out var mistake)
            || binder.Invalid(DiagnosticCodes.PathEscapes, mistake.Message, node.Span, mistake.Suggestion);
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("string");
        schema.Member("pattern", "^(~/)?[^/~]");
    }
}

/// <summary>A size with a unit, more than nothing.</summary>
internal sealed class ByteSizeKind(string example) : Kind<long>
{
    public override string Expected => "a size";

    public override string Example => example;

    public override bool TryRead(Binder binder, Node node, out long value)
    {
        value = 0;
        if (node is not ScalarNode { Type: not (ScalarType.Null or ScalarType.Boolean) } scalar)
        {
            return binder.WrongType(node, this);
        }

        return ByteSizes.TryParse(scalar.Text, out value, out var error)
            ? value > 0 || binder.Invalid(DiagnosticCodes.InvalidValue, $"`{binder.CurrentKey}` must be more than nothing", node.Span, $"For example `{binder.CurrentKey}: {example}`")
            : binder.Invalid(DiagnosticCodes.InvalidValue, error, node.Span, "Sizes are written `512MiB`, `2GiB` or `10GB`");
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("string");
        schema.Member("pattern", ByteSizes.Pattern);
        schema.Examples("512MiB", "2GiB");
    }
}
