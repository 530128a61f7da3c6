using System.Net;
using System.Net.Http.Headers;
using System.Text;

using Cairn.Engine.Log;
using Cairn.Engine.Serving;
using Cairn.Store.Log;
using Cairn.Testing;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Tests.Logs;

/// <summary>A log in a folder, served, and read by the client.</summary>
public sealed class LogSiteTests : IAsyncDisposable
{
    private const string Secret = "correct-horse-battery";

    private readonly TemporaryFolder _folder = new();
    private readonly SigningKey _key = TestLog.KeyOf(51);
    private readonly LogFolder _log;
    private readonly LogSite _site;
    private readonly HttpServer _server;
    private readonly HttpClient _client = new();

    public LogSiteTests()
    {
        _log = LogFolder.Open(_folder["log"], new LogKeys(_folder["keys"]), TimeProvider.System);
        _log.Create(TestLog.Name, Token);
        _log.Append([.. Enumerable.Range(0, 299).Select(i => TestLog.EntryOf(Envelope(i), _key.PublicKey))], Token);
        _site = new LogSite(_log.Path, Secret, async (submission, token) =>
        {
            var appended = await _log.AppendAsync([.. submission.Entries], token);
            return new AppendedEntries([.. appended.Indexes], [.. appended.Note]);
        });
        _server = HttpServer.Start(new IPEndPoint(IPAddress.Loopback, 0), _site, new HttpLimits(), TimeProvider.System);
        _client.BaseAddress = Address;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Uri Address => new($"http://{_server.Endpoint}/");

    private LogTrust Trust => new([new TrustedLog(_log.Settings!.Origin, [.. _log.Settings.Keys.Select(static k => k.Key)])], []);

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _site.Dispose();
        _log.Dispose();
        _key.Dispose();
        _folder.Dispose();
    }

    private Envelope Envelope(int number) => Cairn.Trust.Envelopes.Envelope.Sign(Cairn.Trust.Envelopes.Envelope.InTotoType, [.. Encoding.UTF8.GetBytes($"{number}")], _key);

    private async Task<HttpResponseMessage> GetAsync(string path, Action<HttpRequestHeaders>? headers = null, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        headers?.Invoke(request.Headers);
        return await _client.SendAsync(request, Token);
    }

    [Theory]
    [InlineData("checkpoint", "text/plain; charset=utf-8", "no-cache")]
    [InlineData("tile/0/000", "application/octet-stream", "public, max-age=31536000, immutable")]
    [InlineData("tile/entries/000", "application/octet-stream", "public, max-age=31536000, immutable")]
    [InlineData("tile/0/001.p/44", "application/octet-stream", "public, max-age=3600, immutable")]
    [InlineData("tile/1/000.p/1", "application/octet-stream", "public, max-age=3600, immutable")]
    [InlineData("tile/entries/001.p/44", "application/octet-stream", "public, max-age=3600, immutable")]
    public async Task Get_HasTypeCachingAndConditions(string path, string type, string caching)
    {
        using var response = await GetAsync(path);
        var bytes = await response.Content.ReadAsByteArrayAsync(Token);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(type, response.Content.Headers.ContentType!.ToString());
        Assert.Equal(caching.Split(", ").Order(StringComparer.Ordinal), response.Headers.CacheControl!.ToString().Split(", ").Order(StringComparer.Ordinal));
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(_log.Path, path), Token), bytes);

        using var same = await GetAsync(path, h => h.IfNoneMatch.Add(response.Headers.ETag!));
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        using var other = await GetAsync(path, static h => h.IfNoneMatch.Add(new EntityTagHeaderValue("\"other\"")));
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        using var head = await GetAsync(path, method: HttpMethod.Head);
        Assert.Equal((HttpStatusCode.OK, bytes.LongLength), (head.StatusCode, head.Content.Headers.ContentLength));
        using var range = await GetAsync(path, static h => h.Range = new RangeHeaderValue(2, 5));
        Assert.Equal(HttpStatusCode.PartialContent, range.StatusCode);
        Assert.Equal(bytes[2..6], await range.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal($"bytes 2-5/{bytes.Length}", range.Content.Headers.ContentRange!.ToString());
        using var last = await GetAsync(path, static h => h.Range = new RangeHeaderValue(null, 3));
        Assert.Equal(bytes[^3..], await last.Content.ReadAsByteArrayAsync(Token));
        using var beyond = await GetAsync(path, h => h.Range = new RangeHeaderValue(bytes.Length, null));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, beyond.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("log.json")]
    [InlineData("index/000000000")]
    [InlineData("tile/0/002")]
    [InlineData("tile/0/000.p/0")]
    [InlineData("tile/0/000.p/256")]
    [InlineData("tile/0/0")]
    [InlineData("tile/0/../../log.json")]
    [InlineData("tile/9/000")]
    public async Task Get_HasNothingElse(string path)
    {
        using var response = await GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    // Once the tile is full, its beginning is still what those see who read an older checkpoint.
    [Fact]
    public async Task Get_OfAPartialTileThatIsGone_IsTheBeginningOfTheFullOne()
    {
        foreach (var path in (string[])["tile/0/000.p/7", "tile/entries/000.p/7"])
        {
            Assert.False(File.Exists(Path.Combine(_log.Path, path)));
            var whole = await File.ReadAllBytesAsync(Path.Combine(_log.Path, path[..^4]), Token);
            using var response = await GetAsync(path);
            var bytes = await response.Content.ReadAsByteArrayAsync(Token);

            Assert.True(whole.AsSpan().StartsWith(bytes));
            Assert.Equal(path.Contains("entries", StringComparison.Ordinal) ? EntryBundle.TrySplit(whole, 256)![6].End.Value : 7 * MerkleHash.Bytes, bytes.Length);
        }
    }

    [Fact]
    public async Task Get_TakesNothingButGet()
    {
        using var response = await GetAsync("checkpoint", method: HttpMethod.Delete);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
    }

    [Fact]
    public async Task Reader_ReadsTheServedLog()
    {
        using var source = new HttpLogSource(Address, TimeProvider.System, new LogPatience { AttemptsMax = 1 });
        var reader = new LogReader(source, Trust, new LogMemory(_folder["memory"]), TimeProvider.System);
        Assert.Equal(300, (await reader.RefreshAsync(Token)).Checkpoint.Size);
        await _log.AppendAsync([TestLog.EntryOf(Envelope(1000), _key.PublicKey)], Token);
        var seen = await reader.RefreshAsync(Token);

        Assert.Equal(301, seen.Checkpoint.Size);
        Assert.Equal(301, (await reader.EdgeAsync(seen.Checkpoint, Token)).Size);
        var leaves = new List<byte[]>();
        await foreach (var (_, leaf) in reader.EntriesAsync(250, 301, Token))
        {
            leaves.Add(leaf);
        }

        Assert.Equal(51, leaves.Count);
        Assert.Equal(TestLog.EntryOf(Envelope(1000), _key.PublicKey).Encode(), leaves[^1]);
    }

    [Fact]
    public async Task Append_IsForThoseWhoHaveTheToken()
    {
        var submission = new AppendSubmission(_key.PublicKey, [Envelope(2000), Envelope(5), Envelope(2001)]);
        var (entries, checkpoint) = await RemoteLog.AppendAsync(Address, Secret, submission, Trust, TimeProvider.System, Token);

        Assert.Equal([300L, 6L, 301L], entries.Indices);
        Assert.Equal(302, checkpoint.Checkpoint.Size);
        Assert.Equal(302, _log.ReadCheckpoint().Checkpoint.Size);

        await Assert.ThrowsAsync<LogUnavailableException>(() => RemoteLog.AppendAsync(Address, Secret + "x", submission, Trust, TimeProvider.System, Token));
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(submission.ToJson(), token: null));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await PostAsync("{}"u8.ToArray(), Secret));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, await PostAsync(submission.ToJson(), Secret, "text/plain"));

        // An envelope of a key that did not sign it is nobody's.
        using var other = TestLog.KeyOf(52);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await PostAsync((submission with { Key = other.PublicKey }).ToJson(), Secret));
        Assert.Equal(302, _log.ReadCheckpoint().Checkpoint.Size);
    }

    [Fact]
    public async Task Cosigner_PublishesWhatWitnessesSign()
    {
        using var key = TestLog.KeyOf(53);
        using var witness = Witness.TryOpen(_folder["witness"], Trust, NoteSigner.OfCosigner("witness.example/w1", key), TimeProvider.System, static _ => { })!;
        await using var server = HttpServer.Start(new IPEndPoint(IPAddress.Loopback, 0), witness, new HttpLimits(), TimeProvider.System);
        var trusted = new TrustedWitness(NoteVerifier.OfCosigner("witness.example/w1", key.PublicKey), new Uri($"http://{server.Endpoint}/"));
        var cosigner = new LogCosigner(_log, [trusted], new WitnessClient(TimeProvider.System));

        Assert.Null(Assert.Single(await cosigner.CosignAsync(Token)).Problem);
        Assert.Empty(await cosigner.CosignAsync(Token));
        using var source = new HttpLogSource(Address, TimeProvider.System);
        var trust = Trust with { Witnesses = [trusted] };
        Assert.Single((await new LogReader(source, trust, null, TimeProvider.System).PeekAsync(Token)).Cosigners);

        await _log.AppendAsync([TestLog.EntryOf(Envelope(3000), _key.PublicKey)], Token);
        Assert.Empty((await new LogReader(source, trust, null, TimeProvider.System).PeekAsync(Token)).Cosigners);
        Assert.Null(Assert.Single(await cosigner.CosignAsync(Token)).Problem);
        Assert.Single((await new LogReader(source, trust, null, TimeProvider.System).PeekAsync(Token)).Cosigners);
    }

    private async Task<HttpStatusCode> PostAsync(byte[] body, string? token, string type = AppendSubmission.MediaType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "append") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var response = await _client.SendAsync(request, Token);
        return response.StatusCode;
    }
}
