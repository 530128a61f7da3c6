using System.Collections.Immutable;

using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Core.Expressions;
using Cairn.Core.Language;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Core.Scheduling;
using Cairn.Core.Syntax;
using Cairn.Engine.Caching.Memo;
using Cairn.Engine.Configuration;
using Cairn.Engine.Fetching;
using Cairn.Engine.History;
using Cairn.Engine.Isolation;
using Cairn.Engine.Outputs;
using Cairn.Engine.Toolchains;

namespace Cairn.Engine.Preparation;

/// <summary>From a request to a plan with a selection, or to every mistake that stands in the way.</summary>
internal static class RunPreparation
{
    public static async Task<PreparedRun> PrepareAsync(RunRequest request, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var id = RunId.Create(now, RandomBits());
        var diagnostics = new DiagnosticBag();
        var sources = ImmutableDictionary<string, SourceText>.Empty;
        PreparedRun Refused() => new(request, diagnostics.ToSorted(), sources) { Id = id };

        if (!request.InspectOnly && IsNested(request.ProjectDirectory))
        {
            diagnostics.Error(
                DiagnosticCodes.NestedRun, "A step of a run cannot run the same project again", SourceSpan.None, "call the step's commands directly, or run a copy of the project in another folder");
            return Refused();
        }

        // Git's files are read while the memo is read, and the pipeline where there is none.
        var git = GitRepository.Begin(request.ProjectDirectory);
        var compiled = CompiledPipeline.Load(request);
        var gitState = await git.EndAsync(cancellationToken);
        compiled = compiled with { PlanKey = MemoKeys.PlanKey(request, gitState) };
        var input = Input(request, id, gitState);
        if (compiled.TryDecode(request, input, out var known, out var said))
        {
            if (gitState.Present && known.Pipeline.ReadsGitDetails())
            {
                gitState = await GitRepository.WithDetailsAsync(gitState, request.ProjectDirectory, cancellationToken);
                input = Input(request, id, gitState);
            }

            foreach (var diagnostic in said)
            {
                diagnostics.Add(diagnostic);
            }
        }
        else
        {
            var loader = new FileSourceLoader(request.ProjectDirectory);
            var read = PipelineReader.Read(request.PipelineFile, loader);
            sources = read.Sources;
            AddAll(read.Diagnostics, request.UntrustedLint, diagnostics);
            if (read.Pipeline is not { } pipeline)
            {
                return Refused();
            }

            LockOrder.Check(pipeline.Locks, pipeline.Steps, diagnostics);
            if (gitState.Present && pipeline.ReadsGitDetails())
            {
                gitState = await GitRepository.WithDetailsAsync(gitState, request.ProjectDirectory, cancellationToken);
            }

            input = Input(request, id, gitState) with { Parameters = request.InspectOnly ? WithPlaceholders(pipeline, request.Parameters) : request.Parameters };
            var planned = Planner.Plan(pipeline, input);
            foreach (var diagnostic in planned.Diagnostics)
            {
                diagnostics.Add(diagnostic);
            }

            if (planned.Plan is null || diagnostics.HasErrors)
            {
                return Refused();
            }

            known = planned.Plan;
            compiled = compiled with { Fresh = new FreshPlan(known, loader.Digests, diagnostics.ToSorted()) };
        }

        var plan = known;
        var (leftOut, selectionDiagnostics) = PlanSelection.Apply(plan, request.Only, request.From, request.Until);
        foreach (var diagnostic in selectionDiagnostics)
        {
            diagnostics.Add(diagnostic);
        }

        foreach (var diagnostic in PlanSelection.Resolve(plan, request.Force, "--force").Diagnostics)
        {
            diagnostics.Add(diagnostic);
        }

        SandboxUse.Check(request, plan, diagnostics);
        var file = new ProjectLock(request.ProjectDirectory);
        var toolchains = ProjectToolchains.Load(file, request.ProjectDirectory, plan.Pipeline);
        toolchains.Check(request, plan, leftOut, diagnostics);
        var fetches = ProjectFetches.Load(file, plan.Pipeline);
        fetches.Check(request, plan, leftOut, diagnostics);
        DeterminismRules.Check(request, plan, leftOut, diagnostics);
        IReadOnlyDictionary<JobId, ImmutableSortedDictionary<string, string>>? prior = null;
        if (request.RetryFailedOf is { } earlier && !diagnostics.HasErrors)
        {
            (leftOut, prior) = RetrySelection.Apply(plan, leftOut, earlier, request.ProjectDirectory, diagnostics);
        }

        if (diagnostics.HasErrors)
        {
            return Refused();
        }

        var durations = DurationHistory.Load(RunDirectory.DurationsFile(RunDirectory.StateDirectory(request.ProjectDirectory)));
        var prepared = new PreparedRun(request, diagnostics.ToSorted(), sources)
        {
            Id = id,
            Plan = plan,
            PlanInput = input,
            Git = gitState,
            LeftOut = leftOut,
            Expected = Expectations(plan, durations),
            Durations = durations,
            Compiled = compiled,
            Toolchains = toolchains,
            Fetches = fetches,
        };
        return prior is null ? prepared : prepared with { PriorOutputs = prior };
    }

    private static PlanInput Input(RunRequest request, RunId id, GitState git) => new()
    {
        Parameters = request.Parameters,
        Git = git.ToValue(),
        Run = RunRoot(id),
        IsTracked = git.Tracked is null ? null : git.IsTracked,
        FirstTrackedBelow = git.Tracked is null ? null : git.FirstTrackedBelow,
        FirstTrackedMatch = git.Tracked is null ? null : git.FirstTrackedMatch,
        HashFiles = globs => HashFiles(request.ProjectDirectory, id, globs),
    };

    private static void AddAll(ImmutableArray<Diagnostic> found, LintLevel untrusted, DiagnosticBag diagnostics)
    {
        foreach (var diagnostic in found)
        {
            if (diagnostic.Code != DiagnosticCodes.UntrustedScript || untrusted == LintLevel.Warn)
            {
                diagnostics.Add(diagnostic);
            }
            else if (untrusted == LintLevel.Error)
            {
                diagnostics.Add(diagnostic with { Severity = DiagnosticSeverity.Error });
            }
        }
    }

    /// <summary>Gives required parameters that have no value one that their type and their list of values permit.</summary>
    private static ImmutableDictionary<string, string> WithPlaceholders(Pipeline pipeline, ImmutableDictionary<string, string> given)
    {
        foreach (var parameter in pipeline.Parameters)
        {
            if (parameter.Default is null && !given.ContainsKey(parameter.Name))
            {
                given = given.Add(parameter.Name, parameter switch
                {
                    { Allowed: [var first, ..] } => ValueText.ToText(first) ?? parameter.Name,
                    { Type: ParameterType.Number } => "1",
                    { Type: ParameterType.Boolean } => "false",
                    { Type: ParameterType.List } => "[]",
                    _ => parameter.Name,
                });
            }
        }

        return given;
    }

    private static ImmutableArray<TimeSpan?> Expectations(Plan plan, DurationHistory durations)
    {
        var expected = ImmutableArray.CreateBuilder<TimeSpan?>(plan.Jobs.Length);
        foreach (var job in plan.Jobs)
        {
            expected.Add(durations.Expected(job.Id));
        }

        return expected.MoveToImmutable();
    }

    // Not a generator of secrets: that would load OpenSSL for three bytes.
    private static uint RandomBits()
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.NewGuid().TryWriteBytes(bytes);
        return BitConverter.ToUInt32(bytes);
    }

    private static bool IsNested(string project) =>
        Environment.GetEnvironmentVariable("CAIRN_PROJECT") is { } outer && string.Equals(Path.TrimEndingDirectorySeparator(outer), Path.TrimEndingDirectorySeparator(project), StringComparison.Ordinal);

    private static Value.Map RunRoot(RunId id) => new(
    [
        new("id", Value.Of(id.Value)),
        new("started_at", Value.Of(StartedAt(id.Value))),
        new("user", Value.Of(Environment.UserName)),
        new("host", Value.Of(Environment.MachineName)),
        new("ci", Value.Of(Environment.GetEnvironmentVariable("CI") is { Length: > 0 } ci && ci is not ("false" or "0"))),
    ]);

    // 20261121-021345-7f3a9c
    private static string StartedAt(string id) => $"{id[..4]}-{id[4..6]}-{id[6..8]}T{id[9..11]}:{id[11..13]}:{id[13..15]}Z";

    private static string HashFiles(string project, RunId id, ImmutableArray<string> globs)
    {
        using var tree = new OutputTree(project, id);
        return tree.HashFiles(globs);
    }
}

/// <summary>What a pipeline looks at, beyond what every run needs.</summary>
internal static class PipelineNeeds
{
    /// <summary>Whether any expression reads <c>git.tag</c>, <c>git.message</c> or <c>git.author</c>, or all of <c>git</c>.</summary>
    public static bool ReadsGitDetails(this Pipeline pipeline)
    {
        // Plain loops over one list: each run asks this of each step.
        var templates = new List<Template>();
        Add(pipeline.Environment, templates);
        foreach (var service in pipeline.Services)
        {
            Add(service.Environment, templates);
        }

        foreach (var step in pipeline.Steps)
        {
            if (step.Condition is { } condition && ReadsGitDetails(condition))
            {
                return true;
            }

            AddTemplates(step, templates);
            if (ReadsGitDetails(templates))
            {
                return true;
            }

            templates.Clear();
        }

        return ReadsGitDetails(templates);
    }

    /// <summary>All texts of a step in which expressions may stand, but its condition.</summary>
    private static void AddTemplates(Step step, List<Template> templates)
    {
        switch (step.Action)
        {
            case StepAction.Script script:
                templates.Add(script.Text);
                break;
            case StepAction.Command command:
                templates.AddRange(command.Arguments);
                break;
            case StepAction.Bundle bundle:
                templates.Add(bundle.Name);
                templates.AddRange(bundle.Files);
                break;
        }

        Add(step.Environment, templates);
        templates.AddRange(step.Inputs ?? []);
        templates.AddRange(step.Outputs);
        Add(step.WorkingDirectory, templates);
        Add(step.Generates, templates);
        Add(step.Cache.KeyExtra, templates);
        foreach (var axis in step.Matrix?.Axes ?? [])
        {
            Add(axis.Computed, templates);
        }
    }

    private static void Add(ImmutableArray<EnvironmentEntry> entries, List<Template> templates)
    {
        foreach (var entry in entries)
        {
            templates.Add(entry.Value);
        }
    }

    private static void Add(Template? template, List<Template> templates)
    {
        if (template is not null)
        {
            templates.Add(template);
        }
    }

    private static bool ReadsGitDetails(List<Template> templates)
    {
        foreach (var template in templates)
        {
            foreach (var expression in template.Expressions)
            {
                if (ReadsGitDetails(expression))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool ReadsGitDetails(Expression expression)
    {
        foreach (var reference in expression.References)
        {
            if (reference is { Root: "git" } && (reference.Path.IsEmpty || reference.Path[0] is "tag" or "message" or "author"))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>The selection of <c>--retry-failed</c>.</summary>
internal static class RetrySelection
{
    /// <summary>Leaves out what succeeded in the earlier run and does not follow from what must run again.</summary>
    public static (ImmutableArray<string?> LeftOut, Dictionary<JobId, ImmutableSortedDictionary<string, string>> Prior) Apply(
        Plan plan, ImmutableArray<string?> leftOut, RunId earlier, string project, DiagnosticBag diagnostics)
    {
        var prior = new Dictionary<JobId, ImmutableSortedDictionary<string, string>>();
        var record = new RunHistory(project).Read(earlier);
        if (record is null)
        {
            diagnostics.Error(DiagnosticCodes.NothingToRetry, $"There is no readable record of run `{earlier}`", SourceSpan.None, "`cairn runs` lists those there are");
            return (leftOut, prior);
        }

        var done = new Dictionary<string, StepFinished>(StringComparer.Ordinal);
        foreach (var finished in record.Events.OfType<StepFinished>())
        {
            // What an earlier retry left out was done in the run before it; its outputs came along.
            if (finished.Status is JobStatus.Succeeded or JobStatus.Skipped || finished.Allowed)
            {
                done[finished.Job] = finished;
            }
        }

        // A generator runs again where something that it made did not get done; what it made may itself have made more.
        foreach (var extended in record.Events.OfType<PipelineExtended>().Reverse())
        {
            if (extended.Jobs.Any(j => !done.ContainsKey(j.Id)))
            {
                done.Remove(extended.Job);
            }
        }

        var dependents = plan.Jobs.SelectMany(j => j.Needs.Select(n => (Need: n, j.Index))).ToLookup(e => e.Need, e => e.Index);
        var again = new bool[plan.Jobs.Length];
        foreach (var job in plan.Jobs)
        {
            if (!done.ContainsKey(job.Id.Value))
            {
                MarkWithDependents(dependents, job.Index, again);
            }
        }

        var any = false;
        var result = leftOut.ToBuilder();
        foreach (var job in plan.Jobs)
        {
            any |= again[job.Index] && result[job.Index] is null;
            if (!again[job.Index])
            {
                result[job.Index] ??= $"done in run {earlier}";
                prior[job.Id] = done[job.Id.Value].Outputs;
            }
        }

        if (!any)
        {
            diagnostics.Error(DiagnosticCodes.NothingToRetry, $"Nothing failed in run `{earlier}`, so there is nothing to retry", SourceSpan.None, "run all of it with `cairn run`");
        }

        return (result.ToImmutable(), prior);
    }

    private static void MarkWithDependents(ILookup<int, int> dependents, int start, bool[] marked)
    {
        var pending = new Stack<int>([start]);
        while (pending.TryPop(out var job))
        {
            if (marked[job])
            {
                continue;
            }

            marked[job] = true;
            foreach (var dependent in dependents[job])
            {
                pending.Push(dependent);
            }
        }
    }
}
