using Cairn.Testing;

namespace Cairn.EndToEnd.Toolchains;

/// <summary>Debian toolchains with the machine's own mirror and keys, as a user meets them.</summary>
public sealed class ToolchainTests
{
    private const string Pipeline = """
        version: 1
        toolchains: { tools: { debian: bookworm, packages: [make] } }
        steps:
          build:
            toolchain: tools
            isolation: sandbox
            inputs: [Makefile]
            outputs: [out]
            run: make

        """;

    [Fact]
    public async Task ASecondClone_WithoutStoreAndNetwork_HasTheSameTreeAndActions()
    {
        using var first = Project();
        using var second = Project();
        await SuccessAsync(first.CairnAsync("toolchain", "lock"));
        await SuccessAsync(first.CairnAsync("toolchain", "vendor", "vendor"));
        Directory.Move($"{first.Folder}/vendor", $"{second.Folder}/../vendor");
        second.Write("cairn.lock", first.Read("cairn.lock"));

        var locked = await SuccessAsync(Offline(second, "toolchain", "lock", "--from", "../vendor"));
        await SuccessAsync(Offline(second, "toolchain", "verify"));
        await SuccessAsync(Offline(second, "toolchain", "trace", "tools"));
        await SuccessAsync(Offline(second, "run", "--plain"));
        var again = await SuccessAsync(Offline(second, "run", "--plain"));
        await SuccessAsync(first.CairnAsync("run", "--plain"));

        Assert.Contains("tools: fetched as locked", locked.Output, StringComparison.Ordinal);
        Assert.Equal(first.Read("cairn.lock"), second.Read("cairn.lock"));
        Assert.Contains("cached", again.Output, StringComparison.Ordinal);
        Assert.Equal("made by GNU Make 4.3\n", second.Read("out"));
        Assert.NotEmpty(Actions(first));
        Assert.Equal(Actions(first), Actions(second));
    }

    [Fact]
    public async Task AFullDisk_IsTold_AndNothingHalfMadeIsUsed()
    {
        using var project = Project();
        var disk = project.Environment["XDG_CACHE_HOME"];

        var refused = await project.Command("toolchain", "lock").Under("unshare", "--mount", "sh", "-c", $"mkdir -p '{disk}' && mount -t tmpfs -o size=12m none '{disk}' && exec \"$@\"", "sh").RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("error[CAIRN0738]: ", refused.Error, StringComparison.Ordinal);
        Assert.Contains("is full", refused.Error, StringComparison.Ordinal);
        Assert.False(project.Exists("cairn.lock"));
    }

    [Fact]
    public async Task AStoreThatCannotBeWritten_IsReadAndVerified_ButTakesNothing()
    {
        using var project = Project();
        await SuccessAsync(project.CairnAsync("toolchain", "lock"));
        const string ReadOnly = "mount --bind \"$XDG_CACHE_HOME\" \"$XDG_CACHE_HOME\" && mount -o remount,bind,ro \"$XDG_CACHE_HOME\" && exec \"$@\"";

        var verified = await SuccessAsync(project.Command("toolchain", "verify").Under("unshare", "--mount", "sh", "-c", ReadOnly, "sh").RunAsync(TestContext.Current.CancellationToken));
        project.Write("cairn.yaml", Pipeline.Replace("[make]", "[make, file]", StringComparison.Ordinal));
        var refused = await project.Command("toolchain", "lock").Under("unshare", "--mount", "sh", "-c", ReadOnly, "sh").RunAsync(TestContext.Current.CancellationToken);

        Assert.Contains("everything is here and as it was locked", verified.Output, StringComparison.Ordinal);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("error[CAIRN0738]: ", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARunOfADamagedStore_SaysWhatToDo()
    {
        using var project = Project();
        await SuccessAsync(project.CairnAsync("toolchain", "lock"));
        var tree = project.Read("cairn.lock").Split('\n').First(static l => l.StartsWith("    tree: ", StringComparison.Ordinal))["    tree: ".Length..].Split('/')[0];
        File.Delete($"{project.Environment["XDG_CACHE_HOME"]}/cairn/cas/{tree[..2]}/{tree}");

        var failed = await project.CairnAsync("run", "--plain");
        await SuccessAsync(project.CairnAsync("toolchain", "lock"));
        await SuccessAsync(project.CairnAsync("run", "--plain"));

        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("`cairn toolchain lock` makes it again", failed.Output + failed.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-400 days", "which is still to come")]
    [InlineData("60 days", "was to be relied on until")]
    public async Task AClockThatIsWrong_IsTold(string now, string message)
    {
        using var project = Project();

        var refused = await project.Command("toolchain", "lock").Under("faketime", now).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(message, refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lock_OnATerminal_ShowsHowFarItIs_AndLeavesNoTraceOfThat()
    {
        using var project = Project();
        await using var terminal = await project.TerminalAsync(100, 24, "toolchain", "lock");

        await terminal.WaitForAsync(" of ", TestContext.Current.CancellationToken);
        await terminal.WaitForAsync("tools: locked", TestContext.Current.CancellationToken);

        Assert.Equal(0, await terminal.ExitAsync(TestContext.Current.CancellationToken));
        Assert.DoesNotContain("fetching", await terminal.HistoryAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupted_ItLeavesNoLock_AndGoesOnTheNextTime()
    {
        using var project = Project();
        await using (var terminal = await project.TerminalAsync(100, 24, "toolchain", "lock"))
        {
            await terminal.WaitForAsync(" of ", TestContext.Current.CancellationToken);
            await terminal.PressAsync(TestContext.Current.CancellationToken, "C-c");
            Assert.Equal(130, await terminal.ExitAsync(TestContext.Current.CancellationToken));
            Assert.Contains("what has been fetched is kept", await terminal.HistoryAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        Assert.False(project.Exists("cairn.lock"));
        await SuccessAsync(project.CairnAsync("toolchain", "lock"));
        Assert.Empty(Directory.GetFiles($"{project.Environment["XDG_CACHE_HOME"]}/cairn/downloads"));
    }

    private static TestProject Project()
    {
        var project = new TestProject("sandbox") { Timeout = TimeSpan.FromMinutes(3) };
        project.Write("cairn.yaml", Pipeline);
        project.Write("Makefile", "out:\n\techo \"made by $$(make --version | head -n 1)\" >out\n");
        return project;
    }

    // No interface is up there but the loop, and that neither.
    private static Task<ToolResult> Offline(TestProject project, params string[] arguments) =>
        project.Command([.. arguments]).Under("unshare", "--net").RunAsync(TestContext.Current.CancellationToken);

    private static async Task<ToolResult> SuccessAsync(Task<ToolResult> running)
    {
        var result = await running;
        Assert.True(result.ExitCode == 0, result.ToString());
        return result;
    }

    private static string Actions(TestProject project)
    {
        var runs = Directory.GetDirectories($"{project.Folder}/.cairn/runs").Order(StringComparer.Ordinal);
        return string.Join('\n', File.ReadAllLines($"{runs.First()}/events.ndjson").Where(static l => l.Contains("\"action\"", StringComparison.Ordinal)).Select(static l => l[l.IndexOf("\"action\"", StringComparison.Ordinal)..].Split(',')[0]));
    }
}
