using System.Globalization;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Store.Files;

namespace Cairn.StoreDriver;

/// <summary>A process that uses a store: what tests start several of, kill, or run as somebody else. Exits with 1 and a reason where something is not as it should be.</summary>
internal static class Program
{
    /// <summary>What is opened in vain where the work begins, so that a trace shows the place.</summary>
    public const string Marker = "/cairn-store-driver-begins";

    public static int Main(string[] args)
    {
        NewFile.AlwaysNamed = Environment.GetEnvironmentVariable("CAIRN_STORE_NAMED") == "1";
        FileNursery.Always = Environment.GetEnvironmentVariable("CAIRN_STORE_NURSERY") == "1";
        try
        {
            return args switch
            {
                ["work", var folder, var target] => Work(folder, target),
                ["share", var folder, var seed, var count] => Share(folder, int.Parse(seed, CultureInfo.InvariantCulture), int.Parse(count, CultureInfo.InvariantCulture)),
                ["hold", var folder] => Hold(folder),
                ["fill", var folder] => Fill(folder),
                ["look", var folder, var target] => Look(folder, target),
                ["bench", var folder] => Benchmark.Run(folder),
                ["log", var folder] => LogWork.Run(folder),
                ["log-on", var folder, var seed] => LogWork.GoOn(folder, int.Parse(seed, CultureInfo.InvariantCulture)),
                ["log-bench", var folder, var entries] => LogBenchmark.Run(folder, int.Parse(entries, CultureInfo.InvariantCulture)),
                _ => throw new InvalidOperationException($"What is `{string.Join(' ', args)}`?"),
            };
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Console.Error.WriteLine(exception);
            return 1;
        }
    }

    /// <summary>One of everything that writes, on one thread: small, compressed and large blobs, a restore to a new and to a taken name, a damaged blob, a pin, a lease, a check and a collection.</summary>
    private static int Work(string folder, string target)
    {
        Directory.CreateDirectory(target);
        var large = Path.Combine(target, "large");
        File.WriteAllBytes(large, Noise(1, (1 << 20) + 5));
        File.WriteAllText(Path.Combine(target, "taken"), "what stood there");
        using var source = File.OpenHandle(large);
        using var into = DirectoryHandle.Open(target);
        using var store = ContentStore.Open(folder);
        using var parent = DirectoryHandle.Open(folder);
        using var nursery = new FileNursery(parent, "tmp");
        Warm(folder);
        try
        {
            File.OpenHandle(Marker).Dispose();
        }
        catch (FileNotFoundException)
        {
            // As it should be: only the call counts.
        }

        using (var lease = store.TryLease("driver"))
        {
            var small = store.Put("small"u8);
            var text = store.Put(Text(2, 100_000));
            var copied = store.PutFile(source);
            Need(store.TryRestore(small, into, "new", executable: false, nursery), "a restore");
            Need(store.TryRestore(text, into, "taken", executable: true, nursery), "a restore over a file");
            Need(store.TryRestore(copied, into, "copy", executable: false, nursery), "a large restore");
            store.Pin(new StorePin("pin", [small], []));
            Damage(folder, small);
            Need(store.TryRead(small, 100) is null, "a damaged blob is not served");
            Need(store.Put("small"u8) == small && store.TryRead(small, 100) is not null, "a blob mended by a put");
            File.WriteAllText(Path.Combine(folder, "cas", "rubbish"), "");
        }

        Need(store.Check(repair: true, CancellationToken.None).FindingsTotal > 0, "what was put among the blobs is found");
        Need(store.Collect(0, dryRun: false, CancellationToken.None) is not null, "a collection");
        return 0;
    }

    /// <summary>Runs through the same code in another folder, so that what the runtime does at first calls lies before the marker.</summary>
    private static void Warm(string folder)
    {
        using var store = ContentStore.Open(folder + "-warm");
        using var lease = store.TryLease("warm");
        using var into = DirectoryHandle.Open(folder + "-warm");
        using var nursery = new FileNursery(into, "tmp");
        var digest = store.Put(Text(3, 80_000));
        _ = store.TryRestore(digest, into, "file", executable: false, nursery);
        _ = store.Check(repair: true, CancellationToken.None);
        _ = store.Collect(0, dryRun: false, CancellationToken.None);
    }

    /// <summary>Stores and reads blobs that other processes store, damage and read at the same time.</summary>
    private static int Share(string folder, int seed, int count)
    {
        using var store = ContentStore.Open(folder);
        var random = new Random(seed);
        var target = Directory.CreateDirectory(Path.Combine(folder, "..", $"target-{Environment.ProcessId}")).FullName;
        using var into = DirectoryHandle.Open(target);
        for (var i = 0; i < count; i++)
        {
            var blob = random.Next(60);
            var content = blob % 10 == 0 ? Text(blob, 90_000) : Noise(blob, blob * 50);
            var digest = store.Put(content);
            Need(digest == Digest.Of(content), "the digest of the content");
            switch (random.Next(12))
            {
                case 0 when content.Length > 0:
                    Damage(folder, digest);
                    break;
                case 1:
                    _ = store.Collect(random.Next(200_000), dryRun: false, CancellationToken.None);
                    break;
                case 2 when random.Next(10) == 0:
                    try
                    {
                        _ = store.Check(repair: true, CancellationToken.None);
                    }
                    catch (StoreException)
                    {
                        // Somebody else's turn.
                    }

                    break;
            }

            var read = store.TryRead(digest, int.MaxValue);
            Need(read is null || read.AsSpan().SequenceEqual(content), "right bytes or none");
            if (store.TryRestore(digest, into, "file", executable: false))
            {
                Need(File.ReadAllBytes(Path.Combine(target, "file")).AsSpan().SequenceEqual(content), "right bytes in a restored file");
            }
        }

        return 0;
    }

    private static int Hold(string folder)
    {
        using var store = ContentStore.Open(folder);
        using var lease = store.TryLease("the driver");
        Need(lease is not null, "a lease");
        Console.WriteLine("held");
        using var never = new ManualResetEvent(false);
        never.WaitOne();
        return 0;
    }

    /// <summary>Fills a small disk by blobs until it is full; what was stored stays right, nothing of the rest is left, and a collection makes room.</summary>
    private static int Fill(string folder)
    {
        var time = new ShiftedTime();
        var large = Path.Combine(Path.GetTempPath(), $"cairn-driver-{Environment.ProcessId}");
        File.WriteAllBytes(large, Noise(1, 3 << 20));
        var stored = new List<Digest>();
        using (var store = ContentStore.Open(folder, time))
        {
            using (var source = File.OpenHandle(large, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.DeleteOnClose))
            {
                Refused(() => store.PutFile(source));
            }

            Need(store.ReadOnlyReason?.Contains("full", StringComparison.Ordinal) == true, $"a reason: {store.ReadOnlyReason}");
            Refused(() => store.Put("anything"u8));
        }

        using (var store = ContentStore.Open(folder, time))
        {
            Refused(() =>
            {
                for (var i = 0; i < 10_000; i++)
                {
                    stored.Add(store.Put(Noise(i, 30_000)));
                }
            });
            Need(stored.Count > 5, "some room");
            Need(stored.TrueForAll(store.Contains) && stored.TrueForAll(d => store.TryRead(d, int.MaxValue) is not null), "what was stored");
            using var into = DirectoryHandle.Open(folder);
            Refused(() => Need(store.TryRestore(stored[0], into, "restored", executable: false) && !store.TryRestore(stored[1], into, "restored", executable: false), "a full disk"));
            Need(!File.Exists(Path.Combine(folder, "restored")) || new FileInfo(Path.Combine(folder, "restored")).Length == 30_000, "whole or absent");
            File.Delete(Path.Combine(folder, "restored"));
            Need(store.Check(repair: true, CancellationToken.None).FindingsTotal == 0, "nothing wrong on a full disk");
            time.Shift = TimeSpan.FromHours(5);
            Need(store.Collect(0, dryRun: false, CancellationToken.None) is { BlobsRemoved: > 5 }, "a collection on a full disk");
        }

        using (var store = ContentStore.Open(folder, time))
        {
            _ = store.Put(Noise(1, 30_000));
        }

        return 0;
    }

    /// <summary>Reads a store that this process may not write, and one blob that is damaged.</summary>
    private static int Look(string folder, string target)
    {
        using var store = ContentStore.Open(folder);
        Need(store.ReadOnlyReason is not null, "a reason why nothing is stored");
        Need(store.TryLease("nobody") is null, "no lease");
        var digest = Digest.Of("small"u8);
        Need(store.Contains(digest) && store.TryRead(digest, 100) is not null, "the blob");
        using var into = DirectoryHandle.Open(target);
        Need(store.TryRestore(digest, into, $"restored-{Environment.ProcessId}", executable: false), "a restore");
        Need(store.Put("small"u8) == digest, "a put of what is there");
        Refused(() => store.Put("something new"u8));
        Need(store.TryRead(Digest.Of("wrong"u8), 100) is null, "the damaged blob is not served");
        Need(store.CollectIfDue(0, CancellationToken.None) is null, "no collection");
        var report = store.Check(repair: false, CancellationToken.None);
        Need(report is { IsSound: false, FindingsTotal: 1 }, $"the damaged blob is found: {string.Join('\n', report.Findings)}");
        Console.WriteLine(store.ReadOnlyReason);
        return 0;
    }

    private static void Refused(Action action)
    {
        try
        {
            action();
        }
        catch (IOException)
        {
            return;
        }

        throw new InvalidOperationException("It should have been refused");
    }

    private static void Need(bool condition, string what)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"Missing: {what}");
        }
    }

    private static void Damage(string folder, Digest digest)
    {
        var path = $"{folder}/cas/{digest.Hash[..2]}/{digest.Hash}";
        path = File.Exists(path) ? path : path + ".zst";
        try
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            var middle = new byte[1];
            var offset = RandomAccess.GetLength(file) / 2;
            RandomAccess.Read(file, middle, offset);
            middle[0] ^= 0x20;
            RandomAccess.Write(file, middle, offset);
        }
        catch (FileNotFoundException)
        {
            // Collected, or set aside by another.
        }
    }

    internal static byte[] Noise(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    internal static byte[] Text(int seed, int length)
    {
        var text = new StringBuilder();
        for (var i = 0; text.Length < length; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{seed}: line {i} of what a compiler says about file_{i % 89}.c\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, length));
    }

    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Shift;
    }
}
