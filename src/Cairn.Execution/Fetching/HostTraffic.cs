using System.Collections.Immutable;

using Cairn.Core.Fetching;

namespace Cairn.Execution.Fetching;

/// <summary>What a sandbox reached of the network, and what it was refused. Thread-safe.</summary>
public sealed class HostTraffic
{
    // What hostile steps ask for is no reason to remember all of it.
    private const int HostsMax = 256;
    private const int RefusalsMax = 32;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (int Connections, long Bytes)> _reached = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HostRefusal> _refused = new(StringComparer.Ordinal);

    /// <summary>The hosts that were reached, sorted.</summary>
    public ImmutableArray<ReachedHost> Reached
    {
        get
        {
            lock (_gate)
            {
                return [.. _reached.OrderBy(static h => h.Key, StringComparer.Ordinal).Select(static h => new ReachedHost(h.Key, h.Value.Connections, h.Value.Bytes))];
            }
        }
    }

    /// <summary>What was refused, the first of it, sorted.</summary>
    public ImmutableArray<HostRefusal> Refused
    {
        get
        {
            lock (_gate)
            {
                return [.. _refused.Values.OrderBy(static r => r.Host, StringComparer.Ordinal)];
            }
        }
    }

    internal void Connected(string host, int port) => Count(HostRules.Word(host, port), connections: 1, bytes: 0);

    internal void Received(string host, int port, int bytes) => Count(HostRules.Word(host, port), connections: 0, bytes);

    internal void Refuse(HostRefusal refusal)
    {
        lock (_gate)
        {
            if (_refused.TryGetValue(refusal.Host, out var known))
            {
                _refused[refusal.Host] = known with { Times = known.Times + 1 };
            }
            else if (_refused.Count < RefusalsMax)
            {
                _refused.Add(refusal.Host, refusal);
            }
        }
    }

    private void Count(string host, int connections, long bytes)
    {
        lock (_gate)
        {
            if (_reached.TryGetValue(host, out var known) || _reached.Count < HostsMax)
            {
                _reached[host] = (known.Connections + connections, known.Bytes + bytes);
            }
        }
    }
}

/// <summary>A host that a sandbox reached.</summary>
/// <param name="Host">It, with its port where that is not the usual one.</param>
/// <param name="Connections">How often.</param>
/// <param name="Bytes">What came from there.</param>
public sealed record ReachedHost(string Host, int Connections, long Bytes);

/// <summary>A host that a sandbox was refused.</summary>
/// <param name="Host">It, with its port where that is not the usual one.</param>
/// <param name="Reason">Why, as the end of a sentence.</param>
/// <param name="Missing">What would have to be among the hosts.</param>
/// <param name="Times">How often it asked.</param>
public sealed record HostRefusal(string Host, string Reason, string Missing, int Times);
