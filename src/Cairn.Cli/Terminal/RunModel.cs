using System.Collections.Immutable;

using Cairn.Core.Events;
using Cairn.Core.Scheduling;

namespace Cairn.Cli.Terminal;

/// <summary>A job as the events tell it.</summary>
internal sealed class JobView(string id, ImmutableArray<string> needs)
{
    public string Id { get; } = id;

    public ImmutableArray<string> Needs { get; } = needs;

    /// <summary>What earlier runs took, or null.</summary>
    public TimeSpan? Expected { get; init; }

    public bool Running { get; set; }

    public TimeSpan StartedAt { get; set; }

    /// <summary>What it waits for (a lock, the next attempt), or null.</summary>
    public string? WaitsFor { get; set; }

    /// <summary>What its failed attempts failed with.</summary>
    public List<string> Retries { get; } = [];

    /// <summary>Its final event, or null.</summary>
    public StepFinished? Finished { get; set; }

    /// <summary>The last bytes of its present attempt; null where it wrote nothing or is done well.</summary>
    public TailBuffer? Tail { get; set; }
}

/// <summary>What a run looks like now: events in, state to show out. Times are since the view began.</summary>
internal sealed class RunModel(IReadOnlyDictionary<string, TimeSpan> expected)
{
    private readonly Dictionary<string, JobView> _jobs = new(StringComparer.Ordinal);

    public string Run { get; private set; } = "";

    public int MaxParallel { get; private set; } = 1;

    public TimeSpan StartedAt { get; private set; }

    /// <summary>In plan order.</summary>
    public List<JobView> Jobs { get; } = [];

    /// <summary>Those that run or wait for something nameable, in the order in which they began.</summary>
    public List<JobView> Active { get; } = [];

    public int FinishedCount { get; private set; }

    /// <summary>Failures that count.</summary>
    public int FailedCount { get; private set; }

    /// <summary>Results that came from the cache.</summary>
    public int CachedCount { get; private set; }

    /// <summary>Jobs that were executed to their end, whatever it was.</summary>
    public int ExecutedCount { get; private set; }

    /// <summary>What the executions took that the cached results come from, in milliseconds.</summary>
    public double SavedMs { get; private set; }

    /// <summary>Whether the run succeeded without executing anything, because all there was to do is in the cache.</summary>
    public bool IsAllCached => Finished is { Status: RunStatus.Succeeded } && CachedCount > 0 && ExecutedCount == 0;

    /// <summary>The last event, or null.</summary>
    public PipelineFinished? Finished { get; private set; }

    /// <summary>What the run itself waits for, or null.</summary>
    public string? WaitsFor { get; private set; }

    /// <summary>The job, or null where the run does not know it.</summary>
    public JobView? Find(string id) => _jobs.GetValueOrDefault(id);

    /// <summary>Takes the next event.</summary>
    public void Apply(RunEvent runEvent, TimeSpan now)
    {
        switch (runEvent)
        {
            case PipelineStarted started:
                Run = started.Run;
                MaxParallel = Math.Max(1, started.MaxParallel);
                StartedAt = now;
                Add(started.Jobs);
                break;
            case PipelineExtended extended:
                Add(extended.Jobs);
                break;
            case PipelineFinished finished:
                Finished = finished;
                WaitsFor = null;
                Active.Clear();
                break;
            case StepStarted started when Find(started.Job) is { } job:
                job.Running = true;
                job.StartedAt = now;
                job.WaitsFor = null;
                job.Tail?.Clear();
                Activate(job);
                break;
            case StepRetrying retrying when Find(retrying.Job) is { } job:
                job.Running = false;
                job.Retries.Add(retrying.Reason);
                job.WaitsFor = $"{retrying.Reason}, attempt {retrying.Attempt + 1} follows";
                job.StartedAt = now;
                Activate(job);
                break;
            case StepFinished finished when Find(finished.Job) is { Finished: null } job:
                job.Finished = finished;
                job.Running = false;
                job.WaitsFor = null;
                Active.Remove(job);
                FinishedCount++;
                FailedCount += finished is StepFailed && !finished.Allowed ? 1 : 0;
                ExecutedCount += finished.Attempts > 0 ? 1 : 0;
                if (finished.IsCached)
                {
                    CachedCount++;
                    SavedMs += finished.Cache?.SavedMs ?? 0;
                }

                break;
            case LockWaiting waiting:
                var text = waiting.Holder is { } holder ? $"waits for lock `{waiting.Lock}`, held by {holder}" : $"waits for lock `{waiting.Lock}`";
                if (waiting.Job is null)
                {
                    WaitsFor = text;
                }
                else if (Find(waiting.Job) is { } blocked)
                {
                    blocked.WaitsFor = text;
                    blocked.StartedAt = now;
                    Activate(blocked);
                }

                break;
            case LockAcquired acquired:
                if (acquired.Job is null)
                {
                    WaitsFor = null;
                }
                else if (Find(acquired.Job) is { Running: false } freed)
                {
                    freed.WaitsFor = null;
                    Active.Remove(freed);
                }

                break;
            default:
                break;
        }
    }

    private void Add(ImmutableArray<JobSummary> jobs)
    {
        _jobs.EnsureCapacity(_jobs.Count + jobs.Length);
        foreach (var summary in jobs)
        {
            var job = new JobView(summary.Id, summary.Needs) { Expected = expected.TryGetValue(summary.Id, out var known) ? known : null };
            if (_jobs.TryAdd(summary.Id, job))
            {
                Jobs.Add(job);
            }
        }
    }

    private void Activate(JobView job)
    {
        if (!Active.Contains(job))
        {
            Active.Add(job);
        }
    }
}
