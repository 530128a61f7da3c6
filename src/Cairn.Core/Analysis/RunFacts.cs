using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Events;
using Cairn.Core.Scheduling;

namespace Cairn.Core.Analysis;

/// <summary>How a run ended, as its record tells.</summary>
public enum RunOutcome
{
    /// <summary>Well.</summary>
    Succeeded,

    /// <summary>With a failure.</summary>
    Failed,

    /// <summary>Cancelled.</summary>
    Cancelled,

    /// <summary>Its process was gone before it ended.</summary>
    Interrupted,
}

/// <summary>An action digest in 32 bytes: an analysis holds many.</summary>
/// <param name="High">Its first half.</param>
/// <param name="Low">Its second half.</param>
public readonly record struct ActionKey(UInt128 High, UInt128 Low)
{
    /// <summary>Reads 64 hex digits; null where they are none.</summary>
    public static ActionKey? TryParse(ReadOnlySpan<byte> hex) =>
        hex.Length == 64
        && UInt128.TryParse(hex[..32], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var high)
        && UInt128.TryParse(hex[32..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var low)
            ? new ActionKey(high, low)
            : null;

    /// <summary>The 64 hex digits.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{High:x32}{Low:x32}");
}

/// <summary>What an analysis takes from the record of a run.</summary>
public sealed record RunFacts
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Its project, as the analysis names it; empty where there is but one.</summary>
    public string Project { get; init; } = "";

    /// <summary>Its pipeline.</summary>
    public required string Pipeline { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>How it ended.</summary>
    public required RunOutcome Outcome { get; init; }

    /// <summary>How long it took in milliseconds.</summary>
    public required double WallMs { get; init; }

    /// <summary>Jobs at once.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>The jobs that have ended, in the order of that.</summary>
    public ImmutableArray<JobFacts> Jobs { get; init; } = [];

    /// <summary>The chain of jobs that determined how long it took, as indices of <see cref="Jobs"/>, first to last.</summary>
    public ImmutableArray<int> CriticalPath { get; init; } = [];
}

/// <summary>What an analysis takes from the end of a job.</summary>
public sealed record JobFacts
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Its step.</summary>
    public required string Step { get; init; }

    /// <summary>How it ended.</summary>
    public required JobStatus Status { get; init; }

    /// <summary>Attempts made; 0 where it did not execute.</summary>
    public int Attempts { get; init; }

    /// <summary>Wall time of the last attempt in milliseconds.</summary>
    public double DurationMs { get; init; }

    /// <summary>What the attempts before it and the waits between them took, in milliseconds.</summary>
    public double RetriedMs { get; init; }

    /// <summary>Processor time in milliseconds.</summary>
    public double CpuMs { get; init; }

    /// <summary>What the cache had to do with it; null where it did not run.</summary>
    public CacheState? Cache { get; init; }

    /// <summary>Whether it was executed because the caller said so.</summary>
    public bool Forced { get; init; }

    /// <summary>Why the cache was not asked, or why its result was not kept.</summary>
    public string? Reason { get; init; }

    /// <summary>What a hit saved, in milliseconds.</summary>
    public double SavedMs { get; init; }

    /// <summary>Its action.</summary>
    public ActionKey? Action { get; init; }

    /// <summary>Whether it was executed.</summary>
    public bool IsExecuted => Attempts > 0 && Cache != CacheState.Hit;

    /// <summary>Whether it failed.</summary>
    public bool IsFailed => Status is JobStatus.Failed or JobStatus.TimedOut;
}
