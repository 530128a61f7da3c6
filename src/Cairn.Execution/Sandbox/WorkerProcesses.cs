using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

using Cairn.Execution.Native;

namespace Cairn.Execution.Sandbox;

/// <summary>
/// The processes of a worker. Bubblewrap is two: the outer one, which ends with the step's exit code as soon as the step's own process has ended, and the first process of
/// the sandbox, which ends when nothing else is left in it and whose own end is the end of all that is. The worker is the reaper of both.
/// </summary>
internal sealed unsafe class WorkerProcesses
{
    // From the end of the step's process to the end of an empty sandbox.
    private const int EmptyMs = 20;

    private const int StatusBytesMax = 4096;

    private readonly Dictionary<int, (int Pipe, string Read)> _statusPipes = [];
    private readonly Dictionary<int, (int Status, ResourceUsage Usage)> _ended = [];

    /// <summary>Notes a started one; <paramref name="statusPipe"/> is what bubblewrap writes its status to.</summary>
    public void Add(int pid, int statusPipe) => _statusPipes.Add(pid, (statusPipe, ""));

    /// <summary>The first process of its sandbox, waited for; 0 where bubblewrap ended before there was one. Throws <see cref="IOException"/> where that cannot be told in time.</summary>
    public int FirstOf(int pid, int timeoutMs)
    {
        var (pipe, read) = _statusPipes[pid];
        var (first, _, ended) = ReadStatus(pipe, ref read, timeoutMs);
        _statusPipes[pid] = (pipe, read);
        return first != 0 || ended ? first : throw new IOException($"bubblewrap did not set up the sandbox within {timeoutMs / 1000} s");
    }

    /// <summary>Kills bubblewrap with all that it has started, and waits for it: what waits at a gate that closes would go on.</summary>
    public void Kill(int pid)
    {
        _ = Libc.kill(pid, Libc.SIGSTOP);
        foreach (var child in Children(pid))
        {
            _ = Libc.kill(child, Libc.SIGKILL);
        }

        _ = Libc.kill(pid, Libc.SIGKILL);
        _ = Reap(pid);
    }

    /// <summary>Waits for an ended one, and kills what it left.</summary>
    public SandboxEnd Reap(int pid)
    {
        if (!_statusPipes.Remove(pid, out var known))
        {
            throw new IOException($"No process {pid} was started here");
        }

        var (status, _) = Wait(pid);
        var (first, hasCode, _) = ReadStatus(known.Pipe, ref known.Read, 0);
        _ = Libc.close(known.Pipe);
        if (first == 0)
        {
            return new SandboxEnd(status, Began: false, 0, 0, 0, 0, 0, 0);
        }

        var strays = 0;
        if (!EndsSoon(first))
        {
            strays = Children(first).Count;
            _ = Libc.kill(first, Libc.SIGKILL);
        }

        var (_, usage) = Wait(first);
        var killed = (status & 0x7F) != 0;
        return new SandboxEnd(
            status, hasCode || killed, strays, Microseconds(usage.UserSeconds, usage.UserMicroseconds), Microseconds(usage.SystemSeconds, usage.SystemMicroseconds),
            usage.MaxRssKib, usage.ReadBlocks, usage.WriteBlocks);
    }

    /// <summary>Waits for the end of another child of the worker, which was killed.</summary>
    public void Forget(int pid) => _ = Wait(pid);

    /// <summary>Signals every process in a sandbox but its first.</summary>
    public void Signal(int pid, int signal)
    {
        if (!_statusPipes.ContainsKey(pid))
        {
            return;
        }

        foreach (var first in Children(pid))
        {
            foreach (var process in Children(first))
            {
                SignalTree(process, signal, depth: 0);
            }
        }
    }

    private static void SignalTree(int pid, int signal, int depth)
    {
        const int DepthMax = 64;
        if (depth < DepthMax)
        {
            foreach (var child in Children(pid))
            {
                SignalTree(child, signal, depth + 1);
            }
        }

        _ = Libc.kill(pid, signal);
    }

    private (int Status, ResourceUsage Usage) Wait(int pid)
    {
        if (_ended.Remove(pid, out var known))
        {
            return known;
        }

        while (true)
        {
            int status;
            ResourceUsage usage;
            var ended = Libc.wait4(-1, &status, 0, &usage);
            if (ended == pid)
            {
                return (status, usage);
            }

            if (ended > 0)
            {
                _ended[ended] = (status, usage);
            }
            else if (Marshal.GetLastPInvokeError() != Libc.EINTR)
            {
                return default;
            }
        }
    }

    private static bool EndsSoon(int pid)
    {
        var fd = Libc.PidFdOpen(pid);
        if (fd < 0)
        {
            return true;
        }

        var poll = new PollFd { Fd = fd, Events = 1 };
        var ended = Libc.poll(&poll, 1, EmptyMs) == 1;
        _ = Libc.close(fd);
        return ended;
    }

    private static List<int> Children(int pid)
    {
        var children = new List<int>();
        try
        {
            foreach (var text in File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                children.Add(int.Parse(text, CultureInfo.InvariantCulture));
            }
        }
        catch (IOException)
        {
            // It has ended.
        }

        return children;
    }

    // Two JSON documents: `{ "child-pid": 123, … }` when the sandbox stands, and `{ "exit-code": 0 }` when the process in it has ended.
    private static (int First, bool HasCode, bool Ended) ReadStatus(int pipe, ref string read, int timeoutMs)
    {
        var buffer = stackalloc byte[StatusBytesMax];
        var ended = false;
        nint length = 0;
        while (length < StatusBytesMax)
        {
            var poll = new PollFd { Fd = pipe, Events = 1 };
            if (Libc.poll(&poll, 1, length == 0 ? timeoutMs : 0) != 1)
            {
                break;
            }

            var count = Libc.read(pipe, buffer + length, StatusBytesMax - length);
            if (count <= 0)
            {
                ended = count == 0;
                break;
            }

            length += count;
        }

        var text = read += Encoding.ASCII.GetString(buffer, (int)length);
        const string Key = "\"child-pid\":";
        var at = text.IndexOf(Key, StringComparison.Ordinal);
        var digits = at < 0 ? "" : text[(at + Key.Length)..].TrimStart();
        var end = 0;
        while (end < digits.Length && char.IsAsciiDigit(digits[end]))
        {
            end++;
        }

        return (end == 0 ? 0 : int.Parse(digits.AsSpan(0, end), CultureInfo.InvariantCulture), text.Contains("\"exit-code\"", StringComparison.Ordinal), ended);
    }

    private static long Microseconds(long seconds, long microseconds) => (seconds * 1_000_000) + microseconds;
}
