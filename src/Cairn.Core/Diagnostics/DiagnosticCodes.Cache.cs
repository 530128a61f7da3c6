namespace Cairn.Core.Diagnostics;

/// <content>The action cache: in the language <c>CAIRN0540</c> to <c>CAIRN0559</c>, in a run <c>CAIRN0560</c> to <c>CAIRN0579</c>.</content>
public static partial class DiagnosticCodes
{
    /// <summary>Two tool caches of a step lie within each other, or one lies where the step writes its outputs.</summary>
    public const string ToolCacheOverlap = "CAIRN0540";

    /// <summary>A tool cache lies where git tracks files.</summary>
    public const string ToolCacheTracked = "CAIRN0541";

    /// <summary>An input changed while a step ran.</summary>
    public const string CacheInputRace = "CAIRN0560";

    /// <summary>Results could not be stored.</summary>
    public const string CacheNotWritten = "CAIRN0561";

    /// <summary>The store cannot be used.</summary>
    public const string CacheUnusable = "CAIRN0562";
}
