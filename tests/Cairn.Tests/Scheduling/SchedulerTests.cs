using System.Collections.Immutable;

using Cairn.Core.Expressions;
using Cairn.Core.Scheduling;

namespace Cairn.Tests.Scheduling;

public sealed class SchedulerTests
{
    private static readonly AttemptOutcome Succeeded = new AttemptOutcome.Succeeded();
    private static readonly RetryFilter AnyFailure = new(Any: true, [], OnTimeout: false, OnSignal: false);

    [Fact]
    public void Handle_Ends_A_Run_Without_Jobs_At_Once() =>
        Assert.Equal("End Succeeded", new Run([]).Begin());

    [Fact]
    public void Handle_Starts_The_Longest_Path_First_And_Ties_By_Index()
    {
        var run = new Run([Job(0) with { Expected = Seconds(9) }, Job(1), Job(2) with { Expected = Seconds(8) }, Job(3, 1) with { Expected = Seconds(20) }, Job(4) with { Expected = Seconds(9) }], slots: 2);
        Assert.Equal("Start 1; Start 0", run.Begin());
        Assert.Equal("Finish 1 Succeeded; Start 3", run.End(1));
        Assert.Equal("Finish 0 Succeeded; Start 4", run.End(0));
        Assert.Equal("Finish 3 Succeeded; Start 2", run.End(3));
    }

    [Fact]
    public void Handle_Does_Not_Run_What_Follows_A_Failure_But_Runs_The_Rest()
    {
        var run = new Run([Job(0), Job(1, 0), Job(2, 1), Job(3)], failFast: false);
        Assert.Equal("Start 0; Start 3", run.Begin());
        Assert.Equal("Finish 0 Failed; Finish 1 NotRun; Finish 2 NotRun", run.End(0, new AttemptOutcome.Exited(1)));
        Assert.Equal("Finish 3 Succeeded; End Failed", run.End(3));
    }

    [Fact]
    public void Handle_Goes_On_After_An_Allowed_Failure()
    {
        var run = new Run([Job(0) with { AllowFailure = true }, Job(1, 0)]);
        run.Begin();
        Assert.Equal("Finish 0 Failed; Start 1", run.End(0, new AttemptOutcome.Exited(1)));
        Assert.Equal("Finish 1 Succeeded; End Succeeded", run.End(1));
    }

    [Fact]
    public void Handle_Fails_Fast_And_Still_Cleans_Up()
    {
        // 4 is always(), 5 is its success()-like sister; 6 waits behind the stopped job.
        var run = new Run([Job(0), Job(1), Job(2) with { Locks = ["x"] }, Job(3, 0), Conditional(4, 0), Conditional(5, 0), Job(6, 1)], slots: 2);
        Assert.Equal("Start 0; Start 1", run.Begin());
        Assert.Equal("Finish 0 Failed; Stop 1 FailFast; Finish 2 NotRun; Finish 3 NotRun; Ask 4; Ask 5", run.End(0, new AttemptOutcome.Exited(1)));
        Assert.Equal(NeedsStatus.Failure, run.Scheduler.NeedsStatusOf(4));
        Assert.Equal("Start 4", run.Answer(4, true));
        Assert.Equal("Finish 5 NotRun", run.Answer(5, false));
        Assert.Equal("Finish 1 Cancelled; Finish 6 NotRun", run.End(1));
        Assert.Equal("Finish 4 Failed; End Failed", run.End(4, new AttemptOutcome.Exited(1)));
    }

    [Fact]
    public void Handle_Asks_Again_Where_The_Verdict_Changed_Before_The_Start()
    {
        var run = new Run([Job(0), Conditional(1)], slots: 1);
        Assert.Equal("Ask 1; Start 0", run.Begin());
        Assert.Equal("", run.Answer(1, true));
        Assert.Equal("Finish 0 Failed; Ask 1", run.End(0, new AttemptOutcome.Exited(1)));
        Assert.Equal("Finish 1 NotRun; End Failed", run.Answer(1, false));
    }

    [Fact]
    public void Handle_Forgets_An_Answer_To_A_Verdict_That_Changed()
    {
        var run = new Run([Job(0), Conditional(1)]);
        run.Begin();
        Assert.Equal("Stop 0 Cancelled", run.Cancel());
        Assert.Equal("Ask 1", run.Answer(1, true));
        Assert.Equal("Start 1", run.Answer(1, true));
    }

    [Fact]
    public void Handle_Hands_A_Failure_On_Through_A_False_Condition_But_Not_A_Skip()
    {
        var run = new Run([Job(0), Conditional(1, 0), Job(2, 1), Conditional(3), Job(4, 3)], failFast: false);
        Assert.Equal("Ask 3; Start 0", run.Begin());
        Assert.Equal("Finish 3 Skipped; Start 4", run.Answer(3, false));
        Assert.Equal("Finish 0 Failed; Ask 1", run.End(0, new AttemptOutcome.Exited(1)));
        Assert.Equal("Finish 1 NotRun; Finish 2 NotRun", run.Answer(1, false));
    }

    [Fact]
    public void Handle_Cancels_Gracefully_Then_Kills()
    {
        var run = new Run([Job(0), Job(1, 0), Conditional(2, 0), Conditional(3, 2)]);
        run.Begin();
        Assert.Equal("Stop 0 Cancelled", run.Cancel());
        Assert.Equal("Finish 0 Cancelled; Finish 1 Cancelled; Ask 2", run.End(0));
        Assert.Equal(NeedsStatus.Cancelled, run.Scheduler.NeedsStatusOf(2));
        Assert.Equal("Start 2", run.Answer(2, true));
        Assert.Equal("Kill 2; Finish 3 Cancelled", run.Cancel());
        Assert.Equal("Finish 2 Cancelled; End Cancelled", run.End(2, new AttemptOutcome.Signaled(9)));
        Assert.Equal("", run.Cancel());
    }

    [Fact]
    public void Handle_Takes_An_Answer_That_Comes_After_The_Kill()
    {
        var run = new Run([Conditional(0)]);
        Assert.Equal("Ask 0", run.Begin());
        run.Cancel();
        Assert.Equal("Finish 0 Cancelled; End Cancelled", run.Cancel());
        Assert.Equal("", run.Answer(0, true));
    }

    [Fact]
    public void Handle_Ends_A_Cancelled_Run_Well_Where_Everything_Had_Succeeded()
    {
        var run = new Run([Job(0), Conditional(1, 0)]);
        run.Begin();
        run.End(0);
        run.Cancel();
        Assert.Equal("Ask 1", run.Answer(1, true));
        Assert.Equal("Start 1", run.Answer(1, true));
        Assert.Equal("Finish 1 Succeeded; End Succeeded", run.End(1));
    }

    [Fact]
    public void Handle_Stops_An_Attempt_At_Its_Deadline_Whatever_It_Returns_Then()
    {
        var run = new Run([Job(0) with { Timeout = Seconds(10) }]);
        Assert.Equal("Start 0; Wake 10", run.Begin());
        run.At(9);
        Assert.Equal("Wake 10", run.Tick());
        run.At(10);
        Assert.Equal("Stop 0 Timeout", run.Tick());
        Assert.Equal("Finish 0 TimedOut; End Failed", run.End(0));
    }

    [Fact]
    public void Handle_Counts_The_Timeout_From_The_End_Of_A_Wait_Outside()
    {
        var run = new Run([Job(0) with { Timeout = Seconds(10) }]);
        run.Begin();
        Assert.Equal("", run.Say(new SchedulerEvent.AttemptWaiting(run.Now, 0, 1)));
        run.At(60);
        Assert.Equal("", run.Tick());
        Assert.Equal("Wake 70", run.Say(new SchedulerEvent.AttemptBegan(run.Now, 0, 1)));
    }

    [Theory]
    [InlineData(0.0, "1 2 4 5 5")]
    [InlineData(0.5, "0.75 1.5 3 3.75 3.75")]
    public void Handle_Waits_Twice_As_Long_Each_Time_Up_To_The_Longest_Less_Jitter(double jitter, string waits)
    {
        var run = new Run([Job(0) with { AttemptsMax = 6, Retry = AnyFailure, BackoffInitial = Seconds(1), BackoffMax = Seconds(5), Jitter = jitter }]);
        run.Begin();
        var seen = new List<double>();
        for (var attempt = 1; attempt < 6; attempt++)
        {
            var decisions = run.Scheduler.Handle(new SchedulerEvent.AttemptEnded(run.Now, 0, attempt, new AttemptOutcome.Exited(1), 0.5));
            var retry = Assert.IsType<Decision.Retry>(decisions[0]);
            Assert.Equal(new Decision.WakeAt(retry.At), decisions[1]);
            seen.Add((retry.At - run.Now).TotalSeconds);
            run.At(retry.At.TotalSeconds);
            Assert.Equal($"Start 0 #{attempt + 1}", run.Tick());
        }

        Assert.Equal(waits, string.Join(' ', seen));
        Assert.Equal("Finish 0 Failed; End Failed", run.End(0, new AttemptOutcome.Exited(1), 6));
    }

    public static TheoryData<string, AttemptOutcome, bool> Filters => new()
    {
        { "any", new AttemptOutcome.Exited(1), true },
        { "any", new AttemptOutcome.Broken("x"), true },
        { "any", new AttemptOutcome.Signaled(11), true },
        { "75", new AttemptOutcome.Exited(75), true },
        { "75", new AttemptOutcome.Exited(1), false },
        { "75", new AttemptOutcome.Signaled(11), false },
        { "75", new AttemptOutcome.Broken("x"), false },
        { "signal", new AttemptOutcome.Signaled(11), true },
        { "signal", new AttemptOutcome.Exited(1), false },
        { "timeout", new AttemptOutcome.Exited(1), false },
        { "none", new AttemptOutcome.Exited(1), false },
        { "none", new AttemptOutcome.Lost(), true },
    };

    [Theory]
    [MemberData(nameof(Filters))]
    public void Handle_Retries_What_The_Filter_Names(string filter, AttemptOutcome outcome, bool again)
    {
        var run = new Run([Job(0) with { AttemptsMax = 2, Retry = new RetryFilter(filter is "any", filter is "75" ? [75] : [], filter is "timeout", filter is "signal") }]);
        run.Begin();
        Assert.Equal(again ? "Retry 0 #2; Start 0 #2" : "Finish 0 Failed; End Failed", run.End(0, outcome));
    }

    [Fact]
    public void Handle_Retries_A_Timeout_Where_The_Filter_Names_It()
    {
        var run = new Run([Job(0) with { AttemptsMax = 2, Timeout = Seconds(5), Retry = new RetryFilter(Any: false, [], OnTimeout: true, OnSignal: false) }]);
        run.Begin();
        run.At(5);
        run.Tick();
        Assert.Equal("Retry 0 #2; Start 0 #2; Wake 10", run.End(0, new AttemptOutcome.Signaled(15)));
    }

    [Fact]
    public void Handle_Gives_A_Job_Up_Whose_Executor_Was_Lost_Four_Times()
    {
        var run = new Run([Job(0)]);
        run.Begin();
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            Assert.Equal($"Retry 0 #{attempt + 1}; Start 0 #{attempt + 1}", run.End(0, new AttemptOutcome.Lost(), attempt));
        }

        Assert.Equal("Finish 0 Failed; End Failed", run.End(0, new AttemptOutcome.Lost(), 4));
    }

    [Fact]
    public void Handle_Lets_Others_Pass_A_Job_That_Waits_For_A_Lock_Or_Its_Group()
    {
        var run = new Run(
            [Job(0) with { Locks = ["x"] }, Job(1) with { Locks = ["x", "y"] }, Job(2) with { Group = 7 }, Job(3) with { Group = 7 }, Job(4) with { Locks = ["y"] }],
            groups: ImmutableDictionary<int, int>.Empty.Add(7, 1));
        Assert.Equal("Start 0; Start 2; Start 4", run.Begin());
        Assert.Equal("Finish 2 Succeeded; Start 3", run.End(2));
        Assert.Equal("Finish 0 Succeeded", run.End(0));
        Assert.Equal("Finish 4 Succeeded; Start 1", run.End(4));
    }

    [Fact]
    public void Handle_Takes_In_Jobs_That_Need_Running_And_Final_Ones_And_Weighs_Anew()
    {
        var run = new Run([Job(0), Job(1), Job(2), Job(3)], slots: 1);
        Assert.Equal("Start 0", run.Begin());
        Assert.Equal("Finish 0 Succeeded; Start 1", run.End(0));
        Assert.Equal("", run.Say(new SchedulerEvent.JobsAdded(run.Now, [Job(4, 0, 1), Job(5, 3) with { Expected = Seconds(9) }])));
        Assert.Equal("Finish 1 Succeeded; Start 3", run.End(1));
        Assert.Equal("Finish 3 Succeeded; Start 5", run.End(3));
    }

    [Fact]
    public void Handle_Skips_What_The_Plan_Skipped()
    {
        var run = new Run([Job(0) with { SkippedByPlan = true }, Job(1, 0)]);
        Assert.Equal("Finish 0 Skipped; Start 1", run.Begin());
    }

    [Fact]
    public void Handle_Refuses_Events_That_Cannot_Be()
    {
        var run = new Run([Job(0), Conditional(1, 0)]);
        Assert.Throws<InvalidOperationException>(() => run.Tick());
        run.Begin();
        Assert.Throws<InvalidOperationException>(() => run.Begin());
        Assert.Throws<InvalidOperationException>(() => run.End(0, attempt: 2));
        Assert.Throws<InvalidOperationException>(() => run.End(1));
        Assert.Throws<InvalidOperationException>(() => run.End(7));
        Assert.Throws<InvalidOperationException>(() => run.Answer(1, true));
        Assert.Throws<InvalidOperationException>(() => run.Say(new SchedulerEvent.JobsAdded(run.Now, [Job(3)])));
        Assert.Throws<InvalidOperationException>(() => run.Say(new SchedulerEvent.JobsAdded(run.Now, [Job(2, 3), Job(3, 2)])));
        Assert.Throws<InvalidOperationException>(() => run.Scheduler.StatusOf(-1));
        Assert.Equal(JobStatus.Running, run.Scheduler.StatusOf(0));
    }

    [Fact]
    public void Scheduler_Refuses_Circles_And_Limits_Below_One()
    {
        Assert.Throws<ArgumentException>(() => new Run([Job(0, 1), Job(1, 0)]));
        Assert.Throws<ArgumentException>(() => new Run([Job(0)], slots: 0));
        Assert.Throws<ArgumentException>(() => new Run([Job(0)], groups: ImmutableDictionary<int, int>.Empty.Add(0, 0)));
    }

    private static ScheduledJob Job(int index, params int[] needs) => new(index, [.. needs]);

    private static ScheduledJob Conditional(int index, params int[] needs) => Job(index, needs) with { HasCondition = true };

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    /// <summary>A scheduler whose decisions are told as text.</summary>
    private sealed class Run(ImmutableArray<ScheduledJob> jobs, int slots = 8, bool failFast = true, ImmutableDictionary<int, int>? groups = null)
    {
        public Scheduler Scheduler { get; } = new(jobs, new SchedulerOptions(slots, failFast) { GroupLimits = groups ?? ImmutableDictionary<int, int>.Empty });

        public TimeSpan Now { get; private set; }

        public void At(double seconds) => Now = Seconds(seconds);

        public string Begin() => Say(new SchedulerEvent.Started(Now));

        public string Tick() => Say(new SchedulerEvent.Tick(Now));

        public string Cancel() => Say(new SchedulerEvent.CancelRequested(Now));

        public string Answer(int job, bool run) => Say(new SchedulerEvent.ConditionKnown(Now, job, run));

        public string End(int job, AttemptOutcome? outcome = null, int attempt = 1) =>
            Say(new SchedulerEvent.AttemptEnded(Now, job, attempt, outcome ?? Succeeded, 0));

        public string Say(SchedulerEvent happened) => string.Join("; ", Scheduler.Handle(happened).Select(Tell));

        private static string Tell(Decision decision) => decision switch
        {
            Decision.AskCondition d => $"Ask {d.Job}",
            Decision.Start d => $"Start {d.Job}{(d.Attempt == 1 ? "" : $" #{d.Attempt}")}",
            Decision.Stop d => $"Stop {d.Job} {d.Reason}",
            Decision.Kill d => $"Kill {d.Job}",
            Decision.Retry d => $"Retry {d.Job} #{d.NextAttempt}",
            Decision.Finish d => $"Finish {d.Job} {d.Status}",
            Decision.WakeAt d => $"Wake {d.At.TotalSeconds}",
            Decision.End d => $"End {d.Status}",
            _ => "?",
        };
    }
}
