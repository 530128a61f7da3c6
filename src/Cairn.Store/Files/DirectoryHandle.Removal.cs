using System.Runtime.InteropServices;
using System.Text;

namespace Cairn.Store.Files;

/// <content>Removing trees, however deep and however their rights are.</content>
public sealed partial class DirectoryHandle
{
    private const uint OwnerAll = 0x1c0;
    private const int RemoveDepthMax = 100;

    // STATX_ATTR_MOUNT_ROOT, which kernels older than 5.8 do not tell.
    private const ulong MountRoot = 0x2000;

    /// <summary>With what the names of folders begin that stand beside the top of a deep tree while that is removed.</summary>
    internal const string RemovedPrefix = ".removed-";

    /// <summary>
    /// Removes whatever stands at a name, with everything below it: names that are not UTF-8 and folders that their owner may not write among it.
    /// Does not recurse on the stack, so depth does no harm. Nothing that is mounted below is entered: then it throws, and what is left stays.
    /// </summary>
    public void RemoveTree(string name)
    {
        CheckName(name);
        RemoveTree([.. Encoding.UTF8.GetBytes(name), 0]);
    }

    private unsafe void RemoveTree(byte[] name)
    {
        // What lies deeper than this many folders is moved up beside the top first: a tree may be deeper than a process may have descriptors, or than a path may be long.
        var deep = new Stack<byte[]>();
        var pending = new Stack<(DirectoryHandle Parent, byte[] Name, DirectoryHandle? Opened)>();
        var depth = 0;
        pending.Push((this, name, null));
        try
        {
            while (pending.TryPop(out var item) || (deep.TryPop(out var next) && (item = (this, next, null)).Name is not null))
            {
                fixed (byte* raw = item.Name)
                {
                    if (item.Opened is not null)
                    {
                        depth--;
                        item.Opened.Dispose();
                        item.Parent.RemoveRaw(raw, FileNative.AtRemoveDirectory);
                        continue;
                    }

                    if (depth >= RemoveDepthMax && item.Parent.TryMoveUp(raw, this) is { } moved)
                    {
                        deep.Push(moved);
                        continue;
                    }

                    if (item.Parent.OpenToRemove(raw) is not { } directory)
                    {
                        // A file, a link, or nothing; what cannot be removed either says so.
                        item.Parent.RemoveRaw(raw, 0);
                        continue;
                    }

                    depth++;
                    pending.Push((item.Parent, item.Name, directory));
                    directory.ForEachRaw((child, _) => pending.Push((directory, child, null)));
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
    }

    /// <summary>Moves a folder to a name of its own in another; null where it is none.</summary>
    private unsafe byte[]? TryMoveUp(byte* name, DirectoryHandle target)
    {
        FileNative.StatxBuffer buffer;
        if (FileNative.Statx(_descriptor, name, FileNative.AtSymlinkNoFollow, FileNative.StatxBasic, &buffer) < 0 || (buffer.Mode & 0xF000) != 0x4000)
        {
            return null;
        }

        // To move a folder is to write its `..`.
        _ = FileNative.ChangeModeAt(_descriptor, name, OwnerAll, 0);
        byte[] fresh = [.. Encoding.UTF8.GetBytes($"{RemovedPrefix}{Guid.NewGuid():N}"), 0];
        fixed (byte* to = fresh)
        {
            return FileNative.RenameAt(_descriptor, name, target._descriptor, to) == 0 ? fresh : null;
        }
    }

    private unsafe DirectoryHandle? OpenToRemove(byte* name)
    {
        var flags = FileNative.OpenReadOnly | FileNative.OpenDirectory | FileNative.OpenNoFollow | FileNative.OpenCloseOnExec;
        var descriptor = FileNative.OpenAt(_descriptor, name, flags, 0);
        if (descriptor < 0 && Marshal.GetLastPInvokeError() == FileNative.ErrorAccess && FileNative.ChangeModeAt(_descriptor, name, OwnerAll, 0) == 0)
        {
            descriptor = FileNative.OpenAt(_descriptor, name, flags, 0);
        }

        if (descriptor < 0)
        {
            return null;
        }

        // What is mounted there is somebody else's: a tool cache below a sandbox's root, say, that is not unmounted yet.
        FileNative.StatxBuffer buffer;
        if (FileNative.Statx(descriptor, "", FileNative.AtEmptyPath, FileNative.StatxBasic, &buffer) == 0 && (buffer.Attributes & MountRoot) != 0)
        {
            FileNative.Close(descriptor);
            throw new IOException($"Cannot remove `{Join(Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name)))}`: something is mounted there");
        }

        // Tools that guard their downloads leave folders without the right to write. A failure shows when something is removed.
        _ = FileNative.ChangeMode(descriptor, OwnerAll);
        return new DirectoryHandle(descriptor, DisplayPath);
    }

    private unsafe void RemoveRaw(byte* name, int flags)
    {
        if (FileNative.UnlinkAt(_descriptor, name, flags) < 0 && Marshal.GetLastPInvokeError() != FileNative.ErrorNotFound)
        {
            throw Failure("remove", Join(Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name))));
        }
    }
}
