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
    public async Task Root_In_Memory_Is_As_It_Is_On_A_Disk(bool asUser)
    {
        const string Run = "touch /made; rm -rf src; mkdir src; echo new >src/new; ls src; stat -c '%u %a %Y' /";
        using var hostile = HostileProject.Of(asUser, $"  disk: {{ inputs: [\"src/**\"], run: \"{Run}\" }}\n  memory: {{ inputs: [\"src/**\"], limits: {{ disk: 16MiB }}, run: \"{Run}\" }}\n");
        hostile.Project.Write("src/old", "old\n");

        var result = await hostile.RunAsync("-k");

        Assert.True(result.ExitCode == 0, result.ToString());
        string Of(string step) => string.Concat(result.Output.Split('\n').Where(l => l.StartsWith($"[{step}] ", StringComparison.Ordinal)).Select(l => l[(step.Length + 3)..] + "\n"));
        Assert.Matches(@"^new\n1000 755 \d+\n$", Of("disk"));
        Assert.Equal(Of("disk")[..^12], Of("memory")[..^12]);
    }

    [Theory, MemberData(nameof(Users))]
    public async Task More_Processes_Than_The_Common_Bound_Are_Given_Or_Refused(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, "  many: { inputs: [], limits: { pids: 20000 }, command: [bash, -c, \"echo bound $(ulimit -u)\"] }\n");

        var given = await hostile.RunAsync("--no-cache");
        var refused = await hostile.Command("run", "--plain", "--no-cache").Under("prlimit", "--nproc=9000:9000").RunAsync(TestContext.Current.CancellationToken);

        Assert.True(given.ExitCode == 0, given.ToString());
        Assert.Matches(@"\[many\] bound 2000\d\n", given.Output);
        // Root may raise its own bound, unless a container keeps that from it.
        const string Given = "[many] bound 2000", Refused = "This machine cannot hold `limits: pids`: a user may have 9,000 processes";
        Assert.True(refused.Output.Contains(Refused, StringComparison.Ordinal) || (Environment.IsPrivilegedProcess && !asUser && refused.Output.Contains(Given, StringComparison.Ordinal)), refused.ToString());
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Folder_That_A_Step_Forbids_To_Itself_Counts_Where_Its_Disk_Is_Watched(bool asUser)
    {
        // The first step is promised all the memory that there is for this, so that the other one writes to the disk.
        var memory = (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4) - (8 << 20);
        using var hostile = HostileProject.Of(asUser, $$"""
              holds: { inputs: [], limits: { disk: "{{memory >> 20}}MiB" }, run: "for i in $(seq 100); do sleep 0.1; done" }
              waits: { inputs: [], run: sleep 1 }
              floods: { inputs: [], needs: [waits], limits: { disk: 32MiB }, run: "mkdir d; (cat /dev/zero >d/x) & sleep 0.1; chmod 0 d; wait" }

            """);

        var result = await hostile.RunAsync("-j", "2");

        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Matches(@"floods: failed in \S+: .*it wrote [\d.]+ [MG]iB, limit 32 MiB", result.Output);
        hostile.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Steps_That_See_One_Processor_Share_All(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, """
              one: { inputs: [], deterministic: { cpus: 1 }, run: "grep Cpus_allowed_list /proc/self/status; nproc; sleep 0.5" }
              two: { inputs: [], deterministic: { cpus: 1 }, run: "true; grep Cpus_allowed_list /proc/self/status; nproc; sleep 0.5" }

            """);

        var result = await hostile.RunAsync("-j", "2");

        Assert.True(result.ExitCode == 0, result.ToString());
        var lists = result.Output.Split('\n').Where(l => l.Contains("Cpus_allowed_list", StringComparison.Ordinal)).Select(l => l[(l.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()).ToList();
        Assert.Equal(2, lists.Count);
        Assert.Equal(Math.Min(2, Environment.ProcessorCount), lists.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(2, result.Output.Split("] 1\n").Length - 1);
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
        hostile.Project.Environment = hostile.Project.Environment.SetItem("TMPDIR", hostile.Outside);

        var doctor = await hostile.Command("doctor").RunAsync(TestContext.Current.CancellationToken);

        Assert.True(doctor.ExitCode == 0, doctor.ToString());
        Assert.Contains("a program ran in one", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("network: wan", doctor.Output, StringComparison.Ordinal);
        // The project's settings, which were there before.
        Assert.Equal(["config"], Directory.EnumerateFileSystemEntries(Path.Combine(hostile.Outside, "home")).Select(Path.GetFileName));
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
