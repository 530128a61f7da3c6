using System.Buffers;
using System.Text.Json;

using Cairn.Core.Planning;
using Cairn.Engine;

namespace Cairn.Cli.Terminal;

/// <summary>What <c>cairn run --dry-run</c> shows: the jobs layer by layer, each with what would happen to it and why.</summary>
internal static class PlanText
{
    /// <summary>For a person.</summary>
    public static void Append(ByteText text, PreparedRun prepared, Style style)
    {
        var plan = prepared.Plan ?? throw new InvalidOperationException("A plan was refused");
        var layers = Layers(plan);
        var columns = 0;
        var running = 0;
        foreach (var job in plan.Jobs)
        {
            columns = Math.Max(columns, Math.Min(40, job.Id.Value.Length));
            running += Verdict(prepared, job).Runs ? 1 : 0;
        }

        style.Write(text, Ink.Bold, plan.Pipeline.Name ?? prepared.Request.PipelineFile).Append($": {running} of {plan.Jobs.Length} {(plan.Jobs.Length == 1 ? "job" : "jobs")} would run").Line();
        for (var layer = 0; layer < layers.Count; layer++)
        {
            style.Write(text, Ink.Dim, $"layer {layer + 1}").Line();
            foreach (var index in layers[layer])
            {
                var job = plan.Jobs[index];
                var (runs, words) = Verdict(prepared, job);
                text.Append("  ").Append(AnsiText.Clean(job.Id.Value).PadRight(columns)).Append("  ");
                style.Write(text, runs ? Ink.Good : Ink.Dim, words);
                if (runs && Expected(prepared, index) is { } expected)
                {
                    text.Append(", about ").Append(Words.Duration(expected));
                }

                if (!job.Needs.IsEmpty)
                {
                    style.Write(text, Ink.Dim, "  needs ");
                    RunReport.AppendNames(text, job.Needs.Select(need => plan.Jobs[need].Id.Value).ToArray(), ", ", style);
                }

                text.Line();
            }
        }

        if (plan.Jobs.Any(job => job.Step.Generates is not null))
        {
            style.Write(text, Ink.Dim, "Steps with `generates` may add jobs when they run.").Line();
        }
    }

    /// <summary>For a program: one object.</summary>
    public static void AppendJson(ByteText text, PreparedRun prepared)
    {
        var plan = prepared.Plan ?? throw new InvalidOperationException("A plan was refused");
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", "plan");
            json.WriteNumber("schema", 1);
            json.WriteString("pipeline", plan.Pipeline.Name);
            json.WriteString("file", prepared.Request.PipelineFile);
            json.WriteStartArray("jobs");
            var layers = Layers(plan);
            for (var layer = 0; layer < layers.Count; layer++)
            {
                foreach (var index in layers[layer])
                {
                    var job = plan.Jobs[index];
                    var (runs, words) = Verdict(prepared, job);
                    json.WriteStartObject();
                    json.WriteString("id", job.Id.Value);
                    json.WriteString("step", job.Step.Name.Value);
                    json.WriteNumber("layer", layer + 1);
                    json.WriteStartArray("needs");
                    foreach (var need in job.Needs)
                    {
                        json.WriteStringValue(plan.Jobs[need].Id.Value);
                    }

                    json.WriteEndArray();
                    json.WriteBoolean("would_run", runs);
                    json.WriteString("reason", words);
                    if (job.Step.Fetch is { } fetch)
                    {
                        json.WriteStartObject("fetch");
                        json.WriteStartArray("hosts");
                        foreach (var host in fetch.Hosts.Patterns)
                        {
                            json.WriteStringValue(host.Text);
                        }

                        json.WriteEndArray();
                        json.WriteString("pin", prepared.Fetches.Lock.Find(job.Id.Value)?.Tree.ToString());
                        json.WriteEndObject();
                    }

                    if (Expected(prepared, index) is { } expected)
                    {
                        json.WriteNumber("expected_ms", expected.TotalMilliseconds);
                    }

                    json.WriteEndObject();
                }
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        text.Append(buffer.WrittenSpan).Line();
    }

    /// <summary>What would happen to a job, and why.</summary>
    private static (bool Runs, string Words) Verdict(PreparedRun prepared, Job job)
    {
        if (job.Index < prepared.LeftOut.Length && prepared.LeftOut[job.Index] is { } leftOut)
        {
            return (false, $"left out: {leftOut}");
        }

        var condition = job.Step.Condition?.Source.Trim();
        return job.SkippedByPlan ? (false, condition is null ? "skipped" : $"skipped: condition `{condition}` is false")
            : condition is null ? (true, Would(prepared, job))
            : (true, $"{Would(prepared, job)} if `{condition}`");
    }

    private static string Would(PreparedRun prepared, Job job) => job.Step.Fetch is null ? "would run"
        : prepared.Fetches.Lock.Find(job.Id.Value) is null ? "would fetch, and is not pinned" : "would take what is pinned, or fetch it";

    private static TimeSpan? Expected(PreparedRun prepared, int index) => index < prepared.Expected.Length ? prepared.Expected[index] : null;

    // A job's layer is one more than the deepest of its needs; plans are acyclic.
    private static List<List<int>> Layers(Plan plan)
    {
        var depth = new int[plan.Jobs.Length];
        var waiting = new int[plan.Jobs.Length];
        var dependents = new List<int>[plan.Jobs.Length];
        var ready = new Queue<int>();
        for (var i = 0; i < plan.Jobs.Length; i++)
        {
            waiting[i] = plan.Jobs[i].Needs.Length;
            foreach (var need in plan.Jobs[i].Needs)
            {
                (dependents[need] ??= []).Add(i);
            }

            if (waiting[i] == 0)
            {
                ready.Enqueue(i);
            }
        }

        while (ready.TryDequeue(out var job))
        {
            foreach (var dependent in dependents[job] ?? [])
            {
                depth[dependent] = Math.Max(depth[dependent], depth[job] + 1);
                if (--waiting[dependent] == 0)
                {
                    ready.Enqueue(dependent);
                }
            }
        }

        var layers = new List<List<int>>();
        for (var i = 0; i < depth.Length; i++)
        {
            while (layers.Count <= depth[i])
            {
                layers.Add([]);
            }

            layers[depth[i]].Add(i);
        }

        return layers;
    }
}
