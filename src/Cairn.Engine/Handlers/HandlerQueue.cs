namespace Cairn.Engine.Handlers;

/// <summary>
/// The messages that wait for one handler in memory. Bounded: where more come than it can take the oldest go, since how a run ended is worth more than how it began, and the
/// handler is told how many. Thread-safe; adding never waits.
/// </summary>
internal sealed class HandlerQueue(int countMax, long bytesMax, Func<int, HandlerMessage> tellLost)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<HandlerMessage> _waiting = new();
    private readonly LinkedList<HandlerMessage> _taken = new();
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytes;
    private int _untold;
    private bool _closed;
    private bool _ending;

    /// <summary>How many were lost so far.</summary>
    public int Lost { get; private set; }

    /// <summary>Adds a message; not after <see cref="Close"/>.</summary>
    public void Add(HandlerMessage message)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _waiting.AddLast(message);
            _bytes += message.Body.Length;
            while (_waiting.Count > 1 && (_waiting.Count > countMax || _bytes > bytesMax))
            {
                var oldest = _waiting.First!.Value;
                _waiting.RemoveFirst();
                _bytes -= oldest.Body.Length;
                var lost = Math.Max(1, oldest.Lost);
                Lost += lost;
                _untold += lost;
            }

            _arrived.TrySetResult();
        }
    }

    /// <summary>Takes the oldest ones, which are settled with <see cref="Settle"/> or still there at the end; none where nothing is there.</summary>
    public List<HandlerMessage> Take(int max)
    {
        var taken = new List<HandlerMessage>();
        lock (_gate)
        {
            if (_closed)
            {
                return taken;
            }

            if (_untold > 0)
            {
                taken.Add(tellLost(_untold));
                _untold = 0;
            }

            while (taken.Count < max && _waiting.First is { Value: var message })
            {
                _waiting.RemoveFirst();
                _bytes -= message.Body.Length;
                taken.Add(message);
            }

            foreach (var message in taken)
            {
                _taken.AddLast(message);
            }
        }

        return taken;
    }

    /// <summary>Waits until something is there to take, or <see cref="End"/> was called.</summary>
    public Task WaitAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_waiting.Count > 0 || _ending || _closed)
            {
                return Task.CompletedTask;
            }

            if (_arrived.Task.IsCompleted)
            {
                _arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return _arrived.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>These were delivered or refused. False where the queue was closed meanwhile: then they count as waiting.</summary>
    public bool Settle(List<HandlerMessage> messages)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return false;
            }

            foreach (var message in messages)
            {
                _taken.Remove(message);
            }

            return true;
        }
    }

    /// <summary>From now on nobody waits for more.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ending = true;
            _arrived.TrySetResult();
        }
    }

    /// <summary>Ends it, and gives what was neither delivered nor refused, the oldest first.</summary>
    public List<HandlerMessage> Close()
    {
        lock (_gate)
        {
            _closed = true;
            var rest = new List<HandlerMessage>(_taken.Count + _waiting.Count + 1);
            rest.AddRange(_taken);
            if (_untold > 0)
            {
                rest.Add(tellLost(_untold));
            }

            rest.AddRange(_waiting);
            return rest;
        }
    }
}
