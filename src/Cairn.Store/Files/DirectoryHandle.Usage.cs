using System.Runtime.InteropServices;

namespace Cairn.Store.Files;

/// <summary>What a tree holds, and when it was last read or written.</summary>
/// <param name="Bytes">The sizes of its files.</param>
/// <param name="Files">How many files and links it has.</param>
/// <param name="LastUsedNs">The newest access or modification of a file in it, in nanoseconds since 1970; of a tree without files, the modification of its folders.</param>
internal readonly record struct TreeUse(long Bytes, long Files, long LastUsedNs)
{
    public TreeUse Plus(TreeUse other) => new(Bytes + other.Bytes, Files + other.Files, Math.Max(LastUsedNs, other.LastUsedNs));
}

/// <summary>An entry by the bytes of its name, which need not be UTF-8.</summary>
/// <param name="Name">With the NUL at the end.</param>
/// <param name="IsDirectory">Whether it is a folder; a link is none.</param>
internal readonly record struct RawEntry(byte[] Name, bool IsDirectory);

/// <content>Sizes and links.</content>
public sealed partial class DirectoryHandle
{
    /// <summary>Makes a symbolic link; false where something stands there already.</summary>
    public bool MakeLink(string name, string target)
    {
        CheckName(name);
        ArgumentException.ThrowIfNullOrEmpty(target);
        if (FileNative.MakeSymlinkAt(target, _descriptor, name) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() == FileNative.ErrorExists ? false : throw Failure("make the link", Join(name));
    }

    /// <summary>Whether another directory is on the same mounted file system.</summary>
    public unsafe bool IsOnFileSystemOf(DirectoryHandle other)
    {
        ArgumentNullException.ThrowIfNull(other);
        FileNative.StatxBuffer here;
        FileNative.StatxBuffer there;
        return FileNative.Statx(_descriptor, "", FileNative.AtEmptyPath, FileNative.StatxBasic, &here) == 0
            && FileNative.Statx(other._descriptor, "", FileNative.AtEmptyPath, FileNative.StatxBasic, &there) == 0
            && here.DeviceMajor == there.DeviceMajor && here.DeviceMinor == there.DeviceMinor;
    }

    /// <summary>Makes a folder and opens it; null where something that is not a folder stands there.</summary>
    /// <param name="name">The name.</param>
    /// <param name="made">Whether it was not there.</param>
    internal DirectoryHandle? TryMake(string name, out bool made)
    {
        CheckName(name);
        made = FileNative.MakeDirectoryAt(_descriptor, name, 0x1ff) == 0;
        return made || Marshal.GetLastPInvokeError() == FileNative.ErrorExists ? TryOpen(name) : throw Failure("make the folder", Join(name));
    }

    /// <summary>Looks at what has a name that is not UTF-8, by the escaped name that <see cref="List"/> has for it.</summary>
    public unsafe List<(string Name, FileStat Stat)> StatOdd()
    {
        var odd = new List<(string, FileStat)>();
        ForEachRaw((name, type) =>
        {
            var entry = Decode(name.AsSpan()[..^1], type);
            FileNative.StatxBuffer buffer;
            fixed (byte* raw = name)
            {
                if (!entry.IsUtf8 && FileNative.Statx(_descriptor, raw, FileNative.AtSymlinkNoFollow, FileNative.StatxBasic, &buffer) == 0)
                {
                    odd.Add((entry.Name, ToStat(buffer)));
                }
            }
        });
        return odd;
    }

    /// <summary>The entries of this directory by the bytes of their names.</summary>
    internal unsafe List<RawEntry> ListRaw()
    {
        var entries = new List<RawEntry>();
        ForEachRaw((name, type) =>
        {
            fixed (byte* raw = name)
            {
                entries.Add(new RawEntry(name, type == 4 || (type == 0 && IsDirectoryRaw(raw))));
            }
        });
        return entries;
    }

    /// <summary>Opens an entry that is a folder; null where it is gone, none, or not to be read.</summary>
    internal unsafe DirectoryHandle? TryOpen(RawEntry entry)
    {
        fixed (byte* raw = entry.Name)
        {
            var descriptor = FileNative.OpenAt(_descriptor, raw, FileNative.OpenReadOnly | FileNative.OpenDirectory | FileNative.OpenNoFollow | FileNative.OpenCloseOnExec, 0);
            return descriptor >= 0 ? new DirectoryHandle(descriptor, DisplayPath) : null;
        }
    }

    /// <summary>Removes an entry with everything below it.</summary>
    internal void RemoveTree(RawEntry entry) => RemoveTree(entry.Name);

    /// <summary>Measures an entry with everything below it. What goes or cannot be read meanwhile counts for nothing. Does not recurse on the stack.</summary>
    internal unsafe TreeUse Measure(RawEntry entry)
    {
        var use = default(TreeUse);
        var pending = new Stack<(DirectoryHandle Parent, RawEntry Entry, DirectoryHandle? Opened)>();
        pending.Push((this, entry, null));
        try
        {
            while (pending.TryPop(out var item))
            {
                if (item.Opened is not null)
                {
                    item.Opened.Dispose();
                    continue;
                }

                fixed (byte* raw = item.Entry.Name)
                {
                    use = use.Plus(item.Parent.UseOf(raw));
                }

                if (item.Entry.IsDirectory && item.Parent.TryOpen(item.Entry) is { } directory)
                {
                    pending.Push((item.Parent, item.Entry, directory));
                    foreach (var child in directory.ListRaw())
                    {
                        pending.Push((directory, child, null));
                    }
                }
            }
        }
        finally
        {
            foreach (var item in pending)
            {
                item.Opened?.Dispose();
            }
        }

        return use;
    }

    /// <summary>How many bytes the file system that this directory is on has in all; null where it does not say.</summary>
    public unsafe long? FileSystemBytes()
    {
        FileNative.FileSystemBuffer buffer;
        return FileNative.StatFileSystem(_descriptor, &buffer) == 0 ? (long)ulong.Min(buffer.Blocks * buffer.FragmentBytes, long.MaxValue) : null;
    }

    /// <summary>Whether the file system that this directory is on has no room left for a page, or for a file.</summary>
    public unsafe bool IsFull()
    {
        const ulong PageBytes = 4096;
        FileNative.FileSystemBuffer buffer;
        return FileNative.StatFileSystem(_descriptor, &buffer) == 0 && ((buffer.AvailableBlocks * buffer.FragmentBytes) < PageBytes || (buffer.Files > 0 && buffer.FreeFiles == 0));
    }

    /// <summary>
    /// The blocks that the files below this directory take, in bytes, counted until there are more than <paramref name="enough"/>; while others write there. What lies deeper than a
    /// process may have descriptors does not count.
    /// </summary>
    /// <param name="enough">Where counting ends.</param>
    /// <param name="isWhole">Whether nothing was passed over because the caller may not look at it.</param>
    public long AllocatedBytes(long enough, out bool isWhole)
    {
        isWhole = true;
        return AllocatedBytes(this, enough, depth: 0, ref isWhole);
    }

    private static unsafe long AllocatedBytes(DirectoryHandle directory, long enough, int depth, ref bool isWhole)
    {
        const int BlockBytes = 512;
        long total = 0;
        foreach (var entry in directory.ListRaw())
        {
            fixed (byte* raw = entry.Name)
            {
                FileNative.StatxBuffer buffer;
                if (FileNative.Statx(directory._descriptor, raw, FileNative.AtSymlinkNoFollow, FileNative.StatxBasic, &buffer) == 0)
                {
                    total += (long)buffer.Blocks * BlockBytes;
                }
                else
                {
                    isWhole &= Marshal.GetLastPInvokeError() != FileNative.ErrorAccess;
                }
            }

            if (total > enough)
            {
                break;
            }

            if (!entry.IsDirectory || depth >= RemoveDepthMax)
            {
                continue;
            }

            using var below = directory.TryOpen(entry);
            if (below is null)
            {
                isWhole &= Marshal.GetLastPInvokeError() != FileNative.ErrorAccess;
            }
            else
            {
                total += AllocatedBytes(below, enough - total, depth + 1, ref isWhole);
            }
        }

        return total;
    }

    private unsafe TreeUse UseOf(byte* name)
    {
        FileNative.StatxBuffer buffer;
        if (FileNative.Statx(_descriptor, name, FileNative.AtSymlinkNoFollow, FileNative.StatxBasic, &buffer) < 0)
        {
            return default;
        }

        // To list a folder is to access it, so its access time tells nothing.
        var modified = buffer.ModifyTime.ToNanoseconds();
        return (buffer.Mode & 0xF000) == 0x4000
            ? new TreeUse(0, 0, modified)
            : new TreeUse((long)buffer.Size, 1, Math.Max(modified, buffer.AccessTime.ToNanoseconds()));
    }

    private unsafe bool IsDirectoryRaw(byte* name)
    {
        FileNative.StatxBuffer buffer;
        return FileNative.Statx(_descriptor, name, FileNative.AtSymlinkNoFollow, FileNative.StatxBasic, &buffer) == 0 && (buffer.Mode & 0xF000) == 0x4000;
    }
}
