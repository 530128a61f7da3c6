using System.Runtime.InteropServices;

namespace Cairn.Store.Files;

/// <content>What an overlay notes in the folder that it writes to: extended attributes and whiteouts.</content>
internal static unsafe partial class FileNative
{
    internal const uint CharacterDevice = 0x2000;

    [LibraryImport("libc", EntryPoint = "fgetxattr", SetLastError = true)]
    internal static partial nint GetAttribute(int descriptor, byte* name, byte* value, nuint size);

    [LibraryImport("libc", EntryPoint = "fsetxattr", SetLastError = true)]
    internal static partial int SetAttribute(int descriptor, byte* name, byte* value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "mknodat", SetLastError = true)]
    internal static partial int MakeNodeAt(int directory, byte* path, uint mode, ulong device);
}
