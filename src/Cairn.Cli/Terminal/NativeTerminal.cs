using System.Runtime.InteropServices;

namespace Cairn.Cli.Terminal;

/// <summary>A terminal's modes: <c>struct termios</c> of glibc on Linux, of which only the local modes are looked at.</summary>
[StructLayout(LayoutKind.Sequential, Size = 60)]
internal struct TerminalSettings
{
    public uint Input;
    public uint Output;
    public uint Control;
    public uint Local;
}

/// <summary>The few calls of libc that the terminal needs.</summary>
internal static partial class NativeTerminal
{
    public const int Interrupted = 4;
    public const int Again = 11;
    public const int BrokenPipe = 32;

    /// <summary><c>ISIG</c>, <c>ICANON</c>, <c>ECHO</c> and <c>ECHONL</c> of a terminal's local modes.</summary>
    public const uint Signals = 0x1;
    public const uint Canonical = 0x2;
    public const uint Echo = 0x8;
    public const uint EchoNewLine = 0x40;

    private const int AfterFlush = 2;
    private const nuint GetWindowSizeRequest = 0x5413;
    private const short PollOut = 4;

    public static bool IsTerminal(int descriptor) => IsATty(descriptor) == 1;

    /// <summary>Columns and rows of a terminal, or null where it is none or does not know.</summary>
    public static TerminalSize? SizeOf(int descriptor)
    {
        var size = default(WindowSize);
        return Ioctl(descriptor, GetWindowSizeRequest, ref size) == 0 && size.Columns > 0
            ? new TerminalSize(size.Columns, size.Rows == 0 ? 24 : size.Rows)
            : null;
    }

    /// <summary>Sets a terminal's modes, dropping what was typed before; 0 if it did.</summary>
    public static int SetSettings(int descriptor, in TerminalSettings settings) => SetSettings(descriptor, AfterFlush, in settings);

    public static void WaitWritable(int descriptor)
    {
        var request = new PollRequest { Descriptor = descriptor, Events = PollOut };
        _ = Poll(ref request, 1, -1);
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    internal static partial nint Write(int descriptor, in byte buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    internal static partial nint Read(int descriptor, ref byte buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "tcgetattr")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    internal static partial int GetSettings(int descriptor, ref TerminalSettings settings);

    [LibraryImport("libc", EntryPoint = "tcsetattr")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int SetSettings(int descriptor, int when, in TerminalSettings settings);

    [LibraryImport("libc", EntryPoint = "isatty")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int IsATty(int descriptor);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Ioctl(int descriptor, nuint request, ref WindowSize size);

    [LibraryImport("libc", EntryPoint = "poll")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Poll(ref PollRequest requests, nuint count, int timeoutMs);

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort PixelsWide;
        public ushort PixelsHigh;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
