using System.Collections.Immutable;

using Cairn.Engine.Configuration;
using Cairn.Engine.Isolation;
using Cairn.Execution.Sandbox;

namespace Cairn.Cli.Doctor;

/// <summary>What of <c>isolation: sandbox</c> this machine gives this user, part by part and as a whole, and what would mend it.</summary>
internal static class SandboxChecks
{
    private const string Group = "Sandbox";

    public static async Task AddAsync(Machine machine, ImmutableArray<Check>.Builder checks)
    {
        checks.Add(await BubblewrapAsync(machine));
        checks.Add(UserNamespaces(machine));
        checks.Add(machine.Read("/proc/filesystems")?.Contains("\toverlay", StringComparison.Ordinal) ?? false
            ? new Check("overlay", Group, "overlayfs", CheckStatus.Ok, "known to the kernel")
            : new Check("overlay", Group, "overlayfs", CheckStatus.Note, "not loaded: there is no sandbox without it", "modprobe overlay"));
        checks.Add(machine.Read("/proc/self/status")?.Contains("Seccomp_filters:", StringComparison.Ordinal) ?? false
            ? new Check("seccomp", Group, "seccomp", CheckStatus.Ok, "the kernel filters system calls")
            : new Check("seccomp", Group, "seccomp", CheckStatus.Note, "the kernel does not tell of filters: there is no sandbox without CONFIG_SECCOMP_FILTER"));
        await TryAsync(machine, checks);
        Limits(machine, checks);
    }

    private static async Task<Check> BubblewrapAsync(Machine machine)
    {
        if (machine.FindSystem("bwrap") is not { } bubblewrap)
        {
            return new Check("bubblewrap", Group, "bubblewrap", CheckStatus.Note, "not found: `isolation: sandbox` needs it", "apt-get install bubblewrap");
        }

        var version = await machine.FirstLineAsync(bubblewrap, "--version");
        return version is null
            ? new Check("bubblewrap", Group, "bubblewrap", CheckStatus.Note, $"{bubblewrap} does not say its version", "apt-get install --reinstall bubblewrap")
            : new Check("bubblewrap", Group, "bubblewrap", CheckStatus.Ok, $"{version.Split(' ')[^1]}, {bubblewrap}");
    }

    private static Check UserNamespaces(Machine machine)
    {
        var refused = machine.ReadNumber("/proc/sys/user/max_user_namespaces") == 0 ? "user.max_user_namespaces"
            : machine.ReadNumber("/proc/sys/kernel/unprivileged_userns_clone") == 0 ? "kernel.unprivileged_userns_clone"
            : machine.ReadNumber("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1 ? "kernel.apparmor_restrict_unprivileged_userns"
            : null;
        return refused is null
            ? new Check("user-namespaces", Group, "User namespaces", CheckStatus.Ok, "permitted by the kernel's settings")
            : new Check("user-namespaces", Group, "User namespaces", CheckStatus.Note, $"refused by {refused}", $"sysctl -w {refused}={refused switch { "user.max_user_namespaces" => "15000", "kernel.unprivileged_userns_clone" => "1", _ => "0" }}");
    }

    private static async Task TryAsync(Machine machine, ImmutableArray<Check>.Builder checks)
    {
        var cache = UserFolders.Cache(machine.Services.Variable) ?? Path.Combine(machine.ProjectDirectory, ".cairn");
        var probe = FolderProbe.Try(cache);
        if (!machine.IsThisOne || probe.Problem is not null || !File.Exists(CairnProgram.Path))
        {
            return;
        }

        var trial = await SandboxTrial.RunAsync(probe.Folder, CairnProgram.Path, machine.Services.Time, machine.Services.CancellationToken);
        checks.Add(trial.Problem is { } problem
            ? new Check("sandbox", Group, "A sandbox, tried", CheckStatus.Note, $"steps with `isolation: sandbox` fail: {problem.ReplaceLineEndings(" ")}")
            : new Check("sandbox", Group, "A sandbox, tried", CheckStatus.Ok, "a program ran in one"));
        if (trial.Problem is null)
        {
            checks.Add(trial.WanProblem is var (wan, remedy)
                ? new Check("sandbox-wan", Group, "network: wan", CheckStatus.Note, $"steps with it are refused: {wan.ReplaceLineEndings(" ")}", remedy)
                : new Check("sandbox-wan", Group, "network: wan", CheckStatus.Ok, "slirp4netns connected a sandbox to the internet alone"));
            checks.Add(trial.UpperProblem is { } upper
                ? new Check("sandbox-disk", Group, "What steps write", CheckStatus.Note, $"is kept in memory: {upper}", "set XDG_CACHE_HOME to a folder on ext4, xfs, btrfs or tmpfs")
                : new Check("sandbox-disk", Group, "What steps write", CheckStatus.Ok, $"goes to {probe.Folder}"));
        }
    }

    private static void Limits(Machine machine, ImmutableArray<Check>.Builder checks)
    {
        var groups = ControlGroups.Find(machine.Root.TrimEnd('/'));
        Limit("limit-memory", "limits: memory", GroupController.Memory, "steps with this limit fail");
        Limit("limit-cpus", "limits: cpus", GroupController.Cpu, "steps with this limit fail");
        Limit("limit-pids", "limits: pids", GroupController.Pids, "held by the kernel's limit for a user instead");

        void Limit(string id, string title, GroupController controller, string otherwise) => checks.Add(groups.ProblemOf(controller) is { } problem
            ? new Check(id, Group, title, controller == GroupController.Pids ? CheckStatus.Ok : CheckStatus.Note, $"{otherwise}: {problem}")
            : new Check(id, Group, title, CheckStatus.Ok, $"control groups {groups.Describe(controller)}"));
    }
}
