using System.Diagnostics;

namespace Cairn.Testing;

/// <summary>Waits for conditions: the only thing tests may wait for.</summary>
public static class Wait
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    /// <summary>Looks again and again until <paramref name="condition"/> holds; fails with <paramref name="otherwise"/> when it does not in time.</summary>
    public static Task UntilAsync(Func<bool> condition, Func<string> otherwise, TimeSpan timeout, CancellationToken cancellationToken) =>
        UntilAsync(() => Task.FromResult(condition()), otherwise, timeout, cancellationToken);

    /// <inheritdoc cref="UntilAsync(Func{bool}, Func{string}, TimeSpan, CancellationToken)"/>
    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> otherwise, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Interval);
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > timeout)
            {
                throw new TimeoutException($"Not in {timeout.TotalSeconds} s: {otherwise()}");
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }
}
