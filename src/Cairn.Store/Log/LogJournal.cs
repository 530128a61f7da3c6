using System.Buffers.Binary;
using System.Security.Cryptography;

using Cairn.Trust.Log;

namespace Cairn.Store.Log;

/// <summary>A new leaf.</summary>
/// <param name="Bytes">It.</param>
/// <param name="Time">When it was taken, in milliseconds since 1970.</param>
internal sealed record NewLeaf(byte[] Bytes, long Time);

/// <summary>Leaves that were appended together, with the checkpoint that they led to.</summary>
/// <param name="First">The index of the first one.</param>
/// <param name="Ordinal">How many records stand before it in the journal.</param>
/// <param name="Note">The signed checkpoint.</param>
/// <param name="Leaves">The leaves.</param>
internal sealed record JournalRecord(long First, int Ordinal, byte[] Note, NewLeaf[] Leaves);

/// <summary>
/// What makes appending durable with one sync: leaves and their checkpoint are written here first. All other files follow from that, and are synced together when the journal has grown; then it begins
/// anew. After a crash the records are carried out again, each with the very checkpoint that may have been seen.
/// <c>docs/formats/log.md</c> describes it.
/// </summary>
internal sealed class LogJournal(ILogDisk disk)
{
    /// <summary>The file.</summary>
    public const string FileName = "journal";

    private const int HeadBytes = 40;
    private const int BaseAt = 16;
    private const int BootAt = 24;
    private const int CheckBytes = 8;
    private const int LengthBytes = sizeof(int);
    private const int FrameBytes = LengthBytes + CheckBytes + LengthBytes;
    private const int RecordHeadBytes = sizeof(long) + (3 * sizeof(int));
    private const int LeafHeadBytes = sizeof(long) + sizeof(ushort);

    private static ReadOnlySpan<byte> Magic => "cairnlog\0\0\0\u0001"u8;

    /// <summary>The size of the log up to which every file is synced.</summary>
    public long Base { get; private set; }

    /// <summary>Whether this start of the machine began it.</summary>
    public bool IsOfThisBoot { get; private set; }

    /// <summary>Where the next record goes.</summary>
    public long Length { get; private set; }

    /// <summary>Whether nothing follows the beginning: neither a record, nor the beginning of one that was cut off.</summary>
    public bool IsEmpty => Length == HeadBytes;

    /// <summary>Reads the beginning; false where there is no journal.</summary>
    public bool TryOpen()
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        if (disk.Read(FileName, 0, head) < HeadBytes || !head.StartsWith(Magic))
        {
            return false;
        }

        Base = BinaryPrimitives.ReadInt64BigEndian(head[BaseAt..]);
        IsOfThisBoot = new Guid(head[BootAt..]) == disk.BootId && disk.BootId != Guid.Empty;
        Length = disk.LengthOf(FileName);
        return true;
    }

    /// <summary>Begins anew, durably: all files are synced up to a size.</summary>
    public void Reset(long size)
    {
        var head = new byte[HeadBytes];
        Magic.CopyTo(head);
        BinaryPrimitives.WriteInt64BigEndian(head.AsSpan(BaseAt), size);
        _ = disk.BootId.TryWriteBytes(head.AsSpan(BootAt));
        disk.Release();
        disk.Replace(FileName, head);
        disk.Sync(FileName);
        disk.SyncFolder("");
        (Base, IsOfThisBoot, Length) = (size, true, HeadBytes);
    }

    /// <summary>Writes a record and syncs it: from here on it is appended.</summary>
    public void Append(JournalRecord record)
    {
        var payload = RecordHeadBytes + record.Note.Length;
        foreach (var leaf in record.Leaves)
        {
            payload += LeafHeadBytes + leaf.Bytes.Length;
        }

        var bytes = new byte[payload + FrameBytes];
        BinaryPrimitives.WriteInt32BigEndian(bytes, payload);
        var at = bytes.AsSpan(LengthBytes);
        BinaryPrimitives.WriteInt64BigEndian(at, record.First);
        BinaryPrimitives.WriteInt32BigEndian(at[8..], record.Ordinal);
        BinaryPrimitives.WriteInt32BigEndian(at[12..], record.Leaves.Length);
        BinaryPrimitives.WriteInt32BigEndian(at[16..], record.Note.Length);
        record.Note.CopyTo(at[RecordHeadBytes..]);
        at = at[(RecordHeadBytes + record.Note.Length)..];
        foreach (var leaf in record.Leaves)
        {
            BinaryPrimitives.WriteInt64BigEndian(at, leaf.Time);
            BinaryPrimitives.WriteUInt16BigEndian(at[8..], (ushort)leaf.Bytes.Length);
            leaf.Bytes.CopyTo(at[LeafHeadBytes..]);
            at = at[(LeafHeadBytes + leaf.Bytes.Length)..];
        }

        Check(bytes.AsSpan(LengthBytes, payload), at);
        BinaryPrimitives.WriteInt32BigEndian(at[CheckBytes..], payload);

        // What a record that was cut off left behind is written over, and what is left of that cannot be taken for one.
        disk.Write(FileName, Length, bytes);
        if (disk.LengthOf(FileName) > Length + bytes.Length)
        {
            disk.Cut(FileName, Length + bytes.Length);
        }

        disk.Sync(FileName);
        Length += bytes.Length;
    }

    /// <summary>The last record, found from the end; null where there is none, or the end is damaged.</summary>
    public JournalRecord? TryReadLast()
    {
        Span<byte> tail = stackalloc byte[LengthBytes];
        if (Length < HeadBytes + FrameBytes || disk.Read(FileName, Length - LengthBytes, tail) < LengthBytes)
        {
            return null;
        }

        var start = Length - FrameBytes - BinaryPrimitives.ReadInt32BigEndian(tail);
        return start >= HeadBytes && start <= Length - FrameBytes ? TryRead(start, out _) : null;
    }

    /// <summary>All records from the first on, up to the first that is not whole; the journal ends there from now on.</summary>
    public List<JournalRecord> ReadAll()
    {
        var records = new List<JournalRecord>();
        long at = HeadBytes;
        while (TryRead(at, out var next) is { } record && record.Ordinal == records.Count)
        {
            records.Add(record);
            at = next;
        }

        Length = at;
        return records;
    }

    private JournalRecord? TryRead(long start, out long next)
    {
        next = start;
        Span<byte> length = stackalloc byte[LengthBytes];
        if (disk.Read(FileName, start, length) < LengthBytes || BinaryPrimitives.ReadInt32BigEndian(length) is var payload && (payload < RecordHeadBytes || payload > Limits.JournalRecordBytesMax))
        {
            return null;
        }

        var bytes = new byte[payload + CheckBytes + LengthBytes];
        Span<byte> check = stackalloc byte[CheckBytes];
        if (disk.Read(FileName, start + LengthBytes, bytes) < bytes.Length)
        {
            return null;
        }

        Check(bytes.AsSpan(0, payload), check);
        if (!bytes.AsSpan(payload, CheckBytes).SequenceEqual(check) || BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(payload + CheckBytes)) != payload)
        {
            return null;
        }

        next = start + payload + FrameBytes;
        return Parse(bytes.AsSpan(0, payload));
    }

    private static JournalRecord Parse(ReadOnlySpan<byte> at)
    {
        var (first, ordinal) = (BinaryPrimitives.ReadInt64BigEndian(at), BinaryPrimitives.ReadInt32BigEndian(at[8..]));
        var leaves = new NewLeaf[BinaryPrimitives.ReadInt32BigEndian(at[12..])];
        var note = at.Slice(RecordHeadBytes, BinaryPrimitives.ReadInt32BigEndian(at[16..])).ToArray();
        at = at[(RecordHeadBytes + note.Length)..];
        for (var i = 0; i < leaves.Length; i++)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(at[8..]);
            leaves[i] = new NewLeaf(at.Slice(LeafHeadBytes, length).ToArray(), BinaryPrimitives.ReadInt64BigEndian(at));
            at = at[(LeafHeadBytes + length)..];
        }

        return new JournalRecord(first, ordinal, note, leaves);
    }

    private static void Check(ReadOnlySpan<byte> payload, Span<byte> check)
    {
        Span<byte> hash = stackalloc byte[MerkleHash.Bytes];
        SHA256.HashData(payload, hash);
        hash[..CheckBytes].CopyTo(check);
    }
}
