using System.Numerics;
using System.Runtime.InteropServices;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Snapshots;

/// <summary>
/// The index as it stands in its file, used in place without being parsed: a header, records of one size, a hash table of record numbers, the paths. A file is
/// taken as a whole or not at all: its checksum covers everything.
/// </summary>
internal sealed class StatIndexFile
{
    private const ulong Magic = 0x31_58_44_49_4e_52_49_43; // CIRNIDX1
    private const uint Version = 1;

    private readonly byte[] _data;
    private readonly int _count;
    private readonly int _buckets;

    private StatIndexFile(byte[] data, int count, int buckets)
    {
        _data = data;
        _count = count;
        _buckets = buckets;
    }

    /// <summary>An index of nothing.</summary>
    public static StatIndexFile Empty { get; } = new([], 0, 0);

    /// <summary>The number of records.</summary>
    public int Count => _count;

    /// <summary>The records.</summary>
    public ReadOnlySpan<Record> Records => _count == 0 ? [] : MemoryMarshal.Cast<byte, Record>(_data.AsSpan(Header.Bytes, _count * Record.Bytes));

    private ReadOnlySpan<uint> Buckets => MemoryMarshal.Cast<byte, uint>(_data.AsSpan(Header.Bytes + (_count * Record.Bytes), _buckets * sizeof(uint)));

    private ReadOnlySpan<byte> Paths => _count == 0 ? [] : _data.AsSpan(Header.Bytes + (_count * Record.Bytes) + (_buckets * sizeof(uint)));

    /// <summary>Takes a file's bytes; null where they are damaged, cut short, or of another version.</summary>
    public static StatIndexFile? TryRead(byte[] data)
    {
        if (data.Length < Header.Bytes)
        {
            return null;
        }

        var header = MemoryMarshal.Read<Header>(data);
        return header.Magic == Magic && header.Version == Version && header.Buckets > 0 && BitOperations.IsPow2(header.Buckets)
            && Header.Bytes + ((long)header.Count * Record.Bytes) + ((long)header.Buckets * sizeof(uint)) + header.PathBytes == data.Length
            && header.Checksum == Checksum(data)
            ? new StatIndexFile(data, (int)header.Count, (int)header.Buckets)
            : null;
    }

    /// <summary>The number of a path's record, or -1.</summary>
    public int Find(ReadOnlySpan<byte> path)
    {
        if (_count == 0)
        {
            return -1;
        }

        var hash = Hash(path);
        var records = Records;
        var buckets = Buckets;
        for (var (at, probes) = (hash & (uint)(_buckets - 1), 0); probes < _buckets; at = (at + 1) & (uint)(_buckets - 1), probes++)
        {
            var number = buckets[(int)at];
            if (number == 0 || number > (uint)_count)
            {
                return -1;
            }

            if (records[(int)number - 1].Hash == hash && PathOf((int)number - 1).SequenceEqual(path))
            {
                return (int)number - 1;
            }
        }

        return -1;
    }

    /// <summary>The path of a record.</summary>
    public ReadOnlySpan<byte> PathOf(int number)
    {
        var record = Records[number];
        return Paths.Slice((int)record.PathOffset, record.PathLength);
    }

    /// <summary>Lays out a file. The hashes, offsets and lengths of the records' paths are filled in here.</summary>
    public static byte[] Write(Record[] records, byte[][] paths)
    {
        var pathBytes = 0L;
        foreach (var path in paths)
        {
            pathBytes += path.Length;
        }

        var buckets = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2 * records.Length, 2));
        var data = new byte[checked((int)(Header.Bytes + ((long)records.Length * Record.Bytes) + ((long)buckets * sizeof(uint)) + pathBytes))];
        var laidOut = MemoryMarshal.Cast<byte, Record>(data.AsSpan(Header.Bytes, records.Length * Record.Bytes));
        var table = MemoryMarshal.Cast<byte, uint>(data.AsSpan(Header.Bytes + (records.Length * Record.Bytes), buckets * sizeof(uint)));
        var text = data.AsSpan(Header.Bytes + (records.Length * Record.Bytes) + (buckets * sizeof(uint)));
        var offset = 0;
        for (var i = 0; i < records.Length; i++)
        {
            paths[i].CopyTo(text[offset..]);
            var hash = Hash(paths[i]);
            laidOut[i] = records[i] with { Hash = hash, PathOffset = (uint)offset, PathLength = (ushort)paths[i].Length };
            offset += paths[i].Length;
            var at = hash & (uint)(buckets - 1);
            while (table[(int)at] != 0)
            {
                at = (at + 1) & (uint)(buckets - 1);
            }

            table[(int)at] = (uint)i + 1;
        }

        var header = new Header { Magic = Magic, Version = Version, Count = (uint)records.Length, Buckets = (uint)buckets, PathBytes = (uint)pathBytes };
        MemoryMarshal.Write(data, in header);
        header.Checksum = Checksum(data);
        MemoryMarshal.Write(data, in header);
        return data;
    }

    private static uint Hash(ReadOnlySpan<byte> path)
    {
        var hash = (uint)path.Length;
        while (path.Length >= sizeof(ulong))
        {
            hash = BitOperations.Crc32C(hash, MemoryMarshal.Read<ulong>(path));
            path = path[sizeof(ulong)..];
        }

        foreach (var b in path)
        {
            hash = BitOperations.Crc32C(hash, b);
        }

        // A CRC of similar texts has similar low bits.
        hash *= 0x9e37_79b1;
        return hash ^ (hash >> 15);
    }

    /// <summary>Two checks of 32 bits, over the even and over the odd words, of everything but the field for it.</summary>
    private static ulong Checksum(ReadOnlySpan<byte> data)
    {
        var (even, odd) = (0u, ~0u);
        var rest = data[sizeof(ulong)..];
        while (rest.Length >= 2 * sizeof(ulong))
        {
            even = BitOperations.Crc32C(even, MemoryMarshal.Read<ulong>(rest));
            odd = BitOperations.Crc32C(odd, MemoryMarshal.Read<ulong>(rest[sizeof(ulong)..]));
            rest = rest[(2 * sizeof(ulong))..];
        }

        foreach (var b in rest)
        {
            even = BitOperations.Crc32C(even, b);
        }

        return ((ulong)even << 32) | odd;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Header
    {
        public const int Bytes = 40;

        public ulong Checksum;
        public ulong Magic;
        public uint Version;
        public uint Count;
        public uint Buckets;
        public uint PathBytes;
        private readonly ulong _spare;
    }

    /// <summary>What the index knows of one file.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Record
    {
        public const int Bytes = 80;
        private const byte ExecutableFlag = 1;
        private const byte RacyFlag = 2;

        private readonly long _modifiedNs;
        private readonly long _changedNs;
        private readonly long _sizeBytes;
        private readonly ulong _inode;
        private HashBytes _hash;

        public uint Hash;
        public uint PathOffset;
        public ushort PathLength;
        private readonly byte _flags;

        /// <summary>How often the index was written since somebody asked for the file.</summary>
        public byte Idle;

        private readonly uint _spare;

        public Record(in FileStat stat, Digest digest, bool racy)
        {
            _modifiedNs = stat.ModifiedNs;
            _changedNs = stat.ChangedNs;
            _sizeBytes = stat.SizeBytes;
            _inode = stat.Inode;
            _flags = (byte)((stat.Executable ? ExecutableFlag : 0) | (racy ? RacyFlag : 0));
            digest.CopyHashTo(_hash);
        }

        public readonly Digest Digest => new(_hash, _sizeBytes);

        /// <summary>Whether a file with this stat has the content that was hashed.</summary>
        public readonly bool Answers(in FileStat stat) =>
            stat.ModifiedNs == _modifiedNs && stat.ChangedNs == _changedNs && stat.SizeBytes == _sizeBytes && stat.Inode == _inode
            && stat.Kind == FileKind.Regular && _flags == (stat.Executable ? ExecutableFlag : 0);

        [System.Runtime.CompilerServices.InlineArray(Digest.HashBytes)]
        private struct HashBytes
        {
            private byte _first;
        }
    }
}
