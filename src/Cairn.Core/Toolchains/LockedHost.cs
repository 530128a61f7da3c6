using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Dependencies;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Toolchains;

/// <summary>Folders and files of the machine, as they were when they were locked. They are looked at anew for each run: what a run used is in its actions.</summary>
public sealed record LockedHost : LockedToolchain
{
    /// <summary>What beside the paths is in the tree.</summary>
    public const string CurrentLayout = "host/1";

    /// <summary>The paths, sorted, with the digests of what stood there.</summary>
    public required ImmutableArray<LockedPath> Paths { get; init; }

    /// <summary>Patterns of programs that a shell finds; default for none.</summary>
    public required ImmutableArray<string> Programs { get; init; }

    /// <summary>The SDK of .NET that it is; null for other paths.</summary>
    public LockedDotnet? Dotnet { get; init; }

    /// <inheritdoc/>
    public override string Kind => Dotnet is null ? "host" : "dotnet";

    /// <inheritdoc/>
    public override string UsableLayout => CurrentLayout;

    /// <inheritdoc/>
    public override bool IsHermetic => false;

    /// <inheritdoc/>
    public override bool PartsAreBlobs => false;

    /// <inheritdoc/>
    public override string Origin => Dotnet is { } sdk ? $"dotnet {sdk.Version}, installed" : $"host {string.Join(", ", Paths.Select(static p => p.Path))}";

    /// <inheritdoc/>
    public override IEnumerable<ToolchainPart> Parts =>
        Paths.Select(path => new ToolchainPart($"`{path.Path}` of the machine", path.Digest, path.Path, Dotnet is { } sdk ? PackageUrl.Of("generic", "dotnet-sdk", sdk.Version, []) : null, IsEvidence: false));

    /// <inheritdoc/>
    public override bool Matches(ToolchainSource source) => source switch
    {
        ToolchainSource.Dotnet asked => asked.Installed && Dotnet?.Asked == asked.Version,
        ToolchainSource.Host asked => Dotnet is null && Paths.Length == asked.Paths.Length && Paths.Select(static p => p.Path).SequenceEqual(asked.Paths, StringComparer.Ordinal)
            && Programs.IsDefault == asked.Programs.IsDefault && (Programs.IsDefault || Programs.AsSpan().SequenceEqual(asked.Programs.AsSpan())),
        _ => false,
    };
}

/// <summary>Something that stands on the machine.</summary>
/// <param name="Path">Its absolute path.</param>
/// <param name="Digest">The tree of a folder; the content of a file.</param>
public sealed record LockedPath(string Path, Digest Digest);
