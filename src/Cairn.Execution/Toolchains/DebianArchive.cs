using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;

using Cairn.Core.Toolchains;
using Cairn.Core.Toolchains.Debian;
using Cairn.Store.Content;
using Cairn.Store.Toolchains;

namespace Cairn.Execution.Toolchains;

/// <summary>The suites that a toolchain is from, as their signed releases and indexes have them now.</summary>
/// <param name="Releases">The releases, sorted by suite, each with all its indexes.</param>
/// <param name="Indexes">What is in them.</param>
public sealed record DebianSuites(ImmutableArray<LockedRelease> Releases, ImmutableArray<(LockedRelease Release, LockedIndex Index, PackageIndex Packages)> Indexes);

/// <summary>
/// Reads a Debian archive by its chain of trust: keys of the machine → signature of <c>InRelease</c> → digest of an index → digest of a package. Everything on the way is kept in
/// the store, from which the chain can be checked again after the archive has moved on.
/// </summary>
public sealed class DebianArchive(AptConfiguration apt, Downloader downloader, ContentStore store, ProcessHost host, ReleaseMemory memory, TimeProvider time)
{
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
        var names = Companions.Select(c => suite + c).ToArray();
        var sources = apt.Sources.Where(s => Array.IndexOf(names, s.Suite) >= 0 && (s.Architectures.IsEmpty || s.Architectures.Contains(Architecture, StringComparer.Ordinal))).ToArray();
        if (sources.Length == 0)
        {
            var others = apt.Sources.Select(static s => s.Suite).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
            throw new ToolchainException(
                $"apt of this machine has no source for the suite `{suite}`",
                others.Length == 0 ? $"`{apt.Folder}` has no sources that can be used: on Debian write one to `{apt.Folder}/sources.list.d/{suite}.sources`" : $"it has {string.Join(", ", others.Select(static s => $"`{s}`"))}; add one to `{apt.Folder}/sources.list.d`");
        }

        var groups = sources.GroupBy(static s => s.Suite, StringComparer.Ordinal).OrderBy(static g => g.Key, StringComparer.Ordinal);
        var read = await Task.WhenAll(groups.Select(g => ReadSuiteAsync(g.Key, [.. g], allowExpired, cancellationToken)));
        return new DebianSuites([.. read.Select(static r => r.Release)], [.. read.SelectMany(static r => r.Indexes.Select(i => (r.Release, i.Index, i.Packages)))]);
    }

    /// <summary>Where a file of a suite's archive can be had: the places of all sources for the suite, in their order.</summary>
    public ImmutableArray<Uri> PlacesOf(string suite, string path) =>
        [.. apt.Sources.Where(s => s.Suite == suite).SelectMany(static s => s.Uris).Distinct().Select(uri => new Uri(uri, Escape(path)))];

    /// <summary>The keys that may sign a suite: of all its sources.</summary>
    public (ImmutableArray<string> Keyrings, ImmutableArray<string> Fingerprints) KeysOf(string suite) => KeysOf(apt.Sources.Where(s => s.Suite == suite));

    private (ImmutableArray<string> Keyrings, ImmutableArray<string> Fingerprints) KeysOf(IEnumerable<AptSource> sources)
    {
        var entries = sources.SelectMany(static s => s.SignedBy).Distinct(StringComparer.Ordinal).ToArray();
        var files = entries.Where(static e => e.StartsWith('/') || e.Contains("-----BEGIN PGP", StringComparison.Ordinal)).ToArray();
        var fingerprints = entries.Where(static e => e.Length >= 40 && !e.Contains('\n', StringComparison.Ordinal) && e.TrimEnd('!').All(char.IsAsciiHexDigit)).Select(static e => e.TrimEnd('!').ToUpperInvariant());
        return (files.Length > 0 ? [.. files] : apt.Keyrings, [.. fingerprints]);
    }

    private async Task<(LockedRelease Release, List<(LockedIndex Index, PackageIndex Packages)> Indexes)> ReadSuiteAsync(string suite, ImmutableArray<AptSource> sources, bool allowExpired, CancellationToken cancellationToken)
    {
        var file = await downloader.ReadAsync(PlacesOf(suite, $"dists/{suite}/InRelease"), ReleaseBytesMax, cancellationToken);
        var (keyrings, fingerprints) = KeysOf(sources);
        var signed = await SignatureCheck.CheckAsync(host, file, keyrings, fingerprints, acceptExpired: false, $"the release of `{suite}`", cancellationToken);
        var release = Parse(() => ReleaseFile.Read(signed.Content), $"The release of `{suite}`");
        Check(release, suite, allowExpired);

        var indexes = new List<(LockedIndex Index, PackageIndex Packages)>();
        foreach (var component in sources.SelectMany(static s => s.Components).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var index = FindIndex(release, component, Architecture)
                ?? throw new ToolchainException($"The release of `{suite}` has no index of `{component}` for {Architecture}", $"it has {string.Join(", ", release.Architectures)}; see the components in `{sources[0].Place}`");
            indexes.Add((index, await ReadIndexAsync(suite, index, release.AcquireByHash, cancellationToken)));
            if (release.HasIndexesOfAll && FindIndex(release, component, "all") is { } all)
            {
                indexes.Add((all, await ReadIndexAsync(suite, all, release.AcquireByHash, cancellationToken)));
            }
        }

        memory.Note(release);
        var locked = new LockedRelease(suite, Clean($"{release.Origin} {release.Label}"), release.Date, signed.Keys[0], store.Put(file), [.. indexes.Select(static i => i.Index).OrderBy(static i => i.Path, StringComparer.Ordinal)]);
        return (locked, indexes);
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

    private async Task<PackageIndex> ReadIndexAsync(string suite, LockedIndex index, bool byHash, CancellationToken cancellationToken)
    {
        var plain = PlacesOf(suite, $"dists/{suite}/{index.Path}");
        var folder = index.Path[..index.Path.LastIndexOf('/')];
        await downloader.FetchAsync(byHash ? [.. PlacesOf(suite, $"dists/{suite}/{folder}/by-hash/SHA256/{index.Digest.Hash}"), .. plain] : plain, index.Digest, cancellationToken);
        return ReadIndex(suite, index, store);
    }

    /// <summary>Reads an index that is in the store, checking its bytes. Throws <see cref="ToolchainException"/>.</summary>
    public static PackageIndex ReadIndex(string suite, LockedIndex index, ContentStore store)
    {
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(store);
        using var stream = store.TryOpen(index.Digest) ?? throw new ToolchainException($"The index `{index.Path}` of `{suite}` is not in the store");
        return Parse(() => PackageIndex.Read(Decompressed.ReadAll(stream, index.Path, IndexBytesMax), suite, Architecture), $"The index `{index.Path}` of `{suite}`");
    }

    private void Check(ReleaseFile release, string suite, bool allowExpired)
    {
        // What a source calls `bookworm/updates` names itself `bookworm`.
        var name = suite.Split('/')[0];
        if (!new[] { release.Codename, release.Suite }.Any(own => own == suite || own == name))
        {
            throw new ToolchainException($"The mirror sent the release of `{release.Codename}` (`{release.Suite}`) where that of `{suite}` was asked for");
        }

        var now = time.GetUtcNow();
        if (release.Date > now + ClockTolerance)
        {
            throw new ToolchainException($"The release of `{suite}` is of {Day(release.Date)}, which is still to come", "see that the clock of this machine is right");
        }

        if (release.ValidUntil is { } until && until < now && !allowExpired)
        {
            throw new ToolchainException($"The release of `{suite}` was to be relied on until {Day(until)} only: the mirror is out of date, or holds newer ones back", "use another mirror, or accept it with `allow_expired: true` in the toolchain");
        }

        if (memory.NewestOf(release) is { } newest && release.Date < newest)
        {
            throw new ToolchainException($"The release of `{suite}` is of {Day(release.Date)}, but this machine has seen one of {Day(newest)}: the mirror is behind, or holds newer ones back", "try again later, or use another mirror");
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

    // A version may hold what has a meaning in an address.
    private static string Escape(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
}
