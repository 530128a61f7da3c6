using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Store.Content;

namespace Cairn.Store.Toolchains;

/// <summary>Trees that are to stand in one root.</summary>
public static class TreeUnion
{
    private const int ShownMax = 5;

    /// <summary>Sees that no two trees have another file or link at a path, nor one a file where another has a folder. Throws <see cref="IOException"/> with those that clash.</summary>
    public static void Check(ImmutableArray<Digest> trees, ContentStore store)
    {
        if (FindClashes(trees, store) is { Count: > 0 } clashes)
        {
            throw new IOException($"The toolchains of this step do not go together: {(clashes.Count == 1 ? "they differ" : $"they differ in {clashes.Count} files, the first of them")} at {string.Join(", ", clashes.Take(ShownMax).Select(static c => $"`/{c}`"))}; packages of one archive belong into one toolchain, and `at` gives an archive a folder of its own");
        }
    }

    /// <summary>The paths at which trees differ, sorted. Throws <see cref="IOException"/> where a tree is not in the store.</summary>
    public static List<string> FindClashes(ImmutableArray<Digest> trees, ContentStore store)
    {
        var clashes = new SortedSet<string>(StringComparer.Ordinal);
        var (leaves, folders) = (new Dictionary<string, TreeLeaf>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var tree in trees)
        {
            if (!StoredTree.TryForEach(tree, store, (path, leaf) =>
            {
                if (!leaves.TryAdd(path, leaf) && leaves[path] != leaf)
                {
                    clashes.Add(path);
                }

                for (var slash = path.LastIndexOf('/'); slash > 0 && folders.Add(path[..slash]); slash = path.LastIndexOf('/', slash - 1))
                {
                }
            }))
            {
                throw new IOException("A toolchain is no longer in the store: `cairn toolchain lock` makes it again");
            }
        }

        foreach (var folder in folders)
        {
            if (leaves.ContainsKey(folder))
            {
                clashes.Add(folder);
            }
        }

        return [.. clashes];
    }
}
