using System.Collections.Immutable;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Dependencies;

/// <summary>A package while its lock file is read.</summary>
internal sealed class PackageDraft(string name, string? version, string? source, bool isProject, string? variant = null)
{
    public string Name { get; set; } = name;

    public string? Version { get; } = version;

    public string? Source { get; } = source;

    public bool IsProject { get; } = isProject;

    /// <summary>What tells it from others of its name and version, such as a classifier of Maven.</summary>
    public string? Variant { get; } = variant;

    public bool IsRoot { get; set; }

    public string? License { get; set; }

    public List<PackageHash> Hashes { get; } = [];

    /// <summary>What its package URL says beside name and version.</summary>
    public SortedDictionary<string, string> Qualifiers { get; } = new(StringComparer.Ordinal);

    public Dictionary<PackageDraft, (DependencyScope Scope, string? Requirement)> Needs { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>The version for its package URL, where that is less than <see cref="Version"/>.</summary>
    public string? PurlVersion { get; set; }

    /// <summary>Its index once the graph is built; -1 before, and for what is beyond the limit of packages.</summary>
    public int Index { get; set; } = -1;

}

/// <summary>Collects what a lock file says, in any order, and makes the graph of it, in one.</summary>
internal sealed class GraphBuilder(LockFile file, Ecosystem ecosystem, DiagnosticBag diagnostics)
{
    private readonly Dictionary<(string Name, string? Version, string? Source, string? Variant), PackageDraft> _packages = [];
    private readonly List<PackageDraft> _drafts = [];
    private int _needs;
    private bool _isFull;

    /// <summary>All drafts, in the order in which they were added.</summary>
    public IReadOnlyList<PackageDraft> Drafts => _drafts;

    /// <summary>A project of one's own.</summary>
    public PackageDraft Project(string name, string? version, string? path, bool isRoot)
    {
        var draft = new PackageDraft(name, version, path, isProject: true) { IsRoot = isRoot };
        Add(draft);
        return draft;
    }

    /// <summary>A package; the same for the same name, version, source and variant.</summary>
    public PackageDraft Package(string name, string? version, string? source = null, string? variant = null)
    {
        var key = (ecosystem is Ecosystem.NuGet or Ecosystem.Composer ? name.ToLowerInvariant() : name, version, source, variant);
        if (!_packages.TryGetValue(key, out var draft))
        {
            draft = new PackageDraft(name, version, source, isProject: false, variant);
            if (Add(draft))
            {
                _packages[key] = draft;
            }
        }

        return draft;
    }

    /// <summary>Adds a need. Of several for one package the most binding counts. False once there are too many, which is told.</summary>
    public bool Need(PackageDraft from, PackageDraft to, DependencyScope scope, string? requirement)
    {
        if (ReferenceEquals(from, to))
        {
            return true;
        }

        if (from.Needs.TryGetValue(to, out var known))
        {
            scope = scope < known.Scope ? scope : known.Scope;
            requirement = requirement is null || (known.Requirement is not null && string.CompareOrdinal(known.Requirement, requirement) <= 0) ? known.Requirement : requirement;
        }
        else if (_needs == Limits.LockNeedsMax)
        {
            Full($"`{file.Path}` has more than {Limits.LockNeedsMax} needs of packages for others");
            return false;
        }
        else
        {
            _needs++;
        }

        from.Needs[to] = (scope, requirement);
        return true;
    }

    /// <summary>Adds a need of each version of a package.</summary>
    public void NeedAll(PackageDraft from, IReadOnlyList<PackageDraft> versions, DependencyScope scope, string? requirement)
    {
        foreach (var to in versions)
        {
            if (!Need(from, to, scope, requirement))
            {
                return;
            }
        }
    }

    /// <summary>Makes every package that nobody needs a direct one of a root: what to do where the file does not tell which are.</summary>
    public void AdoptUnneeded(PackageDraft root)
    {
        var needed = new HashSet<PackageDraft>(ReferenceEqualityComparer.Instance);
        foreach (var draft in _drafts)
        {
            needed.UnionWith(draft.Needs.Keys);
        }

        foreach (var draft in _drafts)
        {
            if (!draft.IsRoot && !needed.Contains(draft))
            {
                Need(root, draft, DependencyScope.Runtime, null);
            }
        }
    }

    public DependencyGraph Build(string format)
    {
        _drafts.Sort(Order);
        for (var i = 0; i < _drafts.Count; i++)
        {
            _drafts[i].Index = i;
        }

        var scopes = Scopes();
        var direct = new bool[_drafts.Count];
        var roots = ImmutableArray.CreateBuilder<int>();
        foreach (var draft in _drafts)
        {
            if (draft.IsRoot)
            {
                roots.Add(draft.Index);
                foreach (var need in draft.Needs.Keys.Where(n => n.Index >= 0))
                {
                    direct[need.Index] = true;
                }
            }
        }

        var packages = ImmutableArray.CreateBuilder<Package>(_drafts.Count);
        foreach (var draft in _drafts)
        {
            packages.Add(new Package
            {
                Index = draft.Index,
                Name = draft.Name,
                Version = draft.Version,
                IsProject = draft.IsProject,
                Purl = draft.IsProject ? null : PackageUrl.Of(ecosystem, draft.Name, draft.PurlVersion ?? draft.Version, draft.Qualifiers),
                Source = draft.Source,
                License = draft.License,
                Hashes = [.. draft.Hashes.Distinct().OrderBy(h => h.Algorithm, StringComparer.Ordinal).ThenBy(h => h.File, StringComparer.Ordinal).ThenBy(h => h.Value, StringComparer.Ordinal)],
                Needs = [.. draft.Needs.Where(n => n.Key.Index >= 0).Select(n => new DependencyEdge(n.Key.Index, n.Value.Scope, n.Value.Requirement)).OrderBy(e => e.To)],
                Scope = scopes[draft.Index] ?? DependencyScope.Runtime,
                IsDirect = direct[draft.Index] && !draft.IsRoot,
                IsReached = scopes[draft.Index] is not null,
            });
        }

        return new DependencyGraph(file.Path, format, ecosystem, packages.MoveToImmutable(), roots.DrainToImmutable());
    }

    private bool Add(PackageDraft draft)
    {
        if (_drafts.Count < Limits.LockPackagesMax)
        {
            _drafts.Add(draft);
            return true;
        }

        Full($"`{file.Path}` has more than {Limits.LockPackagesMax} packages");
        return false;
    }

    private void Full(string message)
    {
        if (!_isFull)
        {
            _isFull = true;
            diagnostics.Error(DiagnosticCodes.LockFileTooLarge, message, file.Start, "Exclude the file with a rule in `.cairnignore`");
        }
    }

    private static int Order(PackageDraft left, PackageDraft right)
    {
        var order = (left.IsRoot ? 0 : left.IsProject ? 1 : 2) - (right.IsRoot ? 0 : right.IsProject ? 1 : 2);
        order = order != 0 ? order : string.CompareOrdinal(left.Name, right.Name);
        order = order != 0 ? order : VersionOrder.Compare(left.Version, right.Version);
        order = order != 0 ? order : string.CompareOrdinal(left.Source, right.Source);
        return order != 0 ? order : string.CompareOrdinal(left.Variant, right.Variant);
    }

    /// <summary>For each draft the most binding scope over all ways from the roots, where a way is worth its least binding need; null where there is none.</summary>
    private DependencyScope?[] Scopes()
    {
        var scopes = new DependencyScope?[_drafts.Count];
        var stack = new Stack<PackageDraft>();
        for (var scope = DependencyScope.Runtime; scope <= DependencyScope.Development; scope++)
        {
            // What an earlier round reached is looked at again: its needs of this scope were left out then.
            foreach (var draft in _drafts)
            {
                if (draft.IsRoot || scopes[draft.Index] is not null)
                {
                    scopes[draft.Index] ??= DependencyScope.Runtime;
                    stack.Push(draft);
                }
            }

            while (stack.TryPop(out var at))
            {
                foreach (var (need, edge) in at.Needs)
                {
                    if (edge.Scope <= scope && need.Index >= 0 && scopes[need.Index] is null)
                    {
                        scopes[need.Index] = scope;
                        stack.Push(need);
                    }
                }
            }
        }

        return scopes;
    }
}
