using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Trust.Json;

namespace Cairn.Trust.Bundles;

/// <summary>A blob of an artifact's payload.</summary>
/// <param name="Digest">It.</param>
/// <param name="Path">The file that it is; null for a layer that holds all files.</param>
public readonly record struct PayloadBlob(Digest Digest, string? Path);

/// <summary>The manifest of an artifact, whose digest is the identity of a bundle: a function of the tree and nothing else.</summary>
/// <param name="Tree">The blob of the tree.</param>
/// <param name="Payload">Its files in the order of the tree, or one layer of them.</param>
public sealed record ArtifactManifest(Digest Tree, ImmutableArray<PayloadBlob> Payload)
{
    /// <summary>The annotation that names the file of a layer.</summary>
    public const string TitleAnnotation = "org.opencontainers.image.title";

    /// <summary>Whether the files are one layer.</summary>
    public bool HasLayer => Payload is [{ Path: null }];

    /// <summary>Writes it.</summary>
    public byte[] ToJson() => ManifestJson.Write(
        MediaTypes.Artifact,
        new Descriptor(MediaTypes.Tree, Tree),
        [.. Payload.Select(static p => p.Path is { } path
            ? new Descriptor(MediaTypes.File, p.Digest) { AnnotationName = TitleAnnotation, Annotation = path }
            : new Descriptor(MediaTypes.Layer, p.Digest))],
        subject: null,
        annotation: null);

    /// <summary>Reads one that nobody vouches for. Throws <see cref="BundleException"/>.</summary>
    public static ArtifactManifest Read(ReadOnlySpan<byte> json)
    {
        const string Where = "The manifest of the artifact";
        var manifest = ManifestJson.Read(json, Where);
        ManifestJson.Expect(manifest.ArtifactType, MediaTypes.Artifact, Where);
        ManifestJson.Expect(manifest.Config.MediaType, MediaTypes.Tree, $"The configuration in {ManifestJson.Inner(Where)}");
        var payload = ImmutableArray.CreateBuilder<PayloadBlob>(manifest.Layers.Length);
        foreach (var layer in manifest.Layers)
        {
            if (layer.MediaType is not (MediaTypes.File or MediaTypes.Layer))
            {
                throw new BundleException(DiagnosticCodes.BundleMediaType, $"{Where} has a layer of the unknown type `{layer.MediaType}`");
            }

            payload.Add(new PayloadBlob(layer.Digest, layer.MediaType == MediaTypes.Layer ? null : layer.Annotation ?? throw new BundleException(DiagnosticCodes.BundleManifestWrong, $"{Where} has a file without a name")));
        }

        var read = new ArtifactManifest(manifest.Config.Digest, payload.DrainToImmutable());
        ManifestJson.ExpectSame(read.ToJson(), json, Where);
        return read;
    }

    /// <summary>Why the payload is not that of a tree; null where it is.</summary>
    public string? ProblemBeside(ImmutableArray<TreeItem> items)
    {
        var files = items.Where(static i => i.IsFile).ToArray();
        if (HasLayer != files.Length > Limits.BundleBlobFilesMax)
        {
            return $"it has {files.Length} files and {(HasLayer ? "one layer" : "no layer")} of them";
        }

        if (HasLayer)
        {
            return null;
        }

        for (var i = 0; i < Math.Max(files.Length, Payload.Length); i++)
        {
            if (i >= files.Length || i >= Payload.Length || Payload[i] != new PayloadBlob(files[i].Leaf.Digest, files[i].Path))
            {
                return $"the tree and the manifest differ about `{(i < files.Length ? files[i].Path : Payload[i].Path)}`";
            }
        }

        return null;
    }
}

/// <summary>The manifest of a document that tells of an artifact.</summary>
/// <param name="Kind">What it tells.</param>
/// <param name="Document">The blob of the document.</param>
/// <param name="Subject">The manifest of the artifact.</param>
public sealed record EvidenceManifest(EvidenceKind Kind, Digest Document, Digest Subject)
{
    /// <summary>The annotation of a proof that names the envelope which the log has.</summary>
    public const string EnvelopeAnnotation = "build.cairn.envelope";

    /// <summary>The configuration of every such manifest.</summary>
    public static ReadOnlySpan<byte> EmptyConfig => "{}"u8;

    /// <summary>Its digest.</summary>
    public static Digest EmptyConfigDigest { get; } = Digest.Of(EmptyConfig);

    /// <summary>Of a proof, the SHA-256 of the envelope that it is of; null of any other document.</summary>
    public string? Envelope { get; init; }

    /// <summary>Writes it.</summary>
    public byte[] ToJson() => ManifestJson.Write(
        EvidenceWords.ArtifactTypeOf(Kind),
        new Descriptor(MediaTypes.Empty, EmptyConfigDigest),
        [new Descriptor(EvidenceWords.LayerTypeOf(Kind), Document)],
        new Descriptor(MediaTypes.Manifest, Subject),
        Envelope is { } envelope ? new(EnvelopeAnnotation, "sha256:" + envelope) : null);

    /// <summary>Reads one that nobody vouches for. Throws <see cref="BundleException"/>.</summary>
    /// <param name="json">Its bytes.</param>
    /// <param name="artifact">The manifest that it must be about.</param>
    public static EvidenceManifest Read(ReadOnlySpan<byte> json, Digest artifact)
    {
        const string Where = "The manifest of a referrer";
        var manifest = ManifestJson.Read(json, Where);
        if (EvidenceWords.TryRead(manifest.ArtifactType) is not { } kind)
        {
            throw new BundleException(DiagnosticCodes.BundleMediaType, $"{Where} is of the unknown type `{manifest.ArtifactType}`");
        }

        if (manifest.Layers is not [var document])
        {
            throw new BundleException(DiagnosticCodes.BundleManifestWrong, $"{Where} has {manifest.Layers.Length} layers, not one");
        }

        ManifestJson.Expect(document.MediaType, EvidenceWords.LayerTypeOf(kind), $"The layer of a {EvidenceWords.Of(kind)}");
        if (manifest.Subject?.Digest != artifact)
        {
            throw new BundleException(DiagnosticCodes.BundleManifestWrong, $"{Where} is about `{(manifest.Subject is { } other ? Descriptor.Written(other.Digest) : "nothing")}`, not about the artifact of this bundle");
        }

        var envelope = manifest.Annotation is { Length: 71 } text ? text["sha256:".Length..] : null;
        if (envelope is not null != kind is EvidenceKind.LogProof)
        {
            throw new BundleException(DiagnosticCodes.BundleManifestWrong, kind is EvidenceKind.LogProof ? "A log proof does not say of which envelope it is" : $"A {EvidenceWords.Of(kind)} says of which envelope it is, and is none of a log");
        }

        var read = new EvidenceManifest(kind, document.Digest, artifact) { Envelope = envelope };
        ManifestJson.ExpectSame(read.ToJson(), json, Where);
        return read;
    }
}

/// <summary>OCI image manifests as canonical JSON.</summary>
internal static class ManifestJson
{
    public sealed record Parts(string? ArtifactType, Descriptor Config, ImmutableArray<Descriptor> Layers, Descriptor? Subject, string? Annotation);

    public static byte[] Write(string artifactType, Descriptor config, ImmutableArray<Descriptor> layers, Descriptor? subject, KeyValuePair<string, string>? annotation)
    {
        var json = new JsonObjectBuilder().Add("schemaVersion", 2).Add("mediaType", MediaTypes.Manifest).Add("artifactType", artifactType).Add("config", config.ToJson())
            .Add("layers", new JsonValue.List([.. layers.Select(static l => l.ToJson())])).Add("subject", subject?.ToJson());
        if (annotation is var (name, value))
        {
            json.Add("annotations", new JsonObjectBuilder().Add(name, value).Build());
        }

        return CanonicalJson.Write(json.Build());
    }

    public static Parts Read(ReadOnlySpan<byte> json, string where)
    {
        var value = Object(json, where);
        Expect(value.TextOf("mediaType"), MediaTypes.Manifest, where);
        if (value["layers"] is not JsonValue.List layers)
        {
            throw new BundleException(DiagnosticCodes.BundleManifestWrong, $"{where} has no layers");
        }

        var annotations = value["annotations"] as JsonValue.Object;
        return new Parts(
            value.TextOf("artifactType"),
            Descriptor.Read(value["config"], where),
            [.. layers.Items.Select(l => Descriptor.Read(l, where))],
            value["subject"] is { } subject ? Descriptor.Read(subject, where) : null,
            annotations is { Members: [{ Value: JsonValue.Text text }] } ? text.Value : null);
    }

    public static JsonValue.Object Object(ReadOnlySpan<byte> json, string where) => StrictJson.TryRead(json, out var problem) is { } value
        ? value as JsonValue.Object ?? throw new BundleException(DiagnosticCodes.BundleManifestWrong, $"{where} is no object")
        : throw new BundleException(DiagnosticCodes.BundleManifestWrong, $"{where} cannot be read: {problem}");

    public static void Expect(string? type, string expected, string where)
    {
        if (!string.Equals(type, expected, StringComparison.Ordinal))
        {
            throw new BundleException(DiagnosticCodes.BundleMediaType, $"{where} is of the type `{type}`, not `{expected}`");
        }
    }

    /// <summary>What is written otherwise than it would be here has members that nobody knows, or another order: an equal document would have another digest.</summary>
    public static void ExpectSame(ReadOnlySpan<byte> written, ReadOnlySpan<byte> read, string where)
    {
        if (!written.SequenceEqual(read))
        {
            throw new BundleException(DiagnosticCodes.BundleManifestWrong, $"{where} has members that bundles do not have, or is not in canonical form");
        }
    }

    public static string Inner(string where) => char.ToLowerInvariant(where[0]) + where[1..];
}
