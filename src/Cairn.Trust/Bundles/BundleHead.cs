using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;

namespace Cairn.Trust.Bundles;

/// <summary>A document that tells of an artifact.</summary>
/// <param name="Kind">What it tells.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="Envelope">Of a log proof, the SHA-256 of the envelope that the log has; null of any other.</param>
public sealed record BundleEvidence(EvidenceKind Kind, ImmutableArray<byte> Content, string? Envelope = null)
{
    /// <summary>Its digest.</summary>
    public Digest Digest { get; } = Digest.Of(Content.AsSpan());
}

/// <summary>A part of a bundle: an entry of its archive.</summary>
/// <param name="Name">The name of the entry.</param>
/// <param name="Digest">Its content.</param>
/// <param name="Content">The same where it is in memory; default for the payload.</param>
public readonly record struct BundlePart(string Name, Digest Digest, ImmutableArray<byte> Content);

/// <summary>
/// A bundle but for the bytes of its files: what is told of the artifact, and every entry of the archive in its order. A function of the tree and the set of documents, so that bundles of the same
/// content are the same bytes. Pure.
/// </summary>
public sealed class BundleHead
{
    private const string BlobFolder = "blobs/sha256/";

    /// <summary>Puts a bundle together. Throws <see cref="BundleException"/> for more than bundles hold.</summary>
    /// <param name="artifact">The manifest of the artifact.</param>
    /// <param name="tree">The blob of its tree.</param>
    /// <param name="evidence">What tells of it, in any order.</param>
    public BundleHead(ArtifactManifest artifact, ImmutableArray<byte> tree, ImmutableArray<BundleEvidence> evidence)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        Artifact = artifact;
        Tree = tree;
        ArtifactJson = [.. artifact.ToJson()];
        Id = Digest.Of(ArtifactJson.AsSpan());
        var manifests = new SortedDictionary<string, (EvidenceManifest Manifest, ImmutableArray<byte> Json, BundleEvidence Evidence)>(StringComparer.Ordinal);
        foreach (var document in evidence)
        {
            var manifest = new EvidenceManifest(document.Kind, document.Digest, Id) { Envelope = document.Envelope };
            ImmutableArray<byte> json = [.. manifest.ToJson()];
            manifests[Digest.Of(json.AsSpan()).Hash] = (manifest, json, document);
        }

        Evidence = [.. manifests.Values.Select(static m => m.Evidence)];
        Index = new BundleIndex(Id, [.. manifests.Values.Select(static m => new Referrer(m.Manifest.Kind, Digest.Of(m.Json.AsSpan())))]);
        Parts = PartsOf([.. manifests.Values.Select(static m => m.Json)]);
        Check();
    }

    /// <summary>The manifest of the artifact.</summary>
    public ArtifactManifest Artifact { get; }

    /// <summary>Its bytes.</summary>
    public ImmutableArray<byte> ArtifactJson { get; }

    /// <summary>What names the bundle, whatever is told of it: the digest of the artifact's manifest.</summary>
    public Digest Id { get; }

    /// <summary>What names it with all that is told of it: the digest of <c>index.json</c>, which names every manifest.</summary>
    public Digest Whole => Parts[1].Digest;

    /// <summary>The blob of the tree.</summary>
    public ImmutableArray<byte> Tree { get; }

    /// <summary>What tells of the artifact, in the order of the index.</summary>
    public ImmutableArray<BundleEvidence> Evidence { get; }

    /// <summary>What it holds.</summary>
    public BundleIndex Index { get; }

    /// <summary>Every entry of the archive, each once, in its order: <c>oci-layout</c>, <c>index.json</c>, manifests, documents, tree, files.</summary>
    public ImmutableArray<BundlePart> Parts { get; }

    /// <summary>The name of a blob in the archive.</summary>
    public static string NameOf(Digest digest) => BlobFolder + digest.Hash;

    private ImmutableArray<BundlePart> PartsOf(ImmutableArray<ImmutableArray<byte>> manifests)
    {
        var parts = ImmutableArray.CreateBuilder<BundlePart>();
        var seen = new HashSet<Digest>();
        ImmutableArray<byte> layout = [.. BundleIndex.Layout];
        ImmutableArray<byte> index = [.. Index.ToJson()];
        parts.Add(new BundlePart("oci-layout", Digest.Of(layout.AsSpan()), layout));
        parts.Add(new BundlePart("index.json", Digest.Of(index.AsSpan()), index));
        Add(ArtifactJson);
        Add([.. Index.ToNestedJson()]);
        foreach (var manifest in manifests)
        {
            Add(manifest);
        }

        if (!Evidence.IsEmpty)
        {
            Add([.. EvidenceManifest.EmptyConfig]);
        }

        foreach (var document in Evidence)
        {
            Add(document.Content);
        }

        Add(Tree);
        foreach (var blob in Artifact.Payload)
        {
            if (seen.Add(blob.Digest))
            {
                parts.Add(new BundlePart(NameOf(blob.Digest), blob.Digest, default));
            }
        }

        return parts.DrainToImmutable();

        // The same bytes may be a document and a file, or `{}`: a blob stands where it is first needed.
        void Add(ImmutableArray<byte> content)
        {
            var digest = Digest.Of(content.AsSpan());
            if (seen.Add(digest))
            {
                parts.Add(new BundlePart(NameOf(digest), digest, content));
            }
        }
    }

    private void Check()
    {
        Bound(ArtifactJson.Length, Limits.BundleManifestBytesMax, "The manifest of the artifact");
        Bound(Tree.Length, Limits.BundleTreeBytesMax, "The tree");
        Bound(Parts[1].Digest.SizeBytes, Limits.BundleIndexBytesMax, "The index");
        Bound(Evidence.Sum(static e => (long)e.Content.Length), Limits.BundleEvidenceBytesMax, "All documents together");
        if (Evidence.Length > Limits.BundleEvidenceMax)
        {
            throw new BundleException(DiagnosticCodes.BundleTooLarge, $"A bundle holds {Limits.BundleEvidenceMax} documents at most, and these are {Evidence.Length}");
        }
    }

    /// <summary>Throws <see cref="BundleException"/> where a part is larger than it may be.</summary>
    internal static void Bound(long bytes, long bytesMax, string what)
    {
        if (bytes > bytesMax)
        {
            throw new BundleException(DiagnosticCodes.BundleTooLarge, $"{what} of a bundle has {bytesMax >> 20} MiB at most, not {bytes} bytes");
        }
    }
}
