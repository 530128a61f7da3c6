using Cairn.Store.Files;

namespace Cairn.Engine.Handlers;

/// <summary>What became of a handler's events in one run.</summary>
/// <param name="Handler">Its name.</param>
/// <param name="Target">Where they go, as it may be shown.</param>
public sealed record HandlerReport(string Handler, string Target)
{
    /// <summary>How many it took.</summary>
    public int Delivered { get; init; }

    /// <summary>How many it did not want.</summary>
    public int Refused { get; init; }

    /// <summary>How many are kept for the next run.</summary>
    public int Waiting { get; init; }

    /// <summary>How many are lost.</summary>
    public int Lost { get; init; }

    /// <summary>What went wrong last, or null.</summary>
    public string? Problem { get; init; }
}

/// <summary>
/// Delivers the messages of one handler, in order where it takes one at a time. A message is tried until it is taken or refused, is pushed out by newer ones, or is too old; what is left at the end
/// of the run is kept for the next.
/// </summary>
internal sealed class HandlerWorker : IDisposable
{
    private readonly HandlerSettings _settings;
    private readonly IHandlerTarget _target;
    private readonly HandlerState _state;
    private readonly TimeProvider _time;
    private readonly Func<double> _chance;
    private readonly HandlerQueue _queue;
    private readonly Task[] _loops;
    private readonly CancellationTokenSource _draining = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationToken _drainToken;
    private readonly CancellationToken _stopToken;
    private readonly HashSet<string> _kept = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly FileLock? _sender;
    private HandlerStatus _counts = new();
    private bool _disposed;

    /// <summary>Starts to deliver: first what earlier runs kept, unless another process does that already.</summary>
    public HandlerWorker(HandlerSettings settings, IHandlerTarget target, HandlerState state, TimeProvider time, string lostIds, Func<double>? chance = null)
    {
        _settings = settings;
        _target = target;
        _state = state;
        _time = time;
        _chance = chance ?? Backoff.Chance;
        (_drainToken, _stopToken) = (_draining.Token, _stopping.Token);
        var losses = 0;
        _queue = new HandlerQueue(HandlerLimits.QueuedMax, HandlerLimits.QueuedBytesMax, count => HandlerMessage.OfLost(count, $"{lostIds}.{settings.Name}-{++losses}", time.GetUtcNow()));
        try
        {
            state.Create();
            _sender = state.TryBecomeSender();
            foreach (var message in _sender is null ? [] : state.ReadKept())
            {
                _kept.Add(message.Id);
                _queue.Add(message);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A run needs no handlers: what cannot be kept at its end is told then.
        }

        _loops = new Task[settings.Parallel];
        for (var i = 0; i < _loops.Length; i++)
        {
            _loops[i] = Task.Run(LoopAsync, CancellationToken.None);
        }
    }

    /// <summary>Takes a message; never waits.</summary>
    public void Add(HandlerMessage message) => _queue.Add(message);

    /// <summary>Waits at most as long as the handler may delay a run, keeps what is left then, and says how it went.</summary>
    public async Task<HandlerReport> FinishAsync(TimeSpan drain)
    {
        await _draining.CancelAsync().ConfigureAwait(false);
        _queue.End();
        try
        {
            await Task.WhenAll(_loops).WaitAsync(drain, _time, CancellationToken.None).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // What is on its way is sent again by the next run, with the same id.
        }

        var waiting = _queue.Close();
        await _stopping.CancelAsync().ConfigureAwait(false);
        return Record(waiting);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _draining.Cancel();
            _stopping.Cancel();
            _queue.End();
            _target.Dispose();
            _sender?.Dispose();
            _draining.Dispose();
            _stopping.Dispose();
        }
    }

    private HandlerReport Record(List<HandlerMessage> waiting)
    {
        HandlerStatus counts;
        lock (_gate)
        {
            counts = _counts;
        }

        var left = new HashSet<string>(StringComparer.Ordinal);
        foreach (var message in waiting)
        {
            left.Add(message.Id);
        }

        _kept.ExceptWith(left);
        var report = new HandlerReport(_settings.Name, _settings.Target) { Delivered = (int)counts.Delivered, Refused = (int)counts.Refused, Waiting = waiting.Count, Lost = _queue.Lost, Problem = counts.Problem };
        if (counts == new HandlerStatus() && waiting.Count == 0 && report.Lost == 0)
        {
            return report;
        }

        try
        {
            var lost = _state.Update(_kept, waiting, before => Sum(before, counts, report.Lost), _time.GetUtcNow());
            return report with { Lost = report.Lost + lost, Waiting = Math.Max(0, waiting.Count - lost) };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return report with { Lost = report.Lost + waiting.Count, Waiting = 0, Problem = $"what waits for it cannot be kept in `{_state.Folder}`" };
        }
    }

    private static HandlerStatus Sum(HandlerStatus before, HandlerStatus counts, int lost) => before with
    {
        Delivered = before.Delivered + counts.Delivered,
        Refused = before.Refused + counts.Refused,
        Failures = before.Failures + counts.Failures,
        Lost = before.Lost + lost,
        LastDelivered = counts.LastDelivered ?? before.LastDelivered,
        Problem = counts.Problem is not null || counts.LastDelivered is not null ? counts.Problem : before.Problem,
        ProblemTime = counts.Problem is not null || counts.LastDelivered is not null ? counts.ProblemTime : before.ProblemTime,
    };

    private async Task LoopAsync()
    {
        try
        {
            while (true)
            {
                // Asked before the look: what is added later wakes the wait.
                var isLast = _drainToken.IsCancellationRequested;
                var messages = _queue.Take(_target.BatchMax);
                if (messages.Count > 0)
                {
                    if (!await DeliverAsync(messages).ConfigureAwait(false))
                    {
                        return;
                    }
                }
                else if (isLast)
                {
                    return;
                }
                else
                {
                    await _queue.WaitAsync(_stopToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (_stopToken.IsCancellationRequested)
        {
            // The run does not wait any longer.
        }
    }

    /// <summary>Tries until it is settled; false where the run ends and the last try failed too, so that the others would, at the same cost.</summary>
    private async Task<bool> DeliverAsync(List<HandlerMessage> messages)
    {
        for (var failures = 1; ; failures++)
        {
            var isLast = _drainToken.IsCancellationRequested;
            var outcome = await _target.DeliverAsync(messages, _stopToken).ConfigureAwait(false);
            if (outcome is not DeliveryOutcome.Failed failed)
            {
                if (_queue.Settle(messages))
                {
                    Count(outcome, messages.Count);
                }

                return true;
            }

            Count(outcome, messages.Count);
            if (isLast)
            {
                return false;
            }

            try
            {
                await Task.Delay(Backoff.Pause(failures, failed.After, _chance()), _time, _drainToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_drainToken.IsCancellationRequested)
            {
                // The run ends: once more, now.
            }
        }
    }

    private void Count(DeliveryOutcome outcome, int count)
    {
        var now = _time.GetUtcNow();
        lock (_gate)
        {
            _counts = outcome switch
            {
                DeliveryOutcome.Delivered => _counts with { Delivered = _counts.Delivered + count, LastDelivered = now, Problem = null, ProblemTime = null },
                DeliveryOutcome.Refused refused => _counts with { Refused = _counts.Refused + count, Problem = refused.Problem, ProblemTime = now },
                DeliveryOutcome.Failed failed => _counts with { Failures = _counts.Failures + 1, Problem = failed.Problem, ProblemTime = now },
                _ => throw new InvalidOperationException($"A delivery cannot end in {outcome.GetType().Name}"),
            };
        }
    }
}
