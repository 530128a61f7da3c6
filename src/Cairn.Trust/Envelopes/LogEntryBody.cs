using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Trust.Json;

namespace Cairn.Trust.Envelopes;

/// <summary>
/// The body of an entry of Rekor: <c>dsse</c> 0.0.1 and 0.0.2, <c>intoto</c> 0.0.2, <c>hashedrekord</c> 0.0.1 and 0.0.2. An entry is worth something only if it is of the very signature that it
/// stands beside; foreign verifiers were seen to accept others.
/// </summary>
internal static class LogEntryBody
{
    /// <summary>Why a body is not of what was signed; null where it is.</summary>
    /// <param name="body">It.</param>
    /// <param name="envelope">The envelope; null where a message was signed.</param>
    /// <param name="message">The signature over an artifact; null where an envelope was signed.</param>
    /// <param name="hint">The bundle's name of the key, which the envelope may have had as key id before it stood in a bundle.</param>
    public static string? ProblemOf(ReadOnlySpan<byte> body, Envelope? envelope, MessageSignature? message, string hint)
    {
        if (StrictJson.TryRead(body, out var problem) is not JsonValue.Object entry)
        {
            return problem ?? "it is no object";
        }

        if (entry["spec"] is not JsonValue.Object spec)
        {
            return "it has no `spec`";
        }

        return (entry.TextOf("kind"), entry.TextOf("apiVersion"), envelope, message) switch
        {
            ("dsse", "0.0.1", { } e, _) => Dsse1(spec, e, hint),
            ("dsse", "0.0.2", { } e, _) => Dsse2(spec, e),
            ("intoto", "0.0.2", { } e, _) => InToto(spec, e),
            ("hashedrekord", "0.0.1", null, { } m) => HashedRecord1(spec, m),
            ("hashedrekord", "0.0.2", { } e, _) => HashedRecord2(spec, SHA256.HashData(Envelope.PreAuthentication(e.PayloadType, e.Payload.AsSpan())), e.Signatures[0].Bytes),
            ("hashedrekord", "0.0.2", null, { } m) => HashedRecord2(spec, Convert.FromHexString(m.Sha256), m.Signature),
            var (kind, version, _, _) => $"nothing binds an entry of the kind `{kind} {version}` to it",
        };
    }

    private static string? Dsse1(JsonValue.Object spec, Envelope envelope, string hint)
    {
        if (HashOf(spec["payloadHash"]) != envelope.PayloadHash)
        {
            return "it has another payload";
        }

        if (spec["signatures"] is not JsonValue.List { Items: [JsonValue.Object only] } || only.TextOf("signature") is not { } signature || !IsSame(signature, envelope.Signatures[0].Bytes))
        {
            return "it has another signature";
        }

        return HashOf(spec["envelopeHash"]) is { } hash && Forms(envelope, hint).Contains(hash, StringComparer.Ordinal) ? null : "it has the hash of another envelope";
    }

    private static string? Dsse2(JsonValue.Object spec, Envelope envelope)
    {
        var inner = spec["dsseV002"] as JsonValue.Object;
        return DigestOf(inner?["payloadHash"]) != envelope.PayloadHash ? "it has another payload"
            : inner?["signatures"] is JsonValue.List { Items: [JsonValue.Object only] } && only.TextOf("content") is { } signature && IsSame(signature, envelope.Signatures[0].Bytes) ? null
            : "it has another signature";
    }

    private static string? InToto(JsonValue.Object spec, Envelope envelope)
    {
        var content = spec["content"] as JsonValue.Object;
        if (HashOf(content?["payloadHash"]) != envelope.PayloadHash)
        {
            return "it has another payload";
        }

        // The signature is there in base64 twice over.
        return (content?["envelope"] as JsonValue.Object)?["signatures"] is JsonValue.List { Items: [JsonValue.Object only] }
            && only.TextOf("sig") is { } text && StrictBase64.TryRead(text) is { } once && IsSame(Encoding.UTF8.GetString(once.AsSpan()), envelope.Signatures[0].Bytes) ? null : "it has another signature";
    }

    private static string? HashedRecord1(JsonValue.Object spec, MessageSignature message) =>
        HashOf((spec["data"] as JsonValue.Object)?["hash"]) != message.Sha256 ? "it has another artifact"
        : (spec["signature"] as JsonValue.Object)?.TextOf("content") is { } signature && IsSame(signature, message.Signature) ? null
        : "it has another signature";

    private static string? HashedRecord2(JsonValue.Object spec, byte[] hash, ImmutableArray<byte> signature)
    {
        var inner = spec["hashedRekordV002"] as JsonValue.Object;
        return DigestOf(inner?["data"]) != Hex.Lower(hash) ? "it has another content"
            : (inner?["signature"] as JsonValue.Object)?.TextOf("content") is { } content && IsSame(content, signature) ? null
            : "it has another signature";
    }

    /// <summary>SHA-256s of the envelope as those write it who submit envelopes: canonical, Go's order of members, that of JavaScript's bundle, each with its key id, with none, an empty one and the hint.</summary>
    private static IEnumerable<string> Forms(Envelope envelope, string hint)
    {
        var signature = envelope.Signatures[0];
        var (payload, type, sig) = ($"\"{Convert.ToBase64String(envelope.Payload.AsSpan())}\"", Quoted(envelope.PayloadType), $"\"{Convert.ToBase64String(signature.Bytes.AsSpan())}\"");

        // Without one, as bundles have to be, most were submitted without one.
        foreach (var id in (string?[])(signature.KeyId.Length == 0 ? [null, "", hint] : [signature.KeyId, null, "", hint]))
        {
            yield return Hash($$"""{"payload":{{payload}},"payloadType":{{type}},"signatures":[{{{(id is null ? "" : $"\"keyid\":{Quoted(id)},")}}"sig":{{sig}}}]}""");
            yield return Hash($$"""{"payloadType":{{type}},"payload":{{payload}},"signatures":[{{{(id is null ? "" : $"\"keyid\":{Quoted(id)},")}}"sig":{{sig}}}]}""");
            yield return Hash($$"""{"payload":{{payload}},"payloadType":{{type}},"signatures":[{"sig":{{sig}}{{(id is null ? "" : $",\"keyid\":{Quoted(id)}")}}}]}""");
        }
    }

    private static string Quoted(string text) => Encoding.UTF8.GetString(CanonicalJson.Write(new JsonValue.Text(text)));

    private static string Hash(string json) => Hex.Lower(SHA256.HashData(Encoding.UTF8.GetBytes(json)));

    /// <summary><c>{algorithm: sha256, value: hex}</c>.</summary>
    private static string? HashOf(JsonValue? value) => value is JsonValue.Object hash && hash.TextOf("algorithm") is "sha256" ? hash.TextOf("value") : null;

    /// <summary><c>{algorithm: SHA2_256, digest: base64}</c>, in hex.</summary>
    private static string? DigestOf(JsonValue? value) =>
        value is JsonValue.Object digest && digest.TextOf("algorithm") is "SHA2_256" && digest.TextOf("digest") is { } text && StrictBase64.TryRead(text) is { } bytes ? Hex.Lower(bytes.AsSpan()) : null;

    private static bool IsSame(string base64, ImmutableArray<byte> signature) => StrictBase64.TryRead(base64) is { } bytes && bytes.AsSpan().SequenceEqual(signature.AsSpan());
}
