using System.Collections.Immutable;

using Cairn.Core;
using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine;
using Cairn.Engine.Explain;

namespace Cairn.Tests.Explain;

/// <summary>Records of runs that a test writes, and the actions they speak of.</summary>
internal sealed class RecordedRuns(string project) : IActionSource
{
    public static readonly DateTimeOffset Start = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<string, RecordedAction> _actions = new(StringComparer.Ordinal);
    private int _runs;

    public RunHistory History { get; } = new(project);

    public static CacheUse Missed(string action) => new(CacheState.Miss) { Action = action };

    public static CacheUse Hit(string action, string run) => new(CacheState.Hit) { Action = action, FromRun = run, FromHost = "forge", FromTime = Start, SavedMs = 1200 };

    public static StepFinished Done(string job, CacheUse? cache) =>
        new StepCompleted { Time = Start, Job = job, Status = JobStatus.Succeeded, Attempts = cache?.State == CacheState.Hit ? 0 : 1, DurationMs = 1500, Cache = cache };

    public static StepFinished Failed(string job, CacheUse? cache) =>
        new StepFailed { Time = Start, Job = job, Status = JobStatus.Failed, Attempts = 1, DurationMs = 900, ExitCode = 2, Reason = "exit 2", Cache = cache };

    /// <summary>Notes an action: outputs, and what is compared, by kind and name.</summary>
    public string Action(string id, string[] outputs, params (ActionChangeKind Kind, string Name, string Value)[] parts)
    {
        _actions[id] = new RecordedAction([.. outputs], parts);
        return id;
    }

    public void Forget(string id) => _actions.Remove(id);

    /// <summary>Writes a run, an hour after the one before, of jobs that may need others: <c>test&lt;build</c>.</summary>
    public RunRecord Run(string[] jobs, params StepFinished[] finished) => Run(started => started, jobs, finished);

    public RunRecord Run(Func<PipelineStarted, PipelineStarted> change, string[] jobs, params StepFinished[] finished)
    {
        var time = Start.AddHours(_runs);
        var id = RunId.Create(time, (uint)_runs++);
        var summaries = jobs.Select(job => job.Split('<')).Select(parts => new JobSummary(parts[0], parts[0].Split('[')[0], [.. parts.Skip(1)]));
        List<RunEvent> events =
        [
            change(new PipelineStarted { Time = time, Run = id.Value, Pipeline = "zlib", File = "cairn.yaml", MaxParallel = 2, ProcessId = 1, Jobs = [.. summaries] }),
            .. finished,
            new PipelineFinished
            {
                Time = time.AddSeconds(3), DurationMs = 3000, Counts = ImmutableSortedDictionary<JobStatus, int>.Empty,
                Status = finished.Any(one => one is StepFailed) ? RunStatus.Failed : RunStatus.Succeeded,
            },
        ];
        var directory = Directory.CreateDirectory(Path.Combine(project, ".cairn", "runs", id.Value)).FullName;
        using (var file = File.Create(Path.Combine(directory, "events.ndjson")))
        {
            foreach (var runEvent in events)
            {
                file.Write(RunEventJson.Serialize(runEvent));
                file.WriteByte((byte)'\n');
            }
        }

        return History.Read(id)!;
    }

    public ImmutableArray<JobExplanation> Explain(RunRecord run, params string[] jobs) =>
        new CacheExplainer(History, this, new FileOrigins(this, Declared)).Explain(run, jobs.Length == 0 ? null : jobs.ToHashSet(StringComparer.Ordinal));

    public RunComparison Compare(RunRecord before, RunRecord after) => RunComparison.Of(before, after, this, new FileOrigins(this, Declared));

    ActionDifference? IActionSource.Compare(string before, string after)
    {
        if (!_actions.TryGetValue(before, out var first) || !_actions.TryGetValue(after, out var second))
        {
            return null;
        }

        var keys = new SortedSet<(ActionChangeKind, string)>(first.Parts.Concat(second.Parts).Select(part => (part.Kind, part.Name)));
        var changes = ImmutableArray.CreateBuilder<ActionChange>();
        foreach (var (kind, name) in keys)
        {
            var (old, now) = (first.Find(kind, name), second.Find(kind, name));
            if (old != now)
            {
                changes.Add(kind switch
                {
                    ActionChangeKind.Input => Input(name, old, now),
                    // The scripts have this line between two others.
                    ActionChangeKind.Script => new ActionChange(kind, name, old, now) { Line = 2, Script = new($"set -e\n{old}\necho done\n", $"set -e\n{now}\necho done\n") },
                    _ => new ActionChange(kind, name, old, now),
                });
            }
        }

        return new ActionDifference(changes.ToImmutable(), IsComplete: true);
    }

    /// <summary>A file by any text as its content, a link by <c>-> TARGET</c>, executable by <c>x</c> at its end.</summary>
    public static ActionChange Input(string path, string? before, string? after)
    {
        var (old, now) = (Leaf(before), Leaf(after));
        var kind = before is null ? TreeChangeKind.Added : after is null ? TreeChangeKind.Removed : TreeChangeKind.Content;
        return new ActionChange(ActionChangeKind.Input, path, before, after) { Input = new TreeChange(path, kind, old, now) };
    }

    ImmutableArray<string>? IActionSource.Outputs(string action) => _actions.TryGetValue(action, out var known) ? known.Outputs : null;

    private static TreeLeaf? Leaf(string? text) => text is null ? null
        : text.StartsWith("-> ", StringComparison.Ordinal) ? new TreeLeaf(Digest.Empty, Executable: false, text[3..])
        : new TreeLeaf(Digest.Of(System.Text.Encoding.UTF8.GetBytes(text)), text.EndsWith('x'));

    // What the pipeline as it is now says of a step that has no action.
    private static PathPatterns? Declared(string job) => job == "stamp" ? PathPatterns.Parse("stamp.h") : null;

    private sealed record RecordedAction(ImmutableArray<string> Outputs, (ActionChangeKind Kind, string Name, string Value)[] Parts)
    {
        public string? Find(ActionChangeKind kind, string name)
        {
            foreach (var part in Parts)
            {
                if (part.Kind == kind && part.Name == name)
                {
                    return part.Value;
                }
            }

            return null;
        }
    }
}
