using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;

namespace Cairn.Trust.Keys;

/// <summary>
/// PKCS#8 under a passphrase: PBES2 of RFC 8018. Written with PBKDF2 over HMAC-SHA-256 and AES-256-CBC; read also with HMAC-SHA-512, with AES-128-CBC, and with scrypt (RFC 7914), which
/// <c>openssl pkcs8 -topk8 -scrypt</c> writes.
/// </summary>
internal static class KeyEncryption
{
    /// <summary>Random bytes that <see cref="Encrypt"/> takes.</summary>
    public const int RandomBytes = SaltBytes + IvBytes;

    private const string Pbes2 = "1.2.840.113549.1.5.13";
    private const string Pbkdf2 = "1.2.840.113549.1.5.12";
    private const string Scrypt = "1.3.6.1.4.1.11591.4.11";
    private const string HmacSha256 = "1.2.840.113549.2.9";
    private const string HmacSha512 = "1.2.840.113549.2.11";
    private const string Aes128Cbc = "2.16.840.1.101.3.4.1.2";
    private const string Aes256Cbc = "2.16.840.1.101.3.4.1.42";

    private const int SaltBytes = 16;
    private const int IvBytes = 16;
    private const int BlockBytes = 16;
    private const int WrittenKeyBytes = 32;

    /// <summary>How the key of the cipher comes from a passphrase.</summary>
    private delegate void Derivation(ReadOnlySpan<byte> passphrase, Span<byte> key);

    /// <summary>An <c>EncryptedPrivateKeyInfo</c>.</summary>
    /// <param name="plain">What is encrypted.</param>
    /// <param name="passphrase">The passphrase.</param>
    /// <param name="random"><see cref="RandomBytes"/> random bytes, never used before.</param>
    public static byte[] Encrypt(ReadOnlySpan<byte> plain, ReadOnlySpan<char> passphrase, ReadOnlySpan<byte> random)
    {
        var salt = random[..SaltBytes].ToArray();
        var iv = random[SaltBytes..];
        using var aes = Open(passphrase, WrittenKeyBytes, (bytes, key) => Rfc2898DeriveBytes.Pbkdf2(bytes, salt, key, Limits.PassphraseRoundsMin, HashAlgorithmName.SHA256));
        var encrypted = aes.EncryptCbc(plain, iv);
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

        return writer.Encode();
    }

    /// <summary>What was encrypted. Throws <see cref="KeyFormatException"/>; a wrong passphrase may also give bytes that are no key.</summary>
    public static byte[] Decrypt(ReadOnlyMemory<byte> der, ReadOnlySpan<char> passphrase)
    {
        Derivation derivation;
        byte[] iv, encrypted;
        int keyBytes;
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var reader = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            var scheme = reader.ReadSequence();
            if (scheme.ReadObjectIdentifier() != Pbes2)
            {
                throw Unknown();
            }

            var parameters = scheme.ReadSequence();
            derivation = ReadDerivation(parameters.ReadSequence());
            var cipher = parameters.ReadSequence();
            keyBytes = cipher.ReadObjectIdentifier() switch { Aes256Cbc => 32, Aes128Cbc => 16, _ => throw Unknown() };
            iv = cipher.ReadOctetString();
            encrypted = reader.ReadOctetString();
        }
        catch (AsnContentException)
        {
            throw Damaged();
        }

        if (iv.Length != IvBytes || encrypted.Length == 0 || encrypted.Length % BlockBytes != 0)
        {
            throw Damaged();
        }

        if (passphrase.IsEmpty)
        {
            throw new KeyFormatException("It is encrypted, and there is no passphrase");
        }

        using var aes = Open(passphrase, keyBytes, derivation);
        try
        {
            return aes.DecryptCbc(encrypted, iv);
        }
        catch (CryptographicException)
        {
            throw new WrongPassphraseException();
        }
    }

    private static Derivation ReadDerivation(AsnReader derivation) => derivation.ReadObjectIdentifier() switch
    {
        Pbkdf2 => ReadPbkdf2(derivation.ReadSequence()),
        Scrypt => ReadScrypt(derivation.ReadSequence()),
        _ => throw Unknown(),
    };

    private static Derivation ReadPbkdf2(AsnReader reader)
    {
        var salt = reader.ReadOctetString();
        if (!reader.TryReadInt32(out var rounds) || rounds is < 1 or > Limits.PassphraseRoundsMax)
        {
            throw new KeyFormatException($"It wants more than {Limits.PassphraseRoundsMax} rounds of PBKDF2");
        }

        SkipKeyLength(reader);

        // Left out, it is HMAC-SHA-1.
        if (!reader.HasData)
        {
            throw Unknown();
        }

        var hash = reader.ReadSequence().ReadObjectIdentifier() switch { HmacSha256 => HashAlgorithmName.SHA256, HmacSha512 => HashAlgorithmName.SHA512, _ => throw Unknown() };
        return (passphrase, key) => Rfc2898DeriveBytes.Pbkdf2(passphrase, salt, key, rounds, hash);
    }

    private static Derivation ReadScrypt(AsnReader reader)
    {
        var salt = reader.ReadOctetString();
        if (!reader.TryReadInt32(out var n) || !reader.TryReadInt32(out var r) || !reader.TryReadInt32(out var p) || n < 2 || r < 1 || p < 1
            || 128L * n * r > Limits.ScryptMemoryBytesMax || (long)n * r * p > Limits.ScryptWorkMax)
        {
            throw new KeyFormatException("It wants more memory or time for scrypt than is given to a key");
        }

        SkipKeyLength(reader);
        return (passphrase, key) => DeriveByScrypt(passphrase, salt, n, r, p, key);
    }

    private static unsafe void DeriveByScrypt(ReadOnlySpan<byte> passphrase, byte[] salt, int n, int r, int p, Span<byte> key)
    {
        // Twice: OpenSSL counts its own blocks too.
        const ulong Memory = 2UL * Limits.ScryptMemoryBytesMax;
        fixed (byte* secret = passphrase, s = salt, k = key)
        {
            byte none = 0;
            if (LibCrypto.EVP_PBE_scrypt(secret, (nuint)passphrase.Length, s is null ? &none : s, (nuint)salt.Length, (ulong)n, (ulong)r, (ulong)p, Memory, k, (nuint)key.Length) != 1)
            {
                LibCrypto.ERR_clear_error();
                throw new KeyFormatException("OpenSSL does not take its parameters of scrypt");
            }
        }
    }

    private static void SkipKeyLength(AsnReader reader)
    {
        if (reader.HasData && reader.PeekTag().HasSameClassAndValue(Asn1Tag.Integer))
        {
            reader.ReadIntegerBytes();
        }
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

    private static Aes Open(ReadOnlySpan<char> passphrase, int keyBytes, Derivation derivation)
    {
        Span<byte> key = stackalloc byte[keyBytes];
        var bytes = GC.AllocateUninitializedArray<byte>(Encoding.UTF8.GetByteCount(passphrase), pinned: true);
        Encoding.UTF8.GetBytes(passphrase, bytes);
        try
        {
            derivation(bytes, key);
            var aes = Aes.Create();
            aes.SetKey(key);
            return aes;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static KeyFormatException Damaged() => new("It is damaged");

    private static KeyFormatException Unknown() => new("It is encrypted in a way that is not read here; PBKDF2 with HMAC-SHA-256 and AES-256-CBC is, which `openssl pkcs8 -topk8 -v2 aes-256-cbc` writes");
}
