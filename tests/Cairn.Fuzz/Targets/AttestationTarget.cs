using System.Text;

using Cairn.Trust.Checks;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Json;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Fuzz.Targets;

/// <summary>A file of anybody's attestations, and each of the readers that look into one: envelopes, bundles, statements, receipts, approvals, provenance.</summary>
internal sealed class AttestationTarget : IFuzzTarget
{
    private static readonly AttestationJudge Judge = new(TrustStore.Empty, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public string Name => "attestation";

    public IReadOnlyList<string> Words { get; } =
    [
        "{", "}", "[", "]", ":", ",", "\"payload\":", "\"payloadType\":", "\"application/vnd.in-toto+json\"", "\"signatures\":", "\"sig\":", "\"keyid\":", "\"QQ==\"", "\"QR==\"", "\"__8=\"", "\"//8=\"",
        "\"mediaType\":", $"\"{SigstoreBundle.MediaType}\"", "\"verificationMaterial\":", "\"publicKey\":", "\"hint\":", "\"certificate\":", "\"tlogEntries\":", "\"canonicalizedBody\":", "\"dsseEnvelope\":", "\"messageSignature\":",
        $"\"{SigstoreWriter.TrustedRootType}\"", "\"tlogs\":", "\"baseUrl\":", "\"https://log.example\"", "\"rawBytes\":", "\"keyDetails\":", "\"PKIX_ED25519\"", "\"PKIX_ECDSA_P256_SHA_256\"", "\"validFor\":", "\"start\":", "\"2021-01-01T00:00:00Z\"",
        "\"_type\":", $"\"{Statement.TypeV1}\"", "\"subject\":", "\"name\":", "\"digest\":", "\"sha256\":", "\"../x\"", "\"predicateType\":", "\"predicate\":", $"\"{Approval.PredicateType}\"", "\"approvedOn\":", "\"buildDefinition\":",
        "\"buildType\":", $"\"{RunProvenance.BuildType}\"", "\"runDetails\":", "\"cairn_steps\":", "1.5", "-0", "9007199254740993", "\\ud800", "null", "true", "\n",
    ];

    public void Run(byte[] input)
    {
        var file = AttestationFile.Read("f", input);
        foreach (var refused in file.Refused)
        {
            InvariantException.Require(refused.Problem is { Length: > 0 }, $"Something is refused without a reason");
        }

        foreach (var found in file.Found)
        {
            RunJudge(found);
            if (found.Envelope is { } envelope)
            {
                var again = Envelope.TryRead(envelope.ToJson(), out var problem);
                InvariantException.Require(again is not null && again.ToJson().AsSpan().SequenceEqual(envelope.ToJson()), $"The envelope changes when it is written again: {problem}");
            }
        }

        // The same bytes as what was signed: most inputs never get through base64.
        RunJudge(new FoundAttestation("f", new Envelope(Envelope.InTotoType, [.. input], [new EnvelopeSignature("", [1])]), null));
        _ = AttestationFile.MayBe(input);
        var root = SigstoreTrustedRoot.TryRead(input, out var refusal);
        InvariantException.Require(root is null == refusal is not null, $"A trusted root is refused without a reason, or taken with one");
        InvariantException.Require(root is null || root.Logs.Length + root.Refused.Length > 0, $"A trusted root without logs");
        if (StrictJson.TryRead(input, out _) is { } json)
        {
            var written = CanonicalJson.Write(json);
            InvariantException.Require(StrictJson.TryRead(written, out _) is { } read && CanonicalJson.Write(read).AsSpan().SequenceEqual(written), $"Canonical JSON is not canonical: {Encoding.UTF8.GetString(written)}");
        }
    }

    private static void RunJudge(FoundAttestation found)
    {
        var judged = Judge.Judge(found, static _ => null);
        InvariantException.Require(!judged.Counts, $"Nobody is trusted, and something counts");
        InvariantException.Require(judged.Problem is null or { Length: > 0 }, $"A problem without words");
        if (judged.Statement is { } statement && !statement.IsForeign)
        {
            var again = Statement.TryRead(statement.ToJson(), out var problem);
            InvariantException.Require(again is not null && again.ToJson().AsSpan().SequenceEqual(statement.ToJson()), $"The statement changes when it is written again: {problem}");
        }
    }
}
