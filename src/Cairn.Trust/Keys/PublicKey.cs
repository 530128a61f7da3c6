using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Cairn.Trust.Keys;

/// <summary>An Ed25519 public key that was found fit to be trusted. Safe for use by several threads.</summary>
public sealed class PublicKey : VerificationKey
{
    /// <summary>The length of a key in its raw form (RFC 8032), in bytes.</summary>
    public const int RawBytes = 32;

    /// <summary>The length of a signature, in bytes.</summary>
    public const int SignatureBytes = 64;

    // SubjectPublicKeyInfo of RFC 8410: all but the key.
    private static readonly byte[] SpkiHead = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00];

    // Some keys that were found fit: what many attestations are signed with is looked at once. To find a point fit takes three times as long as to check a signature.
    private static readonly PublicKey?[] Found = new PublicKey?[16];

    private readonly Lazy<KeyHandle> _handle;
    private ContextHandle? _spare;
    private byte[]? _pem;

    private PublicKey(ImmutableArray<byte> raw)
        : base([.. SpkiHead, .. raw])
    {
        Raw = raw;
        _handle = new Lazy<KeyHandle>(() => Open(raw.AsSpan()));
    }

    /// <summary>The key's 32 bytes.</summary>
    public ImmutableArray<byte> Raw { get; }

    /// <summary>The text of its PEM file, which each entry of a log has.</summary>
    internal ImmutableArray<byte> Pem => ImmutableCollectionsMarshal.AsImmutableArray(_pem ??= Encoding.ASCII.GetBytes(KeyPem.WritePublic(this)));

    /// <inheritdoc/>
    public override string Algorithm => "Ed25519";

    /// <summary>Checks a raw key: canonical, on the curve, not of small order; <paramref name="problem"/> says why it is refused.</summary>
    public static PublicKey? TryCreate(ReadOnlySpan<byte> raw, out string? problem)
    {
        ref var slot = ref Found[raw.IsEmpty ? 0 : raw[0] % Found.Length];
        if (Volatile.Read(ref slot) is { } known && known.Raw.AsSpan().SequenceEqual(raw))
        {
            problem = null;
            return known;
        }

        problem = Ed25519Point.ProblemOf(raw);
        if (problem is not null)
        {
            return null;
        }

        var key = new PublicKey([.. raw]);
        Volatile.Write(ref slot, key);
        return key;
    }

    /// <summary>The key that belongs to a seed, which OpenSSL derived: it is one by its making.</summary>
    internal static PublicKey Derived(ReadOnlySpan<byte> raw) => new([.. raw]);

    /// <summary>The same from its <c>SubjectPublicKeyInfo</c>; other algorithms and encodings are refused.</summary>
    public static PublicKey? TryCreateFromSpki(ReadOnlySpan<byte> spki, out string? problem)
    {
        if (IsSpki(spki))
        {
            return TryCreate(spki[SpkiHead.Length..], out problem);
        }

        problem = "it is not an Ed25519 key";
        return null;
    }

    /// <summary>Whether bytes are the <c>SubjectPublicKeyInfo</c> of an Ed25519 key, fit or not.</summary>
    internal static bool IsSpki(ReadOnlySpan<byte> spki) => spki.Length == SpkiHead.Length + RawBytes && spki.StartsWith(SpkiHead);

    /// <summary>Whether a signature is this key's over a message; RFC 8032's check without the cofactor, S below the order.</summary>
    public override unsafe bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureBytes)
        {
            return false;
        }

        var context = Interlocked.Exchange(ref _spare, null) ?? new ContextHandle();
        var key = _handle.Value;
        bool fits;
        fixed (byte* m = message, s = signature)
        {
            // An empty message has no address of its own.
            byte none = 0;
            var c = context.DangerousGetHandle();
            fits = LibCrypto.EVP_DigestVerifyInit(c, 0, 0, 0, key.DangerousGetHandle()) == 1
                ? LibCrypto.EVP_DigestVerify(c, s, (nuint)signature.Length, m is null ? &none : m, (nuint)message.Length) == 1
                : throw new CryptographicException("OpenSSL cannot verify with Ed25519");
        }

        GC.KeepAlive(key);
        if (!fits)
        {
            LibCrypto.ERR_clear_error();
        }

        (Interlocked.Exchange(ref _spare, context))?.Dispose();
        return fits;
    }

    private static unsafe KeyHandle Open(ReadOnlySpan<byte> raw)
    {
        fixed (byte* bytes = raw)
        {
            return new KeyHandle(LibCrypto.EVP_PKEY_new_raw_public_key(LibCrypto.Ed25519, 0, bytes, (nuint)raw.Length));
        }
    }
}
