namespace Cairn.Core.Diagnostics;

/// <content>The transparency log: <c>CAIRN0800</c> to <c>CAIRN0819</c>.</content>
public static partial class DiagnosticCodes
{
    /// <summary>What a run or a command signed could not be logged.</summary>
    public const string RunNotLogged = "CAIRN0800";

    /// <summary>There is no log where one is looked for.</summary>
    public const string LogMissing = "CAIRN0801";

    /// <summary>A log does not hold what its checkpoint says.</summary>
    public const string LogCorrupt = "CAIRN0802";

    /// <summary>Others write to a log, and did not cease in time.</summary>
    public const string LogBusy = "CAIRN0803";

    /// <summary>A log ended, and takes nothing more.</summary>
    public const string LogFrozen = "CAIRN0804";

    /// <summary>The key that signs the checkpoints of a log is not to be had.</summary>
    public const string LogKeyMissing = "CAIRN0805";

    /// <summary>Something cannot be an entry of a log.</summary>
    public const string LogEntryRefused = "CAIRN0806";

    /// <summary>Something does not stand in a log.</summary>
    public const string LogEntryMissing = "CAIRN0807";

    /// <summary>A proof cannot be read, or does not prove what it should.</summary>
    public const string LogProofRefused = "CAIRN0808";

    /// <summary>A key of a log cannot be read.</summary>
    public const string LogKeyUnreadable = "CAIRN0809";
}
