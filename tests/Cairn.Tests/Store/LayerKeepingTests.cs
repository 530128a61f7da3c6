using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Roots;
using Cairn.Tests.Debugging;

namespace Cairn.Tests.Store;

public sealed class LayerKeepingTests : IDisposable
{
    private readonly LayerTesting _layers = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _layers.Dispose();

    [Fact]
    public void Measure_CountsLayers()
    {
        var before = _layers.Store.Measure(Cancellation);
        var files = LayerTesting.Files(100);
        _layers.LayOut(files);
        files["more"] = "x";
        _layers.LayOut(files);
        var after = _layers.Store.Measure(Cancellation);
        Assert.Equal((0, 2), (before.Layers, after.Layers));
        Assert.InRange(after.LayerDiskBytes, 85 * 4096, 125 * 4096);
        Assert.Equal(before.UsedBytes + after.LayerDiskBytes, after.UsedBytes);
    }

    [Fact]
    public void Collect_OverTheQuota_TakesWhatWasUsedLongestAgo()
    {
        var old = LayOut(1);
        var used = LayOut(2);
        _layers.Time.Now += TimeSpan.FromDays(3);
        Assert.Equal(used, LayOut(2));
        _layers.Time.Now += TimeSpan.FromDays(1);
        var bytes = _layers.Store.Measure(Cancellation).UsedBytes;
        Assert.Equal(1, _layers.Store.Collect(bytes - 1, dryRun: true, Cancellation)!.LayersRemoved);
        Assert.True(Directory.Exists(_layers[old]));
        var result = _layers.Store.Collect(bytes - 1, dryRun: false, Cancellation)!;
        Assert.Equal((1, bytes), (result.LayersRemoved, result.BytesBefore));
        Assert.False(Directory.Exists(_layers[old]));
        Assert.True(Directory.Exists(_layers[used]));
        Assert.Equal(result.BytesAfter, _layers.Store.Measure(Cancellation).UsedBytes);
        Assert.Single(Directory.GetFileSystemEntries(_layers[$"{used}/../../slots"]));
    }

    [Fact]
    public void Collect_BelowTheQuota_TakesWhatWasNotUsedForLong()
    {
        var old = LayOut(1);
        _layers.Time.Now += TimeSpan.FromDays(10);
        var used = LayOut(2);
        _layers.Time.Now += TimeSpan.FromDays(10);
        Assert.Equal(1, Collected(1L << 40));
        Assert.False(Directory.Exists(_layers[old]));
        Assert.True(Directory.Exists(_layers[used]));
    }

    [Fact]
    public void Collect_WhileARunHasALease_LeavesWhatItUses()
    {
        // A lease begins by the machine's own clock.
        _layers.Time.Now -= TimeSpan.FromHours(3);
        var before = LayOut(1);
        _layers.Time.Now += TimeSpan.FromHours(3);
        using (_layers.Store.TryLease("a run"))
        {
            var path = LayOut(2);
            _layers.Time.Now += TimeSpan.FromDays(40);
            Assert.Equal(1, Collected(0));
            Assert.True(Directory.Exists(_layers[path]));
            Assert.False(Directory.Exists(_layers[before]));
        }

        Assert.Equal(1, Collected(0));
    }

    [Fact]
    public void Collect_LeavesWhatKeptRootsAreMadeOf()
    {
        var path = LayOut(1);
        var roots = new KeptRoots(_layers.Store.Directory, _layers.Time);
        _ = roots.Begin("r", "job");
        File.WriteAllBytes(_layers["roots/r/job~new/root.json"], KeptRootSamples.Of("r", path).ToBytes());
        _layers.Time.Now += TimeSpan.FromDays(40);
        Assert.Equal(0, Collected(0));
        roots.GiveUp("r", "job");
        Assert.Equal(1, Collected(0));
        Assert.False(Directory.Exists(_layers[path]));
    }

    [Fact]
    public void Collect_LeavesWhatAUsedLayerLiesOver_AndTakesBothTogether()
    {
        var files = LayerTesting.Files(100);
        var complete = _layers.LayOut(files)[0];
        _layers.Time.Now += TimeSpan.FromDays(10);
        files["more"] = "x";
        var paths = _layers.LayOut(files);
        _layers.Time.Now += TimeSpan.FromDays(10);
        Assert.Equal(paths, _layers.LayOut(files));
        Assert.Equal(complete, paths[1]);
        Assert.Equal(0, Collected(0));
        _layers.Time.Now += TimeSpan.FromDays(10);
        Assert.Equal(2, Collected(0));
        Assert.Empty(Directory.GetFileSystemEntries(_layers[$"layers/{Owner}/slots"]));
    }

    [Fact]
    public void Collect_RemovesWhatKilledRunsHadBegun_AndNotWhatIsBeingLaidOut()
    {
        LayOut(1);
        Directory.CreateDirectory(_layers[$"layers/{Owner}/new-dead/root/work"]);
        Directory.CreateDirectory(_layers[$"layers/{Owner}/gone-1234-abc/root/work"]);
        Directory.CreateDirectory(_layers[$"layers/{Owner}/{new string('a', 64)}/work"]);
        Directory.CreateDirectory(_layers[$"layers/{Owner}/new-alive/root"]);
        using var alive = DirectoryHandle.Open(_layers[$"layers/{Owner}/new-alive"]);
        Assert.Equal(0, FileNative.Lock(alive.Descriptor, FileNative.LockExclusive));
        Assert.Equal(3, _layers.Store.Collect(1L << 40, dryRun: false, Cancellation)!.StraysRemoved);
        Assert.Equal(["lock", "new-alive", "slots"], Directory.GetFileSystemEntries(_layers[$"layers/{Owner}"]).Select(Path.GetFileName).Where(static n => n!.Length != 64).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Collect_BesideRuns_NeverTakesALayerUnderOne()
    {
        // Each "run" uses one of three layers under a lease and finds it whole until it ends; the collector takes whatever it may.
        var ended = false;
        var collector = new Thread(() =>
        {
            while (!Volatile.Read(ref ended))
            {
                _ = _layers.Store.Collect(0, dryRun: false, Cancellation);
            }
        });
        collector.Start();
        try
        {
            for (var run = 0; run < 60; run++)
            {
                // What is not used now is old at once.
                _layers.Time.Now += TimeSpan.FromHours(3);
                using var lease = _layers.Store.TryLease("a run");
                var files = LayerTesting.Files(100);
                files["number"] = $"{run % 3}";
                var paths = _layers.LayOut(files, $"slot {run % 3}");
                Assert.True(LayerTesting.Shown(files).SequenceEqual(_layers.Merged(paths)), $"run {run}");
            }
        }
        finally
        {
            Volatile.Write(ref ended, true);
            collector.Join();
        }
    }

    [Theory]
    [InlineData("other bytes", "`work/d0/e0/f2` is a file")]
    [InlineData("shorter", "`work/d0/e0/f2` is a file")]
    [InlineData("mode", "`work/d0/e0/f2` is a file")]
    [InlineData("time", "`work/d0/e0/f2` is a file")]
    [InlineData("missing", "`work/d0/e0/f2` is missing")]
    [InlineData("more", "`work/d0/e0/more` does not belong there")]
    [InlineData("more beside", "`more` does not belong there")]
    [InlineData("empty folder", "`work/d0/e0/empty` does not belong there")]
    [InlineData("link", "`work/d0/e0/f1` is a link to `elsewhere`")]
    [InlineData("hard link", "linked")]
    [InlineData("folder mode", "`work/d0/e0` is folder, mode 0700")]
    [InlineData("tree", "its list of files is not that of its name")]
    [InlineData("about", "it is not whole")]
    public void Check_FindsAWrongLayer_AndItIsLaidOutAgain(string damage, string expected)
    {
        var files = LayerTesting.Files(80);
        var path = _layers.LayOut(files)[0];
        Damage(_layers[path], damage);
        var found = Assert.Single(_layers.Store.Check(repair: false, Cancellation).Findings);
        Assert.Equal((FindingKind.DamagedLayer, FindingOutcome.Reported), (found.Kind, found.Outcome));
        Assert.Contains(expected, found.Detail, StringComparison.Ordinal);
        var report = _layers.Store.Check(repair: true, Cancellation);
        Assert.True(report.IsSound);
        Assert.Equal(FindingOutcome.Removed, Assert.Single(report.Findings).Outcome);
        Assert.False(Directory.Exists(_layers[path]));
        Assert.Equal([path], _layers.LayOut(files));
        Assert.Empty(_layers.Store.Check(repair: true, Cancellation).Findings.Where(static f => f.Kind != FindingKind.Stray));
        Assert.Equal(LayerTesting.Shown(files), _layers.Merged([path]));
    }

    [Fact]
    public void Check_WhileARunIsOn_PutsAWrongLayerIntoQuarantine()
    {
        using var lease = _layers.Store.TryLease("a run");
        var path = LayOut(1);
        Damage(_layers[path], "other bytes");
        Assert.Equal(FindingOutcome.Quarantined, Assert.Single(_layers.Store.Check(repair: true, Cancellation).Findings).Outcome);
        Assert.False(Directory.Exists(_layers[path]));
        Assert.True(File.Exists(Path.Combine(Assert.Single(Directory.GetDirectories(_layers["quarantine"])), "root/work/d0/e0/f2")));
        Assert.InRange(_layers.Store.Measure(Cancellation).QuarantinedBytes, 100, 1 << 20);
    }

    [Fact]
    public void Check_FindsAWrongDelta()
    {
        var files = LayerTesting.Files(100);
        _layers.LayOut(files);
        files.Remove("d0/e0/f2");
        var paths = _layers.LayOut(files);
        var time = Directory.GetLastWriteTimeUtc(_layers[$"{paths[0]}/work/d0/e0"]);
        File.Delete(_layers[$"{paths[0]}/work/d0/e0/f2"]);
        Directory.SetLastWriteTimeUtc(_layers[$"{paths[0]}/work/d0/e0"], time);
        var found = Assert.Single(_layers.Store.Check(repair: true, Cancellation).Findings);
        Assert.Contains("`work/d0/e0/f2` is missing", found.Detail, StringComparison.Ordinal);
        Assert.Equal(LayerTesting.Shown(files), _layers.Merged(_layers.LayOut(files)));
    }

    [Fact]
    public void Check_OfWhatIsOfTheMachine_HoldsItAgainstWhatWasLaidOut()
    {
        var path = _layers.Layers().Get($"base-{new string('0', 32)}", static layer =>
        {
            layer.AddFolder("empty");
            layer.AddFile("etc/passwd", "x"u8);
        });
        Assert.Empty(_layers.Store.Check(repair: true, Cancellation).Findings);
        Directory.Delete(_layers[$"{path}/empty"]);
        Assert.Equal(FindingKind.DamagedLayer, Assert.Single(_layers.Store.Check(repair: true, Cancellation).Findings).Kind);
        Assert.False(Directory.Exists(_layers[path]));
    }

    private static string Owner => BlobCalls.UserId().ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static void Damage(string root, string damage)
    {
        var folder = $"{root}/work/d0/e0";
        var (file, time) = ($"{folder}/f2", File.GetLastWriteTimeUtc($"{folder}/f2"));
        switch (damage)
        {
            case "other bytes":
                File.WriteAllText(file, "3");
                break;
            case "shorter":
                File.WriteAllText(file, "");
                break;
            case "mode":
                File.SetUnixFileMode(file, UnixFileMode.UserRead);
                break;
            case "time":
                File.SetLastWriteTimeUtc(file, time.AddSeconds(1));
                break;
            case "missing":
                File.Delete(file);
                break;
            case "more":
                File.WriteAllText($"{folder}/more", "x");
                break;
            case "more beside":
                File.WriteAllText($"{root}/more", "x");
                break;
            case "empty folder":
                Directory.CreateDirectory($"{folder}/empty");
                break;
            case "link":
                File.Delete($"{folder}/f1");
                File.CreateSymbolicLink($"{folder}/f1", "elsewhere");
                break;
            case "hard link":
                Assert.Equal(0, Link(file, $"{root}/../linked"));
                break;
            case "folder mode":
                File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                break;
            case "tree":
                var tree = File.ReadAllBytes($"{root}/../tree");
                tree[^1] ^= 1;
                File.WriteAllBytes($"{root}/../tree", tree);
                break;
            default:
                File.WriteAllText($"{root}/../about", "");
                break;
        }

        // What is made or removed changes its folder's time, which would be found first.
        foreach (var path in (string[])[folder, root])
        {
            Directory.SetLastWriteTimeUtc(path, time);
        }

        if (damage is "other bytes" or "shorter")
        {
            File.SetLastWriteTimeUtc(file, time);
        }
    }

    private static unsafe int Link(string from, string to)
    {
        fixed (byte* source = System.Text.Encoding.UTF8.GetBytes(from + "\0"), target = System.Text.Encoding.UTF8.GetBytes(to + "\0"))
        {
            return FileNative.LinkAt(FileNative.AtCurrentDirectory, source, FileNative.AtCurrentDirectory, target, 0);
        }
    }

    private string LayOut(int number)
    {
        var files = LayerTesting.Files(80);
        files["number"] = $"{number}";
        return _layers.LayOut(files, $"slot {number}")[0];
    }

    private int Collected(long quotaBytes) => _layers.Store.Collect(quotaBytes, dryRun: false, Cancellation)!.LayersRemoved;
}
