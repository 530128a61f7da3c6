using System.Collections.Immutable;

using Cairn.Core.Toolchains;
using Cairn.Core.Toolchains.Debian;

namespace Cairn.Execution.Toolchains.Debian;

/// <summary>Walks the chain of a toolchain from its tree to the keys of the archive, and checks every link of it again.</summary>
internal static class DebianTrace
{
    private const int DamageShownMax = 10;

    /// <summary>Checks all links: the tree against the packages that it is made of, these against indexes, these against releases, these against signatures.</summary>
    public static async Task<ImmutableArray<TraceLink>> WalkAsync(DebianToolchains builder, LockedDebian locked, CancellationToken cancellationToken)
    {
        var chains = new List<(LockedIndex Index, TraceLink Link, PackageIndex? Packages, TraceLink Release)>();
        var seals = new List<TraceLink>();
        foreach (var release in locked.Releases)
        {
            var (seal, content) = await ReleaseAsync(builder, release, cancellationToken);
            seals.Add(seal);
            foreach (var index in release.Indexes)
            {
                var (link, packages) = Index(builder, release, index, content);
                chains.Add((index, link, packages, seal));
            }
        }

        // What each package stands in; one that is in none is shown before all of them.
        var places = locked.Contents.Select(p => chains.FindIndex(c => c.Packages is { } i && i.Suite == p.Suite && DebianToolchains.IsVouchedBy(p, i))).ToArray();
        var isComplete = chains.TrueForAll(static c => c.Packages is not null) && chains.Count > 0;
        var links = ImmutableArray.CreateBuilder<TraceLink>();
        if (builder.Store.Contains(locked.Tree))
        {
            // Before it is made again, which mends it.
            var damage = new List<string>();
            builder.AddTreeDamage(locked, damage, cancellationToken);
            links.AddRange(damage.Take(DamageShownMax).Select(d => new TraceLink(0, $"{locked.Name} in the store", null, d, TraceState.Wrong)));
        }

        // Each once: what is found damaged is set aside.
        var findings = locked.Contents.Select(p => builder.Tools.Examine(p.Digest)).ToArray();
        links.Add(await TreeAsync(builder, locked, findings, cancellationToken));
        if (isComplete)
        {
            links.Add(Choice(locked, [.. chains.Select(static c => c.Packages!)]));
        }

        AddPackages(-1);
        foreach (var seal in seals)
        {
            for (var i = 0; i < chains.Count; i++)
            {
                if (ReferenceEquals(chains[i].Release, seal))
                {
                    AddPackages(i);
                    links.Add(chains[i].Link);
                }
            }

            links.Add(seal);
        }

        if (seals.Count == 0)
        {
            links.Add(new TraceLink(3, "release", null, "the lock names none, so nothing vouches for the packages", TraceState.Wrong));
        }

        return links.ToImmutable();

        void AddPackages(int chain)
        {
            for (var i = 0; i < places.Length; i++)
            {
                if (places[i] == chain)
                {
                    links.Add(Package(locked.Contents[i], findings[i], chain >= 0, isComplete));
                }
            }
        }
    }

    private static async Task<TraceLink> TreeAsync(DebianToolchains builder, LockedDebian locked, string?[] findings, CancellationToken cancellationToken)
    {
        var subject = $"tree of {locked.Name} ({locked.Layout}, {locked.Architecture})";
        if (Array.FindIndex(findings, static f => f is not null) is >= 0 and var missing)
        {
            // A trace looks at what is here, and fetches nothing.
            return new TraceLink(0, subject, locked.Tree, $"the package `{locked.Contents[missing].Name}` {findings[missing]}, so it was not made again", TraceState.NotChecked);
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

    /// <summary>Whether what was asked for becomes just these packages.</summary>
    private static TraceLink Choice(LockedDebian locked, ImmutableArray<PackageIndex> indexes)
    {
        var subject = $"choice of {string.Join(", ", locked.Packages)}{(locked.Essential ? " and what is essential" : "")}";
        try
        {
            var resolution = DebianArchive.Parse(() => PackageResolver.Resolve(indexes, locked.Packages, locked.Essential), "An index");
            if (!resolution.Problems.IsEmpty)
            {
                return new TraceLink(1, subject, null, string.Join("; ", resolution.Problems), TraceState.Wrong);
            }

            var chosen = resolution.Packages.Select(static p => (p.Name, Version: p.Version.ToString(), p.Digest)).ToHashSet();
            var locks = locked.Contents.Select(static p => (p.Name, p.Version, p.Digest)).ToHashSet();
            return chosen.SetEquals(locks)
                ? new TraceLink(1, subject, null, "chosen again from the indexes, these are the same packages", TraceState.Right)
                : new TraceLink(1, subject, null, $"chosen again from the indexes, these are other packages, among them `{chosen.Except(locks).Concat(locks.Except(chosen)).First().Name}`", TraceState.Wrong);
        }
        catch (ToolchainException exception)
        {
            return new TraceLink(1, subject, null, exception.Message, TraceState.Wrong);
        }
    }

    private static TraceLink Package(LockedPackage package, string? finding, bool isVouched, bool isComplete)
    {
        var subject = $"{package.Name} {package.Version} {package.Architecture}";
        if (finding is not null)
        {
            return new TraceLink(1, subject, package.Digest, $"it {finding}", StateOf(finding));
        }

        return isVouched ? new TraceLink(1, subject, package.Digest, "its bytes are what the index says", TraceState.Right)
            : isComplete ? new TraceLink(1, subject, package.Digest, "the index has no such version with such bytes", TraceState.Wrong)
            : new TraceLink(1, subject, package.Digest, "its bytes are right; an index that would vouch for them is not in the store", TraceState.NotChecked);
    }

    private static (TraceLink Link, PackageIndex? Packages) Index(DebianToolchains builder, LockedRelease release, LockedIndex index, ReleaseFile? content)
    {
        var subject = $"index {index.Path} of {release.Suite}";
        if (builder.Tools.Examine(index.Digest) is { } finding)
        {
            return (new TraceLink(2, subject, index.Digest, $"it {finding}", StateOf(finding)), null);
        }

        try
        {
            var packages = DebianArchive.ReadIndex(release.Suite, index, builder.Store);
            return content is null
                ? (new TraceLink(2, subject, index.Digest, "its bytes are right; no release that was checked vouches for them", TraceState.NotChecked), packages)
                : content.TryFind(index.Path, out var digest) && digest == index.Digest
                ? (new TraceLink(2, subject, index.Digest, "its bytes are what the release says", TraceState.Right), packages)
                : (new TraceLink(2, subject, index.Digest, "the release has another", TraceState.Wrong), packages);
        }
        catch (ToolchainException exception)
        {
            return (new TraceLink(2, subject, index.Digest, exception.Message, TraceState.Wrong), null);
        }
    }

    private static async Task<(TraceLink Link, ReleaseFile? Content)> ReleaseAsync(DebianToolchains builder, LockedRelease release, CancellationToken cancellationToken)
    {
        var subject = $"release of {release.Suite}, {release.Date.UtcDateTime:yyyy-MM-dd HH:mm} UTC";
        if (builder.Tools.Examine(release.InRelease) is { } finding)
        {
            return (new TraceLink(3, subject, release.InRelease, $"it {finding}", StateOf(finding)), null);
        }

        try
        {
            var content = await builder.Archive.CheckLockedAsync(release, cancellationToken);
            return (new TraceLink(3, subject, release.InRelease, $"signed by {release.SignedBy}, a key of {Seeds(builder.Archive.KeysOf(release.Suite).Keyrings)}", TraceState.Right), content);
        }
        catch (ToolchainException exception)
        {
            return (new TraceLink(3, subject, release.InRelease, exception.Message, TraceState.Wrong), null);
        }
    }

    private static string Seeds(ImmutableArray<string> keyrings) => string.Join(", ", keyrings.Select(static k => k.Contains('\n', StringComparison.Ordinal) ? "apt's configuration" : k).Take(3));

    private static TraceState StateOf(string problem) => problem == ToolchainTools.Missing ? TraceState.NotChecked : TraceState.Wrong;
}
