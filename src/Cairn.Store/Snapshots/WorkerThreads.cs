using System.Runtime.ExceptionServices;

namespace Cairn.Store.Snapshots;

/// <summary>Runs the same work on some threads of its own: cheaper to start than a pool that is cold, and nobody else's work comes between.</summary>
internal static class WorkerThreads
{
    private const int StackBytes = 512 << 10;

    /// <summary>As many as there are processors, within reason.</summary>
    public static int Count { get; } = Math.Clamp(Environment.ProcessorCount, 1, 16);

    /// <summary>Runs <paramref name="body"/> on this thread and on others, and waits for all. The first exception is thrown again.</summary>
    public static void Run(int workers, Action<int> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        ExceptionDispatchInfo? failure = null;
        var others = new Thread[Math.Max(0, workers - 1)];
        for (var i = 0; i < others.Length; i++)
        {
            var worker = i + 1;
            others[i] = new Thread(() => Guarded(worker), StackBytes) { IsBackground = true, Name = "cairn-files" };
            others[i].Start();
        }

        Guarded(0);
        foreach (var other in others)
        {
            other.Join();
        }

        failure?.Throw();

        void Guarded(int worker)
        {
            try
            {
                body(worker);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(exception), null);
            }
        }
    }

    /// <summary>Deals out the numbers below <paramref name="count"/> in runs, which keep neighbours together.</summary>
    public static void ForRanges(int count, int range, Action<int, int> body)
    {
        var next = 0;
        Run(Math.Min(Count, (count + range - 1) / range), _ =>
        {
            int start;
            while ((start = Interlocked.Add(ref next, range) - range) < count)
            {
                body(start, Math.Min(count, start + range));
            }
        });
    }
}
