using Cairn.Execution.Native;
using Cairn.Execution.Output;
using Cairn.Execution.Sandbox;

namespace Cairn.Execution;

/// <summary>A process from its start to its result.</summary>
public sealed class RunningProcess
{
    private readonly TaskCompletionSource<ProcessResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly object _gate = new();
    private readonly ProcessHost _host;
    private readonly HashSet<int> _strays = [];
    private State _state;
    private StopRequest _asked;
    private StopRequest _sent;
    private ITimer? _grace;
    private int _pid;
    private long _startedAt;
    private TimeSpan _wall;
    private SandboxEnd _end;
    private bool _isReaped;

    internal RunningProcess(ProcessHost host, ulong id, string jobVariable, ProcessSpec spec, Capture capture)
    {
        _host = host;
        Id = id;
        JobVariable = jobVariable;
        Spec = spec;
        Capture = capture;
    }

    private enum State
    {
        Queued,
        Running,
        Done,
    }

    /// <summary>How it ended, after its tree is gone and its output is complete. Never faults.</summary>
    public Task<ProcessResult> Completion => _completion.Task;

    /// <summary>The process id as this process sees it, 0 if it could not start; waits for the spawn, which takes a fraction of a millisecond.</summary>
    public int ProcessId
    {
        get
        {
            lock (_gate)
            {
                while (_state == State.Queued)
                {
                    _ = Monitor.Wait(_gate);
                }

                return _pid;
            }
        }
    }

    internal ulong Id { get; }

    /// <summary>The variable by which its descendants are told from others.</summary>
    internal string JobVariable { get; }

    internal ProcessSpec Spec { get; }

    internal Capture Capture { get; }

    /// <summary>Read ends of the pipes by <see cref="OutputStream"/>, -1 when closed; the I/O thread's after registration.</summary>
    internal int[] PipeFds { get; } = [-1, -1];

    internal int PidFd { get; set; } = -1;

    /// <summary>The worker that started it, which alone can wait for it, and its id there; null outside sandboxes.</summary>
    internal (SandboxClient Worker, int ProcessId)? Sandboxed { get; set; }

    /// <summary>True once the process itself has ended; it stays a zombie until its tree is gone, so that its id stays its own.</summary>
    internal bool HasExited { get; private set; }

    /// <summary>When draining ends whatever still holds the pipes.</summary>
    internal long DrainDeadlineMs { get; private set; }

    /// <summary>True while the last look found strays alive.</summary>
    internal bool HasStrays { get; set; }

    /// <summary>cairn's own peak when it spawned this: the kernel counts that as the child's first peak.</summary>
    internal long FloorRssKib { get; set; }

    internal string? StartError { get; set; }

    internal bool PipesClosed => PipeFds[0] < 0 && PipeFds[1] < 0;

    /// <summary>Asks the process group to end (SIGTERM), and kills the whole tree if it has not ended after the grace.</summary>
    public void Stop(TimeSpan grace)
    {
        if (Raise(StopRequest.Terminate))
        {
            var timer = _host.Time.CreateTimer(static state => ((RunningProcess)state!).Kill(), this, grace, Timeout.InfiniteTimeSpan);
            lock (_gate)
            {
                if (_state != State.Done)
                {
                    _grace = timer;
                    return;
                }
            }

            timer.Dispose();
        }
    }

    /// <summary>Kills the whole tree at once.</summary>
    public void Kill() => Raise(StopRequest.Kill);

    /// <summary>The signal to send, or 0: what was asked since the last call. For the I/O thread.</summary>
    internal int TakeSignal()
    {
        lock (_gate)
        {
            if (_state != State.Running || HasExited || _asked <= _sent)
            {
                return 0;
            }

            _sent = _asked;
            return Signal(_asked);
        }
    }

    /// <summary>True, and the process is not to be spawned, if it was stopped while it waited.</summary>
    internal bool WasStoppedEarly()
    {
        lock (_gate)
        {
            return _asked != StopRequest.None;
        }
    }

    /// <summary>The spawn succeeded; returns true if a stop was asked for meanwhile.</summary>
    internal bool Started(int pid, long timestamp)
    {
        lock (_gate)
        {
            (_pid, _startedAt, _state) = (pid, timestamp, State.Running);
            Monitor.PulseAll(_gate);
            return _asked != StopRequest.None;
        }
    }

    internal void Exited(long timestamp, long nowMs)
    {
        lock (_gate)
        {
            HasExited = true;
        }

        _wall = _host.Time.GetElapsedTime(_startedAt, timestamp);
        DrainDeadlineMs = nowMs + ExecutionLimits.DrainMs;
    }

    /// <summary>Remembers a stray that was killed; counts each once.</summary>
    internal void AddStray(int pid) => _strays.Add(pid);

    /// <summary>Ends it: reaps the process where there was one and completes.</summary>
    internal unsafe void Finish()
    {
        var status = 0;
        ResourceUsage usage = default;
        var reaped = false;
        ITimer? grace;
        StopRequest asked;
        lock (_gate)
        {
            reaped = Sandboxed is null ? _pid != 0 && Libc.wait4(_pid, &status, Libc.WNOHANG, &usage) == _pid : TakeSandboxed(&status, &usage);
            _state = State.Done;
            grace = _grace;
            asked = _asked;
            Monitor.PulseAll(_gate);
        }

        grace?.Dispose();
        var signal = reaped ? status & 0x7F : StartError is null ? Signal(asked) : 0;
        _ = _completion.TrySetResult(new ProcessResult
        {
            ExitCode = reaped && signal == 0 ? (status >> 8) & 0xFF : null,
            Signal = signal == 0 ? null : signal,
            StartError = StartError,
            Resources = new(
                _wall.TotalMilliseconds,
                Milliseconds(usage.UserSeconds, usage.UserMicroseconds),
                Milliseconds(usage.SystemSeconds, usage.SystemMicroseconds),
                usage.MaxRssKib > FloorRssKib ? usage.MaxRssKib : 0,
                usage.ReadBlocks,
                usage.WriteBlocks),
            LogBytes = Capture.Log?.Bytes ?? 0,
            LogError = Capture.Log?.Error,
            StraysKilled = Sandboxed is null ? _strays.Count : _end.Strays,
        });
    }

    /// <summary>Waits, within milliseconds, for a sandboxed process that has ended and for its sandbox; what was left there is killed, so that it no longer holds the pipes.</summary>
    internal void ReapSandboxed()
    {
        if (Sandboxed is var (worker, id))
        {
            try
            {
                _end = worker.Reap(id);
                StartError = _end.Began || _asked != StopRequest.None ? null : "the sandbox could not be set up; what bubblewrap says of it is in the log";
                _isReaped = true;
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                StartError = exception.Message;
            }
        }
    }

    private unsafe bool TakeSandboxed(int* status, ResourceUsage* usage)
    {
        *status = _end.Status;
        *usage = new ResourceUsage
        {
            UserMicroseconds = _end.UserMicroseconds,
            SystemMicroseconds = _end.SystemMicroseconds,
            MaxRssKib = _end.MaxRssKib,
            ReadBlocks = _end.ReadBlocks,
            WriteBlocks = _end.WriteBlocks,
        };
        return _isReaped && StartError is null;
    }

    private static double Milliseconds(long seconds, long microseconds) => (seconds * 1e3) + (microseconds / 1e3);

    private static int Signal(StopRequest request) => request switch
    {
        StopRequest.Terminate => Libc.SIGTERM,
        StopRequest.Kill => Libc.SIGKILL,
        _ => 0,
    };

    private bool Raise(StopRequest request)
    {
        lock (_gate)
        {
            if (_state == State.Done || _asked >= request)
            {
                return false;
            }

            _asked = request;
            if (_state == State.Queued)
            {
                return true;
            }
        }

        _host.Loop.Post(this);
        return true;
    }

    private enum StopRequest
    {
        None,
        Terminate,
        Kill,
    }
}
