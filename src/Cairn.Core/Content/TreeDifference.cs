using System.Collections.Immutable;

namespace Cairn.Core.Content;

/// <summary>What happened to a path.</summary>
public enum TreeChangeKind
{
    /// <summary>It is new; a folder only where it is empty.</summary>
    Added,

    /// <summary>It is gone; a folder only where it was empty.</summary>
    Removed,

    /// <summary>The file has other bytes, and perhaps another mode.</summary>
    Content,

    /// <summary>Only the right to execute the file was given or taken.</summary>
    Mode,

    /// <summary>The link leads elsewhere.</summary>
    Link,

    /// <summary>A file became a link, or a link a file.</summary>
    Kind,

    /// <summary>Something below the folder changed, and its listing is not kept any more.</summary>
    Unknown,
}

/// <summary>A difference between two trees.</summary>
/// <param name="Path">The path; that of a folder ends with a slash.</param>
/// <param name="Kind">What happened to it.</param>
/// <param name="Before">What stood there; null for nothing, and for a folder.</param>
/// <param name="After">What stands there; null for nothing, and for a folder.</param>
public sealed record TreeChange(string Path, TreeChangeKind Kind, TreeLeaf? Before, TreeLeaf? After);

/// <summary>The differences between two trees, in the order of the bytes of their paths.</summary>
/// <param name="Changes">The first of them.</param>
/// <param name="IsComplete">Whether these are all.</param>
public sealed record TreeDifference(ImmutableArray<TreeChange> Changes, bool IsComplete)
{
    /// <summary>Compares two trees, looking only into folders that differ.</summary>
    /// <param name="before">The root of the first.</param>
    /// <param name="after">The root of the second.</param>
    /// <param name="read">Gives a <c>Directory</c> by its digest; null for one that is not kept. What it gives may be anything.</param>
    /// <param name="changesMax">How many changes are listed at most.</param>
    public static TreeDifference Between(Digest before, Digest after, Func<Digest, ImmutableArray<byte>?> read, int changesMax)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentOutOfRangeException.ThrowIfNegative(changesMax);
        var walk = new Walk(read, changesMax);
        walk.Folder("", before, after);
        return new TreeDifference(walk.Changes.DrainToImmutable(), walk.IsComplete);
    }

    private sealed class Walk(Func<Digest, ImmutableArray<byte>?> read, int changesMax)
    {
        private int _foldersLeft = Limits.ComparedFoldersMax;

        public ImmutableArray<TreeChange>.Builder Changes { get; } = ImmutableArray.CreateBuilder<TreeChange>();

        public bool IsComplete { get; private set; } = true;

        /// <summary>Compares a folder with another at the same path; null stands for none.</summary>
        public void Folder(string path, Digest? before, Digest? after)
        {
            if (before == after || !IsComplete)
            {
                return;
            }

            if (--_foldersLeft < 0 || path.Length > RelativePath.CharsMax)
            {
                IsComplete = false;
                return;
            }

            if (Entries(before) is not { } old || Entries(after) is not { } current)
            {
                Report(path, TreeChangeKind.Unknown, null, null);
                return;
            }

            if ((before is null && current.Length == 0) || (after is null && old.Length == 0))
            {
                Report(path, before is null ? TreeChangeKind.Added : TreeChangeKind.Removed, null, null);
                return;
            }

            for (var (o, c) = (0, 0); IsComplete && (o < old.Length || c < current.Length);)
            {
                var order = o == old.Length ? 1 : c == current.Length ? -1 : Utf8Order.Compare(old[o].Key, current[c].Key);
                Entry(path, order <= 0 ? old[o++] : null, order >= 0 ? current[c++] : null);
            }
        }

        private void Entry(string folder, KeyedEntry? before, KeyedEntry? after)
        {
            var path = folder + (before ?? after)!.Key;
            if ((before ?? after)!.Entry.IsFolder)
            {
                Folder(path, before?.Entry.Leaf.Digest, after?.Entry.Leaf.Digest);
                return;
            }

            if (before?.Entry.Leaf is not { } old)
            {
                Report(path, TreeChangeKind.Added, null, after!.Entry.Leaf);
            }
            else if (after?.Entry.Leaf is not { } current)
            {
                Report(path, TreeChangeKind.Removed, old, null);
            }
            else if (old != current)
            {
                var kind = (old.Target is null) != (current.Target is null) ? TreeChangeKind.Kind
                    : old.Target is not null ? TreeChangeKind.Link
                    : old.Digest == current.Digest ? TreeChangeKind.Mode
                    : TreeChangeKind.Content;
                Report(path, kind, old, current);
            }
        }

        private void Report(string path, TreeChangeKind kind, TreeLeaf? before, TreeLeaf? after)
        {
            if (Changes.Count == changesMax)
            {
                IsComplete = false;
                return;
            }

            Changes.Add(new TreeChange(path, kind, before, after));
        }

        /// <summary>The entries of a folder in the order of their paths; null where it is not kept.</summary>
        private KeyedEntry[]? Entries(Digest? digest)
        {
            if (digest is null || digest == Digest.Empty)
            {
                return [];
            }

            if (read(digest.Value) is not { } bytes || DirectoryDecoder.TryDecode(bytes.AsSpan(), out _) is not { } entries)
            {
                return null;
            }

            var keyed = new KeyedEntry[entries.Length];
            for (var i = 0; i < entries.Length; i++)
            {
                keyed[i] = new KeyedEntry(entries[i].IsFolder ? entries[i].Name + "/" : entries[i].Name, entries[i]);
            }

            Array.Sort(keyed, static (left, right) => Utf8Order.Compare(left.Key, right.Key));
            return keyed;
        }
    }

    /// <summary>An entry with its name as it stands in paths, so that a folder sorts as what is below it does.</summary>
    private sealed record KeyedEntry(string Key, DirectoryItem Entry);
}
