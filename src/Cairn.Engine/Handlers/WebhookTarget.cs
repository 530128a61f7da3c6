using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;

namespace Cairn.Engine.Handlers;

/// <summary>Posts messages, signed as Standard Webhooks has it, so that receivers can verify them with what they have. Follows no redirection: an address is what the user wrote.</summary>
internal sealed class WebhookTarget : IHandlerTarget
{
    private readonly HandlerSettings.Webhook _settings;
    private readonly Func<SecretPlace, byte[]> _readSecret;
    private readonly string _version;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;
    private byte[]? _secret;

    /// <param name="settings">The handler.</param>
    /// <param name="readSecret">Reads its secret when the first message is sent; throws <see cref="IOException"/> with what is wrong.</param>
    /// <param name="version">The version of Cairn.</param>
    /// <param name="time">The clock of timestamps and timeouts.</param>
    public WebhookTarget(HandlerSettings.Webhook settings, Func<SecretPlace, byte[]> readSecret, string version, TimeProvider time)
    {
        _settings = settings;
        _readSecret = readSecret;
        _version = version;
        _time = time;
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            // A proxy of the environment would be asked for what stays on this machine.
            UseProxy = !settings.Address.IsLoopback,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = 16,
            MaxConnectionsPerServer = 1,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <inheritdoc/>
    public async Task<DeliveryOutcome> DeliverAsync(IReadOnlyList<HandlerMessage> messages, CancellationToken cancellationToken)
    {
        var message = messages[0];
        try
        {
            _secret ??= _readSecret(_settings.Secret);
        }
        catch (IOException exception)
        {
            return new DeliveryOutcome.Failed(exception.Message);
        }

        using var timeout = new CancellationTokenSource(_settings.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var request = Request(message, _secret);
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            return Judge(response);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new DeliveryOutcome.Failed($"no answer within {Core.Durations.Format(_settings.Timeout)}");
        }
        catch (HttpRequestException exception)
        {
            return new DeliveryOutcome.Failed(Describe(exception));
        }
        catch (IOException)
        {
            return new DeliveryOutcome.Failed("the connection broke");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        CryptographicOperations.ZeroMemory(_secret);
    }

    /// <summary>The value of <c>webhook-signature</c>: <c>v1,</c> and the base64 of HMAC-SHA256 over id, timestamp and body with points between them.</summary>
    internal static string Sign(ReadOnlySpan<byte> secret, string id, string timestamp, ReadOnlySpan<byte> body)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        mac.AppendData(Encoding.ASCII.GetBytes($"{id}.{timestamp}."));
        mac.AppendData(body);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        _ = mac.GetHashAndReset(hash);
        return $"v1,{Convert.ToBase64String(hash)}";
    }

    private HttpRequestMessage Request(HandlerMessage message, byte[] secret)
    {
        var timestamp = _time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var content = new ReadOnlyMemoryContent(message.Body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json", "utf-8");
        var request = new HttpRequestMessage(HttpMethod.Post, _settings.Address) { Content = content };
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("cairn", ProductInfoHeaderValue.TryParse($"cairn/{_version}", out _) ? _version : null));
        request.Headers.Add("webhook-id", message.Id);
        request.Headers.Add("webhook-timestamp", timestamp);
        request.Headers.Add("webhook-signature", Sign(secret, message.Id, timestamp, message.Body.Span));
        request.Headers.Add("cairn-event", message.Type);
        return request;
    }

    private DeliveryOutcome Judge(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        return status switch
        {
            >= 200 and < 300 => new DeliveryOutcome.Delivered(status.ToString(CultureInfo.InvariantCulture)),
            >= 300 and < 400 => new DeliveryOutcome.Refused($"it answered {status}, and redirections are not followed: write the address that it names"),
            408 or 425 or 429 or >= 500 => new DeliveryOutcome.Failed($"it answered {status}", AfterOf(response)),
            _ => new DeliveryOutcome.Refused($"it answered {status}"),
        };
    }

    private TimeSpan? AfterOf(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - _time.GetUtcNow(),
        _ => null,
    };

    // Its own text is a resource key in a trimmed build, and names the whole address.
    private static string Describe(HttpRequestException exception) => exception.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "its name cannot be resolved",
        HttpRequestError.SecureConnectionError => exception.InnerException is AuthenticationException ? "its certificate is not trusted" : "no secure connection could be made",
        HttpRequestError.ConnectionError => exception.InnerException is SocketException { SocketErrorCode: var error } ? $"no connection: {Words(error)}" : "no connection",
        HttpRequestError.ProxyTunnelError => "the proxy refused",
        HttpRequestError.ConfigurationLimitExceeded => "its answer is too long",
        _ => "its answer is not HTTP, or the connection broke",
    };

    private static string Words(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "refused",
        SocketError.TimedOut => "timed out",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "unreachable",
        SocketError.ConnectionReset => "reset",
        _ => error.ToString(),
    };
}
