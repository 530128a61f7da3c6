using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Dependencies;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Toolchains;

/// <summary>The files of an image.</summary>
public sealed record LockedOci : LockedToolchain
{
    /// <summary>How layers become a tree.</summary>
    public const string CurrentLayout = "oci/1";

    /// <summary>The image as the pipeline names it.</summary>
    public required string Image { get; init; }

    /// <summary>The list that names an image for each platform; null where the image was named itself.</summary>
    public Digest? Index { get; init; }

    /// <summary>The manifest: what names the configuration and the layers.</summary>
    public required Digest Manifest { get; init; }

    /// <summary>The configuration, which names the layers as they are before compression.</summary>
    public required Digest Config { get; init; }

    /// <summary>The layers, the lowest first.</summary>
    public required ImmutableArray<Digest> Layers { get; init; }

    /// <inheritdoc/>
    public override string Kind => "oci";

    /// <inheritdoc/>
    public override string UsableLayout => CurrentLayout;

    /// <inheritdoc/>
    public override string Origin => $"oci {Image}";

    /// <inheritdoc/>
    public override IEnumerable<ToolchainPart> Parts
    {
        get
        {
            if (Index is { } index)
            {
                yield return new ToolchainPart("the list of the image's platforms", index, Image, null, IsEvidence: true);
            }

            yield return new ToolchainPart("the manifest of the image", Manifest, Image, UrlOf(), IsEvidence: false);
            yield return new ToolchainPart("the configuration of the image", Config, Image, null, IsEvidence: true);
            for (var i = 0; i < Layers.Length; i++)
            {
                yield return new ToolchainPart($"layer {i + 1} of the image", Layers[i], Image, null, IsEvidence: false);
            }
        }
    }

    /// <inheritdoc/>
    public override bool Matches(ToolchainSource source) => source is ToolchainSource.Oci asked && Image == asked.Image;

    private string? UrlOf() => OciReference.TryParse(Image, out var reference, out _) && reference.Repository is { } repository
        ? PackageUrl.Of("oci", repository[(repository.LastIndexOf('/') + 1)..].ToLowerInvariant(), $"sha256:{Manifest.Hash}", [new("arch", Architecture), new("repository_url", $"{reference.Registry}/{repository}"), new("tag", reference.Tag ?? "")])
        : null;
}
