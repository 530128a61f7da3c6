using System.Collections.Immutable;

namespace Cairn.Engine.Replay;

/// <summary>How many results of the cache are challenged.</summary>
/// <param name="Value">A part from 0 to 1, or a count.</param>
/// <param name="IsPart">Whether it is a part.</param>
public readonly record struct SampleSize(double Value, bool IsPart)
{
    /// <summary>How many of some; of a part at least one.</summary>
    public int Of(int entries) => (int)Math.Min(entries, IsPart ? Math.Ceiling(entries * (decimal)Value) : (decimal)Value);
}

/// <summary>What a caller wants to have challenged.</summary>
public sealed record ChallengeRequest
{
    /// <summary>The machine's settings, as for a run; each result is replayed in the project that it comes from.</summary>
    public required RunRequest Run { get; init; }

    /// <summary>How many.</summary>
    public required SampleSize Sample { get; init; }

    /// <summary>What the choice follows from: the same seed chooses the same of the same cache.</summary>
    public required string Seed { get; init; }

    /// <summary>After how long it ends; null for never.</summary>
    public TimeSpan? Budget { get; init; }

    /// <summary>Which part of the processors' time others may take; above it waits.</summary>
    public double MaxLoad { get; init; } = 0.5;

    /// <summary>Whether results stay that differ among themselves.</summary>
    public bool ToleratesNondeterminism { get; init; }
}

/// <summary>A result that was challenged.</summary>
/// <param name="Replay">What came of it.</param>
/// <param name="Project">The folder of the project that it comes from; null where that is not known.</param>
/// <param name="IsDemoted">Whether it counts no more.</param>
public sealed record ChallengedEntry(ActionReplay Replay, string? Project, bool IsDemoted);

/// <summary>What a challenge came to.</summary>
/// <param name="Entries">How many results the cache has.</param>
/// <param name="Chosen">How many of them were chosen.</param>
/// <param name="Results">What came of those that it came to, in the order in which they were chosen.</param>
/// <param name="Stopped">Why it ended before all were challenged; null where it did not.</param>
public sealed record ChallengeReport(int Entries, int Chosen, ImmutableArray<ChallengedEntry> Results, string? Stopped)
{
    /// <summary>Whether a person or a signal ended it.</summary>
    public bool IsCancelled { get; init; }
}
