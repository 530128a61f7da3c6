namespace Cairn.Core.Diagnostics;

/// <content>Verifying and approving: <c>CAIRN0640</c> to <c>CAIRN0659</c>.</content>
public static partial class DiagnosticCodes
{
    /// <summary>What is to be verified is not there, or cannot be looked at.</summary>
    public const string VerifyTargetMissing = "CAIRN0640";

    /// <summary>A public key that was given for a verification cannot be used.</summary>
    public const string VerifyKeyUnusable = "CAIRN0641";

    /// <summary>A summary was not written: there is nothing that it could say.</summary>
    public const string VerifySummaryEmpty = "CAIRN0642";

    /// <summary>What does not verify cannot be approved.</summary>
    public const string ApprovalRefused = "CAIRN0643";

    /// <summary>The key that built something approves it, which counts for nothing.</summary>
    public const string ApprovalOfOwn = "CAIRN0644";
}
