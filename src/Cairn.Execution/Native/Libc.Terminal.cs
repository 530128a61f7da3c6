using System.Runtime.InteropServices;

namespace Cairn.Execution.Native;

/// <content>Terminals: a pair of one's own, and the settings of the person's.</content>
internal static unsafe partial class Libc
{
    public const int O_NOCTTY = 0x100;
    public const nuint TIOCGWINSZ = 0x5413;
    public const nuint TIOCSWINSZ = 0x5414;
    public const int TCSADRAIN = 1;
    public const short POLLIN = 1;
    public const short POLLOUT = 4;
    public const int O_NONBLOCK = 0x800;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int posix_openpt(int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int grantpt(int fd);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int unlockpt(int fd);

    [LibraryImport("libc")]
    public static partial int ptsname_r(int fd, byte* buffer, nint size);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int tcgetattr(int fd, void* settings);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int tcsetattr(int fd, int when, void* settings);

    [LibraryImport("libc")]
    public static partial void cfmakeraw(void* settings);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fchown(int fd, uint user, uint group);
}
