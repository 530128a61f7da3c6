using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

// Blittable imports only: ReadyToRun compiles them ahead, so that no stub is jitted at start-up.
[assembly: DisableRuntimeMarshalling]
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace Cairn.Store.Files;

/// <summary>The file calls of libc that .NET does not offer relative to a directory descriptor.</summary>
internal static unsafe partial class FileNative
{
    internal const int AtCurrentDirectory = -100;
    internal const int AtSymlinkNoFollow = 0x100;
    internal const int AtEmptyPath = 0x1000;
    internal const int AtRemoveDirectory = 0x200;
    internal const int OpenReadOnly = 0;
    internal const int OpenReadWrite = 2;
    internal const int OpenCreate = 0x40;
    internal const int OpenCloseOnExec = 0x80000;
    internal const uint StatxBasic = 0x7ff;
    internal const int LockExclusive = 2;
    internal const int LockShared = 1;
    internal const int LockNonBlocking = 4;
    internal const int LockUnlock = 8;
    internal const int GetOpenFileLock = 36;
    internal const int SetOpenFileLock = 37;
    internal const short WriteLock = 1;
    internal const short Unlock = 2;
    internal const int OpenPath = 0x200000;
    internal const nint OpenAt2Number = 437;
    internal const ulong ResolveNoSymlinks = 0x04;
    internal const ulong ResolveBeneath = 0x08;
    internal const int ErrorNotPermitted = 1;
    internal const int ErrorNoSuchCall = 38;
    internal const int ErrorNotFound = 2;
    internal const int ErrorInterrupted = 4;
    internal const int ErrorAgain = 11;
    internal const int ErrorAccess = 13;
    internal const int ErrorExists = 17;
    internal const int ErrorCrossDevice = 18;
    internal const int ErrorNotDirectory = 20;
    internal const int ErrorIsDirectory = 21;
    internal const int ErrorNotEmpty = 39;
    internal const int ErrorLoop = 40;

    // O_DIRECTORY and O_NOFOLLOW have other numbers on arm64.
    internal static int OpenDirectory => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;

    internal static int OpenNoFollow => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OpenAt(int directory, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    internal static partial int OpenAt(int directory, byte* path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    internal static partial int UnlinkAt(int directory, byte* path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Statx(int directory, string path, int flags, uint mask, StatxBuffer* buffer);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    internal static partial int Statx(int directory, byte* path, int flags, uint mask, StatxBuffer* buffer);

    [LibraryImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    internal static partial nint GetDirectoryEntries(int descriptor, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int UnlinkAt(int directory, string path, int flags);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int RenameAt(int oldDirectory, string oldPath, int newDirectory, string newPath);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MakeDirectoryAt(int directory, string path, uint mode);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint ReadLinkAt(int directory, string path, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "symlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MakeSymlinkAt(string target, int directory, string path);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    internal static partial int ChangeMode(int descriptor, uint mode);

    [LibraryImport("libc", EntryPoint = "fchmodat", SetLastError = true)]
    internal static partial int ChangeModeAt(int directory, byte* path, uint mode, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "fstatvfs", SetLastError = true)]
    internal static partial int StatFileSystem(int descriptor, FileSystemBuffer* buffer);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    internal static partial int Lock(int descriptor, int operation);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int LockControl(int descriptor, int command, LockRange* range);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    internal static partial long Seek(int descriptor, long offset, int whence);

    /// <summary><c>openat2</c>, which the C library has no function for: its number is the same on all architectures.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint OpenAt2(nint number, nint directory, string path, OpenHow* how, nint size);

    /// <summary>The kernel's <c>struct open_how</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct OpenHow
    {
        internal ulong Flags;
        internal ulong Mode;
        internal ulong Resolve;
    }

    /// <summary>The C library's <c>struct flock</c> on 64-bit machines; <see cref="Whence"/> and <see cref="Process"/> stay 0.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct LockRange
    {
        internal short Type;
        internal short Whence;
        internal long Start;
        internal long Length;
        internal int Process;
    }

    /// <summary>The C library's <c>struct statvfs</c> on 64-bit machines.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct FileSystemBuffer
    {
        internal ulong BlockBytes;
        internal ulong FragmentBytes;
        internal ulong Blocks;
        internal ulong FreeBlocks;
        internal ulong AvailableBlocks;
        internal ulong Files;
        internal ulong FreeFiles;
    }

    /// <summary>The kernel's <c>struct statx</c>, the same on every architecture.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct StatxBuffer
    {
        internal uint Mask;
        internal uint BlockSize;
        internal ulong Attributes;
        internal uint LinkCount;
        internal uint UserId;
        internal uint GroupId;
        internal ushort Mode;
        private readonly ushort _spare0;
        internal ulong Inode;
        internal ulong Size;
        internal ulong Blocks;
        internal ulong AttributesMask;
        internal Timestamp AccessTime;
        internal Timestamp BirthTime;
        internal Timestamp ChangeTime;
        internal Timestamp ModifyTime;
        internal uint RawDeviceMajor;
        internal uint RawDeviceMinor;
        internal uint DeviceMajor;
        internal uint DeviceMinor;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Timestamp
    {
        internal long Seconds;
        internal uint Nanoseconds;
        private readonly int _spare;

        internal readonly long ToNanoseconds() => unchecked((Seconds * 1_000_000_000L) + Nanoseconds);
    }
}
