using Cairn.Core.Events;

namespace Cairn.Core.Analysis;

/// <summary>Durations of which the median is wanted.</summary>
internal sealed class Durations32
{
    private readonly List<float> _values = [];

    public int Count => _values.Count;

    public void Add(double milliseconds) => _values.Add((float)milliseconds);

    /// <summary>The value below which a part of all lie: the nearest rank; 0 for none.</summary>
    public double Quantile(double part)
    {
        if (_values.Count == 0)
        {
            return 0;
        }

        _values.Sort();
        return _values[Math.Clamp((int)Math.Ceiling(part * _values.Count) - 1, 0, _values.Count - 1)];
    }
}

/// <summary>Adds runs up.</summary>
internal sealed class RunSum
{
    private readonly Durations32 _walls = new();
    private RunTotals _sum = new();
    private double _wallMs;
    private double _criticalMs;
    private double _workMs;
    private double _cpuMs;
    private double _workerMs;
    private double _savedMs;
    private int _executions;
    private int _hits;
    private int _misses;
    private int _unasked;

    public void Add(RunFacts run, double criticalMs)
    {
        _sum = run.Outcome switch
        {
            RunOutcome.Succeeded => _sum with { Runs = _sum.Runs + 1, Succeeded = _sum.Succeeded + 1 },
            RunOutcome.Failed => _sum with { Runs = _sum.Runs + 1, Failed = _sum.Failed + 1 },
            _ => _sum with { Runs = _sum.Runs + 1, Stopped = _sum.Stopped + 1 },
        };
        if (run.Outcome is RunOutcome.Succeeded or RunOutcome.Failed)
        {
            _walls.Add(run.WallMs);
        }

        _wallMs += run.WallMs;
        _criticalMs += criticalMs;
        _workerMs += run.WallMs * run.Workers;
        foreach (var job in run.Jobs)
        {
            _executions += job.IsExecuted ? 1 : 0;
            _workMs += job.IsExecuted ? job.DurationMs + job.RetriedMs : 0;
            _cpuMs += job.IsExecuted ? job.CpuMs : 0;
            _hits += job.Cache == CacheState.Hit ? 1 : 0;
            _misses += job is { Cache: CacheState.Miss, Attempts: > 0 } ? 1 : 0;
            _unasked += job is { Cache: CacheState.Off, Attempts: > 0 } ? 1 : 0;
            _savedMs += job.Cache == CacheState.Hit ? job.SavedMs : 0;
        }
    }

    public RunTotals ToTotals() => _sum with
    {
        MedianMs = _walls.Quantile(0.5),
        P90Ms = _walls.Quantile(0.9),
        WallMs = _wallMs,
        CriticalMs = _criticalMs,
        WorkMs = _workMs,
        CpuMs = _cpuMs,
        WorkerMs = _workerMs,
        Executions = _executions,
        Hits = _hits,
        Misses = _misses,
        Unasked = _unasked,
        SavedMs = _savedMs,
    };
}

/// <summary>Adds a step up.</summary>
internal sealed class StepSum(string project, string pipeline, string step)
{
    private const int LastMissesMax = 12;
    private const int PreviousMin = 3;

    private readonly Durations32 _durations = new();
    private readonly Durations32 _previous = new();
    private readonly List<MissFacts> _lastMisses = [];
    private StepTotals _sum = new() { Project = project, Pipeline = pipeline, Step = step };
    private double _totalMs;
    private double _savedMs;
    private bool _hasReason;

    public void AddPrevious(JobFacts job)
    {
        if (job.IsExecuted && !job.IsFailed)
        {
            _previous.Add(job.DurationMs);
        }
    }

    public void Add(RunFacts run, JobFacts job)
    {
        if (job.Cache == CacheState.Hit)
        {
            _sum = _sum with { Hits = _sum.Hits + 1 };
            _savedMs += job.SavedMs;
            return;
        }

        if (!job.IsExecuted)
        {
            return;
        }

        _totalMs += job.DurationMs + job.RetriedMs;
        _sum = _sum with
        {
            Executions = _sum.Executions + 1,
            Failures = _sum.Failures + (job.IsFailed ? 1 : 0),
            Misses = _sum.Misses + (job.Cache == CacheState.Miss ? 1 : 0),
            Unasked = _sum.Unasked + (job.Cache == CacheState.Off ? 1 : 0),
            Forced = _sum.Forced + (job.Forced ? 1 : 0),
            Reason = !_hasReason || string.Equals(_sum.Reason, job.Reason, StringComparison.Ordinal) ? job.Reason : null,
        };
        _hasReason = true;
        if (!job.IsFailed)
        {
            _durations.Add(job.DurationMs);
        }

        if (job is { Cache: CacheState.Miss, Forced: false, Action: { } action })
        {
            Note(new MissFacts(run.Id, run.Started, job.Id, action));
        }
    }

    public void AddCritical(double milliseconds, bool isFirstOfRun) =>
        _sum = _sum with { CriticalMs = _sum.CriticalMs + milliseconds, CriticalRuns = _sum.CriticalRuns + (isFirstOfRun ? 1 : 0) };

    /// <summary>The totals; null where nothing of it was in the period.</summary>
    public StepTotals? ToTotals(double allCriticalMs) => _sum.Executions + _sum.Hits == 0 && _sum.CriticalMs <= 0 ? null : _sum with
    {
        MedianMs = _durations.Quantile(0.5),
        P90Ms = _durations.Quantile(0.9),
        PreviousMedianMs = _previous.Count >= PreviousMin && _durations.Count >= PreviousMin ? _previous.Quantile(0.5) : null,
        TotalMs = _totalMs,
        SavedMs = _savedMs,
        CriticalShare = allCriticalMs > 0 ? _sum.CriticalMs / allCriticalMs : 0,
        LastMisses = [.. _lastMisses],
    };

    // The newest ones, whatever order the runs come in.
    private void Note(MissFacts miss)
    {
        var at = 0;
        while (at < _lastMisses.Count && string.CompareOrdinal(_lastMisses[at].Run, miss.Run) > 0)
        {
            at++;
        }

        if (at < LastMissesMax)
        {
            _lastMisses.Insert(at, miss);
            if (_lastMisses.Count > LastMissesMax)
            {
                _lastMisses.RemoveAt(LastMissesMax);
            }
        }
    }
}
