namespace Cairn.Core.Diagnostics;

/// <content>05xx: the store, snapshots and the action cache.</content>
public static partial class DiagnosticCodes
{
    /// <summary>An input changed while a step ran.</summary>
    public const string CacheInputRace = "CAIRN0560";

    /// <summary>Results could not be stored.</summary>
    public const string CacheNotWritten = "CAIRN0561";

    /// <summary>The store cannot be used.</summary>
    public const string CacheUnusable = "CAIRN0562";
}
