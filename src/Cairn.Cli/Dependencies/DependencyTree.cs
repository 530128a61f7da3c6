using System.Collections.Immutable;

using Cairn.Cli.Graph;
using Cairn.Cli.Terminal;
using Cairn.Core.Dependencies;
using Cairn.Engine.Dependencies;

namespace Cairn.Cli.Dependencies;

/// <summary>Lock files as trees for a terminal. What a package needs is shown where it comes first; later ones refer to that.</summary>
internal sealed class DependencyTree(Style style, int depthMax)
{
    private readonly ByteText _text = new();

    private string Tee => style.Unicode ? "├─ " : "|- ";

    private string Corner => style.Unicode ? "└─ " : "`- ";

    private string Bar => style.Unicode ? "│  " : "|  ";

    private string Dot => style.Unicode ? " · " : ", ";

    public ByteText Render(DependencyReport report, DependencySummary summary)
    {
        for (var i = 0; i < report.Graphs.Length; i++)
        {
            if (i > 0)
            {
                _text.Line();
            }

            Graph(report.Graphs[i]);
        }

        Duplicates(summary, report.Graphs.Length > 1);
        Licenses(summary);
        return _text;
    }

    /// <summary>What a lock file is, in a line.</summary>
    private void Heading(DependencyGraph graph)
    {
        var direct = graph.Packages.Count(p => p.IsDirect && !p.IsProject);
        style.Write(_text, Ink.Bold, graph.File);
        style.Write(_text, Ink.Dim, $"{Dot}{SvgGraph.Count(graph.PackageCount, "package")}, {direct} direct");
        _text.Line();
    }

    private void Graph(DependencyGraph graph)
    {
        Heading(graph);
        var expanded = new bool[graph.Packages.Length];
        foreach (var root in graph.Roots)
        {
            Node(graph, graph.Packages[root], null, Ink.Bold, expanded);
            Below(graph, root, expanded);
        }

        var others = graph.Packages.Where(p => !p.IsReached && !p.IsProject).ToList();
        if (others.Count > 0)
        {
            style.Write(_text, Ink.Dim, "needed by others; the file does not tell by which");
            _text.Line();
            for (var i = 0; i < others.Count; i++)
            {
                style.Write(_text, Ink.Dim, i < others.Count - 1 ? Tee : Corner);
                Node(graph, others[i], null, Ink.Plain, expanded);
            }
        }
    }

    /// <summary>Everything below a root, with a stack of its own: a chain may be thousands long.</summary>
    private void Below(DependencyGraph graph, int root, bool[] expanded)
    {
        var stack = new Stack<(DependencyEdge Edge, string Lead, bool IsLast, int Depth)>();
        expanded[root] = true;
        Push(root, "", 1);
        while (stack.TryPop(out var at))
        {
            style.Write(_text, Ink.Dim, at.Lead + (at.IsLast ? Corner : Tee));
            var package = graph.Packages[at.Edge.To];
            Node(graph, package, at.Edge, package.IsProject ? Ink.Bold : Ink.Plain, expanded);
            if (!expanded[package.Index] && at.Depth < depthMax && !graph.IsRoot(package.Index))
            {
                expanded[package.Index] = true;
                Push(package.Index, at.Lead + (at.IsLast ? "   " : Bar), at.Depth + 1);
            }
        }

        void Push(int from, string lead, int depth)
        {
            var needs = graph.Packages[from].Needs;
            for (var i = needs.Length - 1; i >= 0; i--)
            {
                stack.Push((needs[i], lead, i == needs.Length - 1, depth));
            }
        }
    }

    private void Node(DependencyGraph graph, Package package, DependencyEdge? edge, Ink ink, bool[] expanded)
    {
        style.Write(_text, ink, package.Name);
        style.Write(_text, Ink.Accent, package.Version is null ? "" : " " + package.Version);
        var notes = new List<string>();
        if (package.License is { } license)
        {
            notes.Add(license);
        }

        if (edge is { Scope: not DependencyScope.Runtime })
        {
            notes.Add(edge.Scope == DependencyScope.Development ? "development" : "optional");
        }

        if (package.Source is { } source)
        {
            notes.Add(source);
        }

        if (edge is not null && package.Needs.Length > 0 && (expanded[package.Index] || graph.IsRoot(package.Index)))
        {
            notes.Add(graph.IsRoot(package.Index) ? "a tree of its own" : "see above");
        }

        style.Write(_text, Ink.Dim, notes.Count == 0 ? "" : "  " + string.Join(Dot, notes));
        _text.Line();
    }

    private void Duplicates(DependencySummary summary, bool withFiles)
    {
        if (summary.Duplicates.IsEmpty)
        {
            return;
        }

        style.Write(_text.Line(), Ink.Bold, "Several versions");
        _text.Line();
        foreach (var duplicate in summary.Duplicates)
        {
            _text.Append("  ");
            style.Write(_text, Ink.Plain, duplicate.Name);
            var versions = duplicate.Versions.Select(v => (v.Version ?? "?") + (withFiles ? $" ({string.Join(", ", v.Files)})" : ""));
            style.Write(_text.Append("  "), Ink.Warning, string.Join(", ", versions));
            _text.Line();
        }
    }

    private void Licenses(DependencySummary summary)
    {
        if (!summary.Licenses.Any(l => l.License is not null))
        {
            return;
        }

        style.Write(_text.Line(), Ink.Bold, "Licences");
        _text.Line();
        foreach (var count in summary.Licenses)
        {
            _text.Append("  ");
            style.Write(_text, count.License is null ? Ink.Dim : Ink.Plain, count.License ?? "not known");
            style.Write(_text.Append("  "), Ink.Dim, SvgGraph.Count(count.Packages, "package"));
            _text.Line();
        }
    }

    /// <summary>Why a package is there: a line for each chain.</summary>
    public ByteText RenderReasons(ImmutableArray<(DependencyGraph Graph, ImmutableArray<DependencyReasons> Reasons)> found)
    {
        var isFirst = true;
        foreach (var (graph, all) in found)
        {
            foreach (var reasons in all)
            {
                if (!isFirst)
                {
                    _text.Line();
                }

                isFirst = false;
                Reasons(graph, reasons);
            }
        }

        return _text;
    }

    private void Reasons(DependencyGraph graph, DependencyReasons reasons)
    {
        var package = graph.Packages[reasons.Package];
        style.Write(_text, Ink.Bold, package.Title);
        style.Write(_text, Ink.Dim, $"{Dot}{graph.File}");
        _text.Line();
        if (reasons.Chains.IsEmpty)
        {
            _text.Append("  ").Line(graph.IsRoot(package.Index) ? "what the file is for" : NotTold(graph, package));
            return;
        }

        foreach (var chain in reasons.Chains)
        {
            style.Write(_text.Append("  "), Ink.Dim, graph.Packages[chain.Root].Name);
            foreach (var step in chain.Steps)
            {
                var at = graph.Packages[step.To];
                style.Write(_text, Ink.Dim, style.Arrow);
                style.Write(_text, Ink.Plain, at.Title);
                var asked = string.Join(", ", new[] { step.Requirement, step.Scope switch { DependencyScope.Development => "development", DependencyScope.Optional => "optional", _ => null } }.OfType<string>());
                style.Write(_text, Ink.Dim, asked.Length == 0 ? "" : $" ({asked})");
            }

            _text.Line();
        }

        if (reasons.Total > reasons.Chains.Length)
        {
            style.Write(_text, Ink.Dim, $"  {style.Ellipsis} and {(reasons.Total == long.MaxValue ? "very many" : $"{reasons.Total - reasons.Chains.Length}")} more");
            _text.Line();
        }
    }

    private static string NotTold(DependencyGraph graph, Package package) => graph.Ecosystem == Ecosystem.Go
        ? $"needed by others; go.mod does not tell by which: ask `go mod why -m {package.Name}`"
        : "needed by others; the file does not tell by which";
}
