using System.Globalization;
using System.Text;

using Cairn.Cli.Graph;
using Cairn.Core.Dependencies;

namespace Cairn.Cli.Dependencies;

/// <summary>Draws dependencies as an SVG in the looks of <c>cairn graph</c>: what needs on the left, what is needed on the right.</summary>
internal static class DependencySvg
{
    /// <summary>Packages of a drawing; with more nobody sees anything, and the layout takes long.</summary>
    public const int PackagesMax = 600;

    private const double Margin = 32;
    private const double HeaderHeight = 58;
    private const double BoxHeight = 50;
    private const double NameSize = 13 * 1.13; // Half bold letters are wider.
    private const double DetailSize = 11;
    private const int NameCharsMax = 44;

    public static string Render(DependencyDrawing drawing)
    {
        // What closes a circle would lead backwards through boxes: it is named in titles only.
        var drawn = drawing.Edges.Where(e => drawing.Nodes[e.To].Layer > drawing.Nodes[e.From].Layer).ToList();
        var layout = LayeredLayout.Arrange(
            [.. drawing.Nodes.Select(n => (WidthOf(n.Package), BoxHeight))],
            [.. drawing.Nodes.Select(n => n.Layer)],
            [.. drawn.Select(e => new GraphEdge(e.From, e.To, IsImplied: false))],
            new LayoutSpacing());
        var projects = drawing.Nodes.Count(n => n.Package.IsProject);
        var subtitle = $"{SvgGraph.Count(projects, "project")} · {SvgGraph.Count(drawing.Nodes.Length - projects, "package")}";
        var width = (2 * Margin) + Math.Max(layout.Width, Math.Max(SvgGraph.TextWidth(drawing.Name, 17), SvgGraph.TextWidth(subtitle, 12)));
        var height = (2 * Margin) + HeaderHeight + layout.Height;

        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture,
            $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:0.#} {height:0.#}" width="{width:0}" height="{height:0}" role="img" aria-labelledby="graph-title">{'\n'}""");
        svg.Append("<title id=\"graph-title\">").Append(SvgGraph.Escape($"{drawing.Name}: {subtitle}")).Append("</title>\n<style>\n").Append(SvgGraph.Style).Append("\n</style>\n");
        svg.Append("<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n");
        SvgGraph.Text(svg, "title", Margin, Margin + 14, drawing.Name);
        SvgGraph.Text(svg, "subtitle muted", Margin, Margin + 34, subtitle);
        svg.Append(CultureInfo.InvariantCulture, $"<g transform=\"translate({Margin} {Margin + HeaderHeight})\">\n");
        for (var e = 0; e < drawn.Count; e++)
        {
            var (from, to, scope) = drawn[e];
            svg.Append("<path class=\"edge").Append(scope == DependencyScope.Runtime ? "" : " implied").Append("\" d=\"");
            SvgGraph.Curve(svg, layout.Routes[e]);
            svg.Append("\"><title>").Append(SvgGraph.Escape($"{drawing.Nodes[from].Package.Title} needs {drawing.Nodes[to].Package.Title}")).Append("</title></path>\n");
            var end = layout.Routes[e][^1];
            svg.Append(CultureInfo.InvariantCulture, $"<path class=\"tip\" d=\"M{end.X:0.#} {end.Y:0.#}l-7 -3.5v7z\"/>\n");
        }

        for (var i = 0; i < drawing.Nodes.Length; i++)
        {
            Node(svg, drawing.Nodes[i].Package, layout.Boxes[i]);
        }

        return svg.Append("</g>\n</svg>\n").ToString();
    }

    private static void Node(StringBuilder svg, Package package, Box box)
    {
        var style = (package.IsProject ? " critical" : "") + (package.Scope == DependencyScope.Runtime ? "" : " conditional");
        svg.Append(CultureInfo.InvariantCulture, $"<g class=\"node{style}\" transform=\"translate({box.X:0.#} {box.Y:0.#})\"><title>");
        svg.Append(SvgGraph.Escape(package.Purl ?? package.Title)).Append("</title>");
        svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"card\" width=\"{box.Width:0.#}\" height=\"{box.Height:0.#}\" rx=\"8\"/>");
        svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"mark\" x=\"8\" y=\"11\" width=\"3\" height=\"{box.Height - 22:0.#}\" rx=\"1.5\"/>");
        SvgGraph.Text(svg, "name", 20, 22, SvgGraph.Cut(package.Name, NameCharsMax));
        SvgGraph.Text(svg, "detail", 20, 38, DetailOf(package));
        svg.Append("</g>\n");
    }

    private static string DetailOf(Package package) =>
        SvgGraph.Cut(string.Join(" · ", new[] { package.Version, package.License, package.Scope == DependencyScope.Development && !package.IsProject ? "development" : null }.OfType<string>()), NameCharsMax);

    private static double WidthOf(Package package) =>
        Math.Max(96, Math.Ceiling(Math.Max(SvgGraph.TextWidth(SvgGraph.Cut(package.Name, NameCharsMax), NameSize), SvgGraph.TextWidth(DetailOf(package), DetailSize)) + 36));
}
