using System.Net;

namespace Cairn.Execution.Sandbox;

/// <summary>The network namespaces of a worker, by number.</summary>
internal sealed class WorkerNetworks(WorkerProcesses processes) : IDisposable
{
    private readonly Dictionary<int, (WorkerNetwork Network, WorkerUplink? Uplink)> _networks = [];
    private int _last;

    /// <summary>Makes one; its number. Throws <see cref="IOException"/> with what the machine refuses.</summary>
    public int Open(NetworkRequest request)
    {
        var network = WorkerNetwork.Make();
        try
        {
            _networks.Add(++_last, (network, request.Uplink is null ? null : Connect(network, request.Uplink, request.Refused)));
            return _last;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>The one of a number.</summary>
    public WorkerNetwork Of(int number) => _networks.TryGetValue(number, out var known) ? known.Network : throw new IOException($"There is no network {number}");

    /// <summary>Ends what connects one, and forgets it.</summary>
    public void Close(int number)
    {
        if (_networks.Remove(number, out var known))
        {
            known.Uplink?.Dispose();
            known.Network.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var (network, uplink) in _networks.Values)
        {
            uplink?.Dispose();
            network.Dispose();
        }

        _networks.Clear();
    }

    // First what is closed, then what is open: no step is there yet, but none of its packets is ever to find a gap.
    private WorkerUplink Connect(WorkerNetwork network, string program, string[] refused)
    {
        network.Within(() =>
        {
            using var routes = RouteSocket.Open();
            foreach (var range in Uplink.Refused)
            {
                Refuse(routes, range);
            }

            foreach (var address in refused)
            {
                Refuse(routes, address);
            }
        });
        return WorkerUplink.Start(program, network, processes);
    }

    private static void Refuse(RouteSocket routes, string range)
    {
        var slash = range.IndexOf('/', StringComparison.Ordinal);
        var address = IPAddress.Parse(slash < 0 ? range : range[..slash]).GetAddressBytes();
        routes.Refuse(address, slash < 0 ? address.Length * 8 : int.Parse(range.AsSpan(slash + 1), System.Globalization.CultureInfo.InvariantCulture));
    }
}
