using System.Buffers;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

using Cairn.Store.Content;
using Cairn.Store.Files;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Layers;

/// <summary>
/// Lays out a tree for sandboxes. Every file is an inode of its own: 0644 or 0755, with one time for all and one owner, so that a tree of some content looks the same whenever
/// and wherever it is laid out, and nothing that happens to it reaches what it was copied from.
/// </summary>
public sealed unsafe class LayerWriter : IDisposable
{
    /// <summary>The time of all that is laid out, in seconds since 1970: 9 September 2001. Later than what zip can hold, and the same for sources and results, so that make takes neither for older.</summary>
    public const long TimeSeconds = 1_000_000_000;

    private const uint FileMode = 0x1a4;
    private const uint ExecutableMode = 0x1ed;
    private const int BlockBytes = 4_096;

    // Below this it costs less to copy than to ask the kernel first whether it can do better.
    private const int SharedBytesMin = 64 << 10;

    private readonly DirectoryHandle _root;
    private readonly bool _ownsRoot;
    private readonly uint? _owner;
    private readonly List<string> _folders = [];
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private string _lastPath = "";
    private DirectoryHandle? _last;

    /// <summary>Writes into a folder that nothing else uses.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="owner">The user and group of all of it; null for the caller's.</param>
    /// <param name="ownsRoot">Whether the handle is disposed with this.</param>
    public LayerWriter(DirectoryHandle root, uint? owner, bool ownsRoot = false)
    {
        _root = root;
        _ownsRoot = ownsRoot;
        _owner = owner;
    }

    /// <summary>What all of it takes of a disk with blocks of 4 KiB.</summary>
    public long Bytes { get; private set; }

    /// <summary>Makes a folder and those above it.</summary>
    public void AddFolder(string path) => _ = Folder(path);

    /// <summary>Copies a file, sharing its blocks where the file system can. Throws <see cref="IOException"/>.</summary>
    /// <returns>How many bytes there were.</returns>
    public long AddFile(string path, SafeFileHandle source, bool executable)
    {
        var (folder, name) = Parent(path);
        var target = Create(folder, name, executable);
        try
        {
            var from = (int)source.DangerousGetHandle();
            var copied = RandomAccess.GetLength(source) < SharedBytesMin ? CopyByHand(from, target)
                : FileNative.Clone(target, FileNative.CloneRequest, from) == 0 ? BlobCalls.LookAt(target).SizeBytes
                : Copy(from, target);
            Settle(target);
            Count(copied);
            return copied;
        }
        finally
        {
            GC.KeepAlive(source);
            _ = FileNative.Close(target);
        }
    }

    /// <summary>Writes a file.</summary>
    public void AddFile(string path, ReadOnlySpan<byte> content, bool executable = false)
    {
        var (folder, name) = Parent(path);
        var target = Create(folder, name, executable);
        try
        {
            BlobCalls.Write(target, content);
            Settle(target);
            Count(content.Length);
        }
        finally
        {
            _ = FileNative.Close(target);
        }
    }

    /// <summary>Brings back a file from the store; false where it has no such blob.</summary>
    public bool TryAddBlob(string path, Core.Content.Digest digest, bool executable, ContentStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        var (folder, name) = Parent(path);
        if (!store.TryRestore(digest, folder, name, executable))
        {
            return false;
        }

        Settle(folder, name);
        SetMode(folder, name, executable ? ExecutableMode : FileMode);
        Count(digest.SizeBytes);
        return true;
    }

    /// <summary>Makes a symbolic link.</summary>
    public void AddLink(string path, string target)
    {
        var (folder, name) = Parent(path);
        if (FileNative.MakeSymlinkAt(target, folder.Descriptor, name) < 0)
        {
            throw Failure("make the link", path);
        }

        Settle(folder, name);
    }

    /// <summary>Makes a whiteout: what the layers below have at this path is not there.</summary>
    public void AddWhiteout(string path)
    {
        var (folder, name) = Parent(path);
        fixed (byte* bytes = Encoding.UTF8.GetBytes(name + "\0"))
        {
            if (FileNative.MakeNodeAt(folder.Descriptor, bytes, FileNative.CharacterDevice, 0) < 0)
            {
                throw Failure("make the whiteout", path);
            }
        }
    }

    /// <summary>Sets the times of folders, which the files in them have changed.</summary>
    public void Finish()
    {
        for (var i = _folders.Count - 1; i >= 0; i--)
        {
            SetMode(_root, _folders[i], ExecutableMode);
            Settle(_root, _folders[i]);
        }

        SetMode(_root, ".", ExecutableMode);
        Settle(_root, ".");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _last?.Dispose();
        if (_ownsRoot)
        {
            _root.Dispose();
        }
    }

    private static long Copy(int source, int target)
    {
        const int ChunkBytes = 1 << 30;
        long copied = 0;
        while (true)
        {
            var count = FileNative.CopyRange(source, null, target, null, ChunkBytes, 0);
            if (count > 0)
            {
                copied += count;
                continue;
            }

            if (count == 0)
            {
                return copied;
            }

            if (Marshal.GetLastPInvokeError() != FileNative.ErrorInterrupted)
            {
                return copied == 0 ? CopyByHand(source, target) : throw Failure("copy", "a file");
            }
        }
    }

    // Across file systems of some kinds, and where a file is made up by the kernel.
    private static long CopyByHand(int source, int target)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(SharedBytesMin);
        try
        {
            for (long at = 0; ;)
            {
                var count = BlobCalls.ReadAt(source, buffer, at);
                if (count == 0)
                {
                    return at;
                }

                BlobCalls.Write(target, buffer.AsSpan(0, count));
                at += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int Create(DirectoryHandle folder, string name, bool executable)
    {
        const int Exclusive = 0x80;
        var mode = executable ? ExecutableMode : FileMode;
        var target = FileNative.OpenAt(folder.Descriptor, name, FileNative.OpenReadWrite | FileNative.OpenCreate | Exclusive | FileNative.OpenNoFollow | FileNative.OpenCloseOnExec, mode);
        if (target < 0)
        {
            throw Failure("make the file", $"{folder.DisplayPath}/{name}");
        }

        _ = FileNative.ChangeMode(target, mode);
        return target;
    }

    private (DirectoryHandle Folder, string Name) Parent(string path)
    {
        var slash = path.LastIndexOf('/');
        return slash < 0 ? (Folder(""), path) : (Folder(path[..slash]), path[(slash + 1)..]);
    }

    private DirectoryHandle Folder(string path)
    {
        if (path.Length == 0)
        {
            return _root;
        }

        if (_last is not null && string.Equals(path, _lastPath, StringComparison.Ordinal))
        {
            return _last;
        }

        Note(path);
        _last?.Dispose();
        _last = null;
        _last = _root.TryOpenPath(path) ?? throw new IOException($"`{path}` is both a file and a folder");
        _lastPath = path;
        return _last;
    }

    private void Note(string path)
    {
        if (!_known.Add(path))
        {
            return;
        }

        var slash = path.LastIndexOf('/');
        if (slash > 0)
        {
            Note(path[..slash]);
        }

        if (FileNative.MakeDirectoryAt(_root.Descriptor, path, ExecutableMode) < 0 && Marshal.GetLastPInvokeError() != FileNative.ErrorExists)
        {
            throw Failure("make the folder", path);
        }

        _folders.Add(path);
        Count(BlockBytes);
    }

    private void Count(long bytes) => Bytes += (bytes + BlockBytes - 1) / BlockBytes * BlockBytes;

    // A mask takes rights away that whoever runs in the layer needs.
    private static void SetMode(DirectoryHandle folder, string name, uint mode)
    {
        fixed (byte* bytes = Encoding.UTF8.GetBytes(name + "\0"))
        {
            _ = FileNative.ChangeModeAt(folder.Descriptor, bytes, mode, 0);
        }
    }

    private void Settle(int descriptor)
    {
        if (_owner is { } owner && FileNative.ChangeOwnerAt(descriptor, "", owner, owner, FileNative.AtEmptyPath) < 0)
        {
            throw Failure("change the owner of", "a file");
        }

        var times = stackalloc FileNative.TimeSpec[2];
        times[0] = times[1] = new FileNative.TimeSpec { Seconds = TimeSeconds };
        if (FileNative.SetTimes(descriptor, times) < 0)
        {
            throw Failure("set the times of", "a file");
        }
    }

    private void Settle(DirectoryHandle folder, string name)
    {
        if (_owner is { } owner && FileNative.ChangeOwnerAt(folder.Descriptor, name, owner, owner, FileNative.AtSymlinkNoFollow) < 0)
        {
            throw Failure("change the owner of", name);
        }

        var times = stackalloc FileNative.TimeSpec[2];
        times[0] = times[1] = new FileNative.TimeSpec { Seconds = TimeSeconds };
        if (FileNative.SetTimesAt(folder.Descriptor, name, times, FileNative.AtSymlinkNoFollow) < 0)
        {
            throw Failure("set the times of", name);
        }
    }

    private static IOException Failure(string what, string path)
    {
        var exception = new Win32Exception(Marshal.GetLastPInvokeError());
        return new IOException($"Could not {what} `{path}` of a layer: {exception.Message}", exception);
    }
}
