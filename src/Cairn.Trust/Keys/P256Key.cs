using System.Collections.Immutable;
using System.Security.Cryptography;

using Cairn.Core.Content;

namespace Cairn.Trust.Keys;

/// <summary>An ECDSA public key on P-256, as others sign with. Cairn has none of its own that signs attestations. Safe for use by several threads.</summary>
public sealed class P256Key
{
    private const string Label = "PUBLIC KEY";
    private const int FieldBits = 256;

    private readonly ECParameters _key;

    private P256Key(ECParameters key, byte[] spki)
    {
        _key = key;
        Id = Hex.Lower(SHA256.HashData(spki));
        Spki = [.. spki];
    }

    /// <summary>The key id: the SHA-256 of <see cref="Spki"/>.</summary>
    public string Id { get; }

    /// <summary>Its <c>SubjectPublicKeyInfo</c> in DER.</summary>
    public ImmutableArray<byte> Spki { get; }

    /// <summary>Reads a key in PEM; null, with the reason, where it is none on this curve.</summary>
    public static P256Key? TryReadPem(string pem, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(pem);
        if (!PemEncoding.TryFind(pem, out var fields) || !pem.AsSpan()[fields.Label].SequenceEqual(Label))
        {
            problem = $"it is no PEM of a `{Label}`";
            return null;
        }

        var spki = new byte[fields.DecodedDataLength];
        if (!Convert.TryFromBase64Chars(pem.AsSpan()[fields.Base64Data], spki, out var length))
        {
            problem = "its base64 is damaged";
            return null;
        }

        try
        {
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(spki.AsSpan(0, length), out var read);
            var parameters = key.ExportParameters(includePrivateParameters: false);
            problem = read != length ? "something follows the key"
                : key.KeySize != FieldBits || !parameters.Curve.IsNamed || parameters.Curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value ? "it is neither an Ed25519 key nor one on P-256"
                : null;
            return problem is null ? new P256Key(parameters, spki[..length]) : null;
        }
        catch (CryptographicException)
        {
            problem = "it is neither an Ed25519 key nor one on P-256";
            return null;
        }
    }

    /// <summary>Whether a signature (DER) with SHA-256 is this key's over a message.</summary>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => VerifyHash(SHA256.HashData(message), signature);

    /// <summary>The same for the SHA-256 of a message.</summary>
    public bool VerifyHash(ReadOnlySpan<byte> sha256, ReadOnlySpan<byte> signature)
    {
        using var key = ECDsa.Create(_key);
        return key.VerifyHash(sha256, signature, DSASignatureFormat.Rfc3279DerSequence);
    }
}
