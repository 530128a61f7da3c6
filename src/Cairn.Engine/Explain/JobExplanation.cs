using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Store.Actions;

namespace Cairn.Engine.Explain;

/// <summary>Why an action was not found in the cache.</summary>
public enum MissCause
{
    /// <summary>No earlier run had an action of this job.</summary>
    First,

    /// <summary>The action is another than the earlier one.</summary>
    Changed,

    /// <summary>The same action was executed before but did not succeed, and only what succeeded is kept.</summary>
    Failed,

    /// <summary>The same action succeeded before, but its result was not kept; the earlier job says why.</summary>
    NotKept,

    /// <summary>The same action succeeded before; its result is no longer there.</summary>
    Gone,

    /// <summary>The same action succeeded before; its result was demoted since, because a replay made something else.</summary>
    Demoted,

    /// <summary>The caller said <c>--force</c>, whatever the cache had.</summary>
    Forced,

    /// <summary>The actions are no longer in the project's log, so nothing can be compared.</summary>
    Forgotten,
}

/// <summary>The action that a job is compared with.</summary>
/// <param name="Run">Its run.</param>
/// <param name="Time">When that run began.</param>
/// <param name="Finished">How the job ended there; its id may be another where the step was renamed.</param>
public sealed record EarlierJob(RunId Run, DateTimeOffset Time, StepFinished Finished);

/// <summary>What the action cache had to do with a job of a run, and why.</summary>
/// <param name="Job">The job's id.</param>
/// <param name="Step">Its step.</param>
/// <param name="Finished">How it ended; null where it has not, or never did.</param>
public sealed record JobExplanation(string Job, string Step, StepFinished? Finished)
{
    /// <summary>How it used the cache; null where it did not run, or the record is older than the cache.</summary>
    public CacheUse? Cache => Finished?.Cache;

    /// <summary>Of a miss: why.</summary>
    public MissCause? Cause { get; init; }

    /// <summary>Of a miss because of a demotion: that.</summary>
    public Demotion? Demotion { get; init; }

    /// <summary>Of a miss: what it is compared with.</summary>
    public EarlierJob? Earlier { get; init; }

    /// <summary>Of a miss: what changed since.</summary>
    public JobChanges Changes { get; init; } = JobChanges.None;
}
