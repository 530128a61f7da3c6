using System.Collections.Immutable;

using Cairn.Execution.Native;

namespace Cairn.Execution.Sandbox;

/// <summary>What the kernel can hold a group of processes to.</summary>
public enum GroupController
{
    /// <summary>Memory of all of them together.</summary>
    Memory,

    /// <summary>Processor time.</summary>
    Cpu,

    /// <summary>How many there are.</summary>
    Pids,
}

/// <summary>Where this process may make control groups, version 1 or 2: found once, and looked for only where a step has limits.</summary>
public sealed class ControlGroups
{
    private const int W_OK = 2;

    private readonly (string Folder, bool IsV2)?[] _places = new (string, bool)?[3];
    private readonly string?[] _problems = new string?[3];

    private ControlGroups(string root)
    {
        var own = Read($"{root}/proc/self/cgroup") ?? "";
        var mounts = Read($"{root}/proc/self/mountinfo") ?? "";
        foreach (var controller in Enum.GetValues<GroupController>())
        {
            Find(root, controller, own, mounts);
        }
    }

    /// <summary>Looks. <paramref name="root"/> is another place for the whole file system, in tests.</summary>
    public static ControlGroups Find(string root = "") => new(root);

    /// <summary>Why there are no groups for a controller, in words that say what would help; null where there are.</summary>
    public string? ProblemOf(GroupController controller) => _problems[(int)controller];

    /// <summary>In words: <c>version 2, /sys/fs/cgroup/user.slice</c>.</summary>
    public string Describe(GroupController controller) =>
        _places[(int)controller] is var (folder, isV2) ? $"version {(isV2 ? 2 : 1)}, {folder}" : _problems[(int)controller]!;

    /// <summary>Makes a group that holds processes to what the limits say of memory, processors and, where <paramref name="processes"/> is given, their number.</summary>
    /// <returns>Null where nothing needs a group.</returns>
    public ControlGroup? Create(string name, SandboxLimits limits, long? processes)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(limits);
        var group = new ControlGroup(limits.MemoryBytes);
        try
        {
            if (limits.MemoryBytes is { } memory)
            {
                var (folder, isV2) = Place(GroupController.Memory, "memory", group, name);
                group.HoldMemory(folder, isV2, memory);
            }

            if (limits.Cpus is { } cpus)
            {
                var (folder, isV2) = Place(GroupController.Cpu, "cpus", group, name);
                ControlGroup.HoldCpus(folder, isV2, cpus);
            }

            // The kernel's limit for a user holds without groups, too.
            if (processes is { } count && _places[(int)GroupController.Pids] is not null)
            {
                var (folder, _) = Place(GroupController.Pids, "pids", group, name);
                group.HoldProcesses(folder, count);
            }
        }
        catch
        {
            group.Dispose();
            throw;
        }

        return group.Folders.IsEmpty ? null : group;
    }

    private (string Folder, bool IsV2) Place(GroupController controller, string limit, ControlGroup group, string name)
    {
        if (_places[(int)controller] is not var (parent, isV2))
        {
            throw new IOException($"This machine cannot hold `limits: {limit}`: {_problems[(int)controller]}; `cairn doctor` tells more");
        }

        var folder = $"{parent}/{name}";
        group.Make(folder);
        return (folder, isV2);
    }

    private void Find(string root, GroupController controller, string own, string mounts)
    {
        var name = controller switch { GroupController.Memory => "memory", GroupController.Cpu => "cpu", _ => "pids" };
        ref var problem = ref _problems[(int)controller];
        if (Mounted(root, own, mounts, "cgroup", name) is { Folder: { } first })
        {
            problem = CanMake(first) ? null : $"the control group {first} of controller `{name}` (version 1) may be changed by root only";
            _places[(int)controller] = problem is null ? (first, false) : null;
            return;
        }

        if (Mounted(root, own, mounts, "cgroup2", "") is not { Folder: { } second, Mount: { } mount })
        {
            problem = "no control groups are mounted at /sys/fs/cgroup";
            return;
        }

        problem = $"controller `{name}` is not delegated to this user at {second}: start cairn with `systemd-run --user --scope -p Delegate=yes cairn …`, or as root";
        for (var folder = second; folder.StartsWith(mount, StringComparison.Ordinal) && folder.Length >= mount.Length; folder = Path.GetDirectoryName(folder)!)
        {
            if (CanMake(folder) && Delegates(folder, name))
            {
                problem = null;
                _places[(int)controller] = (folder, true);
                return;
            }

            // Processes move only between groups below one that the user may write.
            if (Libc.access($"{folder}/cgroup.procs", W_OK) != 0)
            {
                return;
            }
        }
    }

    // A group passes a controller on, or can be made to: not while processes are in it, unless it is the machine's own root.
    private static bool Delegates(string folder, string controller)
    {
        if (HasWord(Read($"{folder}/cgroup.subtree_control"), controller))
        {
            return true;
        }

        if (!HasWord(Read($"{folder}/cgroup.controllers"), controller) || (File.Exists($"{folder}/cgroup.type") && Read($"{folder}/cgroup.procs") is not ""))
        {
            return false;
        }

        try
        {
            ControlGroup.Write($"{folder}/cgroup.subtree_control", $"+{controller}");
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static bool CanMake(string folder) => Directory.Exists(folder) && Libc.access(folder, W_OK) == 0 && Libc.access($"{folder}/cgroup.procs", W_OK) == 0;

    /// <summary>The folder of this process's own group in a hierarchy, and where that is mounted.</summary>
    private static (string? Folder, string? Mount) Mounted(string root, string own, string mounts, string type, string controller)
    {
        foreach (var line in mounts.Split('\n'))
        {
            // 31 23 0:26 ROOT MOUNT OPTIONS… - TYPE SOURCE SUPER-OPTIONS
            var halves = line.Split(" - ", 2);
            if (halves.Length != 2 || halves[1].Split(' ') is not [var kind, _, var super, ..] || kind != type || halves[0].Split(' ') is not [_, _, _, var shown, var mount, ..]
                || (controller.Length > 0 && !super.Split(',').Contains(controller)))
            {
                continue;
            }

            foreach (var entry in own.Split('\n'))
            {
                // 4:memory:/path, and 0::/path for version 2
                if (entry.Split(':', 3) is not [_, var controllers, var path] || !(controller.Length == 0 ? controllers.Length == 0 : controllers.Split(',').Contains(controller)))
                {
                    continue;
                }

                var below = shown == "/" ? path : path == shown ? "" : path.StartsWith(shown + "/", StringComparison.Ordinal) ? path[shown.Length..] : null;
                if (below is not null)
                {
                    return ((root + mount + below).TrimEnd('/'), root + mount);
                }
            }
        }

        return default;
    }

    private static bool HasWord(string? text, string word) => text is not null && text.Split(' ', '\n').Contains(word);

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path).TrimEnd('\n');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
