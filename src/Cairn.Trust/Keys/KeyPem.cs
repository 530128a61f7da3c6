using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;

using Cairn.Trust.Json;

namespace Cairn.Trust.Keys;

/// <summary>Why a key file is not read.</summary>
public sealed class KeyFormatException(string message) : Exception(message);

/// <summary>
/// Keys as PEM: private ones as PKCS#8 (RFC 5958, RFC 8410), in the open or encrypted with PBES2 (RFC 8018: PBKDF2 with HMAC-SHA-256, AES-256-CBC), public ones as
/// <c>SubjectPublicKeyInfo</c>. OpenSSL reads and writes the same.
/// </summary>
public static class KeyPem
{
    /// <summary>Random bytes that <see cref="WriteEncrypted"/> takes.</summary>
    public const int RandomBytes = SaltBytes + IvBytes;

    private const string PrivateLabel = "PRIVATE KEY";
    private const string EncryptedLabel = "ENCRYPTED PRIVATE KEY";
    private const string PublicLabel = "PUBLIC KEY";

    private const string Ed25519 = "1.3.101.112";
    private const string Pbes2 = "1.2.840.113549.1.5.13";
    private const string Pbkdf2 = "1.2.840.113549.1.5.12";
    private const string HmacSha256 = "1.2.840.113549.2.9";
    private const string HmacSha512 = "1.2.840.113549.2.11";
    private const string Aes128Cbc = "2.16.840.1.101.3.4.1.2";
    private const string Aes256Cbc = "2.16.840.1.101.3.4.1.42";

    // OneAsymmetricKey of version 0 with Ed25519 and nothing else, up to the seed (RFC 8410, section 7).
    private static ReadOnlySpan<byte> PlainHead => [0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

    private const int PlainCharacters = 64;
    private const int SaltBytes = 16;
    private const int IvBytes = 16;

    /// <summary>Whether a text holds an encrypted private key, for which <see cref="ReadPrivate"/> needs a passphrase.</summary>
    public static bool IsEncrypted(string pem) => TryFind(pem, out var label, out _) && label == EncryptedLabel;

    /// <summary>Writes a private key that whoever reads the file can use.</summary>
    public static string WritePrivate(SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var der = Pkcs8(key);
        try
        {
            return PemEncoding.WriteString(PrivateLabel, der) + "\n";
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    /// <summary>Writes a private key that only the passphrase opens.</summary>
    /// <param name="key">The key.</param>
    /// <param name="passphrase">Not empty.</param>
    /// <param name="random"><see cref="RandomBytes"/> random bytes, never used before.</param>
    public static string WriteEncrypted(SigningKey key, ReadOnlySpan<char> passphrase, ReadOnlySpan<byte> random)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (random.Length != RandomBytes || passphrase.IsEmpty)
        {
            throw new ArgumentException($"A passphrase and {RandomBytes} random bytes are wanted", nameof(random));
        }

        var salt = random[..SaltBytes];
        var iv = random[SaltBytes..];
        var der = Pkcs8(key);
        try
        {
            using var aes = Derive(passphrase, salt, Limits.PassphraseRoundsMin, HashAlgorithmName.SHA256, 32);
            var encrypted = aes.EncryptCbc(der, iv);
            var writer = new AsnWriter(AsnEncodingRules.DER);
            using (writer.PushSequence())
            {
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(Pbes2);
                    WriteParameters(writer, salt, iv);
                }

                writer.WriteOctetString(encrypted);
            }

            return PemEncoding.WriteString(EncryptedLabel, writer.Encode()) + "\n";
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    /// <summary>Writes a public key.</summary>
    public static string WritePublic(PublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return PemEncoding.WriteString(PublicLabel, key.Spki.AsSpan()) + "\n";
    }

    /// <summary>Reads a public key. Throws <see cref="KeyFormatException"/>.</summary>
    public static PublicKey ReadPublic(string pem)
    {
        if (!TryFind(pem, out var label, out var der) || label != PublicLabel)
        {
            throw new KeyFormatException(label is PrivateLabel or EncryptedLabel ? "It is a private key, and a public one is wanted" : $"It has no `-----BEGIN {PublicLabel}-----`");
        }

        return PublicKey.TryCreateFromSpki(der, out var problem) ?? throw new KeyFormatException($"It cannot be used: {problem}");
    }

    /// <summary>Reads a public key as people hand it on: PEM, or the base64 of its <c>SubjectPublicKeyInfo</c> or of its 32 bytes. Throws <see cref="KeyFormatException"/>.</summary>
    public static PublicKey ReadPublicText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            return ReadPublic(text);
        }

        if (StrictBase64.TryRead(text.Trim()) is not { } bytes)
        {
            throw new KeyFormatException("It is neither PEM nor canonical base64");
        }

        var key = bytes.Length == PublicKey.RawBytes ? PublicKey.TryCreate(bytes.AsSpan(), out var problem) : PublicKey.TryCreateFromSpki(bytes.AsSpan(), out problem);
        return key ?? throw new KeyFormatException($"It cannot be used: {problem}");
    }

    /// <summary>Reads a private key. Throws <see cref="KeyFormatException"/>, also where the passphrase is wrong.</summary>
    /// <param name="pem">The text.</param>
    /// <param name="passphrase">What opens an encrypted one; not looked at for another.</param>
    public static SigningKey ReadPrivate(string pem, ReadOnlySpan<char> passphrase)
    {
        ArgumentNullException.ThrowIfNull(pem);
        if (TryReadPlain(pem) is { } plainKey)
        {
            return plainKey;
        }

        if (!TryFind(pem, out var label, out var der) || label is not (PrivateLabel or EncryptedLabel))
        {
            throw new KeyFormatException(label switch
            {
                PublicLabel => "It is a public key, and a private one is wanted",
                null => "It is no PEM file",
                _ => $"It is a `{label}`; a PKCS#8 `{PrivateLabel}` is wanted: `openssl pkcs8 -topk8` makes one",
            });
        }

        try
        {
            if (label == EncryptedLabel)
            {
                var plain = Decrypt(der, passphrase);
                CryptographicOperations.ZeroMemory(der);
                der = plain;
            }

            return ReadPkcs8(der);
        }
        catch (AsnContentException)
        {
            throw new KeyFormatException(label == EncryptedLabel ? "The passphrase is wrong, or the file damaged" : "It is damaged");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    /// <summary>A key exactly as <see cref="WritePrivate"/> and OpenSSL write it, as nearly all are: what each run opens wants no general reader of PEM and ASN.1. Null for all others.</summary>
    private static SigningKey? TryReadPlain(string pem)
    {
        const string Head = $"-----BEGIN {PrivateLabel}-----\n";
        const string Tail = $"\n-----END {PrivateLabel}-----\n";
        if (pem.Length != Head.Length + PlainCharacters + Tail.Length || !pem.StartsWith(Head, StringComparison.Ordinal) || !pem.EndsWith(Tail, StringComparison.Ordinal))
        {
            return null;
        }

        Span<byte> der = stackalloc byte[PlainCharacters / 4 * 3];
        try
        {
            return Convert.TryFromBase64Chars(pem.AsSpan(Head.Length, PlainCharacters), der, out var count) && count == der.Length && der.StartsWith(PlainHead) ? SigningKey.FromSeed(der[PlainHead.Length..]) : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    private static byte[] Pkcs8(SigningKey key)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Ed25519);
            }

            using (writer.PushOctetString())
            {
                writer.WriteOctetString(key.Seed);
            }
        }

        return writer.Encode();
    }

    private static SigningKey ReadPkcs8(ReadOnlyMemory<byte> der)
    {
        var outer = new AsnReader(der, AsnEncodingRules.DER);
        var reader = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        if (!reader.TryReadInt32(out var version) || version is not (0 or 1))
        {
            throw new KeyFormatException("It is of a version of PKCS#8 that is not known");
        }

        var algorithm = reader.ReadSequence();
        if (algorithm.ReadObjectIdentifier() != Ed25519)
        {
            throw new KeyFormatException("It is not an Ed25519 key: `openssl genpkey -algorithm ed25519` makes one");
        }

        algorithm.ThrowIfNotEmpty();
        var inner = new AsnReader(reader.ReadOctetString(), AsnEncodingRules.DER);
        var seed = inner.ReadOctetString();
        inner.ThrowIfNotEmpty();
        try
        {
            // Attributes and, in version 1, the public key may follow: what is derived from the seed is what counts.
            return seed.Length == SigningKey.SeedBytes ? SigningKey.FromSeed(seed) : throw new KeyFormatException("It is damaged");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    private static byte[] Decrypt(ReadOnlyMemory<byte> der, ReadOnlySpan<char> passphrase)
    {
        byte[] salt, iv, encrypted;
        int rounds, keyBytes;
        HashAlgorithmName hash;
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var reader = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            var scheme = reader.ReadSequence();
            Want(scheme, Pbes2);
            var parameters = scheme.ReadSequence();
            var derivation = parameters.ReadSequence();
            Want(derivation, Pbkdf2);
            (salt, rounds, hash) = ReadDerivation(derivation.ReadSequence());
            var cipher = parameters.ReadSequence();
            keyBytes = cipher.ReadObjectIdentifier() switch { Aes256Cbc => 32, Aes128Cbc => 16, _ => throw Unknown() };
            iv = cipher.ReadOctetString();
            encrypted = reader.ReadOctetString();
        }
        catch (AsnContentException)
        {
            throw new KeyFormatException("It is damaged");
        }

        if (iv.Length != IvBytes || encrypted.Length == 0 || encrypted.Length % 16 != 0)
        {
            throw new KeyFormatException("It is damaged");
        }

        if (passphrase.IsEmpty)
        {
            throw new KeyFormatException("It is encrypted, and there is no passphrase");
        }

        using var aes = Derive(passphrase, salt, rounds, hash, keyBytes);
        try
        {
            return aes.DecryptCbc(encrypted, iv);
        }
        catch (CryptographicException)
        {
            throw new KeyFormatException("The passphrase is wrong, or the file damaged");
        }
    }

    private static (byte[] Salt, int Rounds, HashAlgorithmName Hash) ReadDerivation(AsnReader reader)
    {
        var salt = reader.ReadOctetString();
        if (!reader.TryReadInt32(out var rounds) || rounds is < 1 or > Limits.PassphraseRoundsMax)
        {
            throw new KeyFormatException($"It wants more than {Limits.PassphraseRoundsMax} rounds of PBKDF2");
        }

        if (reader.HasData && reader.PeekTag().HasSameClassAndValue(Asn1Tag.Integer))
        {
            reader.ReadIntegerBytes();
        }

        // Left out, it is HMAC-SHA-1.
        if (!reader.HasData)
        {
            throw Unknown();
        }

        var hash = reader.ReadSequence().ReadObjectIdentifier() switch { HmacSha256 => HashAlgorithmName.SHA256, HmacSha512 => HashAlgorithmName.SHA512, _ => throw Unknown() };
        return (salt, rounds, hash);
    }

    private static void WriteParameters(AsnWriter writer, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> iv)
    {
        using var parameters = writer.PushSequence();
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(Pbkdf2);
            using (writer.PushSequence())
            {
                writer.WriteOctetString(salt);
                writer.WriteInteger(Limits.PassphraseRoundsMin);
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(HmacSha256);
                    writer.WriteNull();
                }
            }
        }

        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(Aes256Cbc);
            writer.WriteOctetString(iv);
        }
    }

    private static Aes Derive(ReadOnlySpan<char> passphrase, ReadOnlySpan<byte> salt, int rounds, HashAlgorithmName hash, int keyBytes)
    {
        Span<byte> key = stackalloc byte[keyBytes];
        var bytes = new byte[Encoding.UTF8.GetByteCount(passphrase)];
        Encoding.UTF8.GetBytes(passphrase, bytes);
        try
        {
            Rfc2898DeriveBytes.Pbkdf2(bytes, salt, key, rounds, hash);
            var aes = Aes.Create();
            aes.Key = key.ToArray();
            return aes;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static void Want(AsnReader reader, string oid)
    {
        if (reader.ReadObjectIdentifier() != oid)
        {
            throw Unknown();
        }
    }

    private static KeyFormatException Unknown() => new("It is encrypted in a way that is not read here; PBKDF2 with HMAC-SHA-256 and AES-256-CBC is, which `openssl pkcs8 -topk8 -v2 aes-256-cbc` writes");

    /// <summary>The one block of a PEM text.</summary>
    private static bool TryFind(string pem, out string? label, out byte[] der)
    {
        ArgumentNullException.ThrowIfNull(pem);
        (label, der) = (null, []);
        if (pem.Length > Limits.KeyFileBytesMax || !PemEncoding.TryFind(pem, out var fields))
        {
            return false;
        }

        label = pem[fields.Label];
        der = new byte[fields.DecodedDataLength];
        return Convert.TryFromBase64Chars(pem.AsSpan()[fields.Base64Data], der, out var count) && count == der.Length;
    }
}
