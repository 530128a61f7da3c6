using Cairn.Core.Content;

namespace Cairn.Store.Toolchains;

/// <summary>What an entry of an archive is.</summary>
public enum ArchiveEntryKind
{
    /// <summary>A file, whose content is in the store.</summary>
    File,

    /// <summary>A link to a name.</summary>
    Symlink,

    /// <summary>Another name of a file.</summary>
    HardLink,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A device or a pipe.</summary>
    Device,
}

/// <summary>An entry of an archive whose path stays within it.</summary>
/// <param name="Path">Its path, plain and relative.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Digest">The content of a file.</param>
/// <param name="Executable">Whether the owner of a file can execute it.</param>
/// <param name="Target">Where a link leads: of a hard link a plain and relative path.</param>
public readonly record struct ArchiveEntry(string Path, ArchiveEntryKind Kind, Digest Digest, bool Executable, string? Target);
