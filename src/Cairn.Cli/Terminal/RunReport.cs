using System.Buffers;

using Cairn.Core.Events;
using Cairn.Core.Scheduling;

namespace Cairn.Cli.Terminal;

/// <summary>What is said when a job fails and when the run ends.</summary>
internal static class RunReport
{
    /// <summary>Bytes kept of a job's output for that.</summary>
    public const int TailBytesMax = 64 * 1024;

    private const int NamesMax = 10;
    private const int ManyJobs = 10;

    /// <summary>The last lines of a failed job and how to see all of them.</summary>
    public static void AppendTail(ByteText text, RunModel model, JobView job, ViewOptions options)
    {
        if (job.Tail is { Length: > 0 } tail && options.TailLines > 0)
        {
            AppendLines(text, tail, options.Style, options.TailLines);
            options.Style.Write(text, Ink.Dim, "    see all of it: ").Append($"cairn logs {model.Run} {ShellText.Quote(job.Id)}{options.CommandSuffix}").Line();
        }
    }

    /// <summary>How the run ended, with what matters about it.</summary>
    public static void AppendSummary(ByteText text, RunModel model, ViewOptions options)
    {
        if (model.Finished is not { } finished)
        {
            return;
        }

        var style = options.Style;
        text.Line();
        AppendHeadline(text, model, style);
        if (model.IsAllCached)
        {
            return;
        }

        if (finished.CriticalPath.Length > 1)
        {
            style.Write(text, Ink.Dim, $"  critical path {Words.Duration(finished.CriticalPathMs)}: ");
            AppendNames(text, finished.CriticalPath.AsSpan(), style.Arrow, style);
            text.Line();
        }

        AppendTests(text, model, style);
        AppendSlowest(text, model, style);
        AppendFlaky(text, model, style);
        if (finished.Status == RunStatus.Succeeded)
        {
            return;
        }

        AppendFailed(text, model, options);
        AppendRoot(text, model, options);
        if (finished.Status == RunStatus.Failed)
        {
            style.Write(text, Ink.Dim, "  mend and try again: ").Append($"cairn run --retry-failed {model.Run}{options.RunSuffix}").Line();
        }
        else
        {
            style.Write(text, Ink.Dim, "  what happened: ").Append($"cairn runs show {model.Run}{options.CommandSuffix}").Line();
        }
    }

    /// <summary>The status, the wall time and the counts, in one line.</summary>
    public static void AppendHeadline(ByteText text, RunModel model, Style style)
    {
        if (model.Finished is not { } finished)
        {
            return;
        }

        var (sign, word, ink) = finished.Status switch
        {
            RunStatus.Succeeded => (style.Good, "succeeded", Ink.Good),
            RunStatus.Failed => (style.Bad, "failed", Ink.Bad),
            _ => (style.Bad, "cancelled", Ink.Warning),
        };
        style.Begin(text, ink);
        style.Begin(text, Ink.Bold);
        text.Append(sign).Append(" ");
        if (model.IsAllCached)
        {
            // What was left out is not among what could have been cached.
            text.Append(model.CachedCount).Append(" of ").Append(model.CachedCount).Append(" cached");
            style.End(text, ink);
            AppendAllCached(text, finished, model);
            return;
        }

        text.Append(word);
        style.End(text, ink);
        text.Append(finished.Status == RunStatus.Cancelled ? " after " : " in ").Append(Words.Duration(finished.DurationMs));
        var separator = ": ";
        if (model.CachedCount > 0)
        {
            text.Append(separator).Append(model.CachedCount).Append(" ").Append(Words.Cached);
            separator = ", ";
        }

        foreach (var (status, all) in finished.Counts)
        {
            var count = status == JobStatus.Succeeded ? all - model.CachedCount : all;
            if (count > 0)
            {
                var ran = status == JobStatus.Succeeded && model.CachedCount > 0 && finished.Status == RunStatus.Succeeded;
                text.Append(separator).Append(count).Append(" ").Append(ran ? "ran" : Words.Status(status));
                separator = ", ";
            }
        }

        if (Words.Saved(model.SavedMs) is { } saved)
        {
            text.Append(", ").Append(saved);
        }

        text.Line();
    }

    private static void AppendAllCached(ByteText text, PipelineFinished finished, RunModel model)
    {
        foreach (var (status, count) in finished.Counts)
        {
            if (count > 0 && status != JobStatus.Succeeded)
            {
                text.Append(", ").Append(count).Append(" ").Append(Words.Status(status));
            }
        }

        text.Append(", nothing to do (").Append(Words.Duration(finished.DurationMs));
        text.Append(Words.Saved(model.SavedMs) is { } saved ? $", {saved})" : ")").Line();
    }

    /// <summary>How to enter the root of the first failure that left one.</summary>
    private static void AppendRoot(ByteText text, RunModel model, ViewOptions options)
    {
        foreach (var job in model.Jobs)
        {
            if (job.Finished is StepFailed { Root: { } root })
            {
                options.Style.Write(text, Ink.Dim, "  look around in it: ").Append($"cairn debug {model.Run} {ShellText.Quote(job.Id)}{options.CommandSuffix}").Line();
                if (options.ShowRoot)
                {
                    options.Style.Write(text, Ink.Dim, "  its root is kept: ").Append(AnsiText.Clean(root)).Line();
                }

                return;
            }
        }
    }

    /// <summary>Which failures a run has, allowed ones last.</summary>
    private static void AppendFailed(ByteText text, RunModel model, ViewOptions options)
    {
        var shown = 0;
        foreach (var job in model.Jobs)
        {
            if (job.Finished is not StepFailed { Allowed: false } failed)
            {
                continue;
            }

            if (++shown > NamesMax)
            {
                continue;
            }

            text.Append("  ");
            options.Style.Write(text, Ink.Bad, $"{options.Style.Bad} {job.Id}").Append(": ").Append(AnsiText.Clean(Words.Failure(failed)));
            if (failed.LogBytes > 0)
            {
                options.Style.Write(text, Ink.Dim, "  log: ").Append($"cairn logs {model.Run} {ShellText.Quote(job.Id)}{options.CommandSuffix}");
            }

            text.Line();
        }

        if (shown > NamesMax)
        {
            text.Append($"  {options.Style.Ellipsis} and {shown - NamesMax} more: cairn runs show {model.Run}{options.CommandSuffix}").Line();
        }
    }

    private static void AppendTests(ByteText text, RunModel model, Style style)
    {
        int tests = 0, failures = 0, skipped = 0, named = 0;
        foreach (var job in model.Jobs)
        {
            if (job.Finished?.Tests is { } counts)
            {
                tests += counts.Tests;
                failures += counts.Failures + counts.Errors;
                skipped += counts.Skipped;
            }
        }

        if (tests == 0)
        {
            return;
        }

        style.Write(text, Ink.Dim, "  tests: ").Append(Math.Max(0, tests - failures - skipped)).Append(" passed");
        if (failures > 0)
        {
            style.Write(text.Append(", "), Ink.Bad, $"{failures} failed");
        }

        if (skipped > 0)
        {
            text.Append(", ").Append(skipped).Append(" skipped");
        }

        text.Line();
        foreach (var job in model.Jobs)
        {
            var counts = job.Finished?.Tests;
            for (var i = 0; i < (counts?.FailedNames.Length ?? 0) && named++ < NamesMax; i++)
            {
                text.Append("    ");
                style.Write(text, Ink.Bad, style.Bad).Append($" {AnsiText.Clean(job.Id)}: {AnsiText.Clean(counts!.FailedNames[i])}").Line();
                if (i < counts.FailedMessages.Length && counts.FailedMessages[i].Length > 0)
                {
                    foreach (var line in counts.FailedMessages[i].Split('\n'))
                    {
                        style.Write(text.Append("        "), Ink.Dim, AnsiText.Clean(line)).Line();
                    }
                }
            }
        }

        if (failures > 0 && named > 0 && failures > Math.Min(named, NamesMax))
        {
            text.Append($"    {style.Ellipsis} and {failures - Math.Min(named, NamesMax)} more").Line();
        }
    }

    private static void AppendSlowest(ByteText text, RunModel model, Style style)
    {
        if (model.Jobs.Count <= ManyJobs)
        {
            return;
        }

        StepFinished?[] slowest = [null, null, null];
        foreach (var job in model.Jobs)
        {
            var candidate = job.Finished is { Attempts: > 0 } finished ? finished : null;
            for (var i = 0; i < slowest.Length && candidate is not null; i++)
            {
                if (slowest[i] is not { } other || other.DurationMs < candidate.DurationMs)
                {
                    (slowest[i], candidate) = (candidate, slowest[i]);
                }
            }
        }

        if (slowest[0] is null)
        {
            return;
        }

        style.Write(text, Ink.Dim, "  slowest: ");
        for (var i = 0; i < slowest.Length && slowest[i] is { } finished; i++)
        {
            text.Append(i == 0 ? "" : ", ").Append(AnsiText.Clean(finished.Job)).Append(" ").Append(Words.Duration(finished.DurationMs));
        }

        text.Line();
    }

    private static void AppendFlaky(ByteText text, RunModel model, Style style)
    {
        var shown = 0;
        foreach (var job in model.Jobs)
        {
            if (job.Finished is StepCompleted && job.Retries.Count > 0 && shown++ < NamesMax)
            {
                style.Write(text, Ink.Warning, "  flaky: ").Append($"{AnsiText.Clean(job.Id)} succeeded at attempt {job.Retries.Count + 1} ({AnsiText.Clean(string.Join(", ", job.Retries))})").Line();
            }
        }
    }

    /// <summary>Names in a row; the middle of a long row is left out.</summary>
    public static void AppendNames(ByteText text, ReadOnlySpan<string> names, string separator, Style style)
    {
        for (var i = 0; i < names.Length; i++)
        {
            text.Append(i == 0 ? "" : separator);
            if (names.Length > NamesMax + 2 && i == NamesMax / 2)
            {
                var left = names.Length - NamesMax;
                text.Append($"{style.Ellipsis} {left} more {style.Ellipsis}");
                i += left - 1;
                continue;
            }

            text.Append(AnsiText.Clean(names[i]));
        }
    }

    private static void AppendLines(ByteText text, TailBuffer tail, Style style, int linesMax)
    {
        var rented = ArrayPool<byte>.Shared.Rent(tail.Length);
        var bytes = rented.AsSpan(0, tail.CopyLast(rented.AsSpan(0, tail.Length)));
        bytes = bytes.TrimEnd("\r\n"u8);
        var from = bytes.Length;
        var lines = 0;
        while (from > 0 && lines < linesMax)
        {
            from = bytes[..from].LastIndexOf((byte)'\n');
            lines++;
            if (from < 0)
            {
                from = 0;
                break;
            }
        }

        var start = from > 0 && bytes[from] == '\n' ? from + 1 : from;
        if (start > 0 || tail.BytesTotal > tail.Length)
        {
            style.Write(text, Ink.Dim, $"{style.Margin}{style.Ellipsis} the last {lines} lines:").Line();
        }

        foreach (var range in bytes[start..].Split((byte)'\n'))
        {
            style.Write(text, Ink.Dim, style.Margin);
            AnsiText.AppendClean(text, bytes[start..][range], style.Color);
            text.Line();
        }

        ArrayPool<byte>.Shared.Return(rented);
    }
}
