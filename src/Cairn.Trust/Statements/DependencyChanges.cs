using System.Collections.Immutable;

namespace Cairn.Trust.Statements;

/// <summary>A package, or whatever else a toolchain was made from, that is another than it was.</summary>
/// <param name="Name">Its package URL without version, or its name where it has none.</param>
/// <param name="Before">What it was; null where it was not there.</param>
/// <param name="After">What it is; null where it is not there.</param>
public sealed record DependencyChange(string Name, ResolvedDependency? Before, ResolvedDependency? After)
{
    /// <summary>Whether it has other bytes under the version that it had.</summary>
    public bool IsReplaced => Before is not null && After is not null && Before.Uri is not null && Before.Uri == After.Uri;
}

/// <summary>Compares what toolchains were made from, by package URL and digest.</summary>
public static class DependencyChanges
{
    private const string Scheme = "pkg:";
    private const string Architecture = "arch=";

    /// <summary>What differs, sorted by name.</summary>
    public static ImmutableArray<DependencyChange> Between(ImmutableArray<ResolvedDependency> before, ImmutableArray<ResolvedDependency> after)
    {
        var (old, now) = (ByName(before), ByName(after));
        var names = new SortedSet<string>(old.Keys, StringComparer.Ordinal);
        names.UnionWith(now.Keys);
        var changes = ImmutableArray.CreateBuilder<DependencyChange>();
        foreach (var name in names)
        {
            // Several toolchains of a step may have a package, each in its version: what both sides have is no change.
            var gone = Without(old.GetValueOrDefault(name), now.GetValueOrDefault(name));
            var added = Without(now.GetValueOrDefault(name), old.GetValueOrDefault(name));
            for (var i = 0; i < Math.Max(gone.Count, added.Count); i++)
            {
                changes.Add(new DependencyChange(name, i < gone.Count ? gone[i] : null, i < added.Count ? added[i] : null));
            }
        }

        return changes.DrainToImmutable();
    }

    private static Dictionary<string, List<ResolvedDependency>> ByName(ImmutableArray<ResolvedDependency> dependencies)
    {
        var named = new Dictionary<string, List<ResolvedDependency>>(StringComparer.Ordinal);
        foreach (var dependency in dependencies)
        {
            var name = NameOf(dependency);
            if (!named.TryGetValue(name, out var list))
            {
                named[name] = list = [];
            }

            list.Add(dependency);
        }

        foreach (var list in named.Values)
        {
            list.Sort(static (left, right) => string.CompareOrdinal($"{left.Uri}\n{left.Sha256}", $"{right.Uri}\n{right.Sha256}"));
        }

        return named;
    }

    private static List<ResolvedDependency> Without(List<ResolvedDependency>? list, List<ResolvedDependency>? other)
    {
        var rest = new List<ResolvedDependency>();
        foreach (var dependency in list ?? [])
        {
            if (other is null || !other.Exists(o => o.Sha256 == dependency.Sha256 && o.Uri == dependency.Uri))
            {
                rest.Add(dependency);
            }
        }

        return rest;
    }

    /// <summary>The part of a package URL that stays when the version changes: type, name and architecture.</summary>
    private static string NameOf(ResolvedDependency dependency)
    {
        if (dependency.Uri is not { } uri || !uri.StartsWith(Scheme, StringComparison.Ordinal))
        {
            return dependency.Name;
        }

        var question = uri.IndexOf('?', StringComparison.Ordinal);
        var path = question < 0 ? uri : uri[..question];
        var at = path.IndexOf('@', StringComparison.Ordinal);
        var name = at < 0 ? path : path[..at];
        foreach (var qualifier in question < 0 ? [] : uri[(question + 1)..].Split('&'))
        {
            if (qualifier.StartsWith(Architecture, StringComparison.Ordinal) && qualifier != "arch=all")
            {
                return $"{name}?{qualifier}";
            }
        }

        return name;
    }
}
