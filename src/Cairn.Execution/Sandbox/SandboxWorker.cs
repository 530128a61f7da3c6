using System.Runtime.InteropServices;
using System.Text;

using Cairn.Execution.Native;
using Cairn.Store.Files;

namespace Cairn.Execution.Sandbox;

/// <summary>
/// The other side of <see cref="SandboxClient"/>: a process in mount (and user) namespaces of its own, one for a run. It mounts places and starts bubblewrap in them, on
/// request and one thing at a time. With it go all its mounts, however it ends: the end of its socket is its own. Its parent is <c>unshare</c>, since a program of
/// many threads, as .NET makes, cannot enter a user namespace.
/// </summary>
/// <remarks>
/// As root it keeps root's rights for mounting, while what it starts runs as a user of its own that owns all layers: a bubblewrap that root starts maps its user to root
/// outside, who may write <c>/proc/sys</c> even without a capability.
/// </remarks>
public sealed unsafe class SandboxWorker : IDisposable
{
    // Descriptors as bubblewrap gets them.
    private const int FilterNumber = 10;
    private const int ArgumentsNumber = 11;
    private const int StatusNumber = 12;
    private const int GateNumber = 13;

    private readonly DescriptorChannel _channel = new(0);
    private readonly SpawnAttributes _attributes;
    private readonly SpawnAttributes _terminalAttributes;
    private readonly SpawnMemory _memory = new();
    private readonly WorkerMounts _mounts;
    private readonly WorkerProcesses _processes;
    private readonly int _seccomp;
    private readonly string _bubblewrap;
    private readonly List<int> _received = [];
    private readonly WorkerNetworks _networks;

    private SandboxWorker(string bubblewrap, WorkerMounts mounts, bool resetIds)
    {
        _bubblewrap = bubblewrap;
        _mounts = mounts;
        _attributes = new SpawnAttributes(resetIds);
        // `setsid` begins the session, which only its own beginner can give a terminal.
        _terminalAttributes = new SpawnAttributes(resetIds, ownSession: false);
        _processes = new WorkerProcesses();
        _networks = new WorkerNetworks(_processes);
        _seccomp = MemoryFile("seccomp", SeccompFilter.Program());
    }

    /// <summary>The worker's main: <c>cairn __sandbox BUBBLEWRAP FOLDER UID SCRATCH</c>, its socket as standard input. Exits when that ends.</summary>
    public static int Run(string[] arguments)
    {
        if (arguments is not [var bubblewrap, var folder, var user, var scratch] || !uint.TryParse(user, out var uid))
        {
            return 2;
        }

        var inUserNamespace = uid == 0;
        try
        {
            using var mounts = WorkerMounts.Prepare(folder, scratch, inUserNamespace, uid);
            BecomeUser(uid);
            using var worker = new SandboxWorker(bubblewrap, mounts, resetIds: !inUserNamespace);
            worker.Answer(w => mounts.Greeting.Write(w), [mounts.RootDescriptor]);
            worker.Serve();
            return 0;
        }
        catch (IOException exception)
        {
            // Whoever started it reads this as the reason.
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _channel.Dispose();
        _networks.Dispose();
        _attributes.Free();
        _terminalAttributes.Free();
        _memory.Free();
        _ = Libc.close(_seccomp);
    }

    // Only the real user changes: a child that resets its ids is that user in every respect, before it executes anything.
    private static void BecomeUser(uint uid)
    {
        _ = Libc.prctl(Libc.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        if (uid != 0 && (Libc.setgroups(0, null) != 0 || Libc.setresgid(uid, 0, 0) != 0 || Libc.setresuid(uid, 0, 0) != 0))
        {
            throw new IOException($"The user {uid}, as whom steps run, cannot be taken: {Libc.Message(Marshal.GetLastPInvokeError())}");
        }
    }

    private void Serve()
    {
        while (_channel.TryReceive(_received) is { } message)
        {
            try
            {
                using var reader = Texts.Reader(message);
                Handle((WorkerRequest)reader.ReadByte(), reader);
            }
            catch (IOException exception)
            {
                Answer(w => w.Write(exception.Message), []);
            }

            foreach (var descriptor in _received)
            {
                _ = Libc.close(descriptor);
            }

            _received.Clear();
        }
    }

    private void Handle(WorkerRequest request, BinaryReader reader)
    {
        switch (request)
        {
            case WorkerRequest.Enter:
                // A place lives as long as somebody has its root open.
                var root = _mounts.Enter(PlaceRequest.Read(reader));
                Succeed([root]);
                _ = Libc.close(root);
                break;
            case WorkerRequest.Start:
                var (pid, pidFd) = Start(ProcessRequest.Read(reader));
                Succeed([pidFd], w => w.Write(pid));
                _ = Libc.close(pidFd);
                break;
            case WorkerRequest.Reap:
                var end = _processes.Reap(reader.ReadInt32());
                Succeed([], end.Write);
                break;
            case WorkerRequest.Signal:
                _processes.Signal(reader.ReadInt32(), reader.ReadInt32());
                Succeed([]);
                break;
            case WorkerRequest.Leave:
                // Whoever leaves a place does not wait for an answer.
                _mounts.Leave(reader.ReadInt32());
                break;
            case WorkerRequest.Settle:
                Succeed([]);
                break;
            case WorkerRequest.OpenNetwork:
                var network = _networks.Open(NetworkRequest.Read(reader));
                Succeed([], w => w.Write(network));
                break;
            case WorkerRequest.CloseNetwork:
                _networks.Close(reader.ReadInt32());
                Succeed([]);
                break;
            case WorkerRequest.OpenSocket:
                var socket = _networks.Of(reader.ReadInt32()).OpenSocket(reader.ReadBoolean());
                Succeed([socket]);
                _ = Libc.close(socket);
                break;
            case WorkerRequest.Measure:
                var bytes = Measure(reader.ReadString(), reader.ReadInt64());
                Succeed([], w => w.Write(bytes));
                break;
            default:
                throw new IOException($"An unknown request: {(byte)request}");
        }
    }

    private (int Pid, int PidFd) Start(ProcessRequest request)
    {
        if (_received.Count != 3)
        {
            throw new IOException($"A process needs three descriptors, not {_received.Count}");
        }

        var status = stackalloc int[2] { -1, -1 };
        var gate = stackalloc int[2] { -1, -1 };
        var (filter, arguments) = (-1, -1);
        try
        {
            // What no process can be given at its birth it gets while bubblewrap waits at the gate.
            var isBounded = request.Groups.Length > 0 || request.OwnProcesses > 0;
            Pipe(status);
            if (isBounded)
            {
                Pipe(gate);
            }

            // A description of its own, since the reading of another process would move a shared one.
            filter = request.Seccomp ? Libc.open($"/proc/self/fd/{_seccomp}", Libc.O_RDONLY | Libc.O_CLOEXEC, 0) : -1;
            arguments = MemoryFile("arguments", Encoding.UTF8.GetBytes(string.Concat(request.Sandbox.Select(static a => a + '\0'))));
            string[] command =
            [
                .. request.Terminal ? ["/usr/bin/setsid", "--ctty"] : Array.Empty<string>(), _bubblewrap, "--json-status-fd", $"{StatusNumber}", .. filter >= 0 ? ["--seccomp", $"{FilterNumber}"] : Array.Empty<string>(),
                .. isBounded ? ["--block-fd", $"{GateNumber}"] : Array.Empty<string>(), "--args", $"{ArgumentsNumber}", "--", .. request.Command,
            ];
            var pid = Spawn(request, command, [(filter, FilterNumber), (arguments, ArgumentsNumber), (status[1], StatusNumber), (gate[0], GateNumber)]);
            var pidFd = Libc.PidFdOpen(pid);
            if (pidFd < 0)
            {
                var message = Libc.Message(Marshal.GetLastPInvokeError());
                _ = Libc.kill(pid, Libc.SIGKILL);
                throw new IOException($"pidfd_open: {message}");
            }

            ProcessBounds.Fix(pid, request);
            _ = Libc.close(status[1]);
            status[1] = -1;
            _processes.Add(pid, status[0]);
            status[0] = -1;
            try
            {
                if (isBounded)
                {
                    Bind(pid, request);
                    _ = Libc.WriteAll(gate[1], "."u8);
                }
            }
            catch (IOException)
            {
                _processes.Kill(pid);
                _ = Libc.close(pidFd);
                throw;
            }

            return (pid, pidFd);
        }
        finally
        {
            foreach (var descriptor in (ReadOnlySpan<int>)[filter, arguments, status[0], status[1], gate[0], gate[1]])
            {
                if (descriptor >= 0)
                {
                    _ = Libc.close(descriptor);
                }
            }
        }
    }

    private int Spawn(ProcessRequest request, string[] command, (int Descriptor, int Number)[] descriptors) =>
        request.Network == 0 ? SpawnHere(request, command, descriptors) : SpawnIn(_networks.Of(request.Network), request, command, descriptors);

    private int SpawnIn(WorkerNetwork network, ProcessRequest request, string[] command, (int Descriptor, int Number)[] descriptors)
    {
        var pid = 0;
        network.Within(() => pid = SpawnHere(request, command, descriptors));
        return pid;
    }

    private int SpawnHere(ProcessRequest request, string[] command, (int Descriptor, int Number)[] descriptors)
    {
        _memory.Fill(new ProcessSpec { Arguments = [.. command], Environment = [], WorkingDirectory = "/" }, "PATH=/usr/bin:/bin", "LC_ALL=C");
        var attributes = request.Terminal ? _terminalAttributes : _attributes;
        var error = attributes.Begin(_memory.Folder, _received[0], _received[1], _received[2]);
        foreach (var (descriptor, number) in descriptors)
        {
            error = error != 0 || descriptor < 0 ? error : attributes.Also(descriptor, number);
        }

        var pid = 0;
        try
        {
            if (error == 0)
            {
                using var bounds = new ProcessBounds(request);
                ProcessBounds.Verify(request);
                error = attributes.Spawn(_memory.Path(command[0]), _memory.Arguments, _memory.Environment, out pid);
            }
        }
        finally
        {
            attributes.End();
        }

        return error == 0 ? pid : throw new IOException($"`{command[0]}` could not start: {Libc.Message(error)}");
    }

    /// <summary>Puts the sandbox's first process, from which all others come, into its groups and under its own bound of processes. Nothing where bubblewrap ended before it had one.</summary>
    private void Bind(int pid, ProcessRequest request)
    {
        var first = _processes.FirstOf(pid, ExecutionLimits.WorkerStartMs);
        if (first == 0)
        {
            return;
        }

        foreach (var group in request.Groups)
        {
            ControlGroup.Write(group, first.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        if (request.OwnProcesses > 0)
        {
            ProcessBounds.FixProcesses(first, request.OwnProcesses + 1);
        }
    }

    // In its user namespace the worker may read what its user has forbidden itself.
    private static long Measure(string folder, long enough)
    {
        using var handle = DirectoryHandle.Open(folder);
        return handle.AllocatedBytes(enough, out _);
    }

    /// <summary>A pipe, both ends close-on-exec. Throws <see cref="IOException"/>.</summary>
    internal static void Pipe(int* ends)
    {
        if (Libc.pipe2(ends, Libc.O_CLOEXEC) != 0)
        {
            throw new IOException($"pipe: {Libc.Message(Marshal.GetLastPInvokeError())}");
        }
    }

    private void Succeed(ReadOnlySpan<int> descriptors, Action<BinaryWriter>? write = null) => Answer(
        w =>
        {
            w.Write("");
            write?.Invoke(w);
        },
        descriptors);

    private void Answer(Action<BinaryWriter> write, ReadOnlySpan<int> descriptors)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        write(writer);
        writer.Flush();
        _channel.Send(stream.GetBuffer().AsSpan(0, (int)stream.Length), descriptors);
    }

    /// <summary>A file in memory, close-on-exec, at its beginning. Throws <see cref="IOException"/>.</summary>
    internal static int MemoryFile(string name, ReadOnlySpan<byte> content)
    {
        const uint CloseOnExec = 1;
        var descriptor = Libc.memfd_create(name, CloseOnExec);
        if (descriptor < 0)
        {
            throw new IOException($"memfd_create: {Libc.Message(Marshal.GetLastPInvokeError())}");
        }

        _ = Libc.WriteAll(descriptor, content);
        _ = Libc.lseek(descriptor, 0, 0);
        return descriptor;
    }
}
