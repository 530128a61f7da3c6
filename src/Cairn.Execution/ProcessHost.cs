using System.Collections.Immutable;

using Cairn.Execution.Native;
using Cairn.Execution.Output;
using Cairn.Execution.Sandbox;
using Cairn.Store.Files;

namespace Cairn.Execution;

/// <summary>
/// Starts processes and sees that none outlives it. Two threads serve any number of processes: one spawns, one reads all output, reaps, and kills trees. They begin
/// with the first process, or earlier where that is asked for: a host that starts none costs nothing.
/// </summary>
public sealed class ProcessHost : IAsyncDisposable
{
    // A bound of what a step writes is best held by a file system in memory of that size, where all of them together take no more of the memory than one part of so many.
    private const int MemoryShare = 4;

    private readonly ProcessHostOptions _options;
    private readonly Lock _beginGate = new();
    private readonly Lock _secretsGate = new();
    private readonly Lock _workerGate = new();
    private volatile Machinery? _machinery;
    private SandboxClient? _worker;
    private bool _disposed;
    private ulong _lastId;
    private long _promisedBytes;
    private (ImmutableArray<string> Secrets, SecretPatterns Patterns) _lastSecrets = ([], SecretPatterns.None);

    private ProcessHost(ProcessHostOptions options) => _options = options;

    private sealed record Machinery(EventLoop Loop, Spawner Spawner);

    /// <summary>What keeps processes from outliving the run; waits a millisecond or two for the guardian just after the start.</summary>
    public ContainmentProbe Containment => Begin().Spawner.Containment;

    internal EventLoop Loop => Begin().Loop;

    internal TimeProvider Time => _options.TimeProvider;

    /// <summary>A host whose threads and guardian begin with the first process.</summary>
    public static ProcessHost Create(ProcessHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.FindProblem() is { } problem ? throw new ArgumentException(problem, nameof(options)) : new ProcessHost(options);
    }

    /// <summary>Starts a host; the guardian comes up meanwhile, and the first process waits for it.</summary>
    public static ProcessHost Start(ProcessHostOptions options)
    {
        var host = Create(options);
        host.WarmUp();
        return host;
    }

    /// <summary>Begins where it has not begun: for whoever knows that a process will come, and still has something else to do.</summary>
    public void WarmUp() => Begin();

    /// <summary>Tries what holds on this machine, by doing it.</summary>
    public static ContainmentProbe Probe()
    {
        var host = Start(new ProcessHostOptions { RunToken = $"probe-{Environment.ProcessId}" });
        var containment = host.Containment;
        host.Loop.BeginClose();
        host.Loop.Join();
        return containment;
    }

    /// <summary>Queues a process to be started and returns at once; what prevents the start is in the result.</summary>
    public RunningProcess Start(ProcessSpec spec, IOutputSink? sink)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var id = Interlocked.Increment(ref _lastId);
        var (loop, spawner) = Begin();
        var capture = new Capture(spec, Patterns(spec.Secrets), sink, Time);
        var process = new RunningProcess(this, id, $"CAIRN_JOB_TOKEN={_options.RunToken}.{id}", spec, capture);
        loop.Add(process);
        spawner.Enqueue(process);
        return process;
    }

    /// <summary>Mounts a place for sandboxed processes; the first one starts their worker, which takes some 25 ms. Throws <see cref="IOException"/> with what the machine refuses.</summary>
    public SandboxPlace Enter(SandboxSpec spec, SandboxOptions options)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(options);
        if (spec is { Network: SandboxNetwork.Wan, Namespace: null })
        {
            throw new ArgumentException("The internet comes with a namespace", nameof(spec));
        }

        var client = Worker(options);
        var takesMemory = client.Greeting.UpperProblem is not null;
        var promised = 0L;
        if (!takesMemory && client.Greeting.MemoryProblem is null && spec.Limits.DiskBytes is { } bytes && TryPromise(bytes))
        {
            (takesMemory, promised) = (true, bytes);
        }

        try
        {
            var (upper, work) = takesMemory ? (null, null) : (spec.Upper, spec.Work);
            var root = client.Enter(new PlaceRequest(spec.Place, [.. spec.Layers], upper, work, spec.Limits.DiskBytes ?? 0, [.. spec.Binds.Select(static b => b.HostPath)]));
            return new SandboxPlace(client, spec with { Upper = upper, Work = work }, DirectoryHandle.Adopt(root, "the step's root"), upper is null, promised == 0 ? null : () => Interlocked.Add(ref _promisedBytes, -promised));
        }
        catch
        {
            Interlocked.Add(ref _promisedBytes, -promised);
            throw;
        }
    }

    /// <summary>Sets aside a part of the memory for what a place may write, of all that places of this host may take together; false where there is not as much.</summary>
    private bool TryPromise(long bytes)
    {
        if (Interlocked.Add(ref _promisedBytes, bytes) is > 0 and var all && all <= GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / MemoryShare)
        {
            return true;
        }

        Interlocked.Add(ref _promisedBytes, -bytes);
        return false;
    }

    /// <summary>Makes a network that sandboxes may share. Throws <see cref="IOException"/> with what the machine refuses.</summary>
    /// <param name="network">What it reaches: nothing, or the internet.</param>
    /// <param name="options">The sandboxes.</param>
    public NetworkNamespace OpenNetwork(SandboxNetwork network, SandboxOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var client = Worker(options);
        var number = client.OpenNetwork(network switch
        {
            SandboxNetwork.None => new NetworkRequest(null, []),
            SandboxNetwork.Wan => new NetworkRequest(Uplink.Find() ?? throw new IOException(Uplink.FindProblem()?.Problem), Uplink.OwnAddresses()),
            _ => throw new ArgumentOutOfRangeException(nameof(network)),
        });
        return new NetworkNamespace(client, number, network);
    }

    /// <summary>The file system in memory of the sandboxes' worker, for small layers: files in it exist as long as the run. Its handle is the caller's.</summary>
    public (DirectoryHandle Folder, string Path) SandboxMemory(SandboxOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var client = Worker(options);
        return (DirectoryHandle.Adopt(Libc.Duplicate(client.RootDescriptor), client.Greeting.MountRoot), client.Greeting.MountRoot);
    }

    /// <summary>Why the file system of sandboxes' folder cannot take what steps write, so that memory does; null where it can. Throws <see cref="IOException"/> as <see cref="Enter"/>.</summary>
    public string? SandboxUpperProblem(SandboxOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Worker(options).Greeting.UpperProblem;
    }

    /// <summary>Kills what runs, waits for it, and ends the guardian, with which whatever is left in the namespace ends.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_beginGate)
        {
            _disposed = true;
        }

        if (_machinery is { Loop: var loop })
        {
            loop.BeginClose();
            await loop.Ended;
            loop.Join();
        }
    }

    private SandboxClient Worker(SandboxOptions options)
    {
        lock (_workerGate)
        {
            return _worker ??= Begin().Spawner.StartWorker(options);
        }
    }

    private Machinery Begin()
    {
        if (_machinery is { } begun)
        {
            return begun;
        }

        lock (_beginGate)
        {
            if (_machinery is { } other)
            {
                return other;
            }

            ObjectDisposedException.ThrowIf(_disposed, typeof(ProcessHost));
            Spawner? spawner = null;
            var loop = new EventLoop(_options.TimeProvider) { OnClosed = () => spawner!.Close() };
            spawner = new Spawner(loop, _options);
            spawner.Start();
            loop.Start();
            return _machinery = new Machinery(loop, spawner);
        }
    }

    /// <summary>Compiles secrets, which most often are those of the process before.</summary>
    private SecretPatterns Patterns(ImmutableArray<string> secrets)
    {
        if (secrets.IsDefaultOrEmpty)
        {
            return SecretPatterns.None;
        }

        lock (_secretsGate)
        {
            if (!secrets.AsSpan().SequenceEqual(_lastSecrets.Secrets.AsSpan()))
            {
                _lastSecrets = (secrets, SecretPatterns.Compile(secrets));
            }

            return _lastSecrets.Patterns;
        }
    }
}
