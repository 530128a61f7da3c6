using System.Globalization;

using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Layers;

namespace Cairn.Store.Toolchains;

/// <summary>Trees that are kept whole in the store: every folder is a blob beside the files.</summary>
public static class StoredTree
{
    /// <summary>Keeps the folders of a tree whose files are there.</summary>
    public static void Put(MerkleTree tree, ContentStore store)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(store);
        tree.Visit(static _ => false, (digest, content) =>
        {
            if (store.Put(content.AsSpan()) != digest)
            {
                throw new IOException("A folder of a tree is not what its digest says");
            }
        });
    }

    /// <summary>Calls back for every file and link of a tree; false where a folder is missing.</summary>
    public static bool TryForEach(Digest root, ContentStore store, Action<string, TreeLeaf> action)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(action);
        var pending = new Stack<(string Prefix, Digest Folder)>([("", root)]);
        while (pending.TryPop(out var next))
        {
            if (store.TryRead(next.Folder, Core.Limits.ActionBlobBytesMax) is not { } content || DirectoryDecoder.TryDecode(content, out _) is not { } items)
            {
                return false;
            }

            foreach (var item in items)
            {
                if (item.IsFolder)
                {
                    pending.Push(($"{next.Prefix}{item.Name}/", item.Leaf.Digest));
                }
                else
                {
                    action(next.Prefix + item.Name, item.Leaf);
                }
            }
        }

        return true;
    }

    /// <summary>Lays a tree out as a layer. Throws <see cref="IOException"/> where a part of it is missing.</summary>
    public static void LayOut(Digest root, LayerWriter layer, ContentStore store)
    {
        ArgumentNullException.ThrowIfNull(layer);
        var isWhole = TryForEach(root, store, (path, leaf) =>
        {
            if (leaf.Target is { } target)
            {
                layer.AddLink(path, target);
            }
            else if (!layer.TryAddBlob(path, leaf.Digest, leaf.Executable, store))
            {
                throw new IOException($"`/{path}` of a toolchain is no longer in the store: `cairn toolchain lock` makes it again");
            }
        });
        if (!isWhole)
        {
            throw new IOException("A toolchain is no longer in the store: `cairn toolchain lock` makes it again");
        }
    }

    /// <summary>What the layers that a tree is laid out in, of whatever owner, have otherwise than the tree, in words; null where there are none, or nothing is wrong.</summary>
    public static string? FindLayerDamage(Digest root, ContentStore store, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        var should = new LayerListing();
        if (!TryForEach(root, store, should.Put))
        {
            return null;
        }

        using var top = DirectoryHandle.Open(store.Directory);
        using var all = top.TryOpen(LayerStore.Folder);
        foreach (var owner in all?.List() ?? [])
        {
            if (!owner.IsUtf8 || !uint.TryParse(owner.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                continue;
            }

            using var layer = all!.TryOpenPath($"{owner.Name}/{LayerStore.ToolchainKey(root)}/{LayerStore.RootFolder}");
            if (layer is not null && should.FirstDifference(LayerListing.Read(layer, id, cancellationToken)) is { } difference)
            {
                return $"the layer `{layer.DisplayPath}` is not the tree: {difference}; remove it, and the next run lays it out again";
            }
        }

        return null;
    }
}
