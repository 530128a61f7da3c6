using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Store.Actions;
using Cairn.Store.Content;
using Cairn.Testing;

namespace Cairn.Tests.Actions;

public sealed class ActionCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ContentStore _store;
    private readonly List<string> _dropped = [];
    private string? _readOnly;

    private static string Self => $"process {Environment.ProcessId}";

    private ActionCache Cache => new(_store, () => _readOnly, TestSeal.New()) { Dropped = (_, reason) => _dropped.Add(reason) };

    public ActionCacheTests() => _store = ContentStore.Open(_folder.Path);

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Put_ThenGet_GivesTheResult()
    {
        var cache = Cache;
        Assert.Null(cache.TryGet(Sample.Result.Action));
        cache.Put(TestSeal.Sample);
        var result = cache.TryGet(Sample.Result.Action, out var reason);
        Assert.Null(reason);
        Assert.NotNull(result);
        Assert.Equal(ActionResultEncoder.Encode(Sample.Result), ActionResultEncoder.Encode(result.Result));
        cache.Put(TestSeal.Sample with { Result = Sample.Result with { Log = null } });
        Assert.Null(cache.TryGet(Sample.Result.Action)!.Result.Log);
        Assert.Equal([PathOf(Sample.Result.Action)], Directory.GetFiles(_folder["ac"], "*", SearchOption.AllDirectories));
        cache.Remove(Sample.Result.Action);
        cache.Remove(Sample.Result.Action);
        Assert.Null(cache.TryGet(Sample.Result.Action));
        Assert.Empty(_dropped);
    }

    [Fact]
    public void TryGet_ByAHash_GivesTheResult_AndRemovesNothing()
    {
        var (cache, path) = (Cache, PathOf(Sample.Result.Action));
        Assert.Null(cache.TryGet(Sample.Result.Action.Hash));
        cache.Put(TestSeal.Sample);
        Assert.Equal(Sample.Result.Action, cache.TryGet(Sample.Result.Action.Hash)?.Result.Action);
        Assert.Null(cache.TryGet(Sample.Result.Action.Hash[..8]));
        File.WriteAllText(path, "damaged");
        Assert.Null(cache.TryGet(Sample.Result.Action.Hash));
        Assert.True(File.Exists(path));
        Assert.Empty(_dropped);
    }

    [Fact]
    public void TryGet_RemovesWhatDoesNotOpen_AndSaysWhy()
    {
        var action = Sample.Result.Action;
        var sealedBytes = TestSeal.New().Seal(TestSeal.Sample).Entry;
        var other = TestSeal.Of(Sample.Description with { WorkingDirectory = "other" }, Sample.Result);
        (byte[] Entry, string Reason)[] cases =
        [
            ([], "It is not an entry of the action cache"),
            ("something else that is long enough to have been an entry"u8.ToArray(), "It is not an entry of the action cache"),
            ([.. sealedBytes[..7], 9, .. sealedBytes[8..]], "It has version 9, and this Cairn reads version 2"),
            (sealedBytes[..^1], "Its bytes do not have its checksum"),
            ([.. sealedBytes[..^1], (byte)(sealedBytes[^1] ^ 1)], "Its bytes do not have its checksum"),
            ([.. sealedBytes, 0], "Its bytes do not have its checksum"),
            (TestSeal.New().Seal(other).Entry, $"It is the result of another action, `{other.Result.Action}`"),
        ];
        foreach (var (entry, expected) in cases)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(PathOf(action))!);
            File.WriteAllBytes(PathOf(action), entry);
            Assert.Null(Cache.TryGet(action, out var reason));
            Assert.Equal(expected, reason);
            Assert.Equal(expected, _dropped[^1]);
            Assert.False(File.Exists(PathOf(action)));
        }
    }

    [Fact]
    public async Task AReadOnlyStore_IsReadAndLeftAlone()
    {
        Cache.Put(TestSeal.Sample);
        _readOnly = "The folder is read-only";
        Assert.NotNull(Cache.TryGet(Sample.Result.Action));
        Assert.Null(await Cache.HoldAsync(Sample.Result.Action, null, TestContext.Current.CancellationToken));
        await File.WriteAllTextAsync(PathOf(Sample.Result.Action), "x", TestContext.Current.CancellationToken);
        Assert.Null(Cache.TryGet(Sample.Result.Action));
        Assert.True(File.Exists(PathOf(Sample.Result.Action)));
        Assert.Single(_dropped);
    }

    [Fact]
    public void AnEntry_ThatIsAFolder_IsAReason()
    {
        Directory.CreateDirectory(PathOf(Sample.Result.Action));
        Assert.Null(Cache.TryGet(Sample.Result.Action, out var reason));
        Assert.StartsWith("It cannot be", reason, StringComparison.Ordinal);
        Assert.ThrowsAny<IOException>(() => Cache.Put(TestSeal.Sample));
        Assert.Empty(Directory.GetFiles(_folder["ac"], "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task HoldAsync_LetsOneExecuteAtATime_AndLeavesNothing()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var action = Sample.Result.Action;
        var inside = 0;
        var turns = 0;
        var holders = new List<string?>();
        await Parallel.ForEachAsync(Enumerable.Range(0, 8), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellation }, async (_, stop) =>
        {
            var cache = Cache;
            for (var i = 0; i < 5; i++)
            {
                using var hold = await cache.HoldAsync(action, holder => { lock (holders) { holders.Add(holder); } }, stop);
                Assert.NotNull(hold);
                Assert.Equal(1, Interlocked.Increment(ref inside));
                await Task.Yield();
                turns++;
                Interlocked.Decrement(ref inside);
            }
        });
        Assert.Equal(40, turns);
        // Between its look and its question the other may have ended: then there is nobody to be told of.
        Assert.All(holders, holder => Assert.True(holder is null || holder == Self, holder));
        Assert.Equal([_folder["running.lock"], _folder["store.json"]], Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal));
        Assert.Equal(0, new FileInfo(_folder["running.lock"]).Length);
    }

    [Fact]
    public async Task HoldAsync_WaitsForTheOther_AndStopsWaitingWhenCancelled()
    {
        var action = Sample.Result.Action;
        var first = await Cache.HoldAsync(action, null, TestContext.Current.CancellationToken);
        using var cancel = new CancellationTokenSource();
        string? holder = null;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Cache.HoldAsync(
            action,
            h =>
            {
                holder = h;
                cancel.Cancel();
            },
            cancel.Token));
        Assert.Equal(Self, holder);
        Assert.NotNull(first);
        first.Dispose();
        first.Dispose();
        using var second = await Cache.HoldAsync(action, _ => Assert.Fail("Nobody has it"), TestContext.Current.CancellationToken);
        Assert.NotNull(second);
    }

    [Fact]
    public async Task HoldAsync_GivesNoHold_WhereTheFolderCannotBeWritten()
    {
        Directory.CreateDirectory(_folder["running.lock"]);
        Assert.Null(await Cache.HoldAsync(Sample.Result.Action, null, TestContext.Current.CancellationToken));
    }

    private string PathOf(Digest action) => _folder[$"ac/{action.Hash[..2]}/{action.Hash}"];
}
