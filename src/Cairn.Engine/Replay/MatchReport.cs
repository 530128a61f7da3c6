using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Engine.Explain;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Replay;

/// <summary>How an attested action relates to what the same job would execute now.</summary>
public enum MatchState
{
    /// <summary>It is the same, and the cache has a result of it that counts: nothing would be executed.</summary>
    Reused,

    /// <summary>It is the same, and the cache here has no result of it that counts.</summary>
    Same,

    /// <summary>It is the same if the steps that it needs, and which would be executed, make what they made then.</summary>
    Awaiting,

    /// <summary>It is another.</summary>
    Drifted,

    /// <summary>The pipeline has no such job any more.</summary>
    Gone,

    /// <summary>It could not be compared.</summary>
    NotCompared,
}

/// <summary>An attested action held against the job as it is now.</summary>
/// <param name="Action">The attested action.</param>
/// <param name="State">How they relate.</param>
public sealed record ActionMatch(AttestedAction Action, MatchState State)
{
    /// <summary>Of what was not compared, or is gone: why.</summary>
    public string? Reason { get; init; }

    /// <summary>What drifted: the command first, then the environment, the platform and the outputs, the inputs last.</summary>
    public JobChanges Changes { get; init; } = JobChanges.None;

    /// <summary>The packages of toolchains that drifted.</summary>
    public ImmutableArray<DependencyChange> Packages { get; init; } = [];

    /// <summary>The jobs that it needs and whose results would not be reused.</summary>
    public ImmutableArray<string> Awaits { get; init; } = [];

    /// <summary>The digest of what it would execute now; null where that is not known.</summary>
    public string? Now { get; init; }

    /// <summary>Of what would be reused: the run whose result it is.</summary>
    public string? FromRun { get; init; }
}

/// <summary>Something of a run that is other now, or the same.</summary>
/// <param name="Kind"><c>commit</c>, <c>sources</c>, <c>pipeline</c>, <c>toolchain</c>.</param>
/// <param name="Name">Which one of its kind; empty where there is one only.</param>
/// <param name="Before">What it was; null where it was not there.</param>
/// <param name="After">What it is; null where it is not there.</param>
public sealed record RunField(string Kind, string Name, string? Before, string? After)
{
    /// <summary>Whether it is as it was.</summary>
    public bool IsSame => string.Equals(Before, After, StringComparison.Ordinal);
}

/// <summary>What was attested, held against what is here now.</summary>
/// <param name="Run">What the receipt says of the run as a whole; empty without one.</param>
/// <param name="Actions">Its actions.</param>
public sealed record MatchReport(ImmutableArray<RunField> Run, ImmutableArray<ActionMatch> Actions)
{
    /// <summary>Mistakes of the pipeline as it is now, for which nothing could be compared.</summary>
    public ImmutableArray<Diagnostic> Diagnostics { get; init; } = [];

    /// <summary>The texts that these are about.</summary>
    public ImmutableDictionary<string, SourceText> Sources { get; init; } = ImmutableDictionary<string, SourceText>.Empty;

    /// <summary>Whether the pipeline can be read.</summary>
    public bool HasErrors => Diagnostics.Any(static d => d.Severity == DiagnosticSeverity.Error);
}
