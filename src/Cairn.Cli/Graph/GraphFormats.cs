using System.Globalization;
using System.Text;
using System.Text.Json;

using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Graph;

/// <summary>Graphs for other programs: Mermaid, DOT, JSON.</summary>
internal static class GraphFormats
{
    public static string Mermaid(PipelineGraph graph)
    {
        var text = new StringBuilder("flowchart LR\n");
        foreach (var node in graph.Nodes)
        {
            var (open, close) = node.Jobs > 1 ? ("[[", "]]") : ("[", "]");
            text.Append(CultureInfo.InvariantCulture, $"    s{node.Index}{open}\"{MermaidText(Label(node, "<br/>"))}\"{close}\n");
        }

        foreach (var edge in graph.Edges)
        {
            text.Append(CultureInfo.InvariantCulture, $"    s{edge.From} {(edge.IsImplied ? "-.->" : "-->")} s{edge.To}\n");
        }

        Class(text, graph, "conditional", "stroke-dasharray:5 3", n => n.IsConditional);
        Class(text, graph, "critical", "stroke:#c8501e,stroke-width:2px", n => n.IsCritical);
        return text.ToString();
    }

    public static string Dot(PipelineGraph graph)
    {
        var text = new StringBuilder();
        text.Append("digraph ").Append(DotText(graph.Name)).Append(" {\n  rankdir=LR\n  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11]\n  edge [color=\"#8894a2\", arrowsize=0.7]\n");
        foreach (var node in graph.Nodes)
        {
            text.Append("  ").Append(DotText(node.Name)).Append(" [label=").Append(DotText(Label(node, "\n")));
            text.Append(node.IsConditional ? ", style=\"rounded,dashed\"" : "").Append(node.Jobs > 1 ? ", peripheries=2" : "").Append(node.IsCritical ? ", color=\"#c8501e\", penwidth=2" : "").Append("]\n");
        }

        foreach (var edge in graph.Edges)
        {
            var isCritical = graph.Nodes[edge.From].IsCritical && graph.Nodes[edge.To].IsCritical && !edge.IsImplied;
            text.Append("  ").Append(DotText(graph.Nodes[edge.From].Name)).Append(" -> ").Append(DotText(graph.Nodes[edge.To].Name));
            text.Append(edge.IsImplied ? " [style=dotted]" : isCritical ? " [color=\"#c8501e\", penwidth=2]" : "").Append('\n');
        }

        return text.Append("}\n").ToString();
    }

    public static byte[] Json(PipelineGraph graph, Core.Planning.Plan plan, GraphTimings? timings) => JsonOutput.ToBytes(json =>
    {
        json.WriteStartObject();
        json.WriteString("name", graph.Name);
        json.WriteNumber("steps", graph.StepCount);
        json.WriteNumber("jobs", graph.JobCount);
        json.WriteNumber("depth", graph.Depth);
        json.WriteStartArray("nodes");
        foreach (var node in graph.Nodes)
        {
            json.WriteStartObject();
            json.WriteString("name", node.Name);
            json.WriteString("step", node.Step);
            json.WriteNumber("jobs", node.Jobs);
            json.WriteNumber("layer", graph.Layers[node.Index]);
            json.WriteStartArray("needs");
            foreach (var need in node.Needs)
            {
                json.WriteStringValue(graph.Nodes[need].Name);
            }

            json.WriteEndArray();
            json.WriteBoolean("conditional", node.IsConditional);
            json.WriteBoolean("allow_failure", node.AllowsFailure);
            if (node.Expected is { } expected)
            {
                json.WriteNumber("duration_ms", Math.Round(expected.TotalMilliseconds, 3));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (timings is not null)
        {
            WriteAnalysis(json, plan, timings);
        }

        json.WriteEndObject();
    });

    private static void WriteAnalysis(Utf8JsonWriter json, Core.Planning.Plan plan, GraphTimings timings)
    {
        json.WriteStartObject("analysis");
        json.WriteNumber("known_jobs", timings.KnownCount);
        json.WriteNumber("results", timings.History.Results);
        json.WriteNumber("cached_results", timings.History.CachedResults);
        json.WriteNumber("assumed_ms", timings.Assumed.TotalMilliseconds);
        json.WriteNumber("work_ms", timings.Work.TotalMilliseconds);
        json.WriteNumber("critical_path_ms", timings.CriticalTime.TotalMilliseconds);
        json.WriteStartArray("critical_path");
        foreach (var job in timings.CriticalPath)
        {
            json.WriteStringValue(plan.Jobs[job].Id.Value);
        }

        json.WriteEndArray();
        json.WriteStartArray("bottlenecks");
        foreach (var (job, saves) in timings.Savings)
        {
            json.WriteStartObject();
            json.WriteString("job", plan.Jobs[job].Id.Value);
            json.WriteNumber("saves_ms", saves.TotalMilliseconds);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("speed_up");
        foreach (var (parallel, time, factor) in timings.SpeedUps)
        {
            json.WriteStartObject();
            json.WriteNumber("max_parallel", parallel);
            json.WriteNumber("time_ms", time.TotalMilliseconds);
            json.WriteNumber("factor", Math.Round(factor, 3));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Label(GraphNode node, string lineBreak)
    {
        var label = node.Jobs > 1 ? $"{node.Name} ×{node.Jobs.ToString(CultureInfo.InvariantCulture)}" : node.Name;
        return node.Expected is { } expected ? label + lineBreak + Words.Duration(expected) : label;
    }

    private static void Class(StringBuilder text, PipelineGraph graph, string name, string style, Func<GraphNode, bool> belongs)
    {
        var members = graph.Nodes.Where(belongs).Select(n => $"s{n.Index.ToString(CultureInfo.InvariantCulture)}").ToList();
        if (members.Count > 0)
        {
            text.Append($"    classDef {name} {style}\n    class ").AppendJoin(',', members).Append(' ').Append(name).Append('\n');
        }
    }

    /// <summary>Mermaid's own entities; a break tag of ours stays.</summary>
    internal static string MermaidText(string text) =>
        string.Join("<br/>", text.Split("<br/>").Select(part => part
            .Replace("#", "#35;", StringComparison.Ordinal).Replace("\"", "#quot;", StringComparison.Ordinal)
            .Replace("<", "#lt;", StringComparison.Ordinal).Replace(">", "#gt;", StringComparison.Ordinal).ReplaceLineEndings(" ")));

    internal static string DotText(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";
}
