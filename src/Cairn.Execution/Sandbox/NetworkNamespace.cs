using System.Net.Sockets;

namespace Cairn.Execution.Sandbox;

/// <summary>A network that sandboxes of one run may share, apart from the machine's: a loopback device, and where it was asked for a way to the internet. It ends with the run's sandboxes at the latest.</summary>
public sealed class NetworkNamespace : IDisposable
{
    private readonly SandboxClient _client;
    private bool _disposed;

    internal NetworkNamespace(SandboxClient client, int number, SandboxNetwork network)
    {
        _client = client;
        Number = number;
        Network = network;
    }

    /// <summary>What processes in it reach beside each other.</summary>
    public SandboxNetwork Network { get; }

    internal int Number { get; }

    /// <summary>A TCP socket in it that is not connected yet, for this process. Throws <see cref="IOException"/>.</summary>
    public SafeSocketHandle OpenSocket(AddressFamily family)
    {
        try
        {
            return new SafeSocketHandle(_client.OpenSocket(Number, family == AddressFamily.InterNetworkV6), ownsHandle: true);
        }
        catch (ObjectDisposedException exception)
        {
            throw new IOException("The sandboxes of the run have ended", exception);
        }
    }

    /// <summary>Takes away its way to the internet, and itself when nothing runs in it any more.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            try
            {
                _client.CloseNetwork(Number);
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                // It went with the worker.
            }
        }
    }
}
