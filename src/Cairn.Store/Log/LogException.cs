namespace Cairn.Store.Log;

/// <summary>Why a log cannot be used.</summary>
public enum LogProblem
{
    /// <summary>There is none.</summary>
    Missing,

    /// <summary>It does not hold what its checkpoint says.</summary>
    Corrupt,

    /// <summary>Others write to it, and did not cease in time.</summary>
    Busy,

    /// <summary>It ended; another one goes on.</summary>
    Frozen,

    /// <summary>The key that signs its checkpoints is not to be had.</summary>
    KeyMissing,

    /// <summary>An entry cannot be one.</summary>
    BadEntry,
}

/// <summary>A log that cannot be used.</summary>
/// <param name="problem">In which way.</param>
/// <param name="message">In words.</param>
/// <param name="suggestion">What to do about it.</param>
/// <param name="inner">The cause.</param>
public sealed class LogException(LogProblem problem, string message, string? suggestion = null, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>In which way.</summary>
    public LogProblem Problem { get; } = problem;

    /// <summary>What to do about it.</summary>
    public string? Suggestion { get; } = suggestion;
}
