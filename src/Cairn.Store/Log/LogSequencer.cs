namespace Cairn.Store.Log;

/// <summary>What appending came to.</summary>
/// <param name="Indexes">Where each entry stands.</param>
/// <param name="Added">How many of the batch were new.</param>
/// <param name="Note">The signed checkpoint that has them all.</param>
public sealed record Appended(long[] Indexes, int Added, byte[] Note);

/// <summary>
/// Brings together what the threads of a process append at once, so that they share a lock, a signature and a sync. Whoever comes first writes for all that came by then; the others wait for their
/// answer, which is given when it is durable.
/// </summary>
internal sealed class LogSequencer(LogWriter writer)
{
    private static readonly TimeSpan Gathering = TimeSpan.FromMicroseconds(500);

    private readonly Lock _lock = new();
    private readonly List<Request> _waiting = [];
    private bool _isWriting;
    private int _lastCount;

    private sealed class Request(byte[][] leaves, CancellationToken cancellationToken)
    {
        public byte[][] Leaves { get; } = leaves;

        public bool IsCancelled => cancellationToken.IsCancellationRequested;

        public bool TryGiveUp()
        {
            var isCancelled = IsCancelled;
            if (isCancelled)
            {
                Cancel();
            }

            return isCancelled;
        }

        public TaskCompletionSource<Appended> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Cancel() => Answer.TrySetCanceled(cancellationToken);
    }

    /// <summary>Appends on this thread where nobody writes.</summary>
    public Appended Append(byte[][] leaves, CancellationToken cancellationToken)
    {
        var request = new Request(leaves, cancellationToken);
        if (Enter(request))
        {
            Lead(request);
        }

        // Whoever writes for this request is a thread that waits for nobody.
        return Blocking.Wait(request.Answer.Task);
    }

    /// <summary>Appends on a thread of the pool.</summary>
    public async Task<Appended> AppendAsync(byte[][] leaves, CancellationToken cancellationToken)
    {
        var request = new Request(leaves, cancellationToken);
        if (Enter(request))
        {
            _ = Task.Run(() => Lead(null), CancellationToken.None);
        }

        // What was taken up already is written, whoever still wants to know.
        await using var registration = cancellationToken.Register(static state => ((Request)state!).Cancel(), request);
        return await request.Answer.Task;
    }

    private bool Enter(Request request)
    {
        lock (_lock)
        {
            _waiting.Add(request);
            var isFirst = !_isWriting;
            _isWriting = true;
            return isFirst;
        }
    }

    private void Lead(Request? own)
    {
        while (Take() is { } batch)
        {
            Write(batch);
            if (own?.Answer.Task.IsCompleted == true)
            {
                // The rest is not this thread's business. Where there is none, whoever comes next leads: two would write at once.
                if (HasMore())
                {
                    _ = Task.Run(() => Lead(null), CancellationToken.None);
                }

                return;
            }
        }
    }

    private bool HasMore()
    {
        lock (_lock)
        {
            _isWriting = _waiting.Count > 0;
            return _isWriting;
        }
    }

    /// <summary>The next requests; null where there are none, and nobody writes any more. One that was given up while it waited is not among them.</summary>
    private Request[]? Take()
    {
        Gather();
        lock (_lock)
        {
            _ = _waiting.RemoveAll(static r => r.TryGiveUp());
            var (count, leaves) = (0, 0);
            while (count < _waiting.Count && (count == 0 || leaves + _waiting[count].Leaves.Length <= Limits.BatchLeavesMax))
            {
                leaves += _waiting[count++].Leaves.Length;
            }

            var batch = _waiting.GetRange(0, count).ToArray();
            _waiting.RemoveRange(0, count);
            _lastCount = count;
            _isWriting = count > 0;
            return count > 0 ? batch : null;
        }
    }

    // Those who were just answered come back at once: without this each second batch would be of the quickest alone.
    private void Gather()
    {
        if (_lastCount < 2)
        {
            return;
        }

        var start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < Gathering)
        {
            lock (_lock)
            {
                if (_waiting.Count >= _lastCount)
                {
                    return;
                }
            }

            Thread.Yield();
        }
    }

    private void Write(Request[] batch)
    {
        var count = 0;
        foreach (var request in batch)
        {
            count += request.Leaves.Length;
        }

        var (leaves, at) = (new byte[count][], 0);
        foreach (var request in batch)
        {
            request.Leaves.CopyTo(leaves, at);
            at += request.Leaves.Length;
        }

        try
        {
            var indexes = new long[count];
            var (note, added) = writer.Append(leaves, () => !Array.TrueForAll(batch, static r => r.IsCancelled), indexes);
            at = 0;
            foreach (var request in batch)
            {
                request.Answer.TrySetResult(new Appended(indexes[at..(at + request.Leaves.Length)], added, note));
                at += request.Leaves.Length;
            }
        }
        catch (OperationCanceledException)
        {
            Array.ForEach(batch, static r => r.Cancel());
        }
#pragma warning disable CA1031 // Each who waits gets it.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            foreach (var request in batch)
            {
                request.Answer.TrySetException(exception);
            }
        }
    }
}
