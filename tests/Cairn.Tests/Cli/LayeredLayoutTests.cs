using Cairn.Cli.Graph;

namespace Cairn.Tests.Cli;

public sealed class LayeredLayoutTests
{
    private static readonly LayoutSpacing Spacing = new();

    [Fact]
    public void RandomGraphs_BoxesDoNotOverlap_AndLinesRunFromBoxToBox()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var (sizes, layers, edges) = RandomGraph(new Random(seed));
            var layout = LayeredLayout.Arrange(sizes, layers, edges, Spacing);
            for (var i = 0; i < sizes.Length; i++)
            {
                var a = layout.Boxes[i];
                Assert.True(a.X >= -0.01 && a.Y >= -0.01 && a.Right <= layout.Width + 0.01 && a.Y + a.Height <= layout.Height + 0.01, $"seed {seed}: box {i} is outside");
                for (var j = 0; j < i; j++)
                {
                    var b = layout.Boxes[j];
                    Assert.False(a.X < b.Right && b.X < a.Right && a.Y < b.Y + b.Height - 0.01 && b.Y < a.Y + a.Height - 0.01, $"seed {seed}: boxes {i} and {j} overlap");
                }
            }

            for (var e = 0; e < edges.Length; e++)
            {
                var route = layout.Routes[e];
                Assert.Equal(2 * (layers[edges[e].To] - layers[edges[e].From]), route.Length);
                Assert.Equal((layout.Boxes[edges[e].From].Right, layout.Boxes[edges[e].To].X), (route[0].X, route[^1].X));
                for (var i = 1; i < route.Length; i++)
                {
                    Assert.True(route[i].X > route[i - 1].X, $"seed {seed}: line {e} runs backwards");
                }
            }
        }
    }

    [Fact]
    public void ACrossingThatCanBeAvoided_IsAvoided()
    {
        // a, b in one column; d, c in the next: written crosswise.
        (double, double)[] sizes = [(10, 10), (10, 10), (10, 10), (10, 10)];
        GraphEdge[] edges = [new(0, 3, false), new(1, 2, false)];
        var layout = LayeredLayout.Arrange(sizes, [0, 0, 1, 1], edges, Spacing);
        Assert.Equal(layout.Boxes[0].Y < layout.Boxes[1].Y, layout.Boxes[3].Y < layout.Boxes[2].Y);
    }

    [Fact]
    public void AChain_IsStraight()
    {
        (double, double)[] sizes = [(10, 20), (30, 20), (10, 20)];
        var layout = LayeredLayout.Arrange(sizes, [0, 1, 2], [new GraphEdge(0, 1, false), new GraphEdge(1, 2, false)], Spacing);
        Assert.All(layout.Boxes, b => Assert.Equal(0, b.Y, 6));
        Assert.Equal(10 + 30 + 10 + (2 * Spacing.Columns), layout.Width, 6);
    }

    [Fact]
    public void NoNodes_IsNothing() => Assert.Equal(0, LayeredLayout.Arrange([], [], [], Spacing).Width);

    private static ((double, double)[] Sizes, int[] Layers, GraphEdge[] Edges) RandomGraph(Random random)
    {
        var count = random.Next(1, 40);
        var layers = new int[count];
        var edges = new List<GraphEdge>();
        for (var i = 0; i < count; i++)
        {
            for (var n = random.Next(0, 4); n > 0 && i > 0; n--)
            {
                var from = random.Next(0, i);
                if (!edges.Exists(e => e.From == from && e.To == i))
                {
                    edges.Add(new GraphEdge(from, i, false));
                    layers[i] = Math.Max(layers[i], layers[from] + 1);
                }
            }
        }

        return ([.. Enumerable.Range(0, count).Select(_ => (random.Next(20, 200) * 1.0, 40.0))], layers, [.. edges]);
    }
}
