using Cairn.Store.Files;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Log;

/// <summary>
/// The few things that a log does with files, so that tests can cut the power between any two of them. Paths are relative to the log's folder. Nothing is durable before it is synced, and a name that
/// was made, replaced or removed only when its folder is.
/// </summary>
internal interface ILogDisk
{
    /// <summary>Which start of the machine this is: what was not synced in another one may be lost.</summary>
    Guid BootId { get; }

    /// <summary>All of a file; null where there is none.</summary>
    byte[]? TryRead(string path);

    /// <summary>Reads all of a file into a buffer, which is replaced where it is too small; the bytes of it, or -1 where there is no file.</summary>
    int TryRead(string path, ref byte[] buffer);

    /// <summary>Reads from a place on; fewer bytes at the end, none where there is no file.</summary>
    int Read(string path, long offset, Span<byte> destination);

    /// <summary>The length of a file; -1 where there is none.</summary>
    long LengthOf(string path);

    /// <summary>Puts a file in place, of which readers see all or what was there before.</summary>
    void Replace(string path, ReadOnlySpan<byte> content);

    /// <summary>Writes into a file, which is made where there is none.</summary>
    void Write(string path, long offset, ReadOnlySpan<byte> content);

    /// <summary>Cuts a file off.</summary>
    void Cut(string path, long length);

    /// <summary>Removes a file, or an empty folder; it may be gone.</summary>
    void Remove(string path);

    /// <summary>The names in a folder; none where there is no such folder.</summary>
    string[] Names(string folder);

    /// <summary>Makes the content of a file durable.</summary>
    void Sync(string path);

    /// <summary>Makes the names of a folder durable; empty for the log's own.</summary>
    void SyncFolder(string folder);

    /// <summary>Lets go of what is open: another process may put another file in its place.</summary>
    void Release();
}

/// <summary>The files of a folder.</summary>
/// <param name="root">The folder.</param>
internal sealed class LogDisk(string root) : ILogDisk, IDisposable
{
    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, SafeFileHandle> _open = new(StringComparer.Ordinal);
    private Guid _bootId;

    public Guid BootId
    {
        get
        {
            if (_bootId == Guid.Empty && Guid.TryParse(File.Exists(BootIdFile) ? File.ReadAllText(BootIdFile) : null, out var id))
            {
                _bootId = id;
            }

            return _bootId;
        }
    }

    public byte[]? TryRead(string path)
    {
        var bytes = Array.Empty<byte>();
        var count = TryRead(path, ref bytes);
        return count < 0 ? null : count == bytes.Length ? bytes : bytes[..count];
    }

    public int TryRead(string path, ref byte[] buffer)
    {
        try
        {
            using var handle = File.OpenHandle(Full(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var length = RandomAccess.GetLength(handle);
            if (length > Limits.LogFileBytesMax)
            {
                throw new LogException(LogProblem.Corrupt, $"`{path}` of the log has {length} bytes, more than any of its files", "`cairn log fsck` tells what else is wrong");
            }

            if (buffer.Length < length)
            {
                buffer = new byte[length];
            }

            return Fill(handle, 0, buffer.AsSpan(0, (int)length));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return -1;
        }
    }

    public int Read(string path, long offset, Span<byte> destination) => TryOpen(path, writes: false) is { } handle ? Fill(handle, offset, destination) : 0;

    public long LengthOf(string path) => new FileInfo(Full(path)) is { Exists: true } file ? file.Length : -1;

    public void Replace(string path, ReadOnlySpan<byte> content)
    {
        var target = Full(path);
        try
        {
            DurableFile.Replace(target, content, durable: false);
        }
        catch (DirectoryNotFoundException)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            DurableFile.Replace(target, content, durable: false);
        }
    }

    public void Write(string path, long offset, ReadOnlySpan<byte> content) => RandomAccess.Write(TryOpen(path, writes: true)!, content, offset);

    public void Cut(string path, long length) => RandomAccess.SetLength(TryOpen(path, writes: true)!, length);

    public void Remove(string path)
    {
        var full = Full(path);
        if (Directory.Exists(full))
        {
            Directory.Delete(full);
        }
        else
        {
            File.Delete(full);
        }
    }

    public string[] Names(string folder)
    {
        var full = Full(folder);
        var names = Directory.Exists(full) ? Directory.GetFileSystemEntries(full) : [];
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = Path.GetFileName(names[i]);
        }

        return names;
    }

    public void Sync(string path)
    {
        lock (_lock)
        {
            if (_open.TryGetValue(path, out var open))
            {
                RandomAccess.FlushToDisk(open);
                return;
            }
        }

        using var handle = File.OpenHandle(Full(path), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.FlushToDisk(handle);
    }

    public void SyncFolder(string folder)
    {
        using var handle = DirectoryHandle.Open(Full(folder).TrimEnd('/'));
        handle.Sync();
    }

    public void Release()
    {
        lock (_lock)
        {
            foreach (var handle in _open.Values)
            {
                handle.Dispose();
            }

            _open.Clear();
        }
    }

    public void Dispose() => Release();

    private SafeFileHandle? TryOpen(string path, bool writes)
    {
        lock (_lock)
        {
            if (_open.TryGetValue(path, out var open))
            {
                return open;
            }

            var full = Full(path);
            if (!writes && !File.Exists(full))
            {
                return null;
            }

            if (writes && path.Contains('/', StringComparison.Ordinal))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            }

            // Whoever may only read can still look things up.
            var handle = writes ? File.OpenHandle(full, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete) : OpenToRead(full);
            _open.Add(path, handle);
            return handle;
        }
    }

    private static SafeFileHandle OpenToRead(string full)
    {
        try
        {
            return File.OpenHandle(full, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (UnauthorizedAccessException)
        {
            return File.OpenHandle(full, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
    }

    private static int Fill(SafeFileHandle handle, long offset, Span<byte> destination)
    {
        var filled = 0;
        while (filled < destination.Length && RandomAccess.Read(handle, destination[filled..], offset + filled) is > 0 and var count)
        {
            filled += count;
        }

        return filled;
    }

    private string Full(string path) => Path.Combine(root, path);
}
