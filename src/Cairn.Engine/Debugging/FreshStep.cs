using System.Collections.Immutable;

using Cairn.Core.Planning;
using Cairn.Engine.Caching;
using Cairn.Engine.Isolation;
using Cairn.Engine.Outputs;
using Cairn.Engine.Running;
using Cairn.Execution;

namespace Cairn.Engine.Debugging;

/// <summary>One step made ready to run in a fresh sandbox outside of any run: its inputs as they are now, the outputs of what it needs from the cache or the working tree. Nothing is recorded or kept.</summary>
internal sealed class FreshStep : IAsyncDisposable
{
    private readonly PreparedRun _prepared;
    private readonly JobScope _expressions;
    private readonly ActionPreview _preview;
    private readonly string? _sourceDate;

    private FreshStep(PreparedRun prepared, Job job, ActionPreview preview, PreparedAction action, string? sourceDate, Action<string> warn)
    {
        _prepared = prepared;
        _preview = preview;
        _sourceDate = sourceDate;
        _expressions = new JobScope(preview.Scope, job, attempt: 1, needs: null);
        Job = job;
        Action = action;
        Sandboxes = new SandboxIsolation(preview.Host, preview.Inputs, preview.Tree, prepared.Request, TimeProvider.System);
        Secrets = new SecretResolver(Scope.Plan.Pipeline.Secrets, prepared.Request.ProjectDirectory, preview.Host, (_, text) => warn(text));
    }

    /// <summary>The job.</summary>
    public Job Job { get; }

    /// <summary>What starts its processes.</summary>
    public ProcessHost Host => _preview.Host;

    /// <summary>The sources.</summary>
    public RunInputs Inputs => _preview.Inputs;

    /// <summary>The working tree.</summary>
    public OutputTree Tree => _preview.Tree;

    /// <summary>What expressions see.</summary>
    public RunScope Scope => _preview.Scope;

    /// <summary>What it would execute, and over what.</summary>
    public PreparedAction Action { get; }

    /// <summary>What makes its root.</summary>
    public SandboxIsolation Sandboxes { get; }

    /// <summary>The secrets that were read for it.</summary>
    public SecretResolver Secrets { get; }

    /// <summary>The folder in which it begins, as it sees it.</summary>
    public string WorkingDirectory =>
        $"{SandboxIsolation.ProjectDirectory}/{(Job.Step.WorkingDirectory is { } template ? SandboxedPlace.Normalize(_expressions.Text(template)) : "")}".TrimEnd('/');

    /// <summary>The one job that a prepared run selects. Throws <see cref="DebugException"/>.</summary>
    public static Job Selected(PreparedRun prepared)
    {
        var plan = prepared.Plan ?? throw new ArgumentException("A session needs a plan", nameof(prepared));
        Job? selected = null;
        for (var i = 0; i < plan.Jobs.Length; i++)
        {
            if (prepared.LeftOut[i] is null)
            {
                selected = selected is null ? plan.Jobs[i] : throw new DebugException($"The step has several jobs, `{selected.Id}` and `{plan.Jobs[i].Id}` among them: name one");
            }
        }

        return selected ?? throw new DebugException("No step is selected");
    }

    /// <summary>Makes a step ready. Throws <see cref="DebugException"/> and <see cref="IOException"/>.</summary>
    /// <param name="prepared">A run of which only that step is selected.</param>
    /// <param name="job">The step's job, in the plan of that run.</param>
    /// <param name="warn">Told what a person should know.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<FreshStep> PrepareAsync(PreparedRun prepared, Job job, Action<string> warn, CancellationToken cancellationToken)
    {
        var request = prepared.Request;
        var plan = prepared.Plan!;
        if (!job.Step.Services.IsEmpty)
        {
            warn($"The services of `{job.Id}` do not run here");
        }

        var preview = await ActionPreview.OpenAsync(prepared, warn, cancellationToken);
        try
        {
            var known = await LearnAsync(plan, job, preview, cancellationToken);
            string? sourceDate = null;
            if (request.DeterminismOf(job.Step) is { } determinism)
            {
                if (DeterminismRules.Problem(request, job.Step, determinism) is var (_, problem, _))
                {
                    throw new DebugException(problem);
                }

                await preview.Dates.FindAsync(job, cancellationToken);
                sourceDate = preview.Dates.Of(job);
            }

            var action = await preview.PrepareAsync(job, cancellationToken);
            if (preview.Tree.MissingInput(job, action.Inputs) is { } missing)
            {
                throw new DebugException($"The declared input `{missing}` of `{job.Id}` does not exist");
            }

            CheckNeeds(plan, job, action, known, warn);
            return new FreshStep(prepared, job, preview, action, sourceDate, warn);
        }
        catch
        {
            await preview.DisposeAsync();
            throw;
        }
    }

    /// <summary>Its variables. Throws <see cref="DebugException"/>.</summary>
    public async Task<Dictionary<string, string>> EnvironmentAsync(CancellationToken cancellationToken)
    {
        try
        {
            var environment = await StepEnvironment.OfAttemptAsync(
                _prepared.Request, _expressions, Scope.Plan.Pipeline, Job, attempt: 1, _prepared.Id, SandboxIsolation.Home, SandboxIsolation.ProjectDirectory, _sourceDate, name => Secrets.ResolveAsync(name, cancellationToken));
            environment["CAIRN_OUTPUT"] = SandboxIsolation.OutputFile;
            environment["CAIRN_SUMMARY"] = SandboxIsolation.SummaryFile;
            return environment;
        }
        catch (Exception exception) when (exception is SecretException or EvaluationException)
        {
            throw new DebugException(exception.Message);
        }
    }

    /// <summary>Its program and arguments; to be asked for after the variables, which they may name. Throws <see cref="DebugException"/>.</summary>
    public ImmutableArray<string> CommandLine(Func<string, string> putScript)
    {
        try
        {
            return JobAttempt.CommandLine(Job.Step.Action, _expressions, putScript);
        }
        catch (EvaluationException exception)
        {
            throw new DebugException(exception.Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Sandboxes.Dispose();
        await _preview.DisposeAsync();
    }

    /// <summary>Asks the cache for everything that comes before a job, as a run would; the jobs whose results it has.</summary>
    private static async Task<HashSet<int>> LearnAsync(Plan plan, Job job, ActionPreview preview, CancellationToken cancellationToken)
    {
        var wanted = new HashSet<int>();
        var pending = new Stack<int>(job.Needs);
        while (pending.TryPop(out var need))
        {
            if (wanted.Add(need))
            {
                foreach (var further in plan.Jobs[need].Needs)
                {
                    pending.Push(further);
                }
            }
        }

        var known = new HashSet<int>();
        foreach (var next in ActionPreview.InOrder(plan, wanted))
        {
            try
            {
                if (preview.TryKnow(next, await preview.PrepareAsync(next, cancellationToken)) is not null)
                {
                    known.Add(next.Index);
                }
            }
            catch (EvaluationException)
            {
                // What it reads is not known; the working tree may have its outputs.
            }
        }

        return known;
    }

    /// <summary>A need that left nothing, in the cache or in the working tree, has not run, unless its outputs are globs, which may match nothing.</summary>
    private static void CheckNeeds(Plan plan, Job job, PreparedAction action, HashSet<int> known, Action<string> warn)
    {
        for (var i = 0; i < job.Needs.Length && i + 1 < action.Trees.Length; i++)
        {
            var need = plan.Jobs[job.Needs[i]];
            if (need.Outputs.IsEmpty || action.Trees[i + 1].Tree.Count > 0 || known.Contains(job.Needs[i]))
            {
                continue;
            }

            if (!need.Step.Cache.Enabled && need.Outputs.LiteralPaths.IsEmpty)
            {
                warn($"`{need.Id}`, which `{job.Id}` needs, has no outputs in the working tree: `cairn run {need.Step.Name}` may make some");
            }
            else
            {
                throw new DebugException($"`{job.Id}` needs `{need.Id}`, whose outputs are neither in the cache nor in the working tree: `cairn run {need.Step.Name}` makes them");
            }
        }
    }
}
