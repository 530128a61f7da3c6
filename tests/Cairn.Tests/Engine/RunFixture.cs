using System.Collections.Immutable;
using System.Text;

using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine;
using Cairn.Testing;

namespace Cairn.Tests.Engine;

/// <summary>A project of a test's own, in which real runs happen.</summary>
public sealed class RunFixture : IDisposable
{
    public TemporaryFolder Project { get; } = new();

    public TemporaryFolder State { get; } = new();

    public RunControl Control { get; } = new();

    public RunHistory History => new(Project.Path);

    public void Dispose()
    {
        Control.Dispose();
        Project.Dispose();
        State.Dispose();
    }

    public RunRequest Request(Func<RunRequest, RunRequest>? change = null)
    {
        var request = new RunRequest { ProjectDirectory = Project.Path, StateDirectory = State.Path, MaxParallel = 4, StopGrace = TimeSpan.FromMilliseconds(500) };
        return change?.Invoke(request) ?? request;
    }

    /// <summary>Writes the pipeline and prepares a run.</summary>
    public Task<PreparedRun> PrepareAsync(string yaml, Func<RunRequest, RunRequest>? change = null)
    {
        Project.Write("cairn.yaml", yaml);
        return RunEngine.PrepareAsync(Request(change), TestContext.Current.CancellationToken);
    }

    /// <summary>Writes the pipeline and runs it.</summary>
    public async Task<Outcome> RunAsync(string yaml, Func<RunRequest, RunRequest>? change = null, Action<RunEvent, RunFixture>? onEvent = null)
    {
        var prepared = await PrepareAsync(yaml, change);
        Assert.True(prepared.Plan is not null, string.Join('\n', prepared.Diagnostics));
        var observer = new Observer(e => onEvent?.Invoke(e, this));
        var result = await RunEngine.RunAsync(prepared, observer, Control, TestContext.Current.CancellationToken);
        return new Outcome(result, [.. observer.Events], observer.Output.ToDictionary(o => o.Key, o => Encoding.UTF8.GetString([.. o.Value]), StringComparer.Ordinal));
    }

    public sealed record Outcome(RunResult Result, ImmutableArray<RunEvent> Events, Dictionary<string, string> Output)
    {
        public RunStatus Status => Result.Status;

        public StepFinished this[string job] => Assert.Single(Events.OfType<StepFinished>(), e => string.Equals(e.Job, job, StringComparison.Ordinal));

        public string OutputOf(string job) => Output.GetValueOrDefault(job, "");

        public IEnumerable<string> Warnings => Events.OfType<WarningRaised>().Select(w => w.Message);
    }

    private sealed class Observer(Action<RunEvent> onEvent) : IRunObserver
    {
        public List<RunEvent> Events { get; } = [];

        public Dictionary<string, List<byte>> Output { get; } = new(StringComparer.Ordinal);

        public void OnEvent(RunEvent runEvent)
        {
            Events.Add(runEvent);
            onEvent(runEvent);
        }

        public void OnOutput(JobId job, OutputSource source, ReadOnlySpan<byte> bytes)
        {
            if (!Output.TryGetValue(job.Value, out var list))
            {
                Output[job.Value] = list = [];
            }

            list.AddRange(bytes);
        }
    }
}
