namespace Cairn.Core.Diagnostics;

public static partial class DiagnosticCodes
{
    /// <summary>Files matched a step's outputs that no step had written; they were moved to the trash.</summary>
    public const string ForeignOutputsMoved = "CAIRN0401";

    /// <summary>A step left processes behind, which were killed.</summary>
    public const string StraysKilled = "CAIRN0402";

    /// <summary>A log could not be written in full.</summary>
    public const string LogIncomplete = "CAIRN0403";

    /// <summary>No file matches a declared output glob.</summary>
    public const string OutputMatchesNothing = "CAIRN0404";

    /// <summary>A report is missing or not valid.</summary>
    public const string ReportUnreadable = "CAIRN0405";

    /// <summary>A temporary folder could not be removed.</summary>
    public const string ScratchLeft = "CAIRN0406";

    /// <summary>A run inside a run on the same tree.</summary>
    public const string NestedRun = "CAIRN0407";

    /// <summary>The run to retry does not exist, or has nothing to retry.</summary>
    public const string NothingToRetry = "CAIRN0408";

    /// <summary>Git could not be asked although there is a repository.</summary>
    public const string GitUnavailable = "CAIRN0409";

    /// <summary>A step's lock sorts before a lock that the whole run holds, so that two runs could wait for each other.</summary>
    public const string LockOrder = "CAIRN0410";

    /// <summary>A secret is too short to be masked in logs.</summary>
    public const string SecretTooShort = "CAIRN0412";

    /// <summary>The record of a run could not be written, which ends the run, or what it keeps for the next one.</summary>
    public const string RecordIncomplete = "CAIRN0413";
}
