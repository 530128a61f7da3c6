using System.Collections.Immutable;
using System.Runtime.Versioning;

using Cairn.Testing;

namespace Cairn.EndToEnd;

/// <summary><c>./cairn</c> with a stand-in for <c>dotnet</c> that counts builds: when it builds, and what it leaves.</summary>
[SupportedOSPlatform("linux")]
public sealed class LauncherTests : IAsyncLifetime
{
    // "Publishes" a program that prints the source and waits for a file where it is told to.
    private const string FakeDotnet = """
        #!/bin/sh
        [ "$1" != --list-sdks ] || { echo '10.0.100 [/nowhere]'; exit 0; }
        for argument; do
            case $argument in -p:PublishDir=*) target=${argument#-p:PublishDir=} ;; esac
        done
        echo built >>"$FAKE/builds"
        if [ -e "$FAKE/broken" ]; then echo 'error CS0000: broken'; exit 1; fi
        mkdir -p "$target"
        cp /bin/sh "$target/sh"
        { echo '#!/bin/sh'; echo "echo '$(cat src/Cairn.Cli/Program.cs)' \"\$@\""; echo '[ "${1-}" = version ] || exit ${EXIT-0}'; } >"$target/cairn"
        chmod +x "$target/cairn"
        """;

    private readonly TemporaryFolder _folder = new();

    // `install` writes what is executed: a file that this process had open for writing may be held so by a child that another test forked meanwhile, and then is "busy".
    public async ValueTask InitializeAsync()
    {
        foreach (var file in (string[])["cairn", "eng/launcher.sh", "eng/bootstrap.sh", "Directory.Build.props", "Directory.Packages.props", "global.json", ".editorconfig", "eng/BannedSymbols.txt"])
        {
            await InstallAsync("755", Path.Combine(SourceTree.Root, file), Path.Combine(Root, file));
        }

        Source("one");
        _folder.Write("dotnet", FakeDotnet);
        await InstallAsync("500", _folder["dotnet"], _folder["bin/dotnet"]);
    }

    // Spaces and glob characters, as in some people's folders.
    private string Root => _folder["source tree [1]"];

    private int Builds => _folder.Exists("builds") ? File.ReadAllLines(_folder["builds"]).Length : 0;

    [Fact]
    public async Task Launcher_Builds_Once()
    {
        var first = await RunAsync("run", "a b");
        var second = await RunAsync("x");

        Assert.Equal("one run a b\n", first.Output);
        Assert.Equal("one x\n", second.Output);
        Assert.Contains("building cairn", first.Error, StringComparison.Ordinal);
        Assert.Empty(second.Error);
        Assert.Equal(1, Builds);
    }

    [Fact]
    public async Task Launcher_Hands_The_Exit_Code_On()
    {
        var result = await (Launcher("x") with { Environment = Environment().Add("EXIT", "42") }).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(42, result.ExitCode);
    }

    [Fact]
    public async Task Launcher_Builds_After_An_Edit_With_An_Older_Time()
    {
        await RunAsync();
        Source("two");
        File.SetLastWriteTimeUtc(Path.Combine(Root, "src/Cairn.Cli/Program.cs"), new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        Assert.Equal("two \n", (await RunAsync(string.Empty)).Output);
    }

    [Fact]
    public async Task Launcher_Builds_After_A_Deletion()
    {
        _folder.Write("source tree [1]/src/Cairn.Cli/Extra.cs", "extra");
        await RunAsync();
        File.Delete(Path.Combine(Root, "src/Cairn.Cli/Extra.cs"));
        await RunAsync();

        Assert.Equal(2, Builds);
    }

    [Fact]
    public async Task Launcher_Does_Not_Build_A_State_Twice()
    {
        await RunAsync();
        Source("two");
        await RunAsync();
        Source("one");

        Assert.Equal("one \n", (await RunAsync(string.Empty)).Output);
        Assert.Equal(2, Builds);
    }

    [Fact]
    public async Task Launcher_Builds_Again_When_The_Clock_Was_Set_Back()
    {
        await RunAsync();
        File.SetLastWriteTimeUtc(Path.Combine(Root, "artifacts/launcher/stamp"), new DateTime(2200, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Source("two");

        Assert.Equal("two \n", (await RunAsync(string.Empty)).Output);
    }

    [Fact]
    public async Task Launcher_Builds_Once_For_Many_At_Once()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => RunAsync($"{i}")));

        Assert.All(results, (result, i) => Assert.Equal($"one {i}\n", result.Output));
        Assert.Equal(1, Builds);
    }

    [Fact]
    public async Task Launcher_Shows_A_Failed_Build_And_Tries_Again()
    {
        _folder.Write("broken", string.Empty);
        var failed = await RunAsync();
        File.Delete(_folder["broken"]);
        var mended = await RunAsync();

        Assert.Equal(3, failed.ExitCode);
        Assert.Contains("error CS0000: broken", failed.Error, StringComparison.Ordinal);
        Assert.Empty(failed.Output);
        Assert.Equal(0, mended.ExitCode);
    }

    [Fact]
    public async Task Launcher_Works_From_Anywhere_And_Through_A_Link()
    {
        File.CreateSymbolicLink(_folder["bin/linked"], Path.Combine(Root, "cairn"));

        var linked = await new Tool("sh", "-c", "linked x") { Folder = "/", Environment = Environment() }.RunAsync(TestContext.Current.CancellationToken);
        var relative = await new Tool("sh", "-c", "cd src && ../cairn x") { Folder = Root, Environment = Environment() }.RunAsync(TestContext.Current.CancellationToken);
        var inPlace = await new Tool("sh", "cairn", "x") { Folder = Root, Environment = Environment() }.RunAsync(TestContext.Current.CancellationToken);

        Assert.All([linked, relative, inPlace], result => Assert.Equal("one x\n", result.Output));
        Assert.Equal(1, Builds);
    }

    [Fact]
    public async Task Launcher_Takes_The_Last_Build_When_Told_To()
    {
        var noBuild = Environment().Add("CAIRN_NO_BUILD", "1");
        var none = await (Launcher("x") with { Environment = noBuild }).RunAsync(TestContext.Current.CancellationToken);
        await RunAsync();
        Source("two");
        var last = await (Launcher("x") with { Environment = noBuild }).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(3, none.ExitCode);
        Assert.Equal("one x\n", last.Output);
    }

    [Fact]
    public async Task Launcher_Keeps_Two_Builds_And_Those_In_Use()
    {
        await RunAsync();
        var builds = Path.Combine(Root, "artifacts/launcher/builds");
        var first = Directory.GetDirectories(builds).Single();
        await using (var user = new Tool(Path.Combine(first, "sh"), "-c", "echo up; kill -STOP $$") { Environment = Environment() }.Start())
        {
            await user.WaitForAsync("up", TestContext.Current.CancellationToken);
            foreach (var text in (string[])["two", "three", "four"])
            {
                Source(text);
                await RunAsync();
            }

            Assert.True(Directory.Exists(first));
            Assert.Equal(3, Directory.GetDirectories(builds).Length);
        }

        Source("five");
        await RunAsync();

        Assert.Equal(2, Directory.GetDirectories(builds).Length);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task InstallAsync(string mode, string file, string target)
    {
        var installed = await new Tool("install", "-D", "-m", mode, file, target).RunAsync(TestContext.Current.CancellationToken);
        Assert.True(installed.ExitCode == 0, installed.ToString());
    }

    private void Source(string text) => _folder.Write("source tree [1]/src/Cairn.Cli/Program.cs", text);

    private ImmutableDictionary<string, string> Environment() => ImmutableDictionary<string, string>.Empty
        .Add("PATH", $"{_folder["bin"]}:/usr/local/bin:/usr/bin:/bin")
        .Add("SSL_CERT_FILE", "/nowhere")
        .Add("FAKE", _folder.Path);

    private Tool Launcher(params ImmutableArray<string> arguments) => new(Path.Combine(Root, "cairn"), arguments) { Folder = "/", Environment = Environment() };

    private Task<ToolResult> RunAsync(params ImmutableArray<string> arguments) => Launcher(arguments).RunAsync(TestContext.Current.CancellationToken);
}
