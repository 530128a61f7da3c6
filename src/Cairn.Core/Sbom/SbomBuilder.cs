using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Dependencies;

namespace Cairn.Core.Sbom;

/// <summary>Puts a bill of materials together: outputs, what toolchains were made from, and what lock files name. What is there twice is there once afterwards.</summary>
/// <param name="name">What the subject is called.</param>
/// <param name="version">Its version; null for none.</param>
public sealed class SbomBuilder(string name, string? version = null)
{
    private const int IdChars = 24;
    private const string Sha256 = "sha256";

    private readonly Dictionary<string, SbomComponent> _components = new(StringComparer.Ordinal);
    private readonly HashSet<SbomRelation> _relations = [];
    private readonly List<(string Id, SbomRelationKind Kind)> _ofSubject = [];

    /// <summary>Adds a file that was made.</summary>
    public void AddOutput(string path, string sha256)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(sha256);
        Relate(Add(SbomRole.Output, path, null, null, null, [new PackageHash(Sha256, sha256)], DependencyScope.Runtime, ""), SbomRelationKind.Contains);
    }

    /// <summary>Adds something that a toolchain was made from.</summary>
    /// <param name="what">Where it is from: the name where it has no package URL.</param>
    /// <param name="purl">Its package URL; null for none.</param>
    /// <param name="sha256">The SHA-256 of its bytes.</param>
    public void AddTool(string what, string? purl, string sha256)
    {
        ArgumentNullException.ThrowIfNull(what);
        ArgumentNullException.ThrowIfNull(sha256);
        var (title, number) = purl is null ? (what, null) : TitleOf(purl, what);
        Relate(Add(SbomRole.Tool, title, number, purl, null, [new PackageHash(Sha256, sha256)], DependencyScope.Development, ""), SbomRelationKind.BuiltWith);
    }

    /// <summary>Adds what a lock file names.</summary>
    public void AddGraph(DependencyGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var ids = new string[graph.Packages.Length];
        foreach (var package in graph.Packages)
        {
            // A project is told from others of its name by its place.
            ids[package.Index] = Add(
                package.IsProject ? SbomRole.Project : SbomRole.Package, package.Name, package.Version, package.Purl, package.License, package.Hashes, package.Scope, package.IsProject ? graph.File : "");
        }

        foreach (var root in graph.Roots)
        {
            Relate(ids[root], SbomRelationKind.DependsOn);
        }

        foreach (var package in graph.Packages)
        {
            foreach (var need in package.Needs)
            {
                _relations.Add(new SbomRelation(ids[package.Index], ids[need.To], need.Scope switch
                {
                    DependencyScope.Runtime => SbomRelationKind.DependsOn,
                    DependencyScope.Optional => SbomRelationKind.DependsOptionallyOn,
                    _ => SbomRelationKind.DependsForDevelopmentOn,
                }));
            }

            if (!package.IsProject && !package.IsReached)
            {
                // The lock file does not say what needs it; that it is there, it says.
                Relate(ids[package.Index], SbomRelationKind.DependsOn);
            }
        }
    }

    /// <summary>The bill.</summary>
    /// <param name="time">The time that it bears.</param>
    /// <param name="toolVersion">The version of Cairn.</param>
    public SbomDocument Build(DateTimeOffset time, string toolVersion)
    {
        var components = _components.Values.ToArray();
        Array.Sort(components, static (a, b) => a.Role != b.Role ? a.Role.CompareTo(b.Role) : Compare(a, b));
        var outputs = components.Where(static c => c.Role == SbomRole.Output).Select(static c => c.Id);
        var subject = new SbomComponent { Id = IdOf(SbomRole.Subject, name, version, null, [.. outputs]), Role = SbomRole.Subject, Name = name, Version = version };
        var relations = _relations.Concat(_ofSubject.Select(r => new SbomRelation(subject.Id, r.Id, r.Kind))).Distinct().ToArray();
        Array.Sort(relations, static (a, b) =>
            string.CompareOrdinal(a.From, b.From) is not 0 and var from ? from : string.CompareOrdinal(a.To, b.To) is not 0 and var to ? to : a.Kind.CompareTo(b.Kind));
        return new SbomDocument(subject, [.. components], [.. relations], time, toolVersion);
    }

    private static int Compare(SbomComponent a, SbomComponent b) =>
        string.CompareOrdinal(a.Name, b.Name) is not 0 and var name ? name
        : string.CompareOrdinal(a.Version, b.Version) is not 0 and var version ? version
        : string.CompareOrdinal(a.Id, b.Id);

    private void Relate(string id, SbomRelationKind kind) => _ofSubject.Add((id, kind));

    private string Add(SbomRole role, string title, string? number, string? purl, string? license, ImmutableArray<PackageHash> hashes, DependencyScope scope, string place)
    {
        // Two lock files may name other files of a package; what is a tool is told by its bytes.
        var id = IdOf(role, title, number, purl, role is SbomRole.Tool or SbomRole.Output ? [.. hashes.Select(static h => h.Value)] : [place]);
        var sorted = hashes.AddRange(_components.TryGetValue(id, out var known) ? known.Hashes : []).Distinct().ToArray();
        Array.Sort(sorted, static (a, b) =>
            string.CompareOrdinal(a.Algorithm, b.Algorithm) is not 0 and var algorithm ? algorithm
            : string.CompareOrdinal(a.File, b.File) is not 0 and var file ? file
            : string.CompareOrdinal(a.Value, b.Value));
        _components[id] = new SbomComponent
        {
            Id = id,
            Role = role,
            Name = title,
            Version = number,
            Purl = purl,
            License = known?.License is { } before && (license is null || string.CompareOrdinal(before, license) < 0) ? before : license,
            Hashes = [.. sorted],
            Scope = known is not null && known.Scope < scope ? known.Scope : scope,
        };
        return id;
    }

    private static string IdOf(SbomRole role, string title, string? number, string? purl, ReadOnlySpan<string> more)
    {
        var text = new StringBuilder();
        foreach (var part in (ReadOnlySpan<string>)[role.ToString(), title, number ?? "", purl ?? "", .. more])
        {
            text.Append(part.Length).Append(':').Append(part);
        }

        return Digest.Of(Encoding.UTF8.GetBytes(text.ToString())).Hash[..IdChars];
    }

    /// <summary>The last part of the path of a package URL, and its version.</summary>
    private static (string Title, string? Version) TitleOf(string purl, string otherwise)
    {
        var path = purl.AsSpan(0, purl.IndexOf('?', StringComparison.Ordinal) is >= 0 and var question ? question : purl.Length);
        var at = path.LastIndexOf('@');
        var title = at < 0 ? path : path[..at];
        title = title[(title.LastIndexOf('/') + 1)..];
        return (title.IsEmpty ? otherwise : Uri.UnescapeDataString(title.ToString()), at < 0 ? null : Uri.UnescapeDataString(path[(at + 1)..].ToString()));
    }
}
