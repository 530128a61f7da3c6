using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

using Cairn.Store.Content;

namespace Cairn.Store.Files;

/// <summary>
/// Where files are made once making them beside their place turns out slow; from there they are linked to it. ext4 without a journal passes over all
/// recently deleted inodes of a folder's block group for each new one, for minutes: after some thousand deletions that is up to a millisecond a file. A
/// folder below one that is marked as the top of a hierarchy gets another group. Thread-safe.
/// </summary>
public sealed unsafe class FileNursery : IDisposable
{
    // Making a file takes a tenth of this where nothing slows it.
    private const int SlowMicroseconds = 80;
    private const int SlowFilesMin = 8;

    // Others who share the store must be able to see whether it is locked.
    private const uint FolderMode = 0x1ed;

    private readonly DirectoryHandle _root;
    private readonly string _path;
    private readonly Lock _making = new();
    private Folders? _folders;
    private int _slowFiles;
    private int _madeFolders;
    private volatile bool _useless;

    /// <summary>Makes nothing so far.</summary>
    /// <param name="root">A folder; stays the caller's.</param>
    /// <param name="path">Where below it the nursery may stand; its own place where this is empty. What a killed process leaves there is removed by whoever owns that folder.</param>
    public FileNursery(DirectoryHandle root, string path)
    {
        ArgumentNullException.ThrowIfNull(root);
        _root = root;
        _path = path;
    }

    /// <summary>Used from the first file on, and on file systems that know no such mark: for tests, in a process of their own.</summary>
    internal static bool Always { get; set; }

    /// <summary>Whether it has come into being.</summary>
    internal bool IsOpen => Volatile.Read(ref _folders) is not null;

    /// <summary>Creates a file that is for a folder: here, or in that folder.</summary>
    internal NewFile Create(int directory, uint mode, bool locked)
    {
        if (Always)
        {
            Open(always: true);
        }

        if (Volatile.Read(ref _folders) is { } folders && !_useless)
        {
            if ((directory == _root.Descriptor || folders.IsLike(directory)) && NewFile.TryCreateIn(this, folders.Descriptor, directory, mode, locked) is { } here)
            {
                return here;
            }
        }
        else if (!_useless)
        {
            var start = Stopwatch.GetTimestamp();
            var file = NewFile.Create(directory, mode, locked);
            if (Stopwatch.GetElapsedTime(start).TotalMicroseconds > SlowMicroseconds && Interlocked.Increment(ref _slowFiles) == SlowFilesMin)
            {
                Open(always: false);
            }

            return file;
        }

        return NewFile.Create(directory, mode, locked);
    }

    /// <summary>Marks a folder whose folders have nothing to do with each other, so that ext4 puts each where it makes files fast. Elsewhere it does nothing.</summary>
    public static void Spread(DirectoryHandle folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        _ = Folders.TryMark(folder.Descriptor);
    }

    /// <summary>Makes a folder here and moves it to its place, with its mode from the start. False where it must be made there: nothing is open, or it cannot be moved.</summary>
    internal bool TryMakeFolder(int parent, byte* name, uint mode)
    {
        if (Volatile.Read(ref _folders) is not { } folders || _useless)
        {
            return false;
        }

        fixed (byte* here = Encoding.ASCII.GetBytes($"folder-{Interlocked.Increment(ref _madeFolders)}\0"))
        {
            // Its name may be taken meanwhile: by an empty folder, which a move replaces, or by another, which it does not.
            if (FileNative.MakeDirectoryAt(folders.Descriptor, here, mode) == 0)
            {
                if (FileNative.ChangeModeAt(folders.Descriptor, here, mode, 0) == 0 && FileNative.RenameAt(folders.Descriptor, here, parent, name) == 0)
                {
                    return true;
                }

                _ = FileNative.UnlinkAt(folders.Descriptor, here, FileNative.AtRemoveDirectory);
            }
        }

        return false;
    }

    /// <summary>From now on files are made beside their place: the nursery was removed, or is on another mount.</summary>
    internal void GiveUp() => _useless = true;

    /// <inheritdoc/>
    public void Dispose()
    {
        _useless = true;
        Interlocked.Exchange(ref _folders, null)?.Dispose();
    }

    /// <summary>Makes the folders, if that is of use, or always.</summary>
    internal void Open(bool always)
    {
        lock (_making)
        {
            if (_folders is null && !_useless)
            {
                var made = Folders.TryMake(_root, _path, always);
                Volatile.Write(ref _folders, made);
                _useless = made is null;
            }
        }
    }

    /// <summary>A folder with the mark, locked for as long as it is used, and the one below it that has a group of its own.</summary>
    private sealed class Folders : IDisposable
    {
        private readonly DirectoryHandle _parent;
        private readonly string _name;
        private readonly int _top;
        private readonly string _inner;
        private readonly Traits _traits;

        private Folders(DirectoryHandle parent, string name, int top, string inner, int descriptor, Traits traits)
        {
            _parent = parent;
            _name = name;
            _top = top;
            _inner = inner;
            Descriptor = descriptor;
            _traits = traits;
        }

        public int Descriptor { get; }

        /// <summary>Null where it cannot be made, or would not help.</summary>
        public static Folders? TryMake(DirectoryHandle root, string path, bool always)
        {
            DirectoryHandle? parent = null;
            int top = -1, descriptor = -1;
            string? name = null, inner = null;
            try
            {
                parent = root.TryOpenPath(path);
                if (parent is null || (top = TryMakeFolder(parent.Descriptor, out name)) < 0)
                {
                    return null;
                }

                // A collector that came between the two calls took it for a stray.
                if (FileNative.Lock(top, FileNative.LockExclusive | FileNative.LockNonBlocking) == 0 && BlobCalls.LookAt(top).LinkCount > 0 && (TryMark(top) || always)
                    && (descriptor = TryMakeFolder(top, out inner)) >= 0 && Traits.Of(descriptor) is { } traits)
                {
                    var made = new Folders(parent, name, top, inner, descriptor, traits);
                    (parent, top, descriptor) = (null, -1, -1);
                    return made;
                }

                return null;
            }
            catch (IOException)
            {
                return null;
            }
            finally
            {
                Close(parent, name, top, inner, descriptor);
            }
        }

        /// <summary>Whether a file that is made here is as one that is made in a folder: nothing is inherited that differs.</summary>
        public bool IsLike(int directory) => Traits.Of(directory) == _traits;

        public void Dispose() => Close(_parent, _name, _top, _inner, Descriptor);

        private static void Close(DirectoryHandle? parent, string? name, int top, string? inner, int descriptor)
        {
            if (descriptor >= 0)
            {
                _ = FileNative.Close(descriptor);
                Remove(top, inner);
            }

            if (top >= 0)
            {
                Remove(parent!.Descriptor, name);
                _ = FileNative.Close(top);
            }

            parent?.Dispose();
        }

        private static void Remove(int parent, string? name)
        {
            if (name is not null)
            {
                // It may be gone, or hold a temporary name of a failed call: what is left is a stray.
                _ = FileNative.UnlinkAt(parent, name, FileNative.AtRemoveDirectory);
            }
        }

        /// <summary>Makes and opens a folder; its name is random, as the group of a folder depends on it.</summary>
        private static int TryMakeFolder(int parent, out string name)
        {
            name = $"nursery-{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
            if (FileNative.MakeDirectoryAt(parent, name, FolderMode) < 0)
            {
                return -1;
            }

            return FileNative.OpenAt(parent, name, FileNative.OpenReadOnly | FileNative.OpenDirectory | FileNative.OpenNoFollow | FileNative.OpenCloseOnExec, 0);
        }

        public static bool TryMark(int folder)
        {
            int flags;
            if (FileNative.Control(folder, FileNative.GetFlagsRequest, &flags) < 0)
            {
                return false;
            }

            flags |= FileNative.TopOfHierarchy;
            return FileNative.Control(folder, FileNative.SetFlagsRequest, &flags) == 0;
        }
    }

    /// <summary>What a new file gets from its folder: group, flags. A folder with lists of access, labels or its group's bit has none that could be compared.</summary>
    private readonly record struct Traits(uint DeviceMajor, uint DeviceMinor, uint GroupId, int Flags)
    {
        private const uint SetGroup = 0x400;

        public static Traits? Of(int directory)
        {
            FileNative.StatxBuffer look;
            byte empty = 0;
            if (FileNative.Statx(directory, &empty, FileNative.AtEmptyPath, FileNative.StatxBasic, &look) < 0 || (look.Mode & SetGroup) != 0
                || FileNative.ListAttributes(directory, null, 0) > 0)
            {
                return null;
            }

            // A file system that knows no flags has none to inherit.
            int flags;
            return new Traits(look.DeviceMajor, look.DeviceMinor, look.GroupId, FileNative.Control(directory, FileNative.GetFlagsRequest, &flags) < 0 ? 0 : flags & FileNative.InheritedFlags);
        }
    }
}
