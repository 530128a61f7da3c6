using System.ComponentModel;
using System.Runtime.InteropServices;

using Cairn.Store.Files;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Tools;

/// <summary>
/// A lock file of something that many use and one removes: shared while it is used, exclusive while it is trimmed or removed. The file goes with
/// what it guards, so whoever locks it looks afterwards whether it still stands at its path.
/// </summary>
internal sealed class SharedLock : IDisposable
{
    private readonly SafeFileHandle _handle;

    private SharedLock(SafeFileHandle handle) => _handle = handle;

    /// <summary>Takes the lock beside others; waits for one that has it alone, which is never long.</summary>
    public static SharedLock Acquire(string path) => Take(path, FileNative.LockShared)!;

    /// <summary>Takes the lock alone; waits for those that have it, which is never long.</summary>
    public static SharedLock AcquireAlone(string path) => Take(path, FileNative.LockExclusive)!;

    /// <summary>Takes the lock alone; null where somebody has it.</summary>
    public static SharedLock? TryAcquireAlone(string path) => Take(path, FileNative.LockExclusive | FileNative.LockNonBlocking);

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

    private static unsafe SharedLock? Take(string path, int operation)
    {
        while (true)
        {
            var descriptor = FileNative.OpenAt(FileNative.AtCurrentDirectory, path, FileNative.OpenReadWrite | FileNative.OpenCreate | FileNative.OpenCloseOnExec, 0x180);
            if (descriptor < 0)
            {
                throw Failure("open", path);
            }

            var handle = new SafeFileHandle(descriptor, ownsHandle: true);
            while (FileNative.Lock(descriptor, operation) < 0)
            {
                if (Marshal.GetLastPInvokeError() == FileNative.ErrorInterrupted)
                {
                    continue;
                }

                var held = Marshal.GetLastPInvokeError() == FileNative.ErrorAgain;
                var failure = held ? null : Failure("lock", path);
                handle.Dispose();
                return held ? null : throw failure!;
            }

            FileNative.StatxBuffer locked;
            FileNative.StatxBuffer standing;
            if (FileNative.Statx(descriptor, "", FileNative.AtEmptyPath, FileNative.StatxBasic, &locked) == 0
                && FileNative.Statx(FileNative.AtCurrentDirectory, path, FileNative.AtSymlinkNoFollow, FileNative.StatxBasic, &standing) == 0
                && locked.Inode == standing.Inode && locked.DeviceMinor == standing.DeviceMinor && locked.DeviceMajor == standing.DeviceMajor)
            {
                return new SharedLock(handle);
            }

            // It was removed between opening and locking.
            handle.Dispose();
        }
    }

    private static IOException Failure(string what, string path)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"Cannot {what} the lock file `{path}`: {new Win32Exception(error).Message}", error);
    }
}
