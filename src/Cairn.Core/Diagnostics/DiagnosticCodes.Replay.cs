namespace Cairn.Core.Diagnostics;

/// <content>Comparing and executing again what was attested: <c>CAIRN0870</c> to <c>CAIRN0889</c>.</content>
public static partial class DiagnosticCodes
{
    /// <summary>What is to be compared or executed again is not there, or tells of no action.</summary>
    public const string ReplayTargetMissing = "CAIRN0870";

    /// <summary>A replay was not attested: nothing was made that could be.</summary>
    public const string ReplayNotAttested = "CAIRN0871";

    /// <summary>Which results were demoted cannot be read.</summary>
    public const string DemotionsUnreadable = "CAIRN0872";

    /// <summary>A challenge cannot begin: there is no store, or it has no results.</summary>
    public const string ChallengeImpossible = "CAIRN0873";
}
