using Cairn.Core.Analysis;
using Cairn.Core.Scheduling;

using FsCheck;
using FsCheck.Fluent;

using static Cairn.Tests.Analysis.RunBuilder;

namespace Cairn.Tests.Analysis;

public sealed class HistoryAnalysisTests
{
    [Fact]
    public void Runs_AreOfThePeriod_OrTheOneBefore_OrNeither()
    {
        var report = Analyze(Run(1, 1_000), Run(29, 3_000), Run(31, 2_000), Run(59, 4_000), Run(61, 9_000), Run(-1, 9_000));
        Assert.Equal((2, 2), (report.Current.Runs, report.Previous.Runs));
        Assert.Equal((1_000, 3_000), (report.Current.MedianMs, report.Current.P90Ms));
        Assert.Equal(Now.AddDays(-59), report.Oldest);
    }

    [Fact]
    public void Totals_AddUp()
    {
        var report = Analyze(
            Run(1, 1_000, jobs: [Miss("a", 600), Hit("b", 5_000), Off("c", 200, "x")]),
            Run(2, 500, RunOutcome.Failed, Miss("a", 400, 2, JobStatus.Failed)),
            Run(3, 100, RunOutcome.Cancelled));
        var now = report.Current;
        Assert.Equal((1, 1, 1), (now.Succeeded, now.Failed, now.Stopped));
        Assert.Equal((3, 1, 2, 1, 5_000), (now.Executions, now.Hits, now.Misses, now.Unasked, now.SavedMs));
        Assert.Equal((1_200, 600, 6_400), (now.WorkMs, now.CpuMs, now.WorkerMs));
        Assert.Equal(1 / 3.0, now.HitRate!.Value, 9);
        // A run that somebody stopped says nothing about how long runs take.
        Assert.Equal(500, now.MedianMs);
    }

    [Fact]
    public void Flake_IsProven_ByTheSameActionWithAnotherVerdict()
    {
        var report = Analyze(
            Run(1, 1_000, RunOutcome.Failed, Miss("proven", 100, 7, JobStatus.Failed), Miss("changed", 100, 1, JobStatus.Failed), Miss("retried", 100) with { Attempts = 2, RetriedMs = 250 }),
            Run(2, 1_000, jobs: [Miss("proven", 100, 7), Miss("changed", 100, 2)]));
        Assert.Equal(["proven", "retried"], report.Flaky.Select(f => f.Job));
        Assert.Equal((1, 1, 0, 1_000), report.Flaky[0] is var proven ? (proven.ProvenActions, proven.ProvenFailures, proven.PassedRetries, proven.LostMs) : default);
        Assert.Equal((0, 1, 250), report.Flaky[1] is var retried ? (retried.ProvenActions, retried.PassedRetries, retried.LostMs) : default);
    }

    [Theory]
    [InlineData(JobStatus.TimedOut, true)]
    [InlineData(JobStatus.Cancelled, false)]
    [InlineData(JobStatus.NotRun, false)]
    public void Flake_NeedsAVerdict(JobStatus status, bool expected) =>
        Assert.Equal(expected, !Analyze(Run(1, 10, RunOutcome.Failed, Miss("a", 1, 7, status)), Run(2, 10, jobs: [Hit("a", 5, 7)])).Flaky.IsEmpty);

    [Fact]
    public void Flake_OfThePeriodBefore_IsNoneOfThisOne() =>
        Assert.Empty(Analyze(Run(31, 10, RunOutcome.Failed, Miss("a", 1, 7, JobStatus.Failed)), Run(2, 10, jobs: [Miss("a", 1, 7)])).Flaky);

    [Fact]
    public void Trend_ComparesMedians_OfEnoughExecutions()
    {
        var runs = Enumerable.Range(1, 3).SelectMany(i => new[] { Run(i, 20, jobs: [Miss("a", 12)]), Run(i + 30, 20, jobs: [Miss("a", 10)]) }).ToArray();
        Assert.Equal(0.2, Assert.Single(Analyze(runs).Steps).Trend!.Value, 6);
        Assert.Null(Assert.Single(Analyze(runs[..4]).Steps).Trend);
    }

    [Fact]
    public void LastMisses_AreTheNewest_WhateverOrderTheyComeIn()
    {
        var runs = Enumerable.Range(1, 20).Select(i => Run(i, 20, jobs: [Miss("a", 12, (uint)i)])).OrderBy(r => r.Id[^3..], StringComparer.Ordinal).ToArray();
        var misses = Assert.Single(Analyze(runs).Steps).LastMisses;
        Assert.Equal(Enumerable.Range(1, 12).Select(i => Now.AddDays(-i)), misses.Select(m => m.Time));
    }

    [Fact]
    public void Advice_IsRankedByWhatItSaves()
    {
        var report = Month();
        Assert.Equal(report.Advice.Select(a => a.SavesMs).OrderDescending(), report.Advice.Select(a => a.SavesMs));
        Assert.Contains(report.Advice, a => a is { Kind: AdviceKind.SeldomHits, Subject: "stamp", Evidence.Length: 2 });
        Assert.Contains(report.Advice, a => a is { Kind: AdviceKind.NotCached, Subject: "deploy", Reason: "`cache: false`" });
        Assert.Contains(report.Advice, a => a is { Kind: AdviceKind.Slower, Subject: "build" });
        Assert.Contains(report.Advice, a => a is { Kind: AdviceKind.Flaky, Subject: "test[opt=O2]" });
        Assert.Contains(report.Advice, a => a is { Kind: AdviceKind.LongChain, Subject: "build" });
    }

    [Fact]
    public void Advice_ForBusyWorkersAndIdleProcessors_IsMoreWorkers()
    {
        var jobs = Enumerable.Range(0, 16).Select(i => Miss($"s{i}", 1_000) with { CpuMs = 50 }).ToArray();
        var report = Analyze(Enumerable.Range(1, 3).Select(i => Run(i, 4_000, jobs: jobs) with { CriticalPath = [0] }).ToArray());
        var advice = Assert.Single(report.Advice, a => a.Kind == AdviceKind.FewWorkers);
        Assert.Equal((8, 6_000), (advice.Assumed, advice.SavesMs));
    }

    [Fact]
    public void NoRuns_GiveAnEmptyReport()
    {
        var report = Analyze();
        Assert.Equal((0, 0), (report.Current.Runs, report.Advice.Length));
        Assert.Equal(30, report.Slices.Length);
    }

    [Fact]
    public void Shares_SumToOne_AndCriticalPaths_AreNeverLongerThanRuns() => Prop.ForAll(Runs(), runs =>
    {
        var report = Analyze(runs);
        Assert.True(report.Current.CriticalMs <= report.Current.WallMs + 1e-6);
        Assert.All(report.Pipelines, p => Assert.True(p.Current.CriticalMs <= p.Current.WallMs + 1e-6));
        Assert.All(report.Slices, s => Assert.True(s.Totals.CriticalMs <= s.Totals.WallMs + 1e-6));
        Assert.Equal(report.Current.Runs, report.Slices.Sum(s => s.Totals.Runs));
        var shares = report.Steps.Sum(s => s.CriticalShare);
        Assert.True(report.Current.CriticalMs > 0 ? Math.Abs(shares - 1) < 1e-9 : shares == 0);
        Assert.All(report.Advice, a => Assert.InRange(a.SavesMs, 0, report.Current.WallMs + report.Flaky.Sum(f => f.LostMs) + 1e-6));
        Assert.Equal(report.Current.Executions, report.Steps.Sum(s => s.Executions));
        Assert.Equal(report.Current.Hits, report.Steps.Sum(s => s.Hits));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Order_OfRuns_DoesNotMatter() => Prop.ForAll(Runs(), runs =>
    {
        var (forward, backward) = (Analyze(runs), Analyze([.. runs.Reverse()]));
        Assert.Equal(forward.Steps.Select(s => (s.Pipeline, s.Step, s.Executions, s.MedianMs, s.CriticalRuns)), backward.Steps.Select(s => (s.Pipeline, s.Step, s.Executions, s.MedianMs, s.CriticalRuns)));
        Assert.Equal(forward.Flaky.Select(f => (f.Job, f.ProvenActions, f.ProvenFailures)), backward.Flaky.Select(f => (f.Job, f.ProvenActions, f.ProvenFailures)));
    }).QuickCheckThrowOnFailure();

    private static Arbitrary<RunFacts[]> Runs()
    {
        var jobs =
            from step in Gen.Elements("a", "b", "c", "d")
            from action in Gen.Choose(1, 3)
            from ms in Gen.Choose(0, 5_000)
            from kind in Gen.Choose(0, 5)
            select kind switch
            {
                0 => Hit(step, ms, (uint)action),
                1 => Miss(step, ms, (uint)action, JobStatus.Failed),
                2 => Miss(step, ms, (uint)action) with { Attempts = 2, RetriedMs = ms },
                3 => Off(step, ms, "x"),
                _ => Miss(step, ms, (uint)action),
            };
        var run =
            from days in Gen.Choose(0, 700)
            from wall in Gen.Choose(0, 10_000)
            from outcome in Gen.Elements(Enum.GetValues<RunOutcome>())
            from list in Gen.ListOf(jobs)
            from pipeline in Gen.Elements("p", "q")
            select Run(days / 10.0, wall, outcome, [.. list.DistinctBy(j => j.Id)]) with { Pipeline = pipeline };
        return Gen.ArrayOf(run).ToArbitrary();
    }
}
