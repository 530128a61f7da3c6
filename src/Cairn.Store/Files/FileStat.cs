namespace Cairn.Store.Files;

/// <summary>What kind of thing a name stands for.</summary>
public enum FileKind
{
    /// <summary>A regular file.</summary>
    Regular,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symbolic link, not followed.</summary>
    Symlink,

    /// <summary>A FIFO, socket or device: never an input or output.</summary>
    Special,
}

/// <summary>What <c>lstat</c> tells of a file; enough to see whether it changed.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Executable">Whether its owner may execute it.</param>
/// <param name="SizeBytes">Its size.</param>
/// <param name="ModifiedNs">Modification time in nanoseconds since 1970.</param>
/// <param name="ChangedNs">Status-change time in nanoseconds since 1970.</param>
/// <param name="Inode">Its inode.</param>
public readonly record struct FileStat(FileKind Kind, bool Executable, long SizeBytes, long ModifiedNs, long ChangedNs, ulong Inode)
{
    /// <summary>Whether all is the same. Written out: what the compiler makes asks a comparer for each member, and runs compare many thousands.</summary>
    public bool Equals(FileStat other) =>
        ModifiedNs == other.ModifiedNs && ChangedNs == other.ChangedNs && Inode == other.Inode && SizeBytes == other.SizeBytes && Kind == other.Kind && Executable == other.Executable;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(ModifiedNs, ChangedNs, Inode, SizeBytes);
}
