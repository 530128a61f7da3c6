using System.Runtime.InteropServices;

namespace Cairn.Store.Files;

/// <summary>
/// File calls for walks over many thousands of names: no exceptions, no objects, names as bytes that end with a NUL. A result below zero is an error's
/// number, negated. Like <see cref="DirectoryHandle"/>, nothing here follows a symbolic link.
/// </summary>
internal static unsafe class FileCalls
{
    private static volatile bool HasOpenAt2 = true;

    /// <summary>Opens the folder at a relative path for listing.</summary>
    public static int OpenFolder(int directory, byte* path) => OpenBelow(directory, path, FileNative.OpenReadOnly | FileNative.OpenDirectory);

    /// <summary>Opens the folder at a relative path only to look at names in it, which takes no right to list it.</summary>
    public static int OpenParent(int directory, byte* path) => OpenBelow(directory, path, FileNative.OpenPath | FileNative.OpenDirectory);

    /// <summary>Opens a file by its single name. A FIFO in its place does not block.</summary>
    public static int OpenFile(int directory, byte* name)
    {
        var descriptor = FileNative.OpenAt(directory, name, FileNative.OpenReadOnly | FileNative.OpenNoFollow | FileNative.OpenCloseOnExec | FileNative.OpenNonBlocking, 0);
        return descriptor >= 0 ? descriptor : -Marshal.GetLastPInvokeError();
    }

    /// <summary>Closes a descriptor.</summary>
    public static void Close(int descriptor) => _ = FileNative.Close(descriptor);

    /// <summary>Looks at a single name, or with an empty one at the descriptor itself.</summary>
    public static int Stat(int directory, byte* name, out FileStat stat)
    {
        FileNative.StatxBuffer buffer;
        var flags = *name == 0 ? FileNative.AtSymlinkNoFollow | FileNative.AtEmptyPath : FileNative.AtSymlinkNoFollow;
        if (FileNative.Statx(directory, name, flags, FileNative.StatxNeeded, &buffer) < 0)
        {
            stat = default;
            return -Marshal.GetLastPInvokeError();
        }

        var kind = (buffer.Mode & 0xF000) switch
        {
            0x8000 => FileKind.Regular,
            0x4000 => FileKind.Directory,
            0xA000 => FileKind.Symlink,
            _ => FileKind.Special,
        };
        stat = new FileStat(kind, (buffer.Mode & 0x40) != 0, (long)buffer.Size, buffer.ModifyTime.ToNanoseconds(), buffer.ChangeTime.ToNanoseconds(), buffer.Inode);
        return 0;
    }

    /// <summary>Looks at an open file.</summary>
    public static int Stat(int descriptor, out FileStat stat)
    {
        byte empty = 0;
        return Stat(descriptor, &empty, out stat);
    }

    /// <summary>Reads until the buffer is full or the file ends.</summary>
    public static int Read(int descriptor, Span<byte> buffer)
    {
        var filled = 0;
        fixed (byte* start = buffer)
        {
            while (filled < buffer.Length)
            {
                var length = FileNative.Read(descriptor, start + filled, (nuint)(buffer.Length - filled));
                if (length > 0)
                {
                    filled += (int)length;
                }
                else if (length == 0)
                {
                    break;
                }
                else if (Marshal.GetLastPInvokeError() is var error and not FileNative.ErrorInterrupted)
                {
                    return -error;
                }
            }
        }

        return filled;
    }

    /// <summary>Reads a link's target; as many bytes as the buffer has means that it may be longer.</summary>
    public static int ReadLink(int directory, byte* name, Span<byte> target)
    {
        fixed (byte* start = target)
        {
            var length = FileNative.ReadLinkAt(directory, name, start, (nuint)target.Length);
            return length >= 0 ? (int)length : -Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Reads the next names of a folder as the kernel lays them out; 0 at the end.</summary>
    public static int ReadNames(int directory, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            var length = FileNative.GetDirectoryEntries(directory, start, (nuint)buffer.Length);
            return length >= 0 ? (int)length : -Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Whether an error says that there is nothing at a path, or something of another kind.</summary>
    public static bool IsAbsent(int error) => -error is FileNative.ErrorNotFound or FileNative.ErrorNotDirectory or FileNative.ErrorLoop;

    private static int OpenBelow(int directory, byte* path, int flags)
    {
        flags |= FileNative.OpenCloseOnExec | FileNative.OpenNoFollow;
        if (*path == 0)
        {
            byte* self = stackalloc byte[2] { (byte)'.', 0 };
            return OpenSingle(directory, self, flags);
        }

        if (HasOpenAt2)
        {
            var how = new FileNative.OpenHow { Flags = (uint)flags, Resolve = FileNative.ResolveNoSymlinks | FileNative.ResolveBeneath };
            while (true)
            {
                var descriptor = (int)FileNative.OpenAt2(FileNative.OpenAt2Number, directory, path, &how, sizeof(FileNative.OpenHow));
                if (descriptor >= 0)
                {
                    return descriptor;
                }

                // With ResolveBeneath a rename elsewhere may ask to try again.
                if (Marshal.GetLastPInvokeError() is var error and not FileNative.ErrorAgain)
                {
                    if (error is not (FileNative.ErrorNoSuchCall or FileNative.ErrorNotPermitted))
                    {
                        return -error;
                    }

                    // An old kernel, or a filter that does not know the call.
                    HasOpenAt2 = false;
                    break;
                }
            }
        }

        return OpenBySegments(directory, path, flags);
    }

    private static int OpenBySegments(int directory, byte* path, int flags)
    {
        var rest = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(path);
        Span<byte> segment = stackalloc byte[256];
        var current = directory;
        while (true)
        {
            var slash = rest.IndexOf((byte)'/');
            var name = slash < 0 ? rest : rest[..slash];
            if (name.Length >= segment.Length || name.SequenceEqual(".."u8))
            {
                Release(current, directory);
                return name.Length >= segment.Length ? -FileNative.ErrorNameTooLong : -FileNative.ErrorCrossDevice;
            }

            name.CopyTo(segment);
            segment[name.Length] = 0;
            int next;
            fixed (byte* start = segment)
            {
                next = OpenSingle(current, start, slash < 0 ? flags : FileNative.OpenPath | FileNative.OpenDirectory | FileNative.OpenCloseOnExec | FileNative.OpenNoFollow);
            }

            Release(current, directory);
            if (next < 0 || slash < 0)
            {
                return next;
            }

            current = next;
            rest = rest[(slash + 1)..];
        }
    }

    private static int OpenSingle(int directory, byte* name, int flags)
    {
        var descriptor = FileNative.OpenAt(directory, name, flags, 0);
        return descriptor >= 0 ? descriptor : -Marshal.GetLastPInvokeError();
    }

    private static void Release(int current, int directory)
    {
        if (current != directory)
        {
            Close(current);
        }
    }
}
