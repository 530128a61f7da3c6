using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

/// <summary>What a machine can hold steps to, and what is said where it cannot.</summary>
public sealed class SandboxLimitTests
{
    public static TheoryData<bool> Users => HostileProject.Users;

    [Theory, MemberData(nameof(Users))]
    public async Task Memory_Is_Bounded_And_Its_End_Is_Told_Or_The_Limit_Is_Refused(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, """
              eat: { inputs: [], limits: { memory: 48MiB, cpus: 0.5 }, command: [sh, -c, "exec head -c 200000000 /dev/zero >/dev/shm/fill"] }
              more: { inputs: [], limits: { memory: 48MiB }, run: "head -c 200000000 /dev/zero >/dev/shm/fill || true" }

            """);

        var result = await hostile.RunAsync("-k");

        Assert.True(result.ExitCode == 1, result.ToString());
        if (result.Output.Contains("This machine cannot hold `limits: memory`", StringComparison.Ordinal))
        {
            Assert.False(Environment.IsPrivilegedProcess && !asUser, result.ToString());
            Assert.Contains("`cairn doctor` tells more", result.Output, StringComparison.Ordinal);
        }
        else
        {
            Assert.Matches(@"eat: failed in \S+: killed: out of memory, limit 48 MiB(, peak \d+(\.\d)? MiB)? \(`limits: memory`\)\n", result.Output);
            Assert.Matches(@"(more: warning\[CAIRN0583\]|more: failed)", result.Output);
        }

        hostile.AssertNothingLeft();
        Assert.Empty(LeftGroups());
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Machine_Without_Bubblewrap_Is_Told_By_The_Step_And_By_Doctor(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, "  any: { inputs: [], run: echo any }\n");
        const string Hide = "mount --bind /dev/null /usr/bin/bwrap && exec \"$@\"";
        Tool Hidden(Tool tool) => tool.Under("unshare", [.. Environment.IsPrivilegedProcess ? ["-m"] : (string[])["-rm"], "sh", "-c", Hide, "sh"]);

        var result = await Hidden(hostile.Command("run", "--plain")).RunAsync(TestContext.Current.CancellationToken);
        var doctor = await Hidden(hostile.Command("doctor")).RunAsync(TestContext.Current.CancellationToken);

        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Contains("bubblewrap is not installed", result.Output, StringComparison.Ordinal);
        Assert.Contains("`cairn doctor` tells more", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("[any] any", result.Output, StringComparison.Ordinal);
        Assert.Contains("apt-get install bubblewrap", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("bubblewrap is not installed", doctor.Output, StringComparison.Ordinal);
        hostile.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Doctor_Tries_A_Sandbox_And_Leaves_Nothing(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, "  any: { run: echo any }\n");

        var doctor = await hostile.Command("doctor").RunAsync(TestContext.Current.CancellationToken);

        Assert.True(doctor.ExitCode == 0, doctor.ToString());
        Assert.Contains("a program ran in one", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("network: wan", doctor.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(hostile.Outside, "home")));
    }

    [Theory]
    [InlineData("isolation: process, limits: { pids: 5 }", "CAIRN0580")]
    [InlineData("isolation: process, network: none", "CAIRN0581")]
    [InlineData("isolation: process, network: wan", "CAIRN0581")]
    [InlineData("limits: { memory: 1GiB }", "CAIRN0580")]
    [InlineData("network: none", "CAIRN0581")]
    public async Task What_An_Isolation_Cannot_Give_Is_Refused_Before_The_Run(string keys, string code)
    {
        using var project = new TestProject();
        project.Write("cairn.yaml", $"version: 1\nsteps: {{ first: {{ run: echo first }}, bad: {{ run: echo bad, {keys} }} }}\n");
        Assert.Equal(0, (await project.CairnAsync("config", "set", "run.isolation", "process")).ExitCode);

        var result = await project.CairnAsync("run", "--plain");

        Assert.True(result.ExitCode == 2, result.ToString());
        Assert.Contains($"error[{code}]", result.Error + result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("[first]", result.Output, StringComparison.Ordinal);
    }

    private static IEnumerable<string> LeftGroups() =>
        Directory.EnumerateDirectories("/sys/fs/cgroup", "cairn-*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint });
}
