using System.Collections.Immutable;

namespace Cairn.Trust.Log;

/// <summary>That a leaf stands in a tree (RFC 6962, 2.1.1).</summary>
/// <param name="Index">Which leaf, from 0.</param>
/// <param name="Size">The size of the tree.</param>
/// <param name="Path">The hashes beside the way from the leaf up to the root.</param>
public sealed record InclusionProof(long Index, long Size, ImmutableArray<MerkleHash> Path)
{
    /// <summary>Makes one.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="index">The leaf.</param>
    public static InclusionProof Make(TileTree tree, long index)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, tree.Size);
        var path = ImmutableArray.CreateBuilder<MerkleHash>();
        var (start, end) = (0L, tree.Size);
        while (end - start > 1)
        {
            var middle = start + TileTree.SplitOf(end - start);
            if (index < middle)
            {
                path.Add(tree.Hash(middle, end));
                end = middle;
            }
            else
            {
                path.Add(tree.Hash(start, middle));
                start = middle;
            }
        }

        path.Reverse();
        return new InclusionProof(index, tree.Size, path.DrainToImmutable());
    }

    /// <summary>Whether a leaf stands there in the tree of a root.</summary>
    public bool Verifies(in MerkleHash leaf, in MerkleHash root) => RootOver(leaf) == root;

    /// <summary>The root that the proof leads to from a leaf; null where it has the wrong length, or there is no such leaf.</summary>
    public MerkleHash? RootOver(in MerkleHash leaf)
    {
        if (Index < 0 || Index >= Size)
        {
            return null;
        }

        var (hash, node, last, used) = (leaf, Index, Size - 1, 0);
        for (; last > 0; (node, last) = (node >> 1, last >> 1))
        {
            // The last node of a level without a neighbour goes up as it is.
            if ((node & 1) == 0 && node == last)
            {
                continue;
            }

            if (used == Path.Length)
            {
                return null;
            }

            var beside = Path[used++];
            hash = (node & 1) == 1 ? MerkleHash.Node(beside, hash) : MerkleHash.Node(hash, beside);
        }

        return used == Path.Length ? hash : null;
    }
}
