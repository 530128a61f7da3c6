using System.Collections.Immutable;

namespace Cairn.Core.Analysis;

/// <summary>What is analysed: a period that ends now, and the one before it, to compare.</summary>
/// <param name="Now">The end.</param>
/// <param name="Period">Its length.</param>
public sealed record AnalysisWindow(DateTimeOffset Now, TimeSpan Period)
{
    /// <summary>When the period begins.</summary>
    public DateTimeOffset Since => Before(Now, Period);

    /// <summary>When the period before it begins.</summary>
    public DateTimeOffset PreviousSince => Before(Since, Period);

    private static DateTimeOffset Before(DateTimeOffset time, TimeSpan period) => time - DateTimeOffset.MinValue > period ? time - period : DateTimeOffset.MinValue;
}

/// <summary>Runs of a period, added up. Durations are of runs that ended by themselves.</summary>
public sealed record RunTotals
{
    /// <summary>How many.</summary>
    public int Runs { get; init; }

    /// <summary>Of them those that succeeded.</summary>
    public int Succeeded { get; init; }

    /// <summary>Of them those that failed.</summary>
    public int Failed { get; init; }

    /// <summary>Of them those that were cancelled or interrupted.</summary>
    public int Stopped { get; init; }

    /// <summary>The median of how long they took, in milliseconds.</summary>
    public double MedianMs { get; init; }

    /// <summary>What nine of ten did not exceed, in milliseconds.</summary>
    public double P90Ms { get; init; }

    /// <summary>How long they took together, in milliseconds.</summary>
    public double WallMs { get; init; }

    /// <summary>How long their critical paths took together, in milliseconds; at most <see cref="WallMs"/>.</summary>
    public double CriticalMs { get; init; }

    /// <summary>How long their jobs took together, in milliseconds.</summary>
    public double WorkMs { get; init; }

    /// <summary>How much processor time their jobs used, in milliseconds.</summary>
    public double CpuMs { get; init; }

    /// <summary>How long workers were there, in milliseconds: the time of each run times its jobs at once.</summary>
    public double WorkerMs { get; init; }

    /// <summary>Jobs executed.</summary>
    public int Executions { get; init; }

    /// <summary>Jobs that came from the cache.</summary>
    public int Hits { get; init; }

    /// <summary>Jobs that the cache did not have.</summary>
    public int Misses { get; init; }

    /// <summary>Jobs that the cache was not asked for.</summary>
    public int Unasked { get; init; }

    /// <summary>What hits saved, in milliseconds.</summary>
    public double SavedMs { get; init; }

    /// <summary>Hits among the jobs that the cache was asked for, 0 to 1; null where it was asked for none.</summary>
    public double? HitRate => Hits + Misses == 0 ? null : Hits / (double)(Hits + Misses);

    /// <summary>How many jobs ran at once on average.</summary>
    public double Parallelism => WallMs > 0 ? WorkMs / WallMs : 0;

    /// <summary>How many could have, on average.</summary>
    public double Workers => WallMs > 0 ? WorkerMs / WallMs : 0;

    /// <summary>How many processors were busy on average.</summary>
    public double Processors => WallMs > 0 ? CpuMs / WallMs : 0;
}

/// <summary>A step of a pipeline over all runs of the period.</summary>
public sealed record StepTotals
{
    /// <summary>Its project; empty where there is but one.</summary>
    public required string Project { get; init; }

    /// <summary>Its pipeline.</summary>
    public required string Pipeline { get; init; }

    /// <summary>Its name.</summary>
    public required string Step { get; init; }

    /// <summary>How often it was executed, each job of a matrix for itself.</summary>
    public int Executions { get; init; }

    /// <summary>How often it failed.</summary>
    public int Failures { get; init; }

    /// <summary>How often it came from the cache.</summary>
    public int Hits { get; init; }

    /// <summary>How often the cache did not have it.</summary>
    public int Misses { get; init; }

    /// <summary>How often the cache was not asked.</summary>
    public int Unasked { get; init; }

    /// <summary>How often it was executed because the caller said so.</summary>
    public int Forced { get; init; }

    /// <summary>The median of its executions, in milliseconds.</summary>
    public double MedianMs { get; init; }

    /// <summary>What nine of ten executions did not exceed, in milliseconds.</summary>
    public double P90Ms { get; init; }

    /// <summary>The median of its executions in the period before, in milliseconds; null where there were too few to compare.</summary>
    public double? PreviousMedianMs { get; init; }

    /// <summary>All executions together, in milliseconds.</summary>
    public double TotalMs { get; init; }

    /// <summary>What hits saved, in milliseconds.</summary>
    public double SavedMs { get; init; }

    /// <summary>Its part of the critical paths, in milliseconds.</summary>
    public double CriticalMs { get; init; }

    /// <summary>The same as a part of all critical paths, 0 to 1. Those of all steps sum to 1 where there is any.</summary>
    public double CriticalShare { get; init; }

    /// <summary>In how many runs it was on the critical path.</summary>
    public int CriticalRuns { get; init; }

    /// <summary>Why the cache was not asked for it, or did not keep it, where that was always the same; null otherwise.</summary>
    public string? Reason { get; init; }

    /// <summary>Its last misses, the newest first, to compare what changed between them.</summary>
    public ImmutableArray<MissFacts> LastMisses { get; init; } = [];

    /// <summary>Hits among the jobs that the cache was asked for, 0 to 1; null where it was asked for none.</summary>
    public double? HitRate => Hits + Misses == 0 ? null : Hits / (double)(Hits + Misses);

    /// <summary>How much its median changed against the period before: 0.2 is a fifth more. Null where that is not known.</summary>
    public double? Trend => PreviousMedianMs is > 0 and var before ? (MedianMs - before) / before : null;
}

/// <summary>A miss of a job.</summary>
/// <param name="Run">The run.</param>
/// <param name="Time">When that began.</param>
/// <param name="Job">The job.</param>
/// <param name="Action">Its action.</param>
public sealed record MissFacts(string Run, DateTimeOffset Time, string Job, ActionKey Action);

/// <summary>A job whose verdict does not depend on its inputs alone.</summary>
public sealed record FlakyJob
{
    /// <summary>Its project; empty where there is but one.</summary>
    public required string Project { get; init; }

    /// <summary>Its pipeline.</summary>
    public required string Pipeline { get; init; }

    /// <summary>Its id.</summary>
    public required string Job { get; init; }

    /// <summary>How many of its actions both failed and succeeded: proof, since an action digest names all that it may depend on.</summary>
    public int ProvenActions { get; init; }

    /// <summary>How often these failed.</summary>
    public int ProvenFailures { get; init; }

    /// <summary>How often a retry passed after a failed attempt of the same run.</summary>
    public int PassedRetries { get; init; }

    /// <summary>What that cost, in milliseconds: attempts before the one that passed, waits, and runs that failed by it.</summary>
    public double LostMs { get; init; }
}

/// <summary>A run in a plot.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Pipeline">Its pipeline.</param>
/// <param name="Time">When it began.</param>
/// <param name="WallMs">How long it took.</param>
/// <param name="Outcome">How it ended.</param>
public sealed record RunPoint(string Id, string Pipeline, DateTimeOffset Time, double WallMs, RunOutcome Outcome);

/// <summary>A day, or a longer part of a long period.</summary>
/// <param name="Start">When it begins.</param>
/// <param name="Length">How long it is.</param>
/// <param name="Totals">Its runs.</param>
public sealed record TimeSlice(DateTimeOffset Start, TimeSpan Length, RunTotals Totals);

/// <summary>All runs of one pipeline.</summary>
/// <param name="Project">Its project; empty where there is but one.</param>
/// <param name="Pipeline">Its name.</param>
/// <param name="Current">The period.</param>
/// <param name="Previous">The one before.</param>
public sealed record PipelineTotals(string Project, string Pipeline, RunTotals Current, RunTotals Previous)
{
    /// <summary>The steps of the chain that took most time on critical paths, first to last; empty where no run has one.</summary>
    public ImmutableArray<string> Chain { get; init; } = [];

    /// <summary>In how many runs that was the critical path.</summary>
    public int ChainRuns { get; init; }

    /// <summary>How long it took in these together, in milliseconds.</summary>
    public double ChainMs { get; init; }
}

/// <summary>What the records of runs say.</summary>
public sealed record AnalysisReport
{
    /// <summary>The time.</summary>
    public required AnalysisWindow Window { get; init; }

    /// <summary>The oldest run that there is a record of within the two periods; null for none.</summary>
    public DateTimeOffset? Oldest { get; init; }

    /// <summary>The runs of the period.</summary>
    public required RunTotals Current { get; init; }

    /// <summary>The runs of the period before.</summary>
    public required RunTotals Previous { get; init; }

    /// <summary>By pipeline, the one with most time first.</summary>
    public ImmutableArray<PipelineTotals> Pipelines { get; init; } = [];

    /// <summary>By step: most time on critical paths first, then most time altogether.</summary>
    public ImmutableArray<StepTotals> Steps { get; init; } = [];

    /// <summary>Jobs that flake, the most expensive first.</summary>
    public ImmutableArray<FlakyJob> Flaky { get; init; } = [];

    /// <summary>The runs of the period, the oldest first; evenly thinned out where they are many.</summary>
    public ImmutableArray<RunPoint> Points { get; init; } = [];

    /// <summary>The period in parts, the oldest first, those without runs too.</summary>
    public ImmutableArray<TimeSlice> Slices { get; init; } = [];

    /// <summary>What to change, what saves most first.</summary>
    public ImmutableArray<Advice> Advice { get; init; } = [];
}
