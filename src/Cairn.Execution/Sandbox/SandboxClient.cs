using System.Text;

using Cairn.Execution.Native;
using Cairn.Store.Files;

namespace Cairn.Execution.Sandbox;

/// <summary>A worker as the run sees it. Thread-safe: one request at a time.</summary>
internal sealed unsafe class SandboxClient : IDisposable
{
    private readonly Lock _gate = new();
    private readonly DescriptorChannel _channel;
    private readonly List<int> _received = [];
    private bool _disposed;

    private SandboxClient(DescriptorChannel channel, int processId, WorkerGreeting greeting, int rootDescriptor)
    {
        _channel = channel;
        ProcessId = processId;
        Greeting = greeting;
        RootDescriptor = rootDescriptor;
    }

    /// <summary>The worker's process, a child of this one; <c>unshare</c> until it has become the worker or its parent.</summary>
    public int ProcessId { get; }

    public WorkerGreeting Greeting { get; }

    /// <summary>As whom it starts processes; null for the caller.</summary>
    public uint? Owner { get; set; }

    /// <summary>The file system in memory below which places are mounted.</summary>
    public int RootDescriptor { get; }

    /// <summary>Takes the greeting of a worker just started. Throws <see cref="IOException"/> where none comes.</summary>
    public static SandboxClient Greet(int socket, int processId)
    {
        var poll = new PollFd { Fd = socket, Events = 1 };
        var channel = new DescriptorChannel(socket);
        var received = new List<int>();
        if (Libc.poll(&poll, 1, ExecutionLimits.WorkerStartMs) != 1 || channel.TryReceive(received) is not { } message || received.Count != 1)
        {
            channel.Dispose();
            throw new IOException("the sandbox's worker did not come up");
        }

        using var reader = Texts.Reader(message);
        return new SandboxClient(channel, processId, WorkerGreeting.Read(reader), received[0]);
    }

    /// <summary>Mounts a place; the descriptor of its root is the caller's.</summary>
    public int Enter(PlaceRequest place) => Ask(WorkerRequest.Enter, place.Write, [], static (_, descriptors) => descriptors[0]);

    /// <summary>Starts a process in a mounted place; the descriptor, which tells of its end, is the caller's.</summary>
    public (int ProcessId, int PidFd) Start(ProcessRequest request, int stdin, int stdout, int stderr) =>
        Ask(WorkerRequest.Start, request.Write, [stdin, stdout, stderr], static (reader, descriptors) => (reader.ReadInt32(), descriptors[0]));

    /// <summary>Waits for an ended process.</summary>
    public SandboxEnd Reap(int processId) => Ask(WorkerRequest.Reap, w => w.Write(processId), [], static (reader, _) => SandboxEnd.Read(reader));

    /// <summary>Signals what runs in a process's sandbox.</summary>
    public void Signal(int processId, int signal) => _ = Ask(
        WorkerRequest.Signal,
        w =>
        {
            w.Write(processId);
            w.Write(signal);
        },
        [],
        static (_, _) => 0);

    /// <summary>Makes a network namespace; its number.</summary>
    public int OpenNetwork(NetworkRequest network) => Ask(WorkerRequest.OpenNetwork, network.Write, [], static (reader, _) => reader.ReadInt32());

    /// <summary>Ends what connects a namespace to the internet, and forgets it.</summary>
    public void CloseNetwork(int network) => _ = Ask(WorkerRequest.CloseNetwork, w => w.Write(network), [], static (_, _) => 0);

    /// <summary>A TCP socket in a namespace; the descriptor is the caller's.</summary>
    public int OpenSocket(int network, bool isIPv6) => Ask(
        WorkerRequest.OpenSocket,
        w =>
        {
            w.Write(network);
            w.Write(isIPv6);
        },
        [],
        static (_, descriptors) => descriptors[0]);

    /// <summary>The blocks that a folder takes, as <see cref="DirectoryHandle.AllocatedBytes"/> counts them, with what the caller may not read.</summary>
    public long Measure(string folder, long enough) => Ask(
        WorkerRequest.Measure,
        w =>
        {
            w.Write(folder);
            w.Write(enough);
        },
        [],
        static (reader, _) => reader.ReadInt64());

    /// <summary>Unmounts a place, before anything else that is asked from now on; does not wait for it.</summary>
    public void Leave(int place)
    {
        Span<byte> message = stackalloc byte[1 + sizeof(int)];
        message[0] = (byte)WorkerRequest.Leave;
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(message[1..], place);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _channel.Send(message, []);
        }
    }

    /// <summary>Waits until all is done that was asked before.</summary>
    public void Settle() => _ = Ask(WorkerRequest.Settle, static _ => { }, [], static (_, _) => 0);

    public void Dispose()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _disposed = true;
                _channel.Dispose();
                _ = Libc.close(RootDescriptor);
            }
        }
    }

    private T Ask<T>(WorkerRequest request, Action<BinaryWriter> write, ReadOnlySpan<int> descriptors, Func<BinaryReader, List<int>, T> read)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write((byte)request);
        write(writer);
        writer.Flush();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _received.Clear();
            _channel.Send(stream.GetBuffer().AsSpan(0, (int)stream.Length), descriptors);
            var answer = _channel.TryReceive(_received) ?? throw new IOException("The sandbox's worker is gone");
            using var reader = Texts.Reader(answer);
            return reader.ReadString() is { Length: > 0 } problem ? throw new IOException(problem) : read(reader, _received);
        }
    }
}
