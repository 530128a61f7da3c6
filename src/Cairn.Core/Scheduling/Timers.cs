namespace Cairn.Core.Scheduling;

/// <summary>The moments at which something must happen: deadlines of attempts and ends of waits. A job has at most one.</summary>
internal sealed class Timers
{
    private readonly Heap<JobState> _entries = new();
    private TimeSpan? _announced;

    public void Set(JobState job, TimeSpan at)
    {
        job.Alarm = at;
        _entries.Add(job, at.Ticks, job.Index);
    }

    /// <summary>Takes out the next job whose moment has come, or null.</summary>
    public JobState? TakeDue(TimeSpan now)
    {
        if (Earliest() is { } at && at <= now)
        {
            var job = _entries.Peek(out _)!;
            _entries.RemoveFirst();
            job.Alarm = null;
            return job;
        }

        return null;
    }

    /// <summary>A tick answers the last announcement, so what is still to come is announced again: a timer that fires too early loses nothing.</summary>
    public void Answered() => _announced = null;

    /// <summary>The earliest moment where it differs from the last one announced, else null.</summary>
    public TimeSpan? Announce()
    {
        var earliest = Earliest();
        if (earliest == _announced)
        {
            return null;
        }

        _announced = earliest;
        return earliest;
    }

    private TimeSpan? Earliest()
    {
        while (_entries.Peek(out var ticks) is { } job)
        {
            if (job.Alarm is { } at && at.Ticks == ticks)
            {
                return at;
            }

            _entries.RemoveFirst();
        }

        return null;
    }
}
