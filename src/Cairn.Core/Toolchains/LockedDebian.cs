using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Dependencies;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Toolchains;

/// <summary>A toolchain of packages of a Debian archive.</summary>
public sealed record LockedDebian : LockedToolchain
{
    /// <summary>How packages become a tree; grows whenever the same packages would become another one.</summary>
    public const string CurrentLayout = "debian/1";

    /// <summary>The suite that was asked for.</summary>
    public required string Suite { get; init; }

    /// <summary>The packages that were asked for, sorted.</summary>
    public required ImmutableArray<string> Packages { get; init; }

    /// <summary>Whether the packages joined that all others rely on.</summary>
    public required bool Essential { get; init; }

    /// <summary>Whether a release past its last day was accepted.</summary>
    public bool AllowExpired { get; init; }

    /// <summary>What vouches for the packages, sorted by suite.</summary>
    public required ImmutableArray<LockedRelease> Releases { get; init; }

    /// <summary>All packages, sorted by name.</summary>
    public required ImmutableArray<LockedPackage> Contents { get; init; }

    /// <inheritdoc/>
    public override string Kind => "debian";

    /// <inheritdoc/>
    public override string UsableLayout => CurrentLayout;

    /// <inheritdoc/>
    public override string Origin => $"debian {Suite}";

    /// <inheritdoc/>
    public override IEnumerable<ToolchainPart> Parts
    {
        get
        {
            foreach (var release in Releases)
            {
                yield return new ToolchainPart($"the release of `{release.Suite}`", release.InRelease, $"dists/{release.Suite}/InRelease", null, IsEvidence: true);
                foreach (var index in release.Indexes)
                {
                    yield return new ToolchainPart($"the index `{index.Path}` of `{release.Suite}`", index.Digest, $"dists/{release.Suite}/{index.Path}", null, IsEvidence: true);
                }
            }

            foreach (var package in Contents)
            {
                yield return new ToolchainPart($"the package `{package.Name}`", package.Digest, package.Path, PackageUrl.Of("deb", $"{Vendor(package.Suite)}/{package.Name}", package.Version, [new("arch", package.Architecture), new("distro", Suite)]), IsEvidence: false);
            }
        }
    }

    // The first word of a release's origin names the vendor: `Debian Debian-Security`.
    private string Vendor(string suite)
    {
        foreach (var release in Releases)
        {
            if (release.Suite == suite && release.Origin.Length > 0)
            {
                return release.Origin.Split(' ')[0].ToLowerInvariant();
            }
        }

        return "debian";
    }

    /// <inheritdoc/>
    public override IEnumerable<string> ReplacedSince(LockedToolchain earlier)
    {
        var before = new Dictionary<(string, string, string), Digest>();
        foreach (var package in earlier is LockedDebian debian ? debian.Contents : [])
        {
            before[(package.Name, package.Version, package.Architecture)] = package.Digest;
        }

        foreach (var package in Contents)
        {
            if (before.TryGetValue((package.Name, package.Version, package.Architecture), out var digest) && digest != package.Digest)
            {
                yield return $"{package.Name} {package.Version}";
            }
        }
    }

    /// <inheritdoc/>
    public override bool Matches(ToolchainSource source) =>
        source is ToolchainSource.Debian asked && Suite == asked.Suite && Essential == asked.Essential && AllowExpired == asked.AllowExpired && Packages.AsSpan().SequenceEqual(asked.Packages.AsSpan());
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
