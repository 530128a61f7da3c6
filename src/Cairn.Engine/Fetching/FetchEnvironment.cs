using System.Text;

using Cairn.Core.Fetching;
using Cairn.Engine.Isolation;
using Cairn.Execution.Fetching;
using Cairn.Store.Layers;

namespace Cairn.Engine.Fetching;

/// <summary>How the programs of a fetch step find their way: variables that name the proxy and the certificates. They are the same on every machine, and in every action.</summary>
internal static class FetchEnvironment
{
    /// <summary>Where a step finds the certificates that it trusts.</summary>
    public const string CertificatesFile = "/etc/cairn/certificates.pem";

    private const int CertificatesBytesMax = 4 << 20;
    private const string Here = "localhost,127.0.0.1,::1";

    // Where distributions have theirs.
    private static readonly string[] Bundles =
        ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"];

    // What programs call a file of certificates that replaces or adds to their own.
    private static readonly string[] CertificateVariables =
        ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO", "NODE_EXTRA_CA_CERTS", "NIX_SSL_CERT_FILE", "COMPOSER_CAFILE"];

    /// <summary>Adds the variables.</summary>
    public static void Add(Dictionary<string, string> variables, HostRules hosts)
    {
        var proxy = $"http://127.0.0.1:{HostProxy.Port}";
        foreach (var name in (ReadOnlySpan<string>)["http_proxy", "https_proxy", "all_proxy"])
        {
            variables[name] = variables[name.ToUpperInvariant()] = proxy;
        }

        // What a program starts for itself it reaches directly, unless it is the machine outside that is meant.
        var direct = hosts.HasLoopback ? "" : Here;
        variables["no_proxy"] = variables["NO_PROXY"] = direct;
        var java = new StringBuilder();
        foreach (var scheme in (ReadOnlySpan<string>)["http", "https"])
        {
            java.Append($"-D{scheme}.proxyHost=127.0.0.1 -D{scheme}.proxyPort={HostProxy.Port} ");
        }

        java.Append($"-Dhttp.nonProxyHosts={direct.Replace(',', '|')}");
        variables["JAVA_TOOL_OPTIONS"] = java.ToString();
        // Of Maven's two ways over HTTP one looks at these properties only when it is told to.
        variables["MAVEN_OPTS"] = "-Daether.connector.http.useSystemProperties=true";
        foreach (var name in CertificateVariables)
        {
            variables[name] = CertificatesFile;
        }
    }

    /// <summary>Lays out the certificates that this machine trusts; where it has none, a link to where a toolchain has its own.</summary>
    public static void AddCertificates(LayerWriter layer, Func<string, string?> variable)
    {
        var path = CertificatesFile[1..];
        var content = Read(variable("SSL_CERT_FILE"));
        foreach (var bundle in Bundles)
        {
            content ??= Read(bundle);
        }

        if (content is null)
        {
            layer.AddLink(path, Bundles[0]);
            return;
        }

        if (variable("NODE_EXTRA_CA_CERTS") is { } extra && Read(extra) is { } more && !content.AsSpan().SequenceEqual(more))
        {
            content = [.. content, (byte)'\n', .. more];
        }

        layer.AddFile(path, content);
    }

    private static byte[]? Read(string? path)
    {
        if (string.IsNullOrEmpty(path))
        {
            return null;
        }

        try
        {
            using var stream = File.OpenRead(path);
            return BoundedRead.All(stream, CertificatesBytesMax) is { Length: > 0 and <= CertificatesBytesMax } bytes ? bytes : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
