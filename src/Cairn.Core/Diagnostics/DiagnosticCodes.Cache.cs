namespace Cairn.Core.Diagnostics;

/// <content>The cache in the language: <c>CAIRN0540</c> to <c>CAIRN0559</c>.</content>
public static partial class DiagnosticCodes
{
    /// <summary>Two tool caches of a step lie within each other, or one lies where the step writes its outputs.</summary>
    public const string ToolCacheOverlap = "CAIRN0540";

    /// <summary>A tool cache lies where git tracks files.</summary>
    public const string ToolCacheTracked = "CAIRN0541";
}
