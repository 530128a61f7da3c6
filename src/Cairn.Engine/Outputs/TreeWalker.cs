using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Engine.Outputs;

/// <summary>A file or link below the project.</summary>
/// <param name="Path">Relative to the project, <c>/</c> between segments.</param>
/// <param name="Stat">What it is.</param>
internal readonly record struct TreeFile(string Path, FileStat Stat);

/// <summary>What a walk found.</summary>
/// <param name="Entries">Files and links, sorted by path.</param>
/// <param name="Problems">Things that cannot be inputs or outputs, in words.</param>
internal sealed record WalkResult(List<TreeFile> Entries, List<string> Problems);

/// <summary>Finds the files that match patterns, entering only folders that can hold some.</summary>
internal static class TreeWalker
{
    /// <summary>Walks. <c>.cairn</c> and <c>.git</c> at the top are never entered.</summary>
    public static WalkResult Walk(DirectoryHandle root, PathPatterns patterns)
    {
        var result = new WalkResult([], []);
        if (patterns.IsEmpty)
        {
            return result;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var start in patterns.Roots)
        {
            WalkRoot(root, start, patterns, seen, result);
        }

        result.Entries.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path));
        return result;
    }

    private static void WalkRoot(DirectoryHandle root, string start, PathPatterns patterns, HashSet<string> seen, WalkResult result)
    {
        if (start.Length > 0)
        {
            var stat = root.TryStatPath(start);
            if (stat is null)
            {
                return;
            }

            if (stat.Value.Kind != FileKind.Directory)
            {
                AddFile(start, stat.Value, patterns, seen, result);
                return;
            }
        }

        var pending = new Stack<string>();
        pending.Push(start);
        while (pending.TryPop(out var folder))
        {
            using var directory = root.TryOpenPath(folder);
            if (directory is null)
            {
                continue;
            }

            foreach (var entry in directory.List())
            {
                var path = folder.Length == 0 ? entry.Name : $"{folder}/{entry.Name}";
                if (!entry.IsUtf8)
                {
                    if (patterns.IsMatch(path))
                    {
                        result.Problems.Add($"`{path}` has a name that is not UTF-8");
                    }

                    continue;
                }

                if (folder.Length == 0 && entry.Name is ".git" or ".cairn")
                {
                    continue;
                }

                var kind = entry.Kind;
                FileStat? stat = null;
                if (kind is null)
                {
                    stat = directory.TryStat(entry.Name);
                    kind = stat?.Kind;
                }

                if (kind == FileKind.Directory)
                {
                    if (Depth(path) > Limits.TreeDepthMax)
                    {
                        result.Problems.Add($"`{path[..80]}…` is nested deeper than {Limits.TreeDepthMax} folders");
                    }
                    else if (patterns.CouldMatchBelow(path))
                    {
                        pending.Push(path);
                    }
                }
                else if (patterns.IsMatch(path) && (stat ?? directory.TryStat(entry.Name)) is { } found)
                {
                    AddFile(path, found, patterns, seen, result);
                }
            }
        }
    }

    private static void AddFile(string path, FileStat stat, PathPatterns patterns, HashSet<string> seen, WalkResult result)
    {
        if (!patterns.IsMatch(path) || !seen.Add(path))
        {
            return;
        }

        if (stat.Kind == FileKind.Special)
        {
            result.Problems.Add($"`{path}` is a FIFO, socket or device");
        }
        else if (result.Entries.Count >= Limits.OutputFilesMax)
        {
            throw new IOException($"More than {Limits.OutputFilesMax:N0} files match the patterns");
        }
        else
        {
            result.Entries.Add(new TreeFile(path, stat));
        }
    }

    private static int Depth(string path) => path.AsSpan().Count('/') + 1;
}
