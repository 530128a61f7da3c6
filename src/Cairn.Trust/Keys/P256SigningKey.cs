using System.Security.Cryptography;

namespace Cairn.Trust.Keys;

/// <summary>
/// A P-256 private key in memory. It signs tree heads and inclusion promises of the machine's log for readers of Sigstore bundles, who take no other kind of key from a log; nothing else is signed with
/// one. Safe for use by several threads.
/// </summary>
public sealed class P256SigningKey : IDisposable
{
    private readonly Lock _lock = new();
    private readonly ECDsa _key;

    private P256SigningKey(ECDsa key)
    {
        _key = key;
        PublicKey = P256Key.Of(key);
    }

    /// <summary>The key that its signatures are checked with.</summary>
    public P256Key PublicKey { get; }

    /// <summary>Makes a key.</summary>
    public static P256SigningKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Reads a key from PKCS#8 in DER, not encrypted. Throws <see cref="CryptographicException"/> where it is none on this curve.</summary>
    public static P256SigningKey FromPkcs8(ReadOnlySpan<byte> pkcs8)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out var read);
            return read == pkcs8.Length && P256Key.TryReadSpki(key.ExportSubjectPublicKeyInfo(), out _) is not null ? new P256SigningKey(key) : throw new CryptographicException("It is no key on P-256");
        }
        catch (CryptographicException)
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>The key as PKCS#8 in DER, not encrypted.</summary>
    public byte[] ToPkcs8()
    {
        lock (_lock)
        {
            return _key.ExportPkcs8PrivateKey();
        }
    }

    /// <summary>Signs a message with SHA-256; the signature is in DER.</summary>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        lock (_lock)
        {
            return _key.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
