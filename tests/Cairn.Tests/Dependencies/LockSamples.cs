using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Dependencies;
using Cairn.Core.Diagnostics;

namespace Cairn.Tests.Dependencies;

/// <summary>Lock files from memory.</summary>
internal static class LockSamples
{
    /// <summary>Reads files; the graphs and all that is said of them.</summary>
    public static (ImmutableArray<DependencyGraph> Graphs, ImmutableArray<Diagnostic> Diagnostics) Read(params IEnumerable<(string Path, string Text)> files)
    {
        var diagnostics = new DiagnosticBag();
        var decoded = files.Select(f => LockFile.Decode(f.Path, f.Path, Encoding.UTF8.GetBytes(f.Text), diagnostics)).OfType<LockFile>().ToList();
        var graphs = DependencyReader.Read(decoded, "sample", diagnostics);
        return (graphs, diagnostics.ToSorted());
    }

    /// <summary>The only graph of files without mistakes.</summary>
    public static DependencyGraph One(params IEnumerable<(string Path, string Text)> files)
    {
        var (graphs, diagnostics) = Read(files);
        Assert.Empty(diagnostics);
        return Assert.Single(graphs);
    }

    public static Package Find(this DependencyGraph graph, string name) => Assert.Single(graph.Packages, p => p.Name == name);

    /// <summary>The titles of what a package needs.</summary>
    public static IEnumerable<string> NeedsOf(this DependencyGraph graph, string name) => graph.Find(name).Needs.Select(n => graph.Packages[n.To].Title);
}
