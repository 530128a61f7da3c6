namespace Cairn.Cli.Graph;

internal readonly record struct Point(double X, double Y);

internal readonly record struct Box(double X, double Y, double Width, double Height)
{
    public double Right => X + Width;

    public double Middle => Y + (Height / 2);
}

/// <summary>Distances of a drawing.</summary>
internal sealed record LayoutSpacing
{
    /// <summary>Between columns.</summary>
    public double Columns { get; init; } = 68;

    /// <summary>Between boxes of a column.</summary>
    public double Rows { get; init; } = 18;

    /// <summary>Between a passing line and what stands beside it.</summary>
    public double Lanes { get; init; } = 12;
}

/// <summary>Where everything stands.</summary>
/// <param name="Width">Of the whole.</param>
/// <param name="Height">Of the whole.</param>
/// <param name="Boxes">By node.</param>
/// <param name="Routes">By edge: the start, then for each column that is crossed where the line enters and leaves it, then the end.</param>
internal sealed record Layout(double Width, double Height, Box[] Boxes, Point[][] Routes);

/// <summary>
/// Draws a DAG in columns from left to right, after Sugiyama: layers are given; lines over several layers get a lane in each column between;
/// columns are ordered by barycentres, keeping the order with the fewest crossings; places follow by exact least squares within each column.
/// </summary>
internal sealed class LayeredLayout
{
    private const int SweepsMax = 24;
    private const int PlacementRounds = 12;

    private readonly LayoutSpacing _spacing;
    private readonly List<Vertex> _vertices = [];
    private readonly List<List<int>> _columns = [];

    private LayeredLayout(LayoutSpacing spacing) => _spacing = spacing;

    /// <summary>A box, or the lane of a line through a column.</summary>
    private sealed class Vertex(int column, double height, bool isLane)
    {
        public readonly int Column = column;
        public readonly double Height = height;
        public readonly bool IsLane = isLane;
        public readonly List<int> Before = [];
        public readonly List<int> After = [];
        public int Place;
        public double Y;
    }

    public static Layout Arrange(IReadOnlyList<(double Width, double Height)> sizes, IReadOnlyList<int> layers, IReadOnlyList<GraphEdge> edges, LayoutSpacing spacing)
    {
        var layout = new LayeredLayout(spacing);
        var chains = layout.Build(sizes, layers, edges);
        layout.OrderColumns();
        layout.PlaceRows();
        return layout.Measure(sizes, layers, chains);
    }

    private int[][] Build(IReadOnlyList<(double Width, double Height)> sizes, IReadOnlyList<int> layers, IReadOnlyList<GraphEdge> edges)
    {
        for (var i = 0; i < sizes.Count; i++)
        {
            Add(new Vertex(layers[i], sizes[i].Height, isLane: false));
        }

        var chains = new int[edges.Count][];
        for (var e = 0; e < edges.Count; e++)
        {
            var (from, to, _) = edges[e];
            var chain = new int[layers[to] - layers[from] + 1];
            chain[0] = from;
            for (var i = 1; i < chain.Length - 1; i++)
            {
                chain[i] = Add(new Vertex(layers[from] + i, 0, isLane: true));
            }

            chain[^1] = to;
            for (var i = 1; i < chain.Length; i++)
            {
                _vertices[chain[i - 1]].After.Add(chain[i]);
                _vertices[chain[i]].Before.Add(chain[i - 1]);
            }

            chains[e] = chain;
        }

        return chains;
    }

    private int Add(Vertex vertex)
    {
        while (_columns.Count <= vertex.Column)
        {
            _columns.Add([]);
        }

        vertex.Place = _columns[vertex.Column].Count;
        _columns[vertex.Column].Add(_vertices.Count);
        _vertices.Add(vertex);
        return _vertices.Count - 1;
    }

    private void OrderColumns()
    {
        var best = Snapshot();
        var fewest = Crossings();
        for (var sweep = 0; sweep < SweepsMax && fewest > 0; sweep++)
        {
            if (sweep % 2 == 0)
            {
                for (var c = 1; c < _columns.Count; c++)
                {
                    SortColumn(c, before: true);
                }
            }
            else
            {
                for (var c = _columns.Count - 2; c >= 0; c--)
                {
                    SortColumn(c, before: false);
                }
            }

            var crossings = Crossings();
            if (crossings < fewest)
            {
                fewest = crossings;
                best = Snapshot();
            }
        }

        for (var c = 0; c < _columns.Count; c++)
        {
            SetColumn(c, best[c]);
        }
    }

    private void SortColumn(int column, bool before)
    {
        var keys = new Dictionary<int, double>();
        foreach (var v in _columns[column])
        {
            var neighbours = before ? _vertices[v].Before : _vertices[v].After;
            double sum = 0;
            foreach (var n in neighbours)
            {
                sum += _vertices[n].Place;
            }

            keys[v] = neighbours.Count == 0 ? _vertices[v].Place : sum / neighbours.Count;
        }

        // OrderBy is stable, so that ties keep the order in which the pipeline was written.
        SetColumn(column, [.. _columns[column].OrderBy(v => keys[v])]);
    }

    private void SetColumn(int column, List<int> order)
    {
        _columns[column] = order;
        for (var i = 0; i < order.Count; i++)
        {
            _vertices[order[i]].Place = i;
        }
    }

    private List<List<int>> Snapshot() => _columns.ConvertAll(c => new List<int>(c));

    private long Crossings()
    {
        long total = 0;
        var ends = new List<int>();
        for (var c = 0; c + 1 < _columns.Count; c++)
        {
            ends.Clear();
            foreach (var v in _columns[c])
            {
                var first = ends.Count;
                foreach (var n in _vertices[v].After)
                {
                    ends.Add(_vertices[n].Place);
                }

                ends.Sort(first, ends.Count - first, null);
            }

            total += Inversions(ends, _columns[c + 1].Count);
        }

        return total;
    }

    /// <summary>Pairs that stand in falling order, by a Fenwick tree over places.</summary>
    private static long Inversions(List<int> values, int places)
    {
        var tree = new int[places + 1];
        long inversions = 0;
        for (var i = 0; i < values.Count; i++)
        {
            var notGreater = 0;
            for (var at = values[i] + 1; at > 0; at -= at & -at)
            {
                notGreater += tree[at];
            }

            inversions += i - notGreater;
            for (var at = values[i] + 1; at <= places; at += at & -at)
            {
                tree[at]++;
            }
        }

        return inversions;
    }

    private void PlaceRows()
    {
        foreach (var column in _columns)
        {
            double y = 0;
            for (var i = 0; i < column.Count; i++)
            {
                y += i == 0 ? 0 : Distance(column[i - 1], column[i]);
                _vertices[column[i]].Y = y;
            }

            // Columns start centred on a common axis.
            foreach (var v in column)
            {
                _vertices[v].Y -= y / 2;
            }
        }

        for (var round = 0; round < PlacementRounds; round++)
        {
            var last = round >= PlacementRounds - 2;
            if (round % 2 == 0)
            {
                for (var c = 0; c < _columns.Count; c++)
                {
                    PlaceColumn(_columns[c], useBefore: true, useAfter: last);
                }
            }
            else
            {
                for (var c = _columns.Count - 1; c >= 0; c--)
                {
                    PlaceColumn(_columns[c], useBefore: last, useAfter: true);
                }
            }
        }
    }

    private double Distance(int upper, int lower)
    {
        var (a, b) = (_vertices[upper], _vertices[lower]);
        return ((a.Height + b.Height) / 2) + (a.IsLane || b.IsLane ? _spacing.Lanes : _spacing.Rows);
    }

    /// <summary>
    /// Moves the vertices of a column as near as can be to where their neighbours want them, keeping order and distances: least squares by pooling
    /// adjacent violators.
    /// </summary>
    private void PlaceColumn(List<int> column, bool useBefore, bool useAfter)
    {
        var blocks = new List<(double Sum, double Weight, int Count)>();
        var offsets = new double[column.Count];
        for (var i = 0; i < column.Count; i++)
        {
            offsets[i] = i == 0 ? 0 : offsets[i - 1] + Distance(column[i - 1], column[i]);
            var (wanted, weight) = Wanted(_vertices[column[i]], useBefore, useAfter);
            var block = (Sum: (wanted - offsets[i]) * weight, Weight: weight, Count: 1);
            while (blocks.Count > 0 && blocks[^1].Sum / blocks[^1].Weight >= block.Sum / block.Weight)
            {
                var above = blocks[^1];
                blocks.RemoveAt(blocks.Count - 1);
                block = (above.Sum + block.Sum, above.Weight + block.Weight, above.Count + block.Count);
            }

            blocks.Add(block);
        }

        var index = 0;
        foreach (var (sum, weight, count) in blocks)
        {
            for (var i = 0; i < count; i++, index++)
            {
                _vertices[column[index]].Y = (sum / weight) + offsets[index];
            }
        }
    }

    private (double Wanted, double Weight) Wanted(Vertex vertex, bool useBefore, bool useAfter)
    {
        double sum = 0;
        double weight = 0;
        Pull(useBefore ? vertex.Before : []);
        Pull(useAfter ? vertex.After : []);
        return weight > 0 ? (sum / weight, weight) : (vertex.Y, 0.1);

        void Pull(List<int> neighbours)
        {
            foreach (var n in neighbours)
            {
                // Long lines want to be straight more than short ones.
                var pull = (vertex.IsLane, _vertices[n].IsLane) switch
                {
                    (true, true) => 8.0,
                    (false, false) => 1.0,
                    _ => 2.0,
                };
                sum += _vertices[n].Y * pull;
                weight += pull;
            }
        }
    }

    private Layout Measure(IReadOnlyList<(double Width, double Height)> sizes, IReadOnlyList<int> layers, int[][] chains)
    {
        var widths = new double[_columns.Count];
        for (var i = 0; i < sizes.Count; i++)
        {
            widths[layers[i]] = Math.Max(widths[layers[i]], sizes[i].Width);
        }

        var lefts = new double[_columns.Count];
        for (var c = 1; c < _columns.Count; c++)
        {
            lefts[c] = lefts[c - 1] + widths[c - 1] + _spacing.Columns;
        }

        var top = double.MaxValue;
        var bottom = double.MinValue;
        foreach (var vertex in _vertices)
        {
            top = Math.Min(top, vertex.Y - (vertex.Height / 2));
            bottom = Math.Max(bottom, vertex.Y + (vertex.Height / 2));
        }

        var boxes = new Box[sizes.Count];
        for (var i = 0; i < sizes.Count; i++)
        {
            boxes[i] = new Box(lefts[layers[i]], _vertices[i].Y - (sizes[i].Height / 2) - top, widths[layers[i]], sizes[i].Height);
        }

        var routes = new Point[chains.Length][];
        for (var e = 0; e < chains.Length; e++)
        {
            var chain = chains[e];
            var route = new List<Point> { new(boxes[chain[0]].Right, boxes[chain[0]].Middle) };
            foreach (var lane in chain.AsSpan(1, chain.Length - 2))
            {
                var column = _vertices[lane].Column;
                route.Add(new Point(lefts[column], _vertices[lane].Y - top));
                route.Add(new Point(lefts[column] + widths[column], _vertices[lane].Y - top));
            }

            route.Add(new Point(boxes[chain[^1]].X, boxes[chain[^1]].Middle));
            routes[e] = [.. route];
        }

        return sizes.Count == 0 ? new Layout(0, 0, [], []) : new Layout(lefts[^1] + widths[^1], bottom - top, boxes, routes);
    }
}
