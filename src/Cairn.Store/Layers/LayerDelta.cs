using Cairn.Core.Content;

namespace Cairn.Store.Layers;

/// <summary>What must lie over one tree to show another.</summary>
/// <param name="Put">Files and links that are new or other than below.</param>
/// <param name="Hide">What stands below and is gone: of a folder that is gone, the folder alone.</param>
internal sealed record LayerDelta(List<(string Path, TreeLeaf Leaf)> Put, List<string> Hide)
{
    /// <summary>Compares two trees; null where more than so many files and links differ, or what is below cannot be read.</summary>
    public static LayerDelta? Between(LayerTree below, MerkleTree tree, LayerTree shown, int changesMax)
    {
        var difference = TreeDifference.Between(below.Root, tree.Digest, digest => shown.Read(digest) ?? below.Read(digest), changesMax);
        if (!difference.IsComplete)
        {
            return null;
        }

        var put = new List<(string, TreeLeaf)>();
        var hide = new List<string>();
        foreach (var change in difference.Changes)
        {
            if (change.Kind == TreeChangeKind.Unknown)
            {
                return null;
            }

            if (change.After is { } leaf)
            {
                put.Add((change.Path, leaf));
            }
            else if (Hidden(change.Path.TrimEnd('/'), tree) is { } gone && (hide.Count == 0 || !string.Equals(hide[^1], gone, StringComparison.Ordinal)))
            {
                // What stood in one folder comes in one run.
                hide.Add(gone);
            }
        }

        return new LayerDelta(put, hide);
    }

    /// <summary>The uppermost of a path's folders that is gone, or the path; null where something else stands there now, which hides it.</summary>
    private static string? Hidden(string path, MerkleTree tree)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            var folder = path[..slash];
            if (!tree.HasFolder(folder))
            {
                return tree.TryGet(folder) is null ? folder : null;
            }
        }

        return tree.HasFolder(path) ? null : path;
    }
}
