namespace Cairn.Core.Diagnostics;

public static partial class DiagnosticCodes
{
    /// <summary>The store cannot be used at all, so that nothing is taken from the cache and nothing kept.</summary>
    public const string StoreUnusable = "CAIRN0520";

    /// <summary>The store cannot be written: results are taken from the cache, and none are kept.</summary>
    public const string StoreReadOnly = "CAIRN0521";
}
