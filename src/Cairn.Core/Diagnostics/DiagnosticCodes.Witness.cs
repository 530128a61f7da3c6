namespace Cairn.Core.Diagnostics;

/// <content>Serving, reading, witnessing and following logs, and bundles for other verifiers.</content>
public static partial class DiagnosticCodes
{
    /// <summary>A log or a witness does not answer, or with something that is no answer.</summary>
    public const string LogUnavailable = "CAIRN0820";

    /// <summary>A log shows less than before, another history, or files that are not those of its checkpoint.</summary>
    public const string LogBreach = "CAIRN0821";

    /// <summary>There is no log to read, or none whose key is trusted.</summary>
    public const string LogUntrusted = "CAIRN0822";

    /// <summary>Nothing can listen at an address.</summary>
    public const string ListenFailed = "CAIRN0823";

    /// <summary>The file with the token of a log cannot be used.</summary>
    public const string LogTokenUnusable = "CAIRN0824";

    /// <summary>There is no key of a witness, or it cannot be used.</summary>
    public const string WitnessKeyUnusable = "CAIRN0825";

    /// <summary>Another process has the state of a witness or a monitor.</summary>
    public const string LogStateBusy = "CAIRN0826";

    /// <summary>Too few witnesses cosigned.</summary>
    public const string WitnessesTooFew = "CAIRN0827";

    /// <summary>A Sigstore bundle cannot be written.</summary>
    public const string SigstoreUnwritable = "CAIRN0828";

    /// <summary>What a monitor shall look for is none of the things that it can find.</summary>
    public const string WatchInvalid = "CAIRN0829";

    /// <summary>A Sigstore trusted root cannot be read, or has no log that could be believed.</summary>
    public const string TrustedRootUnusable = "CAIRN0830";
}
