using System.Collections.Immutable;

using Cairn.Core.Planning;
using Cairn.Testing.Simulation;

namespace Cairn.Tests.Planning;

public sealed class GraphAnalysisTests
{
    [Fact]
    public void Of_Finds_Layers_Path_Slack_And_Bottlenecks()
    {
        // 0 (2 s) before 1 (5 s) and 2 (1 s), both before 3 (3 s); 4 (4 s) alone.
        var analysis = GraphAnalysis.Of([[], [0], [0], [1, 2], []], Seconds(2, 5, 1, 3, 4));

        Assert.Equal(["0 4", "1 2", "3"], analysis.Layers.Select(l => string.Join(' ', l)), StringComparer.Ordinal);
        Assert.Equal(3, analysis.Depth);
        Assert.Equal([0, 1, 3], analysis.CriticalPath.AsEnumerable());
        Assert.Equal(TimeSpan.FromSeconds(10), analysis.CriticalTime);
        Assert.Equal(TimeSpan.FromSeconds(15), analysis.Work);
        Assert.Equal(1.5, analysis.IdealParallelism);
        Assert.Equal(Seconds(0, 0, 4, 0, 6).AsEnumerable(), analysis.Slack);
        Assert.Equal([new Bottleneck(1, 0.5, 1), new Bottleneck(3, 0.3, 0), new Bottleneck(0, 0.2, 2)], analysis.Bottlenecks.AsEnumerable());
    }

    [Fact]
    public void Of_Takes_An_Empty_Graph_And_Refuses_A_Circle()
    {
        var empty = GraphAnalysis.Of([], []);
        Assert.Equal((0, 0d), (empty.Depth, empty.IdealParallelism));
        Assert.Throws<ArgumentException>(() => GraphAnalysis.Of([[1], [0]], Seconds(1, 1)));
    }

    [Fact]
    public void Of_Agrees_With_All_Paths_Tried_On_Small_Graphs()
    {
        for (var seed = 0UL; seed < 500; seed++)
        {
            var random = new SeededRandom(seed);
            var count = random.Next(1, 9);
            var needs = Enumerable.Range(0, count)
                .Select(job => Enumerable.Range(0, job).Where(_ => random.Chance(0.35)).ToImmutableArray()).ToImmutableArray();
            var durations = Enumerable.Range(0, count).Select(_ => TimeSpan.FromSeconds(random.Next(0, 5))).ToImmutableArray();
            var paths = Enumerable.Range(0, count).SelectMany(job => PathsTo(needs, job)).ToList();
            var longest = paths.Max(path => Length(durations, path));

            var analysis = GraphAnalysis.Of(needs, durations);
            Assert.Equal(longest, analysis.CriticalTime);
            Assert.Equal(longest, Length(durations, analysis.CriticalPath));
            Assert.Equal(paths.Max(path => path.Length), analysis.Depth);
            foreach (var (before, after) in analysis.CriticalPath.Zip(analysis.CriticalPath.Skip(1)))
            {
                Assert.Contains(before, needs[after]);
            }

            // Slack is what a job may take longer before the longest path grows.
            for (var job = 0; job < count; job++)
            {
                var through = paths.Where(path => path.Contains(job)).Max(path => Length(durations, path));
                Assert.Equal(longest - through, analysis.Slack[job]);
            }
        }
    }

    [Fact]
    public void CriticalPathOf_Walks_Back_Through_The_Need_That_Ended_Last()
    {
        var plan = Plans.Good("""
            steps:
              a: { run: "true" }
              b: { run: "true" }
              c: { run: "true", needs: [a, b] }
              d: { run: "true" }
              e: { run: "true", needs: [c], if: "always()" }
            """);
        JobInterval[] executed = [Ran(0, 0, 3), Ran(1, 0, 5), Ran(2, 5, 9), Ran(3, 0, 8)];
        Assert.Equal([1, 2], GraphAnalysis.CriticalPathOf(plan, executed).AsEnumerable());
        Assert.Empty(GraphAnalysis.CriticalPathOf(plan, []));

        static JobInterval Ran(int job, int start, int end) => new(job, TimeSpan.FromSeconds(start), TimeSpan.FromSeconds(end));
    }

    private static IEnumerable<ImmutableArray<int>> PathsTo(ImmutableArray<ImmutableArray<int>> needs, int job) =>
        needs[job].IsEmpty ? [[job]] : needs[job].SelectMany(need => PathsTo(needs, need)).Select(path => path.Add(job));

    private static TimeSpan Length(ImmutableArray<TimeSpan> durations, ImmutableArray<int> path) =>
        path.Aggregate(TimeSpan.Zero, (sum, job) => sum + durations[job]);

    private static ImmutableArray<TimeSpan> Seconds(params int[] seconds) => [.. seconds.Select(s => TimeSpan.FromSeconds(s))];
}
