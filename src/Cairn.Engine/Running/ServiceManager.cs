using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;

using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Core.Language.Model;
using Cairn.Engine.History;
using Cairn.Execution;

namespace Cairn.Engine.Running;

/// <summary>A service that a job needs could not be had. The message says why.</summary>
internal sealed class ServiceException(string message) : Exception(message);

/// <summary>Starts services when the first job needs them, waits until they are ready, and stops each after the last job that uses it.</summary>
internal sealed class ServiceManager(
    ImmutableArray<Service> services, ProcessHost host, RunDirectory directory, RunReporter reporter, TimeProvider time) : IAsyncDisposable
{
    private static readonly IReadOnlyDictionary<StepName, int> NoUsers = ImmutableDictionary<StepName, int>.Empty;

    private readonly ConcurrentDictionary<StepName, Lazy<Task<Running>>> _running = new();
    private readonly CancellationTokenSource _ending = new();
    private IReadOnlyDictionary<StepName, int> _users = NoUsers;

    /// <summary>Builds the process of a service: its command line, environment and folder.</summary>
    public required Func<Service, CancellationToken, Task<ProcessSpec>> Prepare { get; init; }

    private sealed record Running(Service Service, RunningProcess Process, OutputWatch Output);

    /// <summary>Says how many unfinished jobs use each service.</summary>
    public void SetUsers(IReadOnlyDictionary<StepName, int> users) => _users = users;

    /// <summary>Waits until a service is ready; starts it where it does not run. Throws <see cref="ServiceException"/> where it cannot be had.</summary>
    public async Task EnsureReadyAsync(StepName name, CancellationToken cancellationToken)
    {
        var service = services.FirstOrDefault(s => s.Name == name) ?? throw new ServiceException($"service `{name}` is not declared");
        // Not with the caller's token: whoever asks first may be stopped while others wait for the same service.
        var started = _running.GetOrAdd(name, _ => new Lazy<Task<Running>>(() => StartAsync(service, _ending.Token)));
        Running running;
        try
        {
            running = await started.Value.WaitAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is ServiceException or SecretException or EvaluationException or IOException)
        {
            // The next attempt starts it anew.
            _running.TryRemove(KeyValuePair.Create(name, started));
            throw;
        }

        if (running.Process.Completion.IsCompleted && _running.TryRemove(KeyValuePair.Create(name, started)))
        {
            var reason = $"ended by itself ({Describe(await running.Process.Completion)})";
            reporter.Emit(new ServiceStopped { Time = reporter.Now, Service = name.Value, Reason = reason });
            throw new ServiceException($"service `{name}` {reason}");
        }
    }

    /// <summary>Stops the services that no unfinished job uses any more.</summary>
    public async Task StopUnusedAsync()
    {
        foreach (var (name, started) in _running)
        {
            if (_users.GetValueOrDefault(name) == 0 && _running.TryRemove(name, out _))
            {
                await StopAsync(started);
            }
        }
    }

    /// <summary>Ends all at once, without a grace.</summary>
    public void KillAll()
    {
        _ending.Cancel();
        foreach (var started in _running.Values)
        {
            if (started is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            {
#pragma warning disable VSTHRD002, VSTHRD104 // It has completed.
                started.Value.Result.Process.Kill();
#pragma warning restore VSTHRD002, VSTHRD104
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _users = NoUsers;
        await _ending.CancelAsync();
        await StopUnusedAsync();
    }

    private async Task StopAsync(Lazy<Task<Running>> started)
    {
        Running running;
        try
        {
            running = await started.Value;
        }
        catch (Exception exception) when (exception is ServiceException or SecretException or EvaluationException or IOException or OperationCanceledException)
        {
            // It never ran; whoever needed it was told.
            return;
        }

        var endedByItself = running.Process.Completion.IsCompleted;
        running.Process.Stop(running.Service.StopGrace);
        var result = await running.Process.Completion;
        reporter.Emit(new ServiceStopped
        {
            Time = reporter.Now,
            Service = running.Service.Name.Value,
            Reason = endedByItself ? $"ended by itself ({Describe(result)})" : null,
        });
    }

    private async Task<Running> StartAsync(Service service, CancellationToken cancellationToken)
    {
        var id = new JobId($"service:{service.Name}");
        var spec = await Prepare(service, cancellationToken);
        var output = new OutputWatch(id, reporter, service.Ready?.Check is ReadinessCheck.Output wanted ? wanted.Text : null);
        reporter.Emit(new ServiceStarted { Time = reporter.Now, Service = service.Name.Value });
        var start = time.GetTimestamp();
        var process = host.Start(spec with { LogPath = directory.LogPath(id, 1), IndexPath = directory.IndexPath(id, 1) }, output);
        var problem = await WaitReadyAsync(service, spec, process, output, cancellationToken);
        if (problem is null)
        {
            reporter.Emit(new ServiceReady { Time = reporter.Now, Service = service.Name.Value, AfterMs = time.GetElapsedTime(start).TotalMilliseconds });
            return new Running(service, process, output);
        }

        process.Stop(service.StopGrace);
        await process.Completion;
        reporter.Emit(new ServiceStopped { Time = reporter.Now, Service = service.Name.Value, Reason = problem });
        cancellationToken.ThrowIfCancellationRequested();
        throw new ServiceException($"service `{service.Name}` {problem}; see `cairn logs {reporter.Run} {id}`");
    }

    private async Task<string?> WaitReadyAsync(Service service, ProcessSpec spec, RunningProcess process, OutputWatch output, CancellationToken cancellationToken)
    {
        if (service.Ready is not { } probe)
        {
            return process.Completion.IsCompleted ? $"ended at once ({Describe(await process.Completion)})" : null;
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
                    return $"ended before it was ready ({Describe(await process.Completion)})";
                }

                if (await LookAsync(probe.Check, spec, output, either.Token))
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

    private async Task<bool> LookAsync(ReadinessCheck check, ProcessSpec spec, OutputWatch output, CancellationToken cancellationToken)
    {
        switch (check)
        {
            case ReadinessCheck.Output:
                return output.Seen;
            case ReadinessCheck.Script script:
                var captured = await CommandCapture.RunAsync(
                    host, spec with { Arguments = ["/bin/sh", "-eu", "-c", script.Text], LogPath = null, IndexPath = null }, Core.Limits.ExpressionResultCharsMax, Limits.ProbeTimeout, cancellationToken);
                return captured.Succeeded;
            case ReadinessCheck.Tcp tcp:
                return await TryConnectAsync(tcp.Port, cancellationToken);
            case ReadinessCheck.Http http:
                return await TryGetAsync(http.Url, cancellationToken);
            default:
                throw new InvalidOperationException($"A readiness check of type {check.GetType().Name} has no probe");
        }
    }

    private static async Task<bool> TryConnectAsync(int port, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limits.ProbeTimeout);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), limit.Token);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    [SuppressMessage("Security", "CA5399", Justification = "Probes speak to a service on this machine; there is nothing to revoke")]
    private static async Task<bool> TryGetAsync(Uri url, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false };
        using var client = new HttpClient(handler, disposeHandler: false) { Timeout = Limits.ProbeTimeout };
        try
        {
            using var response = await client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return (int)response.StatusCode is >= 200 and < 400;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static string Describe(ProcessResult result) =>
        result.StartError ?? (result.Signal is { } signal ? $"killed by {Signals.NameOf(signal)}" : $"exit {result.ExitCode}");

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
