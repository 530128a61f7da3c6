using System.Collections.Immutable;
using System.Text;

using Cairn.Cli.Terminal;
using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine;

namespace Cairn.Tests.Terminal;

/// <summary>Plays a run to a view, at times that the test sets.</summary>
internal sealed class ViewDriver(IRunView view)
{
    public const string Run = "20261121-021345-7f3a9c";
    private static readonly DateTimeOffset Epoch = new(2026, 11, 21, 2, 13, 45, TimeSpan.Zero);

    private readonly ByteText _output = new();
    private readonly SortedDictionary<JobStatus, int> _counts = [];

    public TimeSpan Now { get; set; }

    private DateTimeOffset Time => Epoch + Now;

    public static ViewOptions Options(bool color = false, bool unicode = true, params (string Job, double Seconds)[] expected) => new()
    {
        Style = new Style(color, unicode),
        Expected = expected.ToImmutableDictionary(e => e.Job, e => TimeSpan.FromSeconds(e.Seconds), StringComparer.Ordinal),
    };

    /// <summary>Begins a run of jobs, each written as <c>id</c> or <c>id: need need</c>.</summary>
    public ViewDriver Begin(params string[] jobs) => Event(new PipelineStarted
    {
        Time = Time,
        Run = Run,
        Pipeline = "zlib",
        File = "cairn.yaml",
        MaxParallel = 2,
        ProcessId = 1,
        Jobs = [.. jobs.Select(Summary)],
    });

    public ViewDriver Start(string job, int attempt = 1) => Event(new StepStarted { Time = Time, Job = job, Attempt = attempt });

    public ViewDriver Output(string job, string text, OutputSource source = OutputSource.Stdout) => Output(job, Encoding.UTF8.GetBytes(text), source);

    public ViewDriver Output(string job, ReadOnlySpan<byte> bytes, OutputSource source = OutputSource.Stdout)
    {
        view.OnOutput(new JobId(job), source, bytes, Time);
        return this;
    }

    public ViewDriver Retry(string job, string reason) => Event(new StepRetrying { Time = Time, Job = job, Attempt = 1, Reason = reason, WaitMs = 3000 });

    public ViewDriver Succeed(string job, double seconds, int attempts = 1, TestCounts? tests = null) =>
        Count(new StepCompleted { Time = Time, Job = job, Status = JobStatus.Succeeded, Attempts = attempts, DurationMs = seconds * 1000, ExitCode = 0, Tests = tests });

    public ViewDriver Cached(string job, double savedSeconds = 1) => Count(new StepCompleted
    {
        Time = Time,
        Job = job,
        Status = JobStatus.Succeeded,
        Cache = new CacheUse(CacheState.Hit) { FromRun = "20261120-101010-aaaaaa", FromTime = Time, FromHost = "forge", SavedMs = savedSeconds * 1000 },
    });

    public ViewDriver Fail(string job, double seconds, int exitCode, bool allowed = false) =>
        Count(new StepFailed { Time = Time, Job = job, Status = JobStatus.Failed, Attempts = 1, DurationMs = seconds * 1000, ExitCode = exitCode, Reason = $"exit {exitCode}", Allowed = allowed, LogBytes = 10 });

    public ViewDriver Skip(string job, string reason, JobStatus status = JobStatus.Skipped) => Count(new StepSkipped { Time = Time, Job = job, Status = status, Reason = reason });

    public ViewDriver End(RunStatus status, double seconds, params string[] criticalPath) => Event(new PipelineFinished
    {
        Time = Time,
        Status = status,
        DurationMs = seconds * 1000,
        Counts = _counts.ToImmutableSortedDictionary(),
        CriticalPath = [.. criticalPath],
        CriticalPathMs = seconds * 900,
    });

    public ViewDriver Event(RunEvent runEvent)
    {
        view.OnEvent(runEvent, Now);
        return this;
    }

    public ViewDriver At(double seconds)
    {
        Now = TimeSpan.FromSeconds(seconds);
        return this;
    }

    /// <summary>What the view writes now.</summary>
    public string Render(int columns = 80, int rows = 24)
    {
        _output.Clear();
        view.Render(_output, Now, new TerminalSize(columns, rows));
        return _output.ToString();
    }

    /// <summary>Shows what the view writes now.</summary>
    public ViewDriver Show(Screen screen)
    {
        _output.Clear();
        view.Render(_output, Now, new TerminalSize(screen.Columns, screen.Rows));
        screen.Write(_output.Span);
        return this;
    }

    /// <summary>Closes the view on a screen.</summary>
    public void Close(Screen screen)
    {
        _output.Clear();
        view.Close(_output, new TerminalSize(screen.Columns, screen.Rows));
        screen.Write(_output.Span);
    }

    private static JobSummary Summary(string text)
    {
        var colon = text.IndexOf(": ", StringComparison.Ordinal);
        var id = colon < 0 ? text : text[..colon];
        return new JobSummary(id, id.Split('[')[0], colon < 0 ? [] : [.. text[(colon + 2)..].Split(' ')]);
    }

    private ViewDriver Count(StepFinished finished)
    {
        _counts[finished.Status] = _counts.GetValueOrDefault(finished.Status) + 1;
        return Event(finished);
    }
}
