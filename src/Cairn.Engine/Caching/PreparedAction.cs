using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Engine.Outputs;
using Cairn.Engine.Toolchains;
using Cairn.Store.Files;

namespace Cairn.Engine.Caching;

/// <summary>What a job would execute, and over what.</summary>
/// <param name="Encoded">The action.</param>
/// <param name="Inputs">All its inputs.</param>
/// <param name="Sources">Its source files.</param>
internal sealed record PreparedAction(EncodedAction Encoded, MerkleTree Inputs, JobSources Sources)
{
    /// <summary>What <see cref="Inputs"/> is made of: the sources, then what each need made.</summary>
    public required ImmutableArray<InputTree> Trees { get; init; }

    /// <summary>What it has instead of the machine's programs; null for these.</summary>
    public ToolchainSet? Toolchains { get; init; }

    /// <summary>Of a fetch step, the digest of what it asks for; null of any other.</summary>
    public Digest? Asked { get; init; }

    /// <summary>Why neither the look-up nor the storing happens, or null.</summary>
    public string? Off { get; init; }

    /// <summary>What <see cref="Encoded"/> is of.</summary>
    public required ActionDescription Description { get; init; }

    public Digest Digest => Encoded.Digest;
}

/// <summary>A part of a job's inputs, and where it was found.</summary>
/// <param name="Tree">What it holds.</param>
/// <param name="Stats">Its files as they stood in the working tree, by path.</param>
internal sealed record InputTree(MerkleTree Tree, Lazy<Dictionary<string, FileStat>> Stats)
{
    public static InputTree Of(JobSources sources) => new(sources.Tree, new(() =>
    {
        var stats = new Dictionary<string, FileStat>(sources.Entries.Length, StringComparer.Ordinal);
        foreach (var entry in sources.Entries)
        {
            stats[entry.Path] = entry.Stat;
        }

        return stats;
    }));

    public static InputTree Of(MerkleTree tree, IReadOnlyList<TreeFile> files) => new(tree, new(() =>
    {
        var stats = new Dictionary<string, FileStat>(files.Count, StringComparer.Ordinal);
        foreach (var file in files)
        {
            stats[file.Path] = file.Stat;
        }

        return stats;
    }));
}

/// <summary>Everything a finished execution left that a later run may want.</summary>
internal sealed record ExecutedJob(IReadOnlyList<TreeFile> Files, string? LogPath, string? IndexPath, string? SummaryPath, ActionResult Result)
{
    /// <summary>Of a fetch step, what it brought, which is in the store; null of any other.</summary>
    public ImmutableArray<OutputFile>? Fetched { get; init; }
}
