using System.Collections.Immutable;

namespace Cairn.Core.Scheduling;

/// <summary>What the scheduler knows of a job.</summary>
/// <param name="Index">Its index in the plan.</param>
/// <param name="Needs">Indices of the jobs it needs.</param>
public sealed record ScheduledJob(int Index, ImmutableArray<int> Needs)
{
    /// <summary>Attempts in all, at least 1.</summary>
    public int AttemptsMax { get; init; } = 1;

    /// <summary>Which failures are tried again.</summary>
    public RetryFilter Retry { get; init; } = RetryFilter.None;

    /// <summary>The wait before the second attempt, doubled for each further one up to <see cref="BackoffMax"/>.</summary>
    public TimeSpan BackoffInitial { get; init; }

    /// <summary>The longest wait.</summary>
    public TimeSpan BackoffMax { get; init; }

    /// <summary>0 to 1: the part of the wait that is random.</summary>
    public double Jitter { get; init; }

    /// <summary>Wall time of one attempt, or null.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whether the run may succeed although it fails.</summary>
    public bool AllowFailure { get; init; }

    /// <summary>Whether a condition must be asked for before it runs (see <see cref="Decision.AskCondition"/>); otherwise it runs on success of its needs.</summary>
    public bool HasCondition { get; init; }

    /// <summary>Whether the plan already skipped it.</summary>
    public bool SkippedByPlan { get; init; }

    /// <summary>Jobs that share a group share its limit; -1 for none.</summary>
    public int Group { get; init; } = -1;

    /// <summary>Names of machine-wide locks it holds, sorted; jobs of this run that share one never run at once.</summary>
    public ImmutableArray<string> Locks { get; init; } = [];

    /// <summary>What it is expected to take, from earlier runs; for the critical path. At least 1 ms.</summary>
    public TimeSpan Expected { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>Which failures are tried again.</summary>
public sealed record RetryFilter(bool Any, ImmutableArray<int> ExitCodes, bool OnTimeout, bool OnSignal)
{
    /// <summary>None.</summary>
    public static RetryFilter None { get; } = new(Any: false, [], OnTimeout: false, OnSignal: false);
}

/// <summary>How a job ended.</summary>
public enum JobStatus
{
    /// <summary>Waits for its needs, a slot, a lock, or a retry.</summary>
    Waiting,

    /// <summary>Executes.</summary>
    Running,

    /// <summary>Exit 0 and all outputs there.</summary>
    Succeeded,

    /// <summary>Failed, its attempts used up.</summary>
    Failed,

    /// <summary>Its timeout passed, its attempts used up. Counts as a failure.</summary>
    TimedOut,

    /// <summary>Its own condition is false although its needs are well. Does not stand in the way of those that need it.</summary>
    Skipped,

    /// <summary>Did not run because a step that it needs failed (and its condition, if any, did not ask for that), or because the run stopped early.</summary>
    NotRun,

    /// <summary>Cancelled while it ran, or before.</summary>
    Cancelled,
}

/// <summary>How an attempt ended, as the executor saw it.</summary>
public abstract record AttemptOutcome
{
    private AttemptOutcome()
    {
    }

    /// <summary>Exit 0 and everything collected.</summary>
    public sealed record Succeeded : AttemptOutcome;

    /// <summary>Exited with a code other than 0.</summary>
    public sealed record Exited(int Code) : AttemptOutcome;

    /// <summary>Ended by a signal.</summary>
    public sealed record Signaled(int Signal) : AttemptOutcome;

    /// <summary>Could not start, or its results could not be collected; never tried again unless any failure is.</summary>
    public sealed record Broken(string Reason) : AttemptOutcome;

    /// <summary>The executor was lost; tried again without using up an attempt, a bounded number of times.</summary>
    public sealed record Lost : AttemptOutcome;
}

/// <summary>What happens to a run. Every event carries its time; the scheduler has no clock.</summary>
public abstract record SchedulerEvent(TimeSpan At)
{
    /// <summary>The run begins.</summary>
    public sealed record Started(TimeSpan At) : SchedulerEvent(At);

    /// <summary>The answer to <see cref="Decision.AskCondition"/>; one for each question, also when a kill came in between.</summary>
    public sealed record ConditionKnown(TimeSpan At, int Job, bool Run) : SchedulerEvent(At);

    /// <summary>An attempt ended.</summary>
    /// <param name="At">Since the run began.</param>
    /// <param name="Job">The job.</param>
    /// <param name="Attempt">From 1; every start counts, also after a lost executor.</param>
    /// <param name="Outcome">How.</param>
    /// <param name="Random">0 to 1, for the jitter of a following wait.</param>
    public sealed record AttemptEnded(TimeSpan At, int Job, int Attempt, AttemptOutcome Outcome, double Random) : SchedulerEvent(At);

    /// <summary>The attempt that was started waits for something outside the run (a lock of another run, a service): its timeout does not count until <see cref="AttemptBegan"/>.</summary>
    public sealed record AttemptWaiting(TimeSpan At, int Job, int Attempt) : SchedulerEvent(At);

    /// <summary>The wait is over and the attempt executes: its timeout counts from here.</summary>
    public sealed record AttemptBegan(TimeSpan At, int Job, int Attempt) : SchedulerEvent(At);

    /// <summary>A moment asked for by <see cref="Decision.WakeAt"/> has come. Early or needless ones do no harm.</summary>
    public sealed record Tick(TimeSpan At) : SchedulerEvent(At);

    /// <summary>A running job made a pipeline; its jobs join the run. Sent before the generating job's <see cref="AttemptEnded"/>.</summary>
    public sealed record JobsAdded(TimeSpan At, ImmutableArray<ScheduledJob> Jobs) : SchedulerEvent(At)
    {
        /// <summary>Limits of groups that these jobs bring along; see <see cref="SchedulerOptions.GroupLimits"/>.</summary>
        public ImmutableDictionary<int, int> GroupLimits { get; init; } = ImmutableDictionary<int, int>.Empty;
    }

    /// <summary>Cancel gracefully; a second one kills.</summary>
    public sealed record CancelRequested(TimeSpan At) : SchedulerEvent(At);
}

/// <summary>What to do next.</summary>
public abstract record Decision
{
    private Decision()
    {
    }

    /// <summary>
    /// Evaluate the job's condition with <see cref="Scheduler.NeedsStatusOf"/>, then send <see cref="SchedulerEvent.ConditionKnown"/>. Asked again where that
    /// status changes (fail-fast, cancel) before the job has started.
    /// </summary>
    public sealed record AskCondition(int Job) : Decision;

    /// <summary>Execute an attempt.</summary>
    public sealed record Start(int Job, int Attempt) : Decision;

    /// <summary>End a running attempt gracefully (SIGTERM, grace, SIGKILL) because of <paramref name="Reason"/>.</summary>
    public sealed record Stop(int Job, int Attempt, StopReason Reason) : Decision;

    /// <summary>End a running attempt at once (SIGKILL).</summary>
    public sealed record Kill(int Job, int Attempt) : Decision;

    /// <summary>An attempt failed and another follows at <paramref name="At"/>.</summary>
    public sealed record Retry(int Job, int NextAttempt, TimeSpan At) : Decision;

    /// <summary>The job has its final status.</summary>
    public sealed record Finish(int Job, JobStatus Status) : Decision;

    /// <summary>Send <see cref="SchedulerEvent.Tick"/> at this time.</summary>
    public sealed record WakeAt(TimeSpan At) : Decision;

    /// <summary>The run has ended. Always the last decision.</summary>
    public sealed record End(RunStatus Status) : Decision;
}

/// <summary>Why a running attempt is stopped.</summary>
public enum StopReason
{
    /// <summary>Its timeout passed.</summary>
    Timeout,

    /// <summary>The run was cancelled.</summary>
    Cancelled,

    /// <summary>Another job failed and the run fails fast.</summary>
    FailFast,
}

/// <summary>How a run ended.</summary>
public enum RunStatus
{
    /// <summary>Every job succeeded, was skipped, or failed where failure is allowed.</summary>
    Succeeded,

    /// <summary>A job failed.</summary>
    Failed,

    /// <summary>Cancelled by a person.</summary>
    Cancelled,
}

/// <summary>The limits of a run.</summary>
/// <param name="MaxParallel">Jobs at once, at least 1.</param>
/// <param name="FailFast">Whether the first failure stops the rest.</param>
public sealed record SchedulerOptions(int MaxParallel, bool FailFast)
{
    /// <summary>Jobs at once by group.</summary>
    public ImmutableDictionary<int, int> GroupLimits { get; init; } = ImmutableDictionary<int, int>.Empty;
}
