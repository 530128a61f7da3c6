using System.Globalization;
using System.Text;

using Cairn.Core.Http;

namespace Cairn.Core.Fetching;

/// <summary>
/// The head of a request to a proxy, as HTTP/1.1 has it: <c>CONNECT host:port</c>, or a method with a whole <c>http://</c> address. Strict: what two programs could read
/// differently is refused.
/// </summary>
public sealed class ProxyRequest
{
    /// <summary>Bytes of a head; more is refused.</summary>
    public const int HeadBytesMax = HttpHead.BytesMax;

    private const int HttpPort = 80;

    // What is between a client and its proxy, and goes no further.
    private static readonly string[] HopByHop = ["connection", "proxy-connection", "proxy-authorization", "proxy-authenticate", "keep-alive", "te", "trailer", "upgrade", "host"];

    private readonly string _path;
    private readonly List<KeyValuePair<string, string>> _headers;

    private ProxyRequest(string method, string host, int port, string path, List<KeyValuePair<string, string>> headers)
    {
        Method = method;
        Host = host;
        Port = port;
        _path = path;
        _headers = headers;
    }

    /// <summary>Its method; <c>CONNECT</c> asks for a tunnel.</summary>
    public string Method { get; }

    /// <summary>Where to, as <see cref="HostName.Normalize"/> spells it.</summary>
    public string Host { get; }

    /// <summary>Its port.</summary>
    public int Port { get; }

    /// <summary>Whether it asks for a tunnel, through which anything may go.</summary>
    public bool IsTunnel => Method is "CONNECT";

    /// <summary>The host and port as a <c>Host</c> header has them.</summary>
    public string Authority => string.Create(CultureInfo.InvariantCulture, $"{Bracketed}{(!IsTunnel && Port == HttpPort ? "" : $":{Port}")}");

    private string Bracketed => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;

    /// <summary>Where a head ends, its empty line included; -1 where it does not end yet.</summary>
    public static int FindEnd(ReadOnlySpan<byte> bytes) => HttpHead.FindEnd(bytes);

    /// <summary>Reads a whole head, its empty line included; null, with what is wrong, for what is none.</summary>
    public static ProxyRequest? TryRead(ReadOnlySpan<byte> bytes, out string problem)
    {
        if (HttpHead.TryRead(bytes, out problem) is not { } head)
        {
            return null;
        }

        var (method, target, headers) = (head.Method, head.Target, Passed(head));
        if (method is "CONNECT")
        {
            if (!TrySplit(target, defaultPort: 0, out var host, out var port))
            {
                problem = "CONNECT asks for host:port";
                return null;
            }

            return new ProxyRequest(method, host, port, "", headers);
        }

        return ReadAddress(method, target, headers, ref problem);
    }

    /// <summary>The head as the host itself gets it, over a connection that ends with the answer.</summary>
    public byte[] ToHost() => Write($"{Method} {_path} HTTP/1.1", authorization: null);

    /// <summary>The head as another proxy gets it.</summary>
    /// <param name="authorization">The value of <c>Proxy-Authorization</c>, or null.</param>
    public byte[] ToProxy(string? authorization) => Write(IsTunnel ? $"CONNECT {Authority} HTTP/1.1" : $"{Method} http://{Authority}{_path} HTTP/1.1", authorization);

    private byte[] Write(string first, string? authorization)
    {
        var text = new StringBuilder(first).Append("\r\nHost: ").Append(Authority).Append("\r\n");
        if (authorization is not null)
        {
            text.Append("Proxy-Authorization: ").Append(authorization).Append("\r\n");
        }

        if (!IsTunnel)
        {
            foreach (var (name, value) in _headers)
            {
                text.Append(name).Append(": ").Append(value).Append("\r\n");
            }

            text.Append("Connection: close\r\n");
        }

        return Encoding.Latin1.GetBytes(text.Append("\r\n").ToString());
    }

    private static ProxyRequest? ReadAddress(string method, string target, List<KeyValuePair<string, string>> headers, ref string problem)
    {
        const string Scheme = "http://";
        if (!target.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            problem = "A proxy is asked for http:// addresses, or with CONNECT";
            return null;
        }

        var rest = target.AsSpan(Scheme.Length);
        var end = rest.IndexOfAny('/', '?', '#');
        var path = end < 0 ? "/" : rest[end] == '/' ? rest[end..].ToString() : $"/{rest[end..]}";
        if (path.AsSpan().ContainsAnyExceptInRange('!', '~') || path.Contains('#', StringComparison.Ordinal) || !TrySplit(end < 0 ? rest : rest[..end], HttpPort, out var host, out var port))
        {
            problem = "The request's address is not http://host[:port]/path";
            return null;
        }

        return new ProxyRequest(method, host, port, path, headers);
    }

    private static List<KeyValuePair<string, string>> Passed(HttpHead head)
    {
        var headers = new List<KeyValuePair<string, string>>(head.Headers);
        headers.RemoveAll(h => Array.Exists(HopByHop, hop => HttpHead.Is(h.Key, hop))
            || (!HttpHead.Is(h.Key, "content-length") && !HttpHead.Is(h.Key, "transfer-encoding") && head.HasWord("connection", h.Key)));
        return headers;
    }

    private static bool TrySplit(ReadOnlySpan<char> authority, int defaultPort, out string host, out int port)
    {
        (host, port) = ("", defaultPort);
        var colon = authority.LastIndexOf(':');
        var name = authority;
        if (colon >= 0 && authority[^1] != ']')
        {
            name = authority[..colon];
            if (!ushort.TryParse(authority[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            port = number;
        }

        // An IPv6 address stands in brackets here, or its last part would be a port.
        if (port == 0 || (name.Contains(':') && name is not ['[', .., ']']) || HostName.Normalize(name) is not { } normal)
        {
            return false;
        }

        host = normal;
        return true;
    }
}
