using System.Collections.Immutable;

using Cairn.Core.Planning;

namespace Cairn.Cli.Graph;

/// <summary>A job that the run's length hangs on.</summary>
/// <param name="Job">Its index.</param>
/// <param name="Time">How much sooner the run could end if this job took no time at all.</param>
internal sealed record Saving(int Job, TimeSpan Time);

/// <summary>How long a run takes with so many jobs at once.</summary>
/// <param name="Parallel">Jobs at once.</param>
/// <param name="Time">The simulated time, longest way first.</param>
/// <param name="Factor">Against one job at a time.</param>
internal sealed record SpeedUp(int Parallel, TimeSpan Time, double Factor);

/// <summary>What jobs took in earlier runs.</summary>
/// <param name="Known">For each job of a plan, by index; null where it never ran.</param>
/// <param name="Results">How many results that was taken from.</param>
/// <param name="CachedResults">How many of them came from the cache.</param>
internal sealed record KnownDurations(ImmutableArray<TimeSpan?> Known, int Results, int CachedResults);

/// <summary>What earlier runs tell about a plan: where its time goes and how far more parallel jobs would help.</summary>
internal sealed class GraphTimings
{
    private const int SavingsMax = 5;

    private readonly Plan _plan;
    private readonly List<int>[] _followers;
    private readonly int[] _order;
    private readonly TimeSpan[] _times;
    private readonly TimeSpan[] _toEnd;
    private readonly GraphAnalysis _analysis;

    private GraphTimings(Plan plan, KnownDurations history)
    {
        _plan = plan;
        History = history;
        var known = history.Known;
        var measured = known.Where(k => k is not null).Select(k => k!.Value).Order().ToArray();
        KnownCount = measured.Length;

        // A job that never ran counts as an ordinary one.
        Assumed = measured.Length > 0 ? measured[measured.Length / 2] : TimeSpan.FromSeconds(1);
        _times = [.. known.Select((k, i) => plan.Jobs[i].SkippedByPlan ? TimeSpan.Zero : k ?? Assumed)];
        _analysis = GraphAnalysis.Of(plan, job => _times[job.Index]);
        _order = [.. _analysis.Layers.SelectMany(l => l)];
        _followers = FollowersOf(plan);
        _toEnd = WaysToEnd(skip: -1);
        Savings = FindSavings();
        SpeedUps = FindSpeedUps();
    }

    /// <summary>What it is made from.</summary>
    public KnownDurations History { get; }

    /// <summary>What each job took, by index; null where it never ran.</summary>
    public ImmutableArray<TimeSpan?> Known => History.Known;

    /// <summary>How many jobs are known.</summary>
    public int KnownCount { get; }

    /// <summary>What is assumed of the others.</summary>
    public TimeSpan Assumed { get; }

    /// <summary>The sum over all jobs.</summary>
    public TimeSpan Work => _analysis.Work;

    /// <summary>The longest way, first to last.</summary>
    public ImmutableArray<int> CriticalPath => _analysis.CriticalPath;

    /// <summary>Its length: no run can be shorter, however many jobs run at once.</summary>
    public TimeSpan CriticalTime => _analysis.CriticalTime;

    /// <summary>The jobs whose shortening would help most.</summary>
    public ImmutableArray<Saving> Savings { get; }

    /// <summary>For 1, 2, 4, … jobs at once, until more do not help.</summary>
    public ImmutableArray<SpeedUp> SpeedUps { get; }

    public static GraphTimings Of(Plan plan, KnownDurations history) => new(plan, history);

    /// <summary>What a job takes or is assumed to take.</summary>
    public TimeSpan TimeOf(int job) => _times[job];

    private static List<int>[] FollowersOf(Plan plan)
    {
        var followers = new List<int>[plan.Jobs.Length];
        for (var i = 0; i < followers.Length; i++)
        {
            followers[i] = [];
        }

        foreach (var job in plan.Jobs)
        {
            foreach (var need in job.Needs)
            {
                followers[need].Add(job.Index);
            }
        }

        return followers;
    }

    /// <summary>For each job the longest way from its start to the end, a job left out of the time.</summary>
    private TimeSpan[] WaysToEnd(int skip)
    {
        var ways = new TimeSpan[_times.Length];
        for (var i = _order.Length - 1; i >= 0; i--)
        {
            var job = _order[i];
            var longest = TimeSpan.Zero;
            foreach (var follower in _followers[job])
            {
                longest = ways[follower] > longest ? ways[follower] : longest;
            }

            ways[job] = longest + (job == skip ? TimeSpan.Zero : _times[job]);
        }

        return ways;
    }

    private ImmutableArray<Saving> FindSavings()
    {
        // The longest of the path only, so that a path of thousands stays quick.
        var candidates = CriticalPath.OrderByDescending(j => _times[j]).Take(SavingsMax * 4);
        return
        [
            .. candidates.Select(j => new Saving(j, CriticalTime - WaysToEnd(skip: j).Max()))
                .Where(b => b.Time > TimeSpan.Zero).OrderByDescending(b => b.Time).Take(SavingsMax),
        ];
    }

    private ImmutableArray<SpeedUp> FindSpeedUps()
    {
        var result = ImmutableArray.CreateBuilder<SpeedUp>();
        for (var parallel = 1; _times.Length > 0 && parallel <= 1024; parallel *= 2)
        {
            var time = Simulate(parallel);
            result.Add(new SpeedUp(parallel, time, time > TimeSpan.Zero ? Work / time : 1));
            if (time <= CriticalTime)
            {
                break;
            }
        }

        return result.ToImmutable();
    }

    /// <summary>A list schedule, the longest way to the end first, as the scheduler does it; locks and groups are not looked at.</summary>
    private TimeSpan Simulate(int parallel)
    {
        var waits = new int[_times.Length];
        var ready = new PriorityQueue<int, (long, int)>();
        var running = new PriorityQueue<int, TimeSpan>();
        var now = TimeSpan.Zero;
        for (var job = 0; job < waits.Length; job++)
        {
            waits[job] = _plan.Jobs[job].Needs.Length;
            if (waits[job] == 0)
            {
                ready.Enqueue(job, (-_toEnd[job].Ticks, job));
            }
        }

        while (ready.Count > 0 || running.Count > 0)
        {
            while (running.Count < parallel && ready.TryDequeue(out var next, out _))
            {
                running.Enqueue(next, now + _times[next]);
            }

            running.TryDequeue(out var ended, out now);
            foreach (var follower in _followers[ended])
            {
                if (--waits[follower] == 0)
                {
                    ready.Enqueue(follower, (-_toEnd[follower].Ticks, follower));
                }
            }
        }

        return now;
    }
}
