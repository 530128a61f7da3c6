using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Cairn.Engine.Log;

/// <summary>How patient a client of logs and witnesses is.</summary>
public sealed record LogPatience
{
    /// <summary>How often something is asked for.</summary>
    public int AttemptsMax { get; init; } = 4;

    /// <summary>The pause after the first attempt; it doubles.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long an answer may take, its body included.</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>Requests to logs and witnesses: bounded answers, a few attempts, no redirection, since an address is what the user wrote.</summary>
internal sealed class LogHttp : IDisposable
{
    private readonly HttpClient _client;
    private readonly TimeProvider _time;
    private readonly LogPatience _patience;

    public LogHttp(Uri address, TimeProvider time, LogPatience patience)
    {
        (_time, _patience) = (time, patience);
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = !address.IsLoopback,
            // Entries may come compressed without being asked for that way.
            AutomaticDecompression = DecompressionMethods.GZip,
            ConnectTimeout = patience.Answer,
            MaxConnectionsPerServer = 8,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _client.DefaultRequestHeaders.UserAgent.ParseAdd("cairn");
    }

    /// <summary>An address with a slash at its end, so that names are put behind it.</summary>
    public static Uri AsFolder(Uri address) => address.AbsoluteUri.EndsWith('/') ? address : new Uri(address.AbsoluteUri + "/");

    /// <summary>Reads; null where there is nothing. Throws <see cref="LogUnavailableException"/>.</summary>
    public async Task<byte[]?> TryGetAsync(Uri address, int bytesMax, CancellationToken cancellationToken)
    {
        var (status, body) = await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, address), bytesMax, cancellationToken).ConfigureAwait(false);
        return status switch
        {
            HttpStatusCode.OK => body,
            HttpStatusCode.NotFound or HttpStatusCode.Gone => null,
            _ => throw new LogUnavailableException(string.Create(CultureInfo.InvariantCulture, $"{address} answers with {(int)status}")),
        };
    }

    /// <summary>Sends, and gives whatever is answered that will not be better the next time. Throws <see cref="LogUnavailableException"/>.</summary>
    public async Task<(HttpStatusCode Status, byte[] Body)> PostAsync(Uri address, byte[] body, string contentType, string? token, int bytesMax, CancellationToken cancellationToken) =>
        await SendAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(body) };
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
                request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
                return request;
            },
            bytesMax,
            cancellationToken).ConfigureAwait(false);

    public void Dispose() => _client.Dispose();

    private async Task<(HttpStatusCode Status, byte[] Body)> SendAsync(Func<HttpRequestMessage> make, int bytesMax, CancellationToken cancellationToken)
    {
        var pause = _patience.FirstPause;
        for (var attempt = 1; ; attempt++)
        {
            var (answer, problem) = await TryAsync(make, bytesMax, cancellationToken).ConfigureAwait(false);
            if (answer is { } came && (came.Status < HttpStatusCode.InternalServerError && came.Status != HttpStatusCode.TooManyRequests))
            {
                return came;
            }

            if (attempt == _patience.AttemptsMax)
            {
                return answer ?? throw problem!;
            }

            await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(false);
            pause *= 2;
        }
    }

    private async Task<((HttpStatusCode Status, byte[] Body)? Answer, LogUnavailableException? Problem)> TryAsync(Func<HttpRequestMessage> make, int bytesMax, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_patience.Answer, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var request = make();
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            using var stream = await response.Content.ReadAsStreamAsync(either.Token).ConfigureAwait(false);
            using var body = new MemoryStream();
            var buffer = new byte[64 << 10];
            while (await stream.ReadAsync(buffer, either.Token).ConfigureAwait(false) is > 0 and var count)
            {
                if (body.Length + count > bytesMax)
                {
                    return (null, new LogUnavailableException($"{request.RequestUri} answers with more than {bytesMax} bytes"));
                }

                await body.WriteAsync(buffer.AsMemory(0, count), either.Token).ConfigureAwait(false);
            }

            return ((response.StatusCode, body.ToArray()), null);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, new LogUnavailableException($"{request.RequestUri} does not answer within {Core.Durations.Format(_patience.Answer)}", exception));
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or InvalidDataException)
        {
            return (null, new LogUnavailableException($"{request.RequestUri} cannot be reached: {exception.Message}", exception));
        }
    }
}
