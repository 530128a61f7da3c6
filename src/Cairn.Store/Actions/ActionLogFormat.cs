using System.Buffers.Binary;
using System.Numerics;

using Cairn.Core.Content;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Actions;

/// <summary>The layout of an <see cref="ActionLog"/>; <c>docs/formats/action.md</c> describes it.</summary>
internal static class ActionLogFormat
{
    /// <summary>Magic, and the bytes that the file had after it was last compacted.</summary>
    public const int FileHeadBytes = 24;

    /// <summary>Length, hash, CRC-32C of the content, CRC-32C of what stands before.</summary>
    public const int EntryHeadBytes = 44;

    private const int LengthOffset = 0;
    private const int HashOffset = 4;
    private const int ContentCheckOffset = 36;
    private const int HeadCheckOffset = 40;

    private static ReadOnlySpan<byte> Magic => "cairn actions 1\n"u8;

    public static void WriteFileHead(Span<byte> head, long compactedBytes)
    {
        Magic.CopyTo(head);
        BinaryPrimitives.WriteInt64LittleEndian(head[Magic.Length..], compactedBytes);
    }

    public static bool TryReadFileHead(ReadOnlySpan<byte> head, out long compactedBytes)
    {
        compactedBytes = head.Length == FileHeadBytes ? BinaryPrimitives.ReadInt64LittleEndian(head[Magic.Length..]) : 0;
        return head.Length == FileHeadBytes && head.StartsWith(Magic);
    }

    public static void WriteEntryHead(Span<byte> head, Digest digest, ReadOnlySpan<byte> content)
    {
        BinaryPrimitives.WriteInt32LittleEndian(head[LengthOffset..], content.Length);
        digest.CopyHashTo(head[HashOffset..]);
        BinaryPrimitives.WriteUInt32LittleEndian(head[ContentCheckOffset..], Check(content));
        BinaryPrimitives.WriteUInt32LittleEndian(head[HeadCheckOffset..], Check(head[..HeadCheckOffset]));
    }

    /// <summary>Reads the beginning of an entry: its digest, and with it the length of its content. False where none stands here.</summary>
    public static bool TryReadEntryHead(ReadOnlySpan<byte> head, out Digest digest, out uint contentCheck)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(head[LengthOffset..]);
        contentCheck = BinaryPrimitives.ReadUInt32LittleEndian(head[ContentCheckOffset..]);
        if (length is < 0 or > Core.Limits.ActionBlobBytesMax || Check(head[..HeadCheckOffset]) != BinaryPrimitives.ReadUInt32LittleEndian(head[HeadCheckOffset..]))
        {
            digest = default;
            return false;
        }

        digest = new Digest(head.Slice(HashOffset, Digest.HashBytes), length);
        return true;
    }

    public static uint Check(ReadOnlySpan<byte> bytes)
    {
        var check = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            check = BitOperations.Crc32C(check, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var b in bytes)
        {
            check = BitOperations.Crc32C(check, b);
        }

        return ~check;
    }
}

/// <summary>Goes through the entries of an <see cref="ActionLog"/> from the first to the last that is whole.</summary>
internal sealed class ActionLogScanner(SafeFileHandle file)
{
    private const int WindowBytes = 1 << 20;

    private byte[] _window = new byte[WindowBytes];
    private int _start;
    private int _length;

    /// <summary>Where the next entry begins.</summary>
    public long Position { get; private set; } = ActionLogFormat.FileHeadBytes;

    /// <summary>The digest of the current entry.</summary>
    public Digest Digest { get; private set; }

    /// <summary>Whether its content is as it was written.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>The current entry, its head included; valid until the next one.</summary>
    public ReadOnlySpan<byte> Entry => _window.AsSpan(_start, EntryLength);

    private int EntryLength { get; set; }

    /// <summary>Goes to the next entry; false where the rest is none.</summary>
    public bool Next()
    {
        _start += EntryLength;
        _length -= EntryLength;
        EntryLength = 0;
        if (!Load(ActionLogFormat.EntryHeadBytes) || !ActionLogFormat.TryReadEntryHead(_window.AsSpan(_start, ActionLogFormat.EntryHeadBytes), out var digest, out var check))
        {
            return false;
        }

        var length = ActionLogFormat.EntryHeadBytes + (int)digest.SizeBytes;
        if (!Load(length))
        {
            return false;
        }

        (Digest, EntryLength) = (digest, length);
        IsWhole = ActionLogFormat.Check(Entry[ActionLogFormat.EntryHeadBytes..]) == check;
        Position += length;
        return true;
    }

    /// <summary>Sees to it that so many bytes of the current entry are in the window.</summary>
    private bool Load(int count)
    {
        if (_length >= count)
        {
            return true;
        }

        var window = count > _window.Length ? new byte[Math.Max(count, 2 * _window.Length)] : _window;
        _window.AsSpan(_start, _length).CopyTo(window);
        (_window, _start) = (window, 0);
        for (int read; _length < count && (read = RandomAccess.Read(file, _window.AsSpan(_length), Position + _length)) > 0; _length += read)
        {
        }

        return _length >= count;
    }
}
