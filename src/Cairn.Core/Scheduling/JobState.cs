using System.Collections.Immutable;

using Cairn.Core.Expressions;

namespace Cairn.Core.Scheduling;

/// <summary>Where a job stands between its needs and its end.</summary>
internal enum JobPhase
{
    /// <summary>Some of its needs are not final.</summary>
    Blocked,

    /// <summary>Its condition was asked for.</summary>
    Asking,

    /// <summary>Could start: waits for a slot, its group or a lock.</summary>
    Ready,

    /// <summary>An attempt runs.</summary>
    Running,

    /// <summary>Waits for the moment of its next attempt.</summary>
    Backoff,

    /// <summary>Has its final status.</summary>
    Final,
}

/// <summary>Everything that changes about one job.</summary>
internal sealed class JobState(ScheduledJob spec)
{
    public ScheduledJob Spec { get; } = spec;

    public int Index => Spec.Index;

    public JobPhase Phase { get; set; }

    public JobStatus Status { get; set; } = JobStatus.Waiting;

    /// <summary>The jobs that need this one, once for each time they name it.</summary>
    public List<JobState> Dependents { get; } = [];

    /// <summary>Needs that are not final.</summary>
    public int NeedsOpen { get; set; }

    /// <summary>Whether a need is final in a way that stands in the way.</summary>
    public bool NeedFailed { get; set; }

    /// <summary>Whether an answer to <see cref="Decision.AskCondition"/> is still to come.</summary>
    public bool AskOutstanding { get; set; }

    /// <summary>The verdict on the needs at the time of the question.</summary>
    public NeedsStatus AskedWith { get; set; }

    /// <summary>The running or last attempt; 0 before the first.</summary>
    public int Attempt { get; set; }

    /// <summary>Attempts that count against <see cref="ScheduledJob.AttemptsMax"/>: those that were not lost.</summary>
    public int AttemptsUsed => Attempt - Lost;

    /// <summary>Attempts whose executor was lost.</summary>
    public int Lost { get; set; }

    /// <summary>Why the running attempt was told to stop.</summary>
    public StopReason? Stopping { get; set; }

    /// <summary>The moment that <see cref="Timers"/> keeps for it: the deadline of the attempt or the end of the wait.</summary>
    public TimeSpan? Alarm { get; set; }

    /// <summary>The longest path from here to the end, in ticks, its own expectation included.</summary>
    public long Priority { get; set; }

    /// <summary>The longest path behind it, in ticks.</summary>
    public long PathBehind { get; set; }

    /// <summary>Its place in topological order.</summary>
    public int Order { get; set; }

    /// <summary>What it holds while it runs: its group and its locks.</summary>
    public ImmutableArray<Resource> Resources { get; set; } = [];

    /// <summary>The queue it waits in, or null.</summary>
    public JobHeap? Place { get; set; }

    /// <summary>The resource that let it go to try its luck again; if it does not take it, the next waiter must.</summary>
    public Resource? WokenBy { get; set; }

    public long ExpectedTicks => Math.Max(Spec.Expected.Ticks, TimeSpan.TicksPerMillisecond);
}
