using System.Text.Json;

using Cairn.Cli;
using Cairn.Cli.Doctor;
using Cairn.Core.Language;
using Cairn.Testing;

namespace Cairn.Tests.Cli;

public sealed class SmallCommandTests
{
    [Theory]
    [InlineData("version")]
    [InlineData("--version")]
    public async Task Version_IsOneLine(string word)
    {
        using var cli = new CommandTester();
        var (exit, text, error) = await cli.RunAsync(word);
        Assert.Equal((0, ""), (exit, error));
        Assert.Matches(@"^cairn \d+\.\d+\.\d+( \([0-9a-f]{12}\))?\n$", text);
    }

    [Fact]
    public async Task Version_Json_NamesRuntimeAndSystem()
    {
        using var cli = new CommandTester();
        using var json = JsonDocument.Parse((await cli.RunAsync("version", "--json")).Out);
        Assert.StartsWith(".NET ", json.RootElement.GetProperty("runtime").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("linux-", json.RootElement.GetProperty("system").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Schema_IsTheLanguagesSchema()
    {
        using var cli = new CommandTester();
        Assert.Equal(PipelineSchema.Generate(), (await cli.RunAsync("schema")).Out);
        Assert.Equal(0, (await cli.RunAsync("schema", "--output", "schema.json")).Exit);
        Assert.Equal(PipelineSchema.Generate(), cli.Folder.Read("project/schema.json"));
    }

    [Fact]
    public async Task Doctor_OnThisMachine_LeavesNothingBehind()
    {
        using var cli = new CommandTester { Now = TimeProvider.System.GetUtcNow() };
        var (exit, text, error) = await cli.RunAsync("doctor");
        Assert.Equal((0, ""), (exit, error));
        Assert.Contains("Process containment", text, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(cli.Project));
    }

    [Fact]
    public async Task Doctor_Json_HasAStatusForEachCheck()
    {
        using var cli = new CommandTester { Now = TimeProvider.System.GetUtcNow() };
        using var json = JsonDocument.Parse((await cli.RunAsync("doctor", "--json")).Out);
        var checks = json.RootElement.EnumerateArray().ToList();
        Assert.All(checks, c => Assert.Contains(c.GetProperty("status").GetString(), new[] { "ok", "note", "missing" }));
        Assert.Equal(checks.Count, checks.Select(c => c.GetProperty("id").GetString()).Distinct(StringComparer.Ordinal).Count());
        Assert.Superset(
            new HashSet<string?>(["kernel", "cores", "memory", "clock", "locale", "project", "state", "sh", "bash", "git", "containment", "cgroup", "open-files", "user-namespaces", "overlay", "bubblewrap", "seccomp", "limit-memory", "limit-cpus", "limit-pids"], StringComparer.Ordinal),
            checks.Select(c => c.GetProperty("id").GetString()).ToHashSet(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Doctor_WithAClockBeforeCairn_FailsWith3()
    {
        using var cli = new CommandTester { Now = new DateTimeOffset(1970, 1, 1, 0, 0, 0, TimeSpan.Zero) };
        var (exit, text, _) = await cli.RunAsync("doctor");
        Assert.Equal(ExitCodes.Internal, exit);
        Assert.Contains("1 missing", text, StringComparison.Ordinal);
        Assert.Contains("timedatectl", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Checks_ReadTheMachinesFiles()
    {
        using var cli = new CommandTester(("PATH", "/nowhere"), ("LANG", "C"));
        using var root = new TemporaryFolder();
        root.Write("proc/sys/kernel/osrelease", "9.9\n");
        root.Write("proc/sys/user/max_user_namespaces", "0\n");
        root.Write("proc/self/limits", "Max processes             100                  200                  processes \nMax open files            unlimited            unlimited            files     \n");
        root.Write("proc/sys/fs/inotify/max_user_watches", "8192\n");
        var checks = await Checks.RunAsync(new Machine(cli.Services(Stream.Null, TextWriter.Null), cli.Project, root.Path));
        Check Of(string id) => checks.Single(c => c.Id == id);
        Assert.StartsWith("Linux 9.9", Of("kernel").Detail, StringComparison.Ordinal);
        Assert.Equal((CheckStatus.Note, "refused by user.max_user_namespaces"), (Of("user-namespaces").Status, Of("user-namespaces").Detail));
        Assert.Equal((CheckStatus.Note, "100, may be raised to 200"), (Of("processes").Status, Of("processes").Detail));
        Assert.Equal((CheckStatus.Ok, "no limit"), (Of("open-files").Status, Of("open-files").Detail));
        Assert.Equal(CheckStatus.Note, Of("inotify").Status);
        Assert.Equal((CheckStatus.Missing, "apt-get install dash"), (Of("sh").Status, Of("sh").Fix));
        Assert.Equal(CheckStatus.Note, Of("git").Status);
        Assert.Equal(CheckStatus.Note, Of("locale").Status);
    }
}
