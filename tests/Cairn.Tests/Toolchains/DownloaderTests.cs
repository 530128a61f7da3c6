using System.Collections.Immutable;
using System.Security.Cryptography;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Execution.Toolchains;
using Cairn.Execution.Toolchains.Downloads;
using Cairn.Store.Content;
using Cairn.Testing;

namespace Cairn.Tests.Toolchains;

public sealed class DownloaderTests : IAsyncDisposable
{
    private static readonly DownloadPatience Hasty = new() { FirstPause = TimeSpan.FromMilliseconds(1), Answer = TimeSpan.FromSeconds(20), Silence = TimeSpan.FromMilliseconds(300) };

    private readonly TemporaryFolder _folder = new();
    private readonly ContentStore _store;
    private readonly ArchiveServer _server;
    private readonly byte[] _content = RandomNumberGenerator.GetBytes(300_000);
    private long _received;

    public DownloaderTests()
    {
        _store = ContentStore.Open(_folder["store"]);
        Directory.CreateDirectory(_folder["www"]);
        File.WriteAllBytes(_folder["www/x.deb"], _content);
        _server = new ArchiveServer(_folder["www"]);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _store.Dispose();
        _folder.Dispose();
    }

    private Digest Wanted => Digest.Of(_content);

    private string Partial => _folder[$"store/downloads/{Wanted.Hash}"];

    [Fact]
    public async Task Fetch_BringsAFileIntoTheStore()
    {
        await FetchAsync();

        Assert.Equal(_content, _store.TryRead(Wanted, 1 << 20));
        Assert.Equal(_content.Length, _received);
        Assert.Empty(Directory.GetFiles(_folder["store/downloads"]));
    }

    [Fact]
    public async Task Fetch_GoesOnWhereAnEarlierAttemptEnded_WhileTheServerHasTheSame()
    {
        Break(100_000, times: 1);
        await Assert.ThrowsAsync<ToolchainException>(() => FetchAsync(Hasty with { RoundsMax = 1 }));
        Assert.Equal(_content[..100_000], await File.ReadAllBytesAsync(Partial, TestContext.Current.CancellationToken));
        _received = 0;

        await FetchAsync();

        Assert.Equal(("/x.deb", "bytes=100000-", "\"one\""), _server.Requests.Last());
        Assert.Equal(_content.Length, _received);
    }

    [Fact]
    public async Task Fetch_BeginsAnew_WhereTheServerHasAnotherFile()
    {
        Break(100_000, times: 1);
        await Assert.ThrowsAsync<ToolchainException>(() => FetchAsync(Hasty with { RoundsMax = 1 }));
        _server.Mark = "\"two\"";

        await FetchAsync();

        Assert.True(_store.Contains(Wanted));
        Assert.Equal(2, _server.Requests.Count);
    }

    [Fact]
    public async Task Fetch_BeginsAnew_WhereTheServerKnowsNoRanges()
    {
        _server.KnowsRanges = false;
        Break(100_000, times: 2);

        await FetchAsync();

        Assert.Equal(_content, _store.TryRead(Wanted, 1 << 20));
        Assert.Equal(_content.Length, _received);
    }

    [Fact]
    public async Task Fetch_MendsAPartWithWrongBytes()
    {
        Directory.CreateDirectory(_folder["store/downloads"]);
        await File.WriteAllBytesAsync(Partial, new byte[100_000], TestContext.Current.CancellationToken);

        await FetchAsync();

        Assert.Equal(_content, _store.TryRead(Wanted, 1 << 20));
    }

    [Fact]
    public async Task Fetch_TriesAgain_AfterErrorsOfTheServer()
    {
        var count = 0;
        _server.FaultOf = _ => ++count < 4 ? new ArchiveServer.Fault(Status: 503) : null;

        await FetchAsync();

        Assert.Equal(4, count);
    }

    [Fact]
    public async Task Fetch_TakesAnotherMirror_AndAsksTheOneThatDoesNotAnswerLast()
    {
        using var downloader = Downloader(Hasty);
        ImmutableArray<Uri> places = [new("http://127.0.0.1:1/x.deb"), new($"{_server.Address}/x.deb")];

        await downloader.FetchAsync(places, Wanted, TestContext.Current.CancellationToken);

        Assert.True(_store.Contains(Wanted));
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task Fetch_TakesWhatOneMirrorLacksFromAnother()
    {
        using var downloader = Downloader(Hasty);

        await downloader.FetchAsync([new($"{_server.Address}/gone/x.deb"), new($"{_server.Address}/x.deb")], Wanted, TestContext.Current.CancellationToken);

        Assert.True(_store.Contains(Wanted));
    }

    [Fact]
    public async Task Fetch_TellsThatAFileIsGone()
    {
        var exception = await FailAsync("gone.deb");

        Assert.Equal(DiagnosticCodes.ToolchainFileGone, exception.Code);
        Assert.Contains("the archive no longer has it", exception.Message, StringComparison.Ordinal);
        Assert.Contains("cairn toolchain update", exception.Suggestion, StringComparison.Ordinal);
        Assert.Contains("--from DIR", exception.Suggestion, StringComparison.Ordinal);
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task Fetch_RefusesOtherBytes_AndKeepsNothingOfThem()
    {
        var other = (byte[])_content.Clone();
        other[7] ^= 1;
        await File.WriteAllBytesAsync(_folder["www/x.deb"], other, TestContext.Current.CancellationToken);

        var exception = await FailAsync("x.deb");

        Assert.Equal(DiagnosticCodes.ToolchainFileWrong, exception.Code);
        Assert.False(_store.Contains(Wanted));
        Assert.False(_store.Contains(Digest.Of(other)));
        Assert.Equal(0, new FileInfo(Partial).Length);
    }

    [Fact]
    public async Task Fetch_RefusesAFileThatNeverEnds()
    {
        await File.WriteAllBytesAsync(_folder["www/x.deb"], [.. _content, 1], TestContext.Current.CancellationToken);

        Assert.Contains("it is longer than 300000 bytes", (await FailAsync("x.deb")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_GivesUpOnAServerThatStalls_AndKeepsWhatCame()
    {
        _server.FaultOf = static _ => new ArchiveServer.Fault(Bytes: 50_000, Stalls: true);

        var exception = await FailAsync("x.deb", Hasty with { RoundsMax = 1 });

        Assert.Equal(DiagnosticCodes.ToolchainUnreachable, exception.Code);
        Assert.Contains("the server sent less than 32 KiB in", exception.Message, StringComparison.Ordinal);
        Assert.Equal(50_000, new FileInfo(Partial).Length);
    }

    [Fact]
    public async Task Fetch_NamesTheProxyThatDoesNotAnswer_WithoutItsPassword()
    {
        using var downloader = new Downloader(_store, static _ => new Uri("http://user:secret@127.0.0.1:1/"), TimeProvider.System, _ => { }, Hasty with { RoundsMax = 1 });

        var exception = await Assert.ThrowsAsync<ToolchainException>(() => downloader.FetchAsync([new($"{_server.Address}/x.deb")], Wanted, TestContext.Current.CancellationToken));

        Assert.Contains("through the proxy `127.0.0.1:1`", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", exception.Message + exception.Suggestion, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task Fetch_NeverShowsThePasswordOfAMirror()
    {
        using var downloader = Downloader(Hasty with { RoundsMax = 1 });

        var exception = await Assert.ThrowsAsync<ToolchainException>(() => downloader.FetchAsync([new($"{_server.Address.Replace("//", "//user:secret@", StringComparison.Ordinal)}/gone.deb")], Wanted, TestContext.Current.CancellationToken));

        Assert.DoesNotContain("secret", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_EndsAtOnce_WhenItIsCancelled()
    {
        _server.FaultOf = static _ => new ArchiveServer.Fault(Bytes: 50_000, Stalls: true);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var downloader = new Downloader(_store, static _ => null, TimeProvider.System, count => CancelAfterSome(count, cancel), new DownloadPatience());
        cancel.CancelAfter(TimeSpan.FromSeconds(20));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => downloader.FetchAsync([new($"{_server.Address}/x.deb")], Wanted, cancel.Token));
    }

    [Fact]
    public async Task Fetch_OfTwoAtOnce_DisturbsNeither()
    {
        using var one = Downloader(Hasty);
        using var two = Downloader(Hasty);

        await Task.WhenAll(one.FetchAsync([new($"{_server.Address}/x.deb")], Wanted, TestContext.Current.CancellationToken), two.FetchAsync([new($"{_server.Address}/x.deb")], Wanted, TestContext.Current.CancellationToken));

        Assert.True(_store.Contains(Wanted));
        Assert.Empty(Directory.GetFiles(_folder["store/downloads"]));
    }

    private static void CancelAfterSome(long count, CancellationTokenSource cancel)
    {
        if (count > 0)
        {
            cancel.Cancel();
        }
    }

    private void Break(int bytes, int times) => _server.FaultOf = _ => times-- > 0 ? new ArchiveServer.Fault(Bytes: bytes) : null;

    private Downloader Downloader(DownloadPatience patience) => new(_store, static _ => null, TimeProvider.System, count => Interlocked.Add(ref _received, count), patience);

    private async Task FetchAsync(DownloadPatience? patience = null)
    {
        using var downloader = Downloader(patience ?? Hasty);
        await downloader.FetchAsync([new($"{_server.Address}/x.deb")], Wanted, TestContext.Current.CancellationToken);
    }

    private async Task<ToolchainException> FailAsync(string name, DownloadPatience? patience = null)
    {
        using var downloader = Downloader(patience ?? Hasty);
        return await Assert.ThrowsAsync<ToolchainException>(() => downloader.FetchAsync([new($"{_server.Address}/{name}")], Wanted, TestContext.Current.CancellationToken));
    }
}
