using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Engine;

namespace Cairn.Cli.Terminal;

/// <summary>Lines for pipes, files and CI: <c>[job] text</c> for what steps write, <c>==> job: …</c> for what happens. Jobs interleave by whole lines.</summary>
internal sealed class PlainView(ViewOptions options) : IRunView
{
    private readonly RunModel _model = new(options.Expected);
    private readonly ByteText _pending = new();
    private readonly Dictionary<(string Job, OutputSource Source), LineJoiner> _lines = [];
    private readonly JobFold _fold = new();

    /// <inheritdoc/>
    public int PendingBytes => _pending.Length;

    /// <inheritdoc/>
    public void OnEvent(RunEvent runEvent, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(runEvent);
        _model.Apply(runEvent, now);
        switch (runEvent)
        {
            case PipelineStarted started:
                Mark("run", $"{started.Run} of {started.Pipeline}: {started.Jobs.Length} {(started.Jobs.Length == 1 ? "job" : "jobs")}, {started.MaxParallel} at once");
                break;
            case PipelineExtended extended:
                Mark(extended.Job, $"added {extended.Jobs.Length} {(extended.Jobs.Length == 1 ? "job" : "jobs")}");
                break;
            case StepStarted started:
                Mark(started.Job, started.Attempt > 1 ? $"started, attempt {started.Attempt}" : "started");
                break;
            case StepRetrying retrying:
                EndLines(retrying.Job);
                Mark(retrying.Job, $"failed: {retrying.Reason}; attempt {retrying.Attempt + 1} follows in {Words.Duration(retrying.WaitMs)}");
                break;
            case StepFinished { IsCached: true } finished when !_lines.ContainsKey((finished.Job, OutputSource.Stdout)) && !_lines.ContainsKey((finished.Job, OutputSource.Stderr)):
                _fold.Add(finished, now);
                break;
            case StepFinished finished:
                EndLines(finished.Job);
                Mark(finished.Job, Ending(finished));
                break;
            case ServiceStarted service:
                Mark($"service {service.Service}", "started");
                break;
            case ServiceReady service:
                Mark($"service {service.Service}", $"ready after {Words.Duration(service.AfterMs)}");
                break;
            case ServiceStopped service:
                EndLines($"service:{service.Service}");
                Mark($"service {service.Service}", service.Reason is { } reason ? $"failed: {reason}" : "stopped");
                break;
            case LockWaiting waiting:
                Mark(waiting.Job ?? "run", $"waits for lock `{waiting.Lock}`{(waiting.Holder is { } holder ? $", held by {holder}" : "")}");
                break;
            case LockAcquired acquired:
                Mark(acquired.Job ?? "run", $"got lock `{acquired.Lock}` after {Words.Duration(acquired.WaitedMs)}");
                break;
            case WarningRaised warning:
                Mark(warning.Job ?? "run", $"warning[{warning.Code}]: {warning.Message}");
                break;
            case PipelineFinished:
                // The last line says the same of all.
                if (_model.IsAllCached && _fold.Jobs.Count == _model.CachedCount)
                {
                    _fold.Jobs.Clear();
                }

                FlushFold();
                RunReport.AppendSummary(_pending, _model, options);
                break;
            default:
                break;
        }
    }

    /// <inheritdoc/>
    public void OnOutput(JobId job, OutputSource source, ReadOnlySpan<byte> bytes, DateTimeOffset time)
    {
        if (!_lines.TryGetValue((job.Value, source), out var joiner))
        {
            _lines[(job.Value, source)] = joiner = new LineJoiner();
        }

        while (joiner.Next(ref bytes, out var line, out _))
        {
            Write(job.Value, line);
        }
    }

    /// <inheritdoc/>
    public void OnNotice(string text) => Mark("run", text);

    /// <inheritdoc/>
    public void Render(ByteText output, TimeSpan now, TerminalSize size)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (_fold.IsDue(now))
        {
            FlushFold();
        }

        output.Append(_pending.Span);
        _pending.Clear();
    }

    /// <inheritdoc/>
    public void Close(ByteText output, TerminalSize size)
    {
        foreach (var (job, source) in _lines.Keys.ToArray())
        {
            EndLines(job);
        }

        FlushFold();
        Render(output, TimeSpan.Zero, size);
    }

    private static string Ending(StepFinished finished)
    {
        var duration = finished.Attempts > 0 ? $" in {Words.Duration(finished.DurationMs)}" : "";
        return finished switch
        {
            { IsCached: true } => $"{Words.Cached}{CameFrom(finished.Cache)}",
            StepCompleted => $"succeeded{duration}{(finished.Attempts > 1 ? $" at attempt {finished.Attempts}" : "")}",
            StepFailed => $"failed{duration}: {Words.Failure(finished)}{(finished.Allowed ? " (allowed)" : "")}",
            _ when finished.Reason is { } reason && !string.Equals(reason, Words.Status(finished.Status), StringComparison.Ordinal) => $"{Words.Status(finished.Status)}{duration}: {reason}",
            _ => $"{Words.Status(finished.Status)}{duration}",
        };
    }

    private static string CameFrom(CacheUse? cache) => (cache?.FromRun, Words.Saved(cache?.SavedMs)) switch
    {
        (null, null) => "",
        (null, var saved) => $" ({saved})",
        (var run, null) => $" (run {run})",
        (var run, var saved) => $" (run {run}, {saved})",
    };

    private void FlushFold()
    {
        var jobs = _fold.Jobs;
        if (jobs.Count == 1)
        {
            WriteMark(jobs[0].Job, Ending(jobs[0]));
        }
        else if (jobs.Count > 1)
        {
            var names = new string[jobs.Count];
            for (var i = 0; i < names.Length; i++)
            {
                names[i] = jobs[i].Job;
            }

            options.Style.Begin(_pending, Ink.Bold);
            _pending.Append("==> ").Append(jobs.Count).Append(" jobs: ").Append(Words.Cached);
            _pending.Append(Words.Saved(_fold.SavedMs(0, jobs.Count)) is { } saved ? $" ({saved}): " : ": ");
            RunReport.AppendNames(_pending, names, ", ", options.Style);
            options.Style.End(_pending, Ink.Bold);
            _pending.Line();
        }

        jobs.Clear();
    }

    private void Mark(string subject, string text)
    {
        FlushFold();
        WriteMark(subject, text);
    }

    private void WriteMark(string subject, string text)
    {
        options.Style.Begin(_pending, Ink.Bold);
        _pending.Append("==> ").Append(AnsiText.Clean(subject)).Append(": ").Append(AnsiText.Clean(text));
        options.Style.End(_pending, Ink.Bold);
        _pending.Line();
    }

    private void Write(string job, ReadOnlySpan<byte> line)
    {
        FlushFold();
        _pending.Append("[").Append(AnsiText.Clean(job)).Append("] ");
        AnsiText.AppendClean(_pending, line, options.Style.Color);
        _pending.Line();
    }

    private void EndLines(string job)
    {
        foreach (var source in (ReadOnlySpan<OutputSource>)[OutputSource.Stdout, OutputSource.Stderr])
        {
            if (_lines.Remove((job, source), out var joiner) && joiner.Rest(out var line))
            {
                Write(job, line);
            }
        }
    }
}
