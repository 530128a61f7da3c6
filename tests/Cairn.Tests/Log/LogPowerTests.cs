using Cairn.Store.Log;
using Cairn.Testing;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;

namespace Cairn.Tests.Log;

/// <summary>The power goes at every instant of a log's life: what was answered is there afterwards, at the same place, and no two trees were ever signed for one size.</summary>
public sealed class LogPowerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void APowerCut_AtEveryStep_LosesNothingThatWasAnswered(int seed)
    {
        var steps = 0;
        for (var cut = 1; ; cut += 1 + (cut / 15))
        {
            var life = new Life(new LogKeys(_folder[$"{cut}/keys"]), seed, cut);
            life.Live();
            steps = life.Steps;
            if (!life.WasCut)
            {
                break;
            }
        }

        Assert.InRange(steps, 60, 100_000);
    }

    [Fact]
    public void AKill_WithoutALossOfPower_LosesNothingThatWasAnswered()
    {
        for (var cut = 2; ; cut += 1 + (cut / 10))
        {
            var life = new Life(new LogKeys(_folder[$"{cut}/keys"]), seed: 0, cut) { KeepsUnsynced = true };
            life.Live();
            if (!life.WasCut)
            {
                break;
            }
        }
    }

    /// <summary>Appends, is cut off at a step, goes on with what the disk has then.</summary>
    private sealed class Life(LogKeys keys, int seed, int cutAt)
    {
        private readonly Random _random = new((seed * 7_919) + cutAt);
        private readonly Dictionary<int, long> _answered = [];
        private readonly Dictionary<long, string> _signed = [];
        private FaultyDisk _disk = new(cutAt);
        private int _next;

        public bool KeepsUnsynced { get; init; }

        public bool WasCut { get; private set; }

        public int Steps { get; private set; }

        public void Live()
        {
            // Enough for full tiles, a second level, a larger table; at 0 the journal begins anew.
            foreach (var count in (int[])[1, 2, 0, 250, 10, 1, 0, 300, 1, 2_600, 1, 3])
            {
                while (!TryAppend(count))
                {
                    WasCut = true;
                    Steps = _disk.Steps;
                    _disk = _disk.AfterCrash(_random, KeepsUnsynced);
                }

                _next += count;
            }

            Steps = Math.Max(Steps, _disk.Steps);
            while (!TryAppend(0))
            {
                (WasCut, Steps) = (true, Math.Max(Steps, _disk.Steps));
                _disk = _disk.AfterCrash(_random, KeepsUnsynced);
            }

            Check(_disk);
        }

        private bool TryAppend(int count)
        {
            try
            {
                using var writer = Writer();
                if (count == 0)
                {
                    writer.Rebuild(static () => true);
                    return true;
                }

                var indexes = new long[count];
                var leaves = Enumerable.Range(_next, count).Select(LogFolderTests.Leaf).ToArray();
                var (note, _) = writer.Append(leaves, static () => true, indexes);
                for (var i = 0; i < count; i++)
                {
                    Assert.True(!_answered.TryGetValue(_next + i, out var before) || before == indexes[i], "an entry has moved");
                    _answered[_next + i] = indexes[i];
                }

                Remember(note);
                return true;
            }
            catch (PowerCutException)
            {
                // What somebody may have read counts.
                if (_disk.Current(LogWriter.CheckpointFile) is { Length: > 0 } seen)
                {
                    Remember(seen);
                }

                return false;
            }
        }

        private void Remember(byte[] note)
        {
            var checkpoint = Checkpoint.TryParse(SignedNote.TryParse(note, out _)!.Text, out _)!;
            var root = MerkleHash.Read(checkpoint.Root.AsSpan()).ToString();
            Assert.True(!_signed.TryGetValue(checkpoint.Size, out var before) || before == root, $"Two trees of {checkpoint.Size} leaves were signed");
            _signed[checkpoint.Size] = root;
        }

        private void Check(FaultyDisk disk)
        {
            var tiles = new LogTiles(disk);
            var size = (long)_next + 1;
            Assert.Equal(size, Checkpoint.TryParse(SignedNote.TryParse(disk.TryRead(LogWriter.CheckpointFile)!, out _)!.Text, out _)!.Size);
            var tree = new TileTree(tiles, size);
            foreach (var (at, root) in _signed)
            {
                Assert.True(ConsistencyProof.Make(tree, at).Verifies(MerkleHash.Read(Convert.FromHexString(root)), tree.Root()), $"The tree of {at} leaves is not the beginning of that of {size}");
            }

            var table = new LeafTable(disk);
            Assert.True(table.TryOpen());
            foreach (var (leaf, index) in _answered)
            {
                var hash = MerkleHash.Leaf(LogFolderTests.Leaf(leaf));
                Assert.Equal(hash, tree.Leaf(index));
                Assert.Equal(index, table.Find(hash, i => tiles.LeafAt(i, size)));
            }

            var index2 = new LogIndex(disk);
            Assert.True(index2.Find(size - 1)?.Time > DateTimeOffset.UnixEpoch);
        }

        private LogWriter Writer() => new(_disk, keys, static () => new NoLock(), TimeProvider.System);
    }

    private sealed class NoLock : IDisposable
    {
        public void Dispose()
        {
        }
    }
}

/// <summary>The power is gone.</summary>
internal sealed class PowerCutException() : Exception("The power is gone");

/// <summary>Files in memory that lose, when the power goes, what was not synced: of each file an arbitrary beginning of what was written since, of each folder an arbitrary part of the new names.</summary>
internal sealed class FaultyDisk(int cutAt) : ILogDisk
{
    private readonly Dictionary<string, Entry> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Entry?> _durableNames = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    private sealed class Entry
    {
        public byte[] Content { get; set; } = [];

        public byte[] Durable { get; set; } = [];
    }

    public int Steps { get; private set; }

    public Guid BootId { get; private init; } = Guid.NewGuid();

    public byte[]? Current(string path) => _names.TryGetValue(path, out var entry) ? entry.Content : null;

    public FaultyDisk AfterCrash(Random random, bool keepsUnsynced)
    {
        var after = new FaultyDisk(int.MaxValue) { BootId = keepsUnsynced ? BootId : Guid.NewGuid() };
        foreach (var name in _names.Keys.Concat(_durableNames.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray())
        {
            var now = _names.GetValueOrDefault(name);
            var kept = keepsUnsynced || (_durableNames.TryGetValue(name, out var durable) && ReferenceEquals(durable, now)) || random.Next(2) == 0 ? now : _durableNames.GetValueOrDefault(name);
            if (kept is not null)
            {
                var content = keepsUnsynced ? kept.Content : Torn(kept, random);
                after._names[name] = new Entry { Content = content, Durable = [.. content] };
                after._durableNames[name] = after._names[name];
            }
        }

        return after;
    }

    public byte[]? TryRead(string path)
    {
        lock (_lock)
        {
            return _names.TryGetValue(path, out var entry) ? [.. entry.Content] : null;
        }
    }

    public int TryRead(string path, ref byte[] buffer)
    {
        buffer = TryRead(path) ?? buffer;
        return LengthOf(path) < 0 ? -1 : buffer.Length;
    }

    public int Read(string path, long offset, Span<byte> destination)
    {
        lock (_lock)
        {
            if (!_names.TryGetValue(path, out var entry) || offset >= entry.Content.Length)
            {
                return 0;
            }

            var count = (int)Math.Min(destination.Length, entry.Content.Length - offset);
            entry.Content.AsSpan((int)offset, count).CopyTo(destination);
            return count;
        }
    }

    public long LengthOf(string path)
    {
        lock (_lock)
        {
            return _names.TryGetValue(path, out var entry) ? entry.Content.Length : -1;
        }
    }

    public void Replace(string path, ReadOnlySpan<byte> content)
    {
        var bytes = content.ToArray();
        Step(() => _names[path] = new Entry { Content = bytes });
    }

    public void Write(string path, long offset, ReadOnlySpan<byte> content)
    {
        var bytes = content.ToArray();
        Step(() =>
        {
            var entry = _names.TryGetValue(path, out var known) ? known : _names[path] = new Entry();
            if (offset + bytes.Length > entry.Content.Length)
            {
                var whole = new byte[offset + bytes.Length];
                entry.Content.CopyTo(whole, 0);
                entry.Content = whole;
            }

            bytes.CopyTo(entry.Content, offset);
        });
    }

    public void Cut(string path, long length) => Step(() => _names[path].Content = _names[path].Content[..(int)length]);

    public void Remove(string path) => Step(() => _names.Remove(path));

    public string[] Names(string folder)
    {
        lock (_lock)
        {
            return [.. _names.Keys.Where(n => n.StartsWith(folder + "/", StringComparison.Ordinal)).Select(n => n[(folder.Length + 1)..])];
        }
    }

    public void Sync(string path) => Step(() => _names[path].Durable = [.. _names[path].Content]);

    public void SyncFolder(string folder) => Step(() =>
    {
        foreach (var name in _names.Keys.Concat(_durableNames.Keys).Where(n => (Path.GetDirectoryName(n) ?? "") == folder).ToArray())
        {
            _durableNames[name] = _names.GetValueOrDefault(name);
        }
    });

    public void Release()
    {
    }

    private void Step(Action act)
    {
        lock (_lock)
        {
            Steps++;
            if (Steps >= cutAt)
            {
                throw new PowerCutException();
            }

            act();
        }
    }

    // Sectors of what changed arrive or do not, each by itself; the length that of either.
    private static byte[] Torn(Entry entry, Random random)
    {
        const int SectorBytes = 512;
        var length = random.Next(2) == 0 ? entry.Durable.Length : entry.Content.Length;
        var content = new byte[length];
        for (var at = 0; at < length; at += SectorBytes)
        {
            var source = random.Next(2) == 0 ? entry.Content : entry.Durable;
            if (at < source.Length)
            {
                source.AsSpan(at, Math.Min(SectorBytes, Math.Min(source.Length, length) - at)).CopyTo(content.AsSpan(at));
            }
        }

        return content;
    }
}
