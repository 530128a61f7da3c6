using System.Collections.Immutable;

using Cairn.Core.Expressions;

namespace Cairn.Core.Scheduling;

/// <summary>Decides what a run does next: events in, decisions out. Deterministic; no clock, no I/O.</summary>
public sealed class Scheduler
{
    /// <summary>Takes the jobs of the plan, indexed from 0.</summary>
    public Scheduler(ImmutableArray<ScheduledJob> jobs, SchedulerOptions options)
    {
    }

    /// <summary>Takes an event and says what to do, in order. An event that cannot be (an unknown job, an attempt that does not run) throws <see cref="InvalidOperationException"/>.</summary>
    public ImmutableArray<Decision> Handle(SchedulerEvent schedulerEvent) => throw new NotSupportedException();

    /// <summary>The status of a job now.</summary>
    public JobStatus StatusOf(int job) => throw new NotSupportedException();

    /// <summary>The verdict on the needs of a job, for its condition.</summary>
    public NeedsStatus NeedsStatusOf(int job) => throw new NotSupportedException();
}
