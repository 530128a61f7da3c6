using System.Buffers.Binary;
using System.Runtime.InteropServices;

using Cairn.Trust.Log;

namespace Cairn.Store.Log;

/// <summary>
/// Which leaves a log has: from a leaf's hash to its index, so that nothing is appended twice and a proof is found at once. A hash table in a file, 8 bytes a slot, of which a question reads 64: ten million
/// leaves take 128 MiB of disk and no memory. A slot holds the index and 24 bits of the hash; the tile has the rest. Slots are only ever filled, so that filling them again after a crash mends it.
/// </summary>
internal sealed class LeafTable(ILogDisk disk)
{
    /// <summary>The file.</summary>
    public const string FileName = "leaves";

    private const int HeadBytes = 64;
    private const int SlotBytes = sizeof(ulong);
    private const int WindowSlots = 8;
    private const int FirstBits = 12;
    private const int IndexBits = 40;
    private const ulong IndexMask = (1UL << IndexBits) - 1;
    private const int SlotsPerRead = 1 << 17;

    private int _bits;

    private static ReadOnlySpan<byte> Magic => "cairnleaves\u0001"u8;

    /// <summary>Reads how large it is; false where there is none.</summary>
    public bool TryOpen()
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        _bits = disk.Read(FileName, 0, head) == HeadBytes && head.StartsWith(Magic) ? head[Magic.Length] : 0;
        return _bits is >= FirstBits and < IndexBits;
    }

    /// <summary>Whether a log of a size needs a larger one.</summary>
    public bool IsTooSmallFor(long size) => size > (1L << _bits) / 4 * 3;

    /// <summary>The index of a leaf; null where the log has none. <paramref name="leafAt"/> gives the hash of the leaf at an index.</summary>
    public long? Find(in MerkleHash leaf, Func<long, MerkleHash?> leafAt)
    {
        var (slot, mark) = PlaceOf(leaf);
        Span<byte> window = stackalloc byte[WindowSlots * SlotBytes];
        for (var passed = 0L; ;)
        {
            var count = ReadWindow(slot, window, ref passed);
            for (var i = 0; i < count; i++)
            {
                var value = BinaryPrimitives.ReadUInt64BigEndian(window[(i * SlotBytes)..]);
                if (value == 0)
                {
                    return null;
                }

                if (value >> IndexBits == mark && leafAt((long)(value & IndexMask) - 1) is { } found && found == leaf)
                {
                    return (long)(value & IndexMask) - 1;
                }
            }

            slot = (slot + count) & ((1L << _bits) - 1);
        }
    }

    /// <summary>Adds a leaf; one that is there already stays.</summary>
    public void Add(in MerkleHash leaf, long index)
    {
        var (slot, mark) = PlaceOf(leaf);
        var wanted = (mark << IndexBits) | (ulong)(index + 1);
        Span<byte> window = stackalloc byte[WindowSlots * SlotBytes];
        for (var passed = 0L; ;)
        {
            var count = ReadWindow(slot, window, ref passed);
            for (var i = 0; i < count; i++)
            {
                var value = BinaryPrimitives.ReadUInt64BigEndian(window[(i * SlotBytes)..]);
                if (value == wanted)
                {
                    return;
                }

                if (value == 0)
                {
                    BinaryPrimitives.WriteUInt64BigEndian(window, wanted);
                    disk.Write(FileName, HeadBytes + ((slot + i) * SlotBytes), window[..SlotBytes]);
                    return;
                }
            }

            slot = (slot + count) & ((1L << _bits) - 1);
        }
    }

    /// <summary>Makes it anew, durably, from the tiles of a log.</summary>
    /// <param name="tiles">The tiles.</param>
    /// <param name="size">How many leaves they have.</param>
    /// <param name="expected">How many leaves there will be soon; twice as many find room.</param>
    public void Build(ITileSource tiles, long size, long expected)
    {
        var bits = FirstBits;
        while (1L << bits < Math.Max(size, expected) * 2)
        {
            bits++;
        }

        var slots = new ulong[1L << bits];
        _bits = bits;
        for (var tile = 0L; tile << TilePath.Height < size; tile++)
        {
            var path = TilePath.Holding(0, tile << TilePath.Height, size);
            var hashes = tiles.ReadTile(path).Span;
            for (var i = 0; i < path.Width; i++)
            {
                var (slot, mark) = PlaceOf(MerkleHash.Read(hashes.Slice(i * MerkleHash.Bytes, MerkleHash.Bytes)));
                while (slots[slot] != 0)
                {
                    slot = (slot + 1) & (slots.Length - 1);
                }

                slots[slot] = (mark << IndexBits) | (ulong)((tile << TilePath.Height) + i + 1);
            }
        }

        Write(slots);
    }

    /// <summary>Reads all of it, to check it against the log; null where it is damaged. Slots are as they stand in the file, the highest byte first.</summary>
    public ulong[]? ReadAll()
    {
        if (!TryOpen() || disk.LengthOf(FileName) != HeadBytes + ((1L << _bits) * SlotBytes))
        {
            return null;
        }

        var slots = new ulong[1L << _bits];
        for (long at = 0; at < slots.LongLength; at += SlotsPerRead)
        {
            var part = MemoryMarshal.AsBytes(slots.AsSpan((int)at, (int)Math.Min(SlotsPerRead, slots.LongLength - at)));
            if (disk.Read(FileName, HeadBytes + (at * SlotBytes), part) < part.Length)
            {
                return null;
            }
        }

        return slots;
    }

    /// <summary>Whether a table that was read has a leaf, given by its hash, at an index.</summary>
    public bool Has(ulong[] slots, ReadOnlySpan<byte> leaf, long index)
    {
        var (slot, mark) = PlaceOf(leaf);
        var wanted = BinaryPrimitives.ReverseEndianness((mark << IndexBits) | (ulong)(index + 1));
        for (var seen = 0L; seen < slots.LongLength && slots[slot] is not 0 and var value; seen++)
        {
            if (value == wanted)
            {
                return true;
            }

            slot = (slot + 1) & (slots.Length - 1);
        }

        return false;
    }

    private void Write(ulong[] slots)
    {
        var head = new byte[HeadBytes];
        Magic.CopyTo(head);
        head[Magic.Length] = (byte)_bits;
        disk.Release();
        var buffer = new byte[HeadBytes + (slots.LongLength * SlotBytes)];
        head.CopyTo(buffer, 0);
        for (var i = 0L; i < slots.LongLength; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(buffer.AsSpan((int)(HeadBytes + (i * SlotBytes))), slots[i]);
        }

        disk.Replace(FileName, buffer);
        disk.Sync(FileName);
        disk.SyncFolder("");
    }

    /// <summary>Reads some slots. A table always has empty ones: one in which all were passed is damaged.</summary>
    private int ReadWindow(long slot, Span<byte> window, ref long passed)
    {
        var count = (int)Math.Min(WindowSlots, (1L << _bits) - slot);
        var bytes = count * SlotBytes;
        passed += count;
        return disk.Read(FileName, HeadBytes + (slot * SlotBytes), window[..bytes]) == bytes && passed <= (1L << _bits) + WindowSlots ? count
            : throw new LogException(LogProblem.Corrupt, $"`{FileName}` of the log is cut off, or has no empty slot", "`cairn log fsck --repair` makes it anew");
    }

    private (long Slot, ulong Mark) PlaceOf(in MerkleHash leaf)
    {
        Span<byte> bytes = stackalloc byte[MerkleHash.Bytes];
        leaf.Write(bytes);
        return PlaceOf(bytes);
    }

    private (long Slot, ulong Mark) PlaceOf(ReadOnlySpan<byte> leaf) =>
        ((long)(BinaryPrimitives.ReadUInt64BigEndian(leaf) >> (64 - _bits)), BinaryPrimitives.ReadUInt64BigEndian(leaf[sizeof(ulong)..]) >> IndexBits);
}
