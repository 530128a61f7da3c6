namespace Cairn.Core.Diagnostics;

public static partial class DiagnosticCodes
{
    /// <summary>A step shall be deterministic in an isolation that hides nothing from it.</summary>
    public const string DeterminismNeedsSandbox = "CAIRN0590";

    /// <summary>The machine has not what a deterministic step asks for.</summary>
    public const string DeterminismUnavailable = "CAIRN0591";
}
