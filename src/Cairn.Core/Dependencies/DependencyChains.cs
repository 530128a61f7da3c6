using System.Collections.Immutable;

namespace Cairn.Core.Dependencies;

/// <summary>A way from a root to a package.</summary>
/// <param name="Root">The index of the root.</param>
/// <param name="Steps">The needs along the way; the first leads to a direct dependency, the last to the package.</param>
public sealed record DependencyChain(int Root, ImmutableArray<DependencyEdge> Steps);

/// <summary>Why a package is there: for each direct dependency that leads to it, all shortest chains.</summary>
/// <param name="Package">What was asked for, by index.</param>
/// <param name="Chains">At most <see cref="Limits.DependencyChainsMax"/>: by root, shorter ones first, then by index.</param>
/// <param name="Total">How many there are.</param>
public sealed record DependencyReasons(int Package, ImmutableArray<DependencyChain> Chains, long Total)
{
    /// <summary>Finds them. Takes time in proportion to the graph and to what is returned, however many chains there are.</summary>
    public static DependencyReasons Of(DependencyGraph graph, int package)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var (distances, ways) = WaysTo(graph, package);
        var starts = new List<(int Root, DependencyEdge Edge)>();
        long total = 0;
        foreach (var root in graph.Roots)
        {
            foreach (var edge in graph.Packages[root].Needs)
            {
                // What leads on through a root is told at that root.
                if (distances[edge.To] >= 0 && root != package && (edge.To == package || !graph.IsRoot(edge.To)))
                {
                    starts.Add((root, edge));
                    total = Plus(total, ways[edge.To]);
                }
            }
        }

        var chains = ImmutableArray.CreateBuilder<DependencyChain>();
        foreach (var (root, edge) in starts.OrderBy(s => s.Root).ThenBy(s => distances[s.Edge.To]).ThenBy(s => s.Edge.To))
        {
            Collect(graph, distances, root, edge, chains);
        }

        return new DependencyReasons(package, chains.DrainToImmutable(), total);
    }

    /// <summary>How far each package is from one, -1 where no way leads there, and how many shortest ways there are.</summary>
    private static (int[] Distances, long[] Ways) WaysTo(DependencyGraph graph, int package)
    {
        var needers = new List<int>[graph.Packages.Length];
        foreach (var from in graph.Packages)
        {
            foreach (var edge in from.Needs)
            {
                (needers[edge.To] ??= []).Add(from.Index);
            }
        }

        var distances = new int[graph.Packages.Length];
        var ways = new long[graph.Packages.Length];
        Array.Fill(distances, -1);
        distances[package] = 0;
        ways[package] = 1;
        var queue = new Queue<int>([package]);
        while (queue.TryDequeue(out var at))
        {
            foreach (var needer in needers[at] ?? [])
            {
                if (distances[needer] < 0)
                {
                    distances[needer] = distances[at] + 1;
                    queue.Enqueue(needer);
                }

                if (distances[needer] == distances[at] + 1)
                {
                    ways[needer] = Plus(ways[needer], ways[at]);
                }
            }
        }

        return (distances, ways);
    }

    private static void Collect(DependencyGraph graph, int[] distances, int root, DependencyEdge first, ImmutableArray<DependencyChain>.Builder chains)
    {
        // Depth first with an iterator for each step; every step comes nearer, so that each way down ends at the package.
        var steps = new List<DependencyEdge> { first };
        var next = new List<int> { 0 };
        while (steps.Count > 0 && chains.Count < Limits.DependencyChainsMax)
        {
            var at = steps[^1].To;
            if (distances[at] == 0)
            {
                chains.Add(new DependencyChain(root, [.. steps]));
            }

            var needs = graph.Packages[at].Needs;
            var i = next[^1];
            while (i < needs.Length && (distances[needs[i].To] < 0 || distances[needs[i].To] != distances[at] - 1))
            {
                i++;
            }

            if (i < needs.Length)
            {
                next[^1] = i + 1;
                steps.Add(needs[i]);
                next.Add(0);
            }
            else
            {
                steps.RemoveAt(steps.Count - 1);
                next.RemoveAt(next.Count - 1);
            }
        }
    }

    private static long Plus(long left, long right) => left > long.MaxValue - right ? long.MaxValue : left + right;
}
