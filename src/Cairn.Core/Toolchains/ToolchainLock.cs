using System.Collections.Immutable;

using Cairn.Core.Content;

namespace Cairn.Core.Toolchains;

/// <summary>What the toolchains of a project consist of, byte for byte: <c>cairn.lock</c>.</summary>
/// <param name="Toolchains">Sorted by name.</param>
public sealed record ToolchainLock(ImmutableArray<LockedToolchain> Toolchains)
{
    /// <summary>The name of the file, beside the pipeline's.</summary>
    public const string FileName = "cairn.lock";

    /// <summary>A lock without toolchains.</summary>
    public static ToolchainLock Empty { get; } = new([]);

    /// <summary>A toolchain by its name, or null.</summary>
    public LockedToolchain? Find(string name)
    {
        foreach (var toolchain in Toolchains)
        {
            if (string.Equals(toolchain.Name, name, StringComparison.Ordinal))
            {
                return toolchain;
            }
        }

        return null;
    }

    /// <summary>The same with one more, or another of its name.</summary>
    public ToolchainLock With(LockedToolchain toolchain)
    {
        ArgumentNullException.ThrowIfNull(toolchain);
        return new ToolchainLock([.. Toolchains.Where(t => t.Name != toolchain.Name).Append(toolchain).OrderBy(static t => t.Name, StringComparer.Ordinal)]);
    }
}

/// <summary>A toolchain of packages of a Debian archive.</summary>
public sealed record LockedToolchain
{
    /// <summary>How packages become a tree; grows whenever the same packages would become another one.</summary>
    public const string CurrentLayout = "debian/1";

    /// <summary>The name that the pipeline gives it.</summary>
    public required string Name { get; init; }

    /// <summary>The suite that was asked for.</summary>
    public required string Suite { get; init; }

    /// <summary>The packages that were asked for, sorted.</summary>
    public required ImmutableArray<string> Packages { get; init; }

    /// <summary>Whether the packages joined that all others rely on.</summary>
    public required bool Essential { get; init; }

    /// <summary>Whether a release past its last day was accepted.</summary>
    public bool AllowExpired { get; init; }

    /// <summary>The architecture, in Debian's words.</summary>
    public required string Architecture { get; init; }

    /// <summary>How the tree was made from the packages.</summary>
    public string Layout { get; init; } = CurrentLayout;

    /// <summary>The tree.</summary>
    public required Digest Tree { get; init; }

    /// <summary>What vouches for the packages, sorted by suite.</summary>
    public required ImmutableArray<LockedRelease> Releases { get; init; }

    /// <summary>All packages, sorted by name.</summary>
    public required ImmutableArray<LockedPackage> Contents { get; init; }
}

/// <summary>A signed release of a suite.</summary>
/// <param name="Suite">The suite as the machine's configuration names it.</param>
/// <param name="Origin">Whose archive it is, and which: <c>Debian</c>, <c>Debian-Security</c>.</param>
/// <param name="Date">When it was made: the snapshot.</param>
/// <param name="SignedBy">The fingerprint of the primary key whose signature counts.</param>
/// <param name="InRelease">The digest of the signed file.</param>
/// <param name="Indexes">The indexes that packages were found in, sorted by path.</param>
public sealed record LockedRelease(string Suite, string Origin, DateTimeOffset Date, string SignedBy, Digest InRelease, ImmutableArray<LockedIndex> Indexes);

/// <summary>An index that a release vouches for.</summary>
/// <param name="Path">Its path below the suite.</param>
/// <param name="Digest">The digest of the file.</param>
public sealed record LockedIndex(string Path, Digest Digest);

/// <summary>A package that an index vouches for.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Architecture">Its architecture, or <c>all</c>.</param>
/// <param name="Suite">The suite whose index has it.</param>
/// <param name="Path">The path of its file in the archive.</param>
/// <param name="Digest">The digest of the file.</param>
public sealed record LockedPackage(string Name, string Version, string Architecture, string Suite, string Path, Digest Digest);
