namespace Cairn.Core.Diagnostics;

public static partial class DiagnosticCodes
{
    /// <summary>A record of a run is damaged in part or cannot be read; the analysis takes what is right of it.</summary>
    public const string AnalysisRecordDamaged = "CAIRN0690";

    /// <summary>The records do not reach back as far as the period that was asked for.</summary>
    public const string AnalysisPeriodCut = "CAIRN0691";
}
