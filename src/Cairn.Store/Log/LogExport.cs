using Cairn.Store.Files;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;

namespace Cairn.Store.Log;

/// <summary>
/// Copies the public files of a log: what a web server hands out. Tiles that are there are not copied again, since they never change; the checkpoint comes last, when all that it speaks of is durable. A folder
/// with another log is left as it is: half of it under the checkpoint of this one would be neither.
/// </summary>
public static class LogExport
{
    /// <summary>Copies; how many entries there are, and how many files were new. Throws <see cref="LogException"/> where the folder has another log, or more of this one.</summary>
    /// <param name="log">The log.</param>
    /// <param name="target">A folder, absolute.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static (long Size, int Files) Copy(LogFolder log, string target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(target);
        var (note, checkpoint) = log.ReadCheckpoint();
        RefuseOther(target, log, checkpoint);
        var files = new List<string>();
        for (var level = TilePath.EntriesLevel; level < 0 || TilePath.HashesOf(level, checkpoint.Size) > 0; level++)
        {
            var hashes = TilePath.HashesOf(Math.Max(level, 0), checkpoint.Size);
            for (long first = 0; first < hashes; first += TilePath.WidthMax)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var tile = TilePath.Holding(level, first, checkpoint.Size);
                var path = Path.Combine(target, tile.ToString());
                if (!IsThere(path, tile))
                {
                    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                    DurableFile.Replace(path, level < 0 ? log.ReadEntries(tile) : log.Tiles.ReadTile(tile).Span, durable: false);
                    files.Add(tile.ToString());
                }
            }
        }

        using var disk = new LogDisk(target);
        LogFold.Sync(disk, files);
        DurableFile.Replace(Path.Combine(target, LogWriter.CheckpointFile), note.ToBytes());
        return (checkpoint.Size, files.Count);
    }

    // An empty file is what a loss of power may leave of one that was just copied.
    private static bool IsThere(string path, TilePath tile) =>
        new FileInfo(path) is { Exists: true, Length: var length } && (tile.Level < 0 ? length >= tile.Width * EntryBundle.HeadBytes : length == tile.Bytes);

    private static void RefuseOther(string target, LogFolder log, Checkpoint checkpoint)
    {
        using var there = LogFolder.Open(target, keys: null, TimeProvider.System);
        if (!there.Exists)
        {
            return;
        }

        var known = there.ReadCheckpoint().Checkpoint;
        if (known.Origin != checkpoint.Origin)
        {
            throw new LogException(LogProblem.BadEntry, $"`{target}` has the log `{known.Origin}`, and this is `{checkpoint.Origin}`", "Name another folder: a log that takes the place of another has tiles of its own");
        }

        if (known.Size > checkpoint.Size || known.Size > 0 && ConsistencyProof.Make(new TileTree(log.Tiles, checkpoint.Size), known.Size) is var proof && !proof.Verifies(MerkleHash.Read(known.Root.AsSpan()), MerkleHash.Read(checkpoint.Root.AsSpan())))
        {
            throw new LogException(LogProblem.Corrupt, $"`{target}` has {known.Size} entries of the log, which the {checkpoint.Size} of it here did not grow out of", "Keep both: one of them was put back from an older copy, or is forged");
        }
    }
}
