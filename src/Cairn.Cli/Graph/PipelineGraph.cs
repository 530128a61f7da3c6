using System.Collections.Immutable;

using Cairn.Core.Language.Model;
using Cairn.Core.Planning;

namespace Cairn.Cli.Graph;

/// <summary>A node as it is drawn: a step, or one of its jobs.</summary>
internal sealed record GraphNode(int Index, string Name, ImmutableArray<int> Needs)
{
    /// <summary>The step it comes from.</summary>
    public required string Step { get; init; }

    /// <summary>How many jobs it stands for.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>What it is for, or the names of its axes; null for neither.</summary>
    public string? Detail { get; init; }

    /// <summary>Whether it may be skipped by its own condition.</summary>
    public bool IsConditional { get; init; }

    /// <summary>Whether the run may succeed although it fails.</summary>
    public bool AllowsFailure { get; init; }

    /// <summary>What it took in earlier runs: of several jobs, the longest; null where nothing is known.</summary>
    public TimeSpan? Expected { get; init; }

    /// <summary>Whether it lies on the critical path.</summary>
    public bool IsCritical { get; init; }
}

/// <summary>A line from a node to one that needs it.</summary>
/// <param name="From">The needed node.</param>
/// <param name="To">The node that needs it.</param>
/// <param name="IsImplied">Whether a longer way says the same, so that the line can be drawn faint.</param>
internal readonly record struct GraphEdge(int From, int To, bool IsImplied);

/// <summary>A plan as it is drawn. Nodes stand in plan order, which is topological; each has a layer, one below the deepest node it needs.</summary>
internal sealed class PipelineGraph
{
    private PipelineGraph(string name, ImmutableArray<GraphNode> nodes, int jobs, int steps)
    {
        Name = name;
        JobCount = jobs;
        StepCount = steps;
        Nodes = nodes;
        Order = TopologicalOrder(nodes);
        Layers = LayersOf(nodes, Order);
        Edges = EdgesOf(nodes, Layers);
    }

    public string Name { get; }

    public int StepCount { get; }

    public int JobCount { get; }

    public ImmutableArray<GraphNode> Nodes { get; }

    /// <summary>Indices of nodes, needed ones first.</summary>
    public ImmutableArray<int> Order { get; }

    /// <summary>The layer of each node, from 0.</summary>
    public ImmutableArray<int> Layers { get; }

    public ImmutableArray<GraphEdge> Edges { get; }

    public int Depth => Layers.IsEmpty ? 0 : Layers.Max() + 1;

    /// <summary>One node for each step, or for each job.</summary>
    public static PipelineGraph Of(Plan plan, bool byJob, GraphTimings? timings)
    {
        var jobsOf = new Dictionary<string, List<Job>>(StringComparer.Ordinal);
        var steps = new List<string>();
        foreach (var job in plan.Jobs)
        {
            if (!jobsOf.TryGetValue(job.Step.Name.Value, out var jobs))
            {
                jobsOf[job.Step.Name.Value] = jobs = [];
                steps.Add(job.Step.Name.Value);
            }

            jobs.Add(job);
        }

        var nodes = byJob ? JobNodes(plan, timings) : StepNodes(plan, steps, jobsOf, timings);
        return new PipelineGraph(plan.Pipeline.Name ?? "pipeline", nodes, plan.Jobs.Length, steps.Count);
    }

    private static ImmutableArray<GraphNode> JobNodes(Plan plan, GraphTimings? timings)
    {
        var nodes = ImmutableArray.CreateBuilder<GraphNode>(plan.Jobs.Length);
        foreach (var job in plan.Jobs)
        {
            nodes.Add(new GraphNode(job.Index, job.Id.Value, job.Needs)
            {
                Step = job.Step.Name.Value,
                Detail = job.Step.Description,
                IsConditional = job.Step.Condition is not null,
                AllowsFailure = job.Step.AllowFailure,
                Expected = timings?.Known[job.Index],
                IsCritical = timings?.CriticalPath.Contains(job.Index) ?? false,
            });
        }

        return nodes.MoveToImmutable();
    }

    private static ImmutableArray<GraphNode> StepNodes(Plan plan, List<string> steps, Dictionary<string, List<Job>> jobsOf, GraphTimings? timings)
    {
        var indexOf = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < steps.Count; i++)
        {
            indexOf[steps[i]] = i;
        }

        var nodes = ImmutableArray.CreateBuilder<GraphNode>(steps.Count);
        for (var i = 0; i < steps.Count; i++)
        {
            var jobs = jobsOf[steps[i]];
            var step = jobs[0].Step;
            var needs = new SortedSet<int>();
            TimeSpan? longest = null;
            var isCritical = false;
            foreach (var job in jobs)
            {
                foreach (var need in job.Needs)
                {
                    needs.Add(indexOf[plan.Jobs[need].Step.Name.Value]);
                }

                longest = timings?.Known[job.Index] is { } known && !(longest >= known) ? known : longest;
                isCritical |= timings?.CriticalPath.Contains(job.Index) ?? false;
            }

            needs.Remove(i);
            nodes.Add(new GraphNode(i, steps[i], [.. needs])
            {
                Step = steps[i],
                Jobs = jobs.Count,
                Detail = step.Description ?? AxesOf(step),
                IsConditional = step.Condition is not null,
                AllowsFailure = step.AllowFailure,
                Expected = longest,
                IsCritical = isCritical,
            });
        }

        return nodes.MoveToImmutable();
    }

    private static string? AxesOf(Step step) =>
        step.Matrix is { Axes.Length: > 0 } matrix ? string.Join(" × ", matrix.Axes.Select(a => a.Name)) : null;

    private static ImmutableArray<int> TopologicalOrder(ImmutableArray<GraphNode> nodes)
    {
        // A stable Kahn: among ready nodes the one that comes first in the plan.
        var waits = new int[nodes.Length];
        var followers = new List<int>[nodes.Length];
        var ready = new PriorityQueue<int, int>();
        for (var i = 0; i < nodes.Length; i++)
        {
            followers[i] = [];
        }

        foreach (var node in nodes)
        {
            waits[node.Index] = node.Needs.Length;
            foreach (var need in node.Needs)
            {
                followers[need].Add(node.Index);
            }

            if (node.Needs.IsEmpty)
            {
                ready.Enqueue(node.Index, node.Index);
            }
        }

        var order = ImmutableArray.CreateBuilder<int>(nodes.Length);
        while (ready.TryDequeue(out var next, out _))
        {
            order.Add(next);
            foreach (var follower in followers[next])
            {
                if (--waits[follower] == 0)
                {
                    ready.Enqueue(follower, follower);
                }
            }
        }

        return order.Count == nodes.Length ? order.MoveToImmutable() : throw new InvalidOperationException("The plan has a cycle");
    }

    private static ImmutableArray<int> LayersOf(ImmutableArray<GraphNode> nodes, ImmutableArray<int> order)
    {
        var layers = new int[nodes.Length];
        foreach (var index in order)
        {
            foreach (var need in nodes[index].Needs)
            {
                layers[index] = Math.Max(layers[index], layers[need] + 1);
            }
        }

        return [.. layers];
    }

    private static ImmutableArray<GraphEdge> EdgesOf(ImmutableArray<GraphNode> nodes, ImmutableArray<int> layers)
    {
        var edges = ImmutableArray.CreateBuilder<GraphEdge>();
        var reached = new int[nodes.Length];
        Array.Fill(reached, -1);
        var stack = new Stack<int>();
        foreach (var node in nodes)
        {
            // A need is implied if another need reaches it. Only deeper nodes can, so that most walks end at once.
            var shallowest = int.MaxValue;
            foreach (var need in node.Needs)
            {
                shallowest = Math.Min(shallowest, layers[need]);
            }

            foreach (var need in node.Needs)
            {
                stack.Push(need);
                while (stack.TryPop(out var at))
                {
                    foreach (var below in nodes[at].Needs)
                    {
                        if (reached[below] != node.Index && layers[below] >= shallowest)
                        {
                            reached[below] = node.Index;
                            stack.Push(below);
                        }
                    }
                }
            }

            foreach (var need in node.Needs)
            {
                edges.Add(new GraphEdge(need, node.Index, reached[need] == node.Index));
            }
        }

        return edges.ToImmutable();
    }
}
