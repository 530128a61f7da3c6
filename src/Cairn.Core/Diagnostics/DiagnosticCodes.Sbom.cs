namespace Cairn.Core.Diagnostics;

/// <content>Bills of materials: <c>CAIRN0860</c> to <c>CAIRN0869</c>.</content>
public static partial class DiagnosticCodes
{
    /// <summary>A bill of materials cannot be made.</summary>
    public const string SbomImpossible = "CAIRN0860";
}
