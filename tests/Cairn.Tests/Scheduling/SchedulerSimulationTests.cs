using Cairn.Core.Scheduling;
using Cairn.Testing.Simulation;

namespace Cairn.Tests.Scheduling;

public sealed class SchedulerSimulationTests
{
    private const int Runs = 6_000;

    [Fact]
    public void Handle_Keeps_Every_Rule_And_Replays_Over_Random_Runs()
    {
        var seen = new HashSet<(Type, object?)>();
        for (var seed = 0UL; seed < Runs; seed++)
        {
            try
            {
                var recording = SchedulerSimulation.Run(seed);
                foreach (var decision in recording.Decisions.SelectMany(d => d))
                {
                    seen.Add((decision.GetType(), decision is Decision.Finish f ? f.Status : decision is Decision.Stop s ? s.Reason : decision is Decision.End e ? e.Status : null));
                }

                Replay(recording);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Simulation with seed {seed}: {exception.Message}", exception);
            }
        }

        Assert.Equal(6 + 3 + 3 + 5, seen.Count);
    }

    [Fact]
    public void Handle_Takes_A_Run_Of_50000_Jobs()
    {
        var random = new SeededRandom(1);
        var jobs = Enumerable.Range(0, 50_000)
            .Select(i => new ScheduledJob(i, i < 100 ? [] : [i - random.Next(1, 100), i - 100])
            {
                Locks = i % 2 == 0 ? ["a"] : [],
                Timeout = TimeSpan.FromHours(1),
                Expected = TimeSpan.FromMilliseconds(random.Next(1, 1_000)),
            });
        var scheduler = new Scheduler([.. jobs], new SchedulerOptions(16, FailFast: true));
        var open = new Queue<Decision>(scheduler.Handle(new SchedulerEvent.Started(TimeSpan.Zero)));
        var starts = 0;
        var ended = false;
        while (open.TryDequeue(out var decision))
        {
            ended = decision is Decision.End(RunStatus.Succeeded);
            if (decision is Decision.Start start)
            {
                starts++;
                var next = scheduler.Handle(new SchedulerEvent.AttemptEnded(TimeSpan.FromMilliseconds(starts), start.Job, 1, new AttemptOutcome.Succeeded(), 0));
                foreach (var more in next)
                {
                    open.Enqueue(more);
                }
            }
        }

        Assert.Equal(50_000, starts);
        Assert.True(ended);
    }

    private static void Replay(SchedulerSimulation.Recording recording)
    {
        var scheduler = new Scheduler(recording.Scenario.Jobs, recording.Scenario.Options);
        for (var i = 0; i < recording.Events.Length; i++)
        {
            Assert.Equal(recording.Decisions[i].AsEnumerable(), scheduler.Handle(recording.Events[i]).AsEnumerable());
        }
    }
}
