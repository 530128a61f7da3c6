using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Trust.Json;

namespace Cairn.Trust.Bundles;

/// <summary>A referrer as an index lists it.</summary>
/// <param name="Kind">What it tells.</param>
/// <param name="Manifest">Its manifest.</param>
public readonly record struct Referrer(EvidenceKind Kind, Digest Manifest);

/// <summary>
/// What a bundle holds. <c>index.json</c> lists the artifact under the tag <c>artifact</c>, each referrer without a tag, and an index of all of them under the tag <c>bundle</c>.
/// </summary>
/// <param name="Artifact">The manifest of the artifact.</param>
/// <param name="Referrers">The manifests of what tells of it, in the order of their digests.</param>
public sealed record BundleIndex(Digest Artifact, ImmutableArray<Referrer> Referrers)
{
    private const string TagAnnotation = "org.opencontainers.image.ref.name";

    /// <summary>The first entry of every OCI image layout.</summary>
    public static ReadOnlySpan<byte> Layout => """{"imageLayoutVersion":"1.0.0"}"""u8;

    /// <summary>The index of all manifests, which is a blob.</summary>
    public byte[] ToNestedJson() => Write(List(tag: null));

    /// <summary><c>index.json</c>.</summary>
    public byte[] ToJson()
    {
        var nested = Digest.Of(ToNestedJson());
        return Write([.. List("artifact"), new Descriptor(MediaTypes.Index, nested) { AnnotationName = TagAnnotation, Annotation = "bundle" }]);
    }

    /// <summary>Reads <c>index.json</c> of nobody knows whom. Throws <see cref="BundleException"/>.</summary>
    public static BundleIndex Read(ReadOnlySpan<byte> json)
    {
        const string Where = "`index.json`";
        var value = ManifestJson.Object(json, Where);
        ManifestJson.Expect(value.TextOf("mediaType"), MediaTypes.Index, Where);
        if (value["manifests"] is not JsonValue.List { Items.Length: >= 2 and <= Limits.BundleEvidenceMax + 2 } list)
        {
            throw new BundleException(DiagnosticCodes.BundleManifestWrong, $"{Where} lists no artifact, or more than {Limits.BundleEvidenceMax} referrers");
        }

        var all = list.Items.Select(static i => Descriptor.Read(i, Where)).ToArray();
        ManifestJson.Expect(all[0].MediaType, MediaTypes.Manifest, "The artifact in `index.json`");
        ManifestJson.Expect(all[0].ArtifactType, MediaTypes.Artifact, "The artifact in `index.json`");
        var referrers = ImmutableArray.CreateBuilder<Referrer>(all.Length - 2);
        foreach (var descriptor in all[1..^1])
        {
            ManifestJson.Expect(descriptor.MediaType, MediaTypes.Manifest, "A referrer in `index.json`");
            var kind = EvidenceWords.TryRead(descriptor.ArtifactType) ?? throw new BundleException(DiagnosticCodes.BundleMediaType, $"A referrer in {Where} is of the unknown type `{descriptor.ArtifactType}`");
            referrers.Add(new Referrer(kind, descriptor.Digest));
        }

        for (var i = 1; i < referrers.Count; i++)
        {
            if (string.CompareOrdinal(referrers[i - 1].Manifest.Hash, referrers[i].Manifest.Hash) >= 0)
            {
                throw new BundleException(DiagnosticCodes.BundleManifestWrong, $"The referrers in {Where} are not in the order of their digests, or one stands there twice");
            }
        }

        var read = new BundleIndex(all[0].Digest, referrers.DrainToImmutable());
        ManifestJson.ExpectSame(read.ToJson(), json, Where);
        return read;
    }

    private Descriptor[] List(string? tag) =>
    [
        new Descriptor(MediaTypes.Manifest, Artifact) { ArtifactType = MediaTypes.Artifact, AnnotationName = tag is null ? null : TagAnnotation, Annotation = tag },
        .. Referrers.Select(static r => new Descriptor(MediaTypes.Manifest, r.Manifest) { ArtifactType = EvidenceWords.ArtifactTypeOf(r.Kind) }),
    ];

    private static byte[] Write(Descriptor[] manifests) => CanonicalJson.Write(new JsonObjectBuilder()
        .Add("schemaVersion", 2).Add("mediaType", MediaTypes.Index).Add("manifests", new JsonValue.List([.. manifests.Select(static m => m.ToJson())])).Build());
}
