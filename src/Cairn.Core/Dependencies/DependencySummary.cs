using System.Collections.Immutable;

namespace Cairn.Core.Dependencies;

/// <summary>A version of a package that is there in several, and the lock files that have it.</summary>
public sealed record DuplicateVersion(string? Version, ImmutableArray<string> Files);

/// <summary>A package in several versions.</summary>
public sealed record Duplicate(Ecosystem Ecosystem, string Name, ImmutableArray<DuplicateVersion> Versions);

/// <summary>How many packages have a licence; null for those of which none is known.</summary>
public sealed record LicenseCount(string? License, int Packages);

/// <summary>What holds over all lock files together.</summary>
/// <param name="Packages">Packages, each version counted once.</param>
/// <param name="Duplicates">Names that are there in several versions, sorted.</param>
/// <param name="Licenses">The most frequent first; what is unknown last.</param>
public sealed record DependencySummary(int Packages, ImmutableArray<Duplicate> Duplicates, ImmutableArray<LicenseCount> Licenses)
{
    /// <summary>Sums graphs up.</summary>
    public static DependencySummary Of(ImmutableArray<DependencyGraph> graphs)
    {
        var byName = new SortedDictionary<(Ecosystem Ecosystem, string Name), Dictionary<string, SortedSet<string>>>(
            Comparer<(Ecosystem Ecosystem, string Name)>.Create((a, b) => a.Ecosystem != b.Ecosystem ? a.Ecosystem - b.Ecosystem : string.CompareOrdinal(a.Name, b.Name)));
        var licenses = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var graph in graphs)
        {
            foreach (var package in graph.Packages)
            {
                if (package.Purl is not { } purl)
                {
                    continue;
                }

                licenses[purl] = licenses.GetValueOrDefault(purl) ?? package.License;
                if (!byName.TryGetValue((graph.Ecosystem, package.Name), out var versions))
                {
                    byName[(graph.Ecosystem, package.Name)] = versions = new Dictionary<string, SortedSet<string>>(StringComparer.Ordinal);
                }

                var version = package.Version ?? "";
                if (!versions.TryGetValue(version, out var files))
                {
                    versions[version] = files = new SortedSet<string>(StringComparer.Ordinal);
                }

                files.Add(graph.File);
            }
        }

        var duplicates = ImmutableArray.CreateBuilder<Duplicate>();
        foreach (var ((ecosystem, name), versions) in byName)
        {
            if (versions.Count > 1)
            {
                var sorted = versions.Keys.ToList();
                sorted.Sort(VersionOrder.Compare);
                duplicates.Add(new Duplicate(ecosystem, name, [.. sorted.Select(v => new DuplicateVersion(v.Length == 0 ? null : v, [.. versions[v]]))]));
            }
        }

        var counts = licenses.Values.GroupBy(l => l ?? "", StringComparer.Ordinal)
            .OrderBy(g => g.Key.Length == 0).ThenByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new LicenseCount(g.Key.Length == 0 ? null : g.Key, g.Count()));
        return new DependencySummary(licenses.Count, duplicates.DrainToImmutable(), [.. counts]);
    }
}
