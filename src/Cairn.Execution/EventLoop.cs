using System.Buffers;
using System.Runtime.InteropServices;

using Cairn.Execution.Native;
using Cairn.Execution.Output;
using Cairn.Execution.Sandbox;

namespace Cairn.Execution;

/// <summary>
/// The one thread that reads all pipes and owns <c>waitpid</c>. A pidfd tells it of each exit, so that it waits only for what the host spawned and never blocks in
/// <c>wait</c>. One read for each readable pipe in turn, never more, keeps a loud process from stalling the others.
/// </summary>
internal sealed unsafe class EventLoop
{
    private const int EventsMax = 64;
    private const int StrayPollMs = 1;
    private const int OrphanPollMs = 1_000;
    private const int StackBytes = 256 << 10;
    private const int ExitKind = 2;
    private const int KindBits = 2;
    private const ulong WakeKey = 0;

    private static int LiveBestEffort;

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, RunningProcess> _processes = [];
    private readonly Queue<RunningProcess> _posted = new();
    private readonly Queue<RunningProcess> _refused = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;
    private readonly Thread _thread;
    private readonly int _epoll;
    private readonly int _wake;
    private readonly Func<bool> _nothingRuns;
    private int _live;
    private bool _closing;
    private bool _hasEnded;
    private long _closeDeadlineMs;

    // The thread's own.
    private readonly byte* _buffer = (byte*)NativeMemory.Alloc(ExecutionLimits.ReadBytes);
    private readonly ArrayBufferWriter<byte> _scratch = new();
    private readonly List<RunningProcess> _ending = [];
    private readonly List<OutputLog> _unflushed = [];
    private long _flushAtMs;
    private long _reapAtMs;
    private ProcessTree? _tree;

    public EventLoop(TimeProvider time)
    {
        _time = time;
        _nothingRuns = () => Volatile.Read(ref IsBestEffort ? ref LiveBestEffort : ref _live) == 0;
        _epoll = Libc.epoll_create1(Libc.O_CLOEXEC);
        _wake = Libc.EventFd();
        if (_epoll < 0 || _wake < 0 || Libc.EpollAdd(_epoll, _wake, WakeKey) != 0)
        {
            throw new IOException($"Could not watch processes: {Libc.Message(Marshal.GetLastPInvokeError())}");
        }

        _thread = new Thread(Run, StackBytes) { IsBackground = true, Name = "cairn-io" };
    }

    /// <summary>True where cairn itself adopts orphans; then other hosts in this program share them.</summary>
    public bool IsBestEffort { get; private set; }

    /// <summary>Completes when the thread ends.</summary>
    public Task Ended => _ended.Task;

    /// <summary>What to do when all processes have ended, before <see cref="Ended"/>.</summary>
    public required Action OnClosed { get; init; }

    /// <summary>Begins.</summary>
    public void Start() => _thread.Start();

    /// <summary>Says how strays are found; before the first spawn.</summary>
    public void Adopt(ProcessTree tree, bool bestEffort)
    {
        _tree = tree;
        IsBestEffort = bestEffort;
    }

    /// <summary>Makes a process known; every one ends in <see cref="RunningProcess.Finish"/>.</summary>
    public void Add(RunningProcess process)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing, typeof(ProcessHost));
            _processes.Add(process.Id, process);
        }
    }

    /// <summary>Counts processes that are alive, before the spawn, so that its orphans are never taken for strays.</summary>
    public void CountLive(int change)
    {
        _ = Interlocked.Add(ref _live, change);
        if (IsBestEffort)
        {
            _ = Interlocked.Add(ref LiveBestEffort, change);
        }
    }

    /// <summary>Begins to watch a spawned process; from here on its descriptors are the thread's. False where the kernel has no memory for it.</summary>
    public bool Watch(RunningProcess process)
    {
        var key = process.Id << KindBits;
        var error = Libc.EpollAdd(_epoll, process.PipeFds[0], key | (int)OutputStream.Stdout);
        error |= Libc.EpollAdd(_epoll, process.PipeFds[1], key | (int)OutputStream.Stderr);
        error |= Libc.EpollAdd(_epoll, process.PidFd, key | ExitKind);
        if (error == 0)
        {
            return true;
        }

        // There is no way on without the events: the caller ends the process and closes its pipes.
        Libc.EpollRemove(_epoll, process.PipeFds[0]);
        Libc.EpollRemove(_epoll, process.PipeFds[1]);
        _ = Libc.close(process.PidFd);
        (process.PipeFds[0], process.PipeFds[1]) = (-1, -1);
        return false;
    }

    /// <summary>Has the thread send the signal that was asked for.</summary>
    public void Post(RunningProcess process) => Post(_posted, process);

    /// <summary>Has the thread complete a process that did not start.</summary>
    public void Refuse(RunningProcess process) => Post(_refused, process);

    /// <summary>Kills all processes and, when they are gone or the time for that is over, ends the thread.</summary>
    public void BeginClose()
    {
        RunningProcess[] open;
        lock (_gate)
        {
            if (_closing)
            {
                return;
            }

            _closing = true;
            _closeDeadlineMs = Environment.TickCount64 + ExecutionLimits.DisposeMs;
            open = [.. _processes.Values];
            Wake();
        }

        foreach (var process in open)
        {
            process.Kill();
        }
    }

    /// <summary>Waits for the thread after <see cref="BeginClose"/>.</summary>
    public void Join() => _thread.Join();

    private void Run()
    {
        var events = stackalloc byte[EventsMax * 16];
        while (!MayEnd())
        {
            var count = Libc.epoll_wait(_epoll, events, EventsMax, TimeoutMs());
            for (var i = 0; i < count; i++)
            {
                var e = events + (i * Libc.EpollEventBytes);
                Handle(Libc.EpollKey(e), (*(uint*)e & Libc.EPOLLIN) != 0);
            }

            ContinueEnding();
            Housekeep();
        }

        OnClosed();
        lock (_gate)
        {
            _hasEnded = true;
        }

        _tree?.Close();
        _ = Libc.close(_epoll);
        _ = Libc.close(_wake);
        NativeMemory.Free(_buffer);
        _ = _ended.TrySetResult();
    }

    private bool MayEnd()
    {
        lock (_gate)
        {
            if (!_closing)
            {
                return false;
            }

            if (_processes.Count > 0 && Environment.TickCount64 < _closeDeadlineMs)
            {
                return false;
            }
        }

        // Unkillable ones (in uninterruptible sleep) are left to the kernel.
        foreach (var process in _processes.Values.ToArray())
        {
            Finish(process);
        }

        return true;
    }

    private int TimeoutMs()
    {
        var until = long.MaxValue;
        foreach (var process in _ending)
        {
            until = Math.Min(until, process.HasStrays ? 0 : process.DrainDeadlineMs);
        }

        if (_unflushed.Count > 0)
        {
            until = Math.Min(until, _flushAtMs);
        }

        if (_closing)
        {
            until = Math.Min(until, _closeDeadlineMs);
        }

        if (IsBestEffort && Volatile.Read(ref _live) > 0)
        {
            until = Math.Min(until, _reapAtMs);
        }

        return until == long.MaxValue ? -1 : (int)Math.Clamp(until - Environment.TickCount64, StrayPollMs, int.MaxValue);
    }

    private void Handle(ulong key, bool readable)
    {
        if (key == WakeKey)
        {
            HandlePosted();
            return;
        }

        RunningProcess? process;
        lock (_gate)
        {
            // An event of the same batch may have finished it.
            if (!_processes.TryGetValue(key >> KindBits, out process))
            {
                return;
            }
        }

        var kind = (int)(key & ((1 << KindBits) - 1));
        if (kind == ExitKind)
        {
            HandleExit(process);
        }
        else if (process.PipeFds[kind] >= 0)
        {
            HandleOutput(process, (OutputStream)kind, readable);
        }
    }

    private void HandlePosted()
    {
        ulong ignored;
        _ = Libc.read(_wake, &ignored, sizeof(ulong));
        while (true)
        {
            RunningProcess? process;
            bool refused;
            lock (_gate)
            {
                refused = _refused.TryDequeue(out process);
                if (!refused && !_posted.TryDequeue(out process))
                {
                    return;
                }
            }

            if (refused)
            {
                Finish(process!);
                continue;
            }

            var signal = process!.TakeSignal();
            if (process.Sandboxed is var (worker, id))
            {
                SignalSandboxed(process, worker, id, signal);
                continue;
            }

            switch (signal)
            {
                case Libc.SIGTERM:
                    // A stopped process takes the signal only when it goes on.
                    _ = Libc.kill(-process.ProcessId, Libc.SIGTERM);
                    _ = Libc.kill(-process.ProcessId, Libc.SIGCONT);
                    break;
                case Libc.SIGKILL:
                    _tree!.KillTree(process.ProcessId);
                    break;
                default:
                    break;
            }
        }
    }

    // The end of bubblewrap's outer process is followed by that of the sandbox.
    private static void SignalSandboxed(RunningProcess process, SandboxClient worker, int id, int signal)
    {
        if (signal == Libc.SIGKILL)
        {
            Libc.PidFdSignal(process.PidFd, signal);
        }
        else if (signal != 0)
        {
            try
            {
                worker.Signal(id, signal);
                worker.Signal(id, Libc.SIGCONT);
            }
            catch (IOException)
            {
                // The worker is gone, and the process with it.
            }
        }
    }

    private void HandleOutput(RunningProcess process, OutputStream stream, bool readable)
    {
        if (readable)
        {
            var count = Libc.read(process.PipeFds[(int)stream], _buffer, ExecutionLimits.ReadBytes);
            if (count > 0)
            {
                process.Capture.Accept(stream, new ReadOnlySpan<byte>(_buffer, (int)count), _scratch);
                ScheduleFlush(process.Capture.Log);
                return;
            }

            if (count < 0 && Marshal.GetLastPInvokeError() is Libc.EINTR or Libc.EAGAIN)
            {
                return;
            }
        }

        ClosePipe(process, stream);
        if (process.HasExited && process.PipesClosed && !process.HasStrays)
        {
            _ = _ending.Remove(process);
            Finish(process);
        }
    }

    private void HandleExit(RunningProcess process)
    {
        var timestamp = _time.GetTimestamp();
        Libc.EpollRemove(_epoll, process.PidFd);
        _ = Libc.close(process.PidFd);
        process.PidFd = -1;
        process.Exited(timestamp, Environment.TickCount64);
        CountLive(-1);
        process.ReapSandboxed();
        process.HasStrays = process.Sandboxed is null && KillStrays(process);
        if (process.PipesClosed && !process.HasStrays)
        {
            Finish(process);
        }
        else
        {
            _ending.Add(process);
        }
    }

    private bool KillStrays(RunningProcess process) => _tree!.KillStrays(process, _nothingRuns);

    private void ContinueEnding()
    {
        for (var i = _ending.Count - 1; i >= 0; i--)
        {
            var process = _ending[i];
            process.HasStrays = process.HasStrays && KillStrays(process);
            if ((process.PipesClosed && !process.HasStrays) || Environment.TickCount64 >= process.DrainDeadlineMs)
            {
                _ending.RemoveAt(i);
                Finish(process);
            }
        }
    }

    private void Finish(RunningProcess process)
    {
        ClosePipe(process, OutputStream.Stdout);
        ClosePipe(process, OutputStream.Stderr);
        process.Capture.Log?.Close();
        lock (_gate)
        {
            _ = _processes.Remove(process.Id);
        }

        process.Finish();
    }

    private void ClosePipe(RunningProcess process, OutputStream stream)
    {
        ref var fd = ref process.PipeFds[(int)stream];
        if (fd >= 0)
        {
            Libc.EpollRemove(_epoll, fd);
            _ = Libc.close(fd);
            fd = -1;
            process.Capture.End(stream, _scratch);
        }
    }

    private void ScheduleFlush(OutputLog? log)
    {
        if (log is { IsFlushDue: false, HasPendingIndex: true })
        {
            if (_unflushed.Count == 0)
            {
                _flushAtMs = Environment.TickCount64 + ExecutionLimits.IndexFlushMs;
            }

            log.IsFlushDue = true;
            _unflushed.Add(log);
        }
    }

    private void Housekeep()
    {
        if (_unflushed.Count > 0 && Environment.TickCount64 >= _flushAtMs)
        {
            foreach (var log in _unflushed)
            {
                log.IsFlushDue = false;
                log.FlushIndex();
            }

            _unflushed.Clear();
        }

        if (IsBestEffort && Environment.TickCount64 >= _reapAtMs)
        {
            _tree!.ReapOrphans();
            _reapAtMs = Environment.TickCount64 + OrphanPollMs;
        }
    }

    private void Post(Queue<RunningProcess> queue, RunningProcess process)
    {
        lock (_gate)
        {
            queue.Enqueue(process);
            Wake();
        }
    }

    /// <summary>Under the lock, since the descriptor is closed when the thread ends.</summary>
    private void Wake()
    {
        if (!_hasEnded)
        {
            ulong one = 1;
            _ = Libc.write(_wake, &one, sizeof(ulong));
        }
    }
}
