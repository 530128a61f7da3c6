using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

using Cairn.Trust.Log;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Engine.Log.Monitoring;

/// <summary>What an action was seen to make, and where.</summary>
/// <param name="Outputs">The hash over what it made.</param>
/// <param name="Log">Which log: its origin where that is known, or else the beginning of the hash of it, in hex.</param>
/// <param name="Index">The entry.</param>
public sealed record KnownAction(string Outputs, string Log, long Index);

/// <summary>
/// What each action was seen to make, over all logs that are followed: a file of records that is only added to, and read when a monitor begins. An action that was seen to make something else twice has
/// a record for each. About 80 bytes an action on the disk, and twice that in memory.
/// </summary>
public sealed class KnownActions : IDisposable
{
    /// <summary>Records, of which more are not read: about 5 GB of memory.</summary>
    public const int RecordsMax = 32_000_000;

    private const int LogBytes = 8;
    private const int RecordBytes = (2 * MerkleHash.Bytes) + LogBytes + sizeof(long);

    private readonly SafeFileHandle _file;
    private readonly Dictionary<MerkleHash, Record> _first = [];
    private readonly Dictionary<MerkleHash, List<MerkleHash>> _others = [];
    private readonly List<byte> _new = [];
    private long _length;

    private KnownActions(SafeFileHandle file) => _file = file;

    /// <summary>Opens the file, and makes it where there is none.</summary>
    public static KnownActions Open(string path)
    {
        var known = new KnownActions(File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read));
        var buffer = new byte[RecordBytes * 4096];
        // A record that a crash cut off is written again with its log's entries.
        for (var end = RandomAccess.GetLength(known._file) / RecordBytes * RecordBytes; known._length < end;)
        {
            var count = RandomAccess.Read(known._file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - known._length)), known._length) / RecordBytes * RecordBytes;
            for (var at = 0; at < count; at += RecordBytes)
            {
                var record = buffer.AsSpan(at, RecordBytes);
                _ = known.Note(MerkleHash.Read(record[..MerkleHash.Bytes]), Read(record));
            }

            known._length += count;
            if (count == 0 || known._first.Count > RecordsMax)
            {
                throw new IOException($"`{path}` cannot be read, or has more than {RecordsMax} records: remove it to begin anew, without what was seen");
            }
        }

        return known;
    }

    /// <summary>The beginning of the hash of an origin, by which records tell logs apart.</summary>
    public static string ShortOf(string origin) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(origin)).AsSpan(0, LogBytes));

    /// <summary>Notes what an action made; what it was seen to make before, where that is something else and this was not seen yet.</summary>
    /// <param name="action">The hash of the action digest.</param>
    /// <param name="outputs">The hash over what it made.</param>
    /// <param name="origin">The log.</param>
    /// <param name="index">The entry.</param>
    public KnownAction? Add(in MerkleHash action, in MerkleHash outputs, string origin, long index)
    {
        Span<byte> bytes = stackalloc byte[RecordBytes];
        action.Write(bytes);
        outputs.Write(bytes[MerkleHash.Bytes..]);
        SHA256.HashData(Encoding.UTF8.GetBytes(origin)).AsSpan(0, LogBytes).CopyTo(bytes[(2 * MerkleHash.Bytes)..]);
        BinaryPrimitives.WriteInt64BigEndian(bytes[((2 * MerkleHash.Bytes) + LogBytes)..], index);
        var (isNew, before) = Note(action, Read(bytes));
        if (isNew)
        {
            _new.AddRange(bytes);
        }

        return isNew && before is { } other ? new KnownAction(other.Outputs.ToString(), other.Log.ToString("x16", System.Globalization.CultureInfo.InvariantCulture), other.Index) : null;
    }

    /// <summary>Makes durable what was added.</summary>
    public void Save()
    {
        if (_new.Count > 0)
        {
            RandomAccess.Write(_file, _new.ToArray(), _length);
            RandomAccess.FlushToDisk(_file);
            _length += _new.Count;
            _new.Clear();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private (bool IsNew, Record? Before) Note(MerkleHash action, Record record)
    {
        if (_first.TryAdd(action, record))
        {
            return (true, null);
        }

        var first = _first[action];
        if (first.Outputs == record.Outputs)
        {
            return (false, null);
        }

        if (!_others.TryGetValue(action, out var others))
        {
            _others.Add(action, others = []);
        }

        if (others.Contains(record.Outputs))
        {
            return (false, null);
        }

        others.Add(record.Outputs);
        return (true, first);
    }

    private static Record Read(ReadOnlySpan<byte> record) => new(
        MerkleHash.Read(record.Slice(MerkleHash.Bytes, MerkleHash.Bytes)),
        BinaryPrimitives.ReadUInt64BigEndian(record[(2 * MerkleHash.Bytes)..]),
        BinaryPrimitives.ReadInt64BigEndian(record[((2 * MerkleHash.Bytes) + LogBytes)..]));

    private readonly record struct Record(MerkleHash Outputs, ulong Log, long Index);
}
