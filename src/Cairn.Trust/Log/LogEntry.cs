using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Actions;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Json;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;

namespace Cairn.Trust.Log;

/// <summary>
/// A leaf that stands for an envelope: the body of a <c>dsse</c> 0.0.1 entry of Rekor, with the action and the outputs that an attestation of an action is about. It holds hashes, so that a log tells
/// nothing to who does not know the envelope. Each envelope and key have exactly one such leaf: its canonical bytes.
/// </summary>
public sealed record LogEntry
{
    private const int Capacity = 1 << 10;
    private const int SignatureCharactersMax = 1 << 10;

    /// <summary>SHA-256 of the envelope in canonical form without key ids, which are no evidence: 64 lower-case hex digits.</summary>
    public required string EnvelopeHash { get; init; }

    /// <summary>SHA-256 of the payload, which names the attestation.</summary>
    public required string PayloadHash { get; init; }

    /// <summary>The signature.</summary>
    public required ImmutableArray<byte> Signature { get; init; }

    /// <summary>The key that made it: the text of its PEM file.</summary>
    public required ImmutableArray<byte> Verifier { get; init; }

    /// <summary>The hash of the action digest; null where it is no attestation of an action.</summary>
    public string? Action { get; init; }

    /// <summary>The hash over all that the action left behind; null likewise.</summary>
    public string? Outputs { get; init; }

    /// <summary>The leaf of an envelope with the one signature of a key; null, with the reason, where it is none. What it is about is read from its statement.</summary>
    public static LogEntry? TryMake(Envelope envelope, PublicKey key, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        ArgumentNullException.ThrowIfNull(key);
        problem = envelope.Signatures.Length != 1 ? $"it has {envelope.Signatures.Length} signatures, and an entry is of one"
            : envelope.FindSignatureOf(key) is null ? $"the key {key.Id[..16]}… did not sign it"
            : null;
        if (problem is not null)
        {
            return null;
        }

        var (action, outputs) = AboutOf(envelope);
        return Make(envelope, envelope.ToJson(), envelope.PayloadHash, key, action, outputs);
    }

    /// <summary>The same by whoever has just signed it, and knows what it is about and has at hand what else would be made again: its JSON, and the hash of its payload.</summary>
    public static LogEntry Make(Envelope envelope, ReadOnlySpan<byte> json, string payloadHash, PublicKey key, string? action, string? outputs)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        ArgumentNullException.ThrowIfNull(key);
        return new LogEntry
        {
            EnvelopeHash = envelope.HashWithoutKeyId(json),
            PayloadHash = payloadHash,
            Signature = envelope.Signatures[0].Bytes,
            Verifier = key.Pem,
            Action = action,
            Outputs = outputs,
        };
    }

    /// <summary>The leaf's bytes.</summary>
    public byte[] Encode()
    {
        var json = CanonicalWriter.Rent(Capacity);
        json.Begin().Member("apiVersion"u8, "0.0.1");
        if (Action is not null || Outputs is not null)
        {
            json.Begin("cairn"u8).Member("action"u8, Action).Member("outputs"u8, Outputs).End();
        }

        json.Member("kind"u8, "dsse").Begin("spec"u8);
        json.Begin("envelopeHash"u8).Member("algorithm"u8, "sha256").Member("value"u8, EnvelopeHash).End();
        json.Begin("payloadHash"u8).Member("algorithm"u8, "sha256").Member("value"u8, PayloadHash).End();
        json.BeginList("signatures"u8).Begin().Base64("signature"u8, Signature.AsSpan()).Base64("verifier"u8, Verifier.AsSpan()).End().EndList();
        var leaf = json.End().End().Written.ToArray();
        json.Return();
        return leaf;
    }

    /// <summary>Reads a leaf; null, with the reason, where it is not exactly what <see cref="Encode"/> writes.</summary>
    public static LogEntry? TryRead(ReadOnlySpan<byte> leaf, out string? problem)
    {
        problem = null;
        if (LeafHashes.TryRead(leaf, out var hashes) && TryText(leaf[hashes.Signature]) is { } signature && TryText(leaf[hashes.Verifier]) is { } verifier)
        {
            return new LogEntry
            {
                EnvelopeHash = Text(leaf[hashes.Envelope]),
                PayloadHash = Text(leaf[hashes.Payload]),
                Signature = signature,
                Verifier = verifier,
                Action = hashes.HasAction ? Text(leaf[hashes.Action]) : null,
                Outputs = hashes.HasOutputs ? Text(leaf[hashes.Outputs]) : null,
            };
        }

        problem = "it is no entry of an envelope in canonical form";
        return null;

        static ImmutableArray<byte>? TryText(ReadOnlySpan<byte> base64) => base64.Length is > 0 and <= SignatureCharactersMax ? StrictBase64.TryRead(Text(base64)) : null;
    }

    /// <summary>The key that made the signature; null where it is no Ed25519 key.</summary>
    public PublicKey? KeyOf()
    {
        try
        {
            return KeyPem.ReadPublic(Encoding.ASCII.GetString(Verifier.AsSpan()));
        }
        catch (KeyFormatException)
        {
            return null;
        }
    }

    /// <summary>Why it is not the leaf of an envelope; null where it is. An entry that is not bound to what it stands beside proves nothing, whatever log it stands in.</summary>
    public string? ProblemWith(Envelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (envelope.PayloadHash != PayloadHash)
        {
            return "it is of another payload";
        }

        if (envelope.Signatures.Length != 1 || !envelope.Signatures[0].Bytes.AsSpan().SequenceEqual(Signature.AsSpan()))
        {
            return "it is of another signature";
        }

        if (envelope.HashWithoutKeyId(envelope.ToJson()) != EnvelopeHash)
        {
            return "it has the hash of another envelope";
        }

        return KeyOf() is not { } key || envelope.FindSignatureOf(key) is null ? "its key did not make the signature"
            : AboutOf(envelope) != (Action, Outputs) ? "it names another action, or other outputs, than the statement"
            : null;
    }

    /// <summary>Whether it is the leaf of an envelope.</summary>
    public bool IsBoundTo(Envelope envelope) => ProblemWith(envelope) is null;

    /// <inheritdoc/>
    public bool Equals(LogEntry? other) => other is not null && Encode().AsSpan().SequenceEqual(other.Encode());

    /// <inheritdoc/>
    public override int GetHashCode() => PayloadHash.GetHashCode(StringComparison.Ordinal);

    // The action is encoded again: what a statement says that its action's digest is, is no evidence.
    private static (string? Action, string? Outputs) AboutOf(Envelope envelope) =>
        envelope.PayloadType == Envelope.InTotoType && Statement.TryRead(envelope.Payload.AsSpan(), out _) is { } statement && ActionProvenance.TryReadAction(statement, out _) is { } action
            ? (ActionEncoder.Encode(action).Digest.Hash, statement.Subjects is [{ Name: ActionProvenance.OutputsSubject } all, ..] ? all.Sha256 : null)
            : (null, null);

    private static string Text(ReadOnlySpan<byte> ascii) => Encoding.ASCII.GetString(ascii);
}
