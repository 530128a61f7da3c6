namespace Cairn.Core.Diagnostics;

public static partial class DiagnosticCodes
{
    /// <summary>The name of an input is not UTF-8.</summary>
    public const string SourceNameNotUtf8 = "CAIRN0510";

    /// <summary>An input is a FIFO, a socket or a device.</summary>
    public const string SourceSpecialFile = "CAIRN0511";

    /// <summary>An input, or a folder with inputs, cannot be read.</summary>
    public const string SourceUnreadable = "CAIRN0512";

    /// <summary>Folders with inputs are nested too deep.</summary>
    public const string SourceTooDeep = "CAIRN0513";

    /// <summary>There are too many inputs.</summary>
    public const string SourceTooMany = "CAIRN0514";

    /// <summary>The path of an input is too long.</summary>
    public const string SourcePathTooLong = "CAIRN0515";

    /// <summary>The target of a link among the inputs is not UTF-8.</summary>
    public const string SourceTargetNotUtf8 = "CAIRN0516";

    /// <summary>An input changes again and again while it is read.</summary>
    public const string SourceChanging = "CAIRN0517";

    /// <summary>A file with ignore rules cannot be used.</summary>
    public const string IgnoreFileUnusable = "CAIRN0518";

    /// <summary>An input is named by a path that leads over a link.</summary>
    public const string SourceBeyondLink = "CAIRN0519";
}
