using System.Collections.Immutable;

using Cairn.Core.Toolchains;
using Cairn.Core.Toolchains.Debian;

namespace Cairn.Execution.Toolchains;

/// <summary>The chain of packages of a Debian archive: packages against indexes, these against releases, these against signatures.</summary>
internal static class DebianTrace
{
    /// <summary>Checks all links.</summary>
    public static async Task WalkAsync(ToolchainTools tools, LockedDebian locked, ICollection<TraceLink> links, CancellationToken cancellationToken)
    {
        foreach (var release in locked.Releases)
        {
            var (signature, content) = await ReleaseAsync(tools, release, cancellationToken);
            foreach (var index in release.Indexes)
            {
                var (link, packages) = Index(tools, release, index, content);
                foreach (var package in locked.Contents)
                {
                    if (package.Suite == release.Suite && (packages is null ? index == release.Indexes[0] : packages.Find(package.Name).Count > 0))
                    {
                        links.Add(Package(tools, package, packages));
                    }
                }

                links.Add(link);
            }

            links.Add(signature);
        }
    }

    private static TraceLink Package(ToolchainTools tools, LockedPackage package, PackageIndex? packages)
    {
        var subject = $"{package.Name} {package.Version} {package.Architecture}";
        if (tools.Examine(package.Digest) is { } finding)
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

    private static (TraceLink Link, PackageIndex? Packages) Index(ToolchainTools tools, LockedRelease release, LockedIndex index, ReleaseFile? content)
    {
        var subject = $"index {index.Path} of {release.Suite}";
        if (tools.Examine(index.Digest) is { } finding)
        {
            return (new TraceLink(2, subject, index.Digest, $"it {finding}", StateOf(finding)), null);
        }

        var packages = DebianArchive.ReadIndex(release.Suite, index, tools.Store);
        return content is null
            ? (new TraceLink(2, subject, index.Digest, "its bytes are right; no release that was checked vouches for them", TraceState.NotChecked), packages)
            : content.TryFind(index.Path, out var digest) && digest == index.Digest
            ? (new TraceLink(2, subject, index.Digest, "its bytes are what the release says", TraceState.Right), packages)
            : (new TraceLink(2, subject, index.Digest, "the release has another", TraceState.Wrong), packages);
    }

    private static async Task<(TraceLink Link, ReleaseFile? Content)> ReleaseAsync(ToolchainTools tools, LockedRelease release, CancellationToken cancellationToken)
    {
        var subject = $"release of {release.Suite}, {release.Date.UtcDateTime:yyyy-MM-dd HH:mm} UTC";
        if (tools.Examine(release.InRelease) is { } finding)
        {
            return (new TraceLink(3, subject, release.InRelease, $"it {finding}", StateOf(finding)), null);
        }

        try
        {
            var (keyrings, _) = tools.Archive.KeysOf(release.Suite);
            var file = tools.Store.TryRead(release.InRelease, int.MaxValue)!;
            var signed = await SignatureCheck.CheckAsync(tools.Host, file, keyrings, [release.SignedBy], acceptExpired: true, $"the release of `{release.Suite}`", cancellationToken);
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

    private static TraceState StateOf(string problem) => problem == ToolchainTools.Missing ? TraceState.NotChecked : TraceState.Wrong;
}
