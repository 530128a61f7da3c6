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

/// <summary>
/// Where this process may make control groups, version 1 or 2: found once, and looked for only where a step has limits. In version 1 each controller has a hierarchy of its own; in
/// version 2 a process is in one group, so that one folder has to pass on all that a step needs.
/// </summary>
public sealed class ControlGroups
{
    private const int W_OK = 2;
    private const int Controllers = 3;

    private static readonly string[] Names = ["memory", "cpu", "pids"];

    private readonly string?[] _first = new string?[Controllers];
    private readonly string?[] _problems = new string?[Controllers];
    private readonly List<string> _ancestors = [];
    private readonly Lock _gate = new();

    // By the set of controllers that they pass on, as far as looked for; empty for none.
    private readonly string?[] _second = new string?[1 << Controllers];

    private ControlGroups(string root)
    {
        var own = Read($"{root}/proc/self/cgroup") ?? "";
        var mounts = Read($"{root}/proc/self/mountinfo") ?? "";
        var unified = Mounted(root, own, mounts, "cgroup2", "");
        if (unified is { Folder: { } nearest, Mount: { } mount })
        {
            // Processes move only between groups below one that the user may write.
            for (var folder = nearest; folder.StartsWith(mount, StringComparison.Ordinal) && folder.Length >= mount.Length && Libc.access($"{folder}/cgroup.procs", W_OK) == 0; folder = Path.GetDirectoryName(folder)!)
            {
                if (CanMake(folder))
                {
                    _ancestors.Add(folder);
                }
            }
        }

        foreach (var controller in Enum.GetValues<GroupController>())
        {
            var name = Names[(int)controller];
            if (Mounted(root, own, mounts, "cgroup", name) is { Folder: { } first })
            {
                _first[(int)controller] = CanMake(first) ? first : null;
                _problems[(int)controller] = CanMake(first) ? null : $"the control group {first} of controller `{name}` (version 1) may be changed by root only";
            }
            else if (unified.Folder is null)
            {
                _problems[(int)controller] = "no control groups are mounted at /sys/fs/cgroup";
            }
            else if (Second(1 << (int)controller) is null)
            {
                _problems[(int)controller] = $"controller `{name}` is not delegated to this user at {unified.Folder}: start cairn with `systemd-run --user --scope -p Delegate=yes cairn …`, or as root";
            }
        }
    }

    /// <summary>Looks. <paramref name="root"/> is another place for the whole file system, in tests.</summary>
    public static ControlGroups Find(string root = "") => new(root);

    /// <summary>Why there are no groups for a controller, in words that say what would help; null where there are.</summary>
    public string? ProblemOf(GroupController controller) => _problems[(int)controller];

    /// <summary>In words: <c>version 2, /sys/fs/cgroup/user.slice</c>.</summary>
    public string Describe(GroupController controller) =>
        _problems[(int)controller] ?? (_first[(int)controller] is { } first ? $"version 1, {first}" : $"version 2, {Second(1 << (int)controller)}");

    /// <summary>Makes a group that holds processes to what the limits say of memory, processors and, where <paramref name="processes"/> is given, their number.</summary>
    /// <returns>Null where nothing needs a group.</returns>
    public ControlGroup? Create(string name, SandboxLimits limits, long? processes)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(limits);
        var needed = (limits.MemoryBytes is null ? 0 : Need(GroupController.Memory, "memory")) | (limits.Cpus is null ? 0 : Need(GroupController.Cpu, "cpus"));
        // The kernel's limit for a user holds without groups, too.
        var counts = processes is not null && _problems[(int)GroupController.Pids] is null;
        var pids = counts && _first[(int)GroupController.Pids] is null ? 1 << (int)GroupController.Pids : 0;
        var second = needed + pids == 0 ? null : Second(needed | pids);
        if (second is null && pids != 0)
        {
            counts = false;
            second = needed == 0 ? null : Second(needed);
        }

        if (second is null && needed != 0)
        {
            throw new IOException(
                $"This machine cannot hold `limits: memory` and `limits: cpus` at once: no control group above {_ancestors.FirstOrDefault()} passes both controllers on, and a process is in one group only; `cairn doctor` tells more");
        }

        var group = new ControlGroup(limits.MemoryBytes);
        try
        {
            if (limits.MemoryBytes is { } memory)
            {
                var folder = Make(group, GroupController.Memory, second, name, out var isV2);
                group.HoldMemory(folder, isV2, memory);
            }

            if (limits.Cpus is { } cpus)
            {
                var folder = Make(group, GroupController.Cpu, second, name, out var isV2);
                ControlGroup.HoldCpus(folder, isV2, cpus);
            }

            if (counts)
            {
                group.HoldProcesses(Make(group, GroupController.Pids, second, name, out _), processes!.Value);
            }
        }
        catch
        {
            group.Dispose();
            throw;
        }

        return group.Folders.IsEmpty ? null : group;
    }

    /// <summary>The controller as one of a set, where it is one of version 2. Throws <see cref="IOException"/> where there is none.</summary>
    private int Need(GroupController controller, string limit) => _problems[(int)controller] is { } problem
        ? throw new IOException($"This machine cannot hold `limits: {limit}`: {problem}; `cairn doctor` tells more")
        : _first[(int)controller] is null ? 1 << (int)controller : 0;

    private string Make(ControlGroup group, GroupController controller, string? second, string name, out bool isV2)
    {
        isV2 = _first[(int)controller] is null;
        var folder = $"{_first[(int)controller] ?? second}/{name}";
        group.Make(folder);
        return folder;
    }

    /// <summary>The nearest group of version 2 that passes on all controllers of a set, or can be made to; null for none.</summary>
    private string? Second(int set)
    {
        lock (_gate)
        {
            _second[set] ??= _ancestors.Find(folder => PassesOn(folder, set)) ?? "";
            return _second[set] is { Length: > 0 } folder ? folder : null;
        }
    }

    // Not while processes are in it, unless it is the machine's own root.
    private static bool PassesOn(string folder, int set)
    {
        var passed = Read($"{folder}/cgroup.subtree_control");
        var wanted = "";
        for (var i = 0; i < Controllers; i++)
        {
            wanted += (set & (1 << i)) != 0 && !HasWord(passed, Names[i]) ? $" +{Names[i]}" : "";
        }

        if (wanted.Length == 0)
        {
            return true;
        }

        var own = Read($"{folder}/cgroup.controllers");
        foreach (var word in wanted.Split(" +", StringSplitOptions.RemoveEmptyEntries))
        {
            if (!HasWord(own, word))
            {
                return false;
            }
        }

        if (File.Exists($"{folder}/cgroup.type") && Read($"{folder}/cgroup.procs") is not "")
        {
            return false;
        }

        try
        {
            ControlGroup.Write($"{folder}/cgroup.subtree_control", wanted[1..]);
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
