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
    private const int AttributeBytesMax = 4096;

    // The namespace of the attributes is the kernel's where root mounts, and the user's where a user does.
    private static readonly byte[][] Opaque = ["trusted.overlay.opaque\0"u8.ToArray(), "user.overlay.opaque\0"u8.ToArray()];
    private static readonly byte[][] Redirect = ["trusted.overlay.redirect\0"u8.ToArray(), "user.overlay.redirect\0"u8.ToArray()];

    /// <summary>The marks of a folder.</summary>
    public static UpperMarks MarksOf(DirectoryHandle folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return (Has(folder.Descriptor, Opaque) ? UpperMarks.Opaque : UpperMarks.None) | (Has(folder.Descriptor, Redirect) ? UpperMarks.Renamed : UpperMarks.None);
    }

    /// <summary>Copies what stands in a folder into an empty one: modes, owners, times, links, whiteouts and marks. Throws <see cref="IOException"/>.</summary>
    public static void Copy(DirectoryHandle from, DirectoryHandle to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        var pending = new Stack<(DirectoryHandle From, DirectoryHandle To, bool Listed)>();
        pending.Push((from, to, false));
        try
        {
            while (pending.TryPop(out var pair))
            {
                if (pair.Listed)
                {
                    Settle(pair.From.Descriptor, pair.To.Descriptor);
                    if (!ReferenceEquals(pair.From, from))
                    {
                        pair.From.Dispose();
                        pair.To.Dispose();
                    }

                    continue;
                }

                // Its time is set last: what is made in it changes that.
                pending.Push(pair with { Listed = true });
                foreach (var attributes in (ReadOnlySpan<byte[][]>)[Opaque, Redirect])
                {
                    CopyAttribute(pair.From.Descriptor, pair.To.Descriptor, attributes);
                }

                foreach (var entry in pair.From.ListRaw())
                {
                    if (pair.From.TryOpen(entry) is { } folder)
                    {
                        pending.Push((folder, Make(pair.To, entry), false));
                    }
                    else
                    {
                        CopyEntry(pair.From, pair.To, entry);
                    }
                }
            }
        }
        finally
        {
            foreach (var pair in pending)
            {
                if (!ReferenceEquals(pair.From, from))
                {
                    pair.From.Dispose();
                    pair.To.Dispose();
                }
            }
        }
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

    private static void CopyEntry(DirectoryHandle from, DirectoryHandle to, RawEntry entry)
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
                    CopyFile(from, to, name, stat.Mode);
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

    private static void CopyFile(DirectoryHandle from, DirectoryHandle to, byte* name, uint mode)
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

            var buffer = new byte[1 << 17];
            for (long at = 0; BlobCalls.ReadAt(source, buffer, at) is > 0 and var count; at += count)
            {
                BlobCalls.Write(target, buffer.AsSpan(0, count));
            }

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
}
