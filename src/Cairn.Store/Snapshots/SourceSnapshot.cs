using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Store.Files;

namespace Cairn.Store.Snapshots;

/// <summary>A source file or link at the start of a run.</summary>
/// <param name="Path">Relative to the project.</param>
/// <param name="Stat">Its stat when it was hashed.</param>
/// <param name="Digest">Its content; of a link, <see cref="Digest.Empty"/>.</param>
/// <param name="Target">Where the link leads; null for a file.</param>
public sealed record SnapshotEntry(string Path, FileStat Stat, Digest Digest, string? Target);

/// <summary>Which files a snapshot is to hold: the union of everything asked for.</summary>
public sealed record SnapshotRequest
{
    /// <summary>Whether every file counts that no ignore rule excludes (or that git tracks): some job has the default inputs.</summary>
    public bool All { get; init; }

    /// <summary>Paths that jobs name one by one; missing ones are left out of the snapshot silently. Ignore rules do not apply. A folder's name stands for nothing.</summary>
    public IReadOnlyCollection<string> Literals { get; init; } = [];

    /// <summary>Globs of jobs, by job. Ignore rules do not apply.</summary>
    public IReadOnlyCollection<PathPatterns> Globs { get; init; } = [];

    /// <summary>What never counts, whatever else is said: outputs of steps, the pipeline's files. Null for nothing.</summary>
    public Func<string, bool>? Exclude { get; init; }

    /// <summary>Whether git tracks a path although it is ignored; null without git.</summary>
    public Func<string, bool>? IsTracked { get; init; }
}

/// <summary>The sources of a run: every file once, sorted by <see cref="string.CompareOrdinal(string, string)"/>.</summary>
public sealed record SourceSnapshot(ImmutableArray<SnapshotEntry> Entries, ImmutableArray<Diagnostic> Diagnostics)
{
    /// <summary>
    /// Walks, stats, and hashes what the index does not know, in parallel; large files do not hold up small ones. Names that are not UTF-8, special files, unreadable
    /// ones and folders nested too deep are diagnostics, all of them at once.
    /// </summary>
    public static Task<SourceSnapshot> TakeAsync(DirectoryHandle root, SnapshotRequest request, StatIndex index, CancellationToken cancellationToken) => throw new NotSupportedException();
}
