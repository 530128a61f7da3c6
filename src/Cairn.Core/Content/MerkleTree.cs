using System.Collections.Immutable;

using Cairn.Core.Protobuf;

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
    private readonly MerkleFolder _root;

    internal MerkleTree(MerkleFolder root) => _root = root;

    /// <summary>The tree without files.</summary>
    public static MerkleTree Empty { get; } = new(MerkleFolder.Empty);

    /// <summary>The digest of its canonical REAPI <c>Directory</c>; the same as <see cref="TreeBuilder"/> gives.</summary>
    public Digest Digest => _root.Digest;

    /// <summary>The number of files and links.</summary>
    public int Count => _root.LeafCount;

    /// <summary>The tree of some files. Throws <see cref="ArgumentException"/> for a path that is no plain relative one, or that is both a file and a folder.</summary>
    public static MerkleTree Of(IEnumerable<KeyValuePair<string, TreeLeaf>> leaves)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        var builder = new MerkleTreeBuilder(leaves.TryGetNonEnumeratedCount(out var count) ? count : 0);
        foreach (var (path, leaf) in leaves)
        {
            builder.Add(path, leaf);
        }

        return builder.Build();
    }

    /// <summary>Both trees in one; null, with the path, where they differ at one.</summary>
    public MerkleTree? TryMerge(MerkleTree other, out string? conflict)
    {
        ArgumentNullException.ThrowIfNull(other);
        conflict = null;
        var root = MerkleFolder.TryMerge(_root, other._root, ref conflict);
        return root is null ? null
            : ReferenceEquals(root, _root) ? this
            : ReferenceEquals(root, other._root) ? other
            : new MerkleTree(root);
    }

    /// <summary>What stands at a path, or null.</summary>
    public TreeLeaf? TryGet(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var folder = _root;
        var rest = path.AsSpan();
        for (int slash; (slash = rest.IndexOf('/')) >= 0; rest = rest[(slash + 1)..])
        {
            if (folder.FindFolder(rest[..slash]) is not { } below)
            {
                return null;
            }

            folder = below;
        }

        return folder.FindLeaf(rest);
    }

    /// <summary>Whether a path is that of a folder. The empty path is the tree's own.</summary>
    public bool HasFolder(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        MerkleFolder? folder = _root;
        for (var rest = path.AsSpan(); folder is not null && !rest.IsEmpty;)
        {
            var slash = rest.IndexOf('/');
            folder = folder.FindFolder(slash < 0 ? rest : rest[..slash]);
            rest = slash < 0 ? [] : rest[(slash + 1)..];
        }

        return folder is not null;
    }

    /// <summary>Calls back for every file and link with its path, those of a folder before those of the folders in it.</summary>
    public void ForEach(Action<string, TreeLeaf> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        _root.ForEach(action);
    }

    /// <summary>Calls back for every folder with its canonical bytes, those above before those below; <paramref name="visit"/> returns false to leave out what is below (it is known already).</summary>
    public void Visit(Func<Digest, ImmutableArray<byte>, bool> visit)
    {
        ArgumentNullException.ThrowIfNull(visit);
        var writer = ProtoWriter.Rent();
        _root.Visit(visit, writer);
        writer.Return();
    }

    /// <summary>
    /// Calls back for every folder with its canonical bytes, those below before those above, so that whoever has a folder has all below it. Where
    /// <paramref name="isKnown"/> says so of a folder, it and what is below are left out.
    /// </summary>
    public void Visit(Func<Digest, bool> isKnown, Action<Digest, ImmutableArray<byte>> visit)
    {
        ArgumentNullException.ThrowIfNull(isKnown);
        ArgumentNullException.ThrowIfNull(visit);
        var writer = ProtoWriter.Rent();
        _root.Visit(isKnown, visit, writer);
        writer.Return();
    }
}
