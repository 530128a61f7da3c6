using System.Text.Json.Serialization;

namespace Cairn.Core.Events;

/// <summary>What the action cache had to do with a job.</summary>
public enum CacheState
{
    /// <summary>The result came from it; nothing was executed.</summary>
    Hit,

    /// <summary>It had no result; the job was executed.</summary>
    Miss,

    /// <summary>It was not asked.</summary>
    Off,
}

/// <summary>How a job used the action cache.</summary>
/// <param name="State">How.</param>
public sealed record CacheUse(CacheState State)
{
    /// <summary>The action digest as hex; null where none was computed.</summary>
    public string? Action { get; init; }

    /// <summary>The <see cref="Reason"/> of a job that was executed because the caller said so, and whose result was stored.</summary>
    public const string ForceReason = "`--force`";

    /// <summary>Why it was not asked, or why an executed result was not stored; null otherwise.</summary>
    public string? Reason { get; init; }

    /// <summary>Of a miss: whether it was not asked because of <c>--force</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Forced { get; init; }

    /// <summary>Of an execution: why its result was not stored; null where it was, and of a hit.</summary>
    [JsonIgnore]
    public string? NotKept => State == CacheState.Hit || (Forced && string.Equals(Reason, ForceReason, StringComparison.Ordinal)) ? null : Reason;

    /// <summary>Of a hit of a fetch step: the digest of the tree that <c>cairn.lock</c> has pinned, by which it was found.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Pin { get; init; }

    /// <summary>Of a hit: the run that executed it.</summary>
    public string? FromRun { get; init; }

    /// <summary>Of a hit: when that execution ended.</summary>
    public DateTimeOffset? FromTime { get; init; }

    /// <summary>Of a hit: the machine it was executed on.</summary>
    public string? FromHost { get; init; }

    /// <summary>Of a hit: the folder of the project it was executed in, where that is another one.</summary>
    public string? FromProject { get; init; }

    /// <summary>Of a hit: what the execution took in milliseconds.</summary>
    public double? SavedMs { get; init; }

    /// <summary>Of a hit: the digest of the log, which stands in the store; null where nothing was written.</summary>
    public string? Log { get; init; }

    /// <summary>Of a hit: the digest of the log's index.</summary>
    public string? LogIndex { get; init; }
}
