using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Cairn.Tests.Handlers;

/// <summary>What a receiver was sent.</summary>
internal sealed record Received(string Path, byte[] Body, IReadOnlyDictionary<string, string> Headers);

/// <summary>A receiver of webhooks on this machine, which answers as a test says.</summary>
internal sealed class TestReceiver : IAsyncDisposable
{
    private readonly HttpListener _listener;
    private readonly Func<int, HttpListenerContext, CancellationToken, Task> _answer;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    public TestReceiver(Func<int, HttpListenerContext, CancellationToken, Task> answer)
    {
        _answer = answer;
        (_listener, Address) = Listen();
        _loop = Task.Run(LoopAsync, CancellationToken.None);
    }

    public Uri Address { get; }

    public ConcurrentQueue<Received> Received { get; } = new();

    /// <summary>One that answers with these statuses, the last one for ever.</summary>
    public static TestReceiver Of(params int[] statuses) => new((number, context, _) =>
    {
        context.Response.StatusCode = statuses[Math.Min(number, statuses.Length - 1)];
        if (context.Response.StatusCode is >= 300 and < 400)
        {
            context.Response.RedirectLocation = "/elsewhere";
        }

        return Task.CompletedTask;
    });

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Close();
        await _loop.WaitAsync(TimeSpan.FromSeconds(10), CancellationToken.None);
        _stop.Dispose();
    }

    private static (HttpListener Listener, Uri Address) Listen()
    {
        for (var tries = 0; ; tries++)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var address = new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/hook");
            probe.Stop();
            var listener = new HttpListener();
            listener.Prefixes.Add(new Uri(address, "/").AbsoluteUri);
            try
            {
                listener.Start();
                return (listener, address);
            }
            catch (HttpListenerException) when (tries < 10)
            {
                // Somebody took the port meanwhile.
                listener.Close();
            }
        }
    }

    private async Task LoopAsync()
    {
        for (var number = 0; !_stop.IsCancellationRequested; number++)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            _ = AnswerAsync(number, context);
        }
    }

    private async Task AnswerAsync(int number, HttpListenerContext context)
    {
        try
        {
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body, _stop.Token);
            Received.Enqueue(new Received(
                context.Request.Url!.AbsolutePath,
                body.ToArray(),
                context.Request.Headers.AllKeys.ToDictionary(k => k!, k => context.Request.Headers[k]!, StringComparer.OrdinalIgnoreCase)));
            await _answer(number, context, _stop.Token);
            context.Response.Close();
        }
        catch (Exception exception) when (exception is HttpListenerException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // The caller has given up.
            context.Response.Abort();
        }
    }
}
