namespace Cairn.Trust.Bundles;

/// <summary>The media types in a bundle. There are no others: <c>docs/formats/cab.md</c> lists them.</summary>
public static class MediaTypes
{
    /// <summary>An OCI image index.</summary>
    public const string Index = "application/vnd.oci.image.index.v1+json";

    /// <summary>An OCI image manifest.</summary>
    public const string Manifest = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>The empty configuration, <c>{}</c>.</summary>
    public const string Empty = "application/vnd.oci.empty.v1+json";

    /// <summary>A tar archive of files.</summary>
    public const string Layer = "application/vnd.oci.image.layer.v1.tar";

    /// <summary>A file.</summary>
    public const string File = "application/octet-stream";

    /// <summary>The artifact of a bundle.</summary>
    public const string Artifact = "application/vnd.cairn.artifact.v1";

    /// <summary>The tree of an artifact, which is its configuration.</summary>
    public const string Tree = "application/vnd.cairn.tree.v1";

    /// <summary>A DSSE envelope.</summary>
    public const string Envelope = "application/vnd.dsse.envelope.v1+json";
}

/// <summary>What a document tells of an artifact.</summary>
public enum EvidenceKind
{
    /// <summary>The receipt of the run that made it.</summary>
    Receipt,

    /// <summary>The attestation of an action of that run.</summary>
    Attestation,

    /// <summary>Another signed statement: an approval, a summary of a verification, a verdict.</summary>
    Statement,

    /// <summary>A Sigstore bundle.</summary>
    Sigstore,

    /// <summary>A bill of materials in CycloneDX's JSON.</summary>
    CycloneDx,

    /// <summary>A bill of materials in SPDX's JSON.</summary>
    Spdx,

    /// <summary>The proof that a log has one of the envelopes.</summary>
    LogProof,

    /// <summary>What vouches for a toolchain, as its archive has it: a signed release, an index of packages.</summary>
    Seed,
}

/// <summary>The words for kinds of evidence.</summary>
public static class EvidenceWords
{
    // In the order of the kinds: the word, the type of the artifact, the type of its one layer.
    private static readonly (string Word, string ArtifactType, string LayerType)[] All =
    [
        ("receipt", "application/vnd.cairn.receipt.v1+json", MediaTypes.Envelope),
        ("attestation", "application/vnd.cairn.attestation.v1+json", MediaTypes.Envelope),
        ("statement", MediaTypes.Envelope, MediaTypes.Envelope),
        ("sigstore", Envelopes.SigstoreBundle.MediaType, Envelopes.SigstoreBundle.MediaType),
        ("cyclonedx", "application/vnd.cyclonedx+json", "application/vnd.cyclonedx+json"),
        ("spdx", "application/spdx+json", "application/spdx+json"),
        ("log-proof", "application/vnd.cairn.tlog-proof.v1", "application/vnd.cairn.tlog-proof.v1"),
        ("seed", "application/vnd.cairn.seed.v1", "application/vnd.cairn.seed.v1"),
    ];

    /// <summary>All kinds.</summary>
    public static IEnumerable<EvidenceKind> Kinds => Enumerable.Range(0, All.Length).Select(static i => (EvidenceKind)i);

    /// <summary>The word of the command line.</summary>
    public static string Of(EvidenceKind kind) => All[(int)kind].Word;

    /// <summary>The artifact type of the manifest.</summary>
    public static string ArtifactTypeOf(EvidenceKind kind) => All[(int)kind].ArtifactType;

    /// <summary>The media type of the document.</summary>
    public static string LayerTypeOf(EvidenceKind kind) => All[(int)kind].LayerType;

    /// <summary>The kind of an artifact type; null for one that bundles do not hold.</summary>
    public static EvidenceKind? TryRead(string? artifactType)
    {
        var index = Array.FindIndex(All, entry => string.Equals(entry.ArtifactType, artifactType, StringComparison.Ordinal));
        return index < 0 ? null : (EvidenceKind)index;
    }
}
