using System.Collections.Immutable;

using Cairn.Core.Expressions;
using Cairn.Core.Scheduling;

namespace Cairn.Testing.Simulation;

/// <summary>What a simulated condition tests.</summary>
public enum ConditionKind
{
    /// <summary><c>success()</c>.</summary>
    Success,

    /// <summary><c>failure()</c>.</summary>
    Failure,

    /// <summary><c>cancelled()</c>.</summary>
    Cancelled,

    /// <summary><c>always()</c>.</summary>
    Always,

    /// <summary><c>always() &amp;&amp; false</c>.</summary>
    Never,
}

/// <summary>A random run to be: jobs, limits, and how likely each kind of trouble is.</summary>
public sealed class SchedulerScenario
{
    private static readonly string[] LockNames = ["deploy", "gpu", "port-8080"];

    private readonly SeededRandom _random;
    private readonly double _groupChance;
    private readonly double _lockChance;
    private readonly double _conditionChance;
    private readonly double _retryChance;
    private readonly double _timeoutChance;
    private readonly double _needChance;
    private int _groups;

    /// <summary>Draws a scenario.</summary>
    public SchedulerScenario(SeededRandom random)
    {
        _random = random;
        _groupChance = Sometimes(0.4);
        _lockChance = Sometimes(0.3);
        _conditionChance = Sometimes(0.4);
        _retryChance = Sometimes(0.6);
        _timeoutChance = Sometimes(0.5);
        _needChance = random.NextDouble();
        FailureChance = Sometimes(0.4);
        LostChance = Sometimes(0.3);
        GenerateChance = Sometimes(0.15);

        var count = random.Chance(0.05) ? random.Next(0, 1) : random.Next(2, random.Chance(0.1) ? 60 : 20);
        var (jobs, limits) = Draw(0, count);
        Jobs = jobs;
        Options = new SchedulerOptions(random.Next(1, 6), random.Chance(0.5)) { GroupLimits = limits };
        if (random.Chance(0.3))
        {
            CancelAt = TimeSpan.FromMilliseconds(random.Next(0, 20_000));
            KillAt = random.Chance(0.5) ? CancelAt + TimeSpan.FromMilliseconds(random.Next(0, 2_000)) : null;
        }
    }

    /// <summary>The jobs at the start.</summary>
    public ImmutableArray<ScheduledJob> Jobs { get; }

    /// <summary>The limits.</summary>
    public SchedulerOptions Options { get; }

    /// <summary>The first request to cancel.</summary>
    public TimeSpan? CancelAt { get; }

    /// <summary>The second.</summary>
    public TimeSpan? KillAt { get; }

    /// <summary>How often an attempt fails by itself.</summary>
    public double FailureChance { get; }

    /// <summary>How often an executor is lost.</summary>
    public double LostChance { get; }

    /// <summary>How often an attempt adds jobs.</summary>
    public double GenerateChance { get; }

    /// <summary>What each condition tests, by job.</summary>
    public List<ConditionKind> Conditions { get; } = [];

    /// <summary>Jobs that a running job adds: they may need any job there is, and each other.</summary>
    public (ImmutableArray<ScheduledJob> Jobs, ImmutableDictionary<int, int> GroupLimits) DrawMore(int existing) =>
        Draw(existing, _random.Next(1, 6));

    /// <summary>The answer to a condition.</summary>
    public bool Answer(int job, NeedsStatus status) => Conditions[job] switch
    {
        ConditionKind.Success => status == NeedsStatus.Success,
        ConditionKind.Failure => status == NeedsStatus.Failure,
        ConditionKind.Cancelled => status == NeedsStatus.Cancelled,
        ConditionKind.Always => true,
        _ => false,
    };

    private double Sometimes(double most) => _random.Chance(0.5) ? 0 : _random.NextDouble() * most;

    private (ImmutableArray<ScheduledJob> Jobs, ImmutableDictionary<int, int> GroupLimits) Draw(int first, int count)
    {
        // Needs point backwards in a shuffled order, so that indices say nothing about the order of execution.
        var order = new int[count];
        for (var i = 0; i < count; i++)
        {
            var swap = _random.Next(0, i);
            order[i] = order[swap];
            order[swap] = first + i;
        }

        var firstGroup = _groups;
        var limits = ImmutableDictionary.CreateBuilder<int, int>();
        for (var more = _groupChance > 0 ? _random.Next(1, 3) : 0; more > 0; more--)
        {
            limits.Add(_groups++, _random.Next(1, 3));
        }

        var jobs = new ScheduledJob[count];
        for (var place = 0; place < count; place++)
        {
            var needs = new SortedSet<int>();
            for (var tries = _random.Next(0, 3); tries > 0 && place > 0; tries--)
            {
                if (_random.Chance(_needChance))
                {
                    needs.Add(order[_random.Next(Math.Max(0, place - 8), place - 1)]);
                }
            }

            if (first > 0 && _random.Chance(0.5))
            {
                needs.Add(_random.Next(0, first - 1));
            }

            jobs[order[place] - first] = DrawJob(order[place], [.. needs], firstGroup);
        }

        for (var i = 0; i < count; i++)
        {
            Conditions.Add((ConditionKind)_random.Next(0, (int)ConditionKind.Never));
        }

        return ([.. jobs], limits.ToImmutable());
    }

    private ScheduledJob DrawJob(int index, ImmutableArray<int> needs, int firstGroup) => new(index, needs)
    {
        AttemptsMax = _random.Chance(_retryChance) ? _random.Next(2, 4) : 1,
        Retry = _random.Next(0, 3) switch
        {
            0 => RetryFilter.None,
            1 => new RetryFilter(Any: true, [], OnTimeout: false, OnSignal: false),
            2 => new RetryFilter(Any: false, [75], OnTimeout: true, OnSignal: false),
            _ => new RetryFilter(Any: false, [1, 2], OnTimeout: false, OnSignal: true),
        },
        BackoffInitial = TimeSpan.FromMilliseconds(_random.Next(0, 1) * _random.Next(0, 2_000)),
        BackoffMax = TimeSpan.FromMilliseconds(_random.Next(500, 5_000)),
        Jitter = _random.Chance(0.5) ? 0 : _random.NextDouble(),
        Timeout = _random.Chance(_timeoutChance) ? TimeSpan.FromMilliseconds(_random.Next(1, 4_000)) : null,
        AllowFailure = _random.Chance(0.1),
        HasCondition = _random.Chance(_conditionChance),
        SkippedByPlan = _random.Chance(0.04),
        Group = _groups > firstGroup && _random.Chance(_groupChance) ? _random.Next(firstGroup, _groups - 1) : -1,
        Locks = [.. LockNames.Where(_ => _random.Chance(_lockChance))],
        Expected = TimeSpan.FromMilliseconds(_random.Next(1, 4) * 500),
    };
}
