using System.Collections.Immutable;

using Cairn.Trust.Envelopes;
using Cairn.Trust.Json;
using Cairn.Trust.Statements;

namespace Cairn.Trust.Bundles;

/// <summary>Tells what a document is, so that it can stand in a bundle. That it is evidence of anything is found out when the bundle is verified.</summary>
public static class EvidenceReader
{
    private const string ProofHead = "c2sp.org/tlog-proof@v1\n";

    /// <summary>Whether a document is the proof of a log.</summary>
    public static bool IsProof(ReadOnlySpan<byte> content) => content.StartsWith("c2sp.org/tlog-proof@v1\n"u8);

    /// <summary>Whether a document is what an archive of packages vouches with: a signed release, or an index, which is compressed.</summary>
    public static bool IsSeed(ReadOnlySpan<byte> content) => content.StartsWith("-----BEGIN PGP SIGNED MESSAGE-----\n"u8) || content.StartsWith((ReadOnlySpan<byte>)[0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]) || content.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]);

    /// <summary>A document of a kind that bundles hold; null, with the reason, for any other. Envelopes are brought into their canonical form.</summary>
    /// <param name="content">Its bytes.</param>
    /// <param name="problem">Why it is none.</param>
    /// <param name="envelope">Of the proof of a log, the SHA-256 of the envelope that it is of.</param>
    public static BundleEvidence? TryRead(ReadOnlySpan<byte> content, out string? problem, string? envelope = null)
    {
        if (IsProof(content))
        {
            problem = envelope is null ? "it is the proof of a log, and nothing says of which envelope" : null;
            return problem is null ? new BundleEvidence(EvidenceKind.LogProof, [.. content], envelope) : null;
        }

        if (IsSeed(content))
        {
            problem = null;
            return new BundleEvidence(EvidenceKind.Seed, [.. content]);
        }

        if (StrictJson.TryRead(content, out problem) is not JsonValue.Object document)
        {
            // Bills of materials may have fractions, which nothing signed has.
            problem = problem is null or "a number is not whole" ? "it is neither a signed document, nor a bill of materials, nor the proof of a log" : problem;
            return null;
        }

        problem = null;
        if (SigstoreBundle.Is(document))
        {
            return SigstoreBundle.TryRead(document, out problem) is null ? null : new BundleEvidence(EvidenceKind.Sigstore, [.. content]);
        }

        if (document.TextOf("bomFormat") == "CycloneDX")
        {
            return new BundleEvidence(EvidenceKind.CycloneDx, [.. content]);
        }

        if (document.TextOf("spdxVersion") is not null)
        {
            return new BundleEvidence(EvidenceKind.Spdx, [.. content]);
        }

        if (document["payload"] is null)
        {
            problem = $"it is neither a signed document, nor a bill of materials in CycloneDX's or SPDX's JSON, nor the proof of a log (which begins with `{ProofHead.TrimEnd()}`)";
            return null;
        }

        return Envelope.TryRead(document, out problem) is { } signed ? new BundleEvidence(KindOf(signed), ImmutableArray.Create(signed.ToJson())) : null;
    }

    private static EvidenceKind KindOf(Envelope envelope)
    {
        if (envelope.PayloadType != Envelope.InTotoType || Statement.TryRead(envelope.Payload.AsSpan(), out _) is not { } statement)
        {
            return EvidenceKind.Statement;
        }

        return RunProvenance.IsReceipt(statement) ? EvidenceKind.Receipt
            : ActionProvenance.TryReadAction(statement, out _) is not null ? EvidenceKind.Attestation
            : EvidenceKind.Statement;
    }
}
