using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

using Cairn.Core.Fetching;
using Cairn.Execution.Sandbox;

namespace Cairn.Execution.Fetching;

/// <summary>
/// What a fetch step has of the network: an HTTP proxy that listens in the step's own network namespace, where nothing else is, and connects from the machine's to those hosts that
/// the step names. So nothing has to pass on packets, and the step resolves no names. What goes through a tunnel is between the step and the host: nothing is decrypted.
/// </summary>
public sealed class HostProxy : IDisposable
{
    /// <summary>The port on which it listens within a namespace.</summary>
    public const int Port = 3128;

    private const int ConnectionsMax = 256;
    private const int AddressesMax = 8;
    private const int BufferBytes = 64 << 10;
    private static readonly TimeSpan HeadTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan SilenceTimeout = TimeSpan.FromMinutes(5);

    private readonly Socket _listener;
    private readonly HostRules _rules;
    private readonly UpstreamProxy _upstream;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly SemaphoreSlim _free = new(ConnectionsMax);
    private readonly CancellationTokenSource _ending = new();
    private int _disposed;

    private HostProxy(Socket listener, HostRules rules, UpstreamProxy upstream, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        _listener = listener;
        _rules = rules;
        _upstream = upstream;
        _resolve = resolve;
    }

    /// <summary>What went through it, and what did not.</summary>
    public HostTraffic Traffic { get; } = new();

    /// <summary>Begins to listen in a namespace. Throws <see cref="IOException"/>.</summary>
    public static HostProxy Start(NetworkNamespace network, HostRules rules, UpstreamProxy upstream)
    {
        ArgumentNullException.ThrowIfNull(network);
        var listener = new Socket(network.OpenSocket(AddressFamily.InterNetwork));
        try
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
            listener.Listen(ConnectionsMax);
        }
        catch (SocketException exception)
        {
            listener.Dispose();
            throw new IOException($"The proxy to the hosts of a step cannot listen: {exception.Message}", exception);
        }

        return Start(listener, rules, upstream, Dns.GetHostAddressesAsync);
    }

    /// <summary>Serves a socket that listens, which is its own from then on.</summary>
    /// <param name="listener">The socket.</param>
    /// <param name="rules">What may be reached.</param>
    /// <param name="upstream">Through what.</param>
    /// <param name="resolve">What names lead to.</param>
    public static HostProxy Start(Socket listener, HostRules rules, UpstreamProxy upstream, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        ArgumentNullException.ThrowIfNull(listener);
        var proxy = new HostProxy(listener, rules, upstream, resolve);
        _ = proxy.AcceptAsync();
        return proxy;
    }

    /// <summary>Ends it, and all connections.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _ending.Cancel();
            _listener.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                await _free.WaitAsync(_ending.Token);
                _ = ServeAsync(await _listener.AcceptAsync(_ending.Token));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It ends, or its namespace does.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                await HandleAsync(client);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
            {
                // A connection that breaks is seen by whoever has it.
            }
            finally
            {
                _free.Release();
            }
        }
    }

    private async Task HandleAsync(Socket client)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ProxyRequest.HeadBytesMax);
        try
        {
            var (end, length) = await ReadHeadAsync(client, buffer);
            if (end < 0)
            {
                if (length == ProxyRequest.HeadBytesMax)
                {
                    await AnswerAsync(client, "431 Request Header Fields Too Large", "The request is too long");
                }

                return;
            }

            if (ProxyRequest.TryRead(buffer.AsSpan(0, end), out var problem) is not { } request)
            {
                await AnswerAsync(client, "400 Bad Request", problem);
                return;
            }

            if (!_rules.AllowsHost(request.Host, request.Port))
            {
                var word = HostRules.Word(request.Host, request.Port);
                await RefuseAsync(client, new HostRefusal(word, "is not among its `hosts`", word, 1));
                return;
            }

            await ConnectAsync(client, request, buffer.AsMemory(end, length - end));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task ConnectAsync(Socket client, ProxyRequest request, ReadOnlyMemory<byte> rest)
    {
        Socket? server;
        Uri? proxy;
        try
        {
            proxy = _upstream.For(request.Host, request.Port, request.IsTunnel);
            server = proxy is null ? await DialAsync(client, request) : await DialAnyAsync(await LookUpAsync(proxy.IdnHost), proxy.Port, $"the proxy {proxy.Authority}");
        }
        catch (Exception exception) when (exception is SocketException or IOException || (exception is OperationCanceledException && !_ending.IsCancellationRequested))
        {
            var reason = exception is OperationCanceledException ? "it does not answer" : exception.Message;
            await AnswerAsync(client, "502 Bad Gateway", $"`{HostRules.Word(request.Host, request.Port)}` cannot be reached: {reason}");
            return;
        }

        if (server is null)
        {
            return;
        }

        using (server)
        {
            server.NoDelay = true;
            Traffic.Connected(request.Host, request.Port);
            if (proxy is not null)
            {
                await SendAsync(server, request.ToProxy(UpstreamProxy.Authorization(proxy)));
                if (request.IsTunnel && !await OpensAsync(client, server, proxy))
                {
                    return;
                }
            }
            else if (!request.IsTunnel)
            {
                await SendAsync(server, request.ToHost());
            }

            if (request.IsTunnel)
            {
                await SendAsync(client, "HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray());
            }

            await SendAsync(server, rest);
            await RelayAsync(client, server, request);
        }
    }

    /// <summary>Connects to the host itself; null after an answer to the client.</summary>
    private async Task<Socket?> DialAsync(Socket client, ProxyRequest request)
    {
        var word = HostRules.Word(request.Host, request.Port);
        var addresses = await LookUpAsync(request.Host);
        var allowed = Array.FindAll(addresses, a => _rules.AllowsAddress(request.Host, request.Port, a));
        if (allowed.Length == 0 && addresses.Length > 0)
        {
            var first = AddressRanges.Plain(addresses[0]).ToString();
            var reason = HostName.ParseAddress(request.Host) is null ? $"leads to {first}, which is no address of the internet" : "is no address of the internet";
            await RefuseAsync(client, new HostRefusal(word, reason, HostRules.Word(first, request.Port), 1));
            return null;
        }

        return await DialAnyAsync(allowed, request.Port, word);
    }

    private async Task<IPAddress[]> LookUpAsync(string host)
    {
        if (HostName.ParseAddress(host.Trim('[', ']')) is { } address)
        {
            return [address];
        }

        if (HostPattern.IsLocalhost(host))
        {
            return [IPAddress.Loopback, IPAddress.IPv6Loopback];
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        limit.CancelAfter(LookupTimeout);
        return await _resolve(host, limit.Token);
    }

    private async Task<Socket> DialAnyAsync(IPAddress[] addresses, int port, string name)
    {
        Exception? last = null;
        for (var i = 0; i < int.Min(addresses.Length, AddressesMax); i++)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
            limit.CancelAfter(ConnectTimeout);
            var socket = new Socket(addresses[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(new IPEndPoint(addresses[i], port), limit.Token);
                return socket;
            }
            catch (Exception exception) when (exception is SocketException || (exception is OperationCanceledException && !_ending.IsCancellationRequested))
            {
                last = exception;
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw last as SocketException ?? (Exception)new IOException(addresses.Length == 0 ? $"{name} has no address" : "it does not answer", last);
    }

    /// <summary>Whether another proxy opened a tunnel; else the client has its answer.</summary>
    private async Task<bool> OpensAsync(Socket client, Socket server, Uri proxy)
    {
        var head = new byte[ProxyRequest.HeadBytesMax];
        // One byte at a time would be slow, but behind the head the host may have begun to speak already: it does not in TLS, and what does is passed on.
        var (end, length) = await ReadHeadAsync(server, head);
        var status = end < 12 ? "" : Encoding.Latin1.GetString(head, 0, head.AsSpan(0, end).IndexOf((byte)'\r'));
        if (!status.StartsWith("HTTP/1.", StringComparison.Ordinal) || status.Length < 12 || status[9] != '2')
        {
            await AnswerAsync(client, "502 Bad Gateway", $"The proxy {proxy.Authority} says: {(status.Length == 0 ? "nothing" : status)}");
            return false;
        }

        if (length > end)
        {
            await AnswerAsync(client, "502 Bad Gateway", $"The proxy {proxy.Authority} says more than it was asked");
            return false;
        }

        return true;
    }

    private async Task RefuseAsync(Socket client, HostRefusal refusal)
    {
        Traffic.Refuse(refusal);
        await AnswerAsync(client, $"403 {refusal.Host} {refusal.Reason}".Replace("`", "", StringComparison.Ordinal), $"`{refusal.Host}` {refusal.Reason}; to allow it: {_rules.LineWith([refusal.Missing])}");
    }

    private async Task AnswerAsync(Socket client, string status, string text)
    {
        var body = $"cairn: {text}\n";
        await SendAsync(client, Encoding.UTF8.GetBytes($"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}"));
        client.Shutdown(SocketShutdown.Send);
        // What the client still sends would else make the kernel take the answer back.
        await DrainAsync(client);
    }

    private async Task DrainAsync(Socket client)
    {
        var buffer = new byte[4096];
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        limit.CancelAfter(TimeSpan.FromSeconds(2));
        for (var i = 0; i < 64 && await client.ReceiveAsync(buffer, SocketFlags.None, limit.Token) > 0; i++)
        {
        }
    }

    private async Task<(int End, int Length)> ReadHeadAsync(Socket socket, byte[] buffer)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        limit.CancelAfter(HeadTimeout);
        var length = 0;
        while (length < ProxyRequest.HeadBytesMax)
        {
            var count = await socket.ReceiveAsync(buffer.AsMemory(length, ProxyRequest.HeadBytesMax - length), SocketFlags.None, limit.Token);
            if (count == 0)
            {
                return (-1, 0);
            }

            var from = int.Max(0, length - 3);
            length += count;
            if (ProxyRequest.FindEnd(buffer.AsSpan(from, length - from)) is >= 0 and var end)
            {
                return (from + end, length);
            }
        }

        return (-1, length);
    }

    private async Task RelayAsync(Socket client, Socket server, ProxyRequest request)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        silence.CancelAfter(SilenceTimeout);
        await Task.WhenAll(
            CopyAsync(client, server, silence, endsBoth: false, static _ => { }),
            // The answer of a request ends with its connection; what else the client has to say, it has to ask for anew.
            CopyAsync(server, client, silence, endsBoth: !request.IsTunnel, count => Traffic.Received(request.Host, request.Port, count)));
    }

    private static async Task CopyAsync(Socket from, Socket to, CancellationTokenSource silence, bool endsBoth, Action<int> copied)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await from.ReceiveAsync(buffer.AsMemory(0, BufferBytes), SocketFlags.None, silence.Token) is > 0 and var count)
            {
                copied(count);
                silence.CancelAfter(SilenceTimeout);
                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), SocketFlags.None, silence.Token);
                }
            }

            to.Shutdown(SocketShutdown.Send);
            if (endsBoth)
            {
                await silence.CancelAsync();
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // With one direction the other is over, too.
            await silence.CancelAsync();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        limit.CancelAfter(HeadTimeout);
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += await socket.SendAsync(bytes[sent..], SocketFlags.None, limit.Token);
        }
    }
}
