using System.Collections.Immutable;

using Cairn.Core.Dependencies.Formats;

namespace Cairn.Core.Dependencies;

/// <summary>Finds packages by what a person calls them.</summary>
public static class PackageNames
{
    /// <summary>
    /// The packages that a text means: a name in full, with <c>@VERSION</c> or without; where there is none, the last part of one (<c>junit-jupiter</c> of <c>org.junit.jupiter:junit-jupiter</c>).
    /// Capitals do not count.
    /// </summary>
    public static ImmutableArray<Package> Find(DependencyGraph graph, string text)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(text);
        var at = text.LastIndexOf('@');
        var found = Match(graph, text, null);
        if (found.IsEmpty && at > 0)
        {
            found = Match(graph, text[..at], text[(at + 1)..]);
        }

        return found;
    }

    private static ImmutableArray<Package> Match(DependencyGraph graph, string name, string? version)
    {
        var wanted = graph.Ecosystem == Ecosystem.PyPI ? PythonNames.Normalize(name) : name;
        ImmutableArray<Package> full = [.. graph.Packages.Where(p => IsVersion(p, version) && string.Equals(p.Name, wanted, StringComparison.OrdinalIgnoreCase))];
        return full.IsEmpty ? [.. graph.Packages.Where(p => IsVersion(p, version) && IsLastPart(p.Name, wanted))] : full;
    }

    private static bool IsVersion(Package package, string? version) => version is null || package.Version == version;

    private static bool IsLastPart(string name, string wanted) =>
        name.Length > wanted.Length && wanted.Length > 0 && name[^(wanted.Length + 1)] is '/' or ':' && name.EndsWith(wanted, StringComparison.OrdinalIgnoreCase);
}
