using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Language.Model;
using Cairn.Execution;
using Cairn.Execution.Sandbox;
using Cairn.Store.Layers;

namespace Cairn.Engine.Isolation;

/// <summary>
/// The networks of a run's sandboxes. A step that uses services shares one with them: the run's, or where the step reaches the internet, the run's that does. All others have one of
/// their own, so that nothing but what is declared connects two steps. Thread-safe.
/// </summary>
internal sealed class RunNetworks(ProcessHost host) : IDisposable
{
    private const string Localhost = "localhost";
    private const int ResolverBytesMax = 64 << 10;

    private readonly Lock _gate = new();
    private NetworkNamespace? _apart;
    private NetworkNamespace? _wide;

    /// <summary>What sandboxes call it.</summary>
    public static SandboxNetwork Kind(NetworkAccess access) => access switch
    {
        NetworkAccess.None or NetworkAccess.Hosts => SandboxNetwork.None,
        NetworkAccess.Wan => SandboxNetwork.Wan,
        NetworkAccess.Host => SandboxNetwork.Host,
        _ => throw new ArgumentOutOfRangeException(nameof(access)),
    };

    /// <summary>The network that services share with the steps that use them; null for the machine's. Throws <see cref="IOException"/> with what the machine refuses.</summary>
    public NetworkNamespace? Shared(NetworkAccess access, SandboxOptions options)
    {
        if (access == NetworkAccess.Host)
        {
            return null;
        }

        lock (_gate)
        {
            ref var shared = ref access == NetworkAccess.Wan ? ref _wide : ref _apart;
            return shared ??= host.OpenNetwork(Kind(access), options);
        }
    }

    /// <summary>A network of an attempt's own, which it disposes of; null for the machine's, and for that which a sandbox brings with it. Throws <see cref="IOException"/>.</summary>
    public NetworkNamespace? Own(NetworkAccess access, SandboxOptions options) => access is NetworkAccess.Wan or NetworkAccess.Hosts ? host.OpenNetwork(Kind(access), options) : null;

    /// <summary>Says in a root how names are found: services are other names of this machine, all others a resolver knows, where one is reached.</summary>
    public static void AddNames(LayerWriter layer, NetworkAccess access, ImmutableArray<StepReference> services)
    {
        var names = new StringBuilder(Localhost);
        foreach (var service in services)
        {
            names.Append(' ').Append(service.Name.Value);
        }

        if (names.Length > Localhost.Length)
        {
            layer.AddFile("etc/hosts", Encoding.UTF8.GetBytes($"127.0.0.1 {names}\n::1 {names}\n"));
        }

        if (access == NetworkAccess.Wan)
        {
            layer.AddFile("etc/resolv.conf", Encoding.UTF8.GetBytes($"nameserver {Uplink.Resolver}\n"));
        }
        else if (access == NetworkAccess.Host && MachineResolver() is { } machine)
        {
            layer.AddFile("etc/resolv.conf", machine);
        }
    }

    public void Dispose()
    {
        _apart?.Dispose();
        _wide?.Dispose();
    }

    private static byte[]? MachineResolver()
    {
        try
        {
            using var stream = File.OpenRead("/etc/resolv.conf");
            return BoundedRead.All(stream, ResolverBytesMax);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A machine without one asks itself.
            return null;
        }
    }
}
