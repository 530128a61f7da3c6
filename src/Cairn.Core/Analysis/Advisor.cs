using System.Collections.Immutable;

namespace Cairn.Core.Analysis;

/// <summary>What kind of change saves time.</summary>
public enum AdviceKind
{
    /// <summary>A step on the critical path never, or next to never, comes from the cache.</summary>
    SeldomHits,

    /// <summary>The cache is not asked for a step on the critical path, or does not keep it.</summary>
    NotCached,

    /// <summary>A job flakes.</summary>
    Flaky,

    /// <summary>Steps follow each other while workers are idle.</summary>
    LongChain,

    /// <summary>A step has become slower.</summary>
    Slower,

    /// <summary>All workers are busy, and the processors are not.</summary>
    FewWorkers,
}

/// <summary>What changed between the misses of a step.</summary>
/// <param name="What">A file, a variable, the script.</param>
/// <param name="Times">In how many of them.</param>
/// <param name="Of">How many were compared.</param>
public sealed record MissEvidence(string What, int Times, int Of);

/// <summary>A change that would save time, and why.</summary>
public sealed record Advice
{
    /// <summary>Of what kind.</summary>
    public required AdviceKind Kind { get; init; }

    /// <summary>Of which project; empty where there is but one.</summary>
    public required string Project { get; init; }

    /// <summary>Of which pipeline.</summary>
    public required string Pipeline { get; init; }

    /// <summary>The step or job that it is about; null where it is about the pipeline.</summary>
    public string? Subject { get; init; }

    /// <summary>How much of the waiting for runs in the period it would have saved, by itself, in milliseconds: an estimate, never more than was waited.</summary>
    public required double SavesMs { get; init; }

    /// <summary>What the estimate takes for granted: a hit rate, a trend, a number of jobs at once; by kind.</summary>
    public double Assumed { get; init; }

    /// <summary>The totals of the step that it is about.</summary>
    public StepTotals? Step { get; init; }

    /// <summary>The flake that it is about.</summary>
    public FlakyJob? Flake { get; init; }

    /// <summary>The pipeline's totals.</summary>
    public PipelineTotals? Totals { get; init; }

    /// <summary>Why the cache was not asked.</summary>
    public string? Reason { get; init; }

    /// <summary>What changed between the misses.</summary>
    public ImmutableArray<MissEvidence> Evidence { get; init; } = [];
}

/// <summary>Ranks what could be changed by the time that it would save.</summary>
internal static class Advisor
{
    private const int AdviceMax = 12;
    private const int EvidenceMax = 5;
    private const int ExecutionsMin = 3;
    private const double SeldomRate = 0.2;
    private const double AssumedRateMin = 0.25;
    private const double WorthPart = 0.005;
    private const double ChainPart = 0.75;
    private const double IdlePart = 0.5;
    private const double BusyPart = 0.85;
    private const double SlowerPart = 0.2;
    private const double SlowerMsMin = 200;

    public static ImmutableArray<Advice> Advise(AnalysisReport report, Func<StepTotals, ImmutableArray<MissEvidence>> evidence)
    {
        var all = new List<Advice>();
        foreach (var step in report.Steps)
        {
            var pipeline = report.Pipelines.FirstOrDefault(p => p.Project == step.Project && p.Pipeline == step.Pipeline);
            if (pipeline is not null && step is { CriticalMs: > 0, Executions: >= ExecutionsMin })
            {
                OfCache(all, step, pipeline);
                OfTrend(all, step);
            }
        }

        foreach (var flake in report.Flaky)
        {
            all.Add(new Advice { Kind = AdviceKind.Flaky, Project = flake.Project, Pipeline = flake.Pipeline, Subject = flake.Job, SavesMs = flake.LostMs, Flake = flake });
        }

        foreach (var pipeline in report.Pipelines)
        {
            OfShape(all, report, pipeline);
        }

        // What saves next to nothing is no advice; a flake that is proven is one whatever it costs.
        all.RemoveAll(advice => advice.SavesMs < report.Current.WallMs * WorthPart && advice is not { Flake.ProvenActions: > 0 });
        all.Sort(static (a, b) => b.SavesMs != a.SavesMs ? b.SavesMs.CompareTo(a.SavesMs)
            : a.Kind != b.Kind ? a.Kind.CompareTo(b.Kind)
            : string.CompareOrdinal($"{a.Project}\n{a.Pipeline}\n{a.Subject}", $"{b.Project}\n{b.Pipeline}\n{b.Subject}"));
        var asked = 0;
        return
        [
            .. all.Take(AdviceMax).Select(advice => advice is { Kind: AdviceKind.SeldomHits, Step: { } step } && asked++ < EvidenceMax ? advice with { Evidence = evidence(step) } : advice),
        ];
    }

    private static void OfCache(List<Advice> all, StepTotals step, PipelineTotals pipeline)
    {
        // How often the pipeline's other steps hit: what this one could be expected to.
        var (hits, misses) = (pipeline.Current.Hits - step.Hits, pipeline.Current.Misses - step.Misses);
        var others = hits + misses > 0 ? hits / (double)(hits + misses) : 0;
        var rate = Math.Max(others, AssumedRateMin);
        if (step.Unasked == step.Executions && step.Hits == 0)
        {
            all.Add(Of(AdviceKind.NotCached, step, step.CriticalMs * rate) with { Assumed = rate, Reason = step.Reason });
        }
        else if (step.Misses - step.Forced >= ExecutionsMin && step.HitRate is < SeldomRate and var own && rate > own)
        {
            var kept = step.Reason is null;
            all.Add(Of(kept ? AdviceKind.SeldomHits : AdviceKind.NotCached, step, step.CriticalMs * (rate - own)) with { Assumed = rate, Reason = step.Reason });
        }
    }

    private static void OfTrend(List<Advice> all, StepTotals step)
    {
        if (step is { Trend: >= SlowerPart and var trend, PreviousMedianMs: { } before } && step.MedianMs - before >= SlowerMsMin)
        {
            all.Add(Of(AdviceKind.Slower, step, Math.Min(step.CriticalMs, (step.MedianMs - before) * step.CriticalRuns)) with { Assumed = trend });
        }
    }

    private static void OfShape(List<Advice> all, AnalysisReport report, PipelineTotals pipeline)
    {
        var totals = pipeline.Current;
        if (totals.WallMs <= 0 || totals.Executions == 0)
        {
            return;
        }

        var busy = totals.Workers > 0 ? totals.Parallelism / totals.Workers : 0;
        if (pipeline.Chain.Length > 1 && totals.Workers >= 2 && busy < IdlePart && totals.CriticalMs >= ChainPart * totals.WallMs
            && report.Steps.FirstOrDefault(s => s.Project == pipeline.Project && s.Pipeline == pipeline.Pipeline && pipeline.Chain.Contains(s.Step, StringComparer.Ordinal)) is { } longest)
        {
            // In two parts, if they are as long and nothing else becomes critical.
            all.Add(new Advice
            {
                Kind = AdviceKind.LongChain,
                Project = pipeline.Project,
                Pipeline = pipeline.Pipeline,
                Subject = longest.Step,
                SavesMs = longest.CriticalMs / 2,
                Assumed = busy,
                Step = longest,
                Totals = pipeline,
            });
        }
        else if (busy >= BusyPart && totals.Processors < totals.Workers * IdlePart)
        {
            // With twice the workers, at best.
            all.Add(new Advice
            {
                Kind = AdviceKind.FewWorkers,
                Project = pipeline.Project,
                Pipeline = pipeline.Pipeline,
                SavesMs = Math.Max(0, totals.WallMs - Math.Max(totals.CriticalMs, totals.WallMs / 2)),
                Assumed = totals.Workers * 2,
                Totals = pipeline,
            });
        }
    }

    private static Advice Of(AdviceKind kind, StepTotals step, double savesMs) =>
        new() { Kind = kind, Project = step.Project, Pipeline = step.Pipeline, Subject = step.Step, SavesMs = savesMs, Step = step };
}
