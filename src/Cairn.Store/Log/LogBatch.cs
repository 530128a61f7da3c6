using Cairn.Trust.Log;

namespace Cairn.Store.Log;

/// <summary>The end of a log: where it grows.</summary>
internal sealed class LogEnd
{
    /// <summary>The right edge of the tree.</summary>
    public required TreeEdge Edge { get; init; }

    /// <summary>The entries of the tile that is not full, as they stand in its file.</summary>
    public required MemoryStream Entries { get; init; }

    /// <summary>The end of an empty log.</summary>
    public static LogEnd Empty() => new() { Edge = new TreeEdge(), Entries = new MemoryStream() };

    /// <summary>The end of the log of a size that stands in tiles.</summary>
    public static LogEnd Read(LogTiles tiles, long size)
    {
        var end = new LogEnd { Edge = TreeEdge.Read(tiles, size), Entries = new MemoryStream() };
        if (end.Edge.PartialOf(0) is { } partial)
        {
            var entries = tiles.ReadEntries(partial.Index, partial.Width);
            if (EntryBundle.TrySplit(entries, partial.Width) is null)
            {
                throw new LogException(LogProblem.Corrupt, $"`{partial with { Level = TilePath.EntriesLevel }}` of the log does not hold {partial.Width} entries", "`cairn log fsck` tells what else is wrong");
            }

            end.Entries.Write(entries);
        }

        return end;
    }
}

/// <summary>What appending some leaves makes of a log: its tiles, rows and hashes. A function of the end of the log and the leaves, so that doing it again gives the same.</summary>
internal sealed class LogBatch
{
    // Beside each other rather than in pairs, of which lists are compiled at each start.
    private readonly List<string> _paths = [];
    private readonly List<byte[]> _contents = [];

    private LogBatch(long first, NewLeaf[] leaves, MerkleHash[] hashes) => (First, Leaves, Hashes) = (first, leaves, hashes);

    /// <summary>The index of the first leaf.</summary>
    public long First { get; }

    /// <summary>The leaves.</summary>
    public NewLeaf[] Leaves { get; }

    /// <summary>Their hashes.</summary>
    public MerkleHash[] Hashes { get; }

    /// <summary>Appends leaves to the end of a log, which then is that of the larger one.</summary>
    public static LogBatch Make(LogEnd end, NewLeaf[] leaves, MerkleHash[] hashes)
    {
        var batch = new LogBatch(end.Edge.Size, leaves, hashes);
        var head = new byte[EntryBundle.HeadBytes];
        for (var i = 0; i < leaves.Length; i++)
        {
            var bytes = leaves[i].Bytes;
            System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(head, (ushort)bytes.Length);
            end.Entries.Write(head);
            end.Entries.Write(bytes);
            end.Edge.Append(hashes[i], (tile, all) =>
            {
                batch.Put(tile, all.ToArray());
                if (tile.Level == 0)
                {
                    batch.Put(tile with { Level = TilePath.EntriesLevel }, end.Entries.ToArray());
                    end.Entries.SetLength(0);
                }
            });
        }

        for (var level = 0; level < end.Edge.Levels; level++)
        {
            // A level that did not grow has its partial tile already.
            if (end.Edge.PartialOf(level) is { } partial && TilePath.HashesOf(level, batch.First) != TilePath.HashesOf(level, end.Edge.Size))
            {
                batch.Put(partial, end.Edge.HashesOf(partial).ToArray());
                if (level == 0)
                {
                    batch.Put(partial with { Level = TilePath.EntriesLevel }, end.Entries.ToArray());
                }
            }
        }

        return batch;
    }

    /// <summary>Writes everything but the checkpoint. Nothing is synced; the journal has it.</summary>
    public void Apply(ILogDisk disk, LogIndex index, LeafTable table)
    {
        for (var i = 0; i < _paths.Count; i++)
        {
            disk.Replace(_paths[i], _contents[i]);
        }

        var rows = new byte[Leaves.Length * LogIndex.RowBytes];
        for (var i = 0; i < Leaves.Length; i++)
        {
            LogIndex.Fill(rows.AsSpan(i * LogIndex.RowBytes, LogIndex.RowBytes), Leaves[i].Bytes, Leaves[i].Time);
        }

        index.Write(First, rows);
        for (var i = 0; i < Hashes.Length; i++)
        {
            table.Add(Hashes[i], First + i);
        }
    }

    private void Put(TilePath tile, byte[] content)
    {
        _paths.Add(tile.ToString());
        _contents.Add(content);
    }
}
