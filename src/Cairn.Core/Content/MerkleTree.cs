using System.Collections.Immutable;

namespace Cairn.Core.Content;

/// <summary>What stands at a path of a tree.</summary>
/// <param name="Digest">The content of a file; of a link, <see cref="Digest.Empty"/>.</param>
/// <param name="Executable">Whether its owner may execute it.</param>
/// <param name="Target">Where the link leads; null for a file.</param>
public readonly record struct TreeLeaf(Digest Digest, bool Executable, string? Target = null);

/// <summary>
/// An immutable Merkle tree of files and links. Trees share what they have in common, and each folder is encoded and hashed once however many
/// trees it is part of.
/// </summary>
public sealed class MerkleTree
{
    private MerkleTree()
    {
    }

    /// <summary>The tree without files.</summary>
    public static MerkleTree Empty => throw new NotSupportedException();

    /// <summary>The digest of its canonical REAPI <c>Directory</c>; the same as <see cref="TreeBuilder"/> gives.</summary>
    public Digest Digest => throw new NotSupportedException();

    /// <summary>The tree of some files. Throws <see cref="ArgumentException"/> for a path that is no plain relative one, or that is both a file and a folder.</summary>
    public static MerkleTree Of(IEnumerable<KeyValuePair<string, TreeLeaf>> leaves) => throw new NotSupportedException();

    /// <summary>Both trees in one; null, with the path, where they differ at one.</summary>
    public MerkleTree? TryMerge(MerkleTree other, out string? conflict) => throw new NotSupportedException();

    /// <summary>What stands at a path, or null.</summary>
    public TreeLeaf? TryGet(string path) => throw new NotSupportedException();

    /// <summary>Calls back for every folder with its canonical bytes, those below before those above; <paramref name="visit"/> returns false to leave out what is below (it is known already).</summary>
    public void Visit(Func<Digest, ImmutableArray<byte>, bool> visit) => throw new NotSupportedException();
}
