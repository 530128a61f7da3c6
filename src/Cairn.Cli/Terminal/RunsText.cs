using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine;

namespace Cairn.Cli.Terminal;

/// <summary>Earlier runs as a person reads them.</summary>
internal static class RunsText
{
    private const int SummaryLinesMax = 5;
    private const int SummaryBytesMax = 4096;
    private static readonly ImmutableSortedDictionary<string, string> NoOutputs = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The table of <c>cairn runs</c>.</summary>
    public static void Append(ByteText text, IReadOnlyList<RunSummary> runs, DateTimeOffset now, Style style)
    {
        var table = new Table("RUN", "STATE", "PIPELINE", "SOURCE", "WHEN", "TOOK", "JOBS");
        foreach (var run in runs)
        {
            table.Add(
                (run.Id.Value, Ink.Plain),
                (State(run.State), InkOf(run.State)),
                (run.Pipeline, Ink.Plain),
                (Source(run.Branch, run.Commit), Ink.Plain),
                (Words.Ago(run.StartedAt, now), Ink.Plain),
                (run.State == RunState.Running ? Words.Elapsed(now - run.StartedAt) : Words.Duration(run.Duration), Ink.Plain),
                ($"{run.Jobs}{(run.Cached > 0 ? $", {run.Cached} {Words.Cached}" : "")}{(run.Failed > 0 ? $", {run.Failed} failed" : "")}", run.Failed > 0 ? Ink.Bad : Ink.Plain));
        }

        table.AppendTo(text, style, indent: 0);
    }

    /// <summary>All of <c>cairn runs show</c>.</summary>
    public static void Append(ByteText text, RunRecord record, Func<JobId, string?> summaryOf, DateTimeOffset now, ViewOptions options)
    {
        var style = options.Style;
        var (summary, started) = (record.Summary, record.Started);
        style.Write(text, Ink.Bold, summary.Id.Value).Append("  ");
        style.Write(text, InkOf(summary.State), State(summary.State)).Line();
        Field(text, style, "pipeline", $"{started.Pipeline} ({started.File})");
        if (Source(summary.Branch, summary.Commit) is { Length: > 0 } source)
        {
            Field(text, style, "source", started.Dirty == true ? source + " with changes" : source);
        }

        Field(text, style, "started", $"{started.Time.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture)}, {Words.Ago(started.Time, now)}");
        Field(text, style, "took", $"{Words.Duration(summary.Duration)}, {started.MaxParallel} at once");
        foreach (var (name, value) in started.Parameters)
        {
            Field(text, style, "param", $"{name}={value}");
        }

        Field(text, style, "record", record.Directory);
        var model = Replay(record);
        text.Line();
        AppendJobs(text, model, now, style);
        AppendOutputs(text, model, style);
        AppendSummaries(text, model, summaryOf, style);
        foreach (var runEvent in record.Events)
        {
            if (runEvent is WarningRaised warning)
            {
                style.Write(text, Ink.Warning, $"warning[{warning.Code}]: ").Append(AnsiText.Clean(warning.Job is { } job ? $"{job}: {warning.Message}" : warning.Message)).Line();
            }
        }

        RunReport.AppendSummary(text, model, options);
        if (summary.State == RunState.Interrupted)
        {
            text.Line();
            style.Write(text, Ink.Warning, "The process of this run is gone; what had not ended then never did.").Line();
        }
    }

    /// <summary>A state in a word.</summary>
    public static string State(RunState state) => state switch
    {
        RunState.Running => "running",
        RunState.Succeeded => "succeeded",
        RunState.Failed => "failed",
        RunState.Cancelled => "cancelled",
        RunState.Interrupted => "interrupted",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };

    private static RunModel Replay(RunRecord record)
    {
        var model = new RunModel(new Dictionary<string, TimeSpan>(StringComparer.Ordinal));
        foreach (var runEvent in record.Events)
        {
            model.Apply(runEvent, runEvent.Time - record.Started.Time);
        }

        return model;
    }

    private static void AppendJobs(ByteText text, RunModel model, DateTimeOffset now, Style style)
    {
        var table = new Table("JOB", "STATUS", "TOOK", "CPU", "MEMORY", "LOG", "");
        foreach (var job in model.Jobs)
        {
            var finished = job.Finished;
            var status = finished?.Status ?? (job.Running ? JobStatus.Running : JobStatus.Waiting);
            var resources = finished is { Attempts: > 0 } ? finished.Resources : null;
            var remark = finished switch
            {
                null => job.WaitsFor ?? "",
                { IsCached: true } => Origin(finished.Cache, now),
                StepCompleted => "",
                _ => Words.Failure(finished),
            };
            if (finished is { Attempts: > 1 })
            {
                remark = $"{remark}{(remark.Length > 0 ? ", " : "")}{finished.Attempts} attempts ({string.Join(", ", job.Retries)})";
            }

            if (finished is StepFailed { Allowed: true })
            {
                remark += " (allowed)";
            }

            if (finished?.Tests is { } tests)
            {
                remark = $"{remark}{(remark.Length > 0 ? ", " : "")}{tests.Tests} tests{(tests.Failures + tests.Errors > 0 ? $", {tests.Failures + tests.Errors} failed" : "")}";
            }

            if (finished is { Cache.Forced: true })
            {
                remark = $"{remark}{(remark.Length > 0 ? ", " : "")}{CacheUse.ForceReason}";
            }

            if (finished is { Cache.NotKept: { } notCached })
            {
                remark = $"{remark}{(remark.Length > 0 ? ", " : "")}not cached: {notCached}";
            }

            table.Add(
                (job.Id, Ink.Plain),
                (finished is null ? Words.Status(status) : Words.Status(finished), InkOf(status)),
                (finished is { Attempts: > 0 } ? Words.Duration(finished.DurationMs) : "", Ink.Plain),
                (resources is null ? "" : Words.Duration(resources.UserMs + resources.SystemMs), Ink.Plain),
                (resources is null ? "" : resources.MaxRssKib == 0 ? "-" : Words.Bytes(resources.MaxRssKib * 1024.0), Ink.Plain),
                (finished is { LogBytes: > 0 } ? Words.Bytes(finished.LogBytes) : "", Ink.Plain),
                (remark, finished is StepFailed ? Ink.Bad : Ink.Dim));
        }

        table.AppendTo(text, style, indent: 0);
    }

    /// <summary>Where a cached result came from.</summary>
    private static string Origin(CacheUse? cache, DateTimeOffset now)
    {
        var run = cache?.FromRun is { } id ? $"from run {id}" : "";
        var time = cache?.FromTime is { } then ? $"{(run.Length > 0 ? ", " : "")}{Words.Ago(then, now)}" : "";
        var host = cache?.FromHost is { } name ? $" on {name}" : "";
        return $"{run}{time}{host}{(Words.Saved(cache?.SavedMs) is { } saved ? $", {saved}" : "")}".TrimStart(' ', ',');
    }

    private static void AppendOutputs(ByteText text, RunModel model, Style style)
    {
        var titled = false;
        foreach (var job in model.Jobs)
        {
            foreach (var (key, value) in job.Finished?.Outputs ?? NoOutputs)
            {
                if (!titled)
                {
                    text.Line();
                    style.Write(text, Ink.Bold, "Outputs").Line();
                    titled = true;
                }

                text.Append("  ").Append(AnsiText.Clean(job.Id)).Append(".").Append(AnsiText.Clean(key)).Append(" = ").Append(AnsiText.Clean(value)).Line();
            }
        }
    }

    private static void AppendSummaries(ByteText text, RunModel model, Func<JobId, string?> summaryOf, Style style)
    {
        foreach (var job in model.Jobs)
        {
            if (job.Finished is null or { Attempts: 0, IsCached: false } || summaryOf(new JobId(job.Id)) is not { } path)
            {
                continue;
            }

            text.Line();
            style.Write(text, Ink.Bold, $"Summary of {job.Id}").Append("  ");
            style.Write(text, Ink.Dim, path).Line();
            AppendHead(text, path, style);
        }
    }

    private static void AppendHead(ByteText text, string path, Style style)
    {
        Span<byte> head = stackalloc byte[SummaryBytesMax];
        using var handle = File.OpenHandle(path);
        head = head[..RandomAccess.Read(handle, head, 0)].TrimEnd("\r\n "u8);
        var lines = 0;
        foreach (var range in head.Split((byte)'\n'))
        {
            if (lines++ == SummaryLinesMax)
            {
                text.Append("  ").Line(style.Ellipsis);
                break;
            }

            text.Append("  ");
            AnsiText.AppendClean(text, head[range], keepColors: false);
            text.Line();
        }
    }

    private static void Field(ByteText text, Style style, string name, string value)
    {
        style.Write(text, Ink.Dim, $"  {name,-9} ").Append(AnsiText.Clean(value)).Line();
    }

    private static string Source(string? branch, string? commit)
    {
        var shortCommit = commit is { Length: > 8 } ? commit[..8] : commit;
        return string.Join(' ', ((string?[])[branch, shortCommit]).Where(part => !string.IsNullOrEmpty(part)));
    }

    private static Ink InkOf(RunState state) => state switch
    {
        RunState.Succeeded => Ink.Good,
        RunState.Failed => Ink.Bad,
        RunState.Running => Ink.Accent,
        _ => Ink.Warning,
    };

    /// <summary>The colour of how a job ended.</summary>
    internal static Ink InkOf(JobStatus status) => status switch
    {
        JobStatus.Succeeded => Ink.Good,
        JobStatus.Failed or JobStatus.TimedOut => Ink.Bad,
        JobStatus.Running => Ink.Accent,
        JobStatus.Cancelled => Ink.Warning,
        _ => Ink.Dim,
    };
}
