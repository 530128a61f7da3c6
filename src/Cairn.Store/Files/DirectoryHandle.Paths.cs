using System.Runtime.InteropServices;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Files;

/// <content>Paths of several segments below the directory: in one call where the kernel has <c>openat2</c>, else segment by segment.</content>
public sealed partial class DirectoryHandle
{
    private const int NotDone = int.MinValue;

    private static volatile bool HasOpenAt2 = true;

    /// <summary>Opens the directory at a relative path by its segments; null where one is missing or not a directory. An empty path gives a second handle of this one.</summary>
    public DirectoryHandle? TryOpenPath(string relativePath)
    {
        ArgumentNullException.ThrowIfNull(relativePath);
        if (relativePath.Contains('/', StringComparison.Ordinal) && TryOpenAtOnce(relativePath, FileNative.OpenDirectory) is var descriptor and not NotDone)
        {
            return descriptor < 0 ? null : new DirectoryHandle(descriptor, Join(relativePath));
        }

        DirectoryHandle? current = null;
        foreach (var segment in relativePath.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var next = (current ?? this).TryOpen(segment);
            current?.Dispose();
            if (next is null)
            {
                return null;
            }

            current = next;
        }

        return current ?? Duplicate();
    }

    /// <summary>Opens the directory at a relative path and makes the missing ones. Null where something that is not a directory stands in the way.</summary>
    public DirectoryHandle? TryCreatePath(string relativePath)
    {
        ArgumentNullException.ThrowIfNull(relativePath);
        if (TryOpenPath(relativePath) is { } known)
        {
            return known;
        }

        var current = Duplicate();
        foreach (var segment in relativePath.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            CheckName(segment);
            if (FileNative.MakeDirectoryAt(current._descriptor, segment, 0x1ff) < 0 && Marshal.GetLastPInvokeError() != FileNative.ErrorExists)
            {
                using (current)
                {
                    throw Failure("make the folder", current.Join(segment));
                }
            }

            var next = current.TryOpen(segment);
            current.Dispose();
            if (next is null)
            {
                return null;
            }

            current = next;
        }

        return current;
    }

    /// <summary>Looks at a relative path, following no link in any of its segments; null where there is nothing.</summary>
    public unsafe FileStat? TryStatPath(string relativePath)
    {
        ArgumentNullException.ThrowIfNull(relativePath);
        var slash = relativePath.LastIndexOf('/');
        if (slash < 0)
        {
            return TryStat(relativePath);
        }

        if (!HasOpenAt2)
        {
            using var parent = TryOpenPath(relativePath[..slash]);
            return parent?.TryStat(relativePath[(slash + 1)..]);
        }

        var how = new FileNative.OpenHow
        {
            Flags = (uint)(FileNative.OpenPath | FileNative.OpenNoFollow | FileNative.OpenCloseOnExec),
            Resolve = FileNative.ResolveNoSymlinks | FileNative.ResolveBeneath,
        };
        var descriptor = (int)FileNative.OpenAt2(FileNative.OpenAt2Number, _descriptor, relativePath, &how, sizeof(FileNative.OpenHow));
        if (descriptor < 0)
        {
            switch (Marshal.GetLastPInvokeError())
            {
                case FileNative.ErrorNotFound or FileNative.ErrorNotDirectory or FileNative.ErrorLoop:
                    return null;
                case FileNative.ErrorNoSuchCall or FileNative.ErrorNotPermitted:
                    // An old kernel, or a filter that does not know the call.
                    HasOpenAt2 = false;
                    return TryStatPath(relativePath);
                default:
                    throw Failure("look at", Join(relativePath));
            }
        }

        try
        {
            return StatAt(descriptor, "", relativePath, FileNative.AtEmptyPath);
        }
        finally
        {
            _ = FileNative.Close(descriptor);
        }
    }

    /// <summary>
    /// Whether what stands at a path still has a stat that was taken before. One call; links on the way are followed, which cannot make another file
    /// look like that one.
    /// </summary>
    public unsafe bool HasStat(string relativePath, in FileStat expected) => StatAt(_descriptor, relativePath, Join(relativePath)) == expected;

    /// <summary>Opens a regular file at a relative path, following no link; null where there is none.</summary>
    public SafeFileHandle? TryOpenFilePath(string relativePath)
    {
        ArgumentNullException.ThrowIfNull(relativePath);
        var slash = relativePath.LastIndexOf('/');
        if (slash < 0)
        {
            return TryOpenFile(relativePath);
        }

        if (TryOpenAtOnce(relativePath, FileNative.OpenNonBlocking) is var descriptor and not NotDone)
        {
            return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
        }

        using var parent = TryOpenPath(relativePath[..slash]);
        return parent?.TryOpenFile(relativePath[(slash + 1)..]);
    }

    /// <summary>
    /// Opens a path of several segments for reading in one call, following no link: negative where there is none, <see cref="NotDone"/> where it must be entered segment by segment, because the kernel
    /// does not know the call, or said something that is to be said of a segment.
    /// </summary>
    private unsafe int TryOpenAtOnce(string relativePath, int flags)
    {
        if (!HasOpenAt2 || relativePath.Contains('\0', StringComparison.Ordinal) || relativePath.Contains("..", StringComparison.Ordinal))
        {
            return NotDone;
        }

        var how = new FileNative.OpenHow
        {
            Flags = (uint)(FileNative.OpenReadOnly | FileNative.OpenNoFollow | FileNative.OpenCloseOnExec | flags),
            Resolve = FileNative.ResolveNoSymlinks | FileNative.ResolveBeneath,
        };
        var descriptor = (int)FileNative.OpenAt2(FileNative.OpenAt2Number, _descriptor, relativePath, &how, sizeof(FileNative.OpenHow));
        return descriptor >= 0 ? descriptor
            : Marshal.GetLastPInvokeError() is FileNative.ErrorNotFound or FileNative.ErrorNotDirectory or FileNative.ErrorLoop ? -1 : NotDone;
    }
}
