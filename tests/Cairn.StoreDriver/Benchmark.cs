using System.Diagnostics;
using System.Globalization;

using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Store.Files;

namespace Cairn.StoreDriver;

/// <summary>What the store's calls cost: medians of several rounds, for docs/performance.md and for whoever changes them.</summary>
internal static class Benchmark
{
    private const int Rounds = 7;
    private const int SmallBlobs = 5_000;
    private const int LargeBytes = 1 << 30;

    public static int Run(string folder)
    {
        Directory.CreateDirectory(folder);
        var contents = new byte[SmallBlobs][];
        var digests = new Digest[SmallBlobs];
        for (var i = 0; i < SmallBlobs; i++)
        {
            contents[i] = Program.Noise(i, 20);
            digests[i] = Digest.Of(contents[i]);
        }

        Measure("put 5,000 new blobs of 20 bytes, one thread", folder, store =>
        {
            foreach (var content in contents)
            {
                _ = store.Put(content);
            }
        });
        var kept = Path.Combine(folder, "kept");
        using var full = ContentStore.Open(kept);
        foreach (var content in contents)
        {
            _ = full.Put(content);
        }

        Report("put 5,000 that are there, one thread", () =>
        {
            foreach (var content in contents)
            {
                _ = full.Put(content);
            }
        });
        Report("contains 5,000, one thread", () =>
        {
            foreach (var digest in digests)
            {
                _ = full.Contains(digest);
            }
        });
        var round = 0;
        Report("restore 5,000 of 20 bytes into one folder, two threads", () => Restore(full, digests, Path.Combine(folder, $"out-{round++}"), 1), before: full.Sync);
        Report("restore 5,000 of 20 bytes into 50 folders, two threads", () => Restore(full, digests, Path.Combine(folder, $"out-{round++}"), 50), before: full.Sync);
        var text = Program.Text(1, 1 << 20);
        var number = 0;
        Report("put 100 compressible blobs of 1 MiB, one thread", () =>
        {
            for (var i = 0; i < 100; i++)
            {
                _ = BitConverter.TryWriteBytes(text, ++number);
                _ = full.Put(text);
            }
        }, before: full.Sync);
        var noise = Program.Noise(1, 1 << 20);
        Report("put 100 incompressible blobs of 1 MiB, one thread", () =>
        {
            for (var i = 0; i < 100; i++)
            {
                _ = BitConverter.TryWriteBytes(noise, ++number);
                _ = full.Put(noise);
            }
        }, before: full.Sync);

        var large = Path.Combine(folder, "large");
        using (var file = File.Create(large))
        {
            for (var i = 0; i < LargeBytes >> 20; i++)
            {
                file.Write(Program.Noise(i, 1 << 20));
            }
        }

        using var source = File.OpenHandle(large);
        Digest? digestOfLarge = null;
        Measure("put a file of 1 GiB from the page cache", folder, store => digestOfLarge = store.PutFile(source), rounds: 3);
        _ = full.PutFile(source);
        full.Sync();
        using var target = DirectoryHandle.Open(folder);
        Report("restore a file of 1 GiB", () => _ = full.TryRestore(digestOfLarge!.Value, target, "restored", executable: false), rounds: 3, full.Sync);
        using var parent = DirectoryHandle.Open(Path.GetDirectoryName(Path.GetFullPath(folder))!);
        parent.RemoveTree(Path.GetFileName(folder));
        return 0;
    }

    private static void Restore(ContentStore store, Digest[] digests, string target, int folders)
    {
        var handles = new DirectoryHandle[folders];
        for (var i = 0; i < folders; i++)
        {
            handles[i] = DirectoryHandle.Open(Directory.CreateDirectory(Path.Combine(target, i.ToString(CultureInfo.InvariantCulture))).FullName);
        }

        var threads = new Thread[2];
        for (var t = 0; t < threads.Length; t++)
        {
            var first = t * digests.Length / threads.Length;
            var end = (t + 1) * digests.Length / threads.Length;
            threads[t] = new Thread(() =>
            {
                for (var i = first; i < end; i++)
                {
                    _ = store.TryRestore(digests[i], handles[i * folders / digests.Length], $"f{i}", executable: false);
                }
            });
            threads[t].Start();
        }

        foreach (var thread in threads)
        {
            thread.Join();
        }

        foreach (var handle in handles)
        {
            handle.Dispose();
        }
    }

    private static void Measure(string what, string folder, Action<ContentStore> action, int rounds = Rounds)
    {
        var round = 0;
        ContentStore? store = null;
        Report(what, () => action(store!), rounds, () =>
        {
            Forget(store, rounds);
            store = ContentStore.Open(Path.Combine(folder, $"store-{what.Length}-{round++}"));
        });
        Forget(store, rounds);

        // Large blobs would only measure the disk once too much is dirty; small ones stay, since files that are created right after others were removed take longer.
        static void Forget(ContentStore? store, int rounds)
        {
            if (store is null)
            {
                return;
            }

            store.Sync();
            store.Dispose();
            if (rounds < Rounds)
            {
                Directory.Delete(store.Directory, recursive: true);
            }
        }
    }

    private static void Report(string what, Action action, int rounds = Rounds, Action? before = null)
    {
        var times = new double[rounds];
        for (var i = 0; i < rounds; i++)
        {
            before?.Invoke();
            var started = Stopwatch.GetTimestamp();
            action();
            times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }

        Array.Sort(times);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{times[rounds / 2],8:0.0} ms  {what} ({times[0]:0.0} to {times[^1]:0.0})"));
    }
}
