using System.Net.NetworkInformation;
using System.Net.Sockets;

using Cairn.Execution.Native;

namespace Cairn.Execution.Sandbox;

/// <summary>
/// The way from a network namespace to the internet: slirp4netns, a program that turns the packets of the namespace into sockets of its own. Nothing of the machine changes,
/// and no right is needed but to open the device that makes the namespace's end.
/// </summary>
/// <remarks>
/// Private networks are kept away by routes, which no process without rights over the namespace can change. One that binds its socket to the device goes past them, but then
/// asks for the neighbour itself, and slirp4netns says that it is none: it answers for its gateway and its resolver only.
/// </remarks>
public static class Uplink
{
    /// <summary>Where names are asked for within such a namespace: slirp4netns hands on what goes to port 53 of it to the machine's resolver.</summary>
    public const string Resolver = "10.0.2.3";

    private const string Program = "slirp4netns";
    private const string Device = "/dev/net/tun";
    private const int ReadWrite = 6;

    /// <summary>
    /// What is not reached: this network and private ones, what providers and links use among themselves (there are the metadata services of clouds), groups and what is
    /// reserved. Then all of slirp4netns' own network but the gateway and the resolver, and all of IPv6, which it is not asked to pass on.
    /// </summary>
    internal static readonly string[] Refused =
    [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
        "10.0.2.0/31", "10.0.2.4/30", "10.0.2.8/29", "10.0.2.16/28", "10.0.2.32/27", "10.0.2.64/26", "10.0.2.128/25", "::/0",
    ];

    /// <summary>Why this machine has no way to the internet but all of its network, and the command that would help; null where nothing is known against it.</summary>
    public static (string Problem, string Remedy)? FindProblem() =>
        Find() is null ? ($"it needs the program `{Program}`", $"apt-get install {Program}")
        : !File.Exists(Device) ? ($"it needs the device `{Device}`, which is not here", "modprobe tun")
        : Libc.access(Device, ReadWrite) != 0 ? ($"it needs the device `{Device}`, which you may not open", $"chmod 666 {Device}")
        : null;

    /// <summary>The program; null where it is not installed.</summary>
    internal static string? Find() => Spawner.Find(Program);

    /// <summary>The machine's own IPv4 addresses: whatever they are, they are not the internet.</summary>
    internal static string[] OwnAddresses()
    {
        var addresses = new List<string>();
        foreach (var device in NetworkInterface.GetAllNetworkInterfaces())
        {
            foreach (var address in device.GetIPProperties().UnicastAddresses)
            {
                if (address.Address.AddressFamily == AddressFamily.InterNetwork && address.Address.GetAddressBytes() is not [127 or 10, ..])
                {
                    addresses.Add(address.Address.ToString());
                }
            }
        }

        return [.. addresses];
    }
}
