using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Toolchains;
using Cairn.Core.Toolchains.Debian;
using Cairn.Execution.Toolchains.Downloads;
using Cairn.Store.Content;
using Cairn.Store.Toolchains;

namespace Cairn.Execution.Toolchains.Debian;

/// <summary>The suites that a toolchain is from, as their signed releases and indexes have them now.</summary>
/// <param name="Releases">The releases, sorted by suite, each with all its indexes.</param>
/// <param name="Indexes">What is in them.</param>
public sealed record DebianSuites(ImmutableArray<LockedRelease> Releases, ImmutableArray<(LockedRelease Release, LockedIndex Index, PackageIndex Packages)> Indexes);

/// <summary>
/// Reads a Debian archive by its chain of trust: keys of the machine → signature of <c>InRelease</c> → digest of an index → digest of a package. Everything on the way is kept in
/// the store, from which the chain can be checked again after the archive has moved on.
/// </summary>
public sealed class DebianArchive(AptConfiguration apt, Downloader downloader, ContentStore store, ProcessHost host, ReleaseMemory memory, TimeProvider time, ImmutableArray<string> folders)
{
    private const string NotAsWritten = "take `cairn.lock` from version control, or lock anew with `cairn toolchain update`";

    private const int ReleaseBytesMax = 64 << 20;

    /// <summary>Bytes of an index, decompressed.</summary>
    public const int IndexBytesMax = 1 << 30;

    private static readonly TimeSpan ClockTolerance = TimeSpan.FromDays(1);

    // What joins a suite by itself: corrections, and corrections that cannot wait.
    private static readonly string[] Companions = ["", "-updates", "-security", "/updates"];

    private static readonly string[] Compressions = [".xz", ".gz", ""];

    /// <summary>This machine's architecture, in Debian's words.</summary>
    public static string Architecture => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
        System.Runtime.InteropServices.Architecture.RiscV64 => "riscv64",
        var other => other.ToString().ToLowerInvariant(),
    };

    /// <summary>Reads a suite with those that join it. Throws <see cref="ToolchainException"/>.</summary>
    public async Task<DebianSuites> ReadAsync(string suite, bool allowExpired, CancellationToken cancellationToken)
    {
        var stands = ArchiveStand.Of(SourcesOf(suite));
        var main = await ReadMainAsync(suite, [.. stands.Where(s => s.Suite == suite)], allowExpired, cancellationToken);
        var others = stands.Where(s => s.Suite != suite).GroupBy(static s => s.Suite, StringComparer.Ordinal).OrderBy(static g => g.Key, StringComparer.Ordinal);
        var companions = await Task.WhenAll(others.Select(g => ReadCompanionAsync(main.Release, [.. g], allowExpired, cancellationToken)));
        var all = companions.OfType<ReadSuite>().Append(main).OrderBy(static r => r.Locked.Suite, StringComparer.Ordinal).ToArray();
        foreach (var read in all)
        {
            await memory.NoteAsync(read.Release.Content, cancellationToken);
        }

        return new DebianSuites([.. all.Select(static r => r.Locked)], [.. all.SelectMany(static r => r.Indexes.Select(i => (r.Locked, i.Index, i.Packages)))]);
    }

    private sealed record ReadSuite(ReadRelease Release, LockedRelease Locked, List<(LockedIndex Index, PackageIndex Packages)> Indexes);

    private AptSource[] SourcesOf(string suite)
    {
        var sources = apt.Sources.Where(s => Companions.Any(c => s.Suite == suite + c) && (s.Architectures.IsEmpty || s.Architectures.Contains(Architecture, StringComparer.Ordinal))).ToArray();
        if (sources.Any(s => s.Suite == suite))
        {
            return [.. sources.Select(s => s with { Uris = [.. folders.Select(f => FolderOf(f, s.Suite)).Where(static f => Directory.Exists(f.LocalPath)), .. s.Uris] })];
        }

        var known = apt.Sources.Select(static s => s.Suite).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        throw new ToolchainException(
            $"apt of this machine has no source for the suite `{suite}`",
            known.Length == 0 ? $"`{apt.Folder}` has no sources that can be used: on Debian write one to `{apt.Folder}/sources.list.d/{suite}.sources`" : $"it has {string.Join(", ", known.Select(static s => $"`{s}`"))}; add one to `{apt.Folder}/sources.list.d`")
        { Code = DiagnosticCodes.ToolchainNoSource };
    }

    /// <summary>
    /// The suite of the distribution. Others have suites of the same name, for packages to be added to it: that is not what a toolchain is of, and their keys say nothing of the
    /// distribution. It is the one that has packages which are essential.
    /// </summary>
    private async Task<ReadSuite> ReadMainAsync(string suite, ImmutableArray<ArchiveStand> stands, bool allowExpired, CancellationToken cancellationToken)
    {
        if (stands.Length == 1)
        {
            return await ReadIndexesAsync(await ReadReleaseAsync(stands[0], allowExpired, cancellationToken), cancellationToken);
        }

        var (releases, failure) = await ReadReleasesAsync(stands, allowExpired, cancellationToken);
        var archives = ReadRelease.ByArchive(releases);
        var found = new List<ReadSuite>();
        foreach (var archive in archives)
        {
            var read = await ReadIndexesAsync(archive, cancellationToken);
            if (read.Indexes.Any(static i => i.Packages.Essential.Count > 0))
            {
                found.Add(read);
            }
        }

        return found switch
        {
            [var one] => one,
            [] when failure is null && archives is [var only] => await ReadIndexesAsync(only, cancellationToken),
            [] => throw failure ?? ReadRelease.Ambiguous(suite, archives),
            _ => throw ReadRelease.Ambiguous(suite, found.Select(static f => f.Release)),
        };
    }

    /// <summary>A suite that joins another one; null where only other archives have one of its name.</summary>
    private async Task<ReadSuite?> ReadCompanionAsync(ReadRelease main, ImmutableArray<ArchiveStand> stands, bool allowExpired, CancellationToken cancellationToken)
    {
        var (releases, failure) = await ReadReleasesAsync(stands, allowExpired, cancellationToken);
        var archives = ReadRelease.ByArchive(releases.Where(r => r.Content.Origin == main.Content.Origin));
        return archives switch
        {
            [var one] => await ReadIndexesAsync(one, cancellationToken),

            // To go on without corrections is not for the network to decide.
            [] => failure is null ? null : throw failure,
            _ => throw ReadRelease.Ambiguous(stands[0].Suite, archives),
        };
    }

    private async Task<(List<ReadRelease> Releases, Exception? Failure)> ReadReleasesAsync(ImmutableArray<ArchiveStand> stands, bool allowExpired, CancellationToken cancellationToken)
    {
        var reads = stands.Select(s => ReadReleaseAsync(s, allowExpired, cancellationToken)).ToArray();
        var releases = new List<ReadRelease>();
        Exception? failure = null;
        foreach (var read in reads)
        {
            try
            {
                releases.Add(await read);
            }
            catch (ToolchainException exception)
            {
                failure ??= exception;
            }
        }

        return (releases, failure);
    }

    /// <summary>Where a file of a suite's archive can be had: the places of all sources for the suite, in their order.</summary>
    public ImmutableArray<Uri> PlacesOf(string suite, string path) =>
        [.. folders.Select(f => FolderOf(f, suite)).Concat(apt.Sources.Where(s => s.Suite == suite).SelectMany(static s => s.Uris)).Distinct().Select(uri => new Uri(uri, Escape(path)))];

    /// <summary>The keys that may sign a suite: of all its sources.</summary>
    public (ImmutableArray<string> Keyrings, ImmutableArray<string> Fingerprints) KeysOf(string suite)
    {
        var sources = apt.Sources.Where(s => s.Suite == suite).ToArray();
        if (sources.Length > 0)
        {
            return KeysOf(sources.SelectMany(static s => s.SignedBy));
        }

        var message = $"apt of this machine has no source for the suite `{suite}`, and so no keys by which its release could be checked";
        throw new ToolchainException(message, $"write one to `{apt.Folder}/sources.list.d`, with the keys in `Signed-By:`") { Code = DiagnosticCodes.ToolchainNoSource };
    }

    private (ImmutableArray<string> Keyrings, ImmutableArray<string> Fingerprints) KeysOf(IEnumerable<string> signedBy)
    {
        var entries = signedBy.Distinct(StringComparer.Ordinal).ToArray();
        var files = entries.Where(static e => e.StartsWith('/') || e.Contains("-----BEGIN PGP", StringComparison.Ordinal)).ToArray();
        var fingerprints = entries.Where(static e => e.Length >= 40 && !e.Contains('\n', StringComparison.Ordinal) && e.TrimEnd('!').All(char.IsAsciiHexDigit)).Select(static e => e.TrimEnd('!').ToUpperInvariant());
        return (files.Length > 0 ? [.. files] : apt.Keyrings, [.. fingerprints]);
    }

    private async Task<ReadRelease> ReadReleaseAsync(ArchiveStand stand, bool allowExpired, CancellationToken cancellationToken)
    {
        var places = stand.Uris.Select(uri => new Uri(uri, Escape($"dists/{stand.Suite}/InRelease")));
        var file = await downloader.ReadAsync([.. places], ReleaseBytesMax, cancellationToken);
        var (keyrings, fingerprints) = KeysOf(stand.SignedBy);
        var signed = await SignatureCheck.CheckAsync(host, file, keyrings, fingerprints, acceptExpired: false, $"the release of `{stand.Suite}`", cancellationToken);
        var release = Parse(() => ReleaseFile.Read(signed.Content), $"The release of `{stand.Suite}`");
        CheckSuite(release, stand.Suite);
        CheckTime(release, stand.Suite, allowExpired);
        return new ReadRelease(stand, file, signed.Keys[0], release);
    }

    private async Task<ReadSuite> ReadIndexesAsync(ReadRelease read, CancellationToken cancellationToken)
    {
        var (stand, release) = (read.Stand, read.Content);
        var indexes = new List<(LockedIndex Index, PackageIndex Packages)>();
        foreach (var component in stand.Components.Order(StringComparer.Ordinal))
        {
            if (FindIndex(release, component, Architecture) is not { } index)
            {
                var help = $"it has {string.Join(", ", release.Architectures)}; see the components in `{stand.Place}`";
                throw new ToolchainException($"The release of `{stand.Suite}` has no index of `{component}` for {Architecture}", help) { Code = DiagnosticCodes.ToolchainReleaseRefused };
            }

            indexes.Add((index, await ReadIndexAsync(stand, index, release.AcquireByHash, cancellationToken)));
            if (release.HasIndexesOfAll && FindIndex(release, component, "all") is { } all)
            {
                indexes.Add((all, await ReadIndexAsync(stand, all, release.AcquireByHash, cancellationToken)));
            }
        }

        var digest = Put(read.File);
        var locked = new LockedRelease(stand.Suite, Clean($"{release.Origin} {release.Label}"), release.Date, read.SignedBy, digest, [.. indexes.Select(static i => i.Index).OrderBy(static i => i.Path, StringComparer.Ordinal)]);
        return new ReadSuite(read, locked, indexes);
    }

    /// <summary>
    /// The indexes of a release that was locked, out of the store or, where it is still there, from the archive; null where it is to be had nowhere. Signature and digests are checked
    /// as they were then; that it was replaced since, or its key expired, is no fault of it. Throws <see cref="ToolchainException"/> where it is not what the lock says.
    /// </summary>
    public async Task<ImmutableArray<PackageIndex>?> TryReadLockedAsync(LockedRelease locked, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(locked);
        try
        {
            if (!store.Contains(locked.InRelease))
            {
                await FetchLockedAsync(locked, cancellationToken);
            }

            var content = await CheckLockedAsync(locked, cancellationToken);
            var indexes = ImmutableArray.CreateBuilder<PackageIndex>();
            foreach (var index in locked.Indexes)
            {
                if (!content.TryFind(index.Path, out var digest) || digest != index.Digest)
                {
                    throw new ToolchainException($"`cairn.lock` has another index `{index.Path}` than the release of `{locked.Suite}`", NotAsWritten) { Code = DiagnosticCodes.ToolchainNotVouched };
                }

                indexes.Add(await ReadIndexAsync(new ArchiveStand(locked.Suite, [.. PlacesOf(locked.Suite, "")], [], [], ""), index, content.AcquireByHash, cancellationToken));
            }

            return indexes.ToImmutable();
        }
        catch (ToolchainException exception) when (exception.Code is DiagnosticCodes.ToolchainFileGone or DiagnosticCodes.ToolchainFileWrong or DiagnosticCodes.ToolchainUnreachable)
        {
            return null;
        }
    }

    /// <summary>Checks the signature, suite and date of a release in the store against its lock. Throws <see cref="ToolchainException"/>.</summary>
    internal async Task<ReleaseFile> CheckLockedAsync(LockedRelease locked, CancellationToken cancellationToken)
    {
        var what = $"the release of `{locked.Suite}`";
        var (keyrings, fingerprints) = KeysOf(locked.Suite);
        if (!fingerprints.IsEmpty && !fingerprints.Contains(locked.SignedBy, StringComparer.OrdinalIgnoreCase))
        {
            throw new ToolchainException($"`cairn.lock` says that {locked.SignedBy} signed {what}, which is no key that apt's configuration names", NotAsWritten) { Code = DiagnosticCodes.ToolchainUnsigned };
        }

        var file = store.TryRead(locked.InRelease, ReleaseBytesMax) ?? throw new ToolchainException($"The release of `{locked.Suite}` is not in the store");
        var signed = await SignatureCheck.CheckAsync(host, file, keyrings, [locked.SignedBy], acceptExpired: true, what, cancellationToken);
        var content = Parse(() => ReleaseFile.Read(signed.Content), $"The release of `{locked.Suite}`");
        CheckSuite(content, locked.Suite);
        return content.Date == locked.Date ? content : throw new ToolchainException($"The release of `{locked.Suite}` is of {Day(content.Date)}, and `cairn.lock` says {Day(locked.Date)}", NotAsWritten) { Code = DiagnosticCodes.ToolchainNotVouched };
    }

    // The archive has one release at a time, and a vendored folder any number.
    private async Task FetchLockedAsync(LockedRelease locked, CancellationToken cancellationToken)
    {
        var folder = $"dists/{locked.Suite}";
        foreach (var kept in PlacesOf(locked.Suite, $"{folder}/by-hash/SHA256/{locked.InRelease.Hash}"))
        {
            if (kept.IsFile && File.Exists(kept.LocalPath))
            {
                await downloader.FetchAsync([kept], locked.InRelease, cancellationToken);
                return;
            }
        }

        foreach (var current in PlacesOf(locked.Suite, $"{folder}/InRelease"))
        {
            var content = await downloader.ReadAsync([current], ReleaseBytesMax, cancellationToken);
            if (Digest.Of(content) == locked.InRelease)
            {
                Put(content);
                return;
            }
        }

        throw new ToolchainException($"The archive no longer has the release of `{locked.Suite}` of {Day(locked.Date)}") { Code = DiagnosticCodes.ToolchainFileGone };
    }

    private static LockedIndex? FindIndex(ReleaseFile release, string component, string architecture)
    {
        foreach (var compression in Compressions)
        {
            var path = $"{component}/binary-{architecture}/Packages{compression}";
            if (release.TryFind(path, out var digest))
            {
                return new LockedIndex(path, digest);
            }
        }

        return null;
    }

    private async Task<PackageIndex> ReadIndexAsync(ArchiveStand stand, LockedIndex index, bool byHash, CancellationToken cancellationToken)
    {
        var folder = index.Path[..index.Path.LastIndexOf('/')];
        var named = stand.Uris.Where(u => byHash || u.IsFile).Select(u => new Uri(u, Escape($"dists/{stand.Suite}/{folder}/by-hash/SHA256/{index.Digest.Hash}")));
        var plain = stand.Uris.Select(u => new Uri(u, Escape($"dists/{stand.Suite}/{index.Path}")));
        await downloader.FetchAsync([.. named, .. plain], index.Digest, cancellationToken);
        return ReadIndex(stand.Suite, index, store);
    }

    /// <summary>Reads an index that is in the store, checking its bytes. Throws <see cref="ToolchainException"/>.</summary>
    public static PackageIndex ReadIndex(string suite, LockedIndex index, ContentStore store)
    {
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(store);
        using var stream = store.TryOpen(index.Digest) ?? throw new ToolchainException($"The index `{index.Path}` of `{suite}` is not in the store") { Code = DiagnosticCodes.ToolchainStoreUnfit };
        return Parse(() => PackageIndex.Read(Decompressed.ReadAll(stream, index.Path, IndexBytesMax), suite, Architecture), $"The index `{index.Path}` of `{suite}`");
    }

    internal static void CheckSuite(ReleaseFile release, string suite)
    {
        // What a source calls `bookworm/updates` names itself `bookworm`.
        var name = suite.Split('/')[0];
        if (!new[] { release.Codename, release.Suite }.Any(own => own == suite || own == name))
        {
            throw new ToolchainException($"The mirror sent the release of `{release.Codename}` (`{release.Suite}`) where that of `{suite}` was asked for", "use another mirror, or correct the suite in apt's configuration") { Code = DiagnosticCodes.ToolchainReleaseRefused };
        }
    }

    private void CheckTime(ReleaseFile release, string suite, bool allowExpired)
    {
        var now = time.GetUtcNow();
        if (release.Date > now + ClockTolerance)
        {
            throw new ToolchainException($"The release of `{suite}` is of {Day(release.Date)}, which is still to come", "see that the clock of this machine is right") { Code = DiagnosticCodes.ToolchainReleaseRefused };
        }

        if (release.ValidUntil is { } until && until < now && !allowExpired)
        {
            throw new ToolchainException($"The release of `{suite}` was to be relied on until {Day(until)} only: the mirror is out of date, or holds newer ones back", "use another mirror, or accept it with `allow_expired: true` in the toolchain") { Code = DiagnosticCodes.ToolchainReleaseRefused };
        }

        if (memory.NewestOf(release) is { } newest && release.Date < newest)
        {
            throw new ToolchainException($"The release of `{suite}` is of {Day(release.Date)}, but this machine has seen one of {Day(newest)}: the mirror is behind, or holds newer ones back", "try again later, or use another mirror") { Code = DiagnosticCodes.ToolchainReleaseRefused };
        }
    }

    private Digest Put(byte[] content)
    {
        try
        {
            return store.Put(content);
        }
        catch (IOException exception)
        {
            throw Downloader.Unfit(exception);
        }
    }

    internal static T Parse<T>(Func<T> read, string what)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is FormatException or InvalidDataException or StoreException)
        {
            throw new ToolchainException($"{what} cannot be read: {exception.Message}", inner: exception);
        }
    }

    private static string Day(DateTimeOffset date) => date.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    // It stands between quotes in the lock.
    private static string Clean(string text) => string.Concat(text.Trim().Where(static c => c is >= ' ' and <= '~' and not ('"' or '\\')));

    private static Uri FolderOf(string folder, string suite) => new($"file://{Escape(folder)}/{Escape(suite)}/");

    // A version may hold what has a meaning in an address.
    private static string Escape(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
}
