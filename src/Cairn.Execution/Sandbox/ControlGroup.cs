using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Cairn.Execution.Sandbox;

/// <summary>
/// The control groups of one place, one for each hierarchy that its limits need. Processes are put into them before they do anything; when all have ended, the groups
/// tell what happened, and go.
/// </summary>
public sealed class ControlGroup : IDisposable
{
    private const int PeriodMicroseconds = 100_000;
    private const int QuotaMicrosecondsMin = 1_000;

    // What has just been killed is in the group for an instant yet.
    private const int RemoveMs = 500;

    private readonly List<string> _folders = [];
    private readonly long? _memoryBytes;
    private (string Folder, bool IsV2)? _memory;
    private (string Folder, long Count)? _processes;

    internal ControlGroup(long? memoryBytes) => _memoryBytes = memoryBytes;

    /// <summary>The groups' folders.</summary>
    public ImmutableArray<string> Folders => [.. _folders];

    /// <summary>The files that a process's id is written to so that it joins.</summary>
    public ImmutableArray<string> Joins => [.. _folders.Select(static f => f + "/cgroup.procs")];

    /// <summary>How many processes the kernel killed since there was no memory left.</summary>
    public long OutOfMemoryKills => _memory is not var (folder, isV2) ? 0 : Count($"{folder}/{(isV2 ? "memory.events" : "memory.oom_control")}", "oom_kill");

    /// <summary>The most memory that was used at once, or null where the kernel does not tell.</summary>
    public long? MemoryPeakBytes =>
        _memory is var (folder, isV2) && TryRead($"{folder}/{(isV2 ? "memory.peak" : "memory.max_usage_in_bytes")}") is { } text && long.TryParse(text, CultureInfo.InvariantCulture, out var bytes) ? bytes : null;

    /// <summary>The bound of memory.</summary>
    public long? MemoryBytes => _memoryBytes;

    /// <summary>Whether it bounds how many processes there are.</summary>
    public bool BoundsProcesses => _processes is not null;

    /// <summary>The bound of processes.</summary>
    public long? ProcessesMax => _processes?.Count;

    /// <summary>How often a process could not be made since there were as many as may be.</summary>
    public long RefusedProcesses => _processes is var (folder, _) ? Count($"{folder}/pids.events", "max") : 0;

    /// <summary>Removes groups that a run which is gone has left; whether none is left. What is still in use stays.</summary>
    public static bool RemoveLeft(string folder, string prefix)
    {
        try
        {
            var all = true;
            foreach (var group in Directory.GetDirectories(folder, prefix + "*"))
            {
                all &= TryRemove(group);
            }

            return all;
        }
        catch (DirectoryNotFoundException)
        {
            // The group above them went, too.
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Removes the groups; all processes in them have ended.</summary>
    public void Dispose()
    {
        foreach (var folder in _folders)
        {
            _ = SpinWait.SpinUntil(() => TryRemove(folder), RemoveMs);
        }

        _folders.Clear();
    }

    internal void Make(string folder)
    {
        if (_folders.Contains(folder))
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new IOException(exception.Message, exception);
        }

        _folders.Add(folder);
    }

    internal void HoldMemory(string folder, bool isV2, long bytes)
    {
        _memory = (folder, isV2);
        var text = bytes.ToString(CultureInfo.InvariantCulture);
        if (isV2)
        {
            Write($"{folder}/memory.max", text);
            // Without swap there is no such file. The kernel ends the step as a whole rather than one process, which leaves others waiting for it.
            WriteIfThere($"{folder}/memory.swap.max", "0");
            WriteIfThere($"{folder}/memory.oom.group", "1");
            return;
        }

        Write($"{folder}/memory.limit_in_bytes", text);
        WriteIfThere($"{folder}/memory.memsw.limit_in_bytes", text);
    }

    internal static void HoldCpus(string folder, bool isV2, double cpus)
    {
        var quota = long.Max(QuotaMicrosecondsMin, (long)(cpus * PeriodMicroseconds)).ToString(CultureInfo.InvariantCulture);
        if (isV2)
        {
            Write($"{folder}/cpu.max", $"{quota} {PeriodMicroseconds}");
            return;
        }

        Write($"{folder}/cpu.cfs_period_us", PeriodMicroseconds.ToString(CultureInfo.InvariantCulture));
        Write($"{folder}/cpu.cfs_quota_us", quota);
    }

    // The sandbox's first process is one of them.
    internal void HoldProcesses(string folder, long count)
    {
        _processes = (folder, count);
        Write($"{folder}/pids.max", (count + 1).ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Writes what the kernel takes at once or refuses. Throws <see cref="IOException"/>.</summary>
    internal static void Write(string path, string text)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            RandomAccess.Write(file, Encoding.ASCII.GetBytes(text), 0);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"`{path}` does not take `{text}`: {exception.Message}", exception);
        }
    }

    private static void WriteIfThere(string path, string text)
    {
        if (File.Exists(path))
        {
            Write(path, text);
        }
    }

    private static bool TryRemove(string folder)
    {
        try
        {
            Directory.Delete(folder);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // Lines of a word and a number.
    private static long Count(string path, string word)
    {
        foreach (var line in (TryRead(path) ?? "").Split('\n'))
        {
            if (line.Split(' ') is [var name, var value] && name == word && long.TryParse(value, CultureInfo.InvariantCulture, out var count))
            {
                return count;
            }
        }

        return 0;
    }

    private static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
