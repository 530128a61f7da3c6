using System.Collections.Immutable;
using System.Diagnostics;

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

    /// <summary>Globs of jobs, by job. Ignore rules do not apply. One without a wildcard takes a file, or a folder with all below it.</summary>
    public IReadOnlyCollection<PathPatterns> Globs { get; init; } = [];

    /// <summary>What never counts, whatever else is said: outputs of steps, the pipeline's files. Called by several threads. Null for nothing.</summary>
    public Func<string, bool>? Exclude { get; init; }

    /// <summary>Whether git tracks a path although it is ignored; null without git. Called by several threads.</summary>
    public Func<string, bool>? IsTracked { get; init; }

    /// <summary>Whether git tracks something below a folder; null where it tracks nothing in ignored folders, which are not entered then.</summary>
    public Func<string, bool>? HasTrackedBelow { get; init; }

    /// <summary>The top of git's working tree around the project, absolute, whose rules apply too; null without git, or where it is the project itself and has no <c>.git/info/exclude</c>.</summary>
    public string? Repository { get; init; }

    /// <summary>The project's path below <see cref="Repository"/>; empty where it is the same folder.</summary>
    public string PathInRepository { get; init; } = "";
}

/// <summary>The sources of a run: every file once, sorted by <see cref="string.CompareOrdinal(string, string)"/>.</summary>
public sealed record SourceSnapshot(ImmutableArray<SnapshotEntry> Entries, ImmutableArray<Diagnostic> Diagnostics)
{
    /// <summary>A time before the first stat was taken, in nanoseconds since 1970: <see cref="StatIndex.IsRacy"/> with it says which stats to distrust later.</summary>
    public long StatedNs { get; init; }

    /// <summary>How many files were read, since the index did not know them.</summary>
    public int HashedFiles { get; init; }

    /// <summary>
    /// Walks, stats, and hashes what the index does not know, in parallel; large files do not hold up small ones. Names that are not UTF-8, special files, unreadable
    /// ones and folders nested too deep are diagnostics, all of them at once.
    /// </summary>
    public static Task<SourceSnapshot> TakeAsync(DirectoryHandle root, SnapshotRequest request, StatIndex index, CancellationToken cancellationToken) =>
        Task.Run(() => Take(root, request, index, cancellationToken), cancellationToken);

    /// <summary>The same at once, with the calling thread as one of the workers.</summary>
    public static SourceSnapshot Take(DirectoryHandle root, SnapshotRequest request, StatIndex index, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(index);
        var stated = index.NowNs();
        var problems = new SourceProblems();
        var unhashed = new List<UnhashedFile>();
        var literals = new LiteralSources(root, request, index, problems, cancellationToken);
        literals.Take(unhashed);
        var walk = new SourceWalk(root, request, index, problems, cancellationToken);
        walk.Take(literals.Folders, unhashed);
        new SourceHasher(root, index, stated, problems, cancellationToken).Hash(unhashed);
        var entries = Merge(literals.Entries, walk.Collect());
        return new SourceSnapshot(entries, problems.ToSorted()) { StatedNs = stated, HashedFiles = unhashed.Count };
    }

    /// <summary>Two sorted lists to one, without what is in both and what has vanished.</summary>
    private static ImmutableArray<SnapshotEntry> Merge(SnapshotEntry?[] literals, List<SnapshotEntry> walked)
    {
        var entries = ImmutableArray.CreateBuilder<SnapshotEntry>(walked.Count + literals.Length);
        var at = 0;
        foreach (var literal in literals)
        {
            if (literal is null)
            {
                continue;
            }

            var order = -1;
            while (at < walked.Count && (order = string.CompareOrdinal(walked[at].Path, literal.Path)) < 0)
            {
                entries.Add(walked[at++]);
            }

            if (at == walked.Count || order > 0)
            {
                entries.Add(literal);
            }
        }

        while (at < walked.Count)
        {
            entries.Add(walked[at++]);
        }

        return entries.DrainToImmutable();
    }
}

/// <summary>A file whose digest is still missing: a place in an array of entries.</summary>
internal sealed class UnhashedFile(SnapshotEntry?[] entries, int at)
{
    /// <summary>The entry without its digest.</summary>
    public SnapshotEntry Entry => entries[at] ?? throw new UnreachableException();

    /// <summary>Puts the complete entry in its place, or nothing where the file has gone.</summary>
    public void Complete(SnapshotEntry? entry) => entries[at] = entry;
}
