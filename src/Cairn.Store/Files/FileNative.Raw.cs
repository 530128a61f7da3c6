using System.Runtime.InteropServices;

namespace Cairn.Store.Files;

/// <summary>The same calls by bytes that end with a NUL, for walks over many names.</summary>
internal static unsafe partial class FileNative
{
    internal const int ErrorNameTooLong = 36;

    /// <summary>Type, mode, modification time, change time, inode and size: what <see cref="FileStat"/> holds.</summary>
    internal const uint StatxNeeded = 0x3c3;

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint OpenAt2(nint number, nint directory, byte* path, OpenHow* how, nint size);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    internal static partial nint ReadLinkAt(int directory, byte* path, byte* buffer, nuint length);
}
