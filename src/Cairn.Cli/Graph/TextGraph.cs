using System.Text;

using Cairn.Cli.Terminal;

namespace Cairn.Cli.Graph;

/// <summary>Draws a graph as a tree for a terminal: each node below the deepest one it needs, its other needs beside it.</summary>
internal static class TextGraph
{
    public static string Render(PipelineGraph graph, bool color, bool unicode)
    {
        var text = new StringBuilder();
        var ink = new Inks(color);
        text.Append(ink.Bold(AnsiText.Clean(graph.Name))).Append(ink.Dim(
            $"{(unicode ? " · " : ", ")}{SvgGraph.Count(graph.StepCount, "step")}, {SvgGraph.Count(graph.JobCount, "job")}, {SvgGraph.Count(graph.Depth, "layer")}\n"));

        var children = new List<int>[graph.Nodes.Length];
        var parent = new int[graph.Nodes.Length];
        var roots = new List<int>();
        for (var i = 0; i < children.Length; i++)
        {
            children[i] = [];
        }

        foreach (var index in graph.Order)
        {
            parent[index] = -1;
            foreach (var need in graph.Nodes[index].Needs)
            {
                if (parent[index] < 0 || graph.Layers[need] > graph.Layers[parent[index]])
                {
                    parent[index] = need;
                }
            }

            (parent[index] < 0 ? roots : children[parent[index]]).Add(index);
        }

        var into = graph.Edges.ToLookup(e => e.To);

        // An explicit stack: a chain may be thousands deep.
        var stack = new Stack<(int Node, string Lead, bool IsLast, bool IsRoot)>();
        for (var i = roots.Count - 1; i >= 0; i--)
        {
            stack.Push((roots[i], "", i == roots.Count - 1, IsRoot: true));
        }

        var (tee, end, bar) = unicode ? ("├─ ", "└─ ", "│  ") : ("|- ", "`- ", "|  ");
        while (stack.TryPop(out var at))
        {
            text.Append(ink.Dim(at.IsRoot ? "" : at.Lead + (at.IsLast ? end : tee)));
            Node(text, graph, into, graph.Nodes[at.Node], parent[at.Node], ink, unicode);
            var lead = at.IsRoot ? "" : at.Lead + (at.IsLast ? "   " : bar);
            for (var i = children[at.Node].Count - 1; i >= 0; i--)
            {
                stack.Push((children[at.Node][i], lead, i == children[at.Node].Count - 1, IsRoot: false));
            }
        }

        return text.ToString();
    }

    private static void Node(StringBuilder text, PipelineGraph graph, ILookup<int, GraphEdge> into, GraphNode node, int parent, Inks ink, bool unicode)
    {
        text.Append(node.IsCritical ? ink.Hot(node.Name) : node.Name);
        if (node.Jobs > 1)
        {
            text.Append(ink.Accent($" {(unicode ? "×" : "x")}{node.Jobs}"));
        }

        var notes = new List<string>();
        if (node.Expected is { } expected)
        {
            notes.Add(Words.Duration(expected));
        }

        if (node.IsConditional)
        {
            notes.Add("conditional");
        }

        if (node.AllowsFailure)
        {
            notes.Add("may fail");
        }

        var others = into[node.Index].Where(e => !e.IsImplied && e.From != parent).Select(e => e.From).Select(n => graph.Nodes[n].Name).ToList();
        if (others.Count > 0)
        {
            notes.Add($"also needs {string.Join(", ", others)}");
        }

        if (notes.Count > 0)
        {
            text.Append(ink.Dim("  " + string.Join(unicode ? " · " : ", ", notes)));
        }

        text.Append('\n');
    }

    /// <summary>What a run would gain: the critical path, the width of each layer, the jobs that hold all up, and what parallelism brings.</summary>
    public static string Analysis(PipelineGraph graph, Core.Planning.Plan plan, GraphTimings timings, bool color, bool unicode)
    {
        var text = new StringBuilder();
        var ink = new Inks(color);
        var arrow = unicode ? " → " : " -> ";
        text.Append('\n').Append(ink.Bold("Durations")).Append('\n');
        text.Append(timings.KnownCount == 0
            ? "  no earlier run is known: every job counts as 1 second\n"
            : $"  medians of earlier runs for {timings.KnownCount} of {SvgGraph.Count(plan.Jobs.Length, "job")}{(timings.KnownCount < plan.Jobs.Length ? $"; the others count as {Words.Duration(timings.Assumed)}" : "")}\n");
        if (timings.History is { CachedResults: > 0 and var cached, Results: var results })
        {
            text.Append($"  {cached} of {results} results were cached; durations are those of executions\n");
        }


        text.Append('\n').Append(ink.Bold("Critical path")).Append($"  {Words.Duration(timings.CriticalTime)} of {Words.Duration(timings.Work)} work\n  ");
        text.AppendJoin(arrow, timings.CriticalPath.Select(j => $"{plan.Jobs[j].Id} {ink.Dim(Words.Duration(timings.TimeOf(j)))}")).Append('\n');

        text.Append('\n').Append(ink.Bold("Layers")).Append("  what could run side by side\n");
        for (var layer = 0; layer < graph.Depth; layer++)
        {
            var nodes = graph.Nodes.Where(n => graph.Layers[n.Index] == layer).ToList();
            text.Append($"  {layer + 1,3}  {SvgGraph.Count(nodes.Sum(n => n.Jobs), "job"),-9} {ink.Dim(SvgGraph.Cut(string.Join(", ", nodes.Select(n => n.Name)), 90))}\n");
        }

        if (!timings.Savings.IsEmpty)
        {
            text.Append('\n').Append(ink.Bold("Bottlenecks")).Append("  how much sooner the run could end without them\n");
            foreach (var (job, saves) in timings.Savings)
            {
                text.Append($"  {Words.Duration(saves),8}  {plan.Jobs[job].Id} {ink.Dim($"takes {Words.Duration(timings.TimeOf(job))}")}\n");
            }
        }

        text.Append('\n').Append(ink.Bold("Speed-up")).Append("  by jobs at once, without regard to processors, locks and caches\n");
        foreach (var (parallel, time, factor) in timings.SpeedUps)
        {
            text.Append($"  {parallel,4}  {Words.Duration(time),8}  {factor.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture)}{(unicode ? "×" : "x")}\n");
        }

        return text.ToString();
    }

    private readonly struct Inks(bool color)
    {
        public string Bold(string text) => Paint("1", text);

        public string Dim(string text) => Paint("2", text);

        public string Accent(string text) => Paint("36", text);

        public string Hot(string text) => Paint("1;33", text);

        private string Paint(string code, string text) => color && text.Length > 0 ? $"\e[{code}m{text}\e[0m" : text;
    }
}
