using System.Collections.Immutable;

using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Engine.Caching;
using Cairn.Execution;

namespace Cairn.Engine.Handlers;

/// <summary>Tells the user's handlers of a run, beside whoever looks on. What it does for an event is to compare names and put a message into queues; nothing waits for a handler before the end.</summary>
internal sealed class HandlerDelivery : IRunObserver, IDisposable
{
    private readonly IRunObserver _observer;
    private readonly string _project;
    private readonly ImmutableArray<(HandlerSettings Settings, HandlerWorker Worker)> _handlers;
    private readonly List<HandlerWorker> _interested = [];
    private readonly Lock _gate = new();
    private HandlerContext? _context;
    private long _events;

    /// <summary>Starts the handlers of a request.</summary>
    /// <param name="request">The run.</param>
    /// <param name="runId">Its id.</param>
    /// <param name="host">Where commands run.</param>
    /// <param name="observer">Who looks on.</param>
    /// <param name="time">The clock.</param>
    public HandlerDelivery(RunRequest request, RunId runId, ProcessHost host, IRunObserver observer, TimeProvider time)
    {
        _observer = observer;
        _project = request.ProjectDirectory;
        var handlers = ImmutableArray.CreateBuilder<(HandlerSettings, HandlerWorker)>(request.Handlers.Length);
        foreach (var settings in request.Handlers)
        {
            var state = new HandlerState(request.StateDirectory, settings.Name);
            handlers.Add((settings, new HandlerWorker(settings, HandlerTargets.Open(settings, state.Folder, request.Version, host, time), state, time, runId.Value)));
        }

        _handlers = handlers.MoveToImmutable();
    }

    /// <inheritdoc/>
    public void OnEvent(RunEvent runEvent)
    {
        _observer.OnEvent(runEvent);
        lock (_gate)
        {
            if (runEvent is PipelineStarted started)
            {
                Begin(started);
            }

            if (_context is { } context)
            {
                Tell(runEvent, context);
            }
        }
    }

    /// <inheritdoc/>
    public void OnOutput(JobId job, OutputSource source, ReadOnlySpan<byte> bytes) => _observer.OnOutput(job, source, bytes);

    /// <summary>Waits for the handlers, for each as long as it may delay a run, and says how it went.</summary>
    public async Task<ImmutableArray<HandlerReport>> FinishAsync()
    {
        var reports = new Task<HandlerReport>[_handlers.Length];
        for (var i = 0; i < reports.Length; i++)
        {
            reports[i] = _handlers[i].Worker.FinishAsync(_handlers[i].Settings.Drain);
        }

        return [.. await Task.WhenAll(reports).ConfigureAwait(false)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, worker) in _handlers)
        {
            worker.Dispose();
        }
    }

    private void Begin(PipelineStarted started)
    {
        _context = new HandlerContext(started.Run, _project, HostFingerprint.MachineName) { Pipeline = started.Pipeline, Branch = started.Branch, Commit = started.Commit };
        foreach (var (settings, worker) in _handlers)
        {
            if ((settings.Pipelines.IsEmpty || NamePattern.IsAnyMatch(settings.Pipelines, started.Pipeline))
                && (settings.Branches.IsEmpty || (started.Branch is { } branch && NamePattern.IsAnyMatch(settings.Branches, branch))))
            {
                _interested.Add(worker);
            }
        }
    }

    private void Tell(RunEvent runEvent, HandlerContext context)
    {
        var number = ++_events;
        if (_interested.Count == 0)
        {
            return;
        }

        var names = EventNames.Of(runEvent);
        HandlerMessage? message = null;
        foreach (var (settings, worker) in _handlers)
        {
            if (_interested.Contains(worker) && NamePattern.IsAnyMatch(settings.Events, names.AsSpan()))
            {
                worker.Add(message ??= HandlerMessage.Of(runEvent, names, context, number));
            }
        }
    }
}

/// <summary>Opens where messages go.</summary>
internal static class HandlerTargets
{
    public static IHandlerTarget Open(HandlerSettings settings, string folder, string version, ProcessHost host, TimeProvider time) => settings switch
    {
        HandlerSettings.File file => new FileTarget(file, Path.Combine(folder, "file.lock")),
        HandlerSettings.Webhook webhook => new WebhookTarget(webhook, place => HandlerSecrets.Read(place, Environment.GetEnvironmentVariable), version, time),
        HandlerSettings.Command command => new CommandTarget(command, host, folder, time),
        _ => throw new InvalidOperationException($"A handler cannot be {settings.GetType().Name}"),
    };
}
