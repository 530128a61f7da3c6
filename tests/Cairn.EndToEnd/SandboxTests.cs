using System.Collections.Immutable;

using Cairn.Testing;

namespace Cairn.EndToEnd;

/// <summary>Steps in sandboxes, with the published program.</summary>
public sealed class SandboxTests
{
    [Fact]
    public async Task Run_InASandbox_SeesItsInputs_AndLeavesItsOutputs()
    {
        using var folder = new TemporaryFolder();
        folder.Write("src/hello.c", "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n");
        folder.Write("undeclared", "not for steps");
        folder.Write(
            "cairn.yaml",
            """
            version: 1
            name: sandboxed
            defaults: { isolation: sandbox }
            steps:
              compile:
                run: |
                  test ! -e undeclared
                  test "$(id -u):$(pwd):$HOME" = 1000:/work:/home/cairn
                  ! echo x > /usr/written
                  cc -o hello src/hello.c
                  echo x > dropped
                inputs: ["src/**"]
                outputs: [hello]
              greet:
                needs: [compile]
                inputs: []
                run: ./hello > greeting; ls -A
                outputs: [greeting]
            """);
        var first = await RunAsync(folder);
        Assert.True(first.ExitCode == 0, first.ToString());
        Assert.Equal("hello\n", await File.ReadAllTextAsync(folder["greeting"], TestContext.Current.CancellationToken));
        Assert.False(File.Exists(folder["dropped"]));
        Assert.Contains("[greet] hello", first.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("[greet] src", first.Output, StringComparison.Ordinal);

        var second = await RunAsync(folder);
        Assert.Contains("2 of 2 cached", second.Error + second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_OfWhatAnIsolationCannotKeep_IsRefused()
    {
        using var folder = new TemporaryFolder();
        folder.Write(
            "cairn.yaml",
            """
            version: 1
            name: refused
            steps:
              a: { run: "true", isolation: process, network: none }
              b: { run: "true", isolation: process, limits: { pids: 5 } }
            """);
        var result = await RunAsync(folder);
        Assert.NotEqual(0, result.ExitCode);
        Assert.All((string[])["CAIRN0581", "CAIRN0580"], text => Assert.Contains(text, result.Error, StringComparison.Ordinal));
    }

    private static Task<ToolResult> RunAsync(TemporaryFolder folder) =>
        new Tool(CairnBinary.Path, "run", "--plain")
        {
            Folder = folder.Path,
            Environment = ImmutableDictionary<string, string>.Empty
                .Add("PATH", "/usr/bin:/bin").Add("HOME", folder.Path).Add("XDG_CACHE_HOME", folder["xdg/cache"]).Add("XDG_STATE_HOME", folder["xdg/state"]).Add("XDG_CONFIG_HOME", folder["xdg/config"]),
        }.RunAsync(TestContext.Current.CancellationToken);
}
