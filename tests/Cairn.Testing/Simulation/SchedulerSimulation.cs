using System.Collections.Immutable;

using Cairn.Core.Scheduling;

namespace Cairn.Testing.Simulation;

/// <summary>Drives a scheduler through one random run with a virtual clock, under the eyes of a <see cref="SchedulerModel"/>.</summary>
public sealed class SchedulerSimulation
{
    private readonly SeededRandom _random;
    private readonly SchedulerScenario _scenario;
    private readonly Scheduler _scheduler;
    private readonly SchedulerModel _model;
    private readonly PriorityQueue<Func<IEnumerable<SchedulerEvent>>, (TimeSpan At, ulong Tie)> _pending = new();
    private readonly Dictionary<int, RunningAttempt> _attempts = [];
    private TimeSpan _now;
    private TimeSpan? _timer;
    private int _jobs;

    private SchedulerSimulation(ulong seed)
    {
        _random = new SeededRandom(seed);
        _scenario = new SchedulerScenario(_random);
        _jobs = _scenario.Jobs.Length;
        _scheduler = new Scheduler(_scenario.Jobs, _scenario.Options);
        _model = new SchedulerModel(_scenario.Jobs, _scenario.Options);
    }

    /// <summary>What happened.</summary>
    /// <param name="Scenario">The run.</param>
    /// <param name="Events">The events in order.</param>
    /// <param name="Decisions">The decisions after each event.</param>
    /// <param name="Jobs">Jobs in the end.</param>
    public sealed record Recording(SchedulerScenario Scenario, ImmutableArray<SchedulerEvent> Events, ImmutableArray<ImmutableArray<Decision>> Decisions, int Jobs);

    /// <summary>Runs to the end. Throws <see cref="SchedulerModel.BrokenRuleException"/> when a rule was broken.</summary>
    public static Recording Run(ulong seed) => new SchedulerSimulation(seed).Run();

    private Recording Run()
    {
        var events = ImmutableArray.CreateBuilder<SchedulerEvent>();
        var decisions = ImmutableArray.CreateBuilder<ImmutableArray<Decision>>();
        At(TimeSpan.Zero, () => [new SchedulerEvent.Started(_now)]);
        if (_scenario.CancelAt is { } cancel)
        {
            At(cancel, Cancel);
        }

        if (_scenario.KillAt is { } kill)
        {
            At(kill, Cancel);
        }

        while (_pending.TryDequeue(out var happen, out var key))
        {
            _now = key.At;
            foreach (var schedulerEvent in happen())
            {
                var answer = _scheduler.Handle(schedulerEvent);
                events.Add(schedulerEvent);
                decisions.Add(answer);
                _model.Observe(schedulerEvent, answer, _scheduler);
                foreach (var decision in answer)
                {
                    Obey(decision);
                }

                if (events.Count > 1_000 + (200 * _jobs))
                {
                    throw new SchedulerModel.BrokenRuleException("The run does not end");
                }
            }
        }

        _model.AssertEnded();
        return new Recording(_scenario, events.DrainToImmutable(), decisions.DrainToImmutable(), _jobs);

        IEnumerable<SchedulerEvent> Cancel() => events.Count > 0 ? [new SchedulerEvent.CancelRequested(_now)] : [];
    }

    private void At(TimeSpan at, Func<IEnumerable<SchedulerEvent>> happen) => _pending.Enqueue(happen, (at, _random.NextBits()));

    private void Obey(Decision decision)
    {
        switch (decision)
        {
            case Decision.AskCondition ask:
                var run = _scenario.Answer(ask.Job, _scheduler.NeedsStatusOf(ask.Job));
                At(_now + Milliseconds(0, 300), () => [new SchedulerEvent.ConditionKnown(_now, ask.Job, run)]);
                break;
            case Decision.Start start:
                Execute(start);
                break;
            case Decision.Stop stop:
                // It may obey, end well by itself at the same moment, or hold out until SIGKILL.
                EndSooner(stop.Job, Milliseconds(0, 800), _random.Chance(0.2) ? null : new AttemptOutcome.Signaled(15));
                break;
            case Decision.Kill kill:
                EndSooner(kill.Job, Milliseconds(0, 20), new AttemptOutcome.Signaled(9));
                break;
            case Decision.WakeAt wake:
                SetTimer(wake.At);
                break;
            default:
                break;
        }
    }

    /// <summary>One timer, set anew by each announcement; it may fire early, as real ones do.</summary>
    private void SetTimer(TimeSpan at)
    {
        _timer = at;
        var early = _random.Chance(0.1) ? Milliseconds(1, 50) : TimeSpan.Zero;
        var fire = at - early > _now ? at - early : at > _now ? at : _now;
        At(fire, () =>
        {
            if (_timer != at)
            {
                return _random.Chance(0.5) ? [new SchedulerEvent.Tick(_now)] : [];
            }

            _timer = null;
            return [new SchedulerEvent.Tick(_now)];
        });
    }

    private void Execute(Decision.Start start)
    {
        var outcome = _random.NextDouble() switch
        {
            var x when x < _scenario.LostChance => new AttemptOutcome.Lost(),
            _ when !_random.Chance(_scenario.FailureChance) => new AttemptOutcome.Succeeded(),
            _ => _random.Next(0, 4) switch
            {
                0 => new AttemptOutcome.Exited(75),
                1 => new AttemptOutcome.Signaled(11),
                2 => new AttemptOutcome.Broken("no space left"),
                _ => (AttemptOutcome)new AttemptOutcome.Exited(1),
            },
        };
        var attempt = new RunningAttempt(start.Attempt, outcome, _now + Milliseconds(0, 3_000));
        _attempts[start.Job] = attempt;
        Schedule(start.Job, attempt);
        if (_random.Chance(0.1))
        {
            At(_now, () => Runs(start) ? [new SchedulerEvent.AttemptWaiting(_now, start.Job, start.Attempt)] : []);
            At(_now + Milliseconds(1, 1_000), () => Runs(start) ? [new SchedulerEvent.AttemptBegan(_now, start.Job, start.Attempt)] : []);
        }
    }

    private bool Runs(Decision.Start start) => _attempts.TryGetValue(start.Job, out var attempt) && attempt.Number == start.Attempt;

    private void EndSooner(int job, TimeSpan within, AttemptOutcome? outcome)
    {
        var running = _attempts[job];
        var attempt = running with { Outcome = outcome ?? running.Outcome, EndsAt = Min(running.EndsAt, _now + within) };
        _attempts[job] = attempt;
        Schedule(job, attempt);
    }

    private void Schedule(int job, RunningAttempt attempt) => At(attempt.EndsAt, () => End(job, attempt));

    private IEnumerable<SchedulerEvent> End(int job, RunningAttempt attempt)
    {
        if (!_attempts.TryGetValue(job, out var current) || !ReferenceEquals(current, attempt))
        {
            yield break;
        }

        _attempts.Remove(job);
        if (_jobs < 150 && _random.Chance(_scenario.GenerateChance))
        {
            var (jobs, limits) = _scenario.DrawMore(_jobs);
            _jobs += jobs.Length;
            yield return new SchedulerEvent.JobsAdded(_now, jobs) { GroupLimits = limits };

            // Fail-fast cannot come of added jobs, so the attempt that added them still runs.
        }

        yield return new SchedulerEvent.AttemptEnded(_now, job, attempt.Number, attempt.Outcome, _random.NextDouble());
    }

    private TimeSpan Milliseconds(int min, int max) => TimeSpan.FromMilliseconds(_random.Next(min, max));

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private sealed record RunningAttempt(int Number, AttemptOutcome Outcome, TimeSpan EndsAt);
}
