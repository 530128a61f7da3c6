using System.Runtime.InteropServices;

using Cairn.Execution.Native;

namespace Cairn.Execution;

/// <summary>
/// The process that ends everything when cairn is gone. Its standard input is a pipe whose only writing end cairn holds, so that it sees
/// the end of file however cairn ends. It has a session of its own, out of reach of Ctrl-C.
/// </summary>
internal sealed unsafe class Guardian
{
    // As a namespace's first process: gives the namespace its /proc and by ending makes the kernel kill all that is left. A child waits for the end of
    // file, so that the shell itself is always in `wait`, where it reaps orphans; a child that a step killed is replaced. (A shell in `read` does not reap,
    // and dash takes a SIGCHLD for the end of its input there once CHLD is trapped.)
    private const string NamespaceScript =
        "mount -t proc proc /proc || exit 1; exec 3<&0; echo ok; exec 1>&-; until (read x <&3; exit 0) & wait $!; do :; done";

    // Without a namespace: kills all whose environment has the run's token, in rounds, since they may be forking. (grep fails with 2, though it found some,
    // where a process ended meanwhile.)
    private const string BestEffortScript = """
        trap '' INT TERM HUP QUIT; echo ok; exec 1>&-; read x; round=0
        while [ $round -lt 20 ] && { found=$(grep -laF "CAIRN_RUN_TOKEN=$1" /proc/[0-9]*/environ 2>/dev/null); [ -n "$found" ]; }; do
          for file in $found; do pid=${file#/proc/}; kill -9 "${pid%/environ}" 2>/dev/null; done
          round=$((round + 1))
        done
        """;

    private readonly int _lifeline;

    private Guardian(int processId, int lifeline)
    {
        ProcessId = processId;
        _lifeline = lifeline;
    }

    /// <summary>Its id as cairn sees it.</summary>
    public int ProcessId { get; }

    /// <summary>Starts it and waits until it watches; null and the reason if it does not come up.</summary>
    public static Guardian? Start(SpawnAttributes attributes, SpawnMemory memory, int devNull, string runToken, bool inNamespace, out string problem)
    {
        var spec = new ProcessSpec
        {
            Arguments = ["sh", "-c", inNamespace ? NamespaceScript : BestEffortScript, "cairn-guardian", runToken],
            Environment = [],
            WorkingDirectory = "/",
        };
        memory.Fill(spec, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C");
        var pipes = stackalloc int[4];
        if (Libc.pipe2(pipes, Libc.O_CLOEXEC) != 0)
        {
            problem = Libc.Message(Marshal.GetLastPInvokeError());
            return null;
        }

        if (Libc.pipe2(pipes + 2, Libc.O_CLOEXEC) != 0)
        {
            problem = Libc.Message(Marshal.GetLastPInvokeError());
            _ = Libc.close(pipes[0]);
            _ = Libc.close(pipes[1]);
            return null;
        }

        var error = attributes.Begin(memory.Folder, pipes[0], pipes[3], devNull);
        var pid = 0;
        error = error != 0 ? error : attributes.Spawn(memory.Path("/bin/sh"), memory.Arguments, memory.Environment, out pid);
        attributes.End();
        _ = Libc.close(pipes[0]);
        _ = Libc.close(pipes[3]);
        var guardian = new Guardian(pid, pipes[1]);
        var up = error == 0 && WaitUntilUp(pipes[2]);
        _ = Libc.close(pipes[2]);
        if (up)
        {
            problem = "";
            return guardian;
        }

        problem = error != 0 ? $"/bin/sh: {Libc.Message(error)}" : inNamespace ? "it could not mount /proc" : "it did not answer";
        guardian.End();
        return null;
    }

    /// <summary>Kills and reaps it; in a namespace the kernel kills everything else there before this returns.</summary>
    public void End()
    {
        if (ProcessId > 0)
        {
            int status;
            ResourceUsage usage;
            var poll = new PollFd { Fd = Libc.PidFdOpen(ProcessId), Events = 1 };
            _ = Libc.kill(ProcessId, Libc.SIGKILL);
            _ = Libc.poll(&poll, 1, ExecutionLimits.DisposeMs);
            _ = Libc.wait4(ProcessId, &status, Libc.WNOHANG, &usage);
            _ = Libc.close(poll.Fd);
        }

        _ = Libc.close(_lifeline);
    }

    private static bool WaitUntilUp(int fd)
    {
        var poll = new PollFd { Fd = fd, Events = 1 };
        var answer = stackalloc byte[3];
        return Libc.poll(&poll, 1, ExecutionLimits.GuardianStartMs) == 1 && Libc.read(fd, answer, 3) == 3 && answer[0] == 'o';
    }
}
