using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Fetching;
using Cairn.Core.Language.Binding;
using Cairn.Core.Language.Checks;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Language;

/// <summary>One of the bodies that make a step: its own mapping, then the template it uses, then the template that one uses.</summary>
/// <param name="Draft">The mapping.</param>
/// <param name="Scope">What <c>params</c> means in it; null in the step's own.</param>
internal readonly record struct Layer(StepDraft Draft, ParameterScope? Scope);

/// <summary>A step with the bodies that made it.</summary>
internal sealed record ResolvedStep(string Name, SourceSpan Span, ImmutableArray<Layer> Layers)
{
    /// <summary>The needs of all layers, each name once.</summary>
    public required ImmutableArray<NameUse> Needs { get; init; }

    /// <summary>The services of all layers, each name once.</summary>
    public required ImmutableArray<NameUse> Services { get; init; }

    /// <summary>The matrix of the outermost layer that has one.</summary>
    public MatrixDefinition? Matrix { get; init; }
}

/// <summary>Makes steps from drafts: templates laid under them, defaults under those. Mistakes in the use of templates are <see cref="TemplateChecker"/>'s.</summary>
internal sealed class StepResolver(Definitions definitions)
{
    /// <summary>The layers of a step with what they unite.</summary>
    public ResolvedStep Resolve(Named<StepDraft> step)
    {
        var layers = ImmutableArray.CreateBuilder<Layer>(1);
        var layer = new Layer(step.Value!, null);
        layers.Add(layer);
        while (layer.Draft.Uses is { } uses && layers.Count <= Limits.IncludeDepthMax && definitions.Templates.Find(uses.Text)?.Value is { } template)
        {
            layer = new Layer(template, Scope(uses.Text, template, layer));
            layers.Add(layer);
        }

        var all = layers.ToImmutable();
        MatrixDefinition? matrix = null;
        foreach (var (draft, scope) in all)
        {
            matrix ??= draft.Matrix is { } own ? Within(own, scope) : null;
        }

        return new ResolvedStep(step.Name, step.Span, all)
        {
            Needs = Union(all, static d => d.Needs),
            Services = Union(all, static d => d.Services),
            Matrix = matrix,
        };
    }

    /// <summary>The step itself; null where its name is none.</summary>
    public static Step? Build(ResolvedStep resolved, ImmutableArray<EnvironmentEntry> generatedEnvironment)
    {
        if (!StepName.TryParse(resolved.Name, out var name))
        {
            return null;
        }

        var layers = resolved.Layers;
        var own = layers[0].Draft;
        var defaults = own.File!.Defaults;
        var scopes = ImmutableArray<ParameterScope>.Empty;
        foreach (var layer in layers)
        {
            scopes = layer.Scope is { } scope ? scopes.Add(scope) : scopes;
        }

        var fetch = layers[^1].Draft.Fetch is null ? null : new FetchPolicy(new HostRules(FirstValue(layers, static d => d.Hosts) ?? []));
        var action = Action(layers[^1]);
        if (action is StepAction.Bundle bundle)
        {
            // Made by Cairn itself: of all that says how a command is executed nothing is left.
            return new Step(name, action, resolved.Span)
            {
                Description = First(layers, static d => d.Description),
                Needs = References(resolved.Needs),
                Inputs = bundle.Files,
                Outputs = [bundle.Name],
                Timeout = FirstValue(layers, static d => d.Timeout) ?? defaults.Timeout,
                AllowFailure = FirstValue(layers, static d => d.AllowFailure) ?? defaults.AllowFailure ?? false,
                Condition = Condition(layers),
                Matrix = resolved.Matrix,
                Isolation = IsolationLevel.Process,
                Locks = Locks(First(layers, static d => d.Concurrency)),
                MaxParallel = First(layers, static d => d.Concurrency)?.MaxParallel,
                Cache = Cache(layers, defaults),
                Templates = scopes,
            };
        }

        return new Step(name, action, resolved.Span)
        {
            Description = First(layers, static d => d.Description),
            Needs = References(resolved.Needs),
            Environment = Environment(layers, defaults, generatedEnvironment),
            WorkingDirectory = Scoped(layers, static d => d.WorkingDirectory) ?? defaults.WorkingDirectory,
            Inputs = ScopedList(layers, static d => d.Inputs),
            Outputs = ScopedList(layers, static d => d.Outputs) ?? [],
            Timeout = FirstValue(layers, static d => d.Timeout) ?? defaults.Timeout,
            Retries = (First(layers, static d => d.Retries) ?? defaults.Retries) is { Max: > 0 } retries ? retries : null,
            AllowFailure = FirstValue(layers, static d => d.AllowFailure) ?? defaults.AllowFailure ?? false,
            Condition = Condition(layers),
            Matrix = resolved.Matrix,
            Isolation = fetch is null ? FirstValue(layers, static d => d.Isolation) ?? defaults.Isolation : IsolationLevel.Sandbox,
            Toolchain = First(layers, static d => d.Toolchain) ?? defaults.Toolchain,
            Network = fetch is null ? FirstValue(layers, static d => d.Network) ?? defaults.Network : NetworkAccess.Hosts,
            Fetch = fetch,
            Limits = First(layers, static d => d.Limits) ?? defaults.Limits,
            Strict = FirstValue(layers, static d => d.Strict) ?? defaults.Strict ?? false,
            Deterministic = (First(layers, static d => d.Deterministic) ?? defaults.Deterministic)?.Value,
            Locks = Locks(First(layers, static d => d.Concurrency)),
            MaxParallel = First(layers, static d => d.Concurrency)?.MaxParallel,
            Services = References(resolved.Services),
            Cache = Cache(layers, defaults),
            JUnitReports = ScopedList(layers, static d => d.JUnitReports) ?? [],
            Generates = Scoped(layers, static d => d.Generates),
            Templates = scopes,
        };
    }

    /// <summary>Locks sorted, each once.</summary>
    public static ImmutableArray<LockName> Locks(ConcurrencyDraft? concurrency)
    {
        if (concurrency is null || concurrency.Locks.IsEmpty)
        {
            return [];
        }

        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var name in concurrency.Locks)
        {
            names.Add(name.Value);
        }

        return [.. names.Select(static name => new LockName(name))];
    }

    /// <summary>What a template's parameters stand for where a layer uses it. Values with mistakes are left out.</summary>
    private static ParameterScope Scope(string name, StepDraft template, Layer user)
    {
        var parameters = ImmutableArray.CreateBuilder<ScopedParameter>(template.Parameters.Count);
        foreach (var named in template.Parameters)
        {
            if (named.Value is not { } parameter)
            {
                continue;
            }

            var argument = Find(user.Draft.With, parameter.Name);
            if (argument is null)
            {
                if (parameter.Default is not null)
                {
                    parameters.Add(new ScopedParameter(parameter, parameter.Span) { Constant = parameter.Default });
                }
            }
            else if (TemplateChecker.ConstantFor(parameter, argument) is { } constant)
            {
                if (parameter.TryFit(constant, out var fitted, out _))
                {
                    parameters.Add(new ScopedParameter(parameter, argument.Span) { Constant = fitted });
                }
            }
            else
            {
                parameters.Add(new ScopedParameter(parameter, argument.Span)
                {
                    Computed = argument.Computed is { } computed ? Within(computed, user.Scope) : null,
                    Items = Within(argument.Items, user.Scope),
                });
            }
        }

        return new ParameterScope(name, parameters.ToImmutable());
    }

    private static ArgumentDraft? Find(ImmutableArray<ArgumentDraft>? arguments, string name)
    {
        foreach (var argument in arguments ?? [])
        {
            if (string.Equals(argument.Name, name, StringComparison.Ordinal))
            {
                return argument;
            }
        }

        return null;
    }

    // The script's shell is that of the file in which the script stands.
    private static StepAction Action(Layer body) => body.Draft switch
    {
        { Run: { } run } => new StepAction.Script(Within(run, body.Scope), body.Draft.Shell ?? body.Draft.File!.Defaults.Shell ?? ShellKind.Default),
        { Command: { } command } => new StepAction.Command(Within(command, body.Scope)),
        { Bundle: not null } when BundleChecker.NameOf(body.Draft)?.Computed is { } name && BundleChecker.FilesOf(body.Draft) is { IsEmpty: false } files =>
            new StepAction.Bundle(Within(name, body.Scope), Within(files, body.Scope)),
        _ => new StepAction.Command([]),
    };

    private static ImmutableArray<EnvironmentEntry> Environment(ImmutableArray<Layer> layers, StepDraft defaults, ImmutableArray<EnvironmentEntry> first)
    {
        var entries = first.ToBuilder();
        entries.AddRange(defaults.Environment ?? []);
        for (var i = layers.Length - 1; i >= 0; i--)
        {
            foreach (var entry in layers[i].Draft.Environment ?? [])
            {
                entries.Add(entry with { Value = Within(entry.Value, layers[i].Scope) });
            }
        }

        return entries.ToImmutable();
    }

    private static CachePolicy Cache(ImmutableArray<Layer> layers, StepDraft defaults)
    {
        foreach (var (draft, scope) in layers)
        {
            if (draft.Cache is { } cache)
            {
                return cache.KeyExtra is { } extra && scope is not null ? cache with { KeyExtra = Within(extra, scope) } : cache;
            }
        }

        return defaults.Cache ?? CachePolicy.Default;
    }

    private static Expression? Condition(ImmutableArray<Layer> layers)
    {
        foreach (var (draft, scope) in layers)
        {
            if (draft.Condition is { } condition)
            {
                return scope is null ? condition : condition.Within(scope);
            }
        }

        return null;
    }

    private static T? First<T>(ImmutableArray<Layer> layers, Func<StepDraft, T?> select)
        where T : class
    {
        foreach (var layer in layers)
        {
            if (select(layer.Draft) is { } value)
            {
                return value;
            }
        }

        return null;
    }

    private static T? FirstValue<T>(ImmutableArray<Layer> layers, Func<StepDraft, T?> select)
        where T : struct
    {
        foreach (var layer in layers)
        {
            if (select(layer.Draft) is { } value)
            {
                return value;
            }
        }

        return null;
    }

    private static Template? Scoped(ImmutableArray<Layer> layers, Func<StepDraft, Template?> select)
    {
        foreach (var (draft, scope) in layers)
        {
            if (select(draft) is { } template)
            {
                return Within(template, scope);
            }
        }

        return null;
    }

    private static ImmutableArray<Template>? ScopedList(ImmutableArray<Layer> layers, Func<StepDraft, ImmutableArray<Template>?> select)
    {
        foreach (var (draft, scope) in layers)
        {
            if (select(draft) is { } templates)
            {
                return Within(templates, scope);
            }
        }

        return null;
    }

    private static Template Within(Template template, ParameterScope? scope) => scope is null ? template : template.Within(scope);

    private static ImmutableArray<Template> Within(ImmutableArray<Template> templates, ParameterScope? scope) =>
        scope is null ? templates : ImmutableArray.CreateRange(templates, static (template, scope) => template.Within(scope), scope);

    private static MatrixDefinition Within(MatrixDefinition matrix, ParameterScope? scope)
    {
        if (scope is null)
        {
            return matrix;
        }

        return matrix with
        {
            Axes = ImmutableArray.CreateRange(matrix.Axes, static (axis, scope) => axis with
            {
                Computed = axis.Computed?.Within(scope),
                Values = ImmutableArray.CreateRange(axis.Values, Within, scope),
            }, scope),
            Include = ImmutableArray.CreateRange(matrix.Include, Within, scope),
            Exclude = ImmutableArray.CreateRange(matrix.Exclude, Within, scope),
        };
    }

    private static MatrixValue Within(MatrixValue value, ParameterScope scope) => value with { Computed = value.Computed?.Within(scope) };

    private static MatrixRow Within(MatrixRow row, ParameterScope scope) => row with
    {
        Values = ImmutableArray.CreateRange(row.Values, static (pair, scope) => KeyValuePair.Create(pair.Key, Within(pair.Value, scope)), scope),
    };

    private static ImmutableArray<NameUse> Union(ImmutableArray<Layer> layers, Func<StepDraft, ImmutableArray<NameUse>?> select)
    {
        if (layers.Length == 1)
        {
            return select(layers[0].Draft) ?? [];
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        var union = ImmutableArray.CreateBuilder<NameUse>();
        foreach (var layer in layers)
        {
            foreach (var use in select(layer.Draft) ?? [])
            {
                if (names.Add(use.Text))
                {
                    union.Add(use);
                }
            }
        }

        return union.ToImmutable();
    }

    private static ImmutableArray<StepReference> References(ImmutableArray<NameUse> uses)
    {
        var references = ImmutableArray.CreateBuilder<StepReference>(uses.Length);
        foreach (var use in uses)
        {
            if (StepName.TryParse(use.Text, out var name))
            {
                references.Add(new StepReference(name, use.Span));
            }
        }

        return references.ToImmutable();
    }
}
