using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Cairn.Core.Scheduling;

/// <summary>The jobs of a run with their edges, resources and critical-path priorities. Grows, never shrinks.</summary>
internal sealed class JobGraph
{
    private readonly List<JobState> _jobs = [];
    private readonly Dictionary<int, Resource> _groups = [];
    private readonly Dictionary<string, Resource> _locks = new(StringComparer.Ordinal);
    private readonly Dictionary<int, int> _groupLimits = [];

    public int Count => _jobs.Count;

    public JobState this[int index] => _jobs[index];

    /// <summary>All jobs by index, in no list that changes meanwhile.</summary>
    public ReadOnlySpan<JobState> All => CollectionsMarshal.AsSpan(_jobs);

    /// <summary>
    /// Adds jobs whose indices continue, or says why they cannot be and changes nothing.
    /// Calls <paramref name="raised"/> for each earlier job that a longer path now follows.
    /// </summary>
    public string? TryAdd(ImmutableArray<ScheduledJob> jobs, ImmutableDictionary<int, int> groupLimits, Action<JobState> raised)
    {
        if (Mistake(jobs, groupLimits) is { } mistake)
        {
            return mistake;
        }

        var order = TopologicalOrder(jobs);
        if (order is null)
        {
            return "The jobs need each other in a circle";
        }

        foreach (var (group, limit) in groupLimits)
        {
            _groupLimits[group] = limit;
        }

        var start = _jobs.Count;
        foreach (var job in jobs)
        {
            _jobs.Add(new JobState(job) { Resources = ResourcesOf(job), NeedsOpen = job.Needs.Length });
        }

        for (var i = start; i < _jobs.Count; i++)
        {
            foreach (var need in _jobs[i].Spec.Needs)
            {
                _jobs[need].Dependents.Add(_jobs[i]);
            }
        }

        for (var i = 0; i < order.Length; i++)
        {
            _jobs[order[i]].Order = start + i;
        }

        Prioritize(order, start, raised);
        return null;
    }

    private string? Mistake(ImmutableArray<ScheduledJob> jobs, ImmutableDictionary<int, int> groupLimits)
    {
        foreach (var (group, limit) in groupLimits)
        {
            if (limit < 1)
            {
                return $"The limit of group {group} is less than 1";
            }

            if (_groups.ContainsKey(group))
            {
                return $"Group {group} has its limit already";
            }
        }

        var end = _jobs.Count + jobs.Length;
        for (var i = 0; i < jobs.Length; i++)
        {
            var job = jobs[i];
            if (job.Index != _jobs.Count + i)
            {
                return $"Job {job.Index} stands where job {_jobs.Count + i} belongs";
            }

            if (job.AttemptsMax < 1 || job.Jitter is not (>= 0 and <= 1) || job.BackoffInitial < TimeSpan.Zero
                || job.BackoffMax < TimeSpan.Zero || job.Timeout <= TimeSpan.Zero)
            {
                return $"Job {job.Index} has attempts, waits or a timeout out of range";
            }

            foreach (var need in job.Needs)
            {
                if (need < 0 || need >= end)
                {
                    return $"Job {job.Index} needs job {need}, which does not exist";
                }
            }
        }

        return null;
    }

    /// <summary>The new jobs, each after its needs; null where they form a circle.</summary>
    private int[]? TopologicalOrder(ImmutableArray<ScheduledJob> jobs)
    {
        var start = _jobs.Count;
        var open = new int[jobs.Length];
        var firstEdge = new int[jobs.Length + 1];
        foreach (var job in jobs)
        {
            foreach (var need in job.Needs)
            {
                if (need >= start)
                {
                    open[job.Index - start]++;
                    firstEdge[need - start + 1]++;
                }
            }
        }

        for (var i = 0; i < jobs.Length; i++)
        {
            firstEdge[i + 1] += firstEdge[i];
        }

        var edges = new int[firstEdge[^1]];
        var filled = new int[jobs.Length];
        foreach (var job in jobs)
        {
            foreach (var need in job.Needs)
            {
                if (need >= start)
                {
                    edges[firstEdge[need - start] + filled[need - start]++] = job.Index - start;
                }
            }
        }

        var order = new int[jobs.Length];
        var count = 0;
        for (var i = 0; i < jobs.Length; i++)
        {
            if (open[i] == 0)
            {
                order[count++] = start + i;
            }
        }

        for (var next = 0; next < count; next++)
        {
            var job = order[next] - start;
            for (var edge = firstEdge[job]; edge < firstEdge[job + 1]; edge++)
            {
                if (--open[edges[edge]] == 0)
                {
                    order[count++] = start + edges[edge];
                }
            }
        }

        return count == jobs.Length ? order : null;
    }

    private ImmutableArray<Resource> ResourcesOf(ScheduledJob job)
    {
        var hasGroup = _groupLimits.TryGetValue(job.Group, out var limit);
        if (!hasGroup && job.Locks.IsEmpty)
        {
            return [];
        }

        var resources = ImmutableArray.CreateBuilder<Resource>(job.Locks.Length + 1);
        if (hasGroup)
        {
            if (!_groups.TryGetValue(job.Group, out var group))
            {
                _groups.Add(job.Group, group = new Resource(limit));
            }

            resources.Add(group);
        }

        foreach (var name in job.Locks)
        {
            if (!_locks.TryGetValue(name, out var held))
            {
                _locks.Add(name, held = new Resource(1));
            }

            if (!resources.Contains(held))
            {
                resources.Add(held);
            }
        }

        return resources.DrainToImmutable();
    }

    /// <summary>Priorities of the new jobs from the last to the first, then of the earlier ones before them, each looked at once in reverse topological order.</summary>
    private void Prioritize(int[] order, int start, Action<JobState> raised)
    {
        var earlier = new PriorityQueue<JobState, int>();
        for (var i = order.Length - 1; i >= 0; i--)
        {
            SetPriority(_jobs[order[i]]);
        }

        // A job can be entered once for each dependent; all of them come before it, so its first look is final and the others change nothing.
        while (earlier.TryDequeue(out var job, out _))
        {
            if (SetPriority(job))
            {
                raised(job);
            }
        }

        bool SetPriority(JobState job)
        {
            var priority = Sum(job.PathBehind, job.ExpectedTicks);
            if (priority == job.Priority)
            {
                return false;
            }

            job.Priority = priority;
            foreach (var index in job.Spec.Needs)
            {
                var need = _jobs[index];
                if (priority > need.PathBehind)
                {
                    need.PathBehind = priority;
                    if (index < start)
                    {
                        earlier.Enqueue(need, -need.Order);
                    }
                }
            }

            return true;
        }
    }

    private static long Sum(long a, long b) => a > long.MaxValue - b ? long.MaxValue : a + b;
}
