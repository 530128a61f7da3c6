namespace Cairn.Core.Diagnostics;

/// <content>What a sandboxed step did beside its declarations, and what is kept to look at it: <c>CAIRN0585</c> to <c>CAIRN0589</c>.</content>
public static partial class DiagnosticCodes
{
    /// <summary>A step wrote outside its outputs.</summary>
    public const string UndeclaredWrites = "CAIRN0585";

    /// <summary>A strict step wrote outside its outputs.</summary>
    public const string StrictWrites = "CAIRN0586";

    /// <summary>A step failed after looking for a file that is not among its inputs.</summary>
    public const string UndeclaredInput = "CAIRN0587";

    /// <summary>The root of a failed step could not be kept.</summary>
    public const string RootNotKept = "CAIRN0588";
}
