using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

// Blittable imports only: ReadyToRun compiles them ahead, so that no stub is jitted at start-up.
[assembly: DisableRuntimeMarshalling]
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace Cairn.Trust.Keys;

/// <summary>The part of OpenSSL 3 that .NET has no face for: Ed25519; and SHA-256 for many small messages, for each of which .NET makes a context.</summary>
internal static unsafe partial class LibCrypto
{
    /// <summary><c>EVP_PKEY_ED25519</c>.</summary>
    public const int Ed25519 = 1087;

    private const string Library = "libcrypto.so.3";

    [LibraryImport(Library)]
    public static partial nint EVP_PKEY_new_raw_private_key(int type, nint engine, byte* key, nuint length);

    [LibraryImport(Library)]
    public static partial nint EVP_PKEY_new_raw_public_key(int type, nint engine, byte* key, nuint length);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_get_raw_public_key(nint key, byte* publicKey, nuint* length);

    [LibraryImport(Library)]
    public static partial void EVP_PKEY_free(nint key);

    [LibraryImport(Library)]
    public static partial nint EVP_MD_CTX_new();

    [LibraryImport(Library)]
    public static partial void EVP_MD_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial int EVP_DigestSignInit(nint context, nint keyContext, nint digest, nint engine, nint key);

    [LibraryImport(Library)]
    public static partial int EVP_DigestSign(nint context, byte* signature, nuint* signatureLength, byte* message, nuint length);

    [LibraryImport(Library)]
    public static partial int EVP_DigestVerifyInit(nint context, nint keyContext, nint digest, nint engine, nint key);

    [LibraryImport(Library)]
    public static partial int EVP_DigestVerify(nint context, byte* signature, nuint signatureLength, byte* message, nuint length);

    [LibraryImport(Library)]
    public static partial nint EVP_MD_fetch(nint library, byte* name, byte* properties);

    [LibraryImport(Library)]
    public static partial int EVP_DigestInit_ex2(nint context, nint digest, nint parameters);

    [LibraryImport(Library)]
    public static partial int EVP_DigestUpdate(nint context, byte* data, nuint length);

    [LibraryImport(Library)]
    public static partial int EVP_DigestFinal_ex(nint context, byte* digest, uint* length);

    [LibraryImport(Library)]
    public static partial int EVP_PBE_scrypt(byte* passphrase, nuint passphraseLength, byte* salt, nuint saltLength, ulong n, ulong r, ulong p, ulong memoryMax, byte* key, nuint keyLength);

    [LibraryImport(Library)]
    public static partial void ERR_clear_error();
}
