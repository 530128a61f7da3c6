using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Testing;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Store;

public sealed class StoreKeepingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SettableTime _time = new(TimeProvider.System.GetUtcNow());
    private readonly ContentStore _store;

    public StoreKeepingTests()
    {
        _store = ContentStore.Open(_folder["store"], _time);
        _store.EntryReader = ReadEntry;
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Collect_BelowTheQuota_TakesNothing()
    {
        var blob = Put(1);
        _time.Now += TimeSpan.FromDays(100);
        Assert.Equal((0, 0), Removed(_store.Collect(1 << 20, dryRun: false, Cancellation)));
        Assert.True(_store.Contains(blob));
    }

    [Fact]
    public void Collect_TakesWhatWasUsedLongestAgo()
    {
        var blobs = Enumerable.Range(0, 20).Select(Put).ToList();
        _time.Now += TimeSpan.FromDays(10);
        Assert.All(blobs[5..10], blob => Assert.True(_store.Contains(blob)));
        _time.Now += TimeSpan.FromDays(1);
        var result = _store.Collect(100_000, dryRun: false, Cancellation)!;
        Assert.InRange(result.BytesAfter, 70_000, 90_000);
        Assert.InRange(result.BlobsRemoved, 8, 15);
        Assert.All(blobs[5..10], blob => Assert.True(_store.Contains(blob)));
    }

    [Fact]
    public void Collect_DryRun_TouchesNothing()
    {
        var blobs = Enumerable.Range(0, 20).Select(Put).ToList();
        _time.Now += TimeSpan.FromDays(10);
        var wouldBe = _store.Collect(100_000, dryRun: true, Cancellation)!;
        Assert.True(wouldBe.BlobsRemoved > 5);
        Assert.Equal(20, _store.Measure(Cancellation).Blobs);
        Assert.Equal(wouldBe, _store.Collect(100_000, dryRun: false, Cancellation));
    }

    [Fact]
    public void Collect_LeavesRecentUse_AndTheFuture()
    {
        var recent = Put(1);
        var future = Put(2);
        File.SetLastWriteTimeUtc(PathOf(future), _time.Now.UtcDateTime.AddYears(30));
        Assert.Equal((0, 0), Removed(_store.Collect(0, dryRun: false, Cancellation)));
        Assert.True(_store.Measure(Cancellation).Blobs == 2);
        _ = recent;

        // It ages from then on.
        _time.Now += TimeSpan.FromHours(5);
        Assert.Equal((2, 0), Removed(_store.Collect(0, dryRun: false, Cancellation)));
    }

    [Fact]
    public void Collect_WithTheClockGoneBack_TakesNothingThatIsUsed()
    {
        var blob = Put(1);
        _time.Now -= TimeSpan.FromDays(400);
        Assert.Equal((0, 0), Removed(_store.Collect(0, dryRun: false, Cancellation)));
        Assert.True(_store.Contains(blob));
        _time.Now += TimeSpan.FromDays(400);
        Assert.Equal((1, 0), Removed(_store.Collect(0, dryRun: false, Cancellation)));
    }

    [Fact]
    public void Collect_KeepsWhatALiveLeaseCouldHaveSeen()
    {
        var before = Put(1);
        _time.Now += TimeSpan.FromHours(-5);
        var began = _time.Now;
        using (_store.TryLease("a run"))
        {
            // The lease's file begins now by the machine's clock; blobs that were last used two days before it may go.
            File.SetLastWriteTimeUtc(PathOf(before), began.UtcDateTime.AddDays(-2));
            var during = Put(2);
            _time.Now += TimeSpan.FromDays(3);
            Assert.Equal((1, 0), Removed(_store.Collect(0, dryRun: false, Cancellation)));
            Assert.True(File.Exists(PathOf(during)));
            Assert.Equal(["a run"], _store.Measure(Cancellation).Leases);
        }

        Assert.Equal((1, 0), Removed(_store.Collect(0, dryRun: false, Cancellation)));
        Assert.Empty(Directory.GetFiles(_folder["store/leases"]));
    }

    [Fact]
    public void Collect_IgnoresTheLeaseOfADeadProcess()
    {
        _ = Put(1);
        _folder.Write("store/leases/dead", "run 1");
        _time.Now += TimeSpan.FromDays(3);
        Assert.Equal((1, 0), Removed(_store.Collect(0, dryRun: false, Cancellation)));
        Assert.False(_folder.Exists("store/leases/dead"));
    }

    [Fact]
    public void Collect_KeepsWhatPinsReach()
    {
        var (pinned, output, loose) = (Put(1), Put(2), Put(3));
        var action = Entry("pinned action", output);
        _store.Pin(new StorePin("keep", [pinned], [action]));
        _time.Now += TimeSpan.FromDays(30);
        Assert.Equal((1, 0), Removed(_store.Collect(0, dryRun: false, Cancellation)));
        Assert.True(_store.Contains(pinned) && _store.Contains(output) && !_store.Contains(loose));
        Assert.True(_store.Unpin("keep"));
        Assert.False(_store.Unpin("keep"));
        _time.Now += TimeSpan.FromDays(30);
        Assert.Equal((2, 1), Removed(_store.Collect(0, dryRun: false, Cancellation)));
    }

    [Fact]
    public void Collect_WithADamagedPin_TakesNothing()
    {
        var blob = Put(1);
        _folder.Write("store/pins/keep", "blob 123");
        _time.Now += TimeSpan.FromDays(30);
        Assert.Contains("`cairn store unpin keep`", Assert.Throws<StoreException>(() => _store.Collect(0, dryRun: false, Cancellation)).Message, StringComparison.Ordinal);
        Assert.Null(_store.CollectIfDue(0, Cancellation));
        Assert.True(_store.Contains(blob));
    }

    [Fact]
    public void Collect_TakesAnEntry_WithWhatItNames_AndKeepsWhatANewerOneNames()
    {
        var (shared, old) = (Put(1), Put(2));
        var oldEntry = Entry("old", shared, old);
        var newEntry = Entry("new", shared);
        _time.Now += TimeSpan.FromDays(30);
        File.SetLastWriteTimeUtc(EntryPath(newEntry), _time.Now.UtcDateTime);
        Assert.Equal((1, 1), Removed(_store.Collect(0, dryRun: false, Cancellation)));
        Assert.False(File.Exists(EntryPath(oldEntry)));
        Assert.True(File.Exists(EntryPath(newEntry)));
        Assert.True(_store.Contains(shared));
    }

    [Fact]
    public void CollectIfDue_WorksOnceADay()
    {
        // What is in a new store was put there within a day.
        _ = Put(1);
        Assert.Null(_store.CollectIfDue(0, Cancellation));
        _time.Now += TimeSpan.FromDays(2);
        Assert.Equal((1, 0), Removed(_store.CollectIfDue(0, Cancellation)));
        _ = Put(2);
        _time.Now += TimeSpan.FromHours(23);
        Assert.Null(_store.CollectIfDue(0, Cancellation));
        _time.Now += TimeSpan.FromHours(2);
        Assert.NotNull(_store.CollectIfDue(0, Cancellation));

        // A stamp from the future does not put it off for ever.
        _time.Now -= TimeSpan.FromDays(300);
        Assert.NotNull(_store.CollectIfDue(0, Cancellation));
    }

    [Fact]
    public void Collect_AndCheck_TakeTurns()
    {
        using var other = Cairn.Store.Files.DirectoryHandle.Open(_folder["store/quarantine"]);
        Assert.True(Flock(other));
        Assert.Null(_store.Collect(0, dryRun: false, Cancellation));
        Assert.Throws<StoreException>(() => _store.Check(repair: true, Cancellation));
        Assert.True(_store.Check(repair: false, Cancellation).IsSound);
    }

    [Fact]
    public void Collect_AnyHistory_NeverTakesWhatIsKept_AndMeetsTheQuotaOtherwise() => Prop.ForAll(
        Gen.Choose(0, 11).SelectMany(blob => Gen.Choose(0, 5).Select(deed => (Blob: blob, Deed: deed))).ListOf().ToArbitrary(),
        deeds =>
        {
            using var folder = new TemporaryFolder();
            var time = new SettableTime(TimeProvider.System.GetUtcNow());
            using var store = ContentStore.Open(folder["store"], time);
            store.EntryReader = ReadEntry;
            var pinned = new HashSet<Digest>();
            foreach (var (number, deed) in deeds)
            {
                var digest = store.Put(Content(number));
                switch (deed)
                {
                    case 0:
                        time.Now += TimeSpan.FromHours(number + 1);
                        break;
                    case 1:
                        store.Pin(new StorePin("p", [digest], []));
                        pinned = [digest];
                        break;
                    case 2:
                        Entry(folder, $"{number}", digest);
                        break;
                    case 3:
                        time.Now += TimeSpan.FromHours(number + 3);
                        Assert.True(store.Contains(digest));
                        var result = store.Collect(40_000, dryRun: false, Cancellation)!;
                        Assert.True(store.Contains(digest), "what was used just now is gone");
                        Assert.All(pinned, pin => Assert.True(store.Contains(pin)));
                        break;
                }
            }

            time.Now += TimeSpan.FromDays(1);
            _ = store.Collect(40_000, dryRun: false, Cancellation);
            Assert.InRange(store.Measure(Cancellation).UsedBytes, 0, 40_000);
            var report = store.Check(repair: true, Cancellation);
            Assert.True(report.FindingsTotal == 0, string.Join('\n', report.Findings));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Check_OfASoundStore_FindsNothing()
    {
        var blobs = Enumerable.Range(0, 30).Select(Put).ToList();
        _ = _store.Put(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("compressible ", 20_000))));
        Entry("a", blobs[0], Digest.Empty);
        _store.Pin(new StorePin("p", [blobs[1]], []));
        var report = _store.Check(repair: true, Cancellation);
        Assert.Empty(report.Findings);
        Assert.True(report.IsSound);
        Assert.Equal((31, 1), (report.BlobsChecked, report.EntriesChecked));
    }

    [Fact]
    public void Check_FindsAndMendsEveryCorruption()
    {
        var flipped = Put(1);
        var cut = Put(2);
        var renamed = Put(3);
        var writable = Put(4);
        var doubled = _store.Put(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("compressible ", 20_000))));
        var misplaced = Put(5);
        var lost = Put(6);
        Change(flipped, bytes => bytes[100] ^= 4);
        File.WriteAllBytes(Writable(PathOf(cut)), File.ReadAllBytes(PathOf(cut))[..^1]);
        var wrongName = new string('e', 64);
        Directory.CreateDirectory(_folder["store/cas/ee"]);
        File.Move(PathOf(renamed), _folder[$"store/cas/ee/{wrongName}"]);
        Writable(PathOf(writable));
        File.WriteAllBytes(PathOf(doubled), _store.TryRead(doubled, int.MaxValue)!);
        File.SetUnixFileMode(PathOf(doubled), UnixFileMode.UserRead);
        File.Move(PathOf(misplaced), _folder[$"store/cas/ee/{misplaced.Hash}"]);
        _folder.Write("store/cas/ee/notes.txt", "foreign");
        _folder.Write("store/cas/README", "foreign");
        Directory.CreateDirectory(_folder["store/cas/ee/folder/below"]);
        File.CreateSymbolicLink(_folder["store/cas/ee/link"], "/etc/passwd");
        _folder.Write("store/tmp/.cairn-1.tmp", "left behind");
        _folder.Write("store/leases/dead", "run 1");
        var incomplete = Entry("incomplete", lost, flipped);
        File.Delete(PathOf(lost));
        var unopenable = Entry("unopenable", renamed);
        File.WriteAllText(EntryPath(unopenable), "rubbish");
        _store.Pin(new StorePin("missing", [lost], []));
        _folder.Write("store/pins/damaged", "what?");

        var dry = _store.Check(repair: false, Cancellation);
        Assert.False(dry.IsSound);
        Assert.All(dry.Findings, finding => Assert.Equal(FindingOutcome.Reported, finding.Outcome));
        var report = _store.Check(repair: true, Cancellation);
        Assert.Equal(dry.FindingsTotal, report.FindingsTotal);
        Assert.Equal(
            [
                "Damaged Quarantined", "Damaged Quarantined", "Damaged Quarantined", "DamagedPin Quarantined", "Double Removed", "Foreign Quarantined", "Foreign Quarantined", "Foreign Quarantined",
                "Foreign Quarantined", "Incomplete Removed", "Misplaced Repaired", "MissingPinned Left", "Mode Repaired", "Stray Removed", "Stray Removed", "Unopenable Quarantined",
            ],
            report.Findings.Select(f => $"{f.Kind} {f.Outcome}").Order(StringComparer.Ordinal));

        // A pin of what is gone stays: only whoever set it can mend it.
        Assert.False(report.IsSound);
        Assert.True(_store.Unpin("missing"));
        Assert.Empty(_store.Check(repair: true, Cancellation).Findings);
        Assert.True(_store.Contains(misplaced));
        Assert.NotNull(_store.TryRead(doubled, int.MaxValue));
        Assert.NotNull(_store.TryRead(writable, int.MaxValue));
        Assert.False(File.Exists(EntryPath(incomplete)));
        Assert.False(_store.Contains(flipped) || _store.Contains(cut) || _store.Contains(renamed));
        foreach (var number in (int[])[1, 2, 3])
        {
            Assert.NotNull(_store.TryRead(Put(number), int.MaxValue));
        }
    }

    [Fact]
    public void Check_OfCompressedBlobs_FindsEachKindOfDamage()
    {
        var contents = Enumerable.Range(0, 5).Select(i => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat($"compressible {i} ", 20_000)))).ToList();
        var blobs = contents.ConvertAll(content => _store.Put(content));
        var paths = blobs.ConvertAll(blob => Writable(PathOf(blob) + ".zst"));
        var bytes = File.ReadAllBytes(paths[0]);
        File.WriteAllBytes(paths[0], bytes[..(bytes.Length / 2)]);
        File.WriteAllBytes(paths[1], [.. File.ReadAllBytes(paths[1]), 0]);
        File.WriteAllBytes(paths[2], []);
        File.WriteAllBytes(paths[3], File.ReadAllBytes(paths[4]));
        Assert.Equal(4, _store.Check(repair: true, Cancellation).Findings.Count(f => f is { Kind: FindingKind.Damaged, Outcome: FindingOutcome.Quarantined }));
        Assert.Equal([false, false, false, false, true], blobs.Select(_store.Contains));
        Assert.All(contents, content => Assert.Equal(content, _store.TryRead(_store.Put(content), int.MaxValue)));
    }

    [Fact]
    public void Resolve_FindsByAPartOfTheHash_ResultsBeforeBlobs()
    {
        var blob = Put(1);
        var action = Entry("a");
        Assert.Equal(new StoreItem(blob.Hash, IsAction: false, blob.SizeBytes), Assert.Single(_store.Resolve(blob.Hash[..6])));
        Assert.Equal(new StoreItem(blob.Hash, IsAction: false, blob.SizeBytes), Assert.Single(_store.Resolve(blob.ToString())));
        Assert.True(Assert.Single(_store.Resolve(action)).IsAction);
        Assert.Empty(_store.Resolve(blob.Hash[..5]));
        Assert.Empty(_store.Resolve("last"));
        Assert.Empty(_store.Resolve("../../"));
    }

    [Fact]
    public void RemainsUnderTemporaryNames_GoOnceNobodyCanBeWritingThem()
    {
        string[] remains = ["store/pins/keep.123.tmp", "store/store.json.123.tmp", $"store/ac/ab/{new string('a', 64)}.123-1.tmp"];
        foreach (var remain in remains)
        {
            _folder.Write(remain, "half of it");
        }

        Assert.Empty(_store.Check(repair: true, Cancellation).Findings);
        Assert.Empty(_store.Pins());
        _time.Now += TimeSpan.FromHours(1);
        Assert.Equal(3, _store.Check(repair: true, Cancellation).Findings.Count(f => f is { Kind: FindingKind.Stray, Outcome: FindingOutcome.Removed }));
        Assert.All(remains, remain => Assert.False(_folder.Exists(remain)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../x")]
    [InlineData(".hidden")]
    [InlineData("a b")]
    [InlineData("release.tmp")]
    public void Pin_RefusesNamesThatAreNone(string name) => Assert.Throws<ArgumentException>(() => _store.Pin(new StorePin(name, [], [])));

    [Fact]
    public void Pins_ReadWhatWasWritten()
    {
        var pin = new StorePin("release-1.0", [Put(1), Put(2)], [new string('a', 64)]);
        _store.Pin(pin);
        var read = Assert.Single(_store.Pins());
        Assert.Equal(pin.Name, read.Name);
        Assert.Equal(pin.Blobs, read.Blobs);
        Assert.Equal(pin.Actions, read.Actions);
    }

    [Fact]
    public void Measure_Counts()
    {
        _ = Put(1);
        var text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("compressible ", 20_000)));
        _ = _store.Put(text);
        Entry("a", Put(2));
        var statistics = _store.Measure(Cancellation);
        Assert.Equal((3, 1, 1), (statistics.Blobs, statistics.CompressedBlobs, statistics.Entries));
        Assert.Equal(20_000 + text.Length, statistics.ContentBytes);
        Assert.InRange(statistics.SavedBytes, text.Length * 4 / 5, text.Length);
    }

    // The tests' own entries: digests as text.
    private static List<Digest>? ReadEntry(string actionHash, ReadOnlySpan<byte> entry)
    {
        var digests = new List<Digest>();
        foreach (var line in Encoding.ASCII.GetString(entry).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Digest.TryParse(line, null, out var digest))
            {
                return null;
            }

            digests.Add(digest);
        }

        return digests;
    }

    private static bool Flock(Cairn.Store.Files.DirectoryHandle folder) => Cairn.Store.Files.FileNative.Lock(folder.Descriptor, 2 | 4) == 0;

    private static (int Blobs, int Entries) Removed(CollectionResult? result) => (result!.BlobsRemoved, result.EntriesRemoved);

    private static byte[] Content(int number)
    {
        var content = new byte[10_000];
        new Random(number).NextBytes(content);
        return content;
    }

    private Digest Put(int number) => _store.Put(Content(number));

    private string PathOf(Digest digest) => _folder[$"store/cas/{digest.Hash[..2]}/{digest.Hash}"];

    private string EntryPath(string action) => _folder[$"store/ac/{action[..2]}/{action}"];

    private string Entry(string name, params ImmutableArray<Digest> blobs) => Entry(_folder, name, blobs);

    private static string Entry(TemporaryFolder folder, string name, params ImmutableArray<Digest> blobs)
    {
        var action = Digest.Of(Encoding.UTF8.GetBytes("action " + name)).Hash;
        folder.Write($"store/ac/{action[..2]}/{action}", string.Concat(blobs.Select(blob => $"{blob}\n")));
        return action;
    }

    private void Change(Digest digest, Action<byte[]> change)
    {
        var bytes = File.ReadAllBytes(PathOf(digest));
        change(bytes);
        File.WriteAllBytes(Writable(PathOf(digest)), bytes);
        File.SetUnixFileMode(PathOf(digest), UnixFileMode.UserRead);
    }

    private static string Writable(string path)
    {
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
