using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Engine.Reproduce;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Replay;

/// <summary>What a caller wants to have executed again.</summary>
public sealed record ReplayRequest
{
    /// <summary>The project and the machine's settings, as for a run.</summary>
    public required RunRequest Run { get; init; }

    /// <summary>The actions.</summary>
    public required ImmutableArray<AttestedAction> Actions { get; init; }

    /// <summary>The receipt that names them: its pipeline and parameters tell what their inputs are in the working tree. Null for the project's own.</summary>
    public RunReceipt? Receipt { get; init; }

    /// <summary>How often each is executed at least.</summary>
    public int Times { get; init; } = 1;
}

/// <summary>What came of a replay, from the best to the worst.</summary>
public enum ReplayVerdict
{
    /// <summary>It made what was attested.</summary>
    Identical,

    /// <summary>It could not be executed here.</summary>
    NotReplayed,

    /// <summary>Executions of it differ among themselves, by chance or by what should make no difference.</summary>
    Nondeterministic,

    /// <summary>Executions of it agree with each other, and not with what was attested.</summary>
    Unexplained,

    /// <summary>Bytes, a digest or a signature are not what they should be; nothing was executed.</summary>
    Tampered,
}

/// <summary>The words for verdicts.</summary>
public static class ReplayVerdicts
{
    /// <summary>The word.</summary>
    public static string Of(ReplayVerdict verdict) => verdict switch
    {
        ReplayVerdict.Identical => "identical",
        ReplayVerdict.NotReplayed => "not replayed",
        ReplayVerdict.Nondeterministic => "nondeterministic",
        ReplayVerdict.Unexplained => "unexplained",
        ReplayVerdict.Tampered => "tampered",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict)),
    };
}

/// <summary>An action that was executed again.</summary>
/// <param name="Action">The action.</param>
/// <param name="Verdict">What came of it.</param>
public sealed record ActionReplay(AttestedAction Action, ReplayVerdict Verdict)
{
    /// <summary>Why it was not executed, or what was tampered with; null otherwise.</summary>
    public string? Reason { get; init; }

    /// <summary>What a person should know before relying on the verdict.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>How often it was executed.</summary>
    public int Executions { get; init; }

    /// <summary>How many files and step outputs it makes.</summary>
    public int Files { get; init; }

    /// <summary>The files that differ, sorted by path.</summary>
    public ImmutableArray<FileDifference> Differences { get; init; } = [];

    /// <summary>What the first execution made; null where there was none, or it failed.</summary>
    public ActionResult? Made { get; init; }
}
