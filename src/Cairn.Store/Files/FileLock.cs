using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Files;

/// <summary>An exclusive advisory lock on a file, close-on-exec, gone with the process that holds it. The file tells who holds it.</summary>
public sealed class FileLock : IDisposable
{
    private const int HolderBytesMax = 512;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly SafeFileHandle _handle;

    private FileLock(SafeFileHandle handle) => _handle = handle;

    /// <summary>Takes the lock if it is free; null where another process has it.</summary>
    /// <param name="path">The lock file; its folder must exist.</param>
    /// <param name="holder">Who takes it, for those who wait.</param>
    public static FileLock? TryAcquire(string path, string holder)
    {
        var handle = OpenForLock(path);
        try
        {
            if (FileNative.Lock((int)handle.DangerousGetHandle(), FileNative.LockExclusive | FileNative.LockNonBlocking) < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                handle.Dispose();
                return error == FileNative.ErrorAgain ? null : throw new IOException($"Cannot lock `{path}`: {new Win32Exception(error).Message}", error);
            }

            RandomAccess.SetLength(handle, 0);
            RandomAccess.Write(handle, Encoding.UTF8.GetBytes(holder), 0);
            return new FileLock(handle);
        }
        catch
        {
            // A disk that is full: the lock is not kept by who does not have it.
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Waits for the lock.</summary>
    /// <param name="path">The lock file.</param>
    /// <param name="holder">Who takes it.</param>
    /// <param name="waiting">Called once, with who has it now, where it is not free at once.</param>
    /// <param name="time">The clock of the polling.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<FileLock> AcquireAsync(string path, string holder, Action<string?>? waiting, TimeProvider time, CancellationToken cancellationToken)
    {
        if (TryAcquire(path, holder) is { } free)
        {
            return free;
        }

        waiting?.Invoke(ReadHolder(path));
        using var timer = new PeriodicTimer(PollInterval, time);
        while (true)
        {
            await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
            if (TryAcquire(path, holder) is { } acquired)
            {
                return acquired;
            }
        }
    }

    /// <summary>Whether a process holds the lock right now.</summary>
    public static bool IsHeld(string path)
    {
        var descriptor = FileNative.OpenAt(FileNative.AtCurrentDirectory, path, FileNative.OpenReadOnly | FileNative.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            return false;
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        return FileNative.Lock(descriptor, FileNative.LockShared | FileNative.LockNonBlocking) < 0 && Marshal.GetLastPInvokeError() == FileNative.ErrorAgain;
    }

    /// <summary>What the holder wrote, or null.</summary>
    public static string? ReadHolder(string path)
    {
        // Not File.OpenHandle: it would ask for a shared lock, which is what the holder refuses.
        var descriptor = FileNative.OpenAt(FileNative.AtCurrentDirectory, path, FileNative.OpenReadOnly | FileNative.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            return null;
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        var buffer = new byte[HolderBytesMax];
        var length = RandomAccess.Read(handle, buffer, 0);
        return length == 0 ? null : Encoding.UTF8.GetString(buffer, 0, length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_handle.IsClosed)
        {
            // To close is not enough: a process that is just being started has the descriptor until it executes its program.
            _ = FileNative.Lock((int)_handle.DangerousGetHandle(), FileNative.LockUnlock);
            _handle.Dispose();
        }
    }

    // Not File.OpenHandle: it takes a lock of its own, and its share modes would refuse the second opener.
    private static SafeFileHandle OpenForLock(string path)
    {
        var descriptor = FileNative.OpenAt(FileNative.AtCurrentDirectory, path, FileNative.OpenReadWrite | FileNative.OpenCreate | FileNative.OpenCloseOnExec, 0x180);
        if (descriptor < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException($"Cannot open the lock file `{path}`: {new Win32Exception(error).Message}", error);
        }

        return new SafeFileHandle(descriptor, ownsHandle: true);
    }
}
