using Cairn.Store.Files;

namespace Cairn.Store.Layers;

/// <summary>Holds everything in a layer of a tree against the tree that it is named after.</summary>
internal static class LayerCheck
{
    /// <summary>What is wrong with it, in words; null where nothing is.</summary>
    /// <param name="layer">Its folder.</param>
    /// <param name="key">Its name: the hash of the tree.</param>
    /// <param name="lower">The folder of the layer that it lies over, or null.</param>
    /// <param name="actual">What stands in it.</param>
    public static string? WrongWith(DirectoryHandle layer, string key, DirectoryHandle? lower, LayerListing actual)
    {
        var below = lower is null ? null : LayerTree.TryRead(lower, below: null);
        if (lower is not null && below is null)
        {
            return "the list of files of the layer that it lies over cannot be read";
        }

        if (LayerTree.TryRead(layer, below) is not { } shown || shown.TryBuild() is not { } tree || !string.Equals(tree.Digest.Hash, key, StringComparison.Ordinal))
        {
            return "its list of files is not that of its name";
        }

        if (below is null)
        {
            return LayerListing.Of(tree, LayerStore.TreeFolder).FirstDifference(actual);
        }

        return LayerDelta.Between(below, tree, shown, int.MaxValue) is { } delta
            ? LayerListing.Of(delta, LayerStore.TreeFolder).FirstDifference(actual)
            : "the list of files below it cannot be read";
    }
}
