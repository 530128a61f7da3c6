namespace Cairn.EndToEnd.Sandbox;

/// <summary>What the hostile steps execute: small C programs that say what they could do.</summary>
internal static class HostilePrograms
{
    public const string Call = """
        #include <arpa/inet.h>
        #include <stddef.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/socket.h>
        #include <sys/un.h>
        #include <unistd.h>
        #include <fcntl.h>
        #include <poll.h>
        static int tcp(const char *address, int port) {
          int s = socket(AF_INET, SOCK_STREAM, 0);
          struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
          inet_pton(AF_INET, address, &to.sin_addr);
          fcntl(s, F_SETFL, O_NONBLOCK);
          if (connect(s, (void *)&to, sizeof to) == 0) return 1;
          struct pollfd p = { s, POLLOUT, 0 };
          int error = 1; socklen_t length = sizeof error;
          return poll(&p, 1, 300) == 1 && getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0;
        }
        int main(int argc, char **argv) {
          for (int i = 3; i < argc; i++) if (tcp(argv[i], i == argc - 1 ? 443 : atoi(argv[1]))) printf("reached %s\n", argv[i]);
          int u = socket(AF_UNIX, SOCK_STREAM, 0);
          struct sockaddr_un to = { .sun_family = AF_UNIX };
          strcpy(to.sun_path + 1, argv[2]);
          if (connect(u, (void *)&to, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(argv[2])) == 0) puts("reached the abstract socket");
          if (socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0) puts("reached a raw socket");
          int l = socket(AF_INET, SOCK_STREAM, 0);
          struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
          socklen_t length = sizeof at;
          if (bind(l, (void *)&at, sizeof at) == 0 && listen(l, 1) == 0 && getsockname(l, (void *)&at, &length) == 0 && tcp("127.0.0.1", ntohs(at.sin_port))) puts("own loopback works");
          return 0;
        }
        """;

    public const string Trace = """
        #include <stdio.h>
        #include <stdlib.h>
        #include <sys/ptrace.h>
        #include <sys/uio.h>
        int main(int argc, char **argv) {
          int victim = atoi(argv[1]);
          char byte; struct iovec mine = { &byte, 1 }, theirs = { (void *)0x400000, 1 };
          if (ptrace(PTRACE_SEIZE, victim, 0, 0) == 0) puts("traced the victim");
          if (process_vm_readv(victim, &mine, 1, &theirs, 1, 0) == 1) puts("traced the victim's memory");
          if (ptrace(PTRACE_SEIZE, 1, 0, 0) == 0) puts("traced the first process");
          return 0;
        }
        """;

    public const string Tune = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <ftw.h>
        #include <stdio.h>
        #include <string.h>
        #include <unistd.h>
        static int visit(const char *path, const struct stat *stat, int kind, struct FTW *ftw) {
          if (kind == FTW_F) { int f = open(path, O_WRONLY); if (f >= 0) { printf("opened %s\n", path); close(f); } }
          return 0;
        }
        int main(void) {
          nftw("/proc/sys", visit, 50, FTW_PHYS);
          nftw("/sys", visit, 50, FTW_PHYS);
          const char *others[] = { "/proc/sysrq-trigger", "/proc/kcore", "/proc/kmsg", "/proc/bus/pci/devices", "/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/fuse", "/dev/net/tun", "/dev/kvm" };
          for (int i = 0; i < sizeof others / sizeof *others; i++) { int f = open(others[i], O_RDWR); if (f >= 0) printf("opened %s\n", others[i]); }
          return 0;
        }
        """;

    public const string Escape = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <sched.h>
        #include <signal.h>
        #include <stdint.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/ioctl.h>
        #include <sys/mount.h>
        #include <sys/stat.h>
        #include <sys/sysmacros.h>
        #include <sys/syscall.h>
        #include <sys/wait.h>
        #include <unistd.h>
        #define TRY(what, call) do { if ((call) >= 0) puts("got " what); } while (0)
        static int child(void *unused) { return 0; }
        int main(void) {
          static char stack[65536];
          uint64_t arguments[11] = { 0x10000000, 0, 0, 0, SIGCHLD };
          pid_t pid = clone(child, stack + sizeof stack, 0x10000000 | SIGCHLD, 0);
          if (pid > 0) puts("got clone"), waitpid(pid, 0, 0);
          long third = syscall(435, arguments, 64);
          if (third == 0) _exit(0);
          if (third > 0) puts("got clone3");
          TRY("unshare", unshare(0x10000000));
          TRY("mount", mount("proc", "/tmp", "proc", 0, 0));
          TRY("bind", mount("/", "/tmp", 0, 0x1000, 0));
          TRY("remount", mount(0, "/usr", 0, 0x20 | 0x1000, 0));
          TRY("umount", umount2("/proc", 2));
          TRY("pivot_root", syscall(SYS_pivot_root, ".", "."));
          TRY("open_tree", syscall(428, -100, "/", 1));
          TRY("fsopen", syscall(430, "proc", 0));
          mkdir("/tmp/jail", 0777);
          TRY("chroot", chroot("/tmp/jail"));
          TRY("setns", setns(open("/proc/1/ns/mnt", O_RDONLY), 0));
          struct { unsigned bytes; int type; unsigned char handle[128]; } f = { 128 };
          int mount_id;
          f.bytes = 8; f.type = 1; memcpy(f.handle, "\2\0\0\0\0\0\0\0", 8);
          TRY("open_by_handle_at", syscall(SYS_open_by_handle_at, open("/", O_RDONLY), &f, 0));
          TRY("bpf", syscall(SYS_bpf, 0, 0, 0) >= 0 ? 0 : -1);
          TRY("keyctl", syscall(SYS_keyctl, 0, -4, 1));
          TRY("add_key", syscall(SYS_add_key, "user", "x", "y", 1, -4));
          TRY("perf_event_open", syscall(SYS_perf_event_open, 0, 0, -1, -1, 0));
          TRY("io_uring", syscall(425, 1, 0));
          TRY("userfaultfd", syscall(SYS_userfaultfd, 0));
          TRY("char device", mknod("/tmp/mem", S_IFCHR | 0666, makedev(1, 1)));
          TRY("block device", mknod("/tmp/disk", S_IFBLK | 0666, makedev(254, 0)));
          TRY("whiteout", mknod("/tmp/white", S_IFCHR, 0));
          TRY("setuid 0", setuid(0));
          TRY("hostname", sethostname("x", 1));
          TRY("priority", setpriority(0, 0, -20));
          char c = 'x';
          TRY("TIOCSTI on 0", ioctl(0, TIOCSTI, &c));
          TRY("TIOCSTI on 1", ioctl(1, TIOCSTI, &c));
          TRY("wide TIOCSTI", syscall(SYS_ioctl, 0, 0x100005412UL, &c));
          TRY("a terminal", open("/dev/tty", O_RDWR));
          fflush(stdout);
          return 0;
        }
        """;

    public const string Preloaded = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <stdio.h>
        unsigned la_version(unsigned v) { return v; }
        __attribute__((constructor)) static void start(void) { fprintf(stderr, "loaded into %s\n", program_invocation_short_name); }
        """;

    public const string Daemon = """
        #include <fcntl.h>
        #include <signal.h>
        #include <sys/prctl.h>
        #include <unistd.h>
        int main(int argc, char **argv) {
          if (argc > 2) { signal(SIGTERM, SIG_IGN); signal(SIGHUP, SIG_IGN); for (;;) pause(); }
          if (fork() > 0) _exit(0);
          setsid();
          if (fork() > 0) _exit(0);
          for (int i = 0; i < 64; i++) close(i);
          char *next[] = { argv[0], argv[1], "again", 0 }, *none[] = { 0 };
          execve(argv[0], next, none);
          return 1;
        }
        """;

    public const string Deep = """
        #include <stdio.h>
        #include <stdlib.h>
        #include <sys/stat.h>
        #include <unistd.h>
        int main(int argc, char **argv) {
          mkdir("deep", 0755); chdir("deep");
          for (int i = 1; i < atoi(argv[1]); i++) if (mkdir("d", 0755) != 0 || chdir("d") != 0) { printf("stopped at %d\n", i); return 0; }
          puts("as deep as wanted");
          return 0;
        }
        """;
}
