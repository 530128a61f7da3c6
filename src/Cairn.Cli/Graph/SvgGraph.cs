using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Cli.Terminal;

namespace Cairn.Cli.Graph;

/// <summary>Draws a graph as an SVG that needs nothing else: its own layout, styles for light and dark, titles to hover over.</summary>
internal static class SvgGraph
{
    private const double Margin = 32;
    private const double HeaderHeight = 58;
    private const double LegendHeight = 40;
    private const double NameSize = 13 * 1.13; // Half bold letters are wider.
    private const double DetailSize = 11;
    private const int ImpliedDrawnMax = 12;
    private const int NameCharsMax = 44;
    private const int DetailCharsMax = 40;

    internal const string Style = """
        :root { color-scheme: light dark }
        svg { --page: #f7f8f9; --card: #ffffff; --border: #d5dae1; --text: #1b2129; --muted: #66707c; --line: #a9b3bf; --badge: #eaf0f6; --badge-text: #41566e; --mark: #3f7d8c; --hot: #c8501e; --hot-card: #fff6f1 }
        @media (prefers-color-scheme: dark) {
          svg { --page: #14181d; --card: #1d232b; --border: #353e49; --text: #e8ecf1; --muted: #93a0ae; --line: #566373; --badge: #2a3643; --badge-text: #b5c8dc; --mark: #6fb3c2; --hot: #f08a54; --hot-card: #2b211c }
        }
        text { font-family: ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; fill: var(--text) }
        .page { fill: var(--page) }
        .title { font-size: 17px; font-weight: 650 }
        .muted, .detail { fill: var(--muted) }
        .subtitle { font-size: 12px }
        .name { font-size: 13px; font-weight: 550 }
        .detail { font-size: 11px }
        .card { fill: var(--card); stroke: var(--border); stroke-width: 1 }
        .conditional .card { stroke-dasharray: 5 3 }
        .mark { fill: var(--mark) }
        .lenient .mark { opacity: .4 }
        .badge { fill: var(--badge) }
        .badge-text { font-size: 11px; font-weight: 600; fill: var(--badge-text) }
        .edge { fill: none; stroke: var(--line); stroke-width: 1.5 }
        .tip { fill: var(--line) }
        .implied { stroke-dasharray: 2 4; opacity: .65 }
        .critical .card { fill: var(--hot-card); stroke: var(--hot); stroke-width: 1.5 }
        .critical .mark { fill: var(--hot) }
        .edge.critical { stroke: var(--hot); stroke-width: 2.25 }
        .tip.critical { fill: var(--hot) }
        .node:hover .card { stroke: var(--mark); stroke-width: 2 }
        """;

    public static string Render(PipelineGraph graph, GraphTimings? timings)
    {
        var hasDetails = graph.Nodes.Any(n => DetailOf(n, timings).Length > 0);
        var height = hasDetails ? 50.0 : 38.0;
        var sizes = new (double Width, double Height)[graph.Nodes.Length];
        for (var i = 0; i < sizes.Length; i++)
        {
            sizes[i] = (WidthOf(graph.Nodes[i], timings), height);
        }

        // Needs that others imply are worth a faint line, as long as they do not cover everything else.
        var implied = graph.Edges.Count(e => e.IsImplied);
        ImmutableArray<GraphEdge> edges = implied <= ImpliedDrawnMax ? graph.Edges : [.. graph.Edges.Where(e => !e.IsImplied)];
        var layout = LayeredLayout.Arrange(sizes, graph.Layers, edges, new LayoutSpacing());
        var legend = Legend(graph, implied);
        var subtitle = Subtitle(graph, timings);
        var width = (2 * Margin) + Math.Max(layout.Width, Math.Max(Math.Max(TextWidth(graph.Name, 17), TextWidth(subtitle, 12)), legend.Sum(l => TextWidth(l.Text, 11) + 52)));
        var total = (2 * Margin) + HeaderHeight + layout.Height + (legend.Count > 0 ? LegendHeight : 0);

        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture,
            $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:0.#} {total:0.#}" width="{width:0}" height="{total:0}" role="img" aria-labelledby="graph-title">{'\n'}""");
        svg.Append("<title id=\"graph-title\">").Append(Escape($"{graph.Name}: {subtitle}")).Append("</title>\n<style>\n").Append(Style).Append("\n</style>\n");
        svg.Append("<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n");
        Text(svg, "title", Margin, Margin + 14, graph.Name);
        Text(svg, "subtitle muted", Margin, Margin + 34, subtitle);
        svg.Append(CultureInfo.InvariantCulture, $"<g transform=\"translate({Margin} {Margin + HeaderHeight})\">\n");
        Edges(svg, graph, edges, layout);
        foreach (var node in graph.Nodes)
        {
            Node(svg, graph, node, layout.Boxes[node.Index], timings);
        }

        svg.Append("</g>\n");
        DrawLegend(svg, legend, Margin + HeaderHeight + layout.Height + 36);
        return svg.Append("</svg>\n").ToString();
    }

    private static void Edges(StringBuilder svg, PipelineGraph graph, ImmutableArray<GraphEdge> edges, Layout layout)
    {
        // Critical lines last, so that they lie above the others.
        foreach (var critical in (ReadOnlySpan<bool>)[false, true])
        {
            for (var e = 0; e < edges.Length; e++)
            {
                var edge = edges[e];
                if (IsCritical(graph, edge) != critical)
                {
                    continue;
                }

                var style = critical ? " critical" : edge.IsImplied ? " implied" : "";
                svg.Append("<path class=\"edge").Append(style).Append("\" d=\"");
                Curve(svg, layout.Routes[e]);
                svg.Append("\"><title>").Append(Escape($"{graph.Nodes[edge.To].Name} needs {graph.Nodes[edge.From].Name}")).Append("</title></path>\n");
                var end = layout.Routes[e][^1];
                svg.Append(CultureInfo.InvariantCulture, $"<path class=\"tip{style}\" d=\"M{end.X:0.#} {end.Y:0.#}l-7 -3.5v7z\"/>\n");
            }
        }
    }

    /// <summary>Curves between columns, straight lines through them.</summary>
    internal static void Curve(StringBuilder svg, Point[] route)
    {
        svg.Append(CultureInfo.InvariantCulture, $"M{route[0].X:0.#} {route[0].Y:0.#}");
        for (var i = 1; i < route.Length; i += 2)
        {
            var (from, to) = (route[i - 1], route[i]);
            var isLast = i == route.Length - 1;
            var x = isLast ? to.X - 5 : to.X;
            var middle = (from.X + x) / 2;
            svg.Append(CultureInfo.InvariantCulture, $"C{middle:0.#} {from.Y:0.#} {middle:0.#} {to.Y:0.#} {x:0.#} {to.Y:0.#}");
            if (!isLast)
            {
                svg.Append(CultureInfo.InvariantCulture, $"H{route[i + 1].X:0.#}");
            }
        }
    }

    private static void Node(StringBuilder svg, PipelineGraph graph, GraphNode node, Box box, GraphTimings? timings)
    {
        var style = (node.IsCritical ? " critical" : "") + (node.IsConditional ? " conditional" : "") + (node.AllowsFailure ? " lenient" : "");
        svg.Append(CultureInfo.InvariantCulture, $"<g class=\"node{style}\" transform=\"translate({box.X:0.#} {box.Y:0.#})\"><title>");
        svg.Append(Escape(TitleOf(graph, node))).Append("</title>");
        if (node.Jobs > 1)
        {
            // A second card behind the first: several jobs.
            svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"card\" x=\"4\" y=\"4\" width=\"{box.Width:0.#}\" height=\"{box.Height:0.#}\" rx=\"8\"/>");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"card\" width=\"{box.Width:0.#}\" height=\"{box.Height:0.#}\" rx=\"8\"/>");
        svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"mark\" x=\"8\" y=\"10\" width=\"3\" height=\"{box.Height - 20:0.#}\" rx=\"1.5\"/>");
        var detail = DetailOf(node, timings);
        Text(svg, "name", 20, detail.Length > 0 ? 21.5 : (box.Height / 2) + 4.5, Cut(node.Name, NameCharsMax));
        if (detail.Length > 0)
        {
            Text(svg, "detail", 20, 37.5, detail);
        }

        if (node.Jobs > 1)
        {
            var count = "×" + node.Jobs.ToString(CultureInfo.InvariantCulture);
            var width = TextWidth(count, DetailSize) + 12;
            svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"badge\" x=\"{box.Width - width - 10:0.#}\" y=\"{(box.Height / 2) - 9:0.#}\" width=\"{width:0.#}\" height=\"18\" rx=\"9\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"badge-text\" text-anchor=\"middle\" x=\"{box.Width - (width / 2) - 10:0.#}\" y=\"{(box.Height / 2) + 4:0.#}\">").Append(count).Append("</text>");
        }

        svg.Append("</g>\n");
    }

    private static string TitleOf(PipelineGraph graph, GraphNode node)
    {
        var title = new StringBuilder(node.Name);
        if (node.Detail is { } detail)
        {
            title.Append('\n').Append(detail);
        }

        if (node.Jobs > 1)
        {
            title.Append(CultureInfo.InvariantCulture, $"\n{node.Jobs} jobs");
        }

        if (!node.Needs.IsEmpty)
        {
            title.Append("\nneeds ").AppendJoin(", ", node.Needs.Select(n => graph.Nodes[n].Name));
        }

        if (node.Expected is { } expected)
        {
            title.Append("\nusually takes ").Append(Words.Duration(expected));
        }

        title.Append(node.IsConditional ? "\nruns on a condition" : "").Append(node.AllowsFailure ? "\nmay fail" : "");
        return title.ToString();
    }

    private static string DetailOf(GraphNode node, GraphTimings? timings) =>
        Cut(timings is null ? node.Detail ?? "" : node.Expected is { } expected ? Words.Duration(expected) : "not known yet", DetailCharsMax);

    private static string Subtitle(PipelineGraph graph, GraphTimings? timings)
    {
        var text = $"{Count(graph.StepCount, "step")} · {Count(graph.JobCount, "job")} · {Count(graph.Depth, "layer")}";
        return timings is null ? text : $"{text} · critical path {Words.Duration(timings.CriticalTime)} of {Words.Duration(timings.Work)} work";
    }

    private static List<(string Style, string Text)> Legend(PipelineGraph graph, int implied)
    {
        var legend = new List<(string, string)>();
        if (graph.Nodes.Any(n => n.IsCritical))
        {
            legend.Add(("critical", "critical path"));
        }

        if (graph.Nodes.Any(n => n.IsConditional))
        {
            legend.Add(("conditional", "runs on a condition"));
        }

        if (graph.Nodes.Any(n => n.AllowsFailure))
        {
            legend.Add(("lenient", "may fail"));
        }

        if (implied > 0)
        {
            legend.Add(implied <= ImpliedDrawnMax ? ("implied", "implied by other needs") : ("", $"{Count(implied, "need")} not drawn: implied by others"));
        }

        return legend;
    }

    private static void DrawLegend(StringBuilder svg, List<(string Style, string Text)> legend, double y)
    {
        var x = Margin;
        foreach (var (style, text) in legend)
        {
            if (style.Length == 0)
            {
                Text(svg, "detail", x, y + 10, text);
                continue;
            }

            if (style == "implied")
            {
                svg.Append(CultureInfo.InvariantCulture, $"<path class=\"edge implied\" d=\"M{x:0.#} {y + 6:0.#}h22\"/>");
            }
            else
            {
                svg.Append(CultureInfo.InvariantCulture, $"<g class=\"{style}\" transform=\"translate({x:0.#} {y:0.#})\"><rect class=\"card\" width=\"22\" height=\"12\" rx=\"3\"/><rect class=\"mark\" x=\"3\" y=\"3\" width=\"2\" height=\"6\" rx=\"1\"/></g>");
            }

            Text(svg, "detail", x + 30, y + 10, text);
            svg.Append('\n');
            x += TextWidth(text, DetailSize) + 52;
        }
    }

    private static bool IsCritical(PipelineGraph graph, GraphEdge edge) => graph.Nodes[edge.From].IsCritical && graph.Nodes[edge.To].IsCritical && !edge.IsImplied;

    private static double WidthOf(GraphNode node, GraphTimings? timings)
    {
        var badge = node.Jobs > 1 ? TextWidth("×" + node.Jobs.ToString(CultureInfo.InvariantCulture), DetailSize) + 22 : 0;
        var text = Math.Max(TextWidth(Cut(node.Name, NameCharsMax), NameSize), TextWidth(DetailOf(node, timings), DetailSize));
        return Math.Max(96, Math.Ceiling(text + badge + 36));
    }

    /// <summary>An estimate on the safe side: nobody's fonts are known here.</summary>
    internal static double TextWidth(string text, double size)
    {
        double units = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            units += rune.Value switch
            {
                'i' or 'j' or 'l' or 'I' or '.' or ',' or ':' or ';' or '\'' or '|' or '!' => 0.31,
                'f' or 't' or 'r' or '(' or ')' or '[' or ']' or ' ' or '/' or '-' => 0.41,
                'm' or 'w' or 'M' or 'W' or '@' or '%' => 0.95,
                >= 'A' and <= 'Z' => 0.71,
                >= 0x1100 => 1.05,
                _ => 0.62,
            };
        }

        return units * size;
    }

    internal static void Text(StringBuilder svg, string style, double x, double y, string text) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"{style}\" x=\"{x:0.#}\" y=\"{y:0.#}\">").Append(Escape(text)).Append("</text>");

    internal static string Cut(string text, int charsMax)
    {
        var line = text.AsSpan();
        var end = line.IndexOfAny('\n', '\r');
        if (end >= 0)
        {
            line = line[..end];
        }

        if (line.Length <= charsMax)
        {
            return line.ToString();
        }

        var keep = char.IsHighSurrogate(line[charsMax - 2]) ? charsMax - 2 : charsMax - 1;
        return string.Concat(line[..keep].TrimEnd(), "…");
    }

    internal static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : string.Create(CultureInfo.InvariantCulture, $"{count} {noun}s");

    /// <summary>Escapes for XML; characters that XML cannot hold become U+FFFD.</summary>
    internal static string Escape(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '<': result.Append("&lt;"); break;
                case '>': result.Append("&gt;"); break;
                case '&': result.Append("&amp;"); break;
                case '"': result.Append("&quot;"); break;
                case '\n' or '\t': result.Append((char)rune.Value); break;
                case < 0x20 or 0xFFFE or 0xFFFF: result.Append('\uFFFD'); break;
                default: result.Append(rune.ToString()); break;
            }
        }

        return result.ToString();
    }
}
