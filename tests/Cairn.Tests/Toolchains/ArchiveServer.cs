using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cairn.Tests.Toolchains;

/// <summary>Serves a folder by HTTP, and does what mirrors do on bad days.</summary>
internal sealed class ArchiveServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;
    private readonly string _folder;

    public ArchiveServer(string folder)
    {
        _folder = folder;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>What was asked for: path, range, mark.</summary>
    public ConcurrentQueue<(string Path, string? Range, string? IfRange)> Requests { get; } = [];

    /// <summary>What answers to a path whose end it is, instead of the file; gives how many of the bytes are sent, and what comes then.</summary>
    public Func<string, Fault?> FaultOf { get; set; } = static _ => null;

    public bool KnowsRanges { get; set; } = true;

    public string Mark { get; set; } = "\"one\"";

    /// <param name="Status">Instead of the file.</param>
    /// <param name="Bytes">How many bytes come before it breaks off.</param>
    /// <param name="Stalls">Whether nothing comes then for good, and not the end of the connection.</param>
    public sealed record Fault(int? Status = null, int? Bytes = null, bool Stalls = false);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.ASCII, detectEncodingFromByteOrderMarks: false, bufferSize: -1, leaveOpen: true);
                while (await reader.ReadLineAsync(_end.Token) is { Length: > 0 } line && await AnswerAsync(stream, line, await HeadersAsync(reader)))
                {
                    // The next request of the connection.
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException)
        {
            // The client is gone.
        }
    }

    private async Task<Dictionary<string, string>> HeadersAsync(StreamReader reader)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadLineAsync(_end.Token) is { Length: > 0 } line)
        {
            headers[line[..line.IndexOf(':', StringComparison.Ordinal)]] = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        }

        return headers;
    }

    private async Task<bool> AnswerAsync(NetworkStream stream, string line, Dictionary<string, string> headers)
    {
        var path = Uri.UnescapeDataString(line.Split(' ')[1]);
        var (range, ifRange) = (headers.GetValueOrDefault("Range"), headers.GetValueOrDefault("If-Range"));
        Requests.Enqueue((path, range, ifRange));
        var fault = FaultOf(path);
        var file = _folder + path;
        if ((fault?.Status ?? (File.Exists(file) ? null : 404)) is { } status)
        {
            await WriteAsync(stream, $"HTTP/1.1 {status} Fault\r\nContent-Length: 0\r\n\r\n", ReadOnlyMemory<byte>.Empty);
            return true;
        }

        var content = await File.ReadAllBytesAsync(file, _end.Token);
        var offset = KnowsRanges && range is not null && (ifRange is null || ifRange == Mark) ? int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture) : 0;
        var head = offset > 0
            ? $"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {offset}-{content.Length - 1}/{content.Length}\r\n"
            : "HTTP/1.1 200 OK\r\n";
        var body = content.AsMemory(offset);
        await WriteAsync(stream, $"{head}ETag: {Mark}\r\nContent-Length: {body.Length}\r\n\r\n", fault?.Bytes is { } bytes ? body[..Math.Min(bytes, body.Length)] : body);
        if (fault is { Stalls: true })
        {
            await Task.Delay(Timeout.Infinite, _end.Token);
        }

        return fault is null;
    }

    private async Task WriteAsync(NetworkStream stream, string head, ReadOnlyMemory<byte> body)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), _end.Token);
        await stream.WriteAsync(body, _end.Token);
        await stream.FlushAsync(_end.Token);
    }
}
