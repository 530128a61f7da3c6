using System.Runtime.InteropServices;

using Cairn.Execution.Native;

namespace Cairn.Execution.Sandbox;

/// <summary>
/// A network namespace of a worker, its loopback device up. A thread of its own lives in it, and starts in it what is to run there: a thread that has left the machine's
/// network as an ordinary user cannot go back.
/// </summary>
internal sealed class WorkerNetwork : IDisposable
{
    private const int StackBytes = 256 << 10;

    private readonly SemaphoreSlim _asked = new(0);
    private readonly SemaphoreSlim _done = new(0);
    private Action? _work;
    private IOException? _problem;
    private bool _disposed;

    private WorkerNetwork() => new Thread(Serve, StackBytes) { IsBackground = true, Name = "cairn-network" }.Start();

    /// <summary>Makes one. Throws <see cref="IOException"/> with what the machine refuses.</summary>
    public static WorkerNetwork Make()
    {
        var network = new WorkerNetwork();
        try
        {
            network.Within(static () =>
            {
                if (Libc.unshare(Libc.CLONE_NEWNET) != 0)
                {
                    throw new IOException($"No network namespace can be made: {Libc.Message(Marshal.GetLastPInvokeError())}");
                }

                using var routes = RouteSocket.Open();
                routes.Up(RouteSocket.Loopback);
            });
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Does something in the namespace, and waits for it. Throws the <see cref="IOException"/> of what it does.</summary>
    public void Within(Action work)
    {
        _problem = null;
        _work = work;
        _asked.Release();
        _done.Wait();
        if (_problem is { } problem)
        {
            throw new IOException(problem.Message, problem);
        }
    }

    /// <summary>A descriptor of the namespace, close-on-exec, for the caller to close.</summary>
    public int Open()
    {
        var descriptor = -1;
        Within(() => descriptor = Libc.open("/proc/thread-self/ns/net", Libc.O_RDONLY | Libc.O_CLOEXEC, 0));
        return descriptor >= 0 ? descriptor : throw new IOException("The network namespace cannot be opened");
    }

    /// <summary>A TCP socket in the namespace, close-on-exec, for the caller to close.</summary>
    public int OpenSocket(bool isIPv6)
    {
        var socket = -1;
        var error = 0;
        Within(() =>
        {
            socket = Libc.socket(isIPv6 ? Libc.AF_INET6 : Libc.AF_INET, Libc.SOCK_STREAM | Libc.O_CLOEXEC, 0);
            error = Marshal.GetLastPInvokeError();
        });
        return socket >= 0 ? socket : throw new IOException($"socket: {Libc.Message(error)}");
    }

    /// <summary>Leaves the namespace to what still runs in it.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _work = null;
            _asked.Release();
        }
    }

    private void Serve()
    {
        while (true)
        {
            _asked.Wait();
            if (_work is not { } work)
            {
                return;
            }

            try
            {
                work();
            }
            catch (IOException exception)
            {
                _problem = exception;
            }

            _done.Release();
        }
    }
}
