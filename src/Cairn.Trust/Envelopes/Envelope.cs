using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Trust.Json;
using Cairn.Trust.Keys;

namespace Cairn.Trust.Envelopes;

/// <summary>A signature in an envelope.</summary>
/// <param name="KeyId">Which key it says it is of; empty where it says nothing. Never evidence.</param>
/// <param name="Bytes">The signature.</param>
public sealed record EnvelopeSignature(string KeyId, ImmutableArray<byte> Bytes);

/// <summary>A signed document: DSSE 1.0.</summary>
/// <param name="PayloadType">What the payload is.</param>
/// <param name="Payload">The bytes that were signed.</param>
/// <param name="Signatures">The signatures, at least one.</param>
public sealed record Envelope(string PayloadType, ImmutableArray<byte> Payload, ImmutableArray<EnvelopeSignature> Signatures)
{
    /// <summary>The payload type of in-toto statements.</summary>
    public const string InTotoType = "application/vnd.in-toto+json";

    private const string Frame = """{"payload":"","payloadType":"","signatures":[{"sig":""}]}""";
    private const string KeyIdFrame = "\"keyid\":\"\",";
    private const string SignatureFrame = "\"sig\":\"\"}]}";

    private static ReadOnlySpan<byte> SignaturesBegin => "\"signatures\":[{"u8;

    /// <summary>What names an attestation: the SHA-256 of its payload, whoever signed it.</summary>
    public string PayloadHash => Hex.Lower(SHA256.HashData(Payload.AsSpan()));

    /// <summary>Signs a payload with one key.</summary>
    public static Envelope Sign(string payloadType, ImmutableArray<byte> payload, ISigner signer)
    {
        ArgumentNullException.ThrowIfNull(signer);
        var head = HeadOf(payloadType, payload.Length);
        var message = ArrayPool<byte>.Shared.Rent(head.Length + payload.Length);
        var signature = signer.Sign(Join(head, payload.AsSpan(), message));
        ArrayPool<byte>.Shared.Return(message);
        return new Envelope(payloadType, payload, [new EnvelopeSignature(signer.PublicKey.Id, ImmutableCollectionsMarshal.AsImmutableArray(signature))]);
    }

    /// <summary>The bytes that a signature is over: DSSE's pre-authentication encoding.</summary>
    public static byte[] PreAuthentication(string payloadType, ReadOnlySpan<byte> payload)
    {
        var head = HeadOf(payloadType, payload.Length);
        var bytes = new byte[head.Length + payload.Length];
        Join(head, payload, bytes);
        return bytes;
    }

    /// <summary>The first signature that a key made over this envelope, or null. Key ids are not looked at.</summary>
    public EnvelopeSignature? FindSignatureOf(VerificationKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var signed = PreAuthentication(PayloadType, Payload.AsSpan());
        return Signatures.FirstOrDefault(signature => key.Verify(signed, signature.Bytes.AsSpan()));
    }

    /// <summary>Writes it as canonical JSON: equal envelopes have equal bytes.</summary>
    public byte[] ToJson()
    {
        // Large ones are written in one piece: what is counted here is what one signature takes.
        var keyId = Signatures[0].KeyId;
        var expected = Frame.Length + StrictBase64.LengthOf(Payload.Length) + PayloadType.Length + (keyId.Length > 0 ? KeyIdFrame.Length + keyId.Length : 0) + StrictBase64.LengthOf(Signatures[0].Bytes.Length);
        var json = new CanonicalWriter(expected);
        json.Begin().Base64("payload"u8, Payload.AsSpan()).Member("payloadType"u8, PayloadType).BeginList("signatures"u8);
        foreach (var signature in Signatures)
        {
            json.Begin().Member("keyid"u8, signature.KeyId.Length > 0 ? signature.KeyId : null).Base64("sig"u8, signature.Bytes.AsSpan()).End();
        }

        return json.EndList().End().ToArray();
    }

    /// <summary>The SHA-256 of what <see cref="ToJson"/> would write if its one signature had no key id.</summary>
    /// <param name="json">What it does write.</param>
    internal string HashWithoutKeyId(ReadOnlySpan<byte> json)
    {
        if (Signatures is not [{ } signature])
        {
            throw new InvalidOperationException("The envelope of an entry has one signature");
        }

        if (signature.KeyId.Length == 0)
        {
            return Hex.Lower(SHA256.HashData(json));
        }

        // What stands before the key id and after it: nothing that is large is written again.
        var payload = StrictBase64.LengthOf(Payload.Length);
        var head = payload + json[payload..].IndexOf(SignaturesBegin) + SignaturesBegin.Length;
        var tail = json.Length - SignatureFrame.Length - StrictBase64.LengthOf(signature.Bytes.Length);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SmallHash.Sha256(json[..head], json[tail..], hash);
        return Hex.Lower(hash);
    }

    /// <summary>Reads an envelope of anybody's; null where it is refused, with the reason.</summary>
    public static Envelope? TryRead(ReadOnlySpan<byte> json, out string? problem)
    {
        return StrictJson.TryRead(json, out problem) is { } value ? TryRead(value, out problem) : null;
    }

    /// <summary>The same from JSON that was read.</summary>
    public static Envelope? TryRead(JsonValue json, out string? problem)
    {
        try
        {
            problem = null;
            return Read(json);
        }
        catch (FormatException exception)
        {
            problem = exception.Message;
            return null;
        }
    }

    /// <summary>Reads an envelope that Cairn wrote: one signature, and the very bytes that <see cref="ToJson"/> makes of it.</summary>
    public static Envelope? TryReadOwn(ReadOnlySpan<byte> json, out string? problem)
    {
        if (TryRead(json, out problem) is not { } envelope)
        {
            return null;
        }

        problem = envelope.Signatures.Length != 1 ? $"it has {envelope.Signatures.Length} signatures, not one" : json.SequenceEqual(envelope.ToJson()) ? null : "it is not in canonical form";
        return problem is null ? envelope : null;
    }

    private static byte[] HeadOf(string payloadType, int payloadLength)
    {
        ArgumentNullException.ThrowIfNull(payloadType);
        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"DSSEv1 {Encoding.UTF8.GetByteCount(payloadType)} {payloadType} {payloadLength} "));
    }

    private static ReadOnlySpan<byte> Join(byte[] head, ReadOnlySpan<byte> payload, Span<byte> message)
    {
        head.CopyTo(message);
        payload.CopyTo(message[head.Length..]);
        return message[..(head.Length + payload.Length)];
    }

    private static Envelope Read(JsonValue value)
    {
        if (value is not JsonValue.Object envelope)
        {
            throw new FormatException("it is no object");
        }

        if (envelope.TextOf("payloadType") is not { Length: > 0 and <= Limits.NameCharactersMax } type)
        {
            throw new FormatException("`payloadType` is missing or no text");
        }

        if (envelope.TextOf("payload") is not { } text || StrictBase64.TryReadEither(text) is not { } payload)
        {
            throw new FormatException("`payload` is missing or no canonical base64");
        }

        if (envelope["signatures"] is not JsonValue.List { Items.Length: > 0 and <= Limits.SignaturesMax } list)
        {
            throw new FormatException($"`signatures` is not a list of 1 to {Limits.SignaturesMax}");
        }

        var urlSafe = text.AsSpan().ContainsAny('-', '_');
        var signatures = ImmutableArray.CreateBuilder<EnvelopeSignature>(list.Items.Length);
        foreach (var item in list.Items)
        {
            if (item is not JsonValue.Object signature || signature.TextOf("sig") is not { } encoded || StrictBase64.TryReadEither(encoded) is not { } bytes)
            {
                throw new FormatException("a signature has no `sig` in canonical base64");
            }

            if (urlSafe ? encoded.AsSpan().ContainsAny('+', '/') : encoded.AsSpan().ContainsAny('-', '_') && text.AsSpan().ContainsAny('+', '/'))
            {
                throw new FormatException("it mixes the two alphabets of base64");
            }

            var keyId = signature["keyid"] switch
            {
                null or JsonValue.Null => "",
                JsonValue.Text { Value.Length: <= Limits.NameCharactersMax } id => id.Value,
                _ => throw new FormatException("`keyid` is no text"),
            };
            signatures.Add(new EnvelopeSignature(keyId, bytes));
        }

        return new Envelope(type, payload, signatures.DrainToImmutable());
    }
}
