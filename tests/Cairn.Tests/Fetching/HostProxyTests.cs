using System.Net;
using System.Net.Sockets;
using System.Text;

using Cairn.Core.Fetching;
using Cairn.Execution.Fetching;

namespace Cairn.Tests.Fetching;

public sealed class HostProxyTests : IDisposable
{
    private const string Page = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

    private readonly CancellationTokenSource _ending = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly List<string> _heads = [];
    private readonly Dictionary<string, IPAddress[]> _names = new(StringComparer.Ordinal);
    private readonly Socket _server = Listen();

    public HostProxyTests() => _ending.CancelAfter(TimeSpan.FromSeconds(30));

    private int ServerPort => ((IPEndPoint)_server.LocalEndPoint!).Port;

    [Fact]
    public async Task Tunnel_ReachesAHostThatIsNamed()
    {
        var serving = ServeAsync(Page);
        using var proxy = Start(out var at, $"localhost:{ServerPort}");
        var said = await AskAsync(at, $"CONNECT localhost:{ServerPort} HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n");
        await serving;

        Assert.StartsWith("HTTP/1.1 200 ", said, StringComparison.Ordinal);
        Assert.EndsWith("hello", said, StringComparison.Ordinal);
        Assert.Equal("GET / HTTP/1.1\r\n\r\n", Assert.Single(_heads));
        Assert.Equal($"localhost:{ServerPort}", Assert.Single(proxy.Traffic.Reached).Host);
        Assert.Equal(Page.Length, proxy.Traffic.Reached[0].Bytes);
        Assert.Empty(proxy.Traffic.Refused);
    }

    [Fact]
    public async Task Request_OfHttp_ReachesTheHostAndNoOther()
    {
        var serving = ServeAsync(Page);
        using var proxy = Start(out var at, $"127.0.0.1:{ServerPort}");
        var said = await AskAsync(at, $"GET http://127.0.0.1:{ServerPort}/x HTTP/1.1\r\nHost: other.example\r\n\r\n");
        await serving;

        Assert.EndsWith("hello", said, StringComparison.Ordinal);
        Assert.Equal($"GET /x HTTP/1.1\r\nHost: 127.0.0.1:{ServerPort}\r\nConnection: close\r\n\r\n", Assert.Single(_heads));
    }

    [Fact]
    public async Task OtherHosts_AreRefused_WithTheLineThatWouldAllowThem()
    {
        using var proxy = Start(out var at, "registry.npmjs.org");
        var said = await AskAsync(at, "CONNECT github.com:443 HTTP/1.1\r\n\r\n");
        await AskAsync(at, "GET http://github.com/ HTTP/1.1\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 403 ", said, StringComparison.Ordinal);
        Assert.Contains("hosts: [registry.npmjs.org, github.com]", said, StringComparison.Ordinal);
        var refusal = Assert.Single(proxy.Traffic.Refused);
        Assert.Equal(("github.com", "github.com", 2), (refusal.Host, refusal.Missing, refusal.Times));
        Assert.Empty(proxy.Traffic.Reached);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("::ffff:127.0.0.1")]
    public async Task Name_ThatLeadsToTheMachineOrItsNetwork_IsRefused(string address)
    {
        _names["npm.example.com"] = [IPAddress.Parse(address)];
        using var proxy = Start(out var at, $"npm.example.com:{ServerPort}");
        var said = await AskAsync(at, $"CONNECT npm.example.com:{ServerPort} HTTP/1.1\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 403 ", said, StringComparison.Ordinal);
        Assert.Equal($"{AddressRanges.Plain(IPAddress.Parse(address))}:{ServerPort}", Assert.Single(proxy.Traffic.Refused).Missing);
    }

    [Fact]
    public async Task Name_ThatLeadsToANamedAddress_IsReached()
    {
        var serving = ServeAsync(Page);
        _names["npm.example.com"] = [IPAddress.Parse("10.9.9.9"), IPAddress.Loopback];
        using var proxy = Start(out var at, $"npm.example.com:{ServerPort}", $"127.0.0.0/8:{ServerPort}");
        Assert.EndsWith("hello", await AskAsync(at, $"CONNECT npm.example.com:{ServerPort} HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        await serving;
    }

    [Fact]
    public async Task Name_WithoutAddress_IsToldAsSuch()
    {
        using var proxy = Start(out var at, "npm.example.com");
        Assert.StartsWith("HTTP/1.1 502 ", await AskAsync(at, "CONNECT npm.example.com:443 HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        Assert.Empty(proxy.Traffic.Refused);
    }

    [Theory]
    [InlineData("nonsense\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "HTTP/1.1 400 ")]
    public async Task Nonsense_IsAnswered(string head, string status)
    {
        using var proxy = Start(out var at, "a.example");
        Assert.StartsWith(status, await AskAsync(at, head), StringComparison.Ordinal);
    }

    [Fact]
    public async Task EndlessHead_IsCutOff()
    {
        using var proxy = Start(out var at, "a.example");
        Assert.StartsWith("HTTP/1.1 431 ", await AskAsync(at, new string('a', ProxyRequest.HeadBytesMax)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task UpstreamProxy_OpensTheTunnel()
    {
        var serving = ServeAsync("HTTP/1.1 200 Fine\r\n\r\n", Page);
        using var proxy = Start(out var at, UpstreamProxy.Read(name => name == "https_proxy" ? $"http://u:p@127.0.0.1:{ServerPort}" : null), "registry.npmjs.org");
        Assert.EndsWith("hello", await AskAsync(at, "CONNECT registry.npmjs.org:443 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        await serving;

        Assert.Equal("CONNECT registry.npmjs.org:443 HTTP/1.1\r\nHost: registry.npmjs.org:443\r\nProxy-Authorization: Basic dTpw\r\n\r\n", _heads[0]);
        Assert.Equal("GET / HTTP/1.1\r\n\r\n", _heads[1]);
    }

    [Fact]
    public async Task UpstreamProxy_ThatRefuses_IsQuoted()
    {
        var serving = ServeAsync("HTTP/1.1 407 Who are you\r\n\r\n");
        using var proxy = Start(out var at, UpstreamProxy.Read(name => name == "https_proxy" ? $"http://127.0.0.1:{ServerPort}" : null), "registry.npmjs.org");
        Assert.Contains("407 Who are you", await AskAsync(at, "CONNECT registry.npmjs.org:443 HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        await serving;
    }

    [Fact]
    public async Task Dispose_EndsWhatIsOpen()
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var proxy = Start(out var at, "a.example");
        await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, at), _ending.Token);
        await client.SendAsync("CONNECT a.exa"u8.ToArray(), _ending.Token);
        proxy.Dispose();

        int count;
        try
        {
            count = await client.ReceiveAsync(new byte[1], _ending.Token);
        }
        catch (SocketException)
        {
            count = 0;
        }

        Assert.Equal(0, count);
    }

    public void Dispose()
    {
        _server.Dispose();
        _ending.Dispose();
    }

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }

    private HostProxy Start(out int port, params string[] hosts) => Start(out port, UpstreamProxy.None, hosts);

    private HostProxy Start(out int port, UpstreamProxy upstream, params string[] hosts)
    {
        var listener = Listen();
        port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        return HostProxy.Start(listener, HostPatternTests.Rules(hosts), upstream, (name, _) => _names.TryGetValue(name, out var addresses) ? Task.FromResult(addresses) : throw new SocketException((int)SocketError.HostNotFound));
    }

    /// <summary>Takes one connection, and gives each of these answers to a head.</summary>
    private async Task ServeAsync(params string[] answers)
    {
        using var peer = await _server.AcceptAsync(_ending.Token);
        foreach (var answer in answers)
        {
            _heads.Add(await ReadAsync(peer, static text => text.EndsWith("\r\n\r\n", StringComparison.Ordinal)));
            await peer.SendAsync(Encoding.Latin1.GetBytes(answer), _ending.Token);
        }

        peer.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Says these texts, each after an answer to the one before, and returns all that is said back.</summary>
    private async Task<string> AskAsync(int port, params string[] texts)
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), _ending.Token);
        var said = "";
        for (var i = 0; i < texts.Length; i++)
        {
            await client.SendAsync(Encoding.Latin1.GetBytes(texts[i]), _ending.Token);
            var last = i == texts.Length - 1;
            said += await ReadAsync(client, text => !last && text.EndsWith("\r\n\r\n", StringComparison.Ordinal));
        }

        return said;
    }

    private async Task<string> ReadAsync(Socket socket, Func<string, bool> isDone)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (!isDone(text.ToString()) && await socket.ReceiveAsync(buffer, _ending.Token) is > 0 and var count)
        {
            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        return text.ToString();
    }
}
