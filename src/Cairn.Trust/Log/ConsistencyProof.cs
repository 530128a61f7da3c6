using System.Collections.Immutable;

namespace Cairn.Trust.Log;

/// <summary>That a tree has grown out of a smaller one: the leaves of that are its first ones (RFC 6962, 2.1.2).</summary>
/// <param name="OldSize">The size of the smaller one.</param>
/// <param name="NewSize">The size of the larger one.</param>
/// <param name="Path">The hashes.</param>
public sealed record ConsistencyProof(long OldSize, long NewSize, ImmutableArray<MerkleHash> Path)
{
    /// <summary>Makes one. It has no hashes where the sizes are equal, or the older tree is empty.</summary>
    /// <param name="tree">The larger tree.</param>
    /// <param name="oldSize">The size of the smaller one.</param>
    public static ConsistencyProof Make(TileTree tree, long oldSize)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentOutOfRangeException.ThrowIfNegative(oldSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, tree.Size);
        if (oldSize == 0 || oldSize == tree.Size)
        {
            return new ConsistencyProof(oldSize, tree.Size, []);
        }

        var path = ImmutableArray.CreateBuilder<MerkleHash>();
        var (start, end) = (0L, tree.Size);
        while (oldSize != end)
        {
            var middle = start + TileTree.SplitOf(end - start);
            if (oldSize <= middle)
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

        // The whole of the old tree is known to who asks.
        if (start > 0)
        {
            path.Add(tree.Hash(start, end));
        }

        path.Reverse();
        return new ConsistencyProof(oldSize, tree.Size, path.DrainToImmutable());
    }

    /// <summary>Whether the tree of one root has grown out of that of the other. The empty tree proves nothing and is refused: everything has grown out of it.</summary>
    public bool Verifies(in MerkleHash oldRoot, in MerkleHash newRoot)
    {
        if (OldSize <= 0 || NewSize < OldSize)
        {
            return false;
        }

        if (OldSize == NewSize)
        {
            return Path.IsEmpty && oldRoot == newRoot;
        }

        // The last node of the old tree that is whole in the new one: where that is all of it, its hash is the old root.
        var (node, last) = (OldSize - 1, NewSize - 1);
        while ((node & 1) == 1)
        {
            (node, last) = (node >> 1, last >> 1);
        }

        var used = 0;
        MerkleHash first;
        if (node == 0)
        {
            first = oldRoot;
        }
        else if (Path.Length > 0)
        {
            first = Path[used++];
        }
        else
        {
            return false;
        }

        var (older, newer) = (first, first);
        for (; last > 0; (node, last) = (node >> 1, last >> 1))
        {
            if ((node & 1) == 0 && node == last)
            {
                continue;
            }

            if (used == Path.Length)
            {
                return false;
            }

            var beside = Path[used++];
            if ((node & 1) == 1)
            {
                older = MerkleHash.Node(beside, older);
                newer = MerkleHash.Node(beside, newer);
            }
            else
            {
                newer = MerkleHash.Node(newer, beside);
            }
        }

        return used == Path.Length && older == oldRoot && newer == newRoot;
    }
}
