using System.Collections.Immutable;
using System.Globalization;

using Cairn.Cli.Terminal;
using Cairn.Engine.Configuration;
using Cairn.Execution;

namespace Cairn.Cli.Doctor;

/// <summary>Everything that <c>cairn doctor</c> looks at.</summary>
internal static class Checks
{
    private const long DiskBytesLow = 2L << 30;
    private const long MemoryBytesLow = 1L << 30;
    private const long OpenFilesLow = 4_096;
    private const long ProcessesLow = 1_024;
    private const long InotifyWatchesLow = 65_536;
    private static readonly Version GitOldest = new(2, 25);
    private static readonly DateTimeOffset ClockOldest = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan ClockSkewMax = TimeSpan.FromSeconds(5);

    public static async Task<ImmutableArray<Check>> RunAsync(Machine machine)
    {
        var checks = ImmutableArray.CreateBuilder<Check>();
        Kernel(machine, checks);
        Files(machine, checks);
        await ProgramsAsync(machine, checks);
        Steps(machine, checks);
        Limits(machine, checks);
        await SandboxChecks.AddAsync(machine, checks);
        KeyChecks.Add(machine, checks);
        return checks.ToImmutable();
    }

    private static void Kernel(Machine machine, ImmutableArray<Check>.Builder checks)
    {
        const string Group = "Machine";
        var release = machine.Read("/proc/sys/kernel/osrelease") ?? "unknown";
        var name = machine.Read("/etc/os-release")?.Split('\n').FirstOrDefault(l => l.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))?["PRETTY_NAME=".Length..].Trim('"');
        checks.Add(new Check("kernel", Group, "Kernel", CheckStatus.Ok, $"Linux {release}, {BuildInfo.System}{(name is null ? "" : $", {name}")}"));
        checks.Add(new Check("cores", Group, "Processors", CheckStatus.Ok, $"{Environment.ProcessorCount} may be used: that many jobs at once unless a limit is set"));
        checks.Add(Memory(machine, Group));
        checks.Add(Clock(machine, Group));
        checks.Add(machine.Services.Terminal.IsUnicode
            ? new Check("locale", Group, "Locale", CheckStatus.Ok, "UTF-8")
            : new Check("locale", Group, "Locale", CheckStatus.Note, "not UTF-8, so only ASCII is drawn", "export LANG=C.UTF-8"));
    }

    private static Check Memory(Machine machine, string group)
    {
        var fields = (machine.Read("/proc/meminfo") ?? "").Split('\n');
        long Kib(string name) => fields.FirstOrDefault(f => f.StartsWith(name, StringComparison.Ordinal)) is { } line
            && long.TryParse(line[name.Length..].Trim().Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;
        var available = Kib("MemAvailable:") * 1024;
        var text = $"{Words.Bytes(available)} free of {Words.Bytes(Kib("MemTotal:") * 1024)}";
        return new Check("memory", group, "Memory", available is > 0 and < MemoryBytesLow ? CheckStatus.Note : CheckStatus.Ok, text);
    }

    private static Check Clock(Machine machine, string group)
    {
        var now = machine.Services.Time.GetUtcNow();
        if (now < ClockOldest)
        {
            return new Check("clock", group, "Clock", CheckStatus.Missing, $"says {now:yyyy-MM-dd}, which is before Cairn was made", "timedatectl set-ntp true");
        }

        // A file server with another clock makes new files look old, which confuses make and its like.
        if (FolderProbe.Try(machine.ProjectDirectory) is { Written: { } written } && (written - now).Duration() > ClockSkewMax)
        {
            return new Check("clock", group, "Clock", CheckStatus.Note, $"differs from the file system's by {Words.Duration((written - now).Duration())}", "timedatectl set-ntp true");
        }

        return new Check("clock", group, "Clock", CheckStatus.Ok, $"{now:yyyy-MM-dd HH:mm:ss} UTC");
    }

    private static void Files(Machine machine, ImmutableArray<Check>.Builder checks)
    {
        const string Group = "Files";
        checks.Add(Folder("project", Group, "Project", machine.ProjectDirectory, checkCase: true));
        checks.Add(Folder("state", Group, "Project state", Path.Combine(machine.ProjectDirectory, ".cairn"), checkCase: false));
        var variable = machine.Services.Variable;
        checks.Add(UserFolder("config", Group, "Configuration", UserFolders.Config(variable)));
        checks.Add(UserFolder("cache", Group, "Cache", UserFolders.Cache(variable)));
        checks.Add(UserFolder("user-state", Group, "User state", UserFolders.State(variable)));
        checks.Add(Folder("tmp", Group, "Temporary files", Path.GetTempPath().TrimEnd('/'), checkCase: false));
    }

    private static Check UserFolder(string id, string group, string title, string? path) =>
        path is null ? new Check(id, group, title, CheckStatus.Note, "there is no home folder", "export HOME=…") : Folder(id, group, title, path, checkCase: false);

    private static Check Folder(string id, string group, string title, string path, bool checkCase)
    {
        var probe = FolderProbe.Try(path);
        if (probe.Problem is { } problem)
        {
            return new Check(id, group, title, CheckStatus.Missing, $"{path}: {problem}", id == "tmp" ? $"sudo chmod 1777 {ShellText.Quote(path)}" : probe.Remedy);
        }

        if (probe.FreeBytes is < DiskBytesLow)
        {
            return new Check(id, group, title, CheckStatus.Note, $"{path}: only {Words.Bytes(probe.FreeBytes.Value)} free on this disk");
        }

        if (checkCase && !probe.IsCaseSensitive)
        {
            return new Check(id, group, title, CheckStatus.Note, $"{path}: the file system takes `A` and `a` for the same file; steps may behave otherwise elsewhere");
        }

        return new Check(id, group, title, CheckStatus.Ok, $"{path}{(probe.Folder == path ? "" : " (made when needed)")}{(probe.FreeBytes is { } free ? $", {Words.Bytes(free)} free" : "")}");
    }

    private static async Task ProgramsAsync(Machine machine, ImmutableArray<Check>.Builder checks)
    {
        const string Group = "Programs";
        checks.Add(machine.Exists("/bin/sh")
            ? new Check("sh", Group, "sh", CheckStatus.Ok, "/bin/sh")
            : new Check("sh", Group, "sh", CheckStatus.Missing, "scripts of steps need it", "apt-get install dash"));
        checks.Add(machine.Find("bash") is { } bash
            ? new Check("bash", Group, "bash", CheckStatus.Ok, bash)
            : new Check("bash", Group, "bash", CheckStatus.Note, "not found; only steps with `shell: bash` need it", "apt-get install bash"));
        if (machine.Find("git") is not { } git)
        {
            checks.Add(new Check("git", Group, "git", CheckStatus.Note, "not found: runs do not know their commit, and tracked outputs are not noticed", "apt-get install git"));
            return;
        }

        var version = (await machine.FirstLineAsync(git, "--version"))?.Split(' ').LastOrDefault(w => w.Length > 0 && char.IsAsciiDigit(w[0]));
        var isOld = version is not null && Version.TryParse(string.Join('.', version.Split('.').Take(2)), out var parsed) && parsed < GitOldest;
        checks.Add(version is null ? new Check("git", Group, "git", CheckStatus.Note, $"{git} does not say its version", "git --version")
            : isOld ? new Check("git", Group, "git", CheckStatus.Note, $"{version} is older than {GitOldest}", "apt-get install git")
            : new Check("git", Group, "git", CheckStatus.Ok, $"{version}, {git}"));
    }

    private static void Steps(Machine machine, ImmutableArray<Check>.Builder checks)
    {
        const string Group = "Steps";
        var probe = ProcessHost.Probe();
        checks.Add(probe.Kind == Containment.PidNamespace
            ? new Check("containment", Group, "Process containment", CheckStatus.Ok, "pid namespace: nothing survives its run")
            : new Check("containment", Group, "Process containment", CheckStatus.Note, $"best effort: {probe.Reason}", "sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000"));
        var hasV2 = machine.Exists("/sys/fs/cgroup/cgroup.controllers");
        checks.Add(new Check("cgroup", Group, "Control groups", hasV2 ? CheckStatus.Ok : CheckStatus.Note,
            hasV2 ? $"version 2 ({machine.Read("/sys/fs/cgroup/cgroup.controllers")})" : machine.Exists("/sys/fs/cgroup/memory") ? "version 1" : "none"));
    }

    private static void Limits(Machine machine, ImmutableArray<Check>.Builder checks)
    {
        const string Group = "Limits";
        AddLimit("open-files", "Open files", "Max open files", OpenFilesLow, "ulimit -n 65536");
        AddLimit("processes", "Processes", "Max processes", ProcessesLow, "ulimit -u 8192");
        if (machine.ReadNumber("/proc/sys/fs/inotify/max_user_watches") is { } watches)
        {
            checks.Add(new Check("inotify", Group, "inotify watches", watches < InotifyWatchesLow ? CheckStatus.Note : CheckStatus.Ok, watches.ToString(CultureInfo.InvariantCulture),
                watches < InotifyWatchesLow ? "sysctl -w fs.inotify.max_user_watches=524288" : null));
        }

        void AddLimit(string id, string title, string name, long low, string fix)
        {
            if (machine.Limit(name) is not { } limit)
            {
                return;
            }

            var isLow = limit.Soft >= 0 && limit.Soft < low;
            var text = limit.Soft < 0 ? "no limit" : limit.Soft == limit.Hard ? $"{limit.Soft}" : $"{limit.Soft}, may be raised to {(limit.Hard < 0 ? "any number" : limit.Hard)}";
            checks.Add(new Check(id, Group, title, isLow ? CheckStatus.Note : CheckStatus.Ok, text, isLow ? fix : null));
        }
    }
}
