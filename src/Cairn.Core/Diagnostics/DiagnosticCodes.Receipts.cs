namespace Cairn.Core.Diagnostics;

/// <content>Receipts and attestations of files: <c>CAIRN0620</c> to <c>CAIRN0639</c>.</content>
public static partial class DiagnosticCodes
{
    /// <summary>A run has no receipt: nothing could sign it, or write it.</summary>
    public const string ReceiptNotWritten = "CAIRN0620";

    /// <summary>A run that is asked for has no receipt.</summary>
    public const string ReceiptMissing = "CAIRN0621";

    /// <summary>A receipt is none, or damaged.</summary>
    public const string ReceiptInvalid = "CAIRN0622";

    /// <summary>The attestation of a step is not in the store, or no longer.</summary>
    public const string AttestationMissing = "CAIRN0623";

    /// <summary>A file cannot be attested.</summary>
    public const string AttestFileUnusable = "CAIRN0630";

    /// <summary>A predicate cannot be attested.</summary>
    public const string AttestPredicateInvalid = "CAIRN0631";

    /// <summary>There is no key to sign with.</summary>
    public const string AttestKeyUnusable = "CAIRN0632";

    /// <summary>The file that an attestation is to be added to holds something else.</summary>
    public const string AttestOutputForeign = "CAIRN0633";
}
