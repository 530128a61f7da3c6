using System.Formats.Asn1;
using System.Security.Cryptography;

using Cairn.Trust.Json;

namespace Cairn.Trust.Keys;

/// <summary>Why a key file is not read.</summary>
public class KeyFormatException(string message) : Exception(message);

/// <summary>A passphrase does not open a key, as far as can be told: the file may be damaged instead.</summary>
public sealed class WrongPassphraseException() : KeyFormatException("The passphrase is wrong, or the file damaged");

/// <summary>
/// Keys as PEM: private ones as PKCS#8 (RFC 5958, RFC 8410), in the open or encrypted (<see cref="KeyEncryption"/>), public ones as
/// <c>SubjectPublicKeyInfo</c>. OpenSSL reads and writes the same.
/// </summary>
public static class KeyPem
{
    /// <summary>Random bytes that <see cref="WriteEncrypted"/> takes.</summary>
    public const int RandomBytes = KeyEncryption.RandomBytes;

    private const string PrivateLabel = "PRIVATE KEY";
    private const string EncryptedLabel = "ENCRYPTED PRIVATE KEY";
    private const string PublicLabel = "PUBLIC KEY";

    private const string Ed25519 = "1.3.101.112";

    // OneAsymmetricKey of version 0 with Ed25519 and nothing else, up to the seed (RFC 8410, section 7).
    private static ReadOnlySpan<byte> PlainHead => [0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

    private const int PlainCharacters = 64;

    /// <summary>With what the file of a private key begins that no passphrase protects.</summary>
    public static ReadOnlySpan<byte> PlainBegin => "-----BEGIN PRIVATE KEY-----\n"u8;

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

        var der = Pkcs8(key);
        try
        {
            return PemEncoding.WriteString(EncryptedLabel, KeyEncryption.Encrypt(der, passphrase, random)) + "\n";
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    /// <summary>Writes a public key.</summary>
    public static string WritePublic(VerificationKey key)
    {
        ArgumentNullException.ThrowIfNull(key);

        // Each run writes it, and Ed25519 fits a line: no general writer of PEM, whose code is compiled at each start.
        return key is not PublicKey ? PemEncoding.WriteString(PublicLabel, key.Spki.AsSpan()) + "\n" : $"-----BEGIN {PublicLabel}-----\n{StrictBase64.Write(key.Spki.AsSpan())}\n-----END {PublicLabel}-----\n";
    }

    /// <summary>Reads an Ed25519 public key. Throws <see cref="KeyFormatException"/>.</summary>
    public static PublicKey ReadPublic(string pem) => PublicKey.TryCreateFromSpki(PublicDer(pem), out var problem) ?? throw Refused(problem);

    /// <summary>Reads a public key with which anybody may sign: Ed25519, or ECDSA on P-256. Throws <see cref="KeyFormatException"/>.</summary>
    public static VerificationKey ReadVerification(string pem) => OfSpki(PublicDer(pem));

    /// <summary>The same as people hand keys on: PEM, or the base64 of its <c>SubjectPublicKeyInfo</c> or of the 32 bytes of an Ed25519 key. Throws <see cref="KeyFormatException"/>.</summary>
    public static VerificationKey ReadVerificationText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            return ReadVerification(text);
        }

        if (StrictBase64.TryRead(text.Trim()) is not { } bytes)
        {
            throw new KeyFormatException("It is neither PEM nor canonical base64");
        }

        return bytes.Length == PublicKey.RawBytes ? PublicKey.TryCreate(bytes.AsSpan(), out var problem) ?? throw Refused(problem) : OfSpki(bytes.AsSpan());
    }

    private static byte[] PublicDer(string pem) => TryFind(pem, out var label, out var der) && label == PublicLabel
        ? der
        : throw new KeyFormatException(label is PrivateLabel or EncryptedLabel ? "It is a private key, and a public one is wanted" : $"It has no `-----BEGIN {PublicLabel}-----`");

    private static VerificationKey OfSpki(ReadOnlySpan<byte> spki)
    {
        if (PublicKey.IsSpki(spki))
        {
            return PublicKey.TryCreateFromSpki(spki, out var problem) ?? throw Refused(problem);
        }

        return P256Key.TryReadSpki(spki, out var other) ?? throw Refused(other);
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
                var plain = KeyEncryption.Decrypt(der, passphrase);
                CryptographicOperations.ZeroMemory(der);
                der = plain;
            }

            return ReadPkcs8(der);
        }
        catch (AsnContentException)
        {
            throw label == EncryptedLabel ? new WrongPassphraseException() : new KeyFormatException("It is damaged");
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

    private static KeyFormatException Refused(string? problem) => new($"{char.ToUpperInvariant(problem![0])}{problem[1..]}");

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
            throw new KeyFormatException("It is not an Ed25519 key, and Cairn signs with no other: `openssl genpkey -algorithm ed25519` makes one");
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
