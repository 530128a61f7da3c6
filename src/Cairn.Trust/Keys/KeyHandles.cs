using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Cairn.Trust.Keys;

/// <summary>A key of OpenSSL's.</summary>
internal sealed class KeyHandle : SafeHandle
{
    public KeyHandle(nint key)
        : base(0, ownsHandle: true) => SetHandle(key != 0 ? key : throw new CryptographicException("OpenSSL does not take the key"));

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_PKEY_free(handle);
        return true;
    }
}

/// <summary>A context for one operation at a time; kept for the next one, since making it costs a third of a signature.</summary>
internal sealed class ContextHandle : SafeHandle
{
    public ContextHandle()
        : base(0, ownsHandle: true)
    {
        SetHandle(LibCrypto.EVP_MD_CTX_new());
        if (IsInvalid)
        {
            throw new CryptographicException("OpenSSL has no memory for a context");
        }
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_MD_CTX_free(handle);
        return true;
    }
}
