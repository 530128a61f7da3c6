using System.Runtime.InteropServices;

namespace Cairn.Store.Files;

/// <content>What laying out trees for others needs: owners, and copies within the kernel.</content>
internal static unsafe partial class FileNative
{
    /// <summary>What <c>SEEK_DATA</c> says where a file holds nothing more.</summary>
    internal const int ErrorNoSuchData = 6;

    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int ChangeOwnerAt(int directory, string path, uint user, uint group, int flags);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SetTimesAt(int directory, string path, TimeSpec* accessThenModify, int flags);

    [LibraryImport("libc", EntryPoint = "futimens", SetLastError = true)]
    internal static partial int SetTimes(int descriptor, TimeSpec* accessThenModify);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int Truncate(int descriptor, long size);

    [LibraryImport("libc", EntryPoint = "copy_file_range", SetLastError = true)]
    internal static partial nint CopyRange(int source, long* sourceOffset, int target, long* targetOffset, nuint length, uint flags);
}
