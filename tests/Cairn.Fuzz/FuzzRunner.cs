using System.Diagnostics;

namespace Cairn.Fuzz;

/// <summary>What a campaign came to.</summary>
/// <param name="Inputs">Inputs that were run.</param>
/// <param name="Failure">What went wrong with the last one, or null.</param>
/// <param name="Input">The input that went wrong.</param>
internal sealed record FuzzResult(long Inputs, string? Failure, byte[]? Input);

/// <summary>Runs a target over its corpus and over mutations of it.</summary>
internal static class FuzzRunner
{
    private const int InputSecondsMax = 2;
    private const int HangSecondsMax = 20;
    private const long InputAllocatedBytesMax = 256L << 20;

    /// <summary>Runs the committed corpus and then a number of mutations: what every test run does.</summary>
    public static FuzzResult Run(IFuzzTarget target, int seed, long iterations) => Run(target, Corpus(target), seed, iterations, TimeSpan.MaxValue);

    /// <summary>Runs inputs, then mutations of them until there were enough or the time is over; stops at the first that fails.</summary>
    public static FuzzResult Run(IFuzzTarget target, IReadOnlyList<byte[]> corpus, int seed, long iterations, TimeSpan time)
    {
        var mutator = new Mutator(corpus, target.Words, new Random(seed));
        var started = Stopwatch.StartNew();
        using var watch = new Watch(target);
        long count = 0;
        for (; count < corpus.Count + iterations && started.Elapsed < time; count++)
        {
            var input = count < corpus.Count ? corpus[(int)count] : mutator.Next();
            if (RunOne(target, input, watch) is { } failure)
            {
                return new FuzzResult(count + 1, failure, input);
            }
        }

        return new FuzzResult(count, null, null);
    }

    /// <summary>The inputs below <c>testdata/fuzz/NAME</c>, in the order of their names.</summary>
    public static IReadOnlyList<byte[]> Corpus(IFuzzTarget target)
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Cairn.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        var corpus = Path.Combine(folder ?? ".", "testdata", "fuzz", target.Name);
        if (!Directory.Exists(corpus))
        {
            return [];
        }

        var files = Directory.GetFiles(corpus);
        Array.Sort(files, StringComparer.Ordinal);
        return Array.ConvertAll(files, File.ReadAllBytes);
    }

    private static string? RunOne(IFuzzTarget target, byte[] input, Watch watch)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var started = Stopwatch.GetTimestamp();
        watch.Begin(input);
        try
        {
            target.Run(input);
            if (Stopwatch.GetElapsedTime(started).TotalSeconds > InputSecondsMax)
            {
                // A busy machine may have slept; only the second time counts.
                started = Stopwatch.GetTimestamp();
                before = GC.GetAllocatedBytesForCurrentThread();
                target.Run(input);
            }
        }
#pragma warning disable CA1031 // Whatever a target throws is the finding.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e.ToString();
        }
        finally
        {
            watch.End();
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return elapsed.TotalSeconds > InputSecondsMax ? $"It took {elapsed.TotalSeconds:F1} s, more than {InputSecondsMax} s"
            : allocated > InputAllocatedBytesMax ? $"It allocated {allocated >> 20} MiB, more than {InputAllocatedBytesMax >> 20} MiB"
            : null;
    }

    /// <summary>Keeps the input that runs: in a file, for what ends the process, and in memory, for a hang, which ends it here.</summary>
    private sealed class Watch : IDisposable
    {
        private readonly string _path;
        private readonly FileStream _file;
        private readonly Timer _timer;
        private byte[]? _input;
        private long _started;

        public Watch(IFuzzTarget target)
        {
            _path = Path.Combine(Path.GetTempPath(), $"cairn-fuzz-{target.Name}-{Environment.ProcessId}");
            _file = new FileStream(_path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
            _timer = new Timer(_ => Check(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
            Console.Error.WriteLine($"{target.Name}: should the process die, the input is in {_path}");
        }

        public void Begin(byte[] input)
        {
            _file.SetLength(0);
            _file.Position = 0;
            _file.Write(input);
            _input = input;
            Volatile.Write(ref _started, Stopwatch.GetTimestamp());
        }

        public void End() => Volatile.Write(ref _started, 0);

        public void Dispose()
        {
            _timer.Dispose();
            _file.Dispose();
            File.Delete(_path);
        }

        private void Check()
        {
            var started = Volatile.Read(ref _started);
            if (started == 0 || Stopwatch.GetElapsedTime(started).TotalSeconds < HangSecondsMax)
            {
                return;
            }

            Program.Report($"It hangs: {HangSecondsMax} s are over", _input ?? []);
            Environment.Exit(1);
        }
    }
}
