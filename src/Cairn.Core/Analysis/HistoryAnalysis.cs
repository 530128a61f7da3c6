using System.Collections.Immutable;

using Cairn.Core.Events;
using Cairn.Core.Scheduling;

namespace Cairn.Core.Analysis;

/// <summary>
/// Adds up what the records of runs tell, in whatever order they come, one at a time: what it holds grows with steps and executions, not with the size of the records.
/// </summary>
public sealed class HistoryAnalysis
{
    private const int PointsMax = 2_000;
    private const int SlicesMax = 60;
    private const int ChainsMax = 1_000;

    private readonly AnalysisWindow _window;
    private readonly RunSum _current = new();
    private readonly RunSum _previous = new();
    private readonly RunSum[] _slices;
    private readonly TimeSpan _sliceLength;
    private readonly Dictionary<(string Project, string Pipeline), PipelineSum> _pipelines = [];
    private readonly Dictionary<(string Project, string Pipeline, string Step), StepSum> _steps = [];
    private readonly Dictionary<(string Project, string Pipeline, string Job), FlakeSum> _flakes = [];
    private readonly List<RunPoint> _points = [];
    private DateTimeOffset? _oldest;
    private double _criticalMs;

    /// <param name="window">The time: runs outside of it are left out.</param>
    public HistoryAnalysis(AnalysisWindow window)
    {
        ArgumentNullException.ThrowIfNull(window);
        if (window.Period <= TimeSpan.Zero)
        {
            throw new ArgumentException("A period takes time", nameof(window));
        }

        _window = window;
        _sliceLength = SliceOf(window.Period);
        _slices = new RunSum[Math.Max(1, (int)Math.Ceiling(window.Period / _sliceLength))];
        for (var i = 0; i < _slices.Length; i++)
        {
            _slices[i] = new RunSum();
        }
    }

    private sealed class PipelineSum
    {
        public RunSum Current { get; } = new();

        public RunSum Previous { get; } = new();

        public Dictionary<string, (ImmutableArray<string> Steps, int Runs, double Ms)> Chains { get; } = new(StringComparer.Ordinal);
    }

    /// <summary>Adds a run.</summary>
    public void Add(RunFacts run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.Started > _window.Now || run.Started < _window.PreviousSince)
        {
            return;
        }

        var isCurrent = run.Started >= _window.Since;
        _oldest = _oldest is { } oldest && oldest <= run.Started ? oldest : run.Started;
        var parts = CriticalParts(run);
        var criticalMs = parts.Sum();
        var pipeline = Of(_pipelines, (run.Project, run.Pipeline), static _ => new PipelineSum());
        (isCurrent ? _current : _previous).Add(run, criticalMs);
        (isCurrent ? pipeline.Current : pipeline.Previous).Add(run, criticalMs);
        foreach (var job in run.Jobs)
        {
            var step = StepOf(run, job.Step);
            if (isCurrent)
            {
                step.Add(run, job);
            }
            else
            {
                step.AddPrevious(job);
            }

            Of(_flakes, (run.Project, run.Pipeline, job.Id), static _ => new FlakeSum()).Add(run, job, isCurrent);
        }

        if (isCurrent)
        {
            _points.Add(new RunPoint(run.Id, run.Pipeline, run.Started, run.WallMs, run.Outcome));
            _slices[Math.Clamp((int)((run.Started - _window.Since) / _sliceLength), 0, _slices.Length - 1)].Add(run, criticalMs);
            AddCritical(run, parts, pipeline);
        }
    }

    /// <summary>The report. <paramref name="evidence"/> gives what changed between the last misses of a step, for those that are worth a look.</summary>
    public AnalysisReport ToReport(Func<StepTotals, ImmutableArray<MissEvidence>>? evidence = null)
    {
        var steps = new List<StepTotals>();
        foreach (var sum in _steps.Values)
        {
            if (sum.ToTotals(_criticalMs) is { } step)
            {
                steps.Add(step);
            }
        }

        steps.Sort(static (a, b) => Compare((b.CriticalMs, b.TotalMs), (a.CriticalMs, a.TotalMs), (a.Project, a.Pipeline, a.Step), (b.Project, b.Pipeline, b.Step)));
        var report = new AnalysisReport
        {
            Window = _window,
            Oldest = _oldest,
            Current = _current.ToTotals(),
            Previous = _previous.ToTotals(),
            Pipelines = Pipelines(),
            Steps = [.. steps],
            Flaky = Flaky(),
            Points = Thinned(),
            Slices = [.. _slices.Select((sum, i) => new TimeSlice(_window.Since + (i * _sliceLength), _sliceLength, sum.ToTotals()))],
        };
        return report with { Advice = Advisor.Advise(report, evidence ?? (static _ => [])) };
    }

    /// <summary>What each job of the critical path adds to it: together never more than the run took.</summary>
    internal static double[] CriticalParts(RunFacts run)
    {
        var parts = new double[run.CriticalPath.Length];
        var left = run.WallMs;
        for (var i = 0; i < parts.Length; i++)
        {
            var job = run.Jobs[run.CriticalPath[i]];
            parts[i] = Math.Clamp(job.DurationMs + job.RetriedMs, 0, left);
            left -= parts[i];
        }

        return parts;
    }

    private void AddCritical(RunFacts run, double[] parts, PipelineSum pipeline)
    {
        var chain = new List<string>();
        var sum = 0.0;
        for (var i = 0; i < parts.Length; i++)
        {
            var name = run.Jobs[run.CriticalPath[i]].Step;
            StepOf(run, name).AddCritical(parts[i], isFirstOfRun: !chain.Contains(name, StringComparer.Ordinal));
            if (parts[i] > 0 && (chain.Count == 0 || chain[^1] != name))
            {
                chain.Add(name);
            }

            sum += parts[i];
        }

        _criticalMs += sum;
        if (chain.Count > 0 && (pipeline.Chains.Count < ChainsMax || pipeline.Chains.ContainsKey(string.Join('\n', chain))))
        {
            var key = string.Join('\n', chain);
            var known = pipeline.Chains.GetValueOrDefault(key, ([.. chain], 0, 0));
            pipeline.Chains[key] = (known.Steps, known.Runs + 1, known.Ms + sum);
        }
    }

    private ImmutableArray<PipelineTotals> Pipelines()
    {
        var all = new List<PipelineTotals>();
        foreach (var ((project, name), sum) in _pipelines)
        {
            var totals = new PipelineTotals(project, name, sum.Current.ToTotals(), sum.Previous.ToTotals());
            foreach (var (_, (steps, runs, ms)) in sum.Chains)
            {
                if (ms > totals.ChainMs || (ms == totals.ChainMs && string.CompareOrdinal(string.Concat(steps), string.Concat(totals.Chain)) < 0))
                {
                    totals = totals with { Chain = steps, ChainRuns = runs, ChainMs = ms };
                }
            }

            if (totals.Current.Runs > 0)
            {
                all.Add(totals);
            }
        }

        all.Sort(static (a, b) => Compare((b.Current.WallMs, 0), (a.Current.WallMs, 0), (a.Project, a.Pipeline, ""), (b.Project, b.Pipeline, "")));
        return [.. all];
    }

    private ImmutableArray<FlakyJob> Flaky()
    {
        var all = new List<FlakyJob>();
        foreach (var ((project, pipeline, job), sum) in _flakes)
        {
            if (sum.ToFlaky(project, pipeline, job) is { } flaky)
            {
                all.Add(flaky);
            }
        }

        all.Sort(static (a, b) => Compare((b.LostMs, b.ProvenFailures), (a.LostMs, a.ProvenFailures), (a.Project, a.Pipeline, a.Job), (b.Project, b.Pipeline, b.Job)));
        return [.. all];
    }

    private ImmutableArray<RunPoint> Thinned()
    {
        _points.Sort(static (a, b) => a.Time != b.Time ? a.Time.CompareTo(b.Time) : string.CompareOrdinal(a.Id, b.Id));
        if (_points.Count <= PointsMax)
        {
            return [.. _points];
        }

        var points = ImmutableArray.CreateBuilder<RunPoint>(PointsMax);
        for (var i = 0; i < PointsMax; i++)
        {
            points.Add(_points[(int)((long)i * _points.Count / PointsMax)]);
        }

        return points.MoveToImmutable();
    }

    private StepSum StepOf(RunFacts run, string step) => Of(_steps, (run.Project, run.Pipeline, step), static key => new StepSum(key.Item1, key.Item2, key.Item3));

    private static TValue Of<TKey, TValue>(Dictionary<TKey, TValue> all, TKey key, Func<TKey, TValue> create)
        where TKey : notnull
    {
        if (!all.TryGetValue(key, out var value))
        {
            all[key] = value = create(key);
        }

        return value;
    }

    private static int Compare((double, double) first, (double, double) second, (string, string, string) nameOfFirst, (string, string, string) nameOfSecond)
    {
        var order = first.CompareTo(second);
        return order != 0 ? order
            : string.CompareOrdinal(nameOfFirst.Item1, nameOfSecond.Item1) is not 0 and var project ? project
            : string.CompareOrdinal(nameOfFirst.Item2, nameOfSecond.Item2) is not 0 and var pipeline ? pipeline
            : string.CompareOrdinal(nameOfFirst.Item3, nameOfSecond.Item3);
    }

    /// <summary>Hours, days, or as many days as leave a plot readable.</summary>
    private static TimeSpan SliceOf(TimeSpan period) =>
        period <= TimeSpan.FromDays(2) ? TimeSpan.FromHours(Math.Max(1, Math.Ceiling(period.TotalHours / SlicesMax))) : TimeSpan.FromDays(Math.Max(1, Math.Ceiling(period.TotalDays / SlicesMax)));
}

/// <summary>Finds out whether a job flakes.</summary>
internal sealed class FlakeSum
{
    private readonly Dictionary<ActionKey, (bool HasSucceeded, int Failures, int Recent, double LostMs)> _verdicts = [];
    private int _passedRetries;
    private double _retriedMs;

    public void Add(RunFacts run, JobFacts job, bool isCurrent)
    {
        if (isCurrent && job is { Status: JobStatus.Succeeded, IsExecuted: true, Attempts: > 1 })
        {
            _passedRetries++;
            _retriedMs += job.RetriedMs;
        }

        if (job.Action is not { } action || (!job.IsExecuted && job.Cache != CacheState.Hit) || (job.Status != JobStatus.Succeeded && !job.IsFailed))
        {
            return;
        }

        var known = _verdicts.GetValueOrDefault(action);
        _verdicts[action] = job.IsFailed
            ? (known.HasSucceeded, known.Failures + 1, known.Recent + (isCurrent ? 1 : 0), known.LostMs + (isCurrent && run.Outcome == RunOutcome.Failed ? run.WallMs : 0))
            : known with { HasSucceeded = true };
    }

    /// <summary>The flake; null where there is neither proof nor a retry that passed.</summary>
    public FlakyJob? ToFlaky(string project, string pipeline, string job)
    {
        var flaky = new FlakyJob { Project = project, Pipeline = pipeline, Job = job, PassedRetries = _passedRetries, LostMs = _retriedMs };
        foreach (var (hasSucceeded, failures, recent, lostMs) in _verdicts.Values)
        {
            if (hasSucceeded && recent > 0)
            {
                flaky = flaky with { ProvenActions = flaky.ProvenActions + 1, ProvenFailures = flaky.ProvenFailures + failures, LostMs = flaky.LostMs + lostMs };
            }
        }

        return flaky.ProvenActions + flaky.PassedRetries > 0 ? flaky : null;
    }
}
