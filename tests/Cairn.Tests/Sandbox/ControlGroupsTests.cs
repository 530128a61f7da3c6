using Cairn.Execution.Sandbox;
using Cairn.Testing;

namespace Cairn.Tests.Sandbox;

public sealed class ControlGroupsTests
{
    private const string V2Mount = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";

    [Fact]
    public void Create_OnVersion2_MakesAGroupBelowTheNearestThatPassesTheControllerOn()
    {
        using var root = new TemporaryFolder();
        root.Write("proc/self/cgroup", "0::/user/app/scope\n");
        root.Write("proc/self/mountinfo", V2Mount);
        foreach (var (group, passes) in new[] { ("", "memory"), ("user", "memory cpu pids"), ("user/app", "memory pids"), ("user/app/scope", "") })
        {
            root.Write($"sys/fs/cgroup/{group}/cgroup.procs", group == "user/app/scope" ? "1\n" : "");
            root.Write($"sys/fs/cgroup/{group}/cgroup.subtree_control", passes + "\n");
            root.Write($"sys/fs/cgroup/{group}/cgroup.type", "domain\n");
        }

        var groups = ControlGroups.Find(root.Path);

        Assert.Equal($"version 2, {root["sys/fs/cgroup/user/app"]}", groups.Describe(GroupController.Memory));
        Assert.Equal($"version 2, {root["sys/fs/cgroup/user"]}", groups.Describe(GroupController.Cpu));
        Assert.Null(groups.ProblemOf(GroupController.Pids));
        // A folder that is no control group has none of their files.
        var failure = Assert.Throws<IOException>(() => groups.Create("cairn-1", new SandboxLimits { MemoryBytes = 1 << 20 }, null));
        Assert.Contains("user/app/cairn-1/memory.max` does not take `1048576`", failure.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(root["sys/fs/cgroup/user/app/cairn-1"]));
        // A process is in one group: what holds its memory has to hold its processors, too.
        failure = Assert.Throws<IOException>(() => groups.Create("cairn-1", new SandboxLimits { MemoryBytes = 1 << 20, Cpus = 1 }, 10));
        Assert.Contains("sys/fs/cgroup/user/cairn-1/memory.max` does not take `1048576`", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_OnVersion2_WhereNoGroupPassesAllOn_RefusesRatherThanLosesOne()
    {
        using var root = new TemporaryFolder();
        root.Write("proc/self/cgroup", "0::/user/app\n");
        root.Write("proc/self/mountinfo", V2Mount);
        foreach (var (group, passes) in new[] { ("", "cpu"), ("user", "memory"), ("user/app", "") })
        {
            root.Write($"sys/fs/cgroup/{group}/cgroup.procs", "");
            root.Write($"sys/fs/cgroup/{group}/cgroup.subtree_control", passes + "\n");
        }

        var groups = ControlGroups.Find(root.Path);

        Assert.Null(groups.ProblemOf(GroupController.Memory));
        Assert.Null(groups.ProblemOf(GroupController.Cpu));
        var failure = Assert.Throws<IOException>(() => groups.Create("cairn-1", new SandboxLimits { MemoryBytes = 1 << 20, Cpus = 1 }, null));
        Assert.Contains("`limits: memory` and `limits: cpus` at once", failure.Message, StringComparison.Ordinal);
        // The number of processes has another bound, and goes without a group.
        failure = Assert.Throws<IOException>(() => groups.Create("cairn-1", new SandboxLimits { MemoryBytes = 1 << 20 }, 10));
        Assert.Contains("user/cairn-1/memory.max` does not take", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_WithoutDelegation_SaysWhatWouldHelp()
    {
        using var root = new TemporaryFolder();
        root.Write("proc/self/cgroup", "0::/scope\n");
        root.Write("proc/self/mountinfo", V2Mount);
        root.Write("sys/fs/cgroup/scope/cgroup.procs", "1\n");

        var failure = Assert.Throws<IOException>(() => ControlGroups.Find(root.Path).Create("cairn-1", new SandboxLimits { Cpus = 1 }, null));

        Assert.Contains("This machine cannot hold `limits: cpus`", failure.Message, StringComparison.Ordinal);
        Assert.Contains("systemd-run --user --scope -p Delegate=yes", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_OnVersion1_TakesTheHierarchyOfEachController()
    {
        using var root = new TemporaryFolder();
        root.Write("proc/self/cgroup", "4:memory:/box/in\n2:cpu,cpuacct:/\n0::/\n");
        root.Write("proc/self/mountinfo", "41 30 0:31 /box /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n42 30 0:32 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n");
        root.Write("sys/fs/cgroup/memory/in/cgroup.procs", "");
        root.Write("sys/fs/cgroup/cpu/cgroup.procs", "");

        var groups = ControlGroups.Find(root.Path);

        Assert.Equal($"version 1, {root["sys/fs/cgroup/memory/in"]}", groups.Describe(GroupController.Memory));
        Assert.Equal($"version 1, {root["sys/fs/cgroup/cpu"]}", groups.Describe(GroupController.Cpu));
        Assert.Equal("no control groups are mounted at /sys/fs/cgroup", groups.ProblemOf(GroupController.Pids));
        // The kernel's limit for a user does without.
        Assert.Null(groups.Create("cairn-1", new SandboxLimits(), 10));
    }
}
