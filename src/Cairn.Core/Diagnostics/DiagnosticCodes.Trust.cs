namespace Cairn.Core.Diagnostics;

public static partial class DiagnosticCodes
{
    /// <summary>The trust store cannot be read, or others may change it.</summary>
    public const string TrustUnreadable = "CAIRN0600";

    /// <summary>The trust store has a key that Cairn does not know.</summary>
    public const string TrustUnknownMember = "CAIRN0601";

    /// <summary>A value of the trust store has the wrong type or is none that is known.</summary>
    public const string TrustBadValue = "CAIRN0602";

    /// <summary>Something that the trust store needs is missing.</summary>
    public const string TrustMissing = "CAIRN0603";

    /// <summary>A public key of the trust store cannot be used.</summary>
    public const string TrustBadKey = "CAIRN0604";

    /// <summary>A key stands twice in the trust store.</summary>
    public const string TrustKeyTwice = "CAIRN0605";

    /// <summary>The trust store names a key that it does not have.</summary>
    public const string TrustUnknownKey = "CAIRN0606";

    /// <summary>A threshold asks for more signatures than there are keys to make them.</summary>
    public const string TrustThresholdTooHigh = "CAIRN0607";

    /// <summary>A rotation statement of the trust store is not valid.</summary>
    public const string TrustBadRotation = "CAIRN0608";

    /// <summary>A rotation statement of the trust store has no effect any more.</summary>
    public const string TrustVoidRotation = "CAIRN0609";

    /// <summary>The key that a run would sign with cannot be opened.</summary>
    public const string SigningKeyClosed = "CAIRN0610";

    /// <summary>The key that a run would sign with is revoked or not valid now.</summary>
    public const string SigningKeyNotValid = "CAIRN0611";

    /// <summary>The trust store is written in a way that Cairn cannot edit safely.</summary>
    public const string TrustNotEdited = "CAIRN0612";
}
