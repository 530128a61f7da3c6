using System.Runtime.InteropServices;

using Cairn.Store.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Layers;

/// <summary>What an overlay notes of a folder that it wrote to.</summary>
[Flags]
public enum UpperMarks
{
    /// <summary>It lies over a folder of the layers below, or over none.</summary>
    None,

    /// <summary>It hides what the layers below have at its place.</summary>
    Opaque = 1,

    /// <summary>It was renamed: what it holds besides stands elsewhere in the layers below.</summary>
    Renamed = 2,
}

/// <summary>
/// The folder that takes what is written to an overlay: its marks, and how to copy it with all that an overlay reads in it again. What is deleted is a character device 0/0
/// there, which anybody may make.
/// </summary>
public static unsafe class UpperFolder
{
    /// <summary>Folders in folders that are copied: one that is nested deeper cannot be an output either.</summary>
    public const int DepthMax = 256;

    private const int AttributeBytesMax = 4096;

    // What a file or folder takes on a disk, whatever it holds.
    private const int EntryBytes = 4096;

    // The namespace of the attributes is the kernel's where root mounts, and the user's where a user does.
    private static readonly byte[][] Opaque = ["trusted.overlay.opaque\0"u8.ToArray(), "user.overlay.opaque\0"u8.ToArray()];
    private static readonly byte[][] Redirect = ["trusted.overlay.redirect\0"u8.ToArray(), "user.overlay.redirect\0"u8.ToArray()];

    /// <summary>The marks of a folder.</summary>
    public static UpperMarks MarksOf(DirectoryHandle folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return (Has(folder.Descriptor, Opaque) ? UpperMarks.Opaque : UpperMarks.None) | (Has(folder.Descriptor, Redirect) ? UpperMarks.Renamed : UpperMarks.None);
    }

    /// <summary>
    /// Copies what stands in a folder into an empty one: modes, owners, times, links, holes, whiteouts and marks. Throws <see cref="IOException"/>, also where that is more
    /// than <paramref name="bytesMax"/> or lies deeper than <see cref="DepthMax"/>.
    /// </summary>
    /// <param name="from">What to copy.</param>
    /// <param name="to">The empty folder.</param>
    /// <param name="bytesMax">How much may be written, a block for each entry among it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static void Copy(DirectoryHandle from, DirectoryHandle to, long bytesMax, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        Copy(from, to, depth: 0, new Budget(bytesMax, cancellationToken));
    }

    private static void Copy(DirectoryHandle from, DirectoryHandle to, int depth, Budget budget)
    {
        if (depth > DepthMax)
        {
            throw new IOException($"what it wrote is nested deeper than {DepthMax} folders");
        }

        foreach (var attributes in (ReadOnlySpan<byte[][]>)[Opaque, Redirect])
        {
            CopyAttribute(from.Descriptor, to.Descriptor, attributes);
        }

        foreach (var entry in from.ListRaw())
        {
            budget.Take(EntryBytes);
            using var folder = entry.IsDirectory ? from.TryOpen(entry) : null;
            if (folder is null)
            {
                CopyEntry(from, to, entry, budget);
                continue;
            }

            using var made = Make(to, entry);
            Copy(folder, made, depth + 1, budget);
        }

        // Its time is set last: what is made in it changes that.
        Settle(from.Descriptor, to.Descriptor);
    }

    private static DirectoryHandle Make(DirectoryHandle parent, RawEntry entry)
    {
        fixed (byte* name = entry.Name)
        {
            if (FileNative.MakeDirectoryAt(parent.Descriptor, name, 0x1c0) < 0 && Marshal.GetLastPInvokeError() != FileNative.ErrorExists)
            {
                throw BlobCalls.Failure($"make a folder in `{parent.DisplayPath}`");
            }
        }

        return parent.TryOpen(entry) ?? throw new IOException($"A folder in `{parent.DisplayPath}` vanished");
    }

    private static void CopyEntry(DirectoryHandle from, DirectoryHandle to, RawEntry entry, Budget budget)
    {
        fixed (byte* name = entry.Name)
        {
            FileNative.StatxBuffer stat;
            if (FileNative.Statx(from.Descriptor, name, FileNative.AtSymlinkNoFollow, FileNative.StatxBasic, &stat) < 0)
            {
                return;
            }

            switch (stat.Mode & 0xF000)
            {
                case 0x8000:
                    CopyFile(from, to, name, (long)stat.Size, budget);
                    break;
                case 0xA000:
                    CopyLink(from, to, name);
                    break;
                case (int)FileNative.CharacterDevice:
                    // Without it, what was deleted would be there again.
                    if (FileNative.MakeNodeAt(to.Descriptor, name, FileNative.CharacterDevice, 0) < 0)
                    {
                        throw BlobCalls.Failure($"note in `{to.DisplayPath}` what was deleted");
                    }

                    break;
                default:
                    // Sockets and FIFOs are of no use without the processes that had them.
                    break;
            }
        }
    }

    private static void CopyFile(DirectoryHandle from, DirectoryHandle to, byte* name, long size, Budget budget)
    {
        const int Exclusive = 0x80, NonBlocking = 0x800;
        var source = FileNative.OpenAt(from.Descriptor, name, FileNative.OpenReadOnly | FileNative.OpenNoFollow | FileNative.OpenCloseOnExec | NonBlocking, 0);
        if (source < 0)
        {
            throw BlobCalls.Failure($"read a file in `{from.DisplayPath}`");
        }

        var target = FileNative.OpenAt(to.Descriptor, name, FileNative.OpenReadWrite | FileNative.OpenCreate | Exclusive | FileNative.OpenNoFollow | FileNative.OpenCloseOnExec, 0x180);
        try
        {
            if (target < 0)
            {
                throw BlobCalls.Failure($"make a file in `{to.DisplayPath}`");
            }

            CopyData(source, target, size, budget);
            Settle(source, target);
        }
        finally
        {
            _ = FileNative.Close(source);
            if (target >= 0)
            {
                _ = FileNative.Close(target);
            }
        }
    }

    /// <summary>Copies what a file holds and leaves its holes: its size is whatever the step said, and costs nothing there.</summary>
    private static void CopyData(int source, int target, long size, Budget budget)
    {
        const int Data = 3, Hole = 4;
        var buffer = new byte[1 << 17];
        for (long at = 0; at < size;)
        {
            var start = FileNative.Seek(source, at, Data);
            if (start < 0 && Marshal.GetLastPInvokeError() == FileNative.ErrorNoSuchData)
            {
                break;
            }

            var end = start < 0 ? -1 : FileNative.Seek(source, start, Hole);
            if (end < 0 || FileNative.Seek(target, start, 0) < 0)
            {
                throw BlobCalls.Failure("find what a file holds");
            }

            for (at = start; at < end;)
            {
                var count = BlobCalls.ReadAt(source, buffer.AsSpan(0, (int)long.Min(buffer.Length, end - at)), at);
                if (count == 0)
                {
                    break;
                }

                budget.Take(count);
                BlobCalls.Write(target, buffer.AsSpan(0, count));
                at += count;
            }

            at = end;
        }

        if (FileNative.Truncate(target, size) < 0)
        {
            throw BlobCalls.Failure("set the size of a file");
        }
    }

    private static void CopyLink(DirectoryHandle from, DirectoryHandle to, byte* name)
    {
        var text = Marshal.PtrToStringUTF8((nint)name)!;
        if (FileNative.MakeSymlinkAt(from.ReadLink(text), to.Descriptor, text) < 0)
        {
            throw BlobCalls.Failure($"make a link in `{to.DisplayPath}`");
        }
    }

    /// <summary>Owner, mode and time, in this order: a change of owner takes bits of the mode.</summary>
    private static void Settle(int from, int to)
    {
        FileNative.StatxBuffer stat;
        fixed (byte* empty = "\0"u8)
        {
            if (FileNative.Statx(from, empty, FileNative.AtEmptyPath, FileNative.StatxBasic, &stat) < 0)
            {
                return;
            }
        }

        // An ordinary user's files are theirs already.
        _ = FileNative.ChangeOwnerAt(to, "", stat.UserId, stat.GroupId, FileNative.AtEmptyPath);
        _ = FileNative.ChangeMode(to, (uint)(stat.Mode & 0xFFF));
        var times = stackalloc FileNative.TimeSpec[2];
        times[0] = times[1] = new FileNative.TimeSpec { Seconds = stat.ModifyTime.Seconds, Nanoseconds = stat.ModifyTime.Nanoseconds };
        _ = FileNative.SetTimes(to, times);
    }

    private static bool Has(int descriptor, byte[][] attributes)
    {
        foreach (var attribute in attributes)
        {
            fixed (byte* name = attribute)
            {
                if (FileNative.GetAttribute(descriptor, name, null, 0) > 0)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static void CopyAttribute(int from, int to, byte[][] attributes)
    {
        var value = stackalloc byte[AttributeBytesMax];
        foreach (var attribute in attributes)
        {
            fixed (byte* name = attribute)
            {
                var length = FileNative.GetAttribute(from, name, value, AttributeBytesMax);
                if (length > 0 && FileNative.SetAttribute(to, name, value, (nuint)length, 0) < 0)
                {
                    throw BlobCalls.Failure("note of a folder that it hides what lay below it");
                }
            }
        }
    }

    /// <summary>What a copy may still take.</summary>
    private sealed class Budget(long bytesMax, CancellationToken cancellationToken)
    {
        private long _bytes;

        public void Take(long bytes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _bytes += bytes;
            if (_bytes > bytesMax)
            {
                throw new IOException($"what it wrote takes more than the {bytesMax >> 20:N0} MiB that may be kept");
            }
        }
    }
}
