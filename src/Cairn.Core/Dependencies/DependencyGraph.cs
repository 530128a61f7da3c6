using System.Collections.Immutable;

namespace Cairn.Core.Dependencies;

/// <summary>Where packages of a kind come from. The names in JSON are the types of package URLs.</summary>
public enum Ecosystem
{
    /// <summary>C#, F# and other languages of .NET.</summary>
    NuGet,

    /// <summary>JavaScript and TypeScript.</summary>
    Npm,

    /// <summary>Java and other languages of its machine.</summary>
    Maven,

    /// <summary>Python.</summary>
    PyPI,

    /// <summary>Rust.</summary>
    Cargo,

    /// <summary>Go modules.</summary>
    Go,

    /// <summary>Ruby.</summary>
    RubyGems,

    /// <summary>PHP.</summary>
    Composer,
}

/// <summary>What something is needed for, the most binding first.</summary>
public enum DependencyScope
{
    /// <summary>To run.</summary>
    Runtime,

    /// <summary>Only where an extra or a platform asks for it.</summary>
    Optional,

    /// <summary>To build or to test; what is shipped has none of it.</summary>
    Development,
}

/// <summary>The digest of a file of a package, as the lock file has it.</summary>
/// <param name="Algorithm">Such as <c>sha256</c>; <c>h1</c> is Go's own, over the names and digests of a module's files.</param>
/// <param name="Value">Lower-case hex; of <c>h1</c>, base64.</param>
/// <param name="File">Which file, where the lock file names several.</param>
public sealed record PackageHash(string Algorithm, string Value, string? File = null);

/// <summary>That a package needs another.</summary>
/// <param name="To">The index of what is needed.</param>
/// <param name="Scope">What for.</param>
/// <param name="Requirement">What versions would do, in the words of the ecosystem; null where that is not told.</param>
public sealed record DependencyEdge(int To, DependencyScope Scope, string? Requirement);

/// <summary>A package in one version, or a project of one's own.</summary>
public sealed record Package
{
    /// <summary>Its index in <see cref="DependencyGraph.Packages"/>.</summary>
    public required int Index { get; init; }

    /// <summary>The name by which its ecosystem knows it: <c>@scope/name</c>, <c>group:artifact</c>, <c>vendor/name</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The version; null where nothing tells it.</summary>
    public required string? Version { get; init; }

    /// <summary>Whether it is code of one's own: what the lock file is for, or another project beside it.</summary>
    public required bool IsProject { get; init; }

    /// <summary>Its package URL; null for projects.</summary>
    public required string? Purl { get; init; }

    /// <summary>Where it comes from, if not from the usual registry: a URL, or the path of a folder.</summary>
    public string? Source { get; init; }

    /// <summary>The licence as its author wrote it, mostly an SPDX expression; null where nothing tells it.</summary>
    public string? License { get; init; }

    /// <summary>The digests of its files, in a fixed order.</summary>
    public ImmutableArray<PackageHash> Hashes { get; init; } = [];

    /// <summary>What it needs, by index.</summary>
    public ImmutableArray<DependencyEdge> Needs { get; init; } = [];

    /// <summary>What it is needed for at most, over all ways from the roots.</summary>
    public DependencyScope Scope { get; init; }

    /// <summary>Whether a root needs it itself.</summary>
    public bool IsDirect { get; init; }

    /// <summary>Whether a way leads to it from a root; a lock file need not say what needs what.</summary>
    public bool IsReached { get; init; }

    /// <summary>Name and version.</summary>
    public string Title => Version is null ? Name : $"{Name} {Version}";
}

/// <summary>What one lock file says. Packages are sorted: roots, other projects, then packages by name and version.</summary>
/// <param name="File">The lock file, relative to what was looked at.</param>
/// <param name="Format">What kind of file it is.</param>
/// <param name="Ecosystem">Of its packages.</param>
/// <param name="Packages">Projects and packages.</param>
/// <param name="Roots">The indices of the projects that the file is for.</param>
public sealed record DependencyGraph(string File, string Format, Ecosystem Ecosystem, ImmutableArray<Package> Packages, ImmutableArray<int> Roots)
{
    /// <summary>The folder of the lock file; empty for the one that was looked at.</summary>
    public string Folder => File.LastIndexOf('/') is >= 0 and var slash ? File[..slash] : "";

    /// <summary>Whether an index is that of a root: they stand first.</summary>
    public bool IsRoot(int index) => index < Roots.Length;

    /// <summary>How many are packages and not projects.</summary>
    public int PackageCount
    {
        get
        {
            var count = 0;
            foreach (var package in Packages)
            {
                count += package.IsProject ? 0 : 1;
            }

            return count;
        }
    }
}
