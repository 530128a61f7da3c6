using System.Net;
using System.Text;

using Cairn.Core.Fetching;

namespace Cairn.Execution.Fetching;

/// <summary>The proxies through which a machine reaches others, as its environment names them; with it come the hosts that are reached without.</summary>
public sealed class UpstreamProxy
{
    private readonly Uri? _tunnels;
    private readonly Uri? _plain;
    private readonly string[] _direct;

    private UpstreamProxy(Uri? tunnels, Uri? plain, string[] direct) => (_tunnels, _plain, _direct) = (tunnels, plain, direct);

    /// <summary>That of a machine which needs none.</summary>
    public static UpstreamProxy None { get; } = new(null, null, []);

    /// <summary>Reads the variables <c>https_proxy</c>, <c>http_proxy</c>, <c>all_proxy</c> and <c>no_proxy</c>, in small or capital letters.</summary>
    public static UpstreamProxy Read(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        var all = Find("all_proxy");
        var direct = (Text("no_proxy") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return new UpstreamProxy(Find("https_proxy") ?? all, Find("http_proxy") ?? all, direct);

        string? Text(string name) => variable(name) is { Length: > 0 } small ? small : variable(name.ToUpperInvariant()) is { Length: > 0 } capital ? capital : null;

        Uri? Find(string name) => Text(name) is not { } text ? null : Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text, UriKind.Absolute, out var uri) ? uri : null;
    }

    /// <summary>The proxy for a host; null where it is reached without. Throws <see cref="IOException"/> for a kind of proxy that is none of HTTP's.</summary>
    public Uri? For(string host, int port, bool isTunnel)
    {
        ArgumentNullException.ThrowIfNull(host);
        var proxy = isTunnel ? _tunnels : _plain;
        if (proxy is null || IsDirect(host, port))
        {
            return null;
        }

        return proxy.Scheme is "http" ? proxy : throw new IOException($"The proxy of this machine is `{proxy.Scheme}://{proxy.Authority}`, and only those of `http://` are supported");
    }

    /// <summary>What says to a proxy who asks; null for nothing.</summary>
    public static string? Authorization(Uri proxy)
    {
        ArgumentNullException.ThrowIfNull(proxy);
        return proxy.UserInfo.Length == 0 ? null : $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(proxy.UserInfo)))}";
    }

    private bool IsDirect(string host, int port)
    {
        var address = HostName.ParseAddress(host);
        if (HostPattern.IsLocalhost(host) || (address is not null && IPAddress.IsLoopback(address)))
        {
            return true;
        }

        foreach (var entry in _direct)
        {
            var name = entry.TrimStart('*').TrimStart('.').ToLowerInvariant();
            if (entry is "*" || string.Equals(name, host, StringComparison.Ordinal) || string.Equals(name, HostRules.Word(host, port), StringComparison.Ordinal)
                || (name.Length > 0 && host.EndsWith($".{name}", StringComparison.Ordinal)) || (address is not null && IPNetwork.TryParse(name, out var range) && range.Contains(address)))
            {
                return true;
            }
        }

        return false;
    }
}
