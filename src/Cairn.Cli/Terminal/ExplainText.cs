using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Events;
using Cairn.Engine;
using Cairn.Engine.Explain;

namespace Cairn.Cli.Terminal;

/// <summary><c>cairn why</c> as a person reads it.</summary>
internal static class ExplainText
{
    /// <summary>A state in a word.</summary>
    public static string State(CacheState state) => state switch
    {
        CacheState.Hit => "hit",
        CacheState.Miss => "miss",
        CacheState.Off => "off",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };

    /// <summary>The table of all jobs of a run.</summary>
    public static void AppendTable(ByteText text, RunRecord record, ImmutableArray<JobExplanation> jobs, Style style)
    {
        style.Write(text, Ink.Dim, $"run {record.Summary.Id}").Line();
        var table = new Table("JOB", "CACHE", "TOOK", "WHY");
        var (hits, misses, off, saved) = (0, 0, 0, 0.0);
        foreach (var job in jobs)
        {
            var cache = job.Cache;
            hits += cache?.State == CacheState.Hit ? 1 : 0;
            misses += cache?.State == CacheState.Miss ? 1 : 0;
            off += cache?.State == CacheState.Off ? 1 : 0;
            saved += cache?.State == CacheState.Hit ? cache.SavedMs ?? 0 : 0;
            table.Add(
                (job.Job, Ink.Plain),
                (cache is null ? "-" : State(cache.State), InkOf(cache?.State)),
                (job.Finished is { Attempts: > 0 } finished ? Words.Duration(finished.DurationMs) : "", Ink.Plain),
                (Reason(job), Ink.Dim));
        }

        table.AppendTo(text, style, indent: 0);
        text.Line();
        text.Append(string.Create(CultureInfo.InvariantCulture, $"{hits} from the cache, {misses} executed anew, {off} without it"));
        text.Append(saved > 0 ? $"; {Words.Duration(saved)} saved" : "").Line();
    }

    /// <summary>One job with all there is to say.</summary>
    public static void Append(ByteText text, RunRecord record, JobExplanation job, DateTimeOffset now, Style style)
    {
        var cache = job.Cache;
        style.Write(text, Ink.Bold, job.Job).Append("  ");
        style.Write(text, InkOf(cache?.State), cache is null ? "no use of the cache" : State(cache.State));
        style.Write(text, Ink.Dim, $"  run {record.Summary.Id}, {Words.Ago(record.Summary.StartedAt, now)}").Line();
        switch (cache)
        {
            case null:
                Field(text, style, "why", Reason(job));
                break;
            case { State: CacheState.Off }:
                Field(text, style, "why", cache.Reason ?? "the cache was not asked");
                break;
            case { State: CacheState.Hit }:
                AppendHit(text, record, cache, now, style);
                break;
            default:
                AppendMiss(text, job, cache, now, style);
                break;
        }

        if (cache?.Action is { } action)
        {
            Field(text, style, "action", action);
        }
    }

    private static void AppendHit(ByteText text, RunRecord record, CacheUse cache, DateTimeOffset now, Style style)
    {
        if (cache.Pin is { } pin)
        {
            Field(text, style, "pinned", $"{pin} in {Core.Toolchains.ToolchainLock.FileName}");
        }

        var run = cache.FromRun is null ? "an unknown run" : cache.FromRun == record.Summary.Id.Value ? "this run" : $"run {cache.FromRun}";
        Field(text, style, "executed", $"in {run}{(cache.FromHost is { } host ? $" on {host}" : "")}");
        if (cache.FromProject is { } project)
        {
            Field(text, style, "project", project);
        }

        if (cache.FromTime is { } time)
        {
            Field(text, style, "when", $"{time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture)}, {Words.Ago(time, now)}");
        }

        if (cache.SavedMs is { } saved)
        {
            Field(text, style, "took", $"{Words.Duration(saved)} then");
        }
    }

    private static void AppendMiss(ByteText text, JobExplanation job, CacheUse cache, DateTimeOffset now, Style style)
    {
        if (job.Earlier is { } earlier)
        {
            var other = earlier.Finished.Job == job.Job ? "" : $" of {earlier.Finished.Job}, the nearest that is no longer there";
            Field(text, style, "compared", $"with run {earlier.Run}{other}, {Words.Ago(earlier.Time, now)}");
        }

        if (job.Cause != MissCause.Changed)
        {
            Field(text, style, "why", job.Cause switch
            {
                MissCause.First => "no earlier run of this project executed it",
                MissCause.Forced => $"{CacheUse.ForceReason} asked for an execution, whatever the cache had",
                _ => Reason(job),
            });
        }
        else if (job.Changes.Changes.IsEmpty)
        {
            Field(text, style, "why", "the actions are encoded differently and say the same");
        }

        ChangesText.Append(text, job.Changes, style, indent: 2);
        if (cache.NotKept is { } reason)
        {
            Field(text, style, "not kept", reason);
        }
    }

    // What there is to say in the rest of a line.
    private static string Reason(JobExplanation job) => job.Cache switch
    {
        null => job.Finished switch
        {
            null => "it has not ended",
            StepSkipped or StepCancelled => job.Finished.Reason ?? Words.Status(job.Finished.Status),
            _ => "the record says nothing about the cache",
        },
        { State: CacheState.Off } off => off.Reason ?? "",
        { State: CacheState.Hit } hit => hit.FromRun is { } run ? $"from {run}" : "",
        _ => ChangesText.Cause(job),
    };

    private static void Field(ByteText text, Style style, string name, string value) => style.Write(text, Ink.Dim, $"  {name,-9} ").Append(AnsiText.Clean(value)).Line();

    private static Ink InkOf(CacheState? state) => state switch
    {
        CacheState.Hit => Ink.Good,
        CacheState.Miss => Ink.Warning,
        _ => Ink.Dim,
    };
}
