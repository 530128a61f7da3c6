namespace Cairn.Core.Tracing;

/// <summary>What the processes of a step did to the files of its project; paths are relative to that. What the step had made itself before it was read does not count as read.</summary>
public sealed class FileUses
{
    /// <summary>Files whose content was read, or that were executed.</summary>
    public HashSet<string> Read { get; } = new(StringComparer.Ordinal);

    /// <summary>Files and links that were looked at, followed, moved or removed.</summary>
    public HashSet<string> Seen { get; } = new(StringComparer.Ordinal);

    /// <summary>Folders whose names were listed.</summary>
    public HashSet<string> Listed { get; } = new(StringComparer.Ordinal);

    /// <summary>What was moved elsewhere, with all below it.</summary>
    public HashSet<string> Moved { get; } = new(StringComparer.Ordinal);

    /// <summary>What was looked for and was not there.</summary>
    public HashSet<string> Missing { get; } = new(StringComparer.Ordinal);

    /// <summary>Files and links that the step made or wrote, and that it neither moved nor removed afterwards.</summary>
    public HashSet<string> Made { get; } = new(StringComparer.Ordinal);

    /// <summary>How many system calls were seen.</summary>
    public long Calls { get; internal set; }

    /// <summary>How many processes and threads were seen.</summary>
    public int Processes { get; internal set; }
}
