namespace Cairn.Testing;

/// <summary>Waits that end: with what was waited for, or with a failure that says what did not come.</summary>
public static class Eventually
{
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(20);

    /// <summary>Waits until a condition that nothing announces holds.</summary>
    public static async Task HoldsAsync(Func<bool> condition, string what, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(condition);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Most);
        while (!condition())
        {
            try
            {
                _ = await timer.WaitForNextTickAsync(timeout.Token);
            }
            catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"Within {Most.TotalSeconds} s this did not hold: {what}", e);
            }
        }
    }

    /// <summary>Waits for a task that must end soon.</summary>
    public static Task<T> EndsAsync<T>(Task<T> task, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(task);
        return task.WaitAsync(Most, cancellationToken);
    }
}
