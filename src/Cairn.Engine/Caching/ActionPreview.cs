using Cairn.Core.Actions;
using Cairn.Core.Planning;
using Cairn.Core.Scheduling;
using Cairn.Engine.Isolation;
using Cairn.Engine.Outputs;
using Cairn.Engine.Running;
using Cairn.Execution;

namespace Cairn.Engine.Caching;

/// <summary>What the jobs of a plan would execute as everything is now, outside of any run. Nothing is executed, recorded or kept.</summary>
internal sealed class ActionPreview : IAsyncDisposable
{
    private readonly RunRequest _request;
    private readonly RunReporter _reporter;

    private ActionPreview(PreparedRun prepared, ProcessHost host, RunInputs inputs, OutputTree tree)
    {
        _request = prepared.Request;
        _reporter = new RunReporter(prepared.Id, log: null, new SilentObserver(), TimeProvider.System);
        Host = host;
        Inputs = inputs;
        Tree = tree;
        Scope = new RunScope(prepared.Plan!, prepared.PlanInput.Git, prepared.PlanInput.Run, globs => tree.HashFiles(globs));
        Dates = new SourceDates(Scope, _request, prepared.Git, host);
        Cache = new RunCache(prepared, inputs, Scope, _reporter, tree, Dates);
    }

    /// <summary>What starts its processes.</summary>
    public ProcessHost Host { get; }

    /// <summary>The sources, and whom to believe.</summary>
    public RunInputs Inputs { get; }

    /// <summary>The working tree.</summary>
    public OutputTree Tree { get; }

    /// <summary>What expressions see.</summary>
    public RunScope Scope { get; }

    /// <summary>The times of sources.</summary>
    public SourceDates Dates { get; }

    /// <summary>The action cache.</summary>
    public RunCache Cache { get; }

    /// <summary>Looks at sources and cache. Throws <see cref="IOException"/> where they cannot be read.</summary>
    /// <param name="prepared">A run with a plan.</param>
    /// <param name="warn">Told what a person should know.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<ActionPreview> OpenAsync(PreparedRun prepared, Action<string> warn, CancellationToken cancellationToken)
    {
        var host = ProcessHost.Create(new ProcessHostOptions { PidNamespace = false, RunToken = prepared.Id.Value });
        RunInputs? inputs = null;
        OutputTree? tree = null;
        try
        {
            inputs = RunInputs.Take(prepared, cancellationToken);
            foreach (var diagnostic in inputs.Diagnostics)
            {
                warn(diagnostic.Message);
            }

            if (inputs.HasErrors || inputs.Store is null)
            {
                throw new IOException(inputs.HasErrors ? "The inputs cannot be read" : $"There is no store: {inputs.Off ?? "nothing is cached here"}");
            }

            tree = new OutputTree(prepared.Request.ProjectDirectory, prepared.Id);
            return new ActionPreview(prepared, host, inputs, tree);
        }
        catch
        {
            tree?.Dispose();
            inputs?.Dispose();
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Describes a job whose needs are known. Throws <see cref="EvaluationException"/> where it reads what is not, and <see cref="IOException"/> where its inputs contradict each other.</summary>
    public async Task<PreparedAction> PrepareAsync(Job job, CancellationToken cancellationToken)
    {
        if (_request.DeterminismOf(job.Step) is not null)
        {
            await Dates.FindAsync(job, cancellationToken);
        }

        return Cache.Prepare(job, attempt: 1, cancellationToken);
    }

    /// <summary>Asks the cache for the result of a job: those that need it know its outputs then. Null where it has none.</summary>
    public ActionResult? TryKnow(Job job, PreparedAction action)
    {
        var result = Cache.TryKnow(job, action);
        if (result is not null)
        {
            Record(job, result);
        }

        return result;
    }

    /// <summary>Has those that need a job see these outputs, whatever the cache has.</summary>
    public void Assume(Job job, ActionResult result)
    {
        Cache.Assume(job, result);
        Record(job, result);
    }

    /// <summary>Jobs in an order in which each follows what it needs.</summary>
    public static IEnumerable<Job> InOrder(Plan plan, IEnumerable<int> jobs)
    {
        var wanted = new SortedSet<int>(jobs);
        var done = new HashSet<int>();
        while (wanted.Count > 0)
        {
            var next = wanted.First(w => plan.Jobs[w].Needs.All(n => done.Contains(n) || !wanted.Contains(n)));
            wanted.Remove(next);
            done.Add(next);
            yield return plan.Jobs[next];
        }
    }

    public async ValueTask DisposeAsync()
    {
        Cache.Dispose();
        _reporter.Dispose();
        Tree.Dispose();
        Inputs.Dispose();
        await Host.DisposeAsync();
    }

    private void Record(Job job, ActionResult result) => Scope.Record(job.Index, new StepResult(JobStatus.Succeeded, result.StepOutputs, static () => null));

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
