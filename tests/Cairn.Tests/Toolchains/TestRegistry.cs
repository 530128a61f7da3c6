using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Cairn.Tests.Toolchains;

/// <summary>A registry on this machine that gives its images to who has a token, and tokens to everybody or to one user.</summary>
internal sealed class TestRegistry : IDisposable
{
    private const string Token = "let-me-in";
    private readonly HttpListener _listener;
    private readonly Dictionary<string, (string Type, byte[] Content)> _content = new(StringComparer.Ordinal);

    public TestRegistry()
    {
        for (var port = 20_000 + (Environment.ProcessId % 10_000); ; port++)
        {
            try
            {
                Host = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
                // One that could not start is disposed.
                var listener = new HttpListener();
                listener.Prefixes.Add($"http://{Host}/");
                listener.Start();
                _listener = listener;
                break;
            }
            catch (HttpListenerException)
            {
                // Somebody has it.
            }
        }

        _ = ServeAsync(TestContext.Current.CancellationToken);
    }

    public string Host { get; }

    /// <summary>Name and password, with a colon between; null for everybody.</summary>
    public string? User { get; init; }

    /// <summary>What was asked for, without questions for tokens.</summary>
    public List<string> Asked { get; } = [];

    /// <summary>Changes what is served under a path.</summary>
    public void Set(string path, string type, byte[] content) => _content[path] = (type, content);

    public static string Descriptor(string type, byte[] content, string more = "") =>
        $$"""{"mediaType":"{{type}}","digest":"sha256:{{Hash(content)}}","size":{{content.Length}}{{more}}}""";

    /// <summary>Puts an image; its manifest.</summary>
    public byte[] Put(string repository, string? tag, params TestTar[] layers)
    {
        var blobs = layers.Select(static l => l.ToGzip()).ToArray();
        var config = Encoding.UTF8.GetBytes($$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[{{string.Join(',', layers.Select(static l => $"\"sha256:{Hash(l.ToBytes())}\""))}}]} }""");
        var manifest = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"config":{{Descriptor("application/vnd.oci.image.config.v1+json", config)}},"layers":[{{string.Join(',', blobs.Select(static b => Descriptor("application/vnd.oci.image.layer.v1.tar+gzip", b)))}}]}""");
        foreach (var blob in blobs.Append(config))
        {
            Set($"/v2/{repository}/blobs/sha256:{Hash(blob)}", "application/octet-stream", blob);
        }

        PutManifest(repository, tag, "application/vnd.oci.image.manifest.v1+json", manifest);
        return manifest;
    }

    public void PutManifest(string repository, string? tag, string type, byte[] manifest)
    {
        Set($"/v2/{repository}/manifests/sha256:{Hash(manifest)}", type, manifest);
        if (tag is not null)
        {
            Set($"/v2/{repository}/manifests/{tag}", type, manifest);
        }
    }

    public static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    public void Dispose() => _listener.Close();

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            var answer = Answer(context.Request, context.Response);
            context.Response.ContentLength64 = answer.Length;
            await context.Response.OutputStream.WriteAsync(answer, cancellationToken);
            context.Response.Close();
        }
    }

    private byte[] Answer(HttpListenerRequest request, HttpListenerResponse response)
    {
        var path = request.Url!.AbsolutePath;
        if (path == "/token")
        {
            if (User is not null && request.Headers["Authorization"] != $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(User))}")
            {
                response.StatusCode = 401;
                return [];
            }

            return Encoding.UTF8.GetBytes($$"""{"token":"{{Token}}"}""");
        }

        if (request.Headers["Authorization"] != $"Bearer {Token}")
        {
            response.StatusCode = 401;
            response.AddHeader("WWW-Authenticate", $"Bearer realm=\"http://{Host}/token\",service=\"test\",scope=\"x\"");
            return [];
        }

        lock (Asked)
        {
            Asked.Add(path);
        }

        if (!_content.TryGetValue(path, out var found))
        {
            response.StatusCode = 404;
            return [];
        }

        response.ContentType = found.Type;
        return found.Content;
    }
}
