using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

// Blittable imports only: ReadyToRun compiles them ahead, so that no stub is jitted at start-up.
[assembly: DisableRuntimeMarshalling]
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace Cairn.Execution.Native;

/// <summary>The part of the C library that process execution needs; x86-64 and arm64 Linux with glibc 2.29 or newer.</summary>
internal static unsafe partial class Libc
{
    public const int O_RDONLY = 0;
    public const int O_WRONLY = 1;
    public const int O_RDWR = 2;
    public const int O_CREAT = 0x40;
    public const int O_APPEND = 0x400;
    public const int O_CLOEXEC = 0x80000;
    public const int O_PATH = 0x200000;

    public const int ENOENT = 2;
    public const int EINTR = 4;
    public const int E2BIG = 7;
    public const int ENOEXEC = 8;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EACCES = 13;
    public const int EEXIST = 17;
    public const int ENOTDIR = 20;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int ETXTBSY = 26;
    public const int ENAMETOOLONG = 36;
    public const int EPROTO = 71;

    public const int SIGKILL = 9;
    public const int SIGTERM = 15;
    private const int SIG_IGN = 1;
    public const int SIGCHLD = 17;
    public const int SIGCONT = 18;
    public const int SIGSTOP = 19;

    public const int X_OK = 1;
    public const int WNOHANG = 1;
    public const int SEEK_END = 2;
    public const int RUSAGE_SELF = 0;
    public const int PR_SET_CHILD_SUBREAPER = 36;

    public const int CLONE_NEWNS = 0x20000;
    public const int CLONE_NEWPID = 0x20000000;
    public const int CLONE_NEWNET = 0x40000000;
    public const ulong MS_BIND = 0x1000;
    public const ulong MS_REC = 0x4000;
    public const ulong MS_SLAVE = 0x80000;

    public const ulong MS_NOSUID = 2;
    public const ulong MS_NODEV = 4;
    public const int MNT_DETACH = 2;

    public const int AF_UNIX = 1;
    public const int AF_INET = 2;
    public const int AF_INET6 = 10;
    public const int AF_NETLINK = 16;
    public const int SOCK_STREAM = 1;
    public const int SOCK_RAW = 3;
    public const int SOL_SOCKET = 1;
    public const int SCM_RIGHTS = 1;
    public const int MSG_WAITALL = 0x100;
    public const int MSG_NOSIGNAL = 0x4000;
    public const int MSG_CMSG_CLOEXEC = 0x40000000;

    public const int RLIMIT_CORE = 4;
    public const int RLIMIT_NPROC = 6;
    public const int RLIMIT_NOFILE = 7;

    public const short POSIX_SPAWN_RESETIDS = 0x01;
    public const short POSIX_SPAWN_SETSIGDEF = 0x04;
    public const short POSIX_SPAWN_SETSIGMASK = 0x08;
    public const short POSIX_SPAWN_SETSID = 0x80;

    public const int EPOLL_CTL_ADD = 1;
    public const int EPOLL_CTL_DEL = 2;
    public const uint EPOLLIN = 1;

    private const long SYS_pidfd_send_signal = 424;
    private const long SYS_pidfd_open = 434;
    private const long SYS_close_range = 436;
    private const long CLOSE_RANGE_CLOEXEC = 4;
    private const int F_SETFD = 2;
    private const int FD_CLOEXEC = 1;
    private const int EFD_CLOEXEC = O_CLOEXEC;

    /// <summary>O_NOFOLLOW, one of the few flags that arm64 numbers in its own way.</summary>
    public static int NoFollow => IsArm64 ? 0x8000 : 0x20000;

    /// <summary>Size of <c>struct epoll_event</c>, which only x86-64 packs.</summary>
    public static int EpollEventBytes => IsArm64 ? 16 : 12;

    private static int EpollDataOffset => IsArm64 ? 8 : 4;

    private static bool IsArm64 => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    [LibraryImport("libc")]
    public static partial nint gnu_get_libc_version();

    [LibraryImport("libc")]
    public static partial int posix_spawn(int* pid, byte* path, void* fileActions, void* attributes, byte** argv, byte** envp);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_init(void* attributes);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setflags(void* attributes, short flags);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setsigdefault(void* attributes, void* set);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setsigmask(void* attributes, void* set);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_init(void* actions);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_destroy(void* actions);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_adddup2(void* actions, int from, int to);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_addchdir_np(void* actions, byte* path);

    [LibraryImport("libc")]
    public static partial int sigfillset(void* set);

    [LibraryImport("libc")]
    private static partial int sigaction(int signal, void* action, void* previous);

    [LibraryImport("libc")]
    private static partial nint signal(int signal, nint handler);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int pipe2(int* ends, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int openat(int folder, string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(int fd, void* buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint pread(int fd, void* buffer, nint count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int fd, void* buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial long lseek(int fd, long offset, int whence);

    [LibraryImport("libc")]
    public static partial int close(int fd);

    [LibraryImport("libc")]
    private static partial int fcntl(int fd, int command, int argument);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int access(string path, int mode);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int fd, void* epollEvent);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_wait(int epoll, void* events, int eventsMax, int timeoutMs);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int poll(PollFd* fds, ulong count, int timeoutMs);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int wait4(int pid, int* status, int options, ResourceUsage* usage);

    [LibraryImport("libc")]
    public static partial int getrusage(int who, ResourceUsage* usage);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setns(int fd, int kind);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mount(string? source, string target, string? type, ulong flags, void* data);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int prctl(int option, ulong a, ulong b, ulong c, ulong d);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, long a, long b, long c);

    [LibraryImport("libc", SetLastError = true, EntryPoint = "syscall")]
    private static partial long syscall4(long number, long a, long b, long c, long d);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setpriority(int which, int who, int priority);

    /// <summary>Sets the priority of a thread's reads and writes.</summary>
    public static bool SetIoPriority(int thread, int priority) =>
        syscall(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 30 : 251, 1, thread, priority) == 0;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int prlimit(int pid, int resource, ResourceLimit* limit, ResourceLimit* previous);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int umount2(string target, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int fsetxattr(int fd, string name, void* value, nuint size, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int socket(int domain, int kind, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int socketpair(int domain, int kind, int protocol, int* ends);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint sendmsg(int socket, MessageHeader* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint recvmsg(int socket, MessageHeader* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint send(int socket, void* bytes, nint count, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint recv(int socket, void* bytes, nint count, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int memfd_create(string name, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setresuid(uint real, uint effective, uint saved);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setresgid(uint real, uint effective, uint saved);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setgroups(nuint count, uint* groups);

    [LibraryImport("libc")]
    public static partial uint geteuid();

    [LibraryImport("libc")]
    public static partial uint getegid();

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setrlimit(int resource, ResourceLimit* limit);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getrlimit(int resource, ResourceLimit* limit);

    [LibraryImport("libc")]
    public static partial uint umask(uint mask);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int sched_setaffinity(int pid, nuint bytes, void* mask);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int sched_getaffinity(int pid, nuint bytes, void* mask);

    /// <summary>With SIGCHLD ignored, as a careless parent may leave it, the kernel would reap children before cairn can.</summary>
    public static void DoNotIgnoreChildren()
    {
        var action = stackalloc long[32];
        if (sigaction(SIGCHLD, null, action) == 0 && action[0] == SIG_IGN)
        {
            _ = signal(SIGCHLD, 0);
        }
    }

    public static int EventFd() => eventfd(0, EFD_CLOEXEC);

    /// <summary>A descriptor that becomes readable when the process ends (Linux 5.3).</summary>
    public static int PidFdOpen(int pid) => (int)syscall(SYS_pidfd_open, pid, 0, 0);

    /// <summary>A second descriptor, close-on-exec, of the same description.</summary>
    public static int Duplicate(int descriptor)
    {
        const int F_DUPFD_CLOEXEC = 1030;
        return fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    }

    /// <summary>Signals the very process of a descriptor.</summary>
    public static void PidFdSignal(int pidFd, int signal) => _ = syscall4(SYS_pidfd_send_signal, pidFd, signal, 0, 0);

    /// <summary>Marks every descriptor from 3 on close-on-exec, those too that cairn's own parent left open.</summary>
    public static void CloseOnExecFrom3()
    {
        if (syscall(SYS_close_range, 3, uint.MaxValue, CLOSE_RANGE_CLOEXEC) == 0)
        {
            return;
        }

        // Before Linux 5.11.
        foreach (var entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (int.TryParse(Path.GetFileName(entry.AsSpan()), out var fd) && fd > 2)
            {
                _ = fcntl(fd, F_SETFD, FD_CLOEXEC);
            }
        }
    }

    public static int EpollAdd(int epoll, int fd, ulong key)
    {
        var e = stackalloc byte[16];
        *(uint*)e = EPOLLIN;
        Unsafe.WriteUnaligned(e + EpollDataOffset, key);
        return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, e);
    }

    /// <summary>Removes a descriptor; closing alone does not while a child between vfork and exec still has a copy.</summary>
    public static void EpollRemove(int epoll, int fd)
    {
        var e = stackalloc byte[16];
        _ = epoll_ctl(epoll, EPOLL_CTL_DEL, fd, e);
    }

    public static ulong EpollKey(byte* e) => Unsafe.ReadUnaligned<ulong>(e + EpollDataOffset);

    /// <summary>Writes all of it; returns 0 or the error.</summary>
    public static int WriteAll(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            nint done = 0;
            while (done < bytes.Length)
            {
                var n = write(fd, start + done, bytes.Length - done);
                if (n >= 0)
                {
                    done += n;
                    continue;
                }

                var error = Marshal.GetLastPInvokeError();
                if (error != EINTR)
                {
                    return error;
                }
            }
        }

        return 0;
    }

    /// <summary>What the error is called, as <c>strerror</c> says it.</summary>
    public static string Message(int error) => Marshal.GetPInvokeErrorMessage(error);
}

/// <summary><c>struct pollfd</c>.</summary>
internal struct PollFd
{
    public int Fd;
    public short Events;
    public short ReturnedEvents;
}

/// <summary><c>struct iovec</c>.</summary>
internal unsafe struct IoVector
{
    public void* Base;
    public nuint Length;
}

/// <summary><c>struct msghdr</c> of glibc on 64-bit machines.</summary>
internal unsafe struct MessageHeader
{
    public void* Name;
    public uint NameLength;
    public IoVector* Parts;
    public nuint PartCount;
    public void* Control;
    public nuint ControlLength;
    public int Flags;
}

/// <summary><c>struct rlimit</c>.</summary>
internal struct ResourceLimit
{
    public ulong Soft;
    public ulong Hard;
}

/// <summary><c>struct rusage</c>.</summary>
internal unsafe struct ResourceUsage
{
    public long UserSeconds;
    public long UserMicroseconds;
    public long SystemSeconds;
    public long SystemMicroseconds;
    public long MaxRssKib;
    public long SharedRss;
    public long DataRss;
    public long StackRss;
    public long MinorFaults;
    public long MajorFaults;
    public long Swaps;
    public long ReadBlocks;
    public long WriteBlocks;
    public fixed long Rest[5];
}
