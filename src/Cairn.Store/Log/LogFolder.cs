using Cairn.Store.Files;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;

namespace Cairn.Store.Log;

/// <summary>A transparency log in a folder: the files of C2SP tlog-tiles, which any web server can hand out, and beside them what only its writer needs. Reading takes no lock. Safe for use by several threads.</summary>
public sealed class LogFolder : IDisposable
{
    /// <summary>The name of the machine's log below the user's state.</summary>
    public const string FolderName = "log";

    private readonly LogDisk _disk;
    private readonly LogWriter? _writer;
    private readonly LogSequencer? _sequencer;
    private readonly LogTiles _tiles;
    private readonly LogIndex _index;

    private LogFolder(string path, LogKeys? keys, TimeProvider time)
    {
        (Path, Keys) = (path, keys);
        _disk = new LogDisk(path);
        _tiles = new LogTiles(_disk);
        _index = new LogIndex(_disk);
        if (keys is not null)
        {
            // Another view of the files: it lets go of them after each batch.
            var disk = new LogDisk(path);
            _writer = new LogWriter(disk, keys, () => TryLock(path), time);
            _sequencer = new LogSequencer(_writer);
        }
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The keys that sign for it; null where it is only read.</summary>
    public LogKeys? Keys { get; }

    /// <summary>Its tiles.</summary>
    public ITileSource Tiles => _tiles;

    /// <summary>A user's log, which its first entry makes.</summary>
    /// <param name="stateDirectory">The user's state.</param>
    /// <param name="keysDirectory">The user's keys.</param>
    /// <param name="time">The clock.</param>
    public static LogFolder OfMachine(string stateDirectory, string keysDirectory, TimeProvider time) => Open(System.IO.Path.Combine(stateDirectory, FolderName), LogKeys.Below(keysDirectory), time);

    /// <summary>A log in a folder. Nothing is looked at yet.</summary>
    /// <param name="path">The folder, absolute.</param>
    /// <param name="keys">The keys that sign for it; null to read only.</param>
    /// <param name="time">The clock.</param>
    public static LogFolder Open(string path, LogKeys? keys, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(time);
        return new LogFolder(path, keys, time);
    }

    /// <summary>Whether there is a log with at least a checkpoint.</summary>
    public bool Exists => File.Exists(System.IO.Path.Combine(Path, LogWriter.CheckpointFile));

    /// <summary>What it is called and who signs; null where it is a copy of the public files alone.</summary>
    public LogSettings? Settings => LogWriter.ReadSettings(_disk);

    /// <summary>The newest checkpoint as it is published. Throws <see cref="LogException"/> where there is none.</summary>
    public (SignedNote Note, Checkpoint Checkpoint) ReadCheckpoint()
    {
        var problem = "there is no checkpoint";
        if (_disk.TryRead(LogWriter.CheckpointFile) is { } bytes && SignedNote.TryParse(bytes, out problem) is { } note && Checkpoint.TryParse(note.Text, out problem) is { } checkpoint)
        {
            return (note, checkpoint);
        }

        throw Exists ? new LogException(LogProblem.Corrupt, $"The checkpoint in `{Path}` cannot be read: {problem}", "`cairn log fsck` tells more")
            : new LogException(LogProblem.Missing, $"There is no log in `{Path}`", "The first run makes one, or `cairn log init`");
    }

    /// <summary>Appends entries; those that it has are not appended again. They are durable when this returns. Throws <see cref="LogException"/>, and <see cref="IOException"/> where the disk does not take it.</summary>
    public Appended Append(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken) => AppendLeaves(Encode(entries), cancellationToken);

    /// <summary>The same, together with what others append at the same time.</summary>
    public Task<Appended> AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken) => AppendLeavesAsync(Encode(entries), cancellationToken);

    /// <summary>Appends any leaves, for measurements and tests.</summary>
    internal Appended AppendLeaves(byte[][] leaves, CancellationToken cancellationToken)
    {
        Appended? all = null;
        for (var at = 0; at < leaves.Length; at += Limits.BatchLeavesMax)
        {
            var part = Sequencer().Append(leaves.Length <= Limits.BatchLeavesMax ? leaves : leaves[at..Math.Min(at + Limits.BatchLeavesMax, leaves.Length)], cancellationToken);
            all = all is null ? part : new Appended([.. all.Indexes, .. part.Indexes], all.Added + part.Added, part.Note);
        }

        return all ?? new Appended([], 0, []);
    }

    /// <summary>The same.</summary>
    internal Task<Appended> AppendLeavesAsync(byte[][] leaves, CancellationToken cancellationToken) =>
        leaves.Length <= Limits.BatchLeavesMax ? Sequencer().AppendAsync(leaves, cancellationToken) : Task.Run(() => AppendLeaves(leaves, cancellationToken), cancellationToken);

    /// <summary>Makes the log where there is none, and mends what a crash left.</summary>
    /// <param name="name">What a new one is called; null for a name made of its key.</param>
    /// <param name="cancellationToken">Ends waiting for others.</param>
    /// <param name="predecessor">The origin of the log whose place a new one takes; null for none.</param>
    public void Create(string? name, CancellationToken cancellationToken, string? predecessor = null) => Writer().Open(() => !cancellationToken.IsCancellationRequested, name, predecessor);

    /// <summary>What ended the log; null where it goes on.</summary>
    public LogMark.Freeze? Frozen => ReadCheckpoint().Checkpoint.Size is var size ? LogMark.TryRead(ReadLeaf(size - 1, size)) as LogMark.Freeze : null;

    /// <summary>The entries of a tile as they stand in its file.</summary>
    public byte[] ReadEntries(TilePath tile) => _tiles.ReadEntries(tile.Index, tile.Width);

    /// <summary>Makes anew what follows from the leaves: index and table; and everything durable.</summary>
    public void Rebuild(CancellationToken cancellationToken) => Writer().Rebuild(() => !cancellationToken.IsCancellationRequested);

    /// <summary>Publishes the newest checkpoint with more signatures; false where it is no longer the newest.</summary>
    public bool TryPublish(SignedNote note, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(note);
        return Writer().TryPublish(note, () => !cancellationToken.IsCancellationRequested);
    }

    /// <summary>Appends what the log says about itself, and changes its settings with it.</summary>
    /// <param name="change">What becomes of the settings.</param>
    /// <param name="cancellationToken">Ends waiting for others.</param>
    public void Mark(Func<LogSettings, (LogSettings Settings, LogMark? Mark)> change, CancellationToken cancellationToken) => _ = Writer().Mark(change, () => !cancellationToken.IsCancellationRequested);

    /// <summary>Where a leaf stands in the tree of a size; null where it does not.</summary>
    public long? Find(in MerkleHash leaf, long size)
    {
        // Opened for the question alone: a writer may put a larger one in its place.
        using var disk = new LogDisk(Path);
        var (table, tiles) = (new LeafTable(disk), new LogTiles(disk));
        return table.TryOpen() && table.Find(leaf, index => tiles.LeafAt(index, size)) is { } found && found < size ? found : null;
    }

    /// <summary>The bytes of a leaf.</summary>
    public byte[] ReadLeaf(long index, long size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        var tile = TilePath.Holding(TilePath.EntriesLevel, index, size);
        var entries = _tiles.ReadEntries(tile.Index, tile.Width);
        return EntryBundle.TrySplit(entries, tile.Width) is { } places ? entries[places[(int)(index & (TilePath.WidthMax - 1))]]
            : throw new LogException(LogProblem.Corrupt, $"`{tile}` of the log does not hold {tile.Width} entries", "`cairn log fsck` tells what else is wrong");
    }

    /// <summary>A row of the listing; null where there is none.</summary>
    public LogRow? FindRow(long sequence)
    {
        using var disk = new LogDisk(Path);
        return new LogIndex(disk).Find(sequence);
    }

    /// <summary>Rows with a hash, or one that begins so, the newest first.</summary>
    public IEnumerable<LogRow> Search(LogColumn column, string prefix, long size) => _index.Search(column, prefix, size);

    /// <summary>Proves that a leaf stands in the log of the newest checkpoint; null where it does not.</summary>
    public TlogProof? Prove(in MerkleHash leaf)
    {
        var (note, checkpoint) = ReadCheckpoint();
        return Find(leaf, checkpoint.Size) is { } index ? TlogProof.Of(InclusionProof.Make(new TileTree(_tiles, checkpoint.Size), index), note) : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer?.Dispose();
        _disk.Dispose();
    }

    private static byte[][] Encode(IReadOnlyList<LogEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var leaves = new byte[entries.Count][];
        for (var i = 0; i < leaves.Length; i++)
        {
            leaves[i] = entries[i].Encode();
            if (leaves[i].Length > EntryBundle.EntryBytesMax)
            {
                throw new LogException(LogProblem.BadEntry, $"An entry has {leaves[i].Length} bytes, and {EntryBundle.EntryBytesMax} are allowed");
            }
        }

        return leaves;
    }

    private static FileLock? TryLock(string path)
    {
        if (LogSuccession.IsHalfway(path))
        {
            throw new LogException(LogProblem.Missing, $"The log in `{path}` has ended, and its successor has not taken its place yet", "`cairn log freeze --successor` finishes that");
        }

        if (File.Exists(path))
        {
            throw new LogException(LogProblem.Missing, $"`{path}` is a file, and a log is a folder", "Move it away");
        }

        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return FileLock.TryAcquire(System.IO.Path.Combine(path, LogWriter.LockFile), $"process {Environment.ProcessId}");
    }

    private LogWriter Writer() => _writer ?? throw new InvalidOperationException("The log was opened to read it");

    private LogSequencer Sequencer() => _sequencer ?? throw new InvalidOperationException("The log was opened to read it");
}
