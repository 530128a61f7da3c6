using Cairn.Core.Fetching;

namespace Cairn.Fuzz.Targets;

/// <summary>What a step may say to the proxy of its hosts: a request or a problem, and what is passed on is one request to the host that was judged.</summary>
internal sealed class ProxyTarget : IFuzzTarget
{
    public string Name => "proxy";

    public IReadOnlyList<string> Words { get; } =
    [
        "CONNECT ", "GET ", "POST ", "http://", "https://", " HTTP/1.1\r\n", " HTTP/1.0\r\n", "\r\n", "\r\n\r\n", "\n", "\r", ":443", ":80", ":0", "@", "[::1]", "127.0.0.1", "0x7f", "localhost", "example.com", "*.example.com",
        "Host: ", "Connection: close\r\n", "Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n", "Proxy-Authorization: x\r\n", "\0", "\t", "/", "#", "?", "%00", ".", "..", "-", "::", "/8", "%eth0", "é", "😀",
    ];

    public void Run(byte[] input)
    {
        var request = ProxyRequest.TryRead(input, out var problem);
        InvariantException.Require(request is null == problem.Length > 0, $"A request and a problem: {problem}");
        if (request is not null)
        {
            InvariantException.Require(HostName.Normalize(request.Host) == request.Host && request.Port is > 0 and <= 65535, $"`{request.Host}` is not how the host is spelt");
            var again = ProxyRequest.TryRead(request.ToProxy("Basic eDp5"), out problem);
            InvariantException.Require(again is not null && again.Host == request.Host && again.Port == request.Port && again.Method == request.Method, $"Another proxy would read something else: {problem}");
            var head = request.IsTunnel ? request.ToProxy(null) : request.ToHost();
            InvariantException.Require(ProxyRequest.FindEnd(head) == head.Length, $"What is passed on is more than one request");
        }

        var text = System.Text.Encoding.UTF8.GetString(input);
        InvariantException.Require(HostPattern.TryParse(text, out var pattern, out var error, out _) ? pattern.Text == text : error.Length > 0, $"A bad pattern has no explanation");
        if (HostName.Normalize(text) is { } name)
        {
            InvariantException.Require(HostName.Normalize(name) == name, $"`{name}` has another spelling yet");
        }
    }
}
