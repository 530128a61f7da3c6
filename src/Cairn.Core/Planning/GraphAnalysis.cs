using System.Collections.Immutable;

namespace Cairn.Core.Planning;

/// <summary>A job whose shortening would help.</summary>
/// <param name="Job">The job.</param>
/// <param name="Share">Its part of the critical path, 0 to 1; 0 for a job that is not critical but has many dependents.</param>
/// <param name="Dependents">How many jobs need it directly.</param>
public sealed record Bottleneck(int Job, double Share, int Dependents);

/// <summary>When a job ran, since the run began.</summary>
public readonly record struct JobInterval(int Job, TimeSpan Start, TimeSpan End);

/// <summary>What the shape of a graph of jobs and their durations say about a run with unlimited slots. Everything is computed in linear time.</summary>
public sealed record GraphAnalysis
{
    /// <summary>The jobs by depth: those of one layer need only jobs of earlier ones and could run at once.</summary>
    public required ImmutableArray<ImmutableArray<int>> Layers { get; init; }

    /// <summary>How many jobs the longest chain has.</summary>
    public int Depth => Layers.Length;

    /// <summary>The longest chain by time, first to last.</summary>
    public required ImmutableArray<int> CriticalPath { get; init; }

    /// <summary>How long the critical path takes: no run can be shorter.</summary>
    public required TimeSpan CriticalTime { get; init; }

    /// <summary>The sum of all durations.</summary>
    public required TimeSpan Work { get; init; }

    /// <summary>How many slots could be kept busy on average: work over critical time; 0 where nothing takes time.</summary>
    public double IdealParallelism => CriticalTime > TimeSpan.Zero ? Work / CriticalTime : 0;

    /// <summary>For each job how much later it could end without making the run longer.</summary>
    public required ImmutableArray<TimeSpan> Slack { get; init; }

    /// <summary>Where to begin: the critical jobs by their share of the time, then the jobs that most others wait for; each kind at most ten.</summary>
    public required ImmutableArray<Bottleneck> Bottlenecks { get; init; }

    /// <summary>Analyses a plan with the duration of each job.</summary>
    public static GraphAnalysis Of(Plan plan, Func<Job, TimeSpan> duration)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(duration);
        return Of([.. plan.Jobs.Select(j => j.Needs)], [.. plan.Jobs.Select(duration)]);
    }

    /// <summary>Analyses a graph without circles: the needs and the duration of each job.</summary>
    public static GraphAnalysis Of(ImmutableArray<ImmutableArray<int>> needs, ImmutableArray<TimeSpan> durations)
    {
        var (layers, order) = Layer(needs);
        var ends = new TimeSpan[needs.Length];
        var longestNeed = new int[needs.Length];
        var dependents = new int[needs.Length];
        var work = TimeSpan.Zero;
        var last = -1;
        foreach (var job in order)
        {
            longestNeed[job] = -1;
            var start = TimeSpan.Zero;
            foreach (var need in needs[job])
            {
                dependents[need]++;
                if (longestNeed[job] < 0 || ends[need] > start)
                {
                    (longestNeed[job], start) = (need, ends[need]);
                }
            }

            ends[job] = start + durations[job];
            work += durations[job];
            if (last < 0 || ends[job] > ends[last] || (ends[job] == ends[last] && job < last))
            {
                last = job;
            }
        }

        var total = last < 0 ? TimeSpan.Zero : ends[last];
        var path = new List<int>();
        for (; last >= 0; last = longestNeed[last])
        {
            path.Add(last);
        }

        path.Reverse();
        var slack = SlackOf(needs, durations, order, ends, total);
        return new GraphAnalysis
        {
            Layers = layers,
            CriticalPath = [.. path],
            CriticalTime = total,
            Work = work,
            Slack = slack,
            Bottlenecks = Narrowest(durations, slack, dependents, total),
        };
    }

    /// <summary>The chain that determined how long a run took: from the job that ended last, back through the need that ended last. Jobs without an interval did not run.</summary>
    public static ImmutableArray<int> CriticalPathOf(Plan plan, IReadOnlyList<JobInterval> executed)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(executed);
        var ends = new Dictionary<int, TimeSpan>();
        var last = -1;
        for (var i = 0; i < executed.Count; i++)
        {
            var interval = executed[i];
            ends[interval.Job] = interval.End;
            if (last < 0 || interval.End > ends[last] || (interval.End == ends[last] && interval.Job < last))
            {
                last = interval.Job;
            }
        }

        var path = new List<int>();
        while (last >= 0)
        {
            path.Add(last);
            var before = -1;
            foreach (var need in plan.Jobs[last].Needs)
            {
                if (ends.TryGetValue(need, out var end) && (before < 0 || end > ends[before]))
                {
                    before = need;
                }
            }

            last = before;
        }

        path.Reverse();
        return [.. path];
    }

    /// <summary>The layers, and all jobs so that each stands after its needs.</summary>
    private static (ImmutableArray<ImmutableArray<int>> Layers, List<int> Order) Layer(ImmutableArray<ImmutableArray<int>> needs)
    {
        var open = new int[needs.Length];
        var dependents = new List<int>?[needs.Length];
        var layer = new List<int>();
        for (var job = 0; job < needs.Length; job++)
        {
            open[job] = needs[job].Length;
            foreach (var need in needs[job])
            {
                (dependents[need] ??= []).Add(job);
            }

            if (open[job] == 0)
            {
                layer.Add(job);
            }
        }

        var layers = ImmutableArray.CreateBuilder<ImmutableArray<int>>();
        var order = new List<int>(needs.Length);
        while (layer.Count > 0)
        {
            layer.Sort();
            layers.Add([.. layer]);
            order.AddRange(layer);
            var next = new List<int>();
            foreach (var job in layer)
            {
                foreach (var dependent in dependents[job] ?? [])
                {
                    if (--open[dependent] == 0)
                    {
                        next.Add(dependent);
                    }
                }
            }

            layer = next;
        }

        return order.Count == needs.Length ? (layers.DrainToImmutable(), order) : throw new ArgumentException("The jobs need each other in a circle", nameof(needs));
    }

    private static ImmutableArray<TimeSpan> SlackOf(
        ImmutableArray<ImmutableArray<int>> needs, ImmutableArray<TimeSpan> durations, List<int> order, TimeSpan[] ends, TimeSpan total)
    {
        var latest = new TimeSpan[needs.Length];
        Array.Fill(latest, total);
        for (var i = order.Count - 1; i >= 0; i--)
        {
            var job = order[i];
            foreach (var need in needs[job])
            {
                var before = latest[job] - durations[job];
                latest[need] = before < latest[need] ? before : latest[need];
            }
        }

        var slack = ImmutableArray.CreateBuilder<TimeSpan>(needs.Length);
        for (var job = 0; job < needs.Length; job++)
        {
            slack.Add(latest[job] - ends[job]);
        }

        return slack.MoveToImmutable();
    }

    private static ImmutableArray<Bottleneck> Narrowest(ImmutableArray<TimeSpan> durations, ImmutableArray<TimeSpan> slack, int[] dependents, TimeSpan total)
    {
        const int Most = 10;
        var critical = new TopList(Most);
        var needed = new TopList(Most);
        for (var job = 0; job < durations.Length; job++)
        {
            if (slack[job] == TimeSpan.Zero && durations[job] > TimeSpan.Zero)
            {
                critical.Offer(job, durations[job].Ticks);
            }
            else if (dependents[job] > 1)
            {
                needed.Offer(job, dependents[job]);
            }
        }

        return
        [
            .. critical.Jobs().Select(job => new Bottleneck(job, durations[job] / total, dependents[job])),
            .. needed.Jobs().Select(job => new Bottleneck(job, 0, dependents[job])),
        ];
    }

    /// <summary>Keeps the few largest, so that finding them does not sort all.</summary>
    private sealed class TopList(int most)
    {
        private readonly PriorityQueue<int, (long Size, int Earlier)> _jobs = new(most + 1);

        public void Offer(int job, long size)
        {
            _jobs.Enqueue(job, (size, -job));
            if (_jobs.Count > most)
            {
                _jobs.Dequeue();
            }
        }

        public IEnumerable<int> Jobs() => _jobs.UnorderedItems.OrderByDescending(i => i.Priority).Select(i => i.Element);
    }
}
