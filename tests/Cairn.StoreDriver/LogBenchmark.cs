using System.Diagnostics;
using System.Globalization;
using System.Text;

using Cairn.Store.Log;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;

namespace Cairn.StoreDriver;

/// <summary>Measures a log: durable appends, proofs. <c>bench/log.py</c> runs it, has the large log checked, and holds it against its targets; each line is a name and a number.</summary>
internal static class LogBenchmark
{
    private const int Writers = 64;
    private const int ChunkLeaves = 4_096;
    private const int NumberDigits = 10;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);
    private static readonly byte[] Pattern = MakePattern();
    private static readonly int[] NumberPlaces = PlacesOf(Pattern);

    /// <summary>Measures in a folder that is not there yet.</summary>
    public static int Run(string folder, int entries)
    {
        Directory.CreateDirectory(folder);
        Tell("single_per_s", Single(Path.Combine(folder, "single")));
        using (var log = Open(folder, "batched"))
        {
            var (rate, _) = Batched(log, pause: TimeSpan.Zero, first: 0);
            Tell("batched_per_s", rate);

            // Half the load: each writer waits so long between two entries.
            var (half, p50) = Batched(log, TimeSpan.FromSeconds(2 * Writers / rate), first: 1 << 30);
            Tell("half_per_s", half);
            Tell("half_p50_ms", p50);
        }

        using var large = Open(folder, "large");
        var start = Stopwatch.GetTimestamp();
        for (var at = 0; at < entries; at += ChunkLeaves)
        {
            var chunk = new byte[Math.Min(ChunkLeaves, entries - at)][];
            for (var i = 0; i < chunk.Length; i++)
            {
                chunk[i] = Leaf(at + i);
            }

            _ = large.AppendLeaves(chunk, CancellationToken.None);
        }

        Tell("bulk_per_s", entries / Stopwatch.GetElapsedTime(start).TotalSeconds);
        Tell("proof_ms", Proofs(large, entries));
        return 0;
    }

    /// <summary>What a log with a sync for each entry does: one writer, one entry at a time.</summary>
    private static double Single(string path)
    {
        using var log = LogFolder.Open(path, new LogKeys(path + "-keys"), TimeProvider.System);
        log.Create(null, CancellationToken.None);
        var (start, count) = (Stopwatch.GetTimestamp(), 0);
        while (Stopwatch.GetElapsedTime(start) < Window)
        {
            _ = log.AppendLeaves([Leaf(count++)], CancellationToken.None);
        }

        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static (double Rate, double P50Ms) Batched(LogFolder log, TimeSpan pause, int first)
    {
        log.Create(null, CancellationToken.None);
        var next = first;
        var times = new List<double>[Writers];
        var start = Stopwatch.GetTimestamp();
        using var never = new ManualResetEvent(initialState: false);
        var writers = new Thread[Writers];
        for (var w = 0; w < Writers; w++)
        {
            var mine = times[w] = [];
            writers[w] = new Thread(() =>
            {
                while (Stopwatch.GetElapsedTime(start) < Window)
                {
                    var begin = Stopwatch.GetTimestamp();
                    _ = log.AppendLeaves([Leaf(Interlocked.Increment(ref next))], CancellationToken.None);
                    var took = Stopwatch.GetElapsedTime(begin);
                    mine.Add(took.TotalMilliseconds);
                    if (pause > took)
                    {
                        _ = never.WaitOne(pause - took);
                    }
                }
            });
            writers[w].Start();
        }

        Array.ForEach(writers, static w => w.Join());
        var all = times.SelectMany(static t => t).Order().ToArray();
        return (all.Length / Stopwatch.GetElapsedTime(start).TotalSeconds, all[all.Length / 2]);
    }

    private static double Proofs(LogFolder log, int entries)
    {
        const int Proofs = 1_000;
        var random = new Random(7);
        var (_, checkpoint) = log.ReadCheckpoint();
        var root = MerkleHash.Read(checkpoint.Root.AsSpan());

        // The same entries twice: the first time warms the tiles.
        var asked = Enumerable.Range(0, Proofs).Select(_ => random.Next(entries)).ToArray();
        var time = TimeSpan.Zero;
        for (var round = 0; round < 2; round++)
        {
            var start = Stopwatch.GetTimestamp();
            foreach (var number in asked)
            {
                var proof = InclusionProof.Make(new TileTree(log.Tiles, checkpoint.Size), number + 1);
                if (!proof.Verifies(MerkleHash.Leaf(Leaf(number)), root))
                {
                    throw new InvalidOperationException($"The proof of {number} does not hold");
                }
            }

            time = Stopwatch.GetElapsedTime(start);
        }

        return time.TotalMilliseconds / Proofs;
    }

    private static LogFolder Open(string folder, string name) => LogFolder.Open(Path.Combine(folder, name), new LogKeys(Path.Combine(folder, name + "-keys")), TimeProvider.System);

    /// <summary>An entry as runs append them, of an attestation of an action: its hashes begin with the number.</summary>
    private static byte[] Leaf(int number)
    {
        var leaf = Pattern.ToArray();
        foreach (var place in NumberPlaces)
        {
            _ = number.TryFormat(leaf.AsSpan(place, NumberDigits), out _, "D10", CultureInfo.InvariantCulture);
        }

        return leaf;
    }

    private static byte[] MakePattern()
    {
        var hash = new string('e', 2 * MerkleHash.Bytes);
        using var key = SigningKey.FromSeed(new byte[SigningKey.SeedBytes]);
        return new LogEntry
        {
            EnvelopeHash = hash,
            PayloadHash = hash,
            Action = hash,
            Outputs = hash,
            Signature = [.. key.Sign("entry"u8)],
            Verifier = [.. Encoding.ASCII.GetBytes(KeyPem.WritePublic(key.PublicKey))],
        }.Encode();
    }

    private static int[] PlacesOf(byte[] pattern) => LeafHashes.TryRead(pattern, out var hashes)
        ? [hashes.Envelope.Start.Value, hashes.Payload.Start.Value, hashes.Action.Start.Value, hashes.Outputs.Start.Value]
        : throw new InvalidOperationException("The pattern is no entry");

    private static void Tell(string name, double value) => Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {value:0.###}"));
}
