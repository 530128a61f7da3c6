using System.Runtime.ExceptionServices;

using Cairn.Trust.Log;

namespace Cairn.Store.Log;

/// <summary>Makes durable what was written since the journal began, so that it can begin anew; and removes partial tiles that full ones have taken the place of.</summary>
internal static class LogFold
{
    private const int SyncsAtOnce = 16;

    /// <summary>Does so. The journal is begun anew by whoever calls, and then partial tiles may go.</summary>
    public static void Sync(ILogDisk disk, long from, long size, string checkpoint)
    {
        var files = new List<string> { checkpoint, LeafTable.FileName };
        var tiles = TilesSince(from, size);
        foreach (var tile in tiles)
        {
            files.Add(tile.ToString());
        }

        for (var row = from; row < size; row = ((row / LogIndex.RowsPerFile) + 1) * LogIndex.RowsPerFile)
        {
            files.Add(LogIndex.FileOf(row));
        }

        Sync(disk, files);
    }

    /// <summary>Makes files durable, and their names with those of the folders that they stand in.</summary>
    public static void Sync(ILogDisk disk, List<string> files)
    {
        var folders = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            for (var folder = Path.GetDirectoryName(file)!; folders.Add(folder) && folder.Length > 0; folder = Path.GetDirectoryName(folder)!)
            {
            }
        }

        SyncAll(files, disk.Sync);
        SyncAll([.. folders], disk.SyncFolder);
    }

    /// <summary>Removes partial tiles of which the full one is durable, those that were published for sizes between two.</summary>
    public static void RemovePartials(ILogDisk disk, long from, long size)
    {
        for (var level = TilePath.EntriesLevel; level < 0 || TilePath.HashesOf(level, size) > 0; level++)
        {
            var (first, end) = (TilePath.HashesOf(Math.Max(level, 0), from) >> TilePath.Height, TilePath.HashesOf(Math.Max(level, 0), size) >> TilePath.Height);
            for (var index = first; index < end; index++)
            {
                var folder = new TilePath(level, index, TilePath.WidthMax).ToString() + ".p";
                var names = disk.Names(folder);
                foreach (var name in names)
                {
                    disk.Remove($"{folder}/{name}");
                }

                if (names.Length > 0)
                {
                    disk.Remove(folder);
                }
            }
        }
    }

    /// <summary>The tiles that stand for a size and did not for a smaller one.</summary>
    private static List<TilePath> TilesSince(long from, long size)
    {
        var tiles = new List<TilePath>();
        for (var level = 0; TilePath.HashesOf(level, size) is > 0 and var hashes; level++)
        {
            var before = TilePath.HashesOf(level, from);
            for (var hash = before & ~(long)(TilePath.WidthMax - 1); hash < hashes && hashes > before; hash += TilePath.WidthMax)
            {
                var tile = TilePath.Holding(level, hash, size);
                tiles.Add(tile);
                if (level == 0)
                {
                    tiles.Add(tile with { Level = TilePath.EntriesLevel });
                }
            }
        }

        return tiles;
    }

    // The kernel brings the waiting ones together.
    private static void SyncAll(List<string> names, Action<string> sync)
    {
        if (names.Count <= 2)
        {
            names.ForEach(sync);
            return;
        }

        try
        {
            Parallel.ForEach(names, new ParallelOptions { MaxDegreeOfParallelism = SyncsAtOnce }, sync);
        }
        catch (AggregateException exception)
        {
            // Whoever calls knows what to do about a disk that refuses, and not about many.
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }
    }
}
