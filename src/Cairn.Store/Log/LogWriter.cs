using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;

namespace Cairn.Store.Log;

/// <summary>
/// Writes a log, of one process at a time: takes the lock, mends what a crash left, appends, publishes. The order makes it safe: journal (synced), tiles, index, table, checkpoint. A checkpoint that can
/// be seen has all its tiles, and what a journal has without a checkpoint is laid out by whoever writes next.
/// </summary>
internal sealed class LogWriter(ILogDisk disk, LogKeys keys, Func<IDisposable?> tryLock, TimeProvider time) : IDisposable
{
    /// <summary>The file with the checkpoint.</summary>
    public const string CheckpointFile = "checkpoint";

    /// <summary>The file of the lock.</summary>
    public const string LockFile = "lock";

    private const int LockPollMsMax = 10;
    private const string LocalName = ".cairn.local";
    private const int NameIdCharacters = 16;
    private const long OriginDigitsMin = 1_000_000_000_000_000_000;

    private readonly ManualResetEvent _never = new(initialState: false);
    private readonly LogIndex _index = new(disk);
    private LogJournal _journal = new(disk);
    private LeafTable _table = new(disk);
    private LogTiles _tiles = new(disk);
    private LogSettings? _settings;
    private SigningKey[] _keys = [];
    private NoteSigner[] _signers = [];
    private LogEnd? _end;
    private byte[] _note = [];
    private int _records;
    private LogMark.Freeze? _frozen;

    /// <summary>Appends leaves that the log does not have yet.</summary>
    /// <param name="leaves">The leaves.</param>
    /// <param name="isWanted">Asked while others write; false gives up.</param>
    /// <param name="indexes">Receives where each leaf stands.</param>
    /// <returns>The checkpoint that has them all, and how many were new.</returns>
    public (byte[] Note, int Added) Append(byte[][] leaves, Func<bool> isWanted, long[] indexes)
    {
        using var held = Acquire(isWanted);
        try
        {
            Load();
            RefuseWhereFrozen();
            var (fresh, hashes) = Sift(leaves, indexes);
            return fresh.Length == 0 ? (_note, 0) : (Commit(fresh, hashes), fresh.Length);
        }
        finally
        {
            disk.Release();
        }
    }

    /// <summary>Begins the log where there is none, and mends what a crash left.</summary>
    /// <param name="isWanted">Asked while others write.</param>
    /// <param name="name">What a new one is called; null for a name made of its key.</param>
    /// <param name="predecessor">The origin of the log whose place a new one takes; null for none.</param>
    public void Open(Func<bool> isWanted, string? name = null, string? predecessor = null)
    {
        using var held = Acquire(isWanted);
        try
        {
            Load(name, predecessor);
        }
        finally
        {
            disk.Release();
        }
    }

    /// <summary>Makes everything durable and the journal short, and what follows from the leaves anew.</summary>
    public void Rebuild(Func<bool> isWanted)
    {
        using var held = Acquire(isWanted);
        try
        {
            Load();
            var size = _end!.Edge.Size;
            _table.Build(_tiles, size, size);
            for (long first = 0; first < size; first += TilePath.WidthMax)
            {
                MendRows(TilePath.Holding(TilePath.EntriesLevel, first, size));
            }

            Fold(from: 0);
        }
        finally
        {
            disk.Release();
        }
    }

    /// <summary>Puts more signatures below the published checkpoint; false where it is no longer the newest.</summary>
    public bool TryPublish(SignedNote note, Func<bool> isWanted)
    {
        using var held = Acquire(isWanted);
        try
        {
            Load();
            if (TextOf(_note) != note.Text)
            {
                return false;
            }

            _note = note.ToBytes();
            disk.Replace(CheckpointFile, _note);
            disk.Sync(CheckpointFile);
            disk.SyncFolder("");
            return true;
        }
        finally
        {
            disk.Release();
        }
    }

    /// <summary>Changes what the log is called or who signs, and appends what says so.</summary>
    public byte[] Mark(Func<LogSettings, (LogSettings Settings, LogMark? Mark)> change, Func<bool> isWanted)
    {
        using var held = Acquire(isWanted);
        try
        {
            Load();
            RefuseWhereFrozen();
            var (settings, mark) = change(_settings!);
            if (settings != _settings)
            {
                WriteSettings(settings);
            }

            var leaf = mark?.Encode();
            var note = leaf is null ? Commit([], []) : Commit([new NewLeaf(leaf, Now())], [MerkleHash.Leaf(leaf)]);
            _frozen = mark as LogMark.Freeze;
            return note;
        }
        finally
        {
            disk.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Forget();
        _never.Dispose();
    }

    private IDisposable Acquire(Func<bool> isWanted)
    {
        var start = time.GetTimestamp();
        for (var pause = 1; ; pause = Math.Min(pause * 2, LockPollMsMax))
        {
            var held = tryLock();
            if (!isWanted())
            {
                // Also where the lock became free in this moment: what nobody waits for is not appended.
                held?.Dispose();
                throw new OperationCanceledException();
            }

            if (held is not null)
            {
                return held;
            }

            if (time.GetElapsedTime(start) > Limits.LogLockWait)
            {
                throw new LogException(LogProblem.Busy, $"Others have been writing to the log for {Limits.LogLockWait.TotalSeconds:0} seconds", "Try again; a process that hangs has the lock where this comes again and again");
            }

            // Locks of files wake nobody.
            _ = _never.WaitOne(pause);
        }
    }

    private void Load(string? name = null, string? predecessor = null)
    {
        var note = disk.TryRead(CheckpointFile);
        if (_end is not null && note is not null && note.AsSpan().SequenceEqual(_note) && disk.LengthOf(LogJournal.FileName) == _journal.Length)
        {
            return;
        }

        Forget();
        try
        {
            Read(note, name, predecessor);
        }
        catch
        {
            // What was read halfway is not gone on with: the next one would take it for the end of the log.
            Forget();
            throw;
        }
    }

    private void Read(byte[]? note, string? name, string? predecessor)
    {
        (_journal, _table, _tiles) = (new LogJournal(disk), new LeafTable(disk), new LogTiles(disk));
        _settings = ReadSettings(disk) ?? (note is null ? Create(name) : throw Corrupt($"There is a checkpoint, and no `{LogSettings.FileName}` that tells the name and the keys of the log", $"Put `{LogSettings.FileName}` back from a copy; a copy of the public files alone is only read"));
        OpenKeys();
        var hasJournal = _journal.TryOpen();
        if (!hasJournal && note is null)
        {
            _journal.Reset(0);
        }
        else if (!hasJournal)
        {
            // It was lost: whether the tiles are whole is found out below.
            _journal.Reset(SizeOf(note!));
        }

        var hasTable = _table.TryOpen();
        var last = _journal.TryReadLast();
        var isClean = note is not null && _journal.IsOfThisBoot && hasTable && (last is null ? _journal.IsEmpty && _journal.Base == SizeOf(note) : TextOf(last.Note) == TextOf(note));
        if (isClean)
        {
            (_note, _records, _end) = (note!, last is null ? 0 : last.Ordinal + 1, LogEnd.Read(_tiles, SizeOf(note!)));
        }
        else
        {
            Recover(note, hasTable);
        }

        if (_end!.Edge.Size == 0)
        {
            var genesis = new LogMark.Genesis(time.GetUtcNow(), _settings.Origin, _settings.Keys[0].Key, predecessor).Encode();
            _ = Commit([new NewLeaf(genesis, Now())], [MerkleHash.Leaf(genesis)]);
            return;
        }

        if (_end.Edge.Root() != RootOf(_note))
        {
            throw Corrupt("Its tiles do not have the root of its checkpoint");
        }

        _frozen = LogMark.TryRead(LastLeaf(_end.Edge.Size)) as LogMark.Freeze;
    }

    private void Recover(byte[]? note, bool hasTable)
    {
        var records = _journal.ReadAll();
        var size = _journal.Base;
        if (records.Count == 0 && size > 0 && (note is null || SizeOf(note) != size))
        {
            throw Corrupt(note is null ? "It has no checkpoint" : "Its checkpoint is not the one that its journal goes on from");
        }

        _end = size == 0 ? LogEnd.Empty() : LogEnd.Read(_tiles, size);
        if (!hasTable)
        {
            _table.Build(_tiles, size, size);
        }

        foreach (var record in records)
        {
            if (record.First != _end.Edge.Size)
            {
                throw Corrupt("Its journal leaves entries out");
            }

            var hashes = new MerkleHash[record.Leaves.Length];
            for (var i = 0; i < hashes.Length; i++)
            {
                hashes[i] = MerkleHash.Leaf(record.Leaves[i].Bytes);
            }

            var batch = LogBatch.Make(_end, record.Leaves, hashes);
            if (_end.Edge.Root() != RootOf(record.Note))
            {
                throw Corrupt("The entries of its journal do not have the root that was signed");
            }

            Grow(record.First, hashes.Length);
            batch.Apply(disk, _index, _table);
        }

        if (records.Count > 0)
        {
            // Somebody may have put cosignatures below the same text since.
            var text = TextOf(records[^1].Note);
            _note = note is not null && TextOf(note) == text ? note : records[^1].Note;
            disk.Replace(CheckpointFile, _note);
        }
        else
        {
            _note = note ?? [];
        }

        _records = records.Count;
        if (_note.Length > 0)
        {
            Fold();
        }
        else
        {
            _journal.Reset(0);
        }
    }

    private byte[] Commit(NewLeaf[] leaves, MerkleHash[] hashes)
    {
        var end = _end!;
        var first = end.Edge.Size;
        _end = null;
        var batch = LogBatch.Make(end, leaves, hashes);
        var note = new Checkpoint(_settings!.Origin, end.Edge.Size, [.. end.Edge.Root().ToArray()]).Sign(_signers, time.GetUtcNow()).ToBytes();
        _journal.Append(new JournalRecord(first, _records, note, leaves));
        _records++;
        Grow(first, leaves.Length);
        batch.Apply(disk, _index, _table);
        disk.Replace(CheckpointFile, note);
        (_note, _end) = (note, end);
        if (_records >= Limits.JournalRecordsMax || _journal.Length >= Limits.JournalBytesMax)
        {
            try
            {
                Fold();
            }
            catch (IOException)
            {
                // The journal has it all still, and the next batch tries again.
            }
        }

        return note;
    }

    private void Grow(long first, int count)
    {
        if (_table.IsTooSmallFor(first + count))
        {
            _table.Build(_tiles, first, first + count);
        }
    }

    private void Fold() => Fold(_journal.Base);

    private void Fold(long from)
    {
        var size = _end!.Edge.Size;
        LogFold.Sync(disk, from, size, CheckpointFile);
        _journal.Reset(size);
        _records = 0;
        LogFold.RemovePartials(disk, from, size);
    }

    /// <summary>Leaves out what the log has, or what stands twice, and tells where everything will stand.</summary>
    private (NewLeaf[] Leaves, MerkleHash[] Hashes) Sift(byte[][] leaves, long[] indexes)
    {
        var size = _end!.Edge.Size;
        var now = Now();
        var (fresh, hashes, count) = (new NewLeaf[leaves.Length], new MerkleHash[leaves.Length], 0);
        var slots = new int[(int)BitOperations.RoundUpToPowerOf2((uint)(leaves.Length * 2) | 1)];
        for (var i = 0; i < leaves.Length; i++)
        {
            var hash = MerkleHash.Leaf(leaves[i]);
            if (_table.Find(hash, LeafAt) is { } index)
            {
                indexes[i] = index;
                continue;
            }

            var slot = hash.GetHashCode() & (slots.Length - 1);
            while (slots[slot] != 0 && hashes[slots[slot] - 1] != hash)
            {
                slot = (slot + 1) & (slots.Length - 1);
            }

            if (slots[slot] == 0)
            {
                (fresh[count], hashes[count]) = (new NewLeaf(leaves[i], now), hash);
                slots[slot] = ++count;
            }

            indexes[i] = size + slots[slot] - 1;
        }

        return count == leaves.Length ? (fresh, hashes) : (fresh[..count], hashes[..count]);

        MerkleHash? LeafAt(long index) => _tiles.LeafAt(index, size);
    }

    private void RefuseWhereFrozen()
    {
        if (_frozen is { } frozen)
        {
            throw new LogException(LogProblem.Frozen, $"The log `{_settings!.Origin}` is frozen since {frozen.Time.UtcDateTime:yyyy-MM-dd HH:mm} UTC", frozen.SuccessorOrigin is { } next ? $"Append to its successor, `{next}`" : "Begin another one: move its folder away");
        }
    }

    private LogSettings Create(string? name)
    {
        using var key = SigningKey.FromSeed(RandomNumberGenerator.GetBytes(SigningKey.SeedBytes));
        var called = name ?? key.PublicKey.Id[..NameIdCharacters] + LocalName;
        var digits = OriginDigitsMin + (long)(BinaryPrimitives.ReadUInt64BigEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))) % (ulong)(long.MaxValue - OriginDigitsMin));
        var settings = new LogSettings(string.Create(CultureInfo.InvariantCulture, $"{called} - {digits}"), [keys.Add(called, key)]);
        WriteSettings(settings, opens: false);
        return settings;
    }

    private void WriteSettings(LogSettings settings, bool opens = true)
    {
        disk.Replace(LogSettings.FileName, settings.ToJson());
        disk.Sync(LogSettings.FileName);
        disk.SyncFolder("");
        _settings = settings;
        if (opens)
        {
            OpenKeys();
        }
    }

    private void OpenKeys()
    {
        CloseKeys();
        var signers = new NoteSigner[_settings!.Keys.Length];
        for (var i = 0; i < signers.Length; i++)
        {
            // Where one does not open, those before it are wiped with the writer.
            (var key, signers[i]) = keys.Open(_settings.Keys[i]);
            _keys = [.. _keys, key];
        }

        _signers = signers;
    }

    private void MendRows(TilePath tile)
    {
        var entries = _tiles.ReadEntries(tile.Index, tile.Width);
        var places = EntryBundle.TrySplit(entries, tile.Width) ?? throw Corrupt($"`{tile}` does not hold {tile.Width} entries");
        var first = tile.Index << TilePath.Height;
        var rows = new byte[tile.Width * LogIndex.RowBytes];
        for (var i = 0; i < tile.Width; i++)
        {
            // The time alone does not follow from the leaf.
            var known = _index.Find(first + i);
            LogIndex.Fill(rows.AsSpan(i * LogIndex.RowBytes, LogIndex.RowBytes), entries[places[i]], known?.Time.ToUnixTimeMilliseconds() ?? 0);
        }

        _index.Write(first, rows);
    }

    private ReadOnlySpan<byte> LastLeaf(long size)
    {
        var tile = TilePath.Holding(TilePath.EntriesLevel, size - 1, size);
        var entries = _tiles.ReadEntries(tile.Index, tile.Width);
        return EntryBundle.TrySplit(entries, tile.Width) is { } places ? entries.AsSpan(places[^1]) : default;
    }

    private void Forget()
    {
        CloseKeys();
        (_end, _note, _records, _frozen) = (null, [], 0, null);
    }

    private void CloseKeys()
    {
        foreach (var key in _keys)
        {
            key.Dispose();
        }

        _keys = [];
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>What the log is called and who signs; null where there is no log.</summary>
    public static LogSettings? ReadSettings(ILogDisk disk) =>
        disk.TryRead(LogSettings.FileName) is not { } bytes ? null
        : LogSettings.TryRead(bytes, out var problem) ?? throw new LogException(LogProblem.Corrupt, $"`{LogSettings.FileName}` of the log cannot be read: {problem}", "Put it back from a copy");

    private static long SizeOf(byte[] note) => Parse(note).Size;

    private static MerkleHash RootOf(byte[] note) => MerkleHash.Read(Parse(note).Root.AsSpan());

    private static Checkpoint Parse(byte[] note)
    {
        var problem = default(string);
        return SignedNote.TryParse(note, out problem) is { } signed && Checkpoint.TryParse(signed.Text, out problem) is { } checkpoint ? checkpoint : throw Corrupt($"Its checkpoint cannot be read: {problem}");
    }

    private static string? TextOf(byte[] note) => SignedNote.TryParse(note, out _)?.Text;

    private static LogException Corrupt(string what, string suggestion = "`cairn log fsck` tells more; nothing is appended to it as it is") =>
        new(LogProblem.Corrupt, $"The log is damaged: {char.ToLowerInvariant(what[0])}{what[1..]}", suggestion);
}
