using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains.Downloads;

namespace Cairn.Execution.Toolchains.Oci;

/// <summary>
/// How a registry is told who asks: it names a server that gives tokens, which one asks without a name, or with what <c>docker login</c> keeps. A name and its password go to no server
/// but over HTTPS, or to this machine.
/// </summary>
internal sealed class OciAccess : IServerAccess
{
    private const int AnswerBytesMax = 1 << 20;
    private const int ConfigBytesMax = 1 << 20;

    private readonly OciReference _image;
    private readonly string? _credentials;
    private readonly Lock _gate = new();
    private AuthenticationHeaderValue? _header;

    /// <summary>For a registry, with the credentials of the caller. Throws <see cref="ToolchainException"/> where these cannot be read.</summary>
    public OciAccess(OciReference image, IReadOnlyDictionary<string, string> environment)
    {
        _image = image;
        _credentials = Credentials(image.Registry!, environment);
    }

    /// <inheritdoc/>
    public void Prepare(HttpRequestMessage request)
    {
        foreach (var type in request.RequestUri!.AbsolutePath.Contains("/manifests/", StringComparison.Ordinal) ? OciManifest.MediaTypes : [])
        {
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(type));
        }

        lock (_gate)
        {
            request.Headers.Authorization = _header;
        }
    }

    /// <inheritdoc/>
    public async Task<bool> TryAnswerAsync(HttpResponseMessage refusal, HttpClient client, CancellationToken cancellationToken)
    {
        foreach (var challenge in refusal.Headers.WwwAuthenticate)
        {
            if (challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase) && await TokenAsync(challenge.Parameter ?? "", client, cancellationToken) is { } token)
            {
                Set(new AuthenticationHeaderValue("Bearer", token));
                return true;
            }

            if (challenge.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) && _credentials is not null)
            {
                Set(new AuthenticationHeaderValue("Basic", _credentials));
                return true;
            }
        }

        return false;
    }

    private void Set(AuthenticationHeaderValue header)
    {
        lock (_gate)
        {
            _header = header;
        }
    }

    private async Task<string?> TokenAsync(string challenge, HttpClient client, CancellationToken cancellationToken)
    {
        var parameters = Parameters(challenge);
        if (!parameters.TryGetValue("realm", out var realm) || !Uri.TryCreate(realm, UriKind.Absolute, out var server))
        {
            return null;
        }

        if (server.Scheme != Uri.UriSchemeHttps && !(server.Scheme == Uri.UriSchemeHttp && server.IsLoopback && _image.IsLoopback))
        {
            throw new ToolchainException($"The registry `{_image.Registry}` names `{realm}` to ask for a token, which would be asked without encryption");
        }

        var query = new StringBuilder(server.Query.Length > 1 ? server.Query + "&" : "?");
        if (parameters.TryGetValue("service", out var service))
        {
            query.Append("service=").Append(Uri.EscapeDataString(service)).Append('&');
        }

        query.Append("scope=").Append(Uri.EscapeDataString($"repository:{_image.Repository}:pull"));
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, server.AbsolutePath + query));
        if (_credentials is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", _credentials);
        }

        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            return null;
        }

        await response.Content.LoadIntoBufferAsync(AnswerBytesMax, cancellationToken);
        try
        {
            using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken), new JsonDocumentOptions { AllowDuplicateProperties = false });
            foreach (var name in (ReadOnlySpan<string>)["token", "access_token"])
            {
                if (answer.RootElement.TryGetProperty(name, out var token) && token.ValueKind == JsonValueKind.String && token.GetString() is { Length: > 0 } text && !text.AsSpan().ContainsAny('\r', '\n'))
                {
                    return text;
                }
            }

            return null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ToolchainException($"What `{server}` gives is no token: {exception.Message}", inner: exception);
        }
    }

    /// <summary>Reads <c>key="value",key=value</c>.</summary>
    internal static Dictionary<string, string> Parameters(string text)
    {
        var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var at = 0; at < text.Length;)
        {
            var equals = text.IndexOf('=', at);
            if (equals < 0)
            {
                break;
            }

            var key = text[at..equals].Trim(' ', ',');
            var value = new StringBuilder();
            at = equals + 1;
            if (at < text.Length && text[at] == '"')
            {
                for (at++; at < text.Length && text[at] != '"'; at++)
                {
                    at += text[at] == '\\' && at + 1 < text.Length ? 1 : 0;
                    value.Append(text[at]);
                }

                at++;
            }
            else
            {
                var end = text.IndexOf(',', at);
                end = end < 0 ? text.Length : end;
                value.Append(text.AsSpan(at, end - at).Trim());
                at = end;
            }

            parameters[key] = value.ToString();
            at = text.IndexOf(',', Math.Min(at, text.Length)) is >= 0 and var comma ? comma + 1 : text.Length;
        }

        return parameters;
    }

    /// <summary>Name and password in Base64 as <c>docker login</c> keeps them; null for none.</summary>
    private static string? Credentials(string registry, IReadOnlyDictionary<string, string> environment)
    {
        var folder = environment.TryGetValue("DOCKER_CONFIG", out var configured) && configured.Length > 0 ? configured
            : environment.TryGetValue("HOME", out var home) && home.Length > 0 ? Path.Combine(home, ".docker") : null;
        var path = folder is null ? null : Path.Combine(folder, "config.json");
        if (path is null || !File.Exists(path))
        {
            return null;
        }

        try
        {
            if (new FileInfo(path).Length > ConfigBytesMax)
            {
                throw new ToolchainException($"`{path}` has more than {ConfigBytesMax} bytes");
            }

            using var config = JsonDocument.Parse(File.ReadAllBytes(path));
            foreach (var name in registry == "docker.io" ? (ReadOnlySpan<string>)["https://index.docker.io/v1/", "docker.io", "index.docker.io"] : [registry, "https://" + registry])
            {
                if (config.RootElement.TryGetProperty("auths", out var auths) && auths.TryGetProperty(name, out var entry) && entry.TryGetProperty("auth", out var auth) && auth.GetString() is { Length: > 0 } credentials)
                {
                    return Convert.TryFromBase64String(credentials, new byte[credentials.Length], out _) ? credentials : throw new ToolchainException($"The credentials for `{name}` in `{path}` are damaged", "`docker login` writes them anew");
                }
            }

            return null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new ToolchainException($"`{path}`, which may have credentials for `{registry}`, cannot be read: {exception.Message}", inner: exception);
        }
    }
}
