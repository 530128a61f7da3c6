using System.Collections.Immutable;

using Cairn.Core.Protobuf;

namespace Cairn.Core.Content;

/// <summary>A file or link in its folder. The name is the end of the path, so that no text is made for it.</summary>
internal readonly struct MerkleLeaf(string path, int nameStart, in TreeLeaf value)
{
    public readonly string Path = path;
    public readonly int NameStart = nameStart;
    public readonly TreeLeaf Value = value;

    public ReadOnlySpan<char> Name => Path.AsSpan(NameStart);
}

/// <summary>
/// A folder of a <see cref="MerkleTree"/>: immutable, so that any number of trees share it, except for its digest, which is computed when it is first
/// asked for. It stands at the same path in all of them.
/// </summary>
internal sealed class MerkleFolder
{
    private readonly string _path;
    private readonly int _nameStart;
    private readonly int _nameEnd;
    private readonly MerkleLeaf[] _leaves;
    private readonly MerkleFolder[] _folders;

    private Digest _digest;
    private volatile bool _hasDigest;

    /// <summary>Takes entries that are sorted by the bytes of their names.</summary>
    /// <param name="path">A path that begins with the folder's.</param>
    /// <param name="nameStart">Where its name starts there.</param>
    /// <param name="nameEnd">Where its name ends there.</param>
    /// <param name="leaves">Files and links.</param>
    /// <param name="folders">Folders, none of them empty.</param>
    public MerkleFolder(string path, int nameStart, int nameEnd, MerkleLeaf[] leaves, MerkleFolder[] folders)
    {
        (_path, _nameStart, _nameEnd, _leaves, _folders) = (path, nameStart, nameEnd, leaves, folders);
        LeafCount = leaves.Length;
        foreach (var folder in folders)
        {
            LeafCount += folder.LeafCount;
        }
    }

    public static MerkleFolder Empty { get; } = new("", 0, 0, [], []);

    public int LeafCount { get; }

    public ReadOnlySpan<char> Name => _path.AsSpan(_nameStart, _nameEnd - _nameStart);

    public string Path => _path[.._nameEnd];

    public Digest Digest
    {
        get
        {
            // Two threads may both compute it; they write the same.
            if (!_hasDigest)
            {
                var writer = ProtoWriter.Rent();
                Hash(writer);
                writer.Return();
            }

            return _digest;
        }
    }

    public TreeLeaf? FindLeaf(ReadOnlySpan<char> name)
    {
        var at = IndexOfLeaf(name, 0);
        return at >= 0 ? _leaves[at].Value : null;
    }

    public MerkleFolder? FindFolder(ReadOnlySpan<char> name)
    {
        var at = IndexOfFolder(name, 0);
        return at >= 0 ? _folders[at] : null;
    }

    /// <summary>The path of a folder that has the name of a file, or null.</summary>
    public string? FindClash()
    {
        foreach (var folder in _folders)
        {
            if (IndexOfLeaf(folder.Name, 0) >= 0)
            {
                return folder.Path;
            }
        }

        return null;
    }

    public void ForEach(Action<string, TreeLeaf> action)
    {
        foreach (ref readonly var leaf in _leaves.AsSpan())
        {
            action(leaf.Path, leaf.Value);
        }

        foreach (var folder in _folders)
        {
            folder.ForEach(action);
        }
    }

    public void Visit(Func<Digest, ImmutableArray<byte>, bool> visit, ProtoWriter writer)
    {
        Hash(writer);
        Encode(writer);
        if (visit(_digest, writer.ToImmutableArray()))
        {
            foreach (var folder in _folders)
            {
                folder.Visit(visit, writer);
            }
        }
    }

    public void Visit(Func<Digest, bool> isKnown, Action<Digest, ImmutableArray<byte>> visit, ProtoWriter writer)
    {
        Hash(writer);
        if (isKnown(_digest))
        {
            return;
        }

        foreach (var folder in _folders)
        {
            folder.Visit(isKnown, visit, writer);
        }

        Encode(writer);
        visit(_digest, writer.ToImmutableArray());
    }

    /// <summary>Both folders in one: one of the two where it holds the other. Null, with the path, where they differ at one.</summary>
    public static MerkleFolder? TryMerge(MerkleFolder one, MerkleFolder other, ref string? conflict)
    {
        if (ReferenceEquals(one, other) || other.LeafCount == 0 || (one._hasDigest && other._hasDigest && one._digest == other._digest))
        {
            return one;
        }

        if (one.LeafCount == 0)
        {
            return other;
        }

        // The small one is looked up in the large one, and what stands between is copied as a whole.
        var (large, small) = one._leaves.Length + one._folders.Length >= other._leaves.Length + other._folders.Length ? (one, other) : (other, one);
        if (MergeLeaves(large, small, ref conflict) is not { } leaves || MergeFolders(large, small, ref conflict) is not { } folders)
        {
            return null;
        }

        if (ReferenceEquals(leaves, large._leaves) && ReferenceEquals(folders, large._folders))
        {
            return large;
        }

        // As many as the small one alone has: then it holds the large one, and may have its digest already.
        var both = new MerkleFolder(large._path, large._nameStart, large._nameEnd, leaves, folders);
        return both.LeafCount == small.LeafCount ? small : both;
    }

    private static MerkleLeaf[]? MergeLeaves(MerkleFolder large, MerkleFolder small, ref string? conflict)
    {
        MerkleLeaf[]? merged = null;
        var (from, to) = (0, 0);
        foreach (ref readonly var leaf in small._leaves.AsSpan())
        {
            var at = large.IndexOfLeaf(leaf.Name, from);
            if ((at >= 0 && large._leaves[at].Value != leaf.Value) || large.IndexOfFolder(leaf.Name, 0) >= 0)
            {
                conflict = leaf.Path;
                return null;
            }

            if (at < 0)
            {
                merged ??= new MerkleLeaf[large._leaves.Length + small._leaves.Length];
                Array.Copy(large._leaves, from, merged, to, ~at - from);
                to += ~at - from;
                from = ~at;
                merged[to++] = leaf;
            }
        }

        return merged is null ? large._leaves : Finished(large._leaves, from, merged, to);
    }

    private static MerkleFolder[]? MergeFolders(MerkleFolder large, MerkleFolder small, ref string? conflict)
    {
        MerkleFolder[]? merged = null;
        var (from, to) = (0, 0);
        foreach (var folder in small._folders)
        {
            if (large.IndexOfLeaf(folder.Name, 0) >= 0)
            {
                conflict = folder.Path;
                return null;
            }

            var at = large.IndexOfFolder(folder.Name, from);
            var present = at >= 0 ? large._folders[at] : null;
            var both = present is null ? folder : TryMerge(present, folder, ref conflict);
            if (both is null)
            {
                return null;
            }

            if (!ReferenceEquals(both, present))
            {
                merged ??= new MerkleFolder[large._folders.Length + small._folders.Length];
                var index = at >= 0 ? at : ~at;
                Array.Copy(large._folders, from, merged, to, index - from);
                to += index - from;
                from = at >= 0 ? index + 1 : index;
                merged[to++] = both;
            }
        }

        return merged is null ? large._folders : Finished(large._folders, from, merged, to);
    }

    private static T[] Finished<T>(T[] large, int from, T[] merged, int to)
    {
        var rest = large.Length - from;
        Array.Copy(large, from, merged, to, rest);
        Array.Resize(ref merged, to + rest);
        return merged;
    }

    /// <summary>The index of a name, or the complement of the index where it belongs.</summary>
    private int IndexOfLeaf(ReadOnlySpan<char> name, int low)
    {
        var high = _leaves.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = Utf8Order.Compare(_leaves[middle].Name, name);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }

    /// <inheritdoc cref="IndexOfLeaf"/>
    private int IndexOfFolder(ReadOnlySpan<char> name, int low)
    {
        var high = _folders.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = Utf8Order.Compare(_folders[middle].Name, name);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }

    private void Hash(ProtoWriter writer)
    {
        if (_hasDigest)
        {
            return;
        }

        foreach (var folder in _folders)
        {
            folder.Hash(writer);
        }

        Encode(writer);
        _digest = Digest.Of(writer.Written);
        _hasDigest = true;
    }

    /// <summary>Writes the folder's message; the folders below are hashed.</summary>
    private void Encode(ProtoWriter writer)
    {
        writer.Clear();
        var hasLinks = false;
        foreach (ref readonly var leaf in _leaves.AsSpan())
        {
            if (leaf.Value.Target is null)
            {
                DirectoryEncoder.WriteFile(writer, leaf.Name, leaf.Value.Digest, leaf.Value.Executable);
            }
            else
            {
                hasLinks = true;
            }
        }

        foreach (var folder in _folders)
        {
            DirectoryEncoder.WriteDirectory(writer, folder.Name, folder._digest);
        }

        for (var i = 0; hasLinks && i < _leaves.Length; i++)
        {
            ref readonly var leaf = ref _leaves[i];
            if (leaf.Value.Target is { } target)
            {
                DirectoryEncoder.WriteSymlink(writer, leaf.Name, target);
            }
        }
    }
}
