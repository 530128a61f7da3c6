using System.Runtime.InteropServices;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Files;

/// <summary>
/// An exclusive advisory lock on one byte of a file that all who lock share: as many locks as there are offsets, and no file to make and remove for each. Bound to the
/// open file, so that it also holds between the threads of one process, and gone with the process.
/// </summary>
internal sealed partial class RangeLock : IDisposable
{
    private const int SetOpenFileLock = 37;
    private const short ExclusiveLock = 1;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly SafeFileHandle _file;

    private RangeLock(SafeFileHandle file) => _file = file;

    /// <summary>Takes the lock if it is free; null where somebody has it. Throws <see cref="IOException"/> where the file cannot be opened for writing.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="offset">Which byte, not negative; need not be within the file.</param>
    public static RangeLock? TryAcquire(string path, long offset)
    {
        var descriptor = FileNative.OpenAt(FileNative.AtCurrentDirectory, path, FileNative.OpenReadWrite | FileNative.OpenCreate | FileNative.OpenCloseOnExec, 0x1b6);
        if (descriptor < 0)
        {
            throw Failure(path);
        }

        var file = new SafeFileHandle(descriptor, ownsHandle: true);
        if (Set(descriptor, new FileRange { Type = ExclusiveLock, Start = offset, Length = 1 }))
        {
            return new RangeLock(file);
        }

        var error = Marshal.GetLastPInvokeError();
        file.Dispose();
        return error is FileNative.ErrorAgain or FileNative.ErrorAccess ? null : throw Failure(path);
    }

    /// <summary>Waits for the lock.</summary>
    public static async Task<RangeLock> AcquireAsync(string path, long offset, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(PollInterval, time);
        while (true)
        {
            if (TryAcquire(path, offset) is { } acquired)
            {
                return acquired;
            }

            await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static unsafe bool Set(int descriptor, FileRange range) => Control(descriptor, SetOpenFileLock, &range) == 0;

    private static IOException Failure(string path)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"Cannot lock `{path}`: {new System.ComponentModel.Win32Exception(error).Message}", error);
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static unsafe partial int Control(int descriptor, int command, FileRange* range);

    /// <summary>The kernel's <c>struct flock</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct FileRange
    {
        internal short Type;
        internal short Whence;
        internal long Start;
        internal long Length;
        internal int ProcessId;
    }
}
