using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Snapshots;

/// <summary>
/// Digests of files by path, valid while their stat (size, mtime, ctime, inode) stays. A file that changed so recently that another change could
/// leave the same times is never taken at its word. Thread-safe. A damaged or foreign file counts as empty.
/// </summary>
public sealed class StatIndex
{
    private StatIndex()
    {
    }

    /// <summary>Reads an index.</summary>
    public static StatIndex Load(string path) => throw new NotSupportedException();

    /// <summary>The digest of a file, where it stands as it stood when it was hashed.</summary>
    public bool TryGet(string path, in FileStat stat, out Digest digest) => throw new NotSupportedException();

    /// <summary>Notes a digest. <paramref name="stat"/> is from before the hashing, and the same after it.</summary>
    public void Set(string path, in FileStat stat, Digest digest) => throw new NotSupportedException();

    /// <summary>Writes the index if it changed; entries that this process has neither asked for nor set are dropped when they are many. Losing it costs hashing only, so it is not synced.</summary>
    public void Save(string path) => throw new NotSupportedException();
}
