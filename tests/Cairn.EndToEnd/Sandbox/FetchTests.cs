using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

/// <summary>Steps that fetch, from a server of the test's own, as root and as an ordinary user.</summary>
public sealed class FetchTests : IAsyncDisposable
{
    private const string Get = """
        import socket, ssl, sys, urllib.request
        try:
            print("direct", socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5))
        except OSError as error:
            print("direct:", type(error).__name__)
        try:
            print("resolved", socket.gethostbyname("registry.npmjs.org"))
        except OSError as error:
            print("names:", type(error).__name__)
        try:
            urllib.request.urlopen("http://example.org/").read()
        except OSError as error:
            print("other:", error)
        for path in sys.argv[3:]:
            with urllib.request.urlopen(sys.argv[2] + path) as answer, open("out/" + path, "wb") as file:
                file.write(answer.read())
        """;

    private readonly Server _server = new();

    public static TheoryData<bool> Users => HostileProject.Users;

    [Theory]
    [MemberData(nameof(Users))]
    public async Task Fetch_ReachesItsHosts_AndRunsTakeWhatIsPinned(bool asUser)
    {
        using var project = Project(asUser);
        _server.Files["/a"] = "one";
        var unpinned = await project.RunAsync();
        Assert.Contains("CAIRN0724", unpinned.Error, StringComparison.Ordinal);
        Assert.Contains("cairn fetch deps", unpinned.Error, StringComparison.Ordinal);

        var fetched = await FetchAsync(project);
        Assert.True(fetched.ExitCode == 0, fetched.ToString());
        Assert.Contains("direct: ConnectionRefusedError", fetched.Output, StringComparison.Ordinal);
        Assert.Contains("names: gaierror", fetched.Output, StringComparison.Ordinal);
        Assert.Contains("other: HTTP Error 403", fetched.Output, StringComparison.Ordinal);
        Assert.Contains("`deps` was refused `example.org`", fetched.Output, StringComparison.Ordinal);
        Assert.Contains($"write `hosts: [localhost:{_server.Port}, example.org]`", fetched.Output, StringComparison.Ordinal);
        Assert.Contains("deps  pinned  1 file, 3 B", fetched.Output, StringComparison.Ordinal);
        Assert.Equal(1, _server.Requests);

        // What the server has now, or whether there is one, makes no difference any more.
        _server.Files["/a"] = "two";
        var run = await project.RunAsync();
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Contains("[use] one", run.Output, StringComparison.Ordinal);
        Assert.Contains("deps: cached", run.Output, StringComparison.Ordinal);
        Assert.Equal(1, _server.Requests);

        var again = await project.RunAsync();
        Assert.Contains("2 of 2 cached", again.Output, StringComparison.Ordinal);
        project.AssertNothingLeft();
    }

    [Theory]
    [MemberData(nameof(Users))]
    public async Task Run_WithoutThePinnedTree_FetchesIt_AndUsesNothingElse(bool asUser)
    {
        using var project = Project(asUser);
        _server.Files["/a"] = "one";
        await FetchAsync(project);
        Directory.Delete(project.Store, recursive: true);
        File.Delete(Path.Combine(project.Project.Folder, "out/a"));

        _server.Files["/a"] = "two";
        var differs = await project.RunAsync();
        Assert.Equal(1, differs.ExitCode);
        Assert.Contains("the hosts sent something else than `cairn.lock` has pinned: `out/a` differs", differs.Output, StringComparison.Ordinal);
        Assert.Contains("use: not run", differs.Output, StringComparison.Ordinal);
        Assert.False(project.Project.Exists("out/a"));

        _server.Files["/a"] = "one";
        var same = await project.RunAsync();
        Assert.True(same.ExitCode == 0, same.ToString());
        Assert.Contains("[use] one", same.Output, StringComparison.Ordinal);
        Assert.Equal("one", project.Project.Read("out/a"));
        project.AssertNothingLeft();
    }

    [Fact]
    public async Task Fetch_AgainAfterAChange_SaysWhatChanged()
    {
        using var project = Project(asUser: false);
        _server.Files["/a"] = "one";
        await FetchAsync(project);
        var current = await FetchAsync(project);
        Assert.Contains("is pinned and here", current.Output, StringComparison.Ordinal);

        _server.Files["/a"] = "three";
        var tried = await FetchAsync(project, "--update", "--dry-run");
        Assert.Contains("would be pinned  1 file, 5 B (0 added, 1 changed, 0 removed; 3 B before)", tried.Output, StringComparison.Ordinal);
        Assert.Equal("one", project.Project.Read("out/a"));
        Assert.Contains("[use] one", (await project.RunAsync()).Output, StringComparison.Ordinal);

        project.Project.Write("wanted", "b");
        var stale = await project.RunAsync();
        Assert.Equal(1, stale.ExitCode);
        Assert.Contains("are no longer those that `cairn.lock` has pinned: run `cairn fetch deps`", stale.Output, StringComparison.Ordinal);
        var updated = await FetchAsync(project);
        Assert.Contains("deps  pinned  1 file, 5 B (0 added, 1 changed, 0 removed; 3 B before)", updated.Output, StringComparison.Ordinal);
        Assert.Contains("[use] three", (await project.RunAsync()).Output, StringComparison.Ordinal);

        var forced = await project.RunAsync("--force", "deps");
        Assert.True(forced.ExitCode == 0, forced.ToString());
        Assert.DoesNotContain("deps: cached", forced.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_OfAStepThatDoesNot_IsRefused()
    {
        using var project = Project(asUser: false);
        Assert.Contains("does not fetch", (await FetchAsync(project, "use")).Error, StringComparison.Ordinal);
        Assert.Contains("did you mean `deps`?", (await FetchAsync(project, "dep")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_ThatWritesStepOutputs_Fails()
    {
        using var project = HostileProject.Of(asUser: false, "  deps: { uses: fetch, run: 'mkdir out && echo x > out/a && echo a=b >> $CAIRN_OUTPUT', hosts: [localhost], inputs: [], outputs: [out/a] }\n");
        var fetched = await FetchAsync(project);
        Assert.Equal(1, fetched.ExitCode);
        Assert.Contains("it wrote step outputs, which are not pinned", fetched.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(project.Project.Folder, "cairn.lock")));
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    private HostileProject Project(bool asUser)
    {
        var project = HostileProject.Of(asUser, $$"""
              deps:
                uses: fetch
                run: mkdir out && python3 get.py {{_server.Port}} https://localhost:{{_server.Port}}/ a
                hosts: ["localhost:{{_server.Port}}"]
                inputs: [get.py, wanted]
                outputs: [out/*]
              use:
                needs: [deps]
                inputs: []
                run: cat out/a
            """);
        project.Project.Write("get.py", Get);
        project.Project.Write("wanted", "a");
        var certificate = Path.Combine(project.Outside, "home/ca.pem");
        File.WriteAllText(certificate, _server.Certificate);
        project.Project.Environment = project.Project.Environment.SetItem("SSL_CERT_FILE", certificate);
        return project;
    }

    private static Task<ToolResult> FetchAsync(HostileProject project, params ImmutableArray<string> arguments) =>
        project.Command(["fetch", "--plain", .. arguments]).RunAsync(TestContext.Current.CancellationToken);

    /// <summary>A server of files over TLS on a port of this machine, under the name <c>localhost</c>.</summary>
    private sealed class Server : IAsyncDisposable
    {
        private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly CancellationTokenSource _ending = new();
        private readonly X509Certificate2 _certificate;
        private readonly Task _serving;
        private int _requests;

        public Server()
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("localhost");
            request.CertificateExtensions.Add(names.Build());
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
            using var made = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
            _certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), password: null);
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _listener.Listen();
            _serving = ServeAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

        public string Certificate => _certificate.ExportCertificatePem();

        public int Requests => Volatile.Read(ref _requests);

        public ConcurrentDictionary<string, string> Files { get; } = new(StringComparer.Ordinal);

        public async ValueTask DisposeAsync()
        {
            await _ending.CancelAsync();
            _listener.Dispose();
            await _serving;
            _certificate.Dispose();
            _ending.Dispose();
        }

        private async Task ServeAsync()
        {
            while (!_ending.IsCancellationRequested)
            {
                try
                {
                    using var peer = await _listener.AcceptAsync(_ending.Token);
                    await AnswerAsync(peer);
                }
                catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
                {
                    // Whoever hangs up misses his answer.
                }
            }
        }

        private async Task AnswerAsync(Socket peer)
        {
            await using var tls = new SslStream(new NetworkStream(peer));
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _ending.Token);
            using var reader = new StreamReader(tls, Encoding.ASCII, leaveOpen: true);
            var path = (await reader.ReadLineAsync(_ending.Token) ?? "").Split(' ') is [_, var asked, ..] ? asked : "";
            while (await reader.ReadLineAsync(_ending.Token) is { Length: > 0 })
            {
            }

            Interlocked.Increment(ref _requests);
            var found = Files.TryGetValue(path, out var content);
            await tls.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {(found ? "200 OK" : "404 Not Found")}\r\nContent-Length: {content?.Length ?? 0}\r\nConnection: close\r\n\r\n{content}"), _ending.Token);
            await tls.ShutdownAsync();
        }
    }
}
