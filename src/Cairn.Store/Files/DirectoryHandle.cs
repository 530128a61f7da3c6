using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Files;

/// <summary>
/// A directory by descriptor: the one way to walk, read and delete trees that steps have written. Names are single segments and
/// symbolic links are never followed, so that nothing a step leaves behind leads outside.
/// </summary>
public sealed partial class DirectoryHandle : IDisposable
{
    private const int EntryBufferBytes = 32 * 1024;
    private const int LinkTargetBytesMax = 4096;
    private const int EntryNameOffset = 19;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly int _descriptor;
    private bool _disposed;

    private DirectoryHandle(int descriptor, string displayPath)
    {
        _descriptor = descriptor;
        DisplayPath = displayPath;
    }

    /// <summary>The path for messages.</summary>
    public string DisplayPath { get; }

    /// <summary>The descriptor, for calls that this type does not offer; valid while the handle is not disposed.</summary>
    internal int Descriptor => _descriptor;

    /// <summary>Opens a trusted path, following links.</summary>
    public static DirectoryHandle Open(string path)
    {
        var descriptor = FileNative.OpenAt(FileNative.AtCurrentDirectory, path, FileNative.OpenReadOnly | FileNative.OpenDirectory | FileNative.OpenCloseOnExec, 0);
        return descriptor >= 0 ? new DirectoryHandle(descriptor, path) : throw Failure("open the folder", path);
    }

    /// <summary>Takes over an open descriptor of a folder, which the handle closes.</summary>
    public static DirectoryHandle Adopt(int descriptor, string displayPath) => descriptor >= 0 ? new(descriptor, displayPath) : throw new ArgumentOutOfRangeException(nameof(descriptor));

    /// <summary>Opens a subdirectory; null where there is none by that name, or something else (a link, a file) stands there.</summary>
    public DirectoryHandle? TryOpen(string name)
    {
        CheckName(name);
        var flags = FileNative.OpenReadOnly | FileNative.OpenDirectory | FileNative.OpenNoFollow | FileNative.OpenCloseOnExec;
        var descriptor = FileNative.OpenAt(_descriptor, name, flags, 0);
        if (descriptor >= 0)
        {
            return new DirectoryHandle(descriptor, Join(name));
        }

        return Marshal.GetLastPInvokeError() is FileNative.ErrorNotFound or FileNative.ErrorNotDirectory or FileNative.ErrorLoop
            ? null
            : throw Failure("open the folder", Join(name));
    }

    /// <summary>The names in this directory, unsorted, without <c>.</c> and <c>..</c>. A name that is not UTF-8 has <see cref="DirectoryEntry.IsUtf8"/> false and is escaped.</summary>
    public List<DirectoryEntry> List()
    {
        var entries = new List<DirectoryEntry>();
        ForEachRaw((name, type) => entries.Add(Decode(name.AsSpan()[..^1], type)));
        return entries;
    }

    /// <summary>Looks at a name without following it; null where there is nothing.</summary>
    public unsafe FileStat? TryStat(string name)
    {
        CheckName(name);
        return StatAt(_descriptor, name, name);
    }

    /// <summary>The target of a symbolic link.</summary>
    public unsafe string ReadLink(string name)
    {
        CheckName(name);
        var buffer = stackalloc byte[LinkTargetBytesMax];
        var length = FileNative.ReadLinkAt(_descriptor, name, buffer, LinkTargetBytesMax);
        return length >= 0 ? Encoding.UTF8.GetString(buffer, (int)length) : throw Failure("read the link", Join(name));
    }

    /// <summary>Makes a symbolic link, in place of a file or link of that name.</summary>
    public void ReplaceSymlink(string name, string target)
    {
        CheckName(name);
        ArgumentException.ThrowIfNullOrEmpty(target);
        _ = Unlink(name);
        if (FileNative.MakeSymlinkAt(target, _descriptor, name) < 0)
        {
            throw Failure("make the link", Join(name));
        }
    }

    /// <summary>Opens a regular file for reading, following no link; null where there is none.</summary>
    public SafeFileHandle? TryOpenFile(string name)
    {
        CheckName(name);
        var descriptor = FileNative.OpenAt(_descriptor, name, FileNative.OpenReadOnly | FileNative.OpenNoFollow | FileNative.OpenCloseOnExec | 0x800, 0);
        if (descriptor >= 0)
        {
            return new SafeFileHandle(descriptor, ownsHandle: true);
        }

        return Marshal.GetLastPInvokeError() is FileNative.ErrorNotFound or FileNative.ErrorNotDirectory or FileNative.ErrorLoop ? null : throw Failure("open", Join(name));
    }

    /// <summary>Removes a file or link; false where there was none.</summary>
    public bool Unlink(string name)
    {
        CheckName(name);
        if (FileNative.UnlinkAt(_descriptor, name, 0) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() is FileNative.ErrorNotFound ? false : throw Failure("remove", Join(name));
    }

    /// <summary>Removes an empty directory; false where it is not there or not empty.</summary>
    public bool RemoveEmptyDirectory(string name)
    {
        CheckName(name);
        if (FileNative.UnlinkAt(_descriptor, name, FileNative.AtRemoveDirectory) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() is FileNative.ErrorNotFound or FileNative.ErrorNotEmpty or FileNative.ErrorExists or FileNative.ErrorNotDirectory
            ? false
            : throw Failure("remove the folder", Join(name));
    }

    /// <summary>Whether an exception of <see cref="Move"/> says that the target is on another file system.</summary>
    public static bool IsCrossDevice(IOException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception.HResult == FileNative.ErrorCrossDevice;
    }

    /// <summary>Moves a name into another directory of the same file system.</summary>
    public void Move(string name, DirectoryHandle target, string targetName)
    {
        ArgumentNullException.ThrowIfNull(target);
        CheckName(name);
        CheckName(targetName);
        if (FileNative.RenameAt(_descriptor, name, target._descriptor, targetName) < 0)
        {
            throw Failure("move", Join(name));
        }
    }

    /// <summary>Makes the directory's entries durable.</summary>
    public void Sync()
    {
        if (FileNative.Sync(_descriptor) < 0)
        {
            throw Failure("sync the folder", DisplayPath);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _ = FileNative.Close(_descriptor);
        }
    }

    private unsafe FileStat? StatAt(int directory, string name, string shownName, int flags = FileNative.AtSymlinkNoFollow)
    {
        FileNative.StatxBuffer buffer;
        if (FileNative.Statx(directory, name, flags, FileNative.StatxBasic, &buffer) < 0)
        {
            return Marshal.GetLastPInvokeError() is FileNative.ErrorNotFound or FileNative.ErrorNotDirectory ? null : throw Failure("look at", Join(shownName));
        }

        return ToStat(buffer);
    }

    private static FileStat ToStat(in FileNative.StatxBuffer buffer)
    {
        var kind = (buffer.Mode & 0xF000) switch
        {
            0x8000 => FileKind.Regular,
            0x4000 => FileKind.Directory,
            0xA000 => FileKind.Symlink,
            _ => FileKind.Special,
        };
        return new FileStat(kind, (buffer.Mode & 0x40) != 0, (long)buffer.Size, buffer.ModifyTime.ToNanoseconds(), buffer.ChangeTime.ToNanoseconds(), buffer.Inode);
    }

    /// <summary>Calls back for each name: its bytes with the NUL at the end, and the kernel's type.</summary>
    private unsafe void ForEachRaw(Action<byte[], byte> action)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _ = FileNative.Seek(_descriptor, 0, 0);
        var buffer = stackalloc byte[EntryBufferBytes];
        while (true)
        {
            var length = FileNative.GetDirectoryEntries(_descriptor, buffer, EntryBufferBytes);
            if (length < 0 && Marshal.GetLastPInvokeError() != FileNative.ErrorNotFound)
            {
                throw Failure("list the folder", DisplayPath);
            }

            // A folder that was removed meanwhile is not found, and holds nothing.
            if (length <= 0)
            {
                return;
            }

            for (nint at = 0; at < length;)
            {
                var recordLength = *(ushort*)(buffer + at + 16);
                var type = buffer[at + 18];
                var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(buffer + at + EntryNameOffset);
                at += recordLength;
                if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                {
                    action([.. name, 0], type);
                }
            }
        }
    }

    private static DirectoryEntry Decode(ReadOnlySpan<byte> name, byte type)
    {
        FileKind? kind = type switch
        {
            4 => FileKind.Directory,
            8 => FileKind.Regular,
            10 => FileKind.Symlink,
            0 => null,
            _ => FileKind.Special,
        };
        try
        {
            var text = StrictUtf8.GetString(name);
            return new DirectoryEntry(text, IsUtf8: true, kind);
        }
        catch (DecoderFallbackException)
        {
            var escaped = new StringBuilder();
            foreach (var b in name)
            {
                _ = b is >= 0x20 and < 0x7f ? escaped.Append((char)b) : escaped.Append($"\\x{b:x2}");
            }

            return new DirectoryEntry(escaped.ToString(), IsUtf8: false, kind);
        }
    }

    /// <summary>Throws where a text is no single name.</summary>
    internal static void CheckName(string name)
    {
        if (string.IsNullOrEmpty(name) || name is "." or ".." || name.Contains('/', StringComparison.Ordinal) || name.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException($"`{name}` is not a single name", nameof(name));
        }
    }

    private static IOException Failure(string what, string path)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"Cannot {what} `{path}`: {new Win32Exception(error).Message}", error);
    }

    private DirectoryHandle Duplicate()
    {
        var descriptor = FileNative.OpenAt(_descriptor, ".", FileNative.OpenReadOnly | FileNative.OpenDirectory | FileNative.OpenCloseOnExec, 0);
        return descriptor >= 0 ? new DirectoryHandle(descriptor, DisplayPath) : throw Failure("open the folder", DisplayPath);
    }

    private string Join(string name) => $"{DisplayPath}/{name}";
}

/// <summary>A name in a directory.</summary>
/// <param name="Name">The name; escaped for people, and of no use in calls, where it is not UTF-8.</param>
/// <param name="IsUtf8">Whether the name is UTF-8.</param>
/// <param name="Kind">What it is, or null where the file system does not tell without a look.</param>
public readonly record struct DirectoryEntry(string Name, bool IsUtf8, FileKind? Kind);
