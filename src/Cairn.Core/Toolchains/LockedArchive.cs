using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Dependencies;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Toolchains;

/// <summary>The files of an archive.</summary>
public sealed record LockedArchive : LockedToolchain
{
    /// <summary>How an archive becomes a tree.</summary>
    public const string CurrentLayout = "archive/1";

    /// <summary>Where the pipeline says that it can be had.</summary>
    public required ImmutableArray<string> Places { get; init; }

    /// <summary>The archive.</summary>
    public required Digest Archive { get; init; }

    /// <summary>How many folders are taken off the beginning of each path.</summary>
    public required int Strip { get; init; }

    /// <summary>Where the files stand.</summary>
    public required ToolchainPlacement Placement { get; init; }

    /// <summary>What vouches for the archive; null for nothing but its hash.</summary>
    public LockedSignature? Signature { get; init; }

    /// <summary>The SDK of .NET that it is; null for another archive.</summary>
    public LockedDotnet? Dotnet { get; init; }

    /// <inheritdoc/>
    public override string Kind => Dotnet is null ? "archive" : "dotnet";

    /// <inheritdoc/>
    public override string UsableLayout => CurrentLayout;

    /// <inheritdoc/>
    public override string Origin => Dotnet is { } sdk ? $"dotnet {sdk.Version}" : $"archive {Places[0]}";

    /// <inheritdoc/>
    public override IEnumerable<ToolchainPart> Parts
    {
        get
        {
            if (Signature is { } signature)
            {
                yield return new ToolchainPart("the signature of the archive", signature.Digest, signature.Place, null, IsEvidence: true);
            }

            var url = Dotnet is { } sdk
                ? PackageUrl.Of("generic", "dotnet-sdk", sdk.Version, [new("checksum", $"sha256:{Archive.Hash}"), new("download_url", Places[0])])
                : Places[0].Contains("://", StringComparison.Ordinal) ? PackageUrl.Of("generic", Name, null, [new("checksum", $"sha256:{Archive.Hash}"), new("download_url", Places[0])]) : null;
            yield return new ToolchainPart("the archive", Archive, Places[0], url, IsEvidence: false);
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<string> ReplacedSince(LockedToolchain earlier) =>
        Dotnet is { } sdk && earlier is LockedArchive { Dotnet: { } before } archive && before.Version == sdk.Version && archive.Architecture == Architecture && archive.Archive != Archive ? [$"dotnet {sdk.Version}"] : [];

    /// <inheritdoc/>
    public override bool Matches(ToolchainSource source) => source switch
    {
        ToolchainSource.Dotnet asked => !asked.Installed && Dotnet?.Asked == asked.Version,
        ToolchainSource.Archive asked => Dotnet is null && Places.AsSpan().SequenceEqual(asked.Places.AsSpan()) && Archive.Hash == asked.Sha256 && Strip == asked.Strip && Placement == asked.Placement
            && Signature?.Place == asked.Signature && Signature?.Key == asked.Key,
        _ => false,
    };
}

/// <summary>The signature of an archive.</summary>
/// <param name="Place">Where the pipeline says that it can be had.</param>
/// <param name="Key">The key as the pipeline names it.</param>
/// <param name="Digest">The file of the signature.</param>
/// <param name="SignedBy">What kind of key signed, and which: <c>minisign</c> and the key's number, <c>openpgp</c> and the fingerprint, <c>ed25519</c> and the key.</param>
public sealed record LockedSignature(string Place, string Key, Digest Digest, string SignedBy);

/// <summary>An SDK of .NET.</summary>
/// <param name="Asked">The version that was asked for, or its beginning.</param>
/// <param name="Version">The version that it is.</param>
/// <param name="Sha512">The hash that its publisher gave for its archive; null for one that is installed.</param>
public sealed record LockedDotnet(string Asked, string Version, string? Sha512)
{
    /// <summary>Where the SDK of an archive stands.</summary>
    public const string Folder = "opt/dotnet";

    /// <summary>Where programs look for the folder of the runtime.</summary>
    public const string InstallLocation = "etc/dotnet/install_location";
}
