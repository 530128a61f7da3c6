using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.ExceptionServices;

using Cairn.Trust.Log;
using Cairn.Trust.Notes;

namespace Cairn.Store.Log;

/// <summary>Something that is wrong with a log.</summary>
/// <param name="Path">The file, relative to the log.</param>
/// <param name="Message">What.</param>
/// <param name="IsMendable">Whether it follows from the leaves, so that it can be made anew.</param>
public sealed record LogFinding(string Path, string Message, bool IsMendable);

/// <summary>What checking a log came to.</summary>
/// <param name="Checkpoint">What the checkpoint says; null where it cannot be read.</param>
/// <param name="Findings">What is wrong.</param>
/// <param name="Pending">Leaves that the journal has and no checkpoint yet: the next writer lays them out.</param>
public sealed record LogReport(Checkpoint? Checkpoint, ImmutableArray<LogFinding> Findings, int Pending);

/// <summary>Checks a log: every entry against its hash, every tile against the one above, the root against the checkpoint, the checkpoint against its keys, then what follows from the leaves.</summary>
public sealed class LogFsck : IDisposable
{
    private readonly LogDisk _disk;
    private readonly LogTiles _tiles;
    private readonly LogIndex _index;
    private readonly LeafTable _table;
    private readonly ConcurrentBag<LogFinding> _findings = [];
    private readonly ImmutableArray<NoteVerifier> _keys;
    private ulong[]? _slots;

    private LogFsck(string path, ImmutableArray<NoteVerifier> keys)
    {
        _disk = new LogDisk(path);
        _tiles = new LogTiles(_disk);
        _index = new LogIndex(_disk);
        _table = new LeafTable(_disk);
        _keys = keys;
    }

    /// <summary>Checks.</summary>
    /// <param name="path">The log's folder.</param>
    /// <param name="keys">The keys of which one must have signed the checkpoint; none for those that the log itself names.</param>
    /// <param name="isCopy">Whether only the public files are there.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static LogReport Check(string path, ImmutableArray<NoteVerifier> keys, bool isCopy, CancellationToken cancellationToken)
    {
        using var check = new LogFsck(path, keys);
        return check.Run(isCopy, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _disk.Dispose();

    private LogReport Run(bool isCopy, CancellationToken cancellationToken)
    {
        var checkpoint = CheckNote();
        var pending = isCopy ? 0 : CountPending(checkpoint?.Size ?? 0);
        if (checkpoint is not null)
        {
            CheckLeaves(checkpoint.Size, isCopy, cancellationToken);
            CheckTree(checkpoint);
        }

        return new LogReport(checkpoint, [.. _findings.OrderBy(static f => f.Path, StringComparer.Ordinal).ThenBy(static f => f.Message, StringComparer.Ordinal).Take(Limits.FindingsMax)], pending);
    }

    private Checkpoint? CheckNote()
    {
        var problem = "there is none";
        if (_disk.TryRead(LogWriter.CheckpointFile) is not { } bytes || SignedNote.TryParse(bytes, out problem) is not { } note || Checkpoint.TryParse(note.Text, out problem) is not { } checkpoint)
        {
            Add(LogWriter.CheckpointFile, $"It is no checkpoint: {problem}");
            return null;
        }

        var keys = _keys;
        if (keys.IsEmpty && LogWriter.ReadSettings(_disk) is { } settings)
        {
            keys = [.. settings.Keys.Select(static k => k.Key)];
            if (checkpoint.Origin != settings.Origin)
            {
                Add(LogWriter.CheckpointFile, $"It is of the log `{checkpoint.Origin}`, not `{settings.Origin}`");
            }
        }

        if (keys.IsEmpty)
        {
            Add(LogWriter.CheckpointFile, "No key is known that its signature could be checked with");
        }
        else if (!keys.Any(k => k.Check(note) == NoteVerdict.Signed))
        {
            Add(LogWriter.CheckpointFile, "No key of the log signed it");
        }

        return checkpoint;
    }

    private int CountPending(long size)
    {
        var journal = new LogJournal(_disk);
        if (!journal.TryOpen())
        {
            Add(LogJournal.FileName, "It is missing, or does not begin as one", isMendable: true);
            return 0;
        }

        return journal.ReadAll().Where(r => r.First >= size).Sum(static r => r.Leaves.Length);
    }

    private void CheckLeaves(long size, bool isCopy, CancellationToken cancellationToken)
    {
        // Read after the checkpoint, so that it has at least the leaves of that.
        _slots = isCopy ? null : _table.ReadAll();
        if (!isCopy && _slots is null)
        {
            Add(LeafTable.FileName, "It is missing or damaged: leaves are not found by their hashes", isMendable: true);
        }

        // A copy may claim any size: with more findings than are told it ends.
        var tiles = size == 0 ? 0 : ((size - 1) >> TilePath.Height) + 1;
        var options = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        try
        {
            Parallel.For(0L, tiles, options, static () => new Buffers(), (index, loop, buffers) =>
            {
                CheckTile(TilePath.Holding(0, index << TilePath.Height, size), size, isCopy, buffers);
                if (_findings.Count >= Limits.FindingsMax)
                {
                    loop.Stop();
                }

                return buffers;
            }, static _ => { });
        }
        catch (AggregateException exception) when (exception.InnerExceptions[0] is IOException or UnauthorizedAccessException)
        {
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }
    }

    private void CheckTile(TilePath tile, long size, bool isCopy, Buffers buffers)
    {
        var entriesPath = (tile with { Level = TilePath.EntriesLevel }).ToString();
        ReadOnlySpan<byte> hashes, entries;
        try
        {
            hashes = _tiles.ReadTileOnce(tile, ref buffers.Hashes);
            CheckAbove(tile, size, hashes);
            entries = _tiles.ReadEntriesOnce(tile.Index, tile.Width, ref buffers.Entries);
        }
        catch (LogException exception)
        {
            Add(tile.ToString(), exception.Message);
            return;
        }

        var places = buffers.Places.AsSpan(0, tile.Width);
        if (!EntryBundle.TrySplit(entries, places))
        {
            Add(entriesPath, $"It does not hold {tile.Width} entries");
            return;
        }

        var first = tile.Index << TilePath.Height;
        var isSound = buffers.IsSound.AsSpan(0, tile.Width);
        for (var i = 0; i < tile.Width; i++)
        {
            isSound[i] = MerkleHash.Leaf(entries[places[i]]) == MerkleHash.Read(hashes.Slice(i * MerkleHash.Bytes, MerkleHash.Bytes));
            if (!isSound[i])
            {
                Add(entriesPath, $"Entry {first + i} does not have the hash of its leaf");
            }
        }

        if (!isCopy)
        {
            CheckRows(tile, entries, buffers);
            CheckTable(tile, hashes, buffers);
        }
    }

    private void CheckAbove(TilePath tile, long size, ReadOnlySpan<byte> hashes)
    {
        try
        {
            if (tile.IsFull)
            {
                CheckAbove(tile.Level + 1, tile.Index, size, hashes);
            }
        }
        catch (LogException)
        {
            // One that cannot be read is told of once, where the root is computed.
        }
    }

    // What follows from a leaf that nobody has is not looked at, here and below.
    private void CheckRows(TilePath tile, ReadOnlySpan<byte> entries, Buffers buffers)
    {
        var first = tile.Index << TilePath.Height;
        var rows = buffers.Rows.AsSpan(0, tile.Width * LogIndex.RowBytes);
        var known = _index.Read(first, rows);
        Span<byte> row = stackalloc byte[LogIndex.RowBytes];
        for (var i = 0; i < tile.Width; i++)
        {
            if (buffers.IsSound[i])
            {
                var actual = rows.Slice(i * LogIndex.RowBytes, LogIndex.RowBytes);
                LogIndex.Fill(row, entries[buffers.Places[i]], LogIndex.TimeOf(actual));
                if (i >= known || !row.SequenceEqual(actual))
                {
                    Add(LogIndex.FileOf(first + i), $"Row {first + i} is not that of its leaf", isMendable: true);
                }
            }
        }
    }

    // By itself, so that the processor waits for many places of the table at once.
    private void CheckTable(TilePath tile, ReadOnlySpan<byte> hashes, Buffers buffers)
    {
        var first = tile.Index << TilePath.Height;
        for (var i = 0; i < tile.Width && _slots is not null; i++)
        {
            if (buffers.IsSound[i] && !_table.Has(_slots, hashes.Slice(i * MerkleHash.Bytes, MerkleHash.Bytes), first + i))
            {
                Add(LeafTable.FileName, $"Leaf {first + i} is not found by its hash", isMendable: true);
            }
        }
    }

    // The tiles of level 0 are checked against those above while their leaves are; from there on there are few.
    private void CheckTree(Checkpoint checkpoint)
    {
        try
        {
            for (var level = 2; TilePath.HashesOf(level, checkpoint.Size) is > 0 and var hashes; level++)
            {
                for (var hash = 0L; hash < hashes; hash++)
                {
                    CheckAbove(level, hash, checkpoint.Size, _tiles.ReadTile(new TilePath(level - 1, hash, TilePath.WidthMax)).Span);
                }
            }

            if (new TileTree(_tiles, checkpoint.Size).Root() != MerkleHash.Read(checkpoint.Root.AsSpan()))
            {
                Add(LogWriter.CheckpointFile, "Its root is not that of the tiles");
            }
        }
        catch (LogException exception)
        {
            Add(LogWriter.CheckpointFile, $"The root cannot be computed: {exception.Message}");
        }
    }

    private void CheckAbove(int level, long hash, long size, ReadOnlySpan<byte> below)
    {
        var tile = TilePath.Holding(level, hash, size);
        var at = (int)(hash & (TilePath.WidthMax - 1)) * MerkleHash.Bytes;
        if (TileTree.FoldTile(below) != MerkleHash.Read(_tiles.ReadTile(tile).Span.Slice(at, MerkleHash.Bytes)))
        {
            Add(tile.ToString(), $"Hash {hash} is not that of the tile below it");
        }
    }

    private void Add(string path, string message, bool isMendable = false)
    {
        if (_findings.Count < Limits.FindingsMax)
        {
            _findings.Add(new LogFinding(path, message, isMendable));
        }
    }

    /// <summary>What a thread reads a tile into, again and again.</summary>
    private sealed class Buffers
    {
        public byte[] Hashes = new byte[TilePath.WidthMax * MerkleHash.Bytes];
        public byte[] Entries = [];
        public readonly byte[] Rows = new byte[TilePath.WidthMax * LogIndex.RowBytes];
        public readonly Range[] Places = new Range[TilePath.WidthMax];
        public readonly bool[] IsSound = new bool[TilePath.WidthMax];
    }
}
