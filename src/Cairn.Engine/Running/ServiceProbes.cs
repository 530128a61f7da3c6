using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

using Cairn.Execution.Sandbox;

namespace Cairn.Engine.Running;

/// <summary>Looks whether a service answers, in the network in which it runs; null is the machine's.</summary>
internal static class ServiceProbes
{
    /// <summary>Whether a port of the service's machine accepts connections.</summary>
    public static async Task<bool> CanConnectAsync(int port, NetworkNamespace? network, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limits.ProbeTimeout);
        try
        {
            using var socket = await ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), network, limit.Token);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Whether a URL of a service answers 2xx or 3xx. The service's name is the machine on which it runs.</summary>
    [SuppressMessage("Security", "CA5399", Justification = "Probes speak to a service on this machine; there is nothing to revoke")]
    public static async Task<bool> CanGetAsync(Uri url, string service, NetworkNamespace? network, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false };
        if (network is not null || string.Equals(url.Host, service, StringComparison.OrdinalIgnoreCase))
        {
            handler.ConnectCallback = async (context, token) => new NetworkStream(await ConnectAsync(EndPointOf(context.DnsEndPoint), network, token), ownsSocket: true);
        }

        using var client = new HttpClient(handler, disposeHandler: false) { Timeout = Limits.ProbeTimeout };
        try
        {
            using var response = await client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return (int)response.StatusCode is >= 200 and < 400;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    // In the network of services every name is that of one of them.
    private static IPEndPoint EndPointOf(DnsEndPoint asked) => new(IPAddress.TryParse(asked.Host.Trim('[', ']'), out var address) ? address : IPAddress.Loopback, asked.Port);

    private static async Task<Socket> ConnectAsync(IPEndPoint target, NetworkNamespace? network, CancellationToken cancellationToken)
    {
        var socket = network is null ? new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) : new Socket(network.OpenSocket(target.AddressFamily));
        try
        {
            await socket.ConnectAsync(target, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
