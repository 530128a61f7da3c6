using Cairn.Trust.Log;

namespace Cairn.Store.Log;

/// <summary>The tiles of a log in a folder. A partial tile that is gone is the beginning of the full one. What was read last is kept, for proofs ask for the same tile again and again.</summary>
internal sealed class LogTiles(ILogDisk disk) : ITileSource
{
    private const int KeptMax = 32;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, byte[]> _kept = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> ReadTile(TilePath tile)
    {
        var path = tile.ToString();
        lock (_lock)
        {
            if (_kept.TryGetValue(path, out var kept))
            {
                return kept;
            }
        }

        var bytes = Array.Empty<byte>();
        var count = ReadTileOnce(tile, ref bytes).Length;
        bytes = count == bytes.Length ? bytes : bytes[..count];
        lock (_lock)
        {
            if (_kept.Count >= KeptMax)
            {
                _kept.Clear();
            }

            _kept[path] = bytes;
        }

        return bytes;
    }

    /// <summary>The hashes of a tile that is read once: into a buffer, which is replaced where it is too small.</summary>
    public ReadOnlySpan<byte> ReadTileOnce(TilePath tile, ref byte[] buffer)
    {
        var path = tile.ToString();
        var count = disk.TryRead(path, ref buffer);
        if (count >= 0)
        {
            return count == tile.Bytes ? buffer.AsSpan(0, count) : throw WrongLength(path, count, tile.Bytes);
        }

        return !tile.IsFull && disk.TryRead((tile with { Width = TilePath.WidthMax }).ToString(), ref buffer) == TilePath.WidthMax * MerkleHash.Bytes ? buffer.AsSpan(0, tile.Bytes) : throw Missing(path);
    }

    /// <summary>The entries of a tile as they stand in its file.</summary>
    public byte[] ReadEntries(long index, int width)
    {
        var buffer = Array.Empty<byte>();
        return ReadEntriesOnce(index, width, ref buffer).ToArray();
    }

    /// <summary>The same into a buffer, which is replaced where it is too small.</summary>
    public Span<byte> ReadEntriesOnce(long index, int width, ref byte[] buffer)
    {
        var tile = new TilePath(TilePath.EntriesLevel, index, width);
        var path = tile.ToString();
        var count = disk.TryRead(path, ref buffer);
        if (count < 0 && !tile.IsFull)
        {
            count = disk.TryRead((tile with { Width = TilePath.WidthMax }).ToString(), ref buffer);
            if (count >= 0 && EntryBundle.TrySplit(buffer.AsSpan(0, count), TilePath.WidthMax) is { } places)
            {
                count = places[width - 1].End.Value;
            }
        }

        return count >= 0 ? buffer.AsSpan(0, count) : throw Missing(path);
    }

    /// <summary>The hash of a leaf, without the rest of its tile.</summary>
    public MerkleHash? LeafAt(long index, long size)
    {
        if (index < 0 || index >= size)
        {
            return null;
        }

        var tile = TilePath.Holding(0, index, size);
        Span<byte> hash = stackalloc byte[MerkleHash.Bytes];
        var at = (index & (TilePath.WidthMax - 1)) * MerkleHash.Bytes;
        return disk.Read(tile.ToString(), at, hash) == MerkleHash.Bytes || disk.Read((tile with { Width = TilePath.WidthMax }).ToString(), at, hash) == MerkleHash.Bytes ? MerkleHash.Read(hash) : null;
    }

    private static LogException WrongLength(string path, int bytes, int expected) =>
        new(LogProblem.Corrupt, $"`{path}` of the log has {bytes} bytes, not {expected}", "`cairn log fsck` tells what else is wrong");

    private static LogException Missing(string path) => new(LogProblem.Corrupt, $"`{path}` of the log is missing", "`cairn log fsck` tells what else is wrong; put it back from a copy");
}
