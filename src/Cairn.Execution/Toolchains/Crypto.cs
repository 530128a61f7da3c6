using System.Runtime.InteropServices;

namespace Cairn.Execution.Toolchains;

/// <summary>What of <c>libcrypto</c>, the library that the runtime itself uses, the runtime does not offer: Ed25519 and BLAKE2b.</summary>
internal static unsafe partial class Crypto
{
    private const string Library = "libcrypto.so.3";
    private const int KeyTypeEd25519 = 1087;

    /// <summary>Bytes of an Ed25519 key.</summary>
    public const int KeyBytes = 32;

    /// <summary>Bytes of an Ed25519 signature.</summary>
    public const int SignatureBytes = 64;

    /// <summary>Bytes of a BLAKE2b hash.</summary>
    public const int Blake2Bytes = 64;

    // Points whose multiples are few: under such a key a signature can hold for every message. The sign is the last bit.
    private static readonly string[] SmallOrder =
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26E8958FC2B227B045C3F489F2EF98F0D5DFAC05D3C63339B13802886D53FC05",
        "C7176A703D4DD84FBA3C0B760D10670F2A2053FA2C39CCC64EC7FD7792AC037A",
        "ECFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F",
    ];

    /// <summary>Whether a key is one that only its owner can sign with: of full order, and written in the one way there is.</summary>
    public static bool IsSound(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyBytes)
        {
            return false;
        }

        Span<byte> plain = stackalloc byte[KeyBytes];
        key.CopyTo(plain);
        plain[^1] &= 0x7F;
        if (Array.IndexOf(SmallOrder, Convert.ToHexString(plain)) >= 0)
        {
            return false;
        }

        // From 2^255 - 19 on numbers are others, written differently.
        return plain[^1] != 0x7F || plain[1..^1].IndexOfAnyExcept((byte)0xFF) >= 0 || plain[0] < 0xED;
    }

    /// <summary>Whether a key signed a message.</summary>
    public static bool Verify(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (!IsSound(key) || signature.Length != SignatureBytes)
        {
            return false;
        }

        nint parsed;
        fixed (byte* bytes = key)
        {
            parsed = NewPublicKey(KeyTypeEd25519, 0, bytes, KeyBytes);
        }

        var context = NewDigestContext();
        try
        {
            fixed (byte* text = message, signed = signature)
            {
                byte none = 0;
                return parsed != 0 && context != 0 && VerifyInit(context, 0, 0, 0, parsed) == 1 && DigestVerify(context, signed, SignatureBytes, text is null ? &none : text, (nuint)message.Length) == 1;
            }
        }
        finally
        {
            FreeDigestContext(context);
            FreeKey(parsed);
        }
    }

    /// <summary>The BLAKE2b hash of a stream.</summary>
    public static byte[] Blake2b(Stream source)
    {
        var context = NewDigestContext();
        try
        {
            var kind = DigestByName("BLAKE2b512");
            if (context == 0 || kind == 0 || DigestInit(context, kind, 0) != 1)
            {
                throw new InvalidOperationException($"`{Library}` has no BLAKE2b");
            }

            var buffer = new byte[256 << 10];
            while (source.Read(buffer) is > 0 and var count)
            {
                fixed (byte* bytes = buffer)
                {
                    _ = DigestUpdate(context, bytes, (nuint)count);
                }
            }

            var hash = new byte[Blake2Bytes];
            fixed (byte* bytes = hash)
            {
                _ = DigestFinal(context, bytes, null);
            }

            return hash;
        }
        finally
        {
            FreeDigestContext(context);
        }
    }

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_new_raw_public_key")]
    private static partial nint NewPublicKey(int type, nint engine, byte* key, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_free")]
    private static partial void FreeKey(nint key);

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_new")]
    private static partial nint NewDigestContext();

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_free")]
    private static partial void FreeDigestContext(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_DigestVerifyInit")]
    private static partial int VerifyInit(nint context, nint keyContext, nint type, nint engine, nint key);

    [LibraryImport(Library, EntryPoint = "EVP_DigestVerify")]
    private static partial int DigestVerify(nint context, byte* signature, nuint signatureLength, byte* message, nuint messageLength);

    [LibraryImport(Library, EntryPoint = "EVP_get_digestbyname", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint DigestByName(string name);

    [LibraryImport(Library, EntryPoint = "EVP_DigestInit_ex")]
    private static partial int DigestInit(nint context, nint type, nint engine);

    [LibraryImport(Library, EntryPoint = "EVP_DigestUpdate")]
    private static partial int DigestUpdate(nint context, byte* bytes, nuint count);

    [LibraryImport(Library, EntryPoint = "EVP_DigestFinal_ex")]
    private static partial int DigestFinal(nint context, byte* hash, uint* length);
}
