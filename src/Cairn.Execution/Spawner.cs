using System.Runtime.InteropServices;

using Cairn.Execution.Native;
using Cairn.Execution.Sandbox;

namespace Cairn.Execution;

/// <summary>
/// The one thread that spawns. It is immortal while the host lives, since a mount namespace and the parenthood of children belong to a thread. It is in cairn's pid
/// namespace except for the instant of a spawn: a thread whose children go elsewhere cannot create threads, which the runtime may want to at any moment.
/// For the same reason it completes no tasks; the I/O thread does.
/// </summary>
internal sealed unsafe partial class Spawner
{
    private const int StackBytes = 256 << 10;

    private static readonly Lock SubreaperGate = new();
    private static int SubreaperUsers;

    private readonly object _gate = new();
    private readonly Queue<RunningProcess> _queue = new();
    private readonly Queue<WorkerOrder> _orders = new();
    private readonly EventLoop _loop;
    private readonly ProcessHostOptions _options;
    private readonly Thread _thread;
    private readonly string _runVariable;
    private ContainmentProbe? _containment;
    private bool _closing;

    // The thread's own.
    private readonly SpawnAttributes _attributes = new();
    private readonly SpawnMemory _memory = new();
    private Guardian? _guardian;
    private int _devNull = -1;
    private int _ownPidNamespace = -1;
    private int _runPidNamespace = -1;

    public Spawner(EventLoop loop, ProcessHostOptions options)
    {
        _loop = loop;
        _options = options;
        _runVariable = $"CAIRN_RUN_TOKEN={options.RunToken}";
        _thread = new Thread(Run, StackBytes) { IsBackground = true, Name = "cairn-spawn" };
    }

    /// <summary>What holds; waits for the guardian, a millisecond or two after the start.</summary>
    public ContainmentProbe Containment
    {
        get
        {
            lock (_gate)
            {
                while (_containment is null)
                {
                    _ = Monitor.Wait(_gate);
                }

                return _containment;
            }
        }
    }

    /// <summary>Begins, with the guardian.</summary>
    public void Start() => _thread.Start();

    /// <summary>Queues a spawn.</summary>
    public void Enqueue(RunningProcess process)
    {
        lock (_gate)
        {
            _queue.Enqueue(process);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Starts the worker of sandboxes and waits for it. Throws <see cref="IOException"/> with what the machine refuses.</summary>
    public SandboxClient StartWorker(SandboxOptions sandbox)
    {
        var order = new WorkerOrder(sandbox);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing, this);
            _orders.Enqueue(order);
            Monitor.PulseAll(_gate);
            while (order is { Client: null, Problem: null })
            {
                _ = Monitor.Wait(_gate);
            }
        }

        return order.Client ?? throw new IOException(order.Problem);
    }

    /// <summary>Ends the thread after what is queued, and the guardian, and waits for both.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closing = true;
            Monitor.PulseAll(_gate);
        }

        _thread.Join();
    }

    private void Run()
    {
        var containment = Prepare();
        lock (_gate)
        {
            _containment = containment;
            Monitor.PulseAll(_gate);
        }

        while (true)
        {
            var process = Take(out var order);
            if (order is not null)
            {
                Fulfil(order);
            }
            else if (process is not null)
            {
                Spawn(process);
            }
            else
            {
                break;
            }
        }

        EndWorkers();

        _guardian?.End();
        if (_loop.IsBestEffort)
        {
            UseSubreaper(-1);
        }

        foreach (var fd in (ReadOnlySpan<int>)[_devNull, _ownPidNamespace, _runPidNamespace])
        {
            if (fd >= 0)
            {
                _ = Libc.close(fd);
            }
        }

        _attributes.Free();
        _memory.Free();
    }

    private RunningProcess? Take(out WorkerOrder? order)
    {
        lock (_gate)
        {
            while (_queue.Count == 0 && _orders.Count == 0 && !_closing)
            {
                _ = Monitor.Wait(_gate);
            }

            if (_orders.TryDequeue(out order))
            {
                return null;
            }

            return _queue.TryDequeue(out var process) ? process : null;
        }
    }

    private ContainmentProbe Prepare()
    {
        Libc.CloseOnExecFrom3();
        Libc.DoNotIgnoreChildren();

        // Fills 0 to 2 where cairn was started without them, so that no pipe gets such a number.
        do
        {
            _devNull = Libc.open("/dev/null", Libc.O_RDWR | Libc.O_CLOEXEC, 0);
        }
        while (_devNull is >= 0 and <= 2);

        var proc = Libc.open("/proc", Libc.O_PATH | Libc.O_CLOEXEC, 0);
        try
        {
            var problem = _options.PidNamespace ? EnterNamespace(proc) : "a pid namespace was not asked for";
            return problem is null
                ? new(Cairn.Execution.Containment.PidNamespace, "The kernel ends every process of a run together with the run")
                : new(Cairn.Execution.Containment.BestEffort, BestEffort(proc, problem));
        }
        finally
        {
            _ = Libc.close(proc);
        }
    }

    /// <summary>Makes the run's namespace; returns why not.</summary>
    private string? EnterNamespace(int proc)
    {
        _ownPidNamespace = Libc.openat(proc, "thread-self/ns/pid", Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (_ownPidNamespace < 0)
        {
            return $"/proc/thread-self/ns/pid: {Libc.Message(Marshal.GetLastPInvokeError())}";
        }

        if (Libc.unshare(Libc.CLONE_NEWPID | Libc.CLONE_NEWNS) != 0)
        {
            return $"unshare: {Libc.Message(Marshal.GetLastPInvokeError())}; it needs root (CAP_SYS_ADMIN)";
        }

        string? problem;
        var runs = -1;
        if (Libc.mount(null, "/", null, Libc.MS_REC | Libc.MS_SLAVE, null) != 0)
        {
            problem = $"mount: {Libc.Message(Marshal.GetLastPInvokeError())}";
        }
        else
        {
            _guardian = Guardian.Start(_attributes, _memory, _devNull, _options.RunToken, inNamespace: true, out var failure);
            problem = _guardian is null ? $"the guardian failed: {failure}" : null;
            runs = Libc.openat(proc, "thread-self/ns/pid_for_children", Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        }

        if (Libc.setns(_ownPidNamespace, Libc.CLONE_NEWPID) != 0 || (problem is null && runs < 0))
        {
            problem = $"setns: {Libc.Message(Marshal.GetLastPInvokeError())}";
        }

        if (problem is null)
        {
            _runPidNamespace = runs;
            _loop.Adopt(ProcessTree.UnderGuardian(proc, _guardian!.ProcessId), bestEffort: false);
            return null;
        }

        _guardian?.End();
        _guardian = null;
        _ = Libc.close(runs);
        return problem;
    }

    /// <summary>Makes cairn the reaper of orphans, with a guardian that searches; returns what to tell.</summary>
    private string BestEffort(int proc, string problem)
    {
        UseSubreaper(1);
        var tree = ProcessTree.UnderCairn(proc);
        _loop.Adopt(tree, bestEffort: true);
        _guardian = Guardian.Start(_attributes, _memory, _devNull, _options.RunToken, inNamespace: false, out var failure);
        var reason = $"No pid namespace ({problem}): a process that leaves its session and clears its environment can outlive a killed cairn";
        reason = tree.CanFindStrays ? reason : $"{reason}; this kernel does not list children (CONFIG_PROC_CHILDREN): it can outlive its step";
        return _guardian is null ? $"{reason}; no guardian runs ({failure})" : reason;
    }

    private static void UseSubreaper(int change)
    {
        lock (SubreaperGate)
        {
            SubreaperUsers += change;
            _ = Libc.prctl(Libc.PR_SET_CHILD_SUBREAPER, SubreaperUsers > 0 ? 1UL : 0UL, 0, 0, 0);
        }
    }

    private void Spawn(RunningProcess process)
    {
        if (process.WasStoppedEarly())
        {
            _loop.Refuse(process);
            return;
        }

        process.StartError = SpawnFailure.FindInvalid(process.Spec);
        if (process.StartError is null)
        {
            var pipes = stackalloc int[4];
            pipes[0] = pipes[1] = pipes[2] = pipes[3] = -1;
            if (Libc.pipe2(pipes, Libc.O_CLOEXEC) != 0 || Libc.pipe2(pipes + 2, Libc.O_CLOEXEC) != 0)
            {
                process.StartError = SpawnFailure.Resource(Marshal.GetLastPInvokeError(), process.Spec);
            }
            else
            {
                process.StartError = Spawn(process, pipes);
            }

            // The writing ends are the child's alone; the reading ends the loop's, if it got them.
            for (var i = 0; i < 4; i++)
            {
                if (pipes[i] >= 0 && (i % 2 == 1 || process.StartError is not null))
                {
                    _ = Libc.close(pipes[i]);
                }
            }
        }

        if (process.StartError is not null)
        {
            _loop.Refuse(process);
        }
    }

    private string? Spawn(RunningProcess process, int* pipes)
    {
        var spec = process.Spec;
        var startedAt = _options.TimeProvider.GetTimestamp();
        if (spec.Place is { } place)
        {
            return SpawnIn(place, process, pipes, startedAt);
        }

        var input = _devNull;
        if (spec.InputPath is { } path)
        {
            input = Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
            if (input < 0)
            {
                return $"`{path}` cannot be read: {Libc.Message(Marshal.GetLastPInvokeError())}";
            }
        }

        try
        {
            return SpawnWith(input, process, pipes, startedAt);
        }
        finally
        {
            if (input != _devNull)
            {
                _ = Libc.close(input);
            }
        }
    }

    private string? SpawnWith(int input, RunningProcess process, int* pipes, long startedAt)
    {
        var spec = process.Spec;
        _memory.Fill(spec, process.JobVariable, _runVariable);
        _loop.CountLive(1);
        var error = _attributes.Begin(_memory.Folder, input, pipes[1], pipes[3]);
        var pid = 0;
        var problem = error != 0 ? SpawnFailure.Resource(error, spec) : SpawnProgram(spec, out pid);
        _attributes.End();
        if (problem is not null)
        {
            _loop.CountLive(-1);
            return problem;
        }

        process.PidFd = Libc.PidFdOpen(pid);
        if (process.PidFd < 0)
        {
            problem = SpawnFailure.Resource(Marshal.GetLastPInvokeError(), spec);
            Discard(pid);
            _loop.CountLive(-1);
            return problem;
        }

        ResourceUsage self;
        _ = Libc.getrusage(Libc.RUSAGE_SELF, &self);
        process.FloorRssKib = self.MaxRssKib;
        (process.PipeFds[0], process.PipeFds[1]) = (pipes[0], pipes[2]);
        var stopped = process.Started(pid, startedAt);
        if (!_loop.Watch(process))
        {
            problem = SpawnFailure.Resource(Libc.ENOMEM, spec);
            Discard(pid);
            _loop.CountLive(-1);
            return problem;
        }

        if (stopped)
        {
            _loop.Post(process);
        }

        return null;
    }

    /// <summary>Finds the program as <c>execvp</c> does, but in the spec's PATH, and spawns it; returns why not.</summary>
    private string? SpawnProgram(ProcessSpec spec, out int pid)
    {
        var program = spec.Arguments[0];
        int error;
        if (program.Contains('/', StringComparison.Ordinal))
        {
            error = SpawnFile(program, out pid);
            return error == 0 ? null : SpawnFailure.Describe(error, spec, program);
        }

        pid = 0;
        var path = PathOf(spec);
        string? problem = null;
        foreach (var range in path.AsSpan().Split(':'))
        {
            var folder = path.AsSpan(range);
            var file = folder.IsEmpty ? $"./{program}" : $"{folder}/{program}";
            if (Libc.access(file[0] == '/' ? file : $"{spec.WorkingDirectory}/{file}", Libc.X_OK) != 0)
            {
                continue;
            }

            error = SpawnFile(file, out pid);
            if (error == 0)
            {
                return null;
            }

            problem ??= SpawnFailure.Describe(error, spec, file);
            if (error is not (Libc.EACCES or Libc.ENOENT or Libc.ENOTDIR))
            {
                return problem;
            }
        }

        return problem ?? SpawnFailure.NotFound(spec, path);
    }

    private int SpawnFile(string file, out int pid)
    {
        pid = 0;
        var path = _memory.Path(file);
        if (path is null)
        {
            return Libc.ENAMETOOLONG;
        }

        var error = SpawnOnce(path, out pid);
        for (var waitedMs = 0; error == Libc.ETXTBSY && waitedMs < ExecutionLimits.ProgramBusyMs; waitedMs++)
        {
            _ = Libc.poll(null, 0, timeoutMs: 1);
            error = SpawnOnce(path, out pid);
        }

        return error;
    }

    private int SpawnOnce(byte* path, out int pid)
    {
        pid = 0;
        if (_runPidNamespace < 0)
        {
            return _attributes.Spawn(path, _memory.Arguments, _memory.Environment, out pid);
        }

        if (Libc.setns(_runPidNamespace, Libc.CLONE_NEWPID) != 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        var error = _attributes.Spawn(path, _memory.Arguments, _memory.Environment, out pid);
        _ = Libc.setns(_ownPidNamespace, Libc.CLONE_NEWPID);
        return error;
    }

    private static string? PathOf(ProcessSpec spec)
    {
        foreach (var (name, value) in spec.Environment)
        {
            if (name is "PATH")
            {
                return value;
            }
        }

        return null;
    }

    private static void Discard(int pid)
    {
        int status;
        ResourceUsage usage;
        _ = Libc.kill(-pid, Libc.SIGKILL);
        _ = Libc.wait4(pid, &status, 0, &usage);
    }
}
