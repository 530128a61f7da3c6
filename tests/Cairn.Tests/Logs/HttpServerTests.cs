using System.Net;
using System.Net.Sockets;
using System.Text;

using Cairn.Core.Http;
using Cairn.Engine.Serving;

namespace Cairn.Tests.Logs;

public sealed class HttpServerTests : IAsyncDisposable
{
    private readonly EchoSite _site = new();
    private readonly HttpServer _server;

    public HttpServerTests() => _server = HttpServer.Start(new IPEndPoint(IPAddress.Loopback, 0), _site, new HttpLimits { HeadBytesMax = 2048, RequestsMax = 4 }, TimeProvider.System);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task<string> SendAsync(string text, string? second = null)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_server.Endpoint, Token);
        await socket.SendAsync(Encoding.Latin1.GetBytes(text), Token);
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        while (await socket.ReceiveAsync(buffer, Token) is > 0 and var count)
        {
            answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
            if (second is not null && answer.ToString().Contains("100 Continue", StringComparison.Ordinal))
            {
                await socket.SendAsync(Encoding.Latin1.GetBytes(second), Token);
                second = null;
            }
        }

        return answer.ToString();
    }

    private static string Close(string first, string headers = "") => $"{first} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n";

    [Fact]
    public async Task Serve_AnswersSeveralRequestsOfOneConnection_PipelinedToo()
    {
        var answer = await SendAsync("GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        Assert.Equal(["GET /a ", "POST /b abc", "GET /c "], _site.Seen);
        Assert.Equal(3, answer.Split("HTTP/1.1 200 OK\r\n").Length - 1);
        Assert.Equal(1, answer.Split("Connection: close").Length - 1);
    }

    [Fact]
    public async Task Serve_EndsAConnectionAfterItsLastRequest() =>
        Assert.Equal(4, (await SendAsync(string.Concat(Enumerable.Repeat("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", 6)))).Split("200 OK").Length - 1);

    [Fact]
    public async Task Serve_OfHead_SendsNoBody()
    {
        var answer = await SendAsync(Close("HEAD /a"));

        Assert.Contains("Content-Length: 8\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_AsksForABodyThatWaits()
    {
        var answer = await SendAsync(Close("POST /a", "Content-Length: 3\r\nExpect: 100-continue\r\n"), "abc");

        Assert.StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK", answer, StringComparison.Ordinal);
        Assert.Equal(["POST /a abc"], _site.Seen);
    }

    [Theory]
    [InlineData("GET /a HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400)]
    [InlineData("GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET /%61 HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET /a HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", 400)]
    [InlineData("nonsense\r\n\r\n", 400)]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411)]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400)]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400)]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n", 413)]
    [InlineData("GET /throw HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 500)]
    public async Task Serve_RefusesWithAStatus(string request, int status) =>
        Assert.StartsWith($"HTTP/1.1 {status} ", await SendAsync(request), StringComparison.Ordinal);

    [Fact]
    public async Task Serve_RefusesAHeadWithoutEnd() =>
        Assert.StartsWith("HTTP/1.1 431 ", await SendAsync("GET /a HTTP/1.1\r\nHost: x\r\nX: " + new string('x', 5000)), StringComparison.Ordinal);

    [Fact]
    public async Task Dispose_LetsARequestComeToItsEnd()
    {
        var sent = SendAsync("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
        await _site.Waiting.Task.WaitAsync(Token);
        var ending = _server.DisposeAsync();
        _site.Release.SetResult();
        await ending;

        Assert.Contains("200 OK", await sent, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<SocketException>(() => SendAsync(Close("GET /a")));
    }

    [Fact]
    public async Task Dispose_DoesNotWait_ForConnectionsThatSayNothing_WhereThereAreAsManyAsMayBe()
    {
        // Nothing ends these by itself within the time that a test may take.
        var limits = new HttpLimits { ConnectionsMax = 1, AnswerTimeout = TimeSpan.FromHours(1), StopTimeout = TimeSpan.FromMilliseconds(50) };
        var server = HttpServer.Start(new IPEndPoint(IPAddress.Loopback, 0), _site, limits, TimeProvider.System);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Endpoint, Token);
        await socket.SendAsync("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), Token);
        await _site.Waiting.Task.WaitAsync(Token);
        await server.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1), Token);
        _site.Release.SetResult();
    }

    [Fact]
    public void Start_SaysWhereNothingCanListen() =>
        Assert.Contains(_server.Endpoint.ToString(), Assert.Throws<HttpListenException>(() => HttpServer.Start(_server.Endpoint, _site, new HttpLimits(), TimeProvider.System)).Message, StringComparison.Ordinal);

    private sealed class EchoSite : IHttpSite
    {
        public List<string> Seen { get; } = [];

        public TaskCompletionSource Waiting { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public HttpResponse? RefusalOf(HttpHead head, string path, long length) => length > 10 ? HttpResponse.Text(413, "Too much") : null;

        public async ValueTask<HttpResponse> AnswerAsync(HttpRequest request, CancellationToken cancellationToken)
        {
            Seen.Add($"{request.Method} {request.Path} {Encoding.ASCII.GetString(request.Body.Span)}");
            if (request.Path == "/throw")
            {
                throw new InvalidOperationException("secret");
            }

            if (request.Path == "/wait")
            {
                Waiting.SetResult();
                await Release.Task.WaitAsync(cancellationToken);
            }

            return HttpResponse.Text(200, "content");
        }
    }
}
