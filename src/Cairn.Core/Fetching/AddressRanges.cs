using System.Net;

namespace Cairn.Core.Fetching;

/// <summary>Which addresses are of the internet, and which of a machine, a link or somebody's own network.</summary>
public static class AddressRanges
{
    /// <summary>What of IPv4 is no address of the internet: this network and private ones, what providers and links use among themselves (there are the metadata services of clouds), groups and what is reserved.</summary>
    public static IReadOnlyList<string> Inner { get; } =
        ["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4"];

    // Of IPv6 also what stands for an IPv4 address that is not looked at: NAT64, 6to4, Teredo.
    private static readonly IPNetwork[] Ranges =
    [
        .. Inner.Select(IPNetwork.Parse),
        IPNetwork.Parse("::/96"), IPNetwork.Parse("fc00::/7"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("fec0::/10"), IPNetwork.Parse("ff00::/8"),
        IPNetwork.Parse("64:ff9b::/96"), IPNetwork.Parse("64:ff9b:1::/48"), IPNetwork.Parse("2002::/16"), IPNetwork.Parse("2001::/32"),
    ];

    /// <summary>Whether an address is one of the internet.</summary>
    public static bool IsPublic(IPAddress address)
    {
        address = Plain(address);
        foreach (var range in Ranges)
        {
            if (range.Contains(address))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The same address, as IPv4 where it is one that is written as IPv6, and without the link it belongs to.</summary>
    public static IPAddress Plain(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
            : address is { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6, ScopeId: not 0 } ? new IPAddress(address.GetAddressBytes())
            : address;
    }
}
