using System.Globalization;

using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

/// <summary>npm in a fetch step, with a registry on a port of this machine: static files that a server of Python's answers with.</summary>
public sealed class FetchRegistryTests : IAsyncDisposable
{
    private const string Archive = "sums-1.0.0.tgz";

    private readonly TemporaryFolder _registry = new();
    private readonly TestProject _project = new("sandbox");
    private readonly RunningTool _server;

    public FetchRegistryTests() => _server = new Tool("python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "0") { Folder = _registry.Path }.Start();

    [Fact]
    public async Task Fetch_FromARegistry_IsPinned_AndTheRestNeedsNone()
    {
        await ServeAsync("exports.sum = (a, b) => a + b;");
        await FetchAsync();
        Assert.Contains("\"node_modules/sums/index.js\": ", _project.Read("cairn.lock"), StringComparison.Ordinal);

        File.Delete(_registry[Archive]);
        var run = await _project.CairnAsync("run", "--plain");
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Contains("[use] 3", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WhereTheRegistryHasOtherBytes_Fails_AndNamesTheFile()
    {
        await ServeAsync("exports.sum = (a, b) => a + b;");
        await FetchAsync();
        Forget();

        await ServeAsync("exports.sum = (a, b) => a + b + 1;");
        var run = await _project.CairnAsync("run", "--plain");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("the hosts sent something else than `cairn.lock` has pinned: `node_modules/sums/index.js` differs", run.Output, StringComparison.Ordinal);
        Assert.Contains("use: not run", run.Output, StringComparison.Ordinal);
        Assert.False(_project.Exists("node_modules/sums"));
    }

    [Theory]
    [InlineData("missing", "404")]
    [InlineData("truncated", "unexpected end of file")]
    public async Task Fetch_OfWhatTheRegistryHasNotWhole_Fails_AndPinsNothing(string fault, string told)
    {
        await ServeAsync("exports.sum = (a, b) => a + b;");
        if (fault == "missing")
        {
            File.Delete(_registry[Archive]);
        }
        else
        {
            var bytes = await File.ReadAllBytesAsync(_registry[Archive], TestContext.Current.CancellationToken);
            await File.WriteAllBytesAsync(_registry[Archive], bytes[..(bytes.Length / 2)], TestContext.Current.CancellationToken);
        }

        var fetched = await _project.CairnAsync("fetch", "--plain");
        Assert.Equal(1, fetched.ExitCode);
        Assert.Contains(told, fetched.Output, StringComparison.Ordinal);
        Assert.False(_project.Exists("cairn.lock") || _project.Exists("node_modules"));
    }

    [Fact]
    public async Task Fetch_OfAPackageFromAnotherHost_IsRefused_WithTheLineToWrite()
    {
        await ServeAsync("", host: "packages.example.com");
        var fetched = await _project.CairnAsync("fetch", "--plain");
        Assert.Equal(1, fetched.ExitCode);
        Assert.Contains("`deps` was refused `packages.example.com", fetched.Output, StringComparison.Ordinal);
        Assert.Contains("write `hosts: [localhost:", fetched.Output, StringComparison.Ordinal);
        Assert.False(_project.Exists("cairn.lock"));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _project.Dispose();
        _registry.Dispose();
    }

    /// <summary>Puts the package into the registry, and the project that needs it into its folder.</summary>
    private async Task ServeAsync(string source, string? host = null)
    {
        await _server.WaitForAsync("Serving HTTP on", TestContext.Current.CancellationToken);
        var port = int.Parse(_server.Output.Split(" port ")[1].Split(' ')[0], CultureInfo.InvariantCulture);
        _registry.Write("sums/package.json", """{ "name": "sums", "version": "1.0.0", "main": "index.js" }""");
        _registry.Write("sums/index.js", source);
        var packed = await new Tool("npm", "pack", "./sums") { Folder = _registry.Path }.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(packed.ExitCode == 0, packed.ToString());

        // Without `integrity` nobody but the pin says what the package is.
        _project.Write("package.json", """{ "name": "app", "dependencies": { "sums": "1.0.0" } }""");
        _project.Write("package-lock.json", $$"""
            {
              "name": "app",
              "lockfileVersion": 3,
              "requires": true,
              "packages": {
                "": { "name": "app", "dependencies": { "sums": "1.0.0" } },
                "node_modules/sums": { "version": "1.0.0", "resolved": "http://{{host ?? "localhost"}}:{{port}}/{{Archive}}" }
              }
            }
            """);
        _project.Write("cairn.yaml", $"""
            version: 1
            steps:
              deps:
                uses: fetch
                run: npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=0
                hosts: ["localhost:{port}"]
                inputs: [package.json, package-lock.json]
                outputs: ["node_modules/**", "!node_modules/.package-lock.json"]
              use:
                needs: [deps]
                run: node -e 'console.log(require("sums").sum(1, 2))'
                inputs: []
            """);
    }

    private async Task FetchAsync()
    {
        var fetched = await _project.CairnAsync("fetch", "--plain");
        Assert.True(fetched.ExitCode == 0, fetched.ToString());
        Assert.Contains("deps  pinned  2 files", fetched.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("warning[", fetched.Output, StringComparison.Ordinal);
    }

    /// <summary>Another machine has the lock, and neither the store nor the outputs.</summary>
    private void Forget()
    {
        Directory.Delete(_project.Environment["XDG_CACHE_HOME"], recursive: true);
        Directory.Delete(Path.Combine(_project.Folder, "node_modules"), recursive: true);
    }
}
