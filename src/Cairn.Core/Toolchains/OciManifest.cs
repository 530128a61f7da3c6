using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

using Cairn.Core.Content;

namespace Cairn.Core.Toolchains;

/// <summary>Something that a manifest names.</summary>
/// <param name="MediaType">What it is.</param>
/// <param name="Digest">Its bytes.</param>
/// <param name="Platform">For whom it is, <c>linux/amd64</c> or <c>linux/arm64/v8</c>; null where that is not said.</param>
/// <param name="RefName">The name that an OCI layout gives it; null for none.</param>
public sealed record OciDescriptor(string MediaType, Digest Digest, string? Platform, string? RefName);

/// <summary>A manifest of an image, or a list of such manifests, as registries and OCI layouts have them.</summary>
/// <param name="Manifests">What a list has; empty for an image.</param>
/// <param name="Config">The configuration of an image; null for a list.</param>
/// <param name="Layers">The layers of an image, the lowest first.</param>
public sealed record OciManifest(ImmutableArray<OciDescriptor> Manifests, OciDescriptor? Config, ImmutableArray<OciDescriptor> Layers)
{
    /// <summary>What may be asked for where a manifest is expected.</summary>
    public static ImmutableArray<string> MediaTypes { get; } =
    [
        "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.v2+json",
    ];

    private const string RefNameAnnotation = "org.opencontainers.image.ref.name";
    private const int EntriesMax = 1000;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    /// <summary>Whether it is a list.</summary>
    public bool IsIndex => Config is null;

    /// <summary>Reads one. Throws <see cref="FormatException"/>.</summary>
    public static OciManifest Read(ReadOnlyMemory<byte> content)
    {
        try
        {
            using var document = JsonDocument.Parse(content, Strict);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("schemaVersion", out var version) || version.ValueKind != JsonValueKind.Number || version.GetInt32() != 2)
            {
                throw new FormatException("It is no manifest of version 2");
            }

            if (root.TryGetProperty("manifests", out var manifests))
            {
                return root.TryGetProperty("layers", out _) ? throw new FormatException("It is a list of images and an image at once") : new OciManifest(Descriptors(manifests), null, []);
            }

            if (!root.TryGetProperty("config", out var config) || !root.TryGetProperty("layers", out var layers))
            {
                throw new FormatException("It has neither `manifests` nor `config` and `layers`");
            }

            return new OciManifest([], Descriptor(config), Descriptors(layers));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException($"It is no manifest: {exception.Message}", exception);
        }
    }

    /// <summary>Reads the digests that the layers of an image have before compression, of its configuration. Throws <see cref="FormatException"/>.</summary>
    public static ImmutableArray<string> ReadLayerHashes(ReadOnlyMemory<byte> config)
    {
        try
        {
            using var document = JsonDocument.Parse(config, Strict);
            var hashes = ImmutableArray.CreateBuilder<string>();
            foreach (var layer in document.RootElement.GetProperty("rootfs").GetProperty("diff_ids").EnumerateArray())
            {
                hashes.Add(HashOf(layer.GetString()));
            }

            return hashes.DrainToImmutable();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException($"It is no configuration of an image: {exception.Message}", exception);
        }
    }

    private static ImmutableArray<OciDescriptor> Descriptors(JsonElement list)
    {
        if (list.GetArrayLength() > EntriesMax)
        {
            throw new FormatException($"It names more than {EntriesMax} things");
        }

        var descriptors = ImmutableArray.CreateBuilder<OciDescriptor>(list.GetArrayLength());
        foreach (var entry in list.EnumerateArray())
        {
            descriptors.Add(Descriptor(entry));
        }

        return descriptors.DrainToImmutable();
    }

    private static OciDescriptor Descriptor(JsonElement entry)
    {
        var size = entry.GetProperty("size").GetInt64();
        var digest = Digest.TryParse(string.Create(CultureInfo.InvariantCulture, $"{HashOf(entry.GetProperty("digest").GetString())}/{size}"), CultureInfo.InvariantCulture, out var parsed) ? parsed : throw new FormatException("It names something with a size that is none");
        if (entry.TryGetProperty("urls", out var urls) && urls.ValueKind == JsonValueKind.Array && urls.GetArrayLength() > 0)
        {
            throw new FormatException("It names a layer that stands elsewhere (`urls`)");
        }

        string? platform = null;
        if (entry.TryGetProperty("platform", out var described) && described.ValueKind == JsonValueKind.Object)
        {
            platform = $"{Text(described, "os")}/{Text(described, "architecture")}{(Text(described, "variant") is { Length: > 0 } variant ? $"/{variant}" : "")}";
        }

        return new OciDescriptor(
            Text(entry, "mediaType") ?? "", digest, platform, entry.TryGetProperty("annotations", out var annotations) && annotations.ValueKind == JsonValueKind.Object ? Text(annotations, RefNameAnnotation) : null);
    }

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string HashOf(string? digest) =>
        digest is not null && digest.StartsWith("sha256:", StringComparison.Ordinal) && digest["sha256:".Length..] is var hash && OciReference.IsSha256(hash) ? hash : throw new FormatException($"It names something by `{digest}`, which is no SHA-256 digest");
}
