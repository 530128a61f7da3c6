using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Toolchains;

namespace Cairn.Execution.Toolchains;

/// <summary>How a link of the chain stands up to being checked.</summary>
public enum TraceState
{
    /// <summary>It was checked and is right.</summary>
    Right,

    /// <summary>It was checked and is wrong.</summary>
    Wrong,

    /// <summary>What it would be checked by is not here.</summary>
    NotChecked,
}

/// <summary>A link of the chain from a tree to its seed.</summary>
/// <param name="Depth">How far from the tree.</param>
/// <param name="Subject">What it is.</param>
/// <param name="Digest">Its bytes, where it has any.</param>
/// <param name="Finding">What was found.</param>
/// <param name="State">Whether that is right.</param>
public sealed record TraceLink(int Depth, string Subject, Digest? Digest, string Finding, TraceState State);

/// <summary>Walks the chain of a toolchain from its tree to its seed, and checks every link of it again.</summary>
public static class ToolchainTrace
{
    /// <summary>Checks all links: the tree against what it is made of, this against what vouches for it, that against signatures.</summary>
    public static Task<ImmutableArray<TraceLink>> WalkAsync(ToolchainBuilder builder, LockedToolchain locked, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(locked);
        return builder.TraceAsync(locked, cancellationToken);
    }
}
