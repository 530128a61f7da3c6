using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Trust.Json;
using Cairn.Trust.Keys;

namespace Cairn.Trust.Notes;

/// <summary>How a key signs notes: the type byte of its verifier key.</summary>
public enum NoteAlgorithm
{
    /// <summary>Ed25519 over the text.</summary>
    Ed25519 = 0x01,

    /// <summary>ECDSA on P-256 with SHA-256 over the text.</summary>
    EcdsaP256 = 0x02,

    /// <summary>A witness's cosignature with its time: Ed25519 (C2SP tlog-cosignature, <c>cosignature/v1</c>).</summary>
    CosignatureV1 = 0x04,
}

/// <summary>What a verifier finds in a note.</summary>
public enum NoteVerdict
{
    /// <summary>The key signed it.</summary>
    Signed,

    /// <summary>No line is of this key.</summary>
    Absent,

    /// <summary>A line has the key's name and id, and is no signature of it.</summary>
    Forged,
}

/// <summary>A key that signs notes, under a name. Written as a verifier key: <c>name+id+base64</c>.</summary>
public sealed class NoteVerifier : IEquatable<NoteVerifier>
{
    private const int IdCharacters = 8;

    private readonly PublicKey? _ed25519;
    private readonly P256Key? _p256;

    private NoteVerifier(string name, NoteAlgorithm algorithm, PublicKey? ed25519, P256Key? p256)
    {
        if (!NoteSignature.IsName(name))
        {
            throw new ArgumentException($"`{name}` cannot be the name of a key", nameof(name));
        }

        (Name, Algorithm, _ed25519, _p256) = (name, algorithm, ed25519, p256);
        KeyId = IdOf(name, algorithm, KeyBytes.AsSpan());
    }

    /// <summary>The name of the key.</summary>
    public string Name { get; }

    /// <summary>How it signs.</summary>
    public NoteAlgorithm Algorithm { get; }

    /// <summary>The four bytes of its signature lines.</summary>
    public uint KeyId { get; }

    /// <summary>The key where it is an Ed25519 one; for a cosigner too.</summary>
    public PublicKey? Ed25519 => _ed25519;

    /// <summary>The key where it is one on P-256.</summary>
    public P256Key? P256 => _p256;

    /// <summary>The raw key, or the <c>SubjectPublicKeyInfo</c> of one on P-256.</summary>
    public ImmutableArray<byte> KeyBytes => _ed25519?.Raw ?? _p256!.Spki;

    /// <summary>A key that signs the text.</summary>
    public static NoteVerifier Of(string name, PublicKey key) => new(name, NoteAlgorithm.Ed25519, key, null);

    /// <summary>A key on P-256 that signs the text.</summary>
    public static NoteVerifier Of(string name, P256Key key) => new(name, NoteAlgorithm.EcdsaP256, null, key);

    /// <summary>A witness's key.</summary>
    public static NoteVerifier OfCosigner(string name, PublicKey key) => new(name, NoteAlgorithm.CosignatureV1, key, null);

    /// <summary>Reads a verifier key; null where it is refused, with the reason.</summary>
    public static NoteVerifier? TryParse(string text, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        var first = text.IndexOf('+', StringComparison.Ordinal);
        var second = first + 1 + IdCharacters;
        if (first < 0 || second >= text.Length || text[second] != '+' || !NoteSignature.IsName(text[..first]))
        {
            problem = "it has not the form `name+id+base64`";
            return null;
        }

        var id = text.AsSpan(first + 1, IdCharacters);
        if (!Hex.IsLower(id) || StrictBase64.TryRead(text[(second + 1)..]) is not { Length: > 1 } bytes)
        {
            problem = "its id is no 8 lower-case hex digits, or its base64 is damaged";
            return null;
        }

        problem = null;
        var name = text[..first];
        var verifier = (NoteAlgorithm)bytes[0] switch
        {
            NoteAlgorithm.Ed25519 when PublicKey.TryCreate(bytes.AsSpan()[1..], out problem) is { } key => Of(name, key),
            NoteAlgorithm.CosignatureV1 when PublicKey.TryCreate(bytes.AsSpan()[1..], out problem) is { } key => OfCosigner(name, key),
            NoteAlgorithm.EcdsaP256 when P256Key.TryReadSpki(bytes.AsSpan()[1..], out problem) is { } key => Of(name, key),
            _ => null,
        };
        if (verifier is null)
        {
            problem ??= string.Create(CultureInfo.InvariantCulture, $"keys of the type {bytes[0]} are not known here");
            return null;
        }

        problem = verifier.KeyId == uint.Parse(id, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) ? null : "its id is not that of its name and key";
        return problem is null ? verifier : null;
    }

    /// <summary>Whether a line says that it is this key's.</summary>
    public bool IsNamedBy(NoteSignature signature)
    {
        ArgumentNullException.ThrowIfNull(signature);
        return signature.KeyId == KeyId && string.Equals(signature.Name, Name, StringComparison.Ordinal);
    }

    /// <summary>What a note has of this key. Of several lines with its name and id each must be right.</summary>
    public NoteVerdict Check(SignedNote note)
    {
        ArgumentNullException.ThrowIfNull(note);
        var verdict = NoteVerdict.Absent;
        foreach (var signature in note.Signatures)
        {
            if (IsNamedBy(signature))
            {
                if (!IsSignature(note.Text, signature))
                {
                    return NoteVerdict.Forged;
                }

                verdict = NoteVerdict.Signed;
            }
        }

        return verdict;
    }

    /// <summary>Whether a line is this key's signature over a text.</summary>
    public bool IsSignature(string text, NoteSignature signature)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!IsNamedBy(signature))
        {
            return false;
        }

        return Algorithm switch
        {
            NoteAlgorithm.Ed25519 => _ed25519!.Verify(Encoding.UTF8.GetBytes(text), signature.Bytes.AsSpan()),
            NoteAlgorithm.EcdsaP256 => _p256!.Verify(Encoding.UTF8.GetBytes(text), signature.Bytes.AsSpan()),
            _ => Cosignature.TryRead(signature) is { } cosignature && _ed25519!.Verify(Cosignature.Message(text, cosignature.UnixSeconds), cosignature.Signature.AsSpan()),
        };
    }

    /// <inheritdoc/>
    public bool Equals(NoteVerifier? other) => other is not null && Name == other.Name && Algorithm == other.Algorithm && KeyBytes.AsSpan().SequenceEqual(other.KeyBytes.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as NoteVerifier);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, KeyId);

    /// <summary>The verifier key.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Name}+{KeyId:x8}+{StrictBase64.Write([(byte)Algorithm, .. KeyBytes.AsSpan()])}");

    private static uint IdOf(string name, NoteAlgorithm algorithm, ReadOnlySpan<byte> key) =>
        BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(algorithm == NoteAlgorithm.EcdsaP256 ? key : [.. Encoding.UTF8.GetBytes(name), (byte)'\n', (byte)algorithm, .. key]));
}
