using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Binding;
using Cairn.Core.Language.Checks;
using Cairn.Core.Language.Model;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language;

/// <summary>Finds the files of a pipeline; the caller does the I/O.</summary>
public interface ISourceLoader
{
    /// <summary>The bytes of a file, its path relative to the project; null where there is none. Throws <see cref="System.IO.IOException"/> with a message fit for a person where it cannot be read.</summary>
    byte[]? Load(string path);
}

/// <summary>What reading a pipeline yields.</summary>
/// <param name="Pipeline">The pipeline, or null after errors.</param>
/// <param name="Diagnostics">Every mistake, sorted by place.</param>
/// <param name="Sources">The files by name, to show lines of.</param>
public sealed record ReadResult(Pipeline? Pipeline, ImmutableArray<Diagnostic> Diagnostics, ImmutableDictionary<string, SourceText> Sources);

/// <summary>Reads a pipeline file with everything it includes.</summary>
public static class PipelineReader
{
    /// <summary>Reads <paramref name="file"/>.</summary>
    public static ReadResult Read(string file, ISourceLoader loader) => Read(file, loader, existing: null);

    /// <summary>
    /// Reads a pipeline that a step generated: <c>version</c>, <c>description</c>, <c>include</c>, <c>templates</c>, <c>env</c>, <c>defaults</c>
    /// and <c>steps</c> only; needs may name <paramref name="existing"/> steps. The result has the new steps only, with the file's
    /// <c>env</c> laid under theirs, and the existing pipeline's parameters, variables, services and secrets.
    /// </summary>
    public static ReadResult ReadGenerated(string file, ISourceLoader loader, Pipeline existing)
    {
        ArgumentNullException.ThrowIfNull(existing);
        return Read(file, loader, existing);
    }

    private static ReadResult Read(string file, ISourceLoader loader, Pipeline? existing)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(loader);
        var diagnostics = new DiagnosticBag();
        var files = new FileSet(loader, diagnostics);
        var root = files.Load(file, existing is null ? PipelineKeys.Pipeline : PipelineKeys.Generated);
        var definitions = new Definitions(diagnostics) { Existing = existing };
        if (existing is not null)
        {
            definitions.Add(existing);
        }

        foreach (var draft in files.Files)
        {
            definitions.Add(draft);
        }

        CheckExisting(definitions, diagnostics);
        if (definitions.Steps.Items.Count + (existing?.Steps.Length ?? 0) > Limits.StepsMax)
        {
            diagnostics.Error(DiagnosticCodes.TooManySteps, $"The pipeline has more than {Limits.StepsMax} steps", SourceSpan.None, "Put work together, or use a matrix");
        }

        var steps = Check(files, definitions, diagnostics);
        var pipeline = root is null || diagnostics.HasErrors ? null : Build(root, files, definitions, steps);
        if (pipeline is not null)
        {
            ToolchainChecker.CheckNeeds(pipeline, existing, diagnostics);
        }

        return new ReadResult(diagnostics.HasErrors ? null : pipeline, diagnostics.ToSorted(), files.Sources.ToImmutable());
    }

    private static List<ResolvedStep> Check(FileSet files, Definitions definitions, DiagnosticBag diagnostics)
    {
        new TemplateChecker(definitions, diagnostics).Check();
        var resolver = new StepResolver(definitions);
        var steps = new List<ResolvedStep>(definitions.Steps.Items.Count);
        foreach (var step in definitions.Steps.Items)
        {
            if (step.Value is not null)
            {
                steps.Add(resolver.Resolve(step));
            }
        }

        var graph = new NeedsGraph(steps, definitions, diagnostics);
        graph.CheckCircles();
        var references = new ReferenceChecker(definitions, graph, diagnostics);
        foreach (var draft in files.Files)
        {
            references.CheckSite(draft);
            references.CheckSite(draft.Defaults);
        }

        ToolchainChecker.Check(files.Files, definitions, diagnostics);
        FetchChecker.Check(definitions, steps, diagnostics);
        BundleChecker.Check(steps, diagnostics);

        foreach (var template in definitions.Templates.Items)
        {
            if (template.Value is { } draft)
            {
                references.CheckSite(draft);
            }
        }

        foreach (var service in definitions.Services.Items)
        {
            if (service.Value is { } draft)
            {
                references.CheckSite(draft);
                references.CheckService(draft);
            }
        }

        foreach (var step in steps)
        {
            references.CheckSite(step.Layers[0].Draft);
            references.CheckStep(step);
        }

        return steps;
    }

    private static void CheckExisting(Definitions definitions, DiagnosticBag diagnostics)
    {
        foreach (var existing in definitions.Existing?.Steps ?? [])
        {
            if (definitions.Steps.Find(existing.Name.Value) is { } step)
            {
                diagnostics.Add(new Diagnostic(DiagnosticCodes.DuplicateDefinition, DiagnosticSeverity.Error, $"The run already has a step `{step.Name}`", step.Span, "Choose another name")
                {
                    Notes = [new DiagnosticNote("Defined here", existing.Span)],
                });
            }
        }
    }

    private static Pipeline Build(FileDraft root, FileSet files, Definitions definitions, List<ResolvedStep> resolved)
    {
        var environment = ImmutableArray.CreateRange(definitions.Environment.Items.ConvertAll(static item => item.Value!));
        var steps = ImmutableArray.CreateBuilder<Step>(resolved.Count);
        foreach (var step in resolved)
        {
            if (StepResolver.Build(step, definitions.Existing is null ? [] : environment) is { } built)
            {
                steps.Add(built);
            }
        }

        return new Pipeline
        {
            Name = root.PipelineName ?? definitions.Existing?.Name,
            Description = root.Description,
            Files = [.. files.Names],
            Parameters = [.. definitions.Parameters.Items.ConvertAll(static item => item.Value!)],
            Environment = definitions.Existing?.Environment ?? environment,
            MaxParallel = definitions.Existing is { } existing ? existing.MaxParallel : root.Concurrency?.MaxParallel,
            Locks = definitions.Existing?.Locks ?? StepResolver.Locks(root.Concurrency),
            Services = definitions.Existing?.Services ?? [.. definitions.Services.Items.ConvertAll(Build)],
            Secrets = [.. definitions.Secrets.Items.ConvertAll(static item => new Secret(item.Name, item.Value!, item.Span))],
            Toolchains = [.. definitions.Toolchains.Items.ConvertAll(static item => new Toolchain(item.Name, item.Value!, item.Span))],
            Steps = steps.ToImmutable(),
        };
    }

    private static Service Build(Named<ServiceDraft> named)
    {
        var draft = named.Value!;
        StepAction action = draft.Run is { } run ? new StepAction.Script(run, draft.Shell ?? ShellKind.Default) : new StepAction.Command(draft.Command ?? []);
        return new Service(StepName.Parse(named.Name), action, named.Span)
        {
            Environment = draft.Environment,
            WorkingDirectory = draft.WorkingDirectory,
            Ready = draft.Ready is { Check: { } check } ready ? new ReadinessProbe(check, ready.Interval, ready.Timeout) : null,
            StopGrace = draft.StopGrace ?? TimeSpan.FromSeconds(10),
        };
    }
}
