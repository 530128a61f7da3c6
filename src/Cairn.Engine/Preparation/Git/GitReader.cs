using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Engine.Preparation.Git;

/// <summary>What git's files told, and what is left to ask.</summary>
/// <param name="State">The state; <see cref="GitState.Dirty"/> is null where it hangs on the rest.</param>
/// <param name="Root">The working tree's top.</param>
/// <param name="IndexTree">The tree of the index where nobody could tell that of the commit; null where that is settled.</param>
/// <param name="Changes">The comparison of files where it left questions; null where it left none.</param>
internal sealed record GitFindings(GitState State, string Root, string? IndexTree = null, GitChanges? Changes = null)
{
    /// <summary>Whether nothing is left to ask.</summary>
    public bool IsComplete => IndexTree is null && Changes is null;
}

/// <summary>
/// Reads a repository's files: branch, commit, tracked files, and whether any differs from the commit. Runs nothing that the repository or its configuration names, so it
/// does no harm in one that others own.
/// </summary>
internal static class GitReader
{
    /// <summary>Reads the state; null where git's program has to be asked for all of it.</summary>
    public static GitFindings? Read(string project, GitMemory memory)
    {
        try
        {
            return GitLayout.Find(project) is { } layout && GitHead.Read(layout) is { } head ? Read(layout, head, memory) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static GitFindings? Read(GitLayout layout, GitHead head, GitMemory memory)
    {
        if (ReadIndex(layout, out var written) is not { } index)
        {
            return null;
        }

        var paths = index.Paths();
        var state = new GitState { Present = true, Branch = head.Branch, Commit = head.Commit, Tracked = Tracked(paths, layout.Prefix), Memory = memory };
        if (index.HasOpenEntries || head.Commit is not { } commit)
        {
            return new GitFindings(state with { Dirty = paths.Length > 0 }, layout.Root);
        }

        if (GitTrees.RootOf(index) is not { } rootTree)
        {
            return null;
        }

        var indexTree = Hex.Lower(rootTree);
        var tree = memory.TreeOf(commit);
        if (tree is null && (tree = GitObjects.TreeOf(layout, commit)) is not null)
        {
            memory = memory.With(commit, tree);
            state = state with { Memory = memory };
        }

        if (tree is not null && !string.Equals(tree, indexTree, StringComparison.Ordinal))
        {
            return new GitFindings(state with { Dirty = true }, layout.Root);
        }

        var changes = new GitChanges(index, written, paths, memory);
        using var root = DirectoryHandle.Open(layout.Root);
        if (changes.Look(root) is not { } differs)
        {
            return null;
        }

        state = state with { Memory = changes.Learned is { } learned ? memory.With(learned) : memory };
        if (differs)
        {
            return new GitFindings(state with { Dirty = true }, layout.Root);
        }

        var isSettled = tree is not null && changes.Questions.Count == 0;
        return new GitFindings(state with { Dirty = isSettled ? false : null }, layout.Root, tree is null ? indexTree : null, changes.Questions.Count == 0 ? null : changes);
    }

    private static GitIndex? ReadIndex(GitLayout layout, out long writtenNs)
    {
        writtenNs = 0;
        using var folder = DirectoryHandle.Open(layout.GitDirectory);
        using var file = folder.TryOpenFile("index");
        if (file is null && !Path.Exists(Path.Combine(layout.GitDirectory, "index")))
        {
            // Nothing was ever added.
            return GitIndex.Empty(layout.HashBytes);
        }

        if (file is null || RandomAccess.GetLength(file) > Limits.GitFileBytesMax)
        {
            return null;
        }

        writtenNs = (File.GetLastWriteTimeUtc(file) - DateTime.UnixEpoch).Ticks * 100;
        return GitIndex.TryParse(GitLayout.ReadAll(file), layout.HashBytes);
    }

    private static ImmutableArray<string> Tracked(string[] paths, string prefix)
    {
        var (count, isSorted) = (0, true);
        var tracked = new string[paths.Length];
        foreach (var path in paths)
        {
            if (!path.StartsWith(prefix, StringComparison.Ordinal))
            {
                continue;
            }

            tracked[count] = prefix.Length == 0 ? path : path[prefix.Length..];
            isSorted &= count == 0 || string.CompareOrdinal(tracked[count - 1], tracked[count]) <= 0;
            count++;
        }

        Array.Resize(ref tracked, count);
        if (!isSorted)
        {
            // Git sorts by bytes.
            Array.Sort(tracked, StringComparer.Ordinal);
        }

        return System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(tracked);
    }
}
