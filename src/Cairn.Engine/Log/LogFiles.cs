using Cairn.Store.Files;
using Cairn.Trust.Log;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Engine.Log;

/// <summary>The static files of a log in a folder (C2SP tlog-tiles): the checkpoint, tiles and entries, and nothing else that may stand there. No link is followed. Safe for use by several threads.</summary>
/// <param name="path">The folder.</param>
public sealed class LogFiles(string path) : IDisposable
{
    /// <summary>The name of the checkpoint, as file and in addresses.</summary>
    public const string CheckpointName = "checkpoint";

    private readonly DirectoryHandle _folder = DirectoryHandle.Open(path);

    /// <summary>Opens the checkpoint; null where there is none.</summary>
    public SafeFileHandle? TryOpenCheckpoint() => _folder.TryOpenFile(CheckpointName);

    /// <summary>Opens a tile, or entries; null where there are none. Those of one that is not full may be the beginning of the full one: <paramref name="length"/> says how far they go.</summary>
    public SafeFileHandle? TryOpen(TilePath tile, out long length)
    {
        if (_folder.TryOpenFilePath(tile.ToString()) is { } handle)
        {
            length = RandomAccess.GetLength(handle);
            return handle;
        }

        length = 0;
        if (tile.IsFull || _folder.TryOpenFilePath((tile with { Width = TilePath.WidthMax }).ToString()) is not { } full)
        {
            return null;
        }

        if (tile.Level != TilePath.EntriesLevel)
        {
            length = tile.Bytes;
            return full;
        }

        if (EntryBundle.TrySplit(ReadAll(full), TilePath.WidthMax) is not { } places)
        {
            full.Dispose();
            return null;
        }

        length = places[tile.Width - 1].End.Value;
        return full;
    }

    /// <summary>Reads a file from its beginning.</summary>
    public static byte[] Read(SafeFileHandle handle, long length)
    {
        var bytes = new byte[length];
        var filled = 0;
        while (filled < bytes.Length && RandomAccess.Read(handle, bytes.AsSpan(filled), filled) is > 0 and var count)
        {
            filled += count;
        }

        return bytes.AsSpan(0, filled).ToArray();
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();

    // A folder may be anybody's copy: no more is read than a tile can have.
    private static byte[] ReadAll(SafeFileHandle handle) => Read(handle, Math.Min(RandomAccess.GetLength(handle), LogSources.EntriesBytesMax));
}
