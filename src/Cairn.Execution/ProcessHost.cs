using System.Collections.Immutable;

using Cairn.Execution.Output;

namespace Cairn.Execution;

/// <summary>
/// Starts processes and sees that none outlives it. Two threads serve any number of processes: one spawns, one reads all output, reaps, and kills trees.
/// </summary>
public sealed class ProcessHost : IAsyncDisposable
{
    private readonly ProcessHostOptions _options;
    private readonly Spawner _spawner;
    private readonly Lock _secretsGate = new();
    private ulong _lastId;
    private (ImmutableArray<string> Secrets, SecretPatterns Patterns) _lastSecrets = ([], SecretPatterns.None);

    private ProcessHost(ProcessHostOptions options)
    {
        _options = options;
        Loop = new EventLoop(options.TimeProvider) { OnClosed = () => _spawner!.Close() };
        _spawner = new Spawner(Loop, options);
    }

    /// <summary>What keeps processes from outliving the run; waits a millisecond or two for the guardian just after the start.</summary>
    public ContainmentProbe Containment => _spawner.Containment;

    internal EventLoop Loop { get; }

    internal TimeProvider Time => _options.TimeProvider;

    /// <summary>Starts a host; the guardian comes up meanwhile, and the first process waits for it.</summary>
    public static ProcessHost Start(ProcessHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.FindProblem() is { } problem)
        {
            throw new ArgumentException(problem, nameof(options));
        }

        var host = new ProcessHost(options);
        host._spawner.Start();
        host.Loop.Start();
        return host;
    }

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
        var capture = new Capture(spec, Patterns(spec.Secrets), sink, Time);
        var process = new RunningProcess(this, id, $"CAIRN_JOB_TOKEN={_options.RunToken}.{id}", spec, capture);
        Loop.Add(process);
        _spawner.Enqueue(process);
        return process;
    }

    /// <summary>Kills what runs, waits for it, and ends the guardian, with which whatever is left in the namespace ends.</summary>
    public async ValueTask DisposeAsync()
    {
        Loop.BeginClose();
        await Loop.Ended;
        Loop.Join();
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
