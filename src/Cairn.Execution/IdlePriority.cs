using System.Globalization;

using Cairn.Execution.Native;

namespace Cairn.Execution;

/// <summary>The rank of this process and of all that it starts behind everybody else's: for what has time.</summary>
public static class IdlePriority
{
    private const int ByProcess = 0;
    private const int NicestValue = 19;

    // The class `idle` of the kernel's I/O priorities, in the upper bits.
    private const int IdleClass = 3 << 13;

    /// <summary>Takes the lowest rank for processors and disks. False where the machine does not let it.</summary>
    public static bool TryTake()
    {
        var taken = true;
        foreach (var thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            // Both are a thread's, and new ones have them from the one that starts them. One that is gone meanwhile starts none.
            if (int.TryParse(Path.GetFileName(thread), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                taken &= (Libc.setpriority(ByProcess, id, NicestValue) == 0 && Libc.SetIoPriority(id, IdleClass)) || !Directory.Exists(thread);
            }
        }

        return taken;
    }
}
