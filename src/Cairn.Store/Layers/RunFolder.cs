using Cairn.Store.Content;
using Cairn.Store.Files;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Layers;

/// <summary>
/// What the sandboxes of one run write: <c>sandbox/RUN/</c> of the store, for its owner alone. The locked file <c>sandbox/RUN.lock</c> beside it says that the run lives; it
/// holds the folders of control groups that the run made things in. What a killed run leaves, the next one clears away.
/// </summary>
public sealed class RunFolder : IDisposable
{
    private const string Parent = "sandbox";
    private const string LockSuffix = ".lock";
    private const int NotesBytesMax = 64 << 10;

    private readonly string _parent;
    private readonly string _run;
    private readonly SafeFileHandle _lock;
    private readonly HashSet<string> _noted = new(StringComparer.Ordinal);

    private RunFolder(string parent, string run, SafeFileHandle locked)
    {
        _parent = parent;
        _run = run;
        _lock = locked;
    }

    /// <summary>The folder, relative to the store.</summary>
    public string Relative => $"{Parent}/{_run}";

    /// <summary>Makes it, and clears away those of runs that are gone. Throws <see cref="IOException"/>.</summary>
    /// <param name="storeDirectory">The store.</param>
    /// <param name="run">The run.</param>
    /// <param name="dead">Hears of each run that is gone with each folder that it noted, and says whether nothing of that run is left there: as long as there is, the notes stay.</param>
    public static RunFolder Make(string storeDirectory, string run, Func<string, string, bool> dead)
    {
        ArgumentException.ThrowIfNullOrEmpty(storeDirectory);
        ArgumentException.ThrowIfNullOrEmpty(run);
        ArgumentNullException.ThrowIfNull(dead);
        var parent = $"{storeDirectory}/{Parent}";
        try
        {
            Directory.CreateDirectory(parent);
            using (var all = DirectoryHandle.Open(parent))
            {
                FileNursery.Spread(all);
            }

            ClearDead(parent, dead);
            var folder = new RunFolder(parent, run, Lock($"{parent}/{run}{LockSuffix}"));
            Directory.CreateDirectory($"{parent}/{run}", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return folder;
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new IOException(exception.Message, exception);
        }
    }

    /// <summary>Notes a folder in which this run makes something of its own, for whoever clears up after it.</summary>
    public void Note(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        lock (_noted)
        {
            if (_noted.Add(folder))
            {
                RandomAccess.Write(_lock, System.Text.Encoding.UTF8.GetBytes(folder + '\n'), RandomAccess.GetLength(_lock));
            }
        }
    }

    /// <summary>Removes it.</summary>
    public void Dispose()
    {
        if (!_lock.IsClosed)
        {
            using var parent = DirectoryHandle.Open(_parent);
            parent.RemoveTree(_run);
            _ = parent.Unlink(_run + LockSuffix);
            _lock.Dispose();
        }
    }

    private static SafeFileHandle Lock(string path)
    {
        while (true)
        {
            var descriptor = FileNative.OpenAt(FileNative.AtCurrentDirectory, path, FileNative.OpenReadWrite | FileNative.OpenCreate | FileNative.OpenCloseOnExec, 0x180);
            if (descriptor < 0)
            {
                throw BlobCalls.Failure($"make `{path}`");
            }

            // Another run that clears up may have taken it for a dead one's.
            var handle = new SafeFileHandle(descriptor, ownsHandle: true);
            if (FileNative.Lock(descriptor, FileNative.LockExclusive) == 0 && BlobCalls.LookAt(descriptor).LinkCount > 0)
            {
                return handle;
            }

            handle.Dispose();
        }
    }

    private static void ClearDead(string path, Func<string, string, bool> dead)
    {
        using var parent = DirectoryHandle.Open(path);
        foreach (var entry in parent.List())
        {
            try
            {
                if (entry.IsUtf8 && entry.Name.StartsWith(DirectoryHandle.RemovedPrefix, StringComparison.Ordinal))
                {
                    // What was being removed when that ended; where it goes on, both remove the same.
                    parent.RemoveTree(entry.Name);
                }
                else if (entry.IsUtf8 && entry.Name.EndsWith(LockSuffix, StringComparison.Ordinal))
                {
                    Clear(parent, entry.Name[..^LockSuffix.Length], dead);
                }
            }
            catch (IOException)
            {
                // Another user's; or another run clears it at this moment.
            }
        }
    }

    private static void Clear(DirectoryHandle parent, string run, Func<string, string, bool> dead)
    {
        using var file = parent.TryOpenFile(run + LockSuffix);
        if (file is null || FileNative.Lock((int)file.DangerousGetHandle(), FileNative.LockExclusive | FileNative.LockNonBlocking) != 0)
        {
            return;
        }

        var isClear = true;
        Span<byte> notes = new byte[NotesBytesMax];
        foreach (var folder in System.Text.Encoding.UTF8.GetString(notes[..RandomAccess.Read(file, notes, 0)]).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            isClear &= dead(run, folder);
        }

        parent.RemoveTree(run);
        if (isClear)
        {
            _ = parent.Unlink(run + LockSuffix);
        }
    }
}
