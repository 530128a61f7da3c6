using System.Globalization;
using System.Security.Cryptography;

using Cairn.Trust.Json;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;

namespace Cairn.Trust.Envelopes;

/// <summary>
/// Writes what other verifiers read: Sigstore bundles of version 0.3 and the trusted root that goes with them. Of the ways to write them this one (<c>docs/formats/sigstore.md</c>) is taken by all that were
/// tried: a log entry of the kind <c>dsse</c> 0.0.1, a promise and a checkpoint by the log's key on P-256, with no other signature.
/// </summary>
public static class SigstoreWriter
{
    /// <summary>The media type of trusted roots.</summary>
    public const string TrustedRootType = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

    /// <summary>The bundle of an envelope that a log has, as canonical JSON.</summary>
    /// <param name="envelope">It, with one signature.</param>
    /// <param name="hint">What names the key that signed it.</param>
    /// <param name="leaf">Its entry in the log.</param>
    /// <param name="integrated">When the log took it.</param>
    /// <param name="proof">That the log has it, at another place than 0, which some verifiers refuse.</param>
    /// <param name="logName">The name under which the log signs.</param>
    /// <param name="logKey">The log's key on P-256.</param>
    public static byte[] Bundle(Envelope envelope, string hint, ReadOnlySpan<byte> leaf, DateTimeOffset integrated, TlogProof proof, string logName, P256SigningKey logKey)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        ArgumentNullException.ThrowIfNull(proof);
        ArgumentNullException.ThrowIfNull(logKey);
        if (envelope.Signatures.Length != 1 || proof.Inclusion.Index == 0 || LogEntryBody.ProblemOf(leaf, envelope, null, hint) is not null)
        {
            throw new ArgumentException("A bundle has one signature, and its entry at a place other than 0", nameof(proof));
        }

        var index = proof.Inclusion.Index;
        var seconds = integrated.ToUnixTimeSeconds();
        var logId = SHA256.HashData(logKey.PublicKey.Spki.AsSpan());
        var promise = logKey.Sign(BundleLogEntry.PromiseMessage(leaf, seconds, logId, index));
        var note = new SignedNote(proof.Note.Text, [NoteSigner.Of(logName, logKey).Sign(proof.Note.Text, integrated)]);
        var inclusion = new JsonObjectBuilder()
            .Add("logIndex", Text(index))
            .Add("rootHash", Convert.ToBase64String(proof.Checkpoint.Root.AsSpan()))
            .Add("treeSize", Text(proof.Inclusion.Size))
            .Add("hashes", new JsonValue.List([.. proof.Inclusion.Path.Select(static h => new JsonValue.Text(h.ToBase64()))]))
            .Add("checkpoint", Object("envelope", note.ToString()));
        var entry = new JsonObjectBuilder()
            .Add("logIndex", Text(index))
            .Add("logId", Object("keyId", Convert.ToBase64String(logId)))
            .Add("kindVersion", new JsonObjectBuilder().Add("kind", "dsse").Add("version", "0.0.1").Build())
            .Add("integratedTime", Text(seconds))
            .Add("inclusionPromise", Object("signedEntryTimestamp", Convert.ToBase64String(promise)))
            .Add("inclusionProof", inclusion.Build())
            .Add("canonicalizedBody", Convert.ToBase64String(leaf));
        var dsse = new JsonObjectBuilder()
            .Add("payload", Convert.ToBase64String(envelope.Payload.AsSpan()))
            .Add("payloadType", envelope.PayloadType)
            // One verifier refuses a key id that is the hint, and a key id is no evidence.
            .Add("signatures", new JsonValue.List([Object("sig", Convert.ToBase64String(envelope.Signatures[0].Bytes.AsSpan()))]));
        return CanonicalJson.Write(new JsonObjectBuilder()
            .Add("mediaType", SigstoreBundle.MediaType)
            .Add("verificationMaterial", new JsonObjectBuilder().Add("publicKey", Object("hint", hint)).Add("tlogEntries", new JsonValue.List([entry.Build()])).Build())
            .Add("dsseEnvelope", dsse.Build())
            .Build());
    }

    /// <summary>What verifiers must believe to verify such bundles, beside the key that signed: the log.</summary>
    /// <param name="logName">The name under which the log signs.</param>
    /// <param name="logKey">Its key on P-256.</param>
    /// <param name="since">Since when it is valid.</param>
    public static byte[] TrustedRoot(string logName, P256Key logKey, DateTimeOffset since)
    {
        ArgumentNullException.ThrowIfNull(logKey);
        var log = new JsonObjectBuilder()
            // The name of the key is looked for in this address.
            .Add("baseUrl", $"https://{logName}")
            .Add("hashAlgorithm", "SHA2_256")
            .Add("publicKey", new JsonObjectBuilder()
                .Add("rawBytes", Convert.ToBase64String(logKey.Spki.AsSpan()))
                .Add("keyDetails", "PKIX_ECDSA_P256_SHA_256")
                .Add("validFor", Object("start", since.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)))
                .Build())
            .Add("logId", Object("keyId", Convert.ToBase64String(SHA256.HashData(logKey.Spki.AsSpan()))));
        var none = new JsonValue.List([]);
        return CanonicalJson.Write(new JsonObjectBuilder()
            .Add("mediaType", TrustedRootType)
            .Add("tlogs", new JsonValue.List([log.Build()]))
            .Add("certificateAuthorities", none)
            .Add("ctlogs", none)
            .Add("timestampAuthorities", none)
            .Build());
    }

    private static JsonValue.Object Object(string name, string value) => new JsonObjectBuilder().Add(name, value).Build();

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
