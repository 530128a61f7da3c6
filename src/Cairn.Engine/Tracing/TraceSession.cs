using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Core.Tracing;
using Cairn.Engine.Debugging;
using Cairn.Engine.Isolation;
using Cairn.Engine.Running;
using Cairn.Execution;

namespace Cairn.Engine.Tracing;

/// <summary>Runs a step once in a fresh sandbox that shows the whole working tree, and observes which files it reads and writes. Nothing of it is recorded or kept.</summary>
public static class TraceSession
{
    /// <summary>Runs it. Throws <see cref="DebugException"/>, <see cref="TraceException"/> and <see cref="IOException"/>.</summary>
    /// <param name="prepared">A run of which only that step is selected.</param>
    /// <param name="output">Takes what the step writes.</param>
    /// <param name="warn">Told what a person should know.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<TraceResult> RunAsync(PreparedRun prepared, IOutputSink output, Action<string> warn, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(warn);
        var program = Tracer.Find();
        var job = FreshStep.Selected(prepared);
        var open = Opened(prepared, job);
        await using var step = await FreshStep.PrepareAsync(open, open.Plan!.Jobs[job.Index], warn, cancellationToken);
        var environment = await step.EnvironmentAsync(cancellationToken);
        var surroundings = Surroundings.Find(step, job);
        var root = step.Sandboxes.Mount(step.Scope, step.Job, attempt: 1, step.Action with { Inputs = surroundings.Tree, Trees = step.Action.Trees.Add(surroundings.Others) }, interactive: false);
        using (root)
        {
            var spec = new ProcessSpec
            {
                Arguments = Tracer.Observing(program, step.CommandLine(text => step.Sandboxes.PutScript(root.Place, text))),
                Environment = [.. environment.OrderBy(static e => e.Key, StringComparer.Ordinal)],
                WorkingDirectory = step.WorkingDirectory,
                Place = root.Place,
                Secrets = step.Secrets.Known,
            };
            await Tracer.TryAsync(step.Host, root.Place, program, spec, cancellationToken);
            var (result, timedOut) = await RunAsync(step, spec, output, cancellationToken);
            var uses = Tracer.Read(root.Place, spec.WorkingDirectory, surroundings.Files);
            var failure = timedOut ? "timed out" : result is { ExitCode: 0, StartError: null } ? null : ProcessEnds.Describe(result);
            var proposal = TraceProposer.Propose(uses, surroundings.Describe(open, job, root, step.Sandboxes.Shared, uses) with { Failed = failure is not null });
            // The observer itself may be the last to end.
            return new TraceResult(job, uses, proposal, failure, Math.Max(0, result.StraysKilled - 1));
        }
    }

    private static async Task<(ProcessResult Result, bool TimedOut)> RunAsync(FreshStep step, ProcessSpec spec, IOutputSink output, CancellationToken cancellationToken)
    {
        var process = step.Host.Start(spec, output);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (step.Job.Step.Timeout is { } timeout)
        {
            limit.CancelAfter(timeout);
        }

        await using (limit.Token.Register(process.Kill))
        {
            var result = await process.Completion;
            cancellationToken.ThrowIfCancellationRequested();
            return (result, limit.IsCancellationRequested);
        }
    }

    /// <summary>The same run with the step in a sandbox that shows all. What the step declares is looked at as well: git may ignore it.</summary>
    private static PreparedRun Opened(PreparedRun prepared, Job job)
    {
        var network = prepared.Request.NetworkOf(job.Step);
        var open = job with { Inputs = null, Step = job.Step with { Isolation = IsolationLevel.Sandbox, Network = network } };
        var plan = prepared.Plan!;
        return prepared with { Plan = plan with { Jobs = plan.Jobs.SetItem(job.Index, open).Add(job with { Index = plan.Jobs.Length }) }, Compiled = null };
    }
}
