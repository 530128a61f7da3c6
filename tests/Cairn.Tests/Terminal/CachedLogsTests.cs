using Cairn.Cli.Terminal;
using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine;
using Cairn.Store.Content;

namespace Cairn.Tests.Terminal;

public sealed class CachedLogsTests : IDisposable
{
    private readonly string _project = Directory.CreateTempSubdirectory("cairn-cached-").FullName;
    private readonly Dictionary<Digest, byte[]> _blobs = [];

    public void Dispose() => Directory.Delete(_project, recursive: true);

    [Fact]
    public void Of_CopiesLogAndIndex_UntilReleased()
    {
        using var logs = new CachedLogs(new RunHistory(_project), Open);
        var log = Assert.Single(logs.Of(Hit("a", Put("text"), Put("index")), out var problem));
        Assert.Null(problem);
        Assert.Equal(("text", "index", 1), (File.ReadAllText(log.LogPath), File.ReadAllText(log.IndexPath), log.Attempt));
        Assert.Equal(log, Assert.Single(logs.Of(Hit("a", Put("text"), Put("index")), out _)));

        logs.Release("a");
        Assert.False(File.Exists(log.LogPath) || File.Exists(log.IndexPath));
        Assert.True(File.Exists(Assert.Single(logs.Of(Hit("a", Put("text"), null), out _)).LogPath));
    }

    [Fact]
    public void Of_WithoutALog_IsNothing()
    {
        using var logs = new CachedLogs(new RunHistory(_project), Open);
        Assert.Empty(logs.Of(Hit("a", null, null), out var problem));
        Assert.Null(problem);
    }

    [Fact]
    public void Of_AnEvictedOrCorruptLog_IsTold_Once()
    {
        using var logs = new CachedLogs(new RunHistory(_project), digest => digest.SizeBytes == 7 ? new CorruptStream() : null);
        foreach (var (job, text) in (ReadOnlySpan<(string, string)>)[("evicted", "gone"), ("corrupt", "corrupt")])
        {
            var hit = Hit(job, Digest.Of(System.Text.Encoding.UTF8.GetBytes(text)).ToString(), null);
            Assert.Empty(logs.Of(hit, out var problem));
            Assert.Equal($"The log of `{job}` is no longer in the cache; run `20261120-101010-aaaaaa` executed it", problem);
            Assert.Empty(logs.Of(hit, out problem));
            Assert.Null(problem);
        }
    }

    [Fact]
    public void Dispose_LeavesNoCopy()
    {
        var logs = new CachedLogs(new RunHistory(_project), Open);
        var path = Assert.Single(logs.Of(Hit("a", Put("text"), null), out _)).LogPath;
        logs.Dispose();
        Assert.False(Directory.Exists(Path.GetDirectoryName(path)));
    }

    private static StepCompleted Hit(string job, string? log, string? index) => new()
    {
        Time = default,
        Job = job,
        Status = JobStatus.Succeeded,
        Cache = new CacheUse(CacheState.Hit) { FromRun = "20261120-101010-aaaaaa", Log = log, LogIndex = index },
    };

    private string Put(string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        _blobs[Digest.Of(bytes)] = bytes;
        return Digest.Of(bytes).ToString();
    }

    private MemoryStream? Open(Digest digest) => _blobs.TryGetValue(digest, out var bytes) ? new MemoryStream(bytes) : null;

    private sealed class CorruptStream : MemoryStream
    {
        public override void CopyTo(Stream destination, int bufferSize) => throw new StoreException("wrong bytes");
    }
}
