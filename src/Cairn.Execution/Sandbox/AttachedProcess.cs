using System.Runtime.InteropServices;
using System.Text;

using Cairn.Execution.Native;

namespace Cairn.Execution.Sandbox;

/// <summary>
/// A process of a sandbox that a person works in: it has cairn's own standard input, output and error, or, where all three are a terminal, one of its own that cairn passes
/// on, so that nothing that it leaves behind can read from the person's or type into it. Where only some are one, it is in a session of its own and cannot type into it either;
/// what it set there is set back.
/// </summary>
public static unsafe class AttachedProcess
{
    private const int SignalBase = 128;
    private const int TerminalSettingsBytes = 128;
    private const int BufferBytes = 16 << 10;
    private const int DrainMs = 50;

    /// <summary>
    /// Runs a process to its end and returns its exit code, 128 and the signal where one ended it. Throws <see cref="IOException"/> where it could not be started, and
    /// <see cref="OperationCanceledException"/> once it has ended where it was cancelled.
    /// </summary>
    /// <param name="place">Where; <see cref="SandboxSpec.Interactive"/> says whether it gets a terminal.</param>
    /// <param name="process">What; its log and secrets do not matter, as nothing is recorded.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static int Run(SandboxPlace place, ProcessSpec process, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(process);
        var settings = stackalloc byte[TerminalSettingsBytes];
        var hasSettings = Libc.tcgetattr(0, settings) == 0;
        try
        {
            return place.Spec.Interactive ? RunOnTerminal(place, process, hasSettings ? settings : null, cancellationToken) : RunPlain(place, process, cancellationToken);
        }
        finally
        {
            if (hasSettings)
            {
                _ = Libc.tcsetattr(0, Libc.TCSADRAIN, settings);
            }
        }
    }

    private static int RunPlain(SandboxPlace place, ProcessSpec process, CancellationToken cancellationToken)
    {
        var (pid, pidFd) = place.Client.Start(place.Request(process), 0, 1, 2);
        try
        {
            using var ending = cancellationToken.Register(() => Libc.PidFdSignal(pidFd, Libc.SIGKILL));
            WaitFor(pidFd);
            return Conclude(place, pid, cancellationToken);
        }
        finally
        {
            _ = Libc.close(pidFd);
        }
    }

    private static int RunOnTerminal(SandboxPlace place, ProcessSpec process, byte* settings, CancellationToken cancellationToken)
    {
        var master = Libc.posix_openpt(Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_CLOEXEC | Libc.O_NONBLOCK);
        if (master < 0)
        {
            throw Failure("a terminal");
        }

        var slave = -1;
        var pidFd = -1;
        try
        {
            slave = OpenSlave(master, place.Client.Owner);
            PassSize(master);
            var (pid, started) = place.Client.Start(place.Request(process), slave, slave, slave);
            pidFd = started;
            _ = Libc.close(slave);
            slave = -1;
            using var ending = cancellationToken.Register(() => Libc.PidFdSignal(started, Libc.SIGKILL));
            using var resized = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => PassSize(master));
            if (settings is not null)
            {
                var raw = stackalloc byte[TerminalSettingsBytes];
                new Span<byte>(settings, TerminalSettingsBytes).CopyTo(new Span<byte>(raw, TerminalSettingsBytes));
                Libc.cfmakeraw(raw);
                _ = Libc.tcsetattr(0, Libc.TCSADRAIN, raw);
            }

            Pass(master, pidFd);
            return Conclude(place, pid, cancellationToken);
        }
        finally
        {
            foreach (var descriptor in (ReadOnlySpan<int>)[master, slave, pidFd])
            {
                if (descriptor >= 0)
                {
                    _ = Libc.close(descriptor);
                }
            }
        }
    }

    private static int OpenSlave(int master, uint? owner)
    {
        var name = stackalloc byte[128];
        if (Libc.grantpt(master) != 0 || Libc.unlockpt(master) != 0 || Libc.ptsname_r(master, name, 128) != 0)
        {
            throw Failure("a terminal");
        }

        var path = Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name));
        var slave = Libc.open(path, Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_CLOEXEC, 0);
        if (slave < 0)
        {
            throw Failure(path);
        }

        if (owner is { } user)
        {
            // Whoever opens /dev/stderr opens this.
            _ = Libc.fchown(slave, user, user);
        }

        return slave;
    }

    /// <summary>
    /// Passes bytes both ways until the process has ended and all that it wrote is shown. What was typed waits here while the terminal takes no more: who pastes much into a program
    /// that answers has its answers read meanwhile.
    /// </summary>
    private static void Pass(int master, int pidFd)
    {
        var buffer = stackalloc byte[BufferBytes];
        var typed = stackalloc byte[BufferBytes];
        nint typedAt = 0, typedEnd = 0;
        var polls = stackalloc PollFd[3];
        var ended = false;
        var input = true;
        while (true)
        {
            var waits = typedAt < typedEnd && !ended;
            polls[0] = new PollFd { Fd = master, Events = (short)(Libc.POLLIN | (waits ? Libc.POLLOUT : 0)) };
            polls[1] = new PollFd { Fd = ended ? -1 : pidFd, Events = Libc.POLLIN };
            polls[2] = new PollFd { Fd = input && !waits && !ended ? 0 : -1, Events = Libc.POLLIN };
            var ready = Libc.poll(polls, 3, ended ? DrainMs : -1);
            if (ready < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR)
            {
                continue;
            }

            if (ready <= 0)
            {
                return;
            }

            if ((polls[0].ReturnedEvents & ~Libc.POLLOUT) != 0)
            {
                var count = Libc.read(master, buffer, BufferBytes);
                if (count <= 0 && Marshal.GetLastPInvokeError() is not (Libc.EINTR or Libc.EAGAIN))
                {
                    // The last one that had the terminal has closed it.
                    if (!ended)
                    {
                        WaitFor(pidFd);
                    }

                    return;
                }

                _ = Libc.WriteAll(1, new ReadOnlySpan<byte>(buffer, (int)nint.Max(count, 0)));
            }

            ended |= polls[1].ReturnedEvents != 0;
            if (polls[2].ReturnedEvents != 0)
            {
                typedAt = 0;
                typedEnd = Libc.read(0, typed, BufferBytes);
                input = typedEnd > 0;
            }

            if (typedAt < typedEnd)
            {
                typedAt += nint.Max(Libc.write(master, typed + typedAt, typedEnd - typedAt), 0);
            }
        }
    }

    private static void PassSize(int master)
    {
        var size = stackalloc ushort[4];
        if (Libc.ioctl(0, Libc.TIOCGWINSZ, size) == 0)
        {
            _ = Libc.ioctl(master, Libc.TIOCSWINSZ, size);
        }
    }

    private static void WaitFor(int pidFd)
    {
        var poll = new PollFd { Fd = pidFd, Events = Libc.POLLIN };
        while (Libc.poll(&poll, 1, -1) < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR)
        {
        }
    }

    private static int Conclude(SandboxPlace place, int pid, CancellationToken cancellationToken)
    {
        var end = place.Client.Reap(pid);
        cancellationToken.ThrowIfCancellationRequested();
        if (!end.Began)
        {
            throw new IOException("the sandbox could not be set up: bubblewrap says why above");
        }

        var signal = end.Status & 0x7F;
        return signal != 0 ? SignalBase + signal : (end.Status >> 8) & 0xFF;
    }

    private static IOException Failure(string what) => new($"{what}: {Libc.Message(Marshal.GetLastPInvokeError())}");
}
