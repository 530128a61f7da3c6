using System.Collections.Immutable;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>The packages that belong together, or why there are none.</summary>
/// <param name="Packages">Sorted by name; empty after problems.</param>
/// <param name="Problems">Each a sentence.</param>
public sealed record PackageResolution(ImmutableArray<DebianPackage> Packages, ImmutableArray<string> Problems);

/// <summary>
/// Chooses what a list of packages needs: always the latest version of each, of alternatives the first that can be had, of packages that provide a name the most important one.
/// The result is a function of the indexes and the list; the order of neither matters.
/// </summary>
public sealed class PackageResolver
{
    private readonly ImmutableArray<PackageIndex> _indexes;
    private readonly Dictionary<string, DebianPackage> _selected = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _neededBy = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DebianPackage?> _candidates = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<DebianPackage>> _providers = new(StringComparer.Ordinal);
    private readonly Queue<DebianPackage> _new = new();
    private readonly Queue<(DebianPackage Package, Dependency Dependency)> _choices = new();
    private readonly List<string> _problems = [];

    private PackageResolver(IEnumerable<PackageIndex> indexes) => _indexes = [.. indexes.OrderBy(static i => i.Suite, StringComparer.Ordinal)];

    /// <summary>Resolves. Throws <see cref="FormatException"/> where an index cannot be read.</summary>
    /// <param name="indexes">What there is.</param>
    /// <param name="packages">What is asked for.</param>
    /// <param name="essential">Whether the packages join that all others rely on without saying so.</param>
    public static PackageResolution Resolve(IEnumerable<PackageIndex> indexes, IEnumerable<string> packages, bool essential)
    {
        ArgumentNullException.ThrowIfNull(indexes);
        ArgumentNullException.ThrowIfNull(packages);
        var resolver = new PackageResolver(indexes);
        resolver.Run(packages.Order(StringComparer.Ordinal), essential);
        return resolver._problems.Count > 0
            ? new PackageResolution([], [.. resolver._problems])
            : new PackageResolution([.. resolver._selected.Values.OrderBy(static p => p.Name, StringComparer.Ordinal)], []);
    }

    private void Run(IEnumerable<string> packages, bool essential)
    {
        foreach (var name in packages)
        {
            Ask(name);
        }

        if (essential)
        {
            // What asks for a merged /usr by a package that merges it, or by one that says it is: trees are merged.
            if (Candidate("usr-is-merged") is { } merged)
            {
                Select(merged, neededBy: null);
            }

            foreach (var name in _indexes.SelectMany(static i => i.Essential).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            {
                if (Candidate(name) is { IsEssential: true } package)
                {
                    Select(package, neededBy: null);
                }
            }
        }

        while (true)
        {
            // What leaves no choice comes first, so that a choice falls on what is there already.
            if (_new.TryDequeue(out var package))
            {
                foreach (var dependency in package.Depends)
                {
                    if (dependency.Alternatives.Length > 1 || Candidate(dependency.Alternatives[0].Name) is null)
                    {
                        _choices.Enqueue((package, dependency));
                    }
                    else
                    {
                        Satisfy(package, dependency);
                    }
                }
            }
            else if (_choices.TryDequeue(out var choice))
            {
                Satisfy(choice.Package, choice.Dependency);
            }
            else
            {
                break;
            }
        }

        CheckConflicts();
    }

    private void Ask(string name)
    {
        if (Candidate(name) is { } package)
        {
            Select(package, neededBy: null);
            return;
        }

        if (Providers(name) is { Count: > 0 } providers)
        {
            _problems.Add($"`{name}` is no package but a name that {string.Join(", ", providers.Select(static p => $"`{p.Name}`"))} stand for: ask for one of these");
            return;
        }

        var nearest = Suggestions.Nearest(name, _indexes.SelectMany(static i => i.Names).Where(n => Math.Abs(n.Length - name.Length) <= 2 && n[0] == name[0]));
        _problems.Add($"There is no package `{name}` in {string.Join(", ", _indexes.Select(static i => i.Suite).Distinct(StringComparer.Ordinal))}{(nearest is null ? "" : $"; did you mean `{nearest}`?")}");
    }

    private void Select(DebianPackage package, DebianPackage? neededBy)
    {
        if (_selected.TryAdd(package.Name, package))
        {
            _new.Enqueue(package);
            if (neededBy is not null)
            {
                _neededBy[package.Name] = neededBy.Name;
            }
        }
    }

    private void Satisfy(DebianPackage package, Dependency dependency)
    {
        foreach (var alternative in dependency.Alternatives)
        {
            if (IsSatisfied(alternative))
            {
                return;
            }
        }

        foreach (var alternative in dependency.Alternatives)
        {
            if (!IsForeign(alternative) && Candidate(alternative.Name) is { } candidate && alternative.Allows(candidate.Version) && !ConflictsWithSelected(candidate))
            {
                Select(candidate, package);
                return;
            }

            foreach (var provider in Providers(alternative.Name))
            {
                if (!IsForeign(alternative) && Provides(provider, alternative) && !ConflictsWithSelected(provider))
                {
                    Select(provider, package);
                    return;
                }
            }
        }

        _problems.Add($"`{package.Name}` needs `{dependency}`, which {Why(dependency)}{Chain(package.Name)}");
    }

    private string Why(Dependency dependency)
    {
        foreach (var alternative in dependency.Alternatives)
        {
            if (Candidate(alternative.Name) is { } candidate)
            {
                return alternative.Allows(candidate.Version) ? $"cannot be together with the other packages" : $"is there only as {candidate.Version}";
            }
        }

        return "is not to be had";
    }

    private string Chain(string name)
    {
        var text = "";
        for (var links = 0; links < 6 && _neededBy.TryGetValue(name, out var by); links++, name = by)
        {
            text += $", needed by `{by}`";
        }

        return text;
    }

    private bool IsSatisfied(PackageReference reference)
    {
        if (IsForeign(reference))
        {
            return false;
        }

        if (_selected.TryGetValue(reference.Name, out var package) && reference.Allows(package.Version))
        {
            return true;
        }

        foreach (var provider in Providers(reference.Name))
        {
            if (_selected.TryGetValue(provider.Name, out var selected) && ReferenceEquals(selected, provider) && Provides(provider, reference))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsForeign(PackageReference reference) =>
        reference.Qualifier is { } qualifier && qualifier is not ("any" or "native" or "all") && !_indexes.Any(i => i.Architecture == qualifier);

    private static bool Provides(DebianPackage package, PackageReference reference)
    {
        foreach (var dependency in package.Provides)
        {
            foreach (var provided in dependency.Alternatives)
            {
                // What is provided without a version satisfies no bound.
                if (provided.Name == reference.Name && (reference.Relation == VersionRelation.Any || (provided.Relation == VersionRelation.Equal && reference.Allows(provided.Version))))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private bool ConflictsWithSelected(DebianPackage package)
    {
        foreach (var other in _selected.Values)
        {
            if (ConflictOf(package, other) is not null || ConflictOf(other, package) is not null)
            {
                return true;
            }
        }

        return false;
    }

    private static PackageReference? ConflictOf(DebianPackage package, DebianPackage other)
    {
        if (package.Name == other.Name)
        {
            return null;
        }

        foreach (var dependency in package.Conflicts)
        {
            foreach (var reference in dependency.Alternatives)
            {
                // What is said of a package for another architecture is not about this one.
                if (reference.Qualifier is { } qualifier && qualifier is not ("any" or "native") && qualifier != other.Architecture)
                {
                    continue;
                }

                if ((reference.Name == other.Name && reference.Allows(other.Version)) || Provides(other, reference))
                {
                    return reference;
                }
            }
        }

        return null;
    }

    private void CheckConflicts()
    {
        var all = _selected.Values.OrderBy(static p => p.Name, StringComparer.Ordinal).ToArray();
        foreach (var package in all)
        {
            foreach (var other in package.Conflicts.IsEmpty ? [] : all)
            {
                if (ConflictOf(package, other) is { } conflict)
                {
                    _problems.Add($"`{package.Name}` cannot be with `{other}`: it conflicts with `{conflict}`{Chain(package.Name)}");
                }
            }
        }
    }

    /// <summary>The latest version of a package; where suites have the same, that of the first by name.</summary>
    private DebianPackage? Candidate(string name)
    {
        if (_candidates.TryGetValue(name, out var known))
        {
            return known;
        }

        DebianPackage? best = null, twin = null;
        foreach (var index in _indexes)
        {
            foreach (var package in index.Find(name))
            {
                twin = best is not null && package.Version == best.Version && package.Digest != best.Digest ? package : twin;
                best = best is null || package.Version > best.Version ? package : best;
            }
        }

        if (twin is not null && twin.Version == best!.Version)
        {
            // Nobody could tell which one the version means.
            _problems.Add($"`{name}` {best.Version} is there with two different contents, in `{best.Suite}` and `{twin.Suite}`");
        }

        return _candidates[name] = best;
    }

    /// <summary>The latest versions of packages that stand for a name, the most important first.</summary>
    private List<DebianPackage> Providers(string name)
    {
        if (_providers.TryGetValue(name, out var known))
        {
            return known;
        }

        var providers = new List<DebianPackage>();
        foreach (var provider in _indexes.SelectMany(i => i.Providers(name)).Distinct(StringComparer.Ordinal))
        {
            if (Candidate(provider) is { } package && package.Provides.Any(d => d.Alternatives.Any(p => p.Name == name)))
            {
                providers.Add(package);
            }
        }

        providers.Sort(static (a, b) => Rank(a.Priority) != Rank(b.Priority) ? Rank(a.Priority).CompareTo(Rank(b.Priority)) : string.CompareOrdinal(a.Name, b.Name));
        return _providers[name] = providers;
    }

    private static int Rank(string priority) => priority switch
    {
        "required" => 0,
        "important" => 1,
        "standard" => 2,
        "optional" => 3,
        _ => 4,
    };
}
