namespace Cairn.Core.Diagnostics;

public static partial class DiagnosticCodes
{
    /// <summary>A fetch step does not say from where, from what or to where it fetches.</summary>
    public const string FetchIncomplete = "CAIRN0720";

    /// <summary>A fetch step has a key that has no meaning for one.</summary>
    public const string FetchConflict = "CAIRN0721";

    /// <summary><c>hosts</c> stands in a step that fetches nothing.</summary>
    public const string HostsWithoutFetch = "CAIRN0722";

    /// <summary>A text is not the name of a host.</summary>
    public const string InvalidHost = "CAIRN0723";

    /// <summary>A fetch step is not in <c>cairn.lock</c>, or there is none.</summary>
    public const string FetchNotPinned = "CAIRN0724";

    /// <summary>What is in <c>cairn.lock</c> cannot be read, or was edited.</summary>
    public const string FetchLockInvalid = "CAIRN0725";

    /// <summary>A step was refused a host that is not among its <c>hosts</c>.</summary>
    public const string HostRefused = "CAIRN0726";
}
