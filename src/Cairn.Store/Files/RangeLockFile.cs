using System.ComponentModel;
using System.Runtime.InteropServices;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Files;

/// <summary>
/// Any number of exclusive locks by 64-bit keys in one file that stays empty: each is a range of its bytes, locked by way of the open file, so that nothing is created
/// or removed for a lock, and all of them are gone with the process. Thread-safe; within the process they exclude each other too.
/// </summary>
/// <remarks>
/// A range begins where its key says and is as long as the holder's process id: so others learn who holds it, which the kernel does not tell of such locks.
/// Keys that differ only in their last bits share a lock.
/// </remarks>
public sealed class RangeLockFile
{
    // The largest process id there can be, as a power of two; ranges begin this far apart.
    private const int SpanBits = 22;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly SafeFileHandle _file;
    private readonly HashSet<long> _held = [];

    private RangeLockFile(SafeFileHandle file) => _file = file;

    /// <summary>Opens the file, and makes it where it is missing; its folder must exist. Throws <see cref="IOException"/> where it cannot be written.</summary>
    public static RangeLockFile Open(string path)
    {
        // Not File.OpenHandle: it takes a lock of its own. All users of a shared store may lock, so the mode is left to the umask.
        var descriptor = FileNative.OpenAt(FileNative.AtCurrentDirectory, path, FileNative.OpenReadWrite | FileNative.OpenCreate | FileNative.OpenCloseOnExec, 0x1b6);
        return descriptor >= 0 ? new RangeLockFile(new SafeFileHandle(descriptor, ownsHandle: true)) : throw Failure($"`{path}`");
    }

    /// <summary>Takes a lock if it is free; null where somebody else has it.</summary>
    public IDisposable? TryAcquire(ulong key)
    {
        var start = StartOf(key);
        lock (_held)
        {
            if (_held.Contains(start) || !TrySet(FileNative.WriteLock, start))
            {
                return null;
            }

            _held.Add(start);
            return new Hold(this, start);
        }
    }

    /// <summary>Waits for a lock.</summary>
    /// <param name="key">The lock.</param>
    /// <param name="time">The clock of the polling.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IDisposable> AcquireAsync(ulong key, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(PollInterval, time);
        while (true)
        {
            if (TryAcquire(key) is { } hold)
            {
                return hold;
            }

            await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The process that has a lock; null where none has, or it cannot be told.</summary>
    public unsafe int? FindHolder(ulong key)
    {
        var start = StartOf(key);
        lock (_held)
        {
            if (_held.Contains(start))
            {
                return Environment.ProcessId;
            }
        }

        var range = new FileNative.LockRange { Type = FileNative.WriteLock, Start = start, Length = 1 };
        return FileNative.LockControl(Descriptor, FileNative.GetOpenFileLock, &range) == 0 && range.Type == FileNative.WriteLock ? (int)range.Length : null;
    }

    private int Descriptor => (int)_file.DangerousGetHandle();

    private static long StartOf(ulong key) => (long)(key >> (SpanBits + 1)) << SpanBits;

    private static IOException Failure(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"Cannot lock {what}: {new Win32Exception(error).Message}", error);
    }

    private unsafe bool TrySet(short type, long start)
    {
        var range = new FileNative.LockRange { Type = type, Start = start, Length = Environment.ProcessId };
        if (FileNative.LockControl(Descriptor, FileNative.SetOpenFileLock, &range) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() is FileNative.ErrorAgain or FileNative.ErrorAccess ? false : throw Failure("a range");
    }

    private sealed class Hold(RangeLockFile file, long start) : IDisposable
    {
        private bool _released;

        public void Dispose()
        {
            lock (file._held)
            {
                // A second call must not take away what another has acquired since.
                if (!_released)
                {
                    _released = true;
                    file.TrySet(FileNative.Unlock, start);
                    file._held.Remove(start);
                }
            }
        }
    }
}
