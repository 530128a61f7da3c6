using System.ComponentModel;
using System.Runtime.InteropServices;

using Cairn.Store.Files;

namespace Cairn.Store.Content;

/// <summary>Reading, writing and looking by descriptor, with what the kernel leaves to its callers: short transfers and interruptions.</summary>
internal static unsafe partial class BlobCalls
{
    /// <summary>Fills the buffer from an offset, or to the end of the file; how many bytes there were.</summary>
    public static int ReadAt(int descriptor, Span<byte> buffer, long offset)
    {
        var total = 0;
        fixed (byte* start = buffer)
        {
            while (total < buffer.Length)
            {
                var count = FileNative.ReadAt(descriptor, start + total, (nuint)(buffer.Length - total), offset + total);
                if (count == 0)
                {
                    break;
                }

                if (count < 0)
                {
                    ThrowUnlessInterrupted("read a file");
                    continue;
                }

                total += (int)count;
            }
        }

        return total;
    }

    /// <summary>Writes all bytes at the file's position.</summary>
    public static void Write(int descriptor, ReadOnlySpan<byte> content)
    {
        fixed (byte* start = content)
        {
            for (var total = 0; total < content.Length;)
            {
                var count = FileNative.Write(descriptor, start + total, (nuint)(content.Length - total));
                if (count < 0)
                {
                    ThrowUnlessInterrupted("write a file");
                    continue;
                }

                total += (int)count;
            }
        }
    }

    /// <summary>Looks at a name, following no link; false with the error in <see cref="Marshal.GetLastPInvokeError"/>.</summary>
    public static bool TryLook(int directory, ReadOnlySpan<byte> name, out Look look)
    {
        FileNative.StatxBuffer buffer;
        fixed (byte* path = name)
        {
            if (FileNative.Statx(directory, path, FileNative.AtSymlinkNoFollow, FileNative.StatxBasic, &buffer) < 0)
            {
                look = default;
                return false;
            }
        }

        look = new Look(buffer);
        return true;
    }

    /// <summary>Looks at an open file.</summary>
    public static Look LookAt(int descriptor)
    {
        FileNative.StatxBuffer buffer;
        byte empty = 0;
        return FileNative.Statx(descriptor, &empty, FileNative.AtEmptyPath, FileNative.StatxBasic, &buffer) >= 0 ? new Look(buffer) : throw Failure("look at a file");
    }

    /// <summary>Opens by a name with a NUL at its end; negative where it cannot.</summary>
    public static int TryOpen(int directory, ReadOnlySpan<byte> name, int flags, uint mode = 0)
    {
        fixed (byte* path = name)
        {
            return FileNative.OpenAt(directory, path, flags | FileNative.OpenCloseOnExec, mode);
        }
    }

    /// <summary>Marks the use of a file, or of a name in a folder, by its modification time: at most once an hour. A mark from the future is set right by that.</summary>
    public static void MarkUse(int descriptor, ReadOnlySpan<byte> name, in Look look, long nowSeconds)
    {
        if (Math.Abs(nowSeconds - look.ModifiedSeconds) > (long)Limits.UseGranularity.TotalSeconds)
        {
            // The file of another user, or a read-only disk, keeps its mark: an order of eviction that is less exact.
            SetModified(descriptor, name, nowSeconds);
        }
    }

    /// <summary>Sets the modification time of a file, or of a name in a folder, as far as that is permitted.</summary>
    public static void SetModified(int descriptor, ReadOnlySpan<byte> name, long seconds)
    {
        var times = stackalloc FileNative.TimeSpec[2];
        times[0].Nanoseconds = FileNative.TimeOmit;
        times[1].Seconds = seconds;
        if (name.IsEmpty)
        {
            _ = FileNative.SetTimes(descriptor, times);
            return;
        }

        fixed (byte* path = name)
        {
            _ = FileNative.SetTimesAt(descriptor, path, times, FileNative.AtSymlinkNoFollow);
        }
    }

    /// <summary>What went wrong in the call that was just made. <see cref="Exception.HResult"/> is the error's number.</summary>
    public static IOException Failure(string what) => Failure(what, Marshal.GetLastPInvokeError());

    /// <summary>The failure of a call by its number.</summary>
    public static IOException Failure(string what, int error) => new($"Cannot {what}: {new Win32Exception(error).Message}", error);

    /// <summary>Who this process acts as.</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint UserId();

    /// <summary>The group that this process acts as.</summary>
    [LibraryImport("libc", EntryPoint = "getegid")]
    public static partial uint GroupId();

    private static void ThrowUnlessInterrupted(string what)
    {
        if (Marshal.GetLastPInvokeError() != FileNative.ErrorInterrupted)
        {
            throw Failure(what);
        }
    }

    /// <summary>What the store wants to know of a file.</summary>
    public readonly struct Look(in FileNative.StatxBuffer buffer)
    {
        public readonly uint Mode = buffer.Mode;
        public readonly long SizeBytes = (long)buffer.Size;
        public readonly long DiskBytes = (long)buffer.Blocks * 512;
        public readonly long ModifiedSeconds = buffer.ModifyTime.Seconds;
        public readonly uint UserId = buffer.UserId;
        public readonly uint GroupId = buffer.GroupId;
        public readonly uint LinkCount = buffer.LinkCount;
        public readonly ulong Inode = buffer.Inode;
        public readonly long ModifiedNs = buffer.ModifyTime.ToNanoseconds();
        public readonly long ChangedNs = buffer.ChangeTime.ToNanoseconds();
        public readonly ulong Device = ((ulong)buffer.RawDeviceMajor << 32) | buffer.RawDeviceMinor;

        public bool IsRegular => (Mode & 0xf000) == 0x8000;

        public bool IsDirectory => (Mode & 0xf000) == 0x4000;
    }
}
