using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;

using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Core.Language.Model;
using Cairn.Engine.History;
using Cairn.Execution;

namespace Cairn.Engine.Running;

/// <summary>A service that a job needs could not be had. The message says why.</summary>
internal sealed class ServiceException(string message) : Exception(message);

/// <summary>Starts services when the first job needs them, waits until they are ready, and stops each after the last job that uses it. One service may run in several networks: see <see cref="ServicePlaces"/>.</summary>
internal sealed class ServiceManager(
    ImmutableArray<Service> services, ProcessHost host, RunDirectory directory, RunReporter reporter, TimeProvider time) : IAsyncDisposable
{
    private static readonly IReadOnlyDictionary<ServiceInstance, int> NoUsers = new Dictionary<ServiceInstance, int>();

    private readonly ConcurrentDictionary<ServiceInstance, Entry> _entries = new();
    private readonly ConcurrentDictionary<ServiceInstance, Task> _stopping = new();
    private readonly ConcurrentDictionary<RunningProcess, StepName> _processes = new();
    private readonly ConcurrentDictionary<StepName, int> _starts = new();
    private readonly CancellationTokenSource _ending = new();
    private IReadOnlyDictionary<ServiceInstance, int> _users = NoUsers;

    /// <summary>Builds the process of a service: its command line, environment and folder.</summary>
    public required Func<Service, NetworkAccess, CancellationToken, Task<PreparedService>> Prepare { get; init; }

    /// <summary>One start of a service; the source ends the wait until it is ready.</summary>
    private sealed record Entry(Lazy<Task<Running>> Started, CancellationTokenSource Cancel);

    private sealed record Running(Service Service, RunningProcess Process, PreparedService Prepared);

    /// <summary>Says how many unfinished jobs use each service.</summary>
    public void SetUsers(IReadOnlyDictionary<ServiceInstance, int> users) => _users = users;

    /// <summary>Waits until a service is ready; starts it where it does not run. Throws <see cref="ServiceException"/> where it cannot be had.</summary>
    public async Task EnsureReadyAsync(ServiceInstance instance, CancellationToken cancellationToken)
    {
        var name = instance.Name;
        var service = services.FirstOrDefault(s => s.Name == name) ?? throw new ServiceException($"service `{name}` is not declared");
        var entry = _entries.GetOrAdd(instance, _ => CreateEntry(service, instance));
        Running running;
        try
        {
            running = await entry.Started.Value.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ServiceException($"service `{name}` was stopped while it started");
        }
        catch (Exception exception) when (exception is ServiceException or SecretException or EvaluationException or IOException)
        {
            // The next attempt starts it anew.
            _entries.TryRemove(KeyValuePair.Create(instance, entry));
            throw;
        }

        if (!running.Process.Completion.IsCompleted)
        {
            return;
        }

        var reason = $"ended by itself ({ProcessEnds.Describe(await running.Process.Completion)})";
        if (_entries.TryRemove(KeyValuePair.Create(instance, entry)))
        {
            running.Prepared.Dispose();
            reporter.Emit(new ServiceStopped { Time = reporter.Now, Service = name.Value, Reason = reason });
        }

        throw new ServiceException($"service `{name}` {reason}");
    }

    /// <summary>Stops the services that no unfinished job uses any more.</summary>
    public async Task StopUnusedAsync()
    {
        foreach (var (instance, entry) in _entries)
        {
            if (_users.GetValueOrDefault(instance) == 0 && _entries.TryRemove(KeyValuePair.Create(instance, entry)))
            {
                var stop = StopAsync(entry);
                _stopping[instance] = stop;
                await stop;
            }
        }
    }

    /// <summary>Ends all at once, without a grace: those that run, those that start, and those that are being stopped.</summary>
    public void KillAll()
    {
        _ending.Cancel();
        foreach (var process in _processes.Keys)
        {
            process.Kill();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _users = NoUsers;
        await _ending.CancelAsync();
        await StopUnusedAsync();
    }

    // Not with the token of the job that asks: it may be stopped while others wait for the same service.
    private Entry CreateEntry(Service service, ServiceInstance instance)
    {
        var cancel = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        return new Entry(new Lazy<Task<Running>>(() => StartAsync(service, instance, cancel.Token)), cancel);
    }

    private async Task StopAsync(Entry entry)
    {
        await entry.Cancel.CancelAsync();
        Running running;
        try
        {
            running = await entry.Started.Value;
        }
        catch (Exception exception) when (exception is ServiceException or SecretException or EvaluationException or IOException or OperationCanceledException)
        {
            // It never ran; whoever needed it was told.
            return;
        }

        var endedByItself = running.Process.Completion.IsCompleted;
        running.Process.Stop(running.Service.StopGrace);
        var result = await running.Process.Completion;
        running.Prepared.Dispose();
        reporter.Emit(new ServiceStopped
        {
            Time = reporter.Now,
            Service = running.Service.Name.Value,
            Reason = endedByItself ? $"ended by itself ({ProcessEnds.Describe(result)})" : null,
        });
    }

    private async Task<Running> StartAsync(Service service, ServiceInstance instance, CancellationToken cancellationToken)
    {
        // One that is still ending holds the port.
        if (_stopping.TryGetValue(instance, out var stopping))
        {
            await stopping.WaitAsync(cancellationToken);
        }

        var id = new JobId($"service:{service.Name}");
        var number = _starts.AddOrUpdate(service.Name, 1, static (_, n) => n + 1);
        var prepared = await Prepare(service, instance.Network, cancellationToken);
        if (cancellationToken.IsCancellationRequested)
        {
            prepared.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
        }

        var output = new OutputWatch(id, reporter, service.Ready?.Check is ReadinessCheck.Output wanted ? wanted.Text : null);
        reporter.Emit(new ServiceStarted { Time = reporter.Now, Service = service.Name.Value });
        var start = time.GetTimestamp();
        var process = host.Start(prepared.Spec with { LogPath = directory.LogPath(id, number), IndexPath = directory.IndexPath(id, number) }, output);
        _processes[process] = service.Name;
        var problem = await WaitReadyAsync(service, prepared, process, output, cancellationToken);
        if (problem is null)
        {
            reporter.Emit(new ServiceReady { Time = reporter.Now, Service = service.Name.Value, AfterMs = time.GetElapsedTime(start).TotalMilliseconds });
            return new Running(service, process, prepared);
        }

        process.Stop(service.StopGrace);
        await process.Completion;
        prepared.Dispose();
        reporter.Emit(new ServiceStopped { Time = reporter.Now, Service = service.Name.Value, Reason = problem });
        cancellationToken.ThrowIfCancellationRequested();
        var seen = prepared.Network is null ? "" : "; in its sandbox are the inputs that all steps with this service have in common";
        throw new ServiceException($"service `{service.Name}` {problem}; see `cairn logs {reporter.Run} {id}`{seen}");
    }

    private async Task<string?> WaitReadyAsync(Service service, PreparedService prepared, RunningProcess process, OutputWatch output, CancellationToken cancellationToken)
    {
        if (service.Ready is not { } probe)
        {
            return process.Completion.IsCompleted ? $"ended at once ({ProcessEnds.Describe(await process.Completion)})" : null;
        }

        using var limit = new CancellationTokenSource(probe.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        using var timer = new PeriodicTimer(probe.Interval, time);
        try
        {
            while (true)
            {
                if (process.Completion.IsCompleted)
                {
                    return $"ended before it was ready ({ProcessEnds.Describe(await process.Completion)})";
                }

                if (await LookAsync(service, probe.Check, prepared, output, either.Token))
                {
                    return null;
                }

                await timer.WaitForNextTickAsync(either.Token);
            }
        }
        catch (OperationCanceledException)
        {
            return cancellationToken.IsCancellationRequested ? "was cancelled" : $"was not ready after {probe.Timeout.TotalSeconds:0.#} s";
        }
    }

    private async Task<bool> LookAsync(Service service, ReadinessCheck check, PreparedService prepared, OutputWatch output, CancellationToken cancellationToken)
    {
        switch (check)
        {
            case ReadinessCheck.Output:
                return output.Seen;
            case ReadinessCheck.Script script:
                var captured = await CommandCapture.RunAsync(
                    host, prepared.Spec with { Arguments = ["/bin/sh", "-eu", "-c", script.Text], LogPath = null, IndexPath = null }, Core.Limits.ExpressionResultCharsMax, Limits.ProbeTimeout, cancellationToken);
                return captured.Succeeded;
            case ReadinessCheck.Tcp tcp:
                return await ServiceProbes.CanConnectAsync(tcp.Port, prepared.Network, cancellationToken);
            case ReadinessCheck.Http http:
                return await ServiceProbes.CanGetAsync(http.Url, service.Name.Value, prepared.Network, cancellationToken);
            default:
                throw new InvalidOperationException($"A readiness check of type {check.GetType().Name} has no probe");
        }
    }

    /// <summary>Passes output on and looks for a text in it.</summary>
    private sealed class OutputWatch(JobId id, RunReporter reporter, string? wanted) : IOutputSink
    {
        private readonly byte[]? _wanted = wanted is null ? null : Encoding.UTF8.GetBytes(wanted);
        private byte[] _tail = [];
        private volatile bool _seen;

        public bool Seen => _seen;

        public void OnOutput(OutputStream stream, ReadOnlySpan<byte> redactedBytes)
        {
            reporter.Output(id, stream, redactedBytes);
            if (_wanted is null || _seen)
            {
                return;
            }

            byte[] window = [.. _tail, .. redactedBytes];
            _seen = window.AsSpan().IndexOf(_wanted) >= 0;
            _tail = window[^Math.Min(window.Length, _wanted.Length - 1)..];
        }
    }
}
