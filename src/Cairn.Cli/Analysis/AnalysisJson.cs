using System.Collections.Immutable;
using System.Text.Json;

using Cairn.Core.Analysis;

namespace Cairn.Cli.Analysis;

/// <summary><c>cairn analyze --json</c>.</summary>
internal static class AnalysisJson
{
    public static void Write(Utf8JsonWriter json, AnalysisReport report)
    {
        json.WriteStartObject();
        json.WriteString("since", report.Window.Since);
        json.WriteString("until", report.Window.Now);
        if (report.Oldest is { } oldest)
        {
            json.WriteString("oldest_run_at", oldest);
        }

        Totals(json, "current", report.Current);
        Totals(json, "previous", report.Previous);
        List(json, "pipelines", report.Pipelines, Pipeline);
        List(json, "steps", report.Steps, Step);
        List(json, "flaky", report.Flaky, Flaky);
        List(json, "advice", report.Advice, Advice);
        List(json, "slices", report.Slices, static (writer, slice) =>
        {
            writer.WriteString("start", slice.Start);
            writer.WriteNumber("hours", slice.Length.TotalHours);
            Totals(writer, "totals", slice.Totals);
        });
        json.WriteEndObject();
    }

    private static void Totals(Utf8JsonWriter json, string name, RunTotals totals)
    {
        json.WriteStartObject(name);
        json.WriteNumber("runs", totals.Runs);
        json.WriteNumber("succeeded", totals.Succeeded);
        json.WriteNumber("failed", totals.Failed);
        json.WriteNumber("stopped", totals.Stopped);
        Ms(json, "median_ms", totals.MedianMs);
        Ms(json, "p90_ms", totals.P90Ms);
        Ms(json, "wall_ms", totals.WallMs);
        Ms(json, "critical_ms", totals.CriticalMs);
        Ms(json, "work_ms", totals.WorkMs);
        Ms(json, "cpu_ms", totals.CpuMs);
        Ms(json, "saved_ms", totals.SavedMs);
        json.WriteNumber("executions", totals.Executions);
        json.WriteNumber("hits", totals.Hits);
        json.WriteNumber("misses", totals.Misses);
        json.WriteNumber("unasked", totals.Unasked);
        Rate(json, "hit_rate", totals.HitRate);
        Rate(json, "parallelism", totals.Parallelism);
        Rate(json, "workers", totals.Workers);
        Rate(json, "processors", totals.Processors);
        json.WriteEndObject();
    }

    private static void Pipeline(Utf8JsonWriter json, PipelineTotals pipeline)
    {
        Where(json, pipeline.Project, pipeline.Pipeline);
        Totals(json, "current", pipeline.Current);
        Totals(json, "previous", pipeline.Previous);
        json.WriteStartArray("chain");
        foreach (var step in pipeline.Chain)
        {
            json.WriteStringValue(step);
        }

        json.WriteEndArray();
        json.WriteNumber("chain_runs", pipeline.ChainRuns);
        Ms(json, "chain_ms", pipeline.ChainMs);
    }

    private static void Step(Utf8JsonWriter json, StepTotals step)
    {
        Where(json, step.Project, step.Pipeline);
        json.WriteString("step", step.Step);
        json.WriteNumber("executions", step.Executions);
        json.WriteNumber("failures", step.Failures);
        json.WriteNumber("hits", step.Hits);
        json.WriteNumber("misses", step.Misses);
        json.WriteNumber("unasked", step.Unasked);
        Rate(json, "hit_rate", step.HitRate);
        Ms(json, "median_ms", step.MedianMs);
        Ms(json, "p90_ms", step.P90Ms);
        Rate(json, "trend", step.Trend);
        Ms(json, "total_ms", step.TotalMs);
        Ms(json, "saved_ms", step.SavedMs);
        Ms(json, "critical_ms", step.CriticalMs);
        Rate(json, "critical_share", step.CriticalShare);
        json.WriteNumber("critical_runs", step.CriticalRuns);
    }

    private static void Flaky(Utf8JsonWriter json, FlakyJob flake)
    {
        Where(json, flake.Project, flake.Pipeline);
        json.WriteString("job", flake.Job);
        json.WriteNumber("proven_actions", flake.ProvenActions);
        json.WriteNumber("proven_failures", flake.ProvenFailures);
        json.WriteNumber("passed_retries", flake.PassedRetries);
        Ms(json, "lost_ms", flake.LostMs);
    }

    private static void Advice(Utf8JsonWriter json, Advice advice)
    {
        Where(json, advice.Project, advice.Pipeline);
        json.WriteString("kind", advice.Kind switch
        {
            AdviceKind.SeldomHits => "seldom_hits",
            AdviceKind.NotCached => "not_cached",
            AdviceKind.Flaky => "flaky",
            AdviceKind.LongChain => "long_chain",
            AdviceKind.Slower => "slower",
            AdviceKind.FewWorkers => "few_workers",
            _ => throw new ArgumentOutOfRangeException(nameof(advice)),
        });
        if (advice.Subject is { } subject)
        {
            json.WriteString("subject", subject);
        }

        Ms(json, "saves_ms", advice.SavesMs);
        json.WriteString("title", AdviceWords.Title(advice));
        json.WriteString("reason", AdviceWords.Reason(advice));
    }

    private static void Where(Utf8JsonWriter json, string project, string pipeline)
    {
        if (project.Length > 0)
        {
            json.WriteString("project", project);
        }

        json.WriteString("pipeline", pipeline);
    }

    private static void List<T>(Utf8JsonWriter json, string name, ImmutableArray<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(json, item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Ms(Utf8JsonWriter json, string name, double value) => json.WriteNumber(name, Math.Round(value, 3));

    private static void Rate(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(name, Math.Round(known, 4));
        }
    }
}
