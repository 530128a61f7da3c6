using System.Collections.Immutable;

using Cairn.Core.Toolchains.Debian;
using Cairn.Store.Toolchains;

namespace Cairn.Execution.Toolchains.Debian;

/// <summary>Checks what vouches for packages where it was carried away from the archive and from the machine that used them. Nothing is fetched.</summary>
public static class CarriedRelease
{
    /// <summary>Checks a signed release as it was when a toolchain was locked to it: that a key has expired since is no fault. Throws <see cref="ToolchainException"/>.</summary>
    /// <param name="host">Where gpgv runs.</param>
    /// <param name="inRelease">The file.</param>
    /// <param name="suite">The suite that it must be of.</param>
    /// <param name="keyrings">Files of keys, or keys with their armour.</param>
    /// <param name="fingerprints">The keys that count.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<(ReleaseFile Content, ImmutableArray<string> SignedBy)> CheckAsync(
        ProcessHost host, ReadOnlyMemory<byte> inRelease, string suite, ImmutableArray<string> keyrings, ImmutableArray<string> fingerprints, CancellationToken cancellationToken)
    {
        var signed = await SignatureCheck.CheckAsync(host, inRelease, keyrings, fingerprints, acceptExpired: true, $"the release of `{suite}`", cancellationToken).ConfigureAwait(false);
        var content = DebianArchive.Parse(() => ReleaseFile.Read(signed.Content), $"The release of `{suite}`");
        DebianArchive.CheckSuite(content, suite);
        return (content, signed.Keys);
    }

    /// <summary>Reads an index whose bytes a release vouches for. Throws <see cref="ToolchainException"/>.</summary>
    /// <param name="suite">The suite.</param>
    /// <param name="path">Its path in the release, <c>main/binary-amd64/Packages.xz</c>.</param>
    /// <param name="content">The file.</param>
    public static PackageIndex ReadIndex(string suite, string path, byte[] content)
    {
        ArgumentNullException.ThrowIfNull(path);
        const string Mark = "/binary-";
        var architecture = path.IndexOf(Mark, StringComparison.Ordinal) is >= 0 and var at ? path[(at + Mark.Length)..path.LastIndexOf('/')] : "all";
        return DebianArchive.Parse(() =>
        {
            using var stream = new MemoryStream(content, writable: false);
            return PackageIndex.Read(Decompressed.ReadAll(stream, path, DebianArchive.IndexBytesMax), suite, architecture);
        }, $"The index `{path}` of `{suite}`");
    }

    /// <summary>Whether a path in a release is that of an index of packages.</summary>
    public static bool IsIndex(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.Contains("/binary-", StringComparison.Ordinal) && path[(path.LastIndexOf('/') + 1)..] is "Packages" or "Packages.xz" or "Packages.gz";
    }
}
