using Cairn.Store.Files;

namespace Cairn.Store.Snapshots;

/// <summary>Takes a look at one path of many; false where no more are wanted.</summary>
/// <param name="number">Which one.</param>
/// <param name="stat">Its stat; <see cref="StatCheck.Absent"/> where nothing stands there.</param>
/// <param name="isKnown">False where that could not be seen.</param>
public delegate bool StatVisitor(int number, in FileStat stat, bool isKnown);

/// <summary>
/// Whether many files and folders still stand as they stood: the only look at the disk of a run that has nothing to do. A folder's times tell whether a name was
/// added to it or taken away.
/// </summary>
public static class StatCheck
{
    private const int RangePaths = 512;

    /// <summary>What is expected where nothing stands. No file has inode 0.</summary>
    public static FileStat Absent => default;

    /// <summary>The numbers of the paths that do not stand as expected, ascending.</summary>
    /// <param name="root">The project.</param>
    /// <param name="paths">Relative to it, sorted, so that names in one folder are neighbours; the empty path is the project itself. No folder on the way may be a link.</param>
    /// <param name="expected">Their stats; <see cref="Absent"/> where nothing should stand.</param>
    /// <param name="racy">Which stats were taken too soon after the last change to be trusted (<see cref="StatIndex.IsRacy"/>): these always differ. Null for none.</param>
    public static int[] Changed(DirectoryHandle root, string[] paths, FileStat[] expected, bool[]? racy = null)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(expected);
        if (expected.Length != paths.Length || (racy is not null && racy.Length != paths.Length))
        {
            throw new ArgumentException($"There are {paths.Length} paths, {expected.Length} stats and {racy?.Length} flags", nameof(expected));
        }

        var changed = new List<int>();
        WorkerThreads.ForRanges(paths.Length, RangePaths, (start, end) =>
        {
            using var folder = new ParentFolder(root);
            for (var i = start; i < end; i++)
            {
                // An error leaves the stat of nothing; one that hides what is there must not pass for it.
                var error = folder.Stat(paths[i], out var stat);
                if (stat != expected[i] || (error < 0 && !FileCalls.IsAbsent(error)) || racy?[i] == true)
                {
                    lock (changed)
                    {
                        changed.Add(i);
                    }
                }
            }
        });

        var result = changed.ToArray();
        Array.Sort(result);
        return result;
    }

    /// <summary>Looks at many paths on several threads until one look says that it is enough. False then.</summary>
    /// <param name="root">The folder that they are below.</param>
    /// <param name="paths">Sorted, so that names in one folder are neighbours. A path with a link on its way is absent.</param>
    /// <param name="visit">Called for each, on several threads.</param>
    public static bool ForEach(DirectoryHandle root, string[] paths, StatVisitor visit)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(visit);
        var goesOn = true;
        WorkerThreads.ForRanges(paths.Length, RangePaths, (start, end) =>
        {
            using var folder = new ParentFolder(root);
            for (var i = start; i < end && Volatile.Read(ref goesOn); i++)
            {
                var error = folder.Stat(paths[i], out var stat);
                if (!visit(i, error < 0 ? Absent : stat, error >= 0 || FileCalls.IsAbsent(error)))
                {
                    Volatile.Write(ref goesOn, false);
                }
            }
        });
        return goesOn;
    }
}
