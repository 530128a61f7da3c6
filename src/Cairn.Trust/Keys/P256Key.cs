using System.Security.Cryptography;

namespace Cairn.Trust.Keys;

/// <summary>An ECDSA public key on P-256, as others sign with. Cairn has none of its own that signs attestations. Safe for use by several threads.</summary>
public sealed class P256Key : VerificationKey
{
    private const string Label = "PUBLIC KEY";
    private const int FieldBits = 256;

    // Two numbers of 32 bytes, each with a byte for the sign, and their heads.
    private const int SignatureBytesMax = 72;
    private const int PointBytes = 1 + (2 * FieldBits / 8);

    private readonly ECParameters _key;
    private ECDsa? _spare;

    private P256Key(ECParameters key, byte[] spki)
        : base([.. spki]) => _key = key;

    /// <inheritdoc/>
    public override string Algorithm => "ECDSA P-256";

    /// <summary>The point, uncompressed: 04, X, Y.</summary>
    public ReadOnlySpan<byte> Point => Spki.AsSpan()[^PointBytes..];

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

        return TryReadSpki(spki.AsSpan(0, length), out problem);
    }

    /// <summary>The same from its <c>SubjectPublicKeyInfo</c> in DER.</summary>
    public static P256Key? TryReadSpki(ReadOnlySpan<byte> spki, out string? problem)
    {
        try
        {
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(spki, out var read);
            var parameters = key.ExportParameters(includePrivateParameters: false);
            problem = read != spki.Length ? "something follows the key"
                : key.KeySize != FieldBits || !parameters.Curve.IsNamed || parameters.Curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value ? "it is neither an Ed25519 key nor one on P-256"
                : null;

            // A point can be written in several ways, and a key has one id.
            return problem is null ? Of(key) : null;
        }
        catch (Exception exception) when (exception is CryptographicException or PlatformNotSupportedException)
        {
            // The latter for a curve that OpenSSL has not heard of.
            problem = "it is neither an Ed25519 key nor one on P-256";
            return null;
        }
    }

    /// <summary>The key of what signs with it.</summary>
    internal static P256Key Of(ECDsa key) => new(key.ExportParameters(includePrivateParameters: false), key.ExportSubjectPublicKeyInfo());

    /// <summary>Whether a signature (DER) with SHA-256 is this key's over a message.</summary>
    public override bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => VerifyHash(SHA256.HashData(message), signature);

    /// <summary>The same for the SHA-256 of a message.</summary>
    public bool VerifyHash(ReadOnlySpan<byte> sha256, ReadOnlySpan<byte> signature)
    {
        if (!IsSignature(signature))
        {
            return false;
        }

        // OpenSSL looks at a key when it takes it, for longer than at a signature: one is kept, and each thread has it for itself.
        var key = Interlocked.Exchange(ref _spare, null) ?? ECDsa.Create(_key);
        var fits = key.VerifyHash(sha256, signature, DSASignatureFormat.Rfc3279DerSequence);
        Interlocked.Exchange(ref _spare, key)?.Dispose();
        return fits;
    }

    /// <summary>Whether bytes are DER of two numbers as long as a signature's. The runtime throws where they are not, and each key is tried with signatures of others.</summary>
    private static bool IsSignature(ReadOnlySpan<byte> der)
    {
        const byte Sequence = 0x30, Integer = 0x02;
        if (der.Length is < 8 or > SignatureBytesMax || der[0] != Sequence || der[1] != der.Length - 2)
        {
            return false;
        }

        var second = 4 + der[3];
        return der[2] == Integer && second + 2 < der.Length && der[second] == Integer && second + 2 + der[second + 1] == der.Length;
    }
}
