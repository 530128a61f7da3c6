namespace Cairn.Execution.Toolchains;

/// <summary>A toolchain cannot be had, for a reason that a person can do something about.</summary>
public sealed class ToolchainException(string message, string? suggestion = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What to do, or null.</summary>
    public string? Suggestion { get; } = suggestion;

    /// <summary>The id of what is wrong, one of <see cref="Core.Diagnostics.DiagnosticCodes"/>; null for what needs no explanation beyond the message.</summary>
    public string? Code { get; init; }

    /// <summary>Whether nothing is known to be wrong: what it would be checked by is not here.</summary>
    public bool IsUnchecked { get; init; }
}

/// <summary>How far something has come.</summary>
/// <param name="What">What is being done.</param>
/// <param name="Done">How much of it is done.</param>
/// <param name="Total">How much it is; 0 where that is not known.</param>
/// <param name="InBytes">Whether these are bytes; else packages.</param>
/// <param name="Files">Of bytes: how many files have come whole.</param>
/// <param name="FilesTotal">Of bytes: of how many.</param>
public readonly record struct ToolchainProgress(string What, long Done, long Total, bool InBytes, int Files = 0, int FilesTotal = 0);
