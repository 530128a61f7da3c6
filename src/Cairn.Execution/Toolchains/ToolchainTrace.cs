using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Toolchains;
using Cairn.Core.Toolchains.Debian;

namespace Cairn.Execution.Toolchains;

/// <summary>How a link of the chain stands up to being checked.</summary>
public enum TraceState
{
    /// <summary>It was checked and is right.</summary>
    Right,

    /// <summary>It was checked and is wrong.</summary>
    Wrong,

    /// <summary>What it would be checked by is not here.</summary>
    NotChecked,
}

/// <summary>A link of the chain from a tree to its seed.</summary>
/// <param name="Depth">How far from the tree.</param>
/// <param name="Subject">What it is.</param>
/// <param name="Digest">Its bytes, where it has any.</param>
/// <param name="Finding">What was found.</param>
/// <param name="State">Whether that is right.</param>
public sealed record TraceLink(int Depth, string Subject, Digest? Digest, string Finding, TraceState State);

/// <summary>Walks the chain of a toolchain from its tree to the keys of the archive, and checks every link of it again.</summary>
public static class ToolchainTrace
{
    /// <summary>Checks all links: the tree against the packages that it is made of, these against indexes, these against releases, these against signatures.</summary>
    public static async Task<ImmutableArray<TraceLink>> WalkAsync(ToolchainBuilder builder, LockedDebian locked, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(locked);
        var links = ImmutableArray.CreateBuilder<TraceLink>();
        links.Add(await TreeAsync(builder, locked, cancellationToken));
        foreach (var release in locked.Releases)
        {
            var (signature, content) = await ReleaseAsync(builder, release, cancellationToken);
            foreach (var index in release.Indexes)
            {
                var (link, packages) = Index(builder, release, index, content);
                foreach (var package in locked.Contents)
                {
                    if (package.Suite == release.Suite && (packages is null ? index == release.Indexes[0] : packages.Find(package.Name).Count > 0))
                    {
                        links.Add(Package(builder, package, packages));
                    }
                }

                links.Add(link);
            }

            links.Add(signature);
        }

        return links.DrainToImmutable();
    }

    private static async Task<TraceLink> TreeAsync(ToolchainBuilder builder, LockedDebian locked, CancellationToken cancellationToken)
    {
        var subject = $"tree of {locked.Name} ({locked.Layout}, {locked.Architecture})";
        if (locked.Contents.FirstOrDefault(p => !builder.Store.Contains(p.Digest)) is { } missing)
        {
            return new TraceLink(0, subject, locked.Tree, $"`{missing.Name}` is not in the store, so it was not made again", TraceState.NotChecked);
        }

        try
        {
            var made = await builder.MakeAsync(locked, cancellationToken);
            return made == locked.Tree
                ? new TraceLink(0, subject, locked.Tree, $"made again from {locked.Contents.Length} packages, with the same digest", TraceState.Right)
                : new TraceLink(0, subject, locked.Tree, $"made again from its packages it is {made.Hash[..12]}", TraceState.Wrong);
        }
        catch (ToolchainException exception)
        {
            return new TraceLink(0, subject, locked.Tree, exception.Message, TraceState.Wrong);
        }
    }

    private static TraceLink Package(ToolchainBuilder builder, LockedPackage package, PackageIndex? packages)
    {
        var subject = $"{package.Name} {package.Version} {package.Architecture}";
        if (builder.Examine(package.Digest) is { } finding)
        {
            return new TraceLink(1, subject, package.Digest, $"it {finding}", StateOf(finding));
        }

        if (packages is null)
        {
            return new TraceLink(1, subject, package.Digest, "its bytes are right; its index is not in the store", TraceState.NotChecked);
        }

        return packages.Find(package.Name).Any(p => p.Digest == package.Digest && p.Version.ToString() == package.Version && p.Path == package.Path)
            ? new TraceLink(1, subject, package.Digest, "its bytes are what the index says", TraceState.Right)
            : new TraceLink(1, subject, package.Digest, "the index has no such version with such bytes", TraceState.Wrong);
    }

    private static (TraceLink Link, PackageIndex? Packages) Index(ToolchainBuilder builder, LockedRelease release, LockedIndex index, ReleaseFile? content)
    {
        var subject = $"index {index.Path} of {release.Suite}";
        if (builder.Examine(index.Digest) is { } finding)
        {
            return (new TraceLink(2, subject, index.Digest, $"it {finding}", StateOf(finding)), null);
        }

        var packages = DebianArchive.ReadIndex(release.Suite, index, builder.Store);
        return content is null
            ? (new TraceLink(2, subject, index.Digest, "its bytes are right; no release that was checked vouches for them", TraceState.NotChecked), packages)
            : content.TryFind(index.Path, out var digest) && digest == index.Digest
            ? (new TraceLink(2, subject, index.Digest, "its bytes are what the release says", TraceState.Right), packages)
            : (new TraceLink(2, subject, index.Digest, "the release has another", TraceState.Wrong), packages);
    }

    private static async Task<(TraceLink Link, ReleaseFile? Content)> ReleaseAsync(ToolchainBuilder builder, LockedRelease release, CancellationToken cancellationToken)
    {
        var subject = $"release of {release.Suite}, {release.Date.UtcDateTime:yyyy-MM-dd HH:mm} UTC";
        if (builder.Examine(release.InRelease) is { } finding)
        {
            return (new TraceLink(3, subject, release.InRelease, $"it {finding}", StateOf(finding)), null);
        }

        try
        {
            var (keyrings, _) = builder.Archive.KeysOf(release.Suite);
            var file = builder.Store.TryRead(release.InRelease, int.MaxValue)!;
            var signed = await SignatureCheck.CheckAsync(builder.Host, file, keyrings, [release.SignedBy], acceptExpired: true, $"the release of `{release.Suite}`", cancellationToken);
            var content = DebianArchive.Parse(() => ReleaseFile.Read(signed.Content), $"The release of `{release.Suite}`");
            return content.Date == release.Date
                ? (new TraceLink(3, subject, release.InRelease, $"signed by {release.SignedBy}, a key of {Seeds(keyrings)}", TraceState.Right), content)
                : (new TraceLink(3, subject, release.InRelease, "it is of another date", TraceState.Wrong), null);
        }
        catch (ToolchainException exception)
        {
            return (new TraceLink(3, subject, release.InRelease, exception.Message, TraceState.Wrong), null);
        }
    }

    private static string Seeds(ImmutableArray<string> keyrings) => string.Join(", ", keyrings.Select(static k => k.Contains('\n', StringComparison.Ordinal) ? "apt's configuration" : k).Take(3));

    private static TraceState StateOf(string problem) => problem == ToolchainBuilder.Missing ? TraceState.NotChecked : TraceState.Wrong;
}
