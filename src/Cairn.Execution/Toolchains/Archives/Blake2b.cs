using System.Runtime.InteropServices;

namespace Cairn.Execution.Toolchains.Archives;

/// <summary>BLAKE2b with 64 bytes, by which minisign hashes: in <c>libcrypto</c>, the library that the runtime itself uses, and not offered by the runtime.</summary>
internal static unsafe partial class Blake2b
{
    private const string Library = "libcrypto.so.3";
    private const int HashBytes = 64;
    private const int BufferBytes = 256 << 10;

    /// <summary>The hash of a stream.</summary>
    public static byte[] HashOf(Stream source)
    {
        var context = NewDigestContext();
        try
        {
            var kind = DigestByName("BLAKE2b512");
            if (context == 0 || kind == 0 || DigestInit(context, kind, 0) != 1)
            {
                throw new InvalidOperationException($"`{Library}` has no BLAKE2b");
            }

            var buffer = new byte[BufferBytes];
            while (source.Read(buffer) is > 0 and var count)
            {
                fixed (byte* bytes = buffer)
                {
                    Check(DigestUpdate(context, bytes, (nuint)count));
                }
            }

            var hash = new byte[HashBytes];
            fixed (byte* bytes = hash)
            {
                Check(DigestFinal(context, bytes, null));
            }

            return hash;
        }
        finally
        {
            FreeDigestContext(context);
        }
    }

    private static void Check(int result)
    {
        if (result != 1)
        {
            throw new InvalidOperationException($"`{Library}` failed to hash");
        }
    }

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_new")]
    private static partial nint NewDigestContext();

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_free")]
    private static partial void FreeDigestContext(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_get_digestbyname", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint DigestByName(string name);

    [LibraryImport(Library, EntryPoint = "EVP_DigestInit_ex")]
    private static partial int DigestInit(nint context, nint type, nint engine);

    [LibraryImport(Library, EntryPoint = "EVP_DigestUpdate")]
    private static partial int DigestUpdate(nint context, byte* bytes, nuint count);

    [LibraryImport(Library, EntryPoint = "EVP_DigestFinal_ex")]
    private static partial int DigestFinal(nint context, byte* hash, uint* length);
}
