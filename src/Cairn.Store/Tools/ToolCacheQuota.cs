using Cairn.Store.Files;

namespace Cairn.Store.Tools;

/// <summary>
/// Brings a folder below a size by removing what was used longest ago. The units are the folder's own entries, whole: half a package breaks the
/// tool that trusts it, none of it is only fetched again. Where a folder holds but one folder, the entries of that one are the units.
/// </summary>
internal static class ToolCacheQuota
{
    public static TreeUse Measure(string directory)
    {
        using var folder = DirectoryHandle.Open(directory);
        var use = default(TreeUse);
        foreach (var entry in folder.ListRaw())
        {
            use = use.Plus(folder.Measure(entry));
        }

        return use;
    }

    /// <summary>Returns the bytes that were removed.</summary>
    public static long Trim(string directory, long quotaBytes)
    {
        var folder = DirectoryHandle.Open(directory);
        try
        {
            var entries = folder.ListRaw();
            while (entries is [{ IsDirectory: true } only] && folder.TryOpen(only) is { } below)
            {
                folder.Dispose();
                folder = below;
                entries = folder.ListRaw();
            }

            var units = new List<(RawEntry Entry, TreeUse Use)>(entries.Count);
            long total = 0;
            foreach (var entry in entries)
            {
                var use = folder.Measure(entry);
                units.Add((entry, use));
                total += use.Bytes;
            }

            if (total <= quotaBytes)
            {
                return 0;
            }

            units.Sort(static (a, b) => a.Use.LastUsedNs != b.Use.LastUsedNs ? a.Use.LastUsedNs.CompareTo(b.Use.LastUsedNs) : a.Entry.Name.AsSpan().SequenceCompareTo(b.Entry.Name));
            long removed = 0;
            foreach (var (entry, use) in units)
            {
                if (total - removed <= quotaBytes)
                {
                    break;
                }

                if (use.Bytes > 0)
                {
                    folder.RemoveTree(entry);
                    removed += use.Bytes;
                }
            }

            return removed;
        }
        finally
        {
            folder.Dispose();
        }
    }
}
