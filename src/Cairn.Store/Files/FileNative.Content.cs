using System.Runtime.InteropServices;

namespace Cairn.Store.Files;

/// <summary>The calls that the content store needs beyond walking: names are bytes with a NUL, so that none is converted for a call.</summary>
internal static unsafe partial class FileNative
{
    internal const int OpenWriteOnly = 1;
    internal const int OpenExclusive = 0x80;
    internal const int OpenNonBlocking = 0x800;
    internal const int AtSymlinkFollow = 0x400;
    internal const int AccessWriteAndSearch = 3;
    internal const int ErrorInvalid = 22;
    internal const int ErrorReadOnlyFileSystem = 30;
    internal const int ErrorNoSpace = 28;
    internal const int ErrorNotSupported = 95;
    internal const int ErrorQuota = 122;
    internal const nuint CloneRequest = 0x40049409;
    internal const nuint GetFlagsRequest = 0x80086601;
    internal const nuint SetFlagsRequest = 0x40086602;
    internal const long TimeOmit = 0x3ffffffe;

    /// <summary><c>FS_TOPDIR_FL</c>: folders below are not related, and need not be near each other.</summary>
    internal const int TopOfHierarchy = 0x20000;

    /// <summary>The flags of a folder that its new files get: all but those that say how the folder itself is laid out, and <see cref="TopOfHierarchy"/>.</summary>
    internal const int InheritedFlags = ~(TopOfHierarchy | 0x1000 | 0x40000 | 0x80000 | 0x10000000);

    // O_TMPFILE contains O_DIRECTORY, which has another number on arm64.
    internal static int OpenTemporary => 0x400000 | OpenDirectory;

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true)]
    internal static partial int MakeDirectoryAt(int directory, byte* path, uint mode);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true)]
    internal static partial int RenameAt(int oldDirectory, byte* oldPath, int newDirectory, byte* newPath);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true)]
    internal static partial int LinkAt(int oldDirectory, byte* oldPath, int newDirectory, byte* newPath, int flags);

    [LibraryImport("libc", EntryPoint = "faccessat", SetLastError = true)]
    internal static partial int AccessAt(int directory, byte* path, int mode, int flags);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true)]
    internal static partial int SetTimesAt(int directory, byte* path, TimeSpec* accessThenModify, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(int descriptor, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    internal static partial nint ReadAt(int descriptor, byte* buffer, nuint length, long offset);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(int descriptor, byte* buffer, nuint length);

    /// <summary><c>ioctl(FICLONE)</c>: the target shares the source's blocks.</summary>
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Clone(int target, nuint request, nint source);

    /// <summary><c>ioctl</c> with a pointer to flags.</summary>
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Control(int descriptor, nuint request, int* flags);

    [LibraryImport("libc", EntryPoint = "flistxattr", SetLastError = true)]
    internal static partial nint ListAttributes(int descriptor, byte* list, nuint length);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    internal static partial int SyncFileSystem(int descriptor);

    /// <summary>The C library's <c>struct timespec</c> on 64-bit machines.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeSpec
    {
        internal long Seconds;
        internal long Nanoseconds;
    }
}
