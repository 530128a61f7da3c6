using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Core.Scheduling;
using Cairn.Engine.Caching;
using Cairn.Engine.Isolation;
using Cairn.Engine.Outputs;
using Cairn.Engine.Running;
using Cairn.Execution;
using Cairn.Execution.Sandbox;

namespace Cairn.Engine.Debugging;

/// <summary>Runs a program in the fresh sandbox of a step: its inputs as they are now, the outputs of what it needs from the cache or the working tree. Nothing is recorded or kept.</summary>
public static class ExecSession
{
    /// <summary>Runs; the program's exit code. Throws <see cref="DebugException"/> and <see cref="IOException"/>.</summary>
    /// <param name="prepared">A run of which only that step is selected.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="variables">Variables beside those of the step.</param>
    /// <param name="onTerminal">Whether it gets a terminal.</param>
    /// <param name="warn">Told what a person should know.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<int> RunAsync(
        PreparedRun prepared, IReadOnlyList<string> command, IReadOnlyDictionary<string, string> variables, bool onTerminal, Action<string> warn, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(variables);
        ArgumentNullException.ThrowIfNull(warn);
        var request = prepared.Request;
        var plan = prepared.Plan ?? throw new ArgumentException("A session needs a plan", nameof(prepared));
        var job = Selected(prepared, plan);
        if (request.IsolationOf(job.Step) != IsolationLevel.Sandbox)
        {
            throw new DebugException(job.Step.Isolation is null
                ? $"`{job.Id}` runs in isolation `process`, which has no root of its own: `cairn config set run.isolation sandbox`"
                : $"`{job.Id}` asks for isolation `process`, which has no root of its own");
        }

        if (!job.Step.Services.IsEmpty)
        {
            warn($"The services of `{job.Id}` do not run here");
        }

        await using var host = ProcessHost.Create(new ProcessHostOptions { PidNamespace = false, RunToken = prepared.Id.Value });
        using var inputs = RunInputs.Take(prepared, cancellationToken);
        foreach (var diagnostic in inputs.Diagnostics)
        {
            warn(diagnostic.Message);
        }

        if (inputs.HasErrors)
        {
            throw new DebugException("The inputs cannot be read");
        }

        using var tree = new OutputTree(request.ProjectDirectory, prepared.Id);
        using var reporter = new RunReporter(prepared.Id, log: null, new SilentObserver(), TimeProvider.System);
        var scope = new RunScope(plan, prepared.PlanInput.Git, prepared.PlanInput.Run, globs => tree.HashFiles(globs));
        var dates = new SourceDates(scope, request, prepared.Git, host);
        using var cache = new RunCache(prepared, inputs, scope, reporter, tree, dates);
        var known = await LearnAsync(plan, job, request, scope, dates, cache, cancellationToken);
        string? sourceDate = null;
        if (request.DeterminismOf(job.Step) is { } determinism)
        {
            if (DeterminismRules.Problem(request, job.Step, determinism) is var (_, problem, _))
            {
                throw new DebugException(problem);
            }

            await dates.FindAsync(job, cancellationToken);
            sourceDate = dates.Of(job);
        }

        var action = cache.Prepare(job, attempt: 1, cancellationToken);
        if (tree.MissingInput(job, action.Inputs) is { } missing)
        {
            throw new DebugException($"The declared input `{missing}` of `{job.Id}` does not exist");
        }

        CheckNeeds(plan, job, action, known, warn);
        using var sandboxes = new SandboxIsolation(host, inputs, tree, request, TimeProvider.System);
        var secrets = new SecretResolver(plan.Pipeline.Secrets, request.ProjectDirectory, host, (_, text) => warn(text));
        var expressions = new JobScope(scope, job, attempt: 1, needs: null);
        try
        {
            var environment = await StepEnvironment.OfAttemptAsync(
                request, expressions, plan.Pipeline, job, attempt: 1, prepared.Id, SandboxIsolation.Home, SandboxIsolation.ProjectDirectory, sourceDate, name => secrets.ResolveAsync(name, cancellationToken));
            environment["CAIRN_OUTPUT"] = $"/{SandboxIsolation.Exchange}/output";
            environment["CAIRN_SUMMARY"] = $"/{SandboxIsolation.Exchange}/summary";
            foreach (var (name, value) in variables)
            {
                environment[name] = value;
            }

            var folder = job.Step.WorkingDirectory is { } template ? SandboxedPlace.Normalize(expressions.Text(template)) : "";
            var root = sandboxes.Mount(scope, job, attempt: 1, action, onTerminal);
            using (root)
            {
                return AttachedProcess.Run(
                    root.Place,
                    new ProcessSpec { Arguments = [.. command], Environment = [.. environment], WorkingDirectory = $"{SandboxIsolation.ProjectDirectory}/{folder}".TrimEnd('/') },
                    cancellationToken);
            }
        }
        catch (Exception exception) when (exception is SecretException or EvaluationException)
        {
            throw new DebugException(exception.Message);
        }
    }

    private static Job Selected(PreparedRun prepared, Plan plan)
    {
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

    /// <summary>Asks the cache for everything that comes before a job, as a run would; the jobs whose results it has.</summary>
    private static async Task<HashSet<int>> LearnAsync(Plan plan, Job job, RunRequest request, RunScope scope, SourceDates dates, RunCache cache, CancellationToken cancellationToken)
    {
        var wanted = new SortedSet<int>();
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

        var done = new HashSet<int>();
        var known = new HashSet<int>();
        while (wanted.Count > 0)
        {
            var next = wanted.First(w => plan.Jobs[w].Needs.All(done.Contains));
            wanted.Remove(next);
            done.Add(next);
            try
            {
                if (request.DeterminismOf(plan.Jobs[next].Step) is not null)
                {
                    await dates.FindAsync(plan.Jobs[next], cancellationToken);
                }

                if (cache.TryKnow(plan.Jobs[next], cache.Prepare(plan.Jobs[next], attempt: 1, cancellationToken)) is { } result)
                {
                    scope.Record(next, new StepResult(JobStatus.Succeeded, result.StepOutputs, static () => null));
                    known.Add(next);
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

    private sealed class SilentObserver : IRunObserver
    {
        public void OnEvent(Core.Events.RunEvent runEvent)
        {
        }

        public void OnOutput(Core.JobId job, OutputSource source, ReadOnlySpan<byte> redactedBytes)
        {
        }
    }
}
