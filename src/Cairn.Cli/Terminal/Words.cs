using System.Globalization;

using Cairn.Core.Events;
using Cairn.Core.Scheduling;

namespace Cairn.Cli.Terminal;

/// <summary>Durations, statuses and failures as a person reads them.</summary>
internal static class Words
{
    /// <summary>The word for a job whose result came from the cache.</summary>
    public const string Cached = "cached";

    /// <summary><c>4ms</c>, <c>320ms</c>, <c>8.4s</c>, <c>2m 05s</c>, <c>1h 02m</c>.</summary>
    public static string Duration(TimeSpan duration)
    {
        var ms = Math.Max(0, duration.TotalMilliseconds);
        return ms switch
        {
            < 999.5 => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(ms):0}ms"),
            < 59_950 => string.Create(CultureInfo.InvariantCulture, $"{ms / 1000:0.0}s"),
            _ => Elapsed(TimeSpan.FromSeconds(Math.Round(ms / 1000))),
        };
    }

    /// <summary>The same from milliseconds.</summary>
    public static string Duration(double milliseconds) => Duration(TimeSpan.FromMilliseconds(milliseconds));

    /// <summary>Whole seconds: <c>14s</c>, <c>2m 05s</c>, <c>1h 02m</c>.</summary>
    public static string Elapsed(TimeSpan elapsed)
    {
        var seconds = Math.Max(0, (long)elapsed.TotalSeconds);
        return seconds switch
        {
            < 60 => string.Create(CultureInfo.InvariantCulture, $"{seconds}s"),
            < 3600 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60}m {seconds % 60:00}s"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600}h {seconds % 3600 / 60:00}m"),
        };
    }

    /// <summary>A number of bytes: <c>512 B</c>, <c>1.5 MiB</c>.</summary>
    public static string Bytes(double bytes) => bytes switch
    {
        < 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes:0} B"),
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024:0.0} KiB"),
        < 1024 * 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024 * 1024):0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024 * 1024 * 1024):0.0} GiB"),
    };

    /// <summary>How long ago: <c>just now</c>, <c>5m ago</c>, <c>3h ago</c>, <c>2 days ago</c>, then the date.</summary>
    public static string Ago(DateTimeOffset then, DateTimeOffset now)
    {
        var ago = now - then;
        return ago.TotalSeconds < 45 ? "just now"
            : ago.TotalMinutes < 60 ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, ago.TotalMinutes):0}m ago")
            : ago.TotalHours < 36 ? string.Create(CultureInfo.InvariantCulture, $"{ago.TotalHours:0}h ago")
            : ago.TotalDays < 14 ? string.Create(CultureInfo.InvariantCulture, $"{ago.TotalDays:0} days ago")
            : then.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
    }

    /// <summary>A status: <c>timed out</c>.</summary>
    public static string Status(JobStatus status) => status switch
    {
        JobStatus.Waiting => "waiting",
        JobStatus.Running => "running",
        JobStatus.Succeeded => "succeeded",
        JobStatus.Failed => "failed",
        JobStatus.TimedOut => "timed out",
        JobStatus.Skipped => "skipped",
        JobStatus.NotRun => "not run",
        JobStatus.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };

    /// <summary>How a job ended, where its result came from the cache said so: <c>cached</c>.</summary>
    public static string Status(StepFinished finished) => finished.IsCached ? Cached : Status(finished.Status);

    /// <summary>What the cache saved: <c>saved 1.2s</c>; null where that is not known.</summary>
    public static string? Saved(double? milliseconds) => milliseconds is > 0 and { } saved ? $"saved {Duration(saved)}" : null;

    /// <summary>What went wrong: the recorded reason, with what an exit code or signal usually means.</summary>
    public static string Failure(StepFinished finished)
    {
        if (finished is { Reason: { } known, ExitCode: { } ended } && known != string.Create(CultureInfo.InvariantCulture, $"exit {ended}"))
        {
            // It says more than the end of a process can mean.
            return known;
        }

        // What is cancelled ends by a signal of our own, which says nothing.
        if (finished is StepFailed { Status: not JobStatus.TimedOut, Signal: { } signal } && (finished.Reason is not { } told || told == $"killed by {signal}"))
        {
            return SignalMeaning(signal) is { } meaning ? $"ended by {signal} ({meaning})" : $"ended by {signal}";
        }

        var hint = finished.Status == JobStatus.TimedOut ? null : finished.ExitCode switch
        {
            126 => "not executable",
            127 => "command not found",
            134 => "SIGABRT: aborted",
            137 => "SIGKILL: perhaps out of memory",
            139 => "SIGSEGV: segmentation fault",
            143 => "SIGTERM",
            _ => null,
        };
        var reason = finished.Reason ?? (finished.ExitCode is { } code ? string.Create(CultureInfo.InvariantCulture, $"exit {code}") : Status(finished.Status));
        return hint is null ? reason : $"{reason} ({hint})";
    }

    private static string? SignalMeaning(string signal) => signal switch
    {
        "SIGSEGV" => "segmentation fault",
        "SIGBUS" => "bus error",
        "SIGABRT" => "aborted",
        "SIGILL" => "illegal instruction",
        "SIGFPE" => "arithmetic error",
        "SIGKILL" => "killed, perhaps out of memory",
        "SIGTERM" => "asked to end",
        "SIGPIPE" => "broken pipe",
        "SIGXCPU" => "processor time used up",
        "SIGXFSZ" => "file too large",
        _ => null,
    };
}
