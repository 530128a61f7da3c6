using System.Security.Cryptography;

namespace Cairn.Trust.Keys;

/// <summary>
/// SHA-256 of many small messages, as trees of hashes have them: each thread keeps a context. The runtime makes one for each message, which takes three times as long as hashing two hashes.
/// </summary>
internal static unsafe class SmallHash
{
    private static readonly nint Algorithm = Fetch();

    [ThreadStatic]
    private static ContextHandle? Context;

    /// <summary>Hashes a message, of which the first part is not empty, into 32 bytes.</summary>
    public static void Sha256(ReadOnlySpan<byte> first, ReadOnlySpan<byte> rest, Span<byte> hash)
    {
        if (hash.Length != SHA256.HashSizeInBytes)
        {
            throw new ArgumentException($"A hash has {SHA256.HashSizeInBytes} bytes", nameof(hash));
        }

        var context = Context ??= new ContextHandle();
        var c = context.DangerousGetHandle();
        fixed (byte* f = first, r = rest, h = hash)
        {
            if (LibCrypto.EVP_DigestInit_ex2(c, Algorithm, 0) != 1 || LibCrypto.EVP_DigestUpdate(c, f, (nuint)first.Length) != 1
                || (rest.Length > 0 && LibCrypto.EVP_DigestUpdate(c, r, (nuint)rest.Length) != 1) || LibCrypto.EVP_DigestFinal_ex(c, h, null) != 1)
            {
                throw new CryptographicException("OpenSSL cannot hash with SHA-256");
            }
        }

        GC.KeepAlive(context);
    }

    private static nint Fetch()
    {
        fixed (byte* name = "SHA256\0"u8)
        {
            var algorithm = LibCrypto.EVP_MD_fetch(0, name, null);
            return algorithm != 0 ? algorithm : throw new CryptographicException("OpenSSL has no SHA-256");
        }
    }
}
