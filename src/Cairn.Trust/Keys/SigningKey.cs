using System.Security.Cryptography;

namespace Cairn.Trust.Keys;

/// <summary>Something that signs with one key: a key in memory, or a command that reaches one elsewhere.</summary>
public interface ISigner
{
    /// <summary>The key that its signatures are checked with.</summary>
    PublicKey PublicKey { get; }

    /// <summary>Signs a message. Throws <see cref="CryptographicException"/> where it cannot.</summary>
    byte[] Sign(ReadOnlySpan<byte> message);
}

/// <summary>An Ed25519 private key in memory. Safe for use by several threads; the seed is wiped with it.</summary>
public sealed class SigningKey : ISigner, IDisposable
{
    /// <summary>The length of the seed that a key is, in bytes (RFC 8032).</summary>
    public const int SeedBytes = 32;

    private readonly byte[] _seed;
    private readonly KeyHandle _handle;
    private ContextHandle? _spare;

    private SigningKey(byte[] seed, KeyHandle handle, PublicKey publicKey)
    {
        _seed = seed;
        _handle = handle;
        PublicKey = publicKey;
    }

    /// <inheritdoc/>
    public PublicKey PublicKey { get; }

    /// <summary>The seed; only for writing the key down.</summary>
    internal ReadOnlySpan<byte> Seed => _seed;

    /// <summary>The key of a seed of <see cref="SeedBytes"/> bytes, which is copied.</summary>
    public static unsafe SigningKey FromSeed(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != SeedBytes)
        {
            throw new ArgumentException($"A seed has {SeedBytes} bytes", nameof(seed));
        }

        // Pinned, so that no copy is left where it was moved from.
        var copy = GC.AllocateUninitializedArray<byte>(SeedBytes, pinned: true);
        seed.CopyTo(copy);
        KeyHandle handle;
        fixed (byte* bytes = copy)
        {
            handle = new KeyHandle(LibCrypto.EVP_PKEY_new_raw_private_key(LibCrypto.Ed25519, 0, bytes, SeedBytes));
        }

        Span<byte> raw = stackalloc byte[PublicKey.RawBytes];
        nuint length = PublicKey.RawBytes;
        fixed (byte* bytes = raw)
        {
            if (LibCrypto.EVP_PKEY_get_raw_public_key(handle.DangerousGetHandle(), bytes, &length) != 1)
            {
                throw new CryptographicException("OpenSSL does not give the public key");
            }
        }

        return new SigningKey(copy, handle, PublicKey.Derived(raw));
    }

    /// <inheritdoc/>
    public unsafe byte[] Sign(ReadOnlySpan<byte> message)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        var signature = new byte[PublicKey.SignatureBytes];
        var context = Interlocked.Exchange(ref _spare, null) ?? new ContextHandle();
        fixed (byte* m = message, s = signature)
        {
            byte none = 0;
            var c = context.DangerousGetHandle();
            nuint length = PublicKey.SignatureBytes;
            if (LibCrypto.EVP_DigestSignInit(c, 0, 0, 0, _handle.DangerousGetHandle()) != 1
                || LibCrypto.EVP_DigestSign(c, s, &length, m is null ? &none : m, (nuint)message.Length) != 1 || length != PublicKey.SignatureBytes)
            {
                throw new CryptographicException("OpenSSL cannot sign with Ed25519");
            }
        }

        GC.KeepAlive(_handle);
        (Interlocked.Exchange(ref _spare, context))?.Dispose();
        return signature;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_seed);
        _handle.Dispose();
        Interlocked.Exchange(ref _spare, null)?.Dispose();
    }
}
