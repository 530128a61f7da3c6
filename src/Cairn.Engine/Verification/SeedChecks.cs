using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Toolchains.Debian;
using Cairn.Execution;
using Cairn.Execution.Toolchains;
using Cairn.Execution.Toolchains.Debian;
using Cairn.Store;
using Cairn.Trust.Bundles;
using Cairn.Trust.Checks;
using Cairn.Trust.Policies;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Verification;

/// <summary>
/// The last link of a bundle's chain: from the packages that attestations name over signed indexes to the keys of their archive. What it takes is in the bundle, but for the keys: these are the caller's, and
/// the receipt says which of them signed. That a tree was made of its packages stays the builder's word, since packages are too large to carry.
/// </summary>
/// <param name="documents">What the bundle has.</param>
/// <param name="keyrings">Files with the keys of archives.</param>
/// <param name="cancellationToken">Ends it.</param>
internal sealed class SeedChecks(ImmutableArray<BundleEvidence> documents, ImmutableArray<string> keyrings, CancellationToken cancellationToken) : IDisposable
{
    private const string ReleasePrefix = "dists/";
    private const string ReleaseSuffix = "/InRelease";
    private const string DebianKind = "debian";
    private const string PackagePrefix = "pkg:deb/";

    private readonly Dictionary<string, BundleEvidence> _seeds = documents.Where(static d => d.Kind is EvidenceKind.Seed).ToDictionary(static d => d.Digest.Hash, StringComparer.Ordinal);
    private readonly Dictionary<(string Hash, string Suite, string Signers), Checked> _releases = [];
    private ProcessHost? _host;

    /// <summary>The line for a toolchain.</summary>
    /// <param name="toolchain">It.</param>
    /// <param name="attestations">The attestations of the jobs that used it, which count; default where one of them is missing.</param>
    public CheckLine Check(ReceiptToolchain toolchain, ImmutableArray<Statement> attestations)
    {
        var head = $"`{toolchain.Name}` is {toolchain.Origin}";
        if (toolchain.Kind != DebianKind)
        {
            return NotChecked(toolchain.SignedBy.IsEmpty ? $"{head}, and nothing is said of who vouches for that"
                : $"{head}, said to be vouched for by {Names(toolchain.SignedBy)}: what these signed is too large for a bundle; `cairn toolchain trace {toolchain.Name}` checks it where it is");
        }

        if (attestations.IsDefaultOrEmpty)
        {
            return NotChecked($"{head}, and which packages its jobs had, nobody here says: their attestations are not in the bundle");
        }

        var releases = new List<Checked>();
        foreach (var source in toolchain.Sources)
        {
            if (!source.Path.StartsWith(ReleasePrefix, StringComparison.Ordinal) || !source.Path.EndsWith(ReleaseSuffix, StringComparison.Ordinal))
            {
                continue;
            }

            var suite = source.Path[ReleasePrefix.Length..^ReleaseSuffix.Length];
            if (!_seeds.TryGetValue(source.Sha256, out var document))
            {
                return NotChecked($"{head}, said to be vouched for by {Names(toolchain.SignedBy)}: the signed release of `{suite}` is not in the bundle, which `cairn bundle create --seeds` takes along");
            }

            var release = Release(document, suite, toolchain.SignedBy);
            if (release.Problem is { } problem)
            {
                return new CheckLine(CheckKind.Seed, release.IsUnchecked ? Verdict.NotChecked : Verdict.Fail, $"{head}: {problem}");
            }

            releases.Add(release);
        }

        return releases.Count == 0 ? NotChecked($"{head}, and the receipt names no release that vouches for its packages") : Packages(head, toolchain, attestations, releases);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_host is not null)
        {
            Blocking.Wait(_host.DisposeAsync().AsTask());
        }
    }

    private static CheckLine Packages(string head, ReceiptToolchain toolchain, ImmutableArray<Statement> attestations, List<Checked> releases)
    {
        var distro = $"distro={toolchain.Origin[(toolchain.Origin.IndexOf(' ', StringComparison.Ordinal) + 1)..]}";
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var package in attestations.SelectMany(static a => ActionProvenance.DependenciesOf(a)))
        {
            if (package.Uri is not { } uri || !uri.StartsWith(PackagePrefix, StringComparison.Ordinal) || !uri.Split('?', '&').Contains(distro, StringComparer.Ordinal) || !seen.Add(package.Sha256))
            {
                continue;
            }

            if (!releases.Exists(r => r.Has(package)))
            {
                return releases.TrueForAll(r => r.IsCompleteFor(package))
                    ? new CheckLine(CheckKind.Seed, Verdict.Fail, $"{head}, but no index of the releases that vouch for it has the package `{package.Name}` with the bytes that its jobs had")
                    : NotChecked($"{head}: an index that would vouch for the package `{package.Name}` is not in the bundle");
            }
        }

        if (seen.Count == 0)
        {
            return NotChecked($"{head}, and the attestations of its jobs name none of its packages");
        }

        var newest = releases.Max(static r => r.Content!.Date);
        return new CheckLine(
            CheckKind.Seed, Verdict.Pass,
            string.Create(CultureInfo.InvariantCulture, $"{head}: {(seen.Count == 1 ? "1 package of its jobs stands" : $"{seen.Count} packages of its jobs stand")} in indexes of releases up to {newest.UtcDateTime:yyyy-MM-dd} that {Names(toolchain.SignedBy)} signed, as trusted here; that it was made of them is its builder's word"));
    }

    private Checked Release(BundleEvidence document, string suite, ImmutableArray<string> signers)
    {
        var key = (document.Digest.Hash, suite, string.Join(' ', signers));
        if (!_releases.TryGetValue(key, out var release))
        {
            _releases[key] = release = Read(document, suite, signers);
        }

        return release;
    }

    private Checked Read(BundleEvidence document, string suite, ImmutableArray<string> signers)
    {
        if (keyrings.IsEmpty)
        {
            return new Checked { Problem = "no keys of archives are known here: `--archive-keyring FILE` names them", IsUnchecked = true };
        }

        try
        {
            _host ??= ProcessHost.Create(new ProcessHostOptions { PidNamespace = false, RunToken = $"verify-{Environment.ProcessId}" });
            var (content, _) = Blocking.Wait(Task.Run(() => CarriedRelease.CheckAsync(_host, document.Content.AsMemory(), suite, keyrings, signers, cancellationToken), cancellationToken));
            var indexes = ImmutableArray.CreateBuilder<(string Folder, PackageIndex? Packages)>();
            foreach (var folder in content.Files.Where(static f => CarriedRelease.IsIndex(f.Key)).GroupBy(static f => f.Key[..f.Key.LastIndexOf('/')], StringComparer.Ordinal))
            {
                // One of its compressions is enough.
                var carried = folder.Where(f => _seeds.ContainsKey(f.Value.Hash)).ToArray();
                indexes.Add((folder.Key, carried is [var (path, digest), ..] ? CarriedRelease.ReadIndex(suite, path, [.. _seeds[digest.Hash].Content]) : null));
            }

            return new Checked { Content = content, Indexes = indexes.DrainToImmutable() };
        }
        catch (ToolchainException exception)
        {
            return new Checked { Problem = char.ToLowerInvariant(exception.Message[0]) + exception.Message[1..], IsUnchecked = exception.IsUnchecked };
        }
    }

    private static CheckLine NotChecked(string reason) => new(CheckKind.Seed, Verdict.NotChecked, reason);

    private static string Names(ImmutableArray<string> keys) => keys.IsEmpty ? "nobody" : string.Join(", ", keys.Select(static k => $"`{k}`"));

    /// <summary>A release, and what of its indexes is here.</summary>
    private sealed class Checked
    {
        public ReleaseFile? Content { get; init; }

        /// <summary>Its indexes by their folders, <c>main/binary-amd64</c>; null for those that are not here.</summary>
        public ImmutableArray<(string Folder, PackageIndex? Packages)> Indexes { get; init; } = [];

        public string? Problem { get; init; }

        public bool IsUnchecked { get; init; }

        public bool Has(ResolvedDependency package)
        {
            // pkg:deb/VENDOR/NAME@VERSION?…
            var rest = package.Uri!.AsSpan(PackagePrefix.Length);
            rest = rest[(rest.IndexOf('/') + 1)..];
            var name = Uri.UnescapeDataString(rest[..(rest.IndexOf('@') is >= 0 and var end ? end : rest.Length)]);
            return Indexes.Any(i => i.Packages?.Find(name).Any(p => p.Digest.Hash == package.Sha256) == true);
        }

        /// <summary>Whether every index is here that could have a package: of its part of the archive, and its architecture.</summary>
        public bool IsCompleteFor(ResolvedDependency package)
        {
            var parts = package.Name.Split('/');
            var isOfAll = package.Uri!.Contains("arch=all", StringComparison.Ordinal);
            var possible = Indexes.Where(i => parts.Contains(i.Folder[..i.Folder.IndexOf('/', StringComparison.Ordinal)], StringComparer.Ordinal) && i.Folder.Count('/') == 1
                && (isOfAll || package.Uri.Contains($"arch={i.Folder[(i.Folder.IndexOf('-', StringComparison.Ordinal) + 1)..]}", StringComparison.Ordinal))).ToArray();
            return isOfAll ? possible.Length == 0 || possible.Any(static i => i.Packages is not null) : possible.All(static i => i.Packages is not null);
        }
    }
}
