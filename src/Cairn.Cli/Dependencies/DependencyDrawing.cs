using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Cli.Graph;
using Cairn.Core.Dependencies;

namespace Cairn.Cli.Dependencies;

/// <summary>A box of a drawing.</summary>
/// <param name="Graph">The index of its lock file.</param>
/// <param name="Package">What it stands for.</param>
/// <param name="Layer">Its column, from 0.</param>
internal sealed record DrawnPackage(int Graph, Package Package, int Layer);

/// <summary>What is drawn of lock files: the packages down to a depth, and the needs between them.</summary>
internal sealed class DependencyDrawing
{
    private DependencyDrawing(string name, ImmutableArray<DrawnPackage> nodes, ImmutableArray<(int From, int To, DependencyScope Scope)> edges)
    {
        Name = name;
        Nodes = nodes;
        Edges = edges;
    }

    public string Name { get; }

    public ImmutableArray<DrawnPackage> Nodes { get; }

    /// <summary>From what needs to what is needed, by index of <see cref="Nodes"/>. Those that close a circle lead back to a lower or the same layer.</summary>
    public ImmutableArray<(int From, int To, DependencyScope Scope)> Edges { get; }

    public static DependencyDrawing Of(string name, ImmutableArray<DependencyGraph> graphs, int depthMax)
    {
        var nodes = ImmutableArray.CreateBuilder<DrawnPackage>();
        var edges = ImmutableArray.CreateBuilder<(int, int, DependencyScope)>();
        for (var g = 0; g < graphs.Length; g++)
        {
            Add(graphs[g], g, depthMax, nodes, edges);
        }

        return new DependencyDrawing(name, nodes.DrainToImmutable(), edges.DrainToImmutable());
    }

    private static void Add(
        DependencyGraph graph, int number, int depthMax, ImmutableArray<DrawnPackage>.Builder nodes, ImmutableArray<(int From, int To, DependencyScope Scope)>.Builder edges)
    {
        var distances = Distances(graph, depthMax);
        var layers = Layers(graph, distances);
        var indices = new int[graph.Packages.Length];
        foreach (var package in graph.Packages)
        {
            indices[package.Index] = distances[package.Index] < 0 ? -1 : nodes.Count;
            if (distances[package.Index] >= 0)
            {
                nodes.Add(new DrawnPackage(number, package, layers[package.Index]));
            }
        }

        foreach (var package in graph.Packages)
        {
            foreach (var edge in package.Needs)
            {
                // What lies as deep as may be is drawn without what it needs.
                if (indices[package.Index] >= 0 && indices[edge.To] >= 0 && distances[package.Index] < depthMax)
                {
                    edges.Add((indices[package.Index], indices[edge.To], edge.Scope));
                }
            }
        }
    }

    /// <summary>How far each package is from the roots; -1 for what is too far. What no way leads to counts as next to a root.</summary>
    private static int[] Distances(DependencyGraph graph, int depthMax)
    {
        var distances = new int[graph.Packages.Length];
        Array.Fill(distances, -1);
        var queue = new Queue<int>();
        foreach (var package in graph.Packages)
        {
            var isRoot = graph.IsRoot(package.Index);
            if (isRoot || !package.IsReached)
            {
                distances[package.Index] = isRoot ? 0 : 1;
                queue.Enqueue(package.Index);
            }
        }

        while (queue.TryDequeue(out var at))
        {
            foreach (var edge in graph.Packages[at].Needs)
            {
                if (distances[edge.To] < 0 && distances[at] < depthMax)
                {
                    distances[edge.To] = distances[at] + 1;
                    queue.Enqueue(edge.To);
                }
            }
        }

        return distances;
    }

    /// <summary>The longest way to each package without the needs that close a circle.</summary>
    private static int[] Layers(DependencyGraph graph, int[] distances)
    {
        var layers = new int[graph.Packages.Length];
        var order = new List<int>();
        var next = new int[graph.Packages.Length];
        var state = new byte[graph.Packages.Length];
        var backward = new HashSet<(int, int)>();
        var stack = new Stack<int>();
        foreach (var start in graph.Packages)
        {
            if (distances[start.Index] < 0 || state[start.Index] != 0)
            {
                continue;
            }

            stack.Push(start.Index);
            state[start.Index] = 1;
            while (stack.TryPeek(out var at))
            {
                if (next[at] == graph.Packages[at].Needs.Length)
                {
                    state[at] = 2;
                    order.Add(at);
                    stack.Pop();
                    continue;
                }

                var to = graph.Packages[at].Needs[next[at]++].To;
                if (state[to] == 1)
                {
                    backward.Add((at, to));
                }
                else if (state[to] == 0 && distances[to] >= 0)
                {
                    state[to] = 1;
                    stack.Push(to);
                }
            }
        }

        for (var i = order.Count - 1; i >= 0; i--)
        {
            foreach (var edge in graph.Packages[order[i]].Needs)
            {
                if (distances[edge.To] >= 0 && !backward.Contains((order[i], edge.To)))
                {
                    layers[edge.To] = Math.Max(layers[edge.To], layers[order[i]] + 1);
                }
            }
        }

        return layers;
    }

    public string Mermaid()
    {
        var text = new StringBuilder("flowchart LR\n");
        for (var i = 0; i < Nodes.Length; i++)
        {
            var (open, close) = Nodes[i].Package.IsProject ? ("[[", "]]") : ("[", "]");
            text.Append(CultureInfo.InvariantCulture, $"    p{i}{open}\"{GraphFormats.MermaidText(Nodes[i].Package.Title)}\"{close}\n");
        }

        foreach (var (from, to, scope) in Edges)
        {
            text.Append(CultureInfo.InvariantCulture, $"    p{from} {(scope == DependencyScope.Runtime ? "-->" : "-.->")} p{to}\n");
        }

        return text.ToString();
    }

    public string Dot()
    {
        var text = new StringBuilder("digraph ").Append(GraphFormats.DotText(Name));
        text.Append(" {\n  rankdir=LR\n  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11]\n  edge [color=\"#8894a2\", arrowsize=0.7]\n");
        for (var i = 0; i < Nodes.Length; i++)
        {
            var package = Nodes[i].Package;
            text.Append(CultureInfo.InvariantCulture, $"  p{i} [label={GraphFormats.DotText(package.Title)}{(package.IsProject ? ", style=\"rounded,bold\"" : "")}]\n");
        }

        foreach (var (from, to, scope) in Edges)
        {
            text.Append(CultureInfo.InvariantCulture, $"  p{from} -> p{to}{(scope == DependencyScope.Runtime ? "" : " [style=dashed]")}\n");
        }

        return text.Append("}\n").ToString();
    }
}
