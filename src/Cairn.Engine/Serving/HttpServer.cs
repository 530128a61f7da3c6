using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

using Cairn.Core.Http;

namespace Cairn.Engine.Serving;

/// <summary>What a server allows its clients.</summary>
public sealed record HttpLimits
{
    /// <summary>Connections at once; others wait to be accepted.</summary>
    public int ConnectionsMax { get; init; } = 256;

    /// <summary>Requests over one connection.</summary>
    public int RequestsMax { get; init; } = 10_000;

    /// <summary>Bytes of a head.</summary>
    public int HeadBytesMax { get; init; } = 16 << 10;

    /// <summary>How long a connection may say nothing between two requests.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a request may take to arrive.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an answer may take to be made and to be read.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long requests that are being answered get when the server ends.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>Nothing can listen at an address.</summary>
public sealed class HttpListenException(string message, Exception inner) : IOException(message, inner);

/// <summary>What is served.</summary>
public interface IHttpSite
{
    /// <summary>The answer to a request whose body is not wanted, and not read; null where it is. The connection ends with it.</summary>
    /// <param name="head">Its head.</param>
    /// <param name="path">What it asks for.</param>
    /// <param name="length">The bytes of its body.</param>
    HttpResponse? RefusalOf(HttpHead head, string path, long length);

    /// <summary>Answers. What it throws is answered with 500, without a word of it.</summary>
    ValueTask<HttpResponse> AnswerAsync(HttpRequest request, CancellationToken cancellationToken);
}

/// <summary>
/// A small server of HTTP/1.1 for static files and requests with small bodies, without TLS: a proxy in front of it has that. It is here because ASP.NET in the one executable would cost every
/// command (<c>docs/adr/0010</c>). Everything has a bound; what is not understood ends the connection.
/// </summary>
public sealed class HttpServer : IAsyncDisposable
{
    private const int BufferBytes = 64 << 10;

    private readonly Socket _listener;
    private readonly IHttpSite _site;
    private readonly HttpLimits _limits;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _free;
    private readonly CancellationTokenSource _ending = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly Task _accepting;

    private HttpServer(Socket listener, IHttpSite site, HttpLimits limits, TimeProvider time)
    {
        (_listener, _site, _limits, _time) = (listener, site, limits, time);
        _free = new SemaphoreSlim(limits.ConnectionsMax);
        Endpoint = (IPEndPoint)listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Endpoint { get; }

    /// <summary>Begins to listen. Throws <see cref="HttpListenException"/> where it cannot.</summary>
    /// <param name="endpoint">Where; port 0 for one that is free.</param>
    /// <param name="site">What is served.</param>
    /// <param name="limits">What clients may do.</param>
    /// <param name="time">The clock.</param>
    public static HttpServer Start(IPEndPoint endpoint, IHttpSite site, HttpLimits limits, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(site);
        ArgumentNullException.ThrowIfNull(limits);
        var listener = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(endpoint);
            listener.Listen(limits.ConnectionsMax);
        }
        catch (SocketException exception)
        {
            listener.Dispose();
            throw new HttpListenException($"Nothing can listen on {endpoint}: {exception.Message}", exception);
        }

        return new HttpServer(listener, site, limits, time);
    }

    /// <summary>Takes no more connections, lets requests that are being answered come to their end, and ends the rest.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_ending.IsCancellationRequested)
        {
            return;
        }

        await _ending.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        using var patience = new CancellationTokenSource(_limits.StopTimeout, _time);
        try
        {
            for (var i = 0; i < _limits.ConnectionsMax; i++)
            {
                await _free.WaitAsync(patience.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            await _aborting.CancelAsync().ConfigureAwait(false);
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                await _free.WaitAsync(_ending.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                _ = ServeAsync(await _listener.AcceptAsync(_ending.Token).ConfigureAwait(false));
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException || _ending.IsCancellationRequested)
            {
                _free.Release();
                return;
            }
            catch (SocketException)
            {
                // A client that left before it was taken, or no descriptors for a moment.
                _free.Release();
                await Task.Delay(TimeSpan.FromMilliseconds(10), _time, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                await new Connection(this, client).RunAsync().ConfigureAwait(false);
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

    private static string ReasonOf(int status) => status switch
    {
        200 => "OK",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        411 => "Length Required",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        422 => "Unprocessable Content",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "",
    };

    /// <summary>One connection: what was read of it and not used yet, and how it goes on.</summary>
    private sealed class Connection(HttpServer server, Socket socket)
    {
        private readonly byte[] _head = new byte[server._limits.HeadBytesMax];
        private int _length;

        public async Task RunAsync()
        {
            for (var i = 1; i <= server._limits.RequestsMax; i++)
            {
                if (await ReadHeadAsync().ConfigureAwait(false) is not (> 0 and var end))
                {
                    break;
                }

                var goesOn = await AnswerAsync(end, isLast: i == server._limits.RequestsMax).ConfigureAwait(false);
                if (!goesOn || server._ending.IsCancellationRequested)
                {
                    break;
                }
            }

            await CloseAsync().ConfigureAwait(false);
        }

        /// <summary>Where the next head ends; 0 where none came, and where it was told that it is none.</summary>
        private async Task<int> ReadHeadAsync()
        {
            // Between requests the server may end; within one it waits.
            using var quiet = CancellationTokenSource.CreateLinkedTokenSource(server._ending.Token);
            quiet.CancelAfter(server._limits.IdleTimeout);
            if (_length == 0 && await ReceiveAsync(quiet.Token).ConfigureAwait(false) == 0)
            {
                return 0;
            }

            using var patience = Within(server._limits.RequestTimeout);
            int end;
            while ((end = HttpHead.FindEnd(_head.AsSpan(0, _length))) < 0)
            {
                if (_length == _head.Length)
                {
                    await RefuseAsync(431, "The head of the request is too long").ConfigureAwait(false);
                    return 0;
                }

                try
                {
                    if (await ReceiveAsync(patience.Token).ConfigureAwait(false) == 0)
                    {
                        return 0;
                    }
                }
                catch (OperationCanceledException) when (!server._aborting.IsCancellationRequested)
                {
                    await RefuseAsync(408, "The request took too long").ConfigureAwait(false);
                    return 0;
                }
            }

            return end;
        }

        private async Task<bool> AnswerAsync(int end, bool isLast)
        {
            if (HttpHead.TryRead(_head.AsSpan(0, end), out var problem) is not { } head)
            {
                return await RefuseAsync(400, problem).ConfigureAwait(false);
            }

            if (head.Is11 && head.Only("host") is null)
            {
                return await RefuseAsync(400, "The request has not exactly one Host").ConfigureAwait(false);
            }

            if (head.Has("transfer-encoding"))
            {
                return await RefuseAsync(411, "Send the body with its Content-Length").ConfigureAwait(false);
            }

            if (head.ContentLength() is not { } length)
            {
                return await RefuseAsync(400, "The Content-Length is no number").ConfigureAwait(false);
            }

            if (PathOf(head.Target) is not { } path)
            {
                return await RefuseAsync(400, "The address is not a path").ConfigureAwait(false);
            }

            if (length > 0 && server._site.RefusalOf(head, path, length) is { } refusal)
            {
                using (refusal)
                {
                    return await RefuseAsync(refusal).ConfigureAwait(false);
                }
            }

            using var patience = Within(server._limits.RequestTimeout);
            var body = await ReadBodyAsync(head, end, (int)length, patience.Token).ConfigureAwait(false);
            if (body is null)
            {
                return false;
            }

            using var answering = Within(server._limits.AnswerTimeout);
            using var response = await HandleAsync(new HttpRequest(head, path, body), answering.Token).ConfigureAwait(false);
            var goesOn = !isLast && !server._ending.IsCancellationRequested && (head.Is11 ? !head.HasWord("connection", "close") : head.HasWord("connection", "keep-alive"));
            await SendAsync(response, withBody: head.Method != "HEAD", goesOn, answering.Token).ConfigureAwait(false);
            return goesOn;
        }

        private async Task<byte[]?> ReadBodyAsync(HttpHead head, int end, int length, CancellationToken cancellationToken)
        {
            var body = new byte[length];
            var there = Math.Min(length, _length - end);
            _head.AsSpan(end, there).CopyTo(body);
            _head.AsSpan(end + there, _length - end - there).CopyTo(_head);
            _length -= end + there;
            if (there < length && head.HasWord("expect", "100-continue"))
            {
                await SendAllAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), cancellationToken).ConfigureAwait(false);
            }

            while (there < length)
            {
                var count = await socket.ReceiveAsync(body.AsMemory(there), cancellationToken).ConfigureAwait(false);
                if (count == 0)
                {
                    return null;
                }

                there += count;
            }

            return body;
        }

        private async ValueTask<HttpResponse> HandleAsync(HttpRequest request, CancellationToken cancellationToken)
        {
            try
            {
                return await server._site.AnswerAsync(request, cancellationToken).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // The boundary: a client learns that something went wrong here, and the server goes on.
            catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
            {
                return HttpResponse.Text(500, "Something went wrong here");
            }
        }

        private async Task<bool> RefuseAsync(int status, string problem)
        {
            using var response = HttpResponse.Text(status, problem);
            return await RefuseAsync(response).ConfigureAwait(false);
        }

        private async Task<bool> RefuseAsync(HttpResponse response)
        {
            using var patience = Within(server._limits.RequestTimeout);
            await SendAsync(response, withBody: true, goesOn: false, patience.Token).ConfigureAwait(false);
            return false;
        }

        private async Task SendAsync(HttpResponse response, bool withBody, bool goesOn, CancellationToken cancellationToken)
        {
            var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {response.Status} {ReasonOf(response.Status)}\r\nDate: {server._time.GetUtcNow():R}\r\n");
            foreach (var (name, value) in response.Headers)
            {
                head.Append(name).Append(": ").Append(value).Append("\r\n");
            }

            if (response.Status != 304)
            {
                head.Append(CultureInfo.InvariantCulture, $"Content-Length: {response.Length}\r\n");
            }

            head.Append(goesOn ? "\r\n" : "Connection: close\r\n\r\n");
            var first = Encoding.Latin1.GetBytes(head.ToString());
            if (!withBody || response.Length == 0 || response.Status == 304)
            {
                await SendAllAsync(first, cancellationToken).ConfigureAwait(false);
            }
            else if (response.File is null)
            {
                await SendAllAsync((byte[])[.. first, .. response.Bytes.Span], cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await SendAllAsync(first, cancellationToken).ConfigureAwait(false);
                await SendFileAsync(response, cancellationToken).ConfigureAwait(false);
            }
        }

        private async Task SendFileAsync(HttpResponse response, CancellationToken cancellationToken)
        {
            var buffer = new byte[(int)Math.Min(BufferBytes, response.Length)];
            for (long sent = 0; sent < response.Length;)
            {
                var count = await RandomAccess.ReadAsync(response.File!, buffer.AsMemory(0, (int)Math.Min(buffer.Length, response.Length - sent)), response.Offset + sent, cancellationToken).ConfigureAwait(false);
                if (count == 0)
                {
                    // What was announced cannot be kept: the connection ends, and the client sees that something is missing.
                    throw new EndOfStreamException();
                }

                await SendAllAsync(buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
                sent += count;
            }
        }

        private async Task SendAllAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[await socket.SendAsync(bytes, cancellationToken).ConfigureAwait(false)..];
            }
        }

        private async Task<int> ReceiveAsync(CancellationToken cancellationToken)
        {
            var count = await socket.ReceiveAsync(_head.AsMemory(_length), cancellationToken).ConfigureAwait(false);
            _length += count;
            return count;
        }

        /// <summary>Ends it so that the last answer arrives even where more was sent than was read: a reset would take it away.</summary>
        private async Task CloseAsync()
        {
            const int DrainedBytesMax = 256 << 10;
            using var patience = Within(TimeSpan.FromSeconds(2));
            socket.Shutdown(SocketShutdown.Send);
            for (var drained = 0; drained < DrainedBytesMax;)
            {
                var count = await socket.ReceiveAsync(_head.AsMemory(), patience.Token).ConfigureAwait(false);
                if (count == 0)
                {
                    return;
                }

                drained += count;
            }
        }

        private CancellationTokenSource Within(TimeSpan patience)
        {
            var source = CancellationTokenSource.CreateLinkedTokenSource(server._aborting.Token);
            source.CancelAfter(patience);
            return source;
        }

        // Nothing that is served here has a query or an escape in its address.
        private static string? PathOf(string target)
        {
            var end = target.IndexOf('?', StringComparison.Ordinal);
            var path = end < 0 ? target : target[..end];
            return path.StartsWith('/') && !path.AsSpan().ContainsAnyExceptInRange('!', '~') && !path.AsSpan().ContainsAny('%', '\\') ? path : null;
        }
    }
}
