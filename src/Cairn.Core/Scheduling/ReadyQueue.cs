namespace Cairn.Core.Scheduling;

/// <summary>Jobs by priority, then by index. Entries whose job has moved on or changed its priority are dropped when they surface.</summary>
internal sealed class JobHeap
{
    private readonly Heap<JobState> _entries = new();

    public void Add(JobState job)
    {
        job.Place = this;
        _entries.Add(job, -job.Priority, job.Index);
    }

    /// <summary>Takes the first job out, or null.</summary>
    public JobState? Take()
    {
        while (_entries.Peek(out var later) is { } job)
        {
            _entries.RemoveFirst();
            if (job.Place == this && later == -job.Priority)
            {
                job.Place = null;
                return job;
            }
        }

        return null;
    }
}

/// <summary>What only so many running jobs can hold at once: a group or a lock.</summary>
internal sealed class Resource(int limit)
{
    public int Held { get; set; }

    public bool IsFull => Held >= limit;

    /// <summary>Ready jobs that found it full.</summary>
    public JobHeap Waiting { get; } = new();
}

/// <summary>
/// The jobs that could start but for a slot, a group or a lock, in critical-path order. A job that finds a resource full waits at that
/// resource, so that each free unit costs one look and not one for every waiter. Invariant: while a resource that has waiters is
/// not full, the first of them is in the main queue.
/// </summary>
internal sealed class ReadyQueue
{
    private readonly JobHeap _main = new();

    public void Add(JobState job)
    {
        job.WokenBy = null;
        _main.Add(job);
    }

    /// <summary>Takes the first job that can start, and its resources with it; null where none can.</summary>
    public JobState? Take()
    {
        while (_main.Take() is { } job)
        {
            var wokenBy = job.WokenBy;
            job.WokenBy = null;
            var full = FirstFull(job);
            if (full is null)
            {
                foreach (var resource in job.Resources)
                {
                    resource.Held++;
                }
            }
            else
            {
                full.Waiting.Add(job);
            }

            WakeNext(wokenBy);
            if (full is null)
            {
                return job;
            }
        }

        return null;
    }

    /// <summary>Gives back what a job held.</summary>
    public void Release(JobState job)
    {
        foreach (var resource in job.Resources)
        {
            resource.Held--;
            WakeNext(resource);
        }
    }

    /// <summary>Takes a job out that will not start.</summary>
    public void Remove(JobState job)
    {
        var wokenBy = job.WokenBy;
        job.Place = null;
        job.WokenBy = null;
        WakeNext(wokenBy);
    }

    /// <summary>Puts a job where its raised priority wants it. One that waits at a resource tries again: the resource may be free, and who was first there still in line for a slot.</summary>
    public void PriorityRaised(JobState job)
    {
        if (job.Place is not null)
        {
            _main.Add(job);
        }
    }

    private static Resource? FirstFull(JobState job)
    {
        foreach (var resource in job.Resources)
        {
            if (resource.IsFull)
            {
                return resource;
            }
        }

        return null;
    }

    private void WakeNext(Resource? resource)
    {
        if (resource is { IsFull: false } && resource.Waiting.Take() is { } next)
        {
            next.WokenBy = resource;
            _main.Add(next);
        }
    }
}
