using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Trust.Json;

namespace Cairn.Trust.Bundles;

/// <summary>An OCI content descriptor: names a blob by what it is, its digest and its size.</summary>
/// <param name="MediaType">What it is.</param>
/// <param name="Digest">Its digest and size.</param>
public sealed record Descriptor(string MediaType, Digest Digest)
{
    private const string Algorithm = "sha256:";

    /// <summary>What the manifest that is named is about; null for other blobs.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>The name of its one annotation; null where there is none.</summary>
    public string? AnnotationName { get; init; }

    /// <summary>The value of that annotation.</summary>
    public string? Annotation { get; init; }

    /// <summary>How OCI writes a digest.</summary>
    public static string Written(Digest digest) => Algorithm + digest.Hash;

    internal JsonValue.Object ToJson()
    {
        var json = new JsonObjectBuilder().Add("mediaType", MediaType).Add("digest", Written(Digest)).Add("size", Digest.SizeBytes).Add("artifactType", ArtifactType);
        return (AnnotationName is { } name ? json.Add("annotations", new JsonObjectBuilder().Add(name, Annotation).Build()) : json).Build();
    }

    /// <summary>Reads one; members that it does not know are refused when what it stands in is written again. Throws <see cref="BundleException"/>.</summary>
    internal static Descriptor Read(JsonValue? value, string where)
    {
        if (value is not JsonValue.Object json || json.TextOf("mediaType") is not { } type || json["size"] is not JsonValue.Number { Value: >= 0 } size
            || json.TextOf("digest") is not { } text || !text.StartsWith(Algorithm, StringComparison.Ordinal)
            || !Digest.TryParse($"{text.AsSpan(Algorithm.Length)}/{size.Value}", null, out var digest))
        {
            throw new BundleException(DiagnosticCodes.BundleManifestWrong, $"{where} names a blob without a media type, a SHA-256 or a size");
        }

        var annotations = json["annotations"] as JsonValue.Object;
        var annotation = annotations is { Members: [var only] } ? only : default;
        return new Descriptor(type, digest) { ArtifactType = json.TextOf("artifactType"), AnnotationName = annotation.Key, Annotation = (annotation.Value as JsonValue.Text)?.Value };
    }
}
