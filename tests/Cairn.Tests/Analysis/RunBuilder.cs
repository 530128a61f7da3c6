using Cairn.Core.Analysis;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;

namespace Cairn.Tests.Analysis;

/// <summary>Makes the facts of runs for tests.</summary>
internal static class RunBuilder
{
    public static readonly DateTimeOffset Now = new(2026, 11, 21, 3, 0, 0, TimeSpan.Zero);
    public static readonly AnalysisWindow Window = new(Now, TimeSpan.FromDays(30));

    public static RunFacts Run(double daysAgo, double wallMs, RunOutcome outcome = RunOutcome.Succeeded, params JobFacts[] jobs)
    {
        var started = Now - TimeSpan.FromDays(daysAgo);
        return new RunFacts
        {
            Id = Core.RunId.Create(started, (uint)jobs.Length).Value,
            Pipeline = "zlib",
            Started = started,
            Outcome = outcome,
            WallMs = wallMs,
            Workers = 4,
            Jobs = [.. jobs],
            CriticalPath = [.. jobs.Select((job, i) => (job, i)).Where(p => p.job.IsExecuted).Select(p => p.i)],
        };
    }

    public static JobFacts Miss(string step, double ms, uint action = 1, JobStatus status = JobStatus.Succeeded) => new()
    {
        Id = step,
        Step = step,
        Status = status,
        Attempts = 1,
        DurationMs = ms,
        CpuMs = ms / 2,
        Cache = CacheState.Miss,
        Action = new ActionKey(0, action),
    };

    public static JobFacts Hit(string step, double savedMs, uint action = 1) => new() { Id = step, Step = step, Status = JobStatus.Succeeded, Cache = CacheState.Hit, SavedMs = savedMs, Action = new ActionKey(0, action) };

    public static JobFacts Off(string step, double ms, string reason) => Miss(step, ms) with { Cache = CacheState.Off, Reason = reason };

    public static AnalysisReport Analyze(params RunFacts[] runs)
    {
        var analysis = new HistoryAnalysis(Window);
        foreach (var run in runs)
        {
            analysis.Add(run);
        }

        return analysis.ToReport();
    }

    /// <summary>A month of a project with all that an analysis tells apart: one that flakes, one that never hits, one that became slower.</summary>
    public static AnalysisReport Month()
    {
        var analysis = new HistoryAnalysis(Window);
        for (var i = 0; i < 120; i++)
        {
            var isNow = i >= 60;
            var configure = i % 10 == 0 ? Miss("configure", 4_000, (uint)i) : Hit("configure", 4_000, 1);
            var build = i % 3 == 0 ? Miss("build", isNow ? 61_000 + (i * 20) : 40_000 + (i * 20), (uint)(1000 + i)) : Hit("build", 45_000, (uint)(1000 + (i / 3 * 3)));
            var stamp = Miss("stamp", 9_000, (uint)(2000 + i));
            var isBroken = i % 20 == 15;
            var test = (i % 4 == 0 ? Miss("test[opt=O2]", 21_000, (uint)(3000 + i)) : isBroken ? Miss("test[opt=O2]", 12_000, (uint)(3000 + (i / 4 * 4)), JobStatus.Failed) : Hit("test[opt=O2]", 21_000, (uint)(3000 + (i / 4 * 4)))) with { Step = "test" };
            test = i % 24 == 0 ? test with { Attempts = 2, RetriedMs = 15_000 } : test;
            var deploy = i % 8 == 0 ? new[] { Off("deploy", 14_000, "`cache: false`") } : [];
            var jobs = (JobFacts[])[configure, build, stamp, test, .. deploy];
            var wall = jobs.Where(j => j.IsExecuted).Sum(j => j.DurationMs + j.RetriedMs) + 300;
            analysis.Add(Run(59.5 - (i * 0.5), wall, isBroken ? RunOutcome.Failed : i % 37 == 36 ? RunOutcome.Cancelled : RunOutcome.Succeeded, jobs));
        }

        return analysis.ToReport(step => step.Step == "stamp" ? [new MissEvidence("`version.txt`", 11, 11), new MissEvidence("the variable `BUILD_ID`", 4, 11)] : []);
    }
}
