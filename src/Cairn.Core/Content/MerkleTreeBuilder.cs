namespace Cairn.Core.Content;

/// <summary>Collects the leaves of a <see cref="MerkleTree"/>; cheapest where they come in order, but any will do.</summary>
public sealed class MerkleTreeBuilder
{
    // Apart, since only the paths are compared and moved while sorting.
    private string[] _paths;
    private TreeLeaf[] _leaves;
    private int _count;
    private bool _isSorted = true;

    /// <summary>Makes room for so many leaves; there may be more.</summary>
    public MerkleTreeBuilder(int capacity = 0)
    {
        _paths = new string[Math.Max(capacity, 4)];
        _leaves = new TreeLeaf[_paths.Length];
    }

    /// <summary>Adds a file or link. Throws <see cref="ArgumentException"/> for a path that is no plain relative one, or a link that leads nowhere.</summary>
    public void Add(string path, TreeLeaf leaf)
    {
        if (!RelativePath.IsPlain(path))
        {
            throw new ArgumentException($"`{path}` is not a plain relative path", nameof(path));
        }

        if (leaf.Target is { } target && (target.Length == 0 || !RelativePath.HasUtf8(target)))
        {
            throw new ArgumentException($"The link `{path}` has no target that can be written down", nameof(leaf));
        }

        if (_count == _paths.Length)
        {
            Array.Resize(ref _paths, 2 * _count);
            Array.Resize(ref _leaves, 2 * _count);
        }

        _isSorted = _isSorted && (_count == 0 || Utf8Order.Compare(_paths[_count - 1], path) < 0);
        _paths[_count] = path;
        // What a link is besides its target has no place in a tree.
        _leaves[_count++] = leaf.Target is null ? leaf : new TreeLeaf(Digest.Empty, Executable: false, leaf.Target);
    }

    /// <summary>Makes the tree. Throws <see cref="ArgumentException"/> where a path is both a file and a folder, or two different files.</summary>
    public MerkleTree Build()
    {
        if (_count == 0)
        {
            return MerkleTree.Empty;
        }

        var (paths, leaves) = (_paths, _leaves);
        if (!_isSorted)
        {
            Sort(ref paths, ref leaves);
        }

        return new MerkleTree(Folder(paths, leaves, 0, _count, 0));
    }

    private void Sort(ref string[] paths, ref TreeLeaf[] leaves)
    {
        var order = new int[_count];
        for (var i = 0; i < _count; i++)
        {
            order[i] = i;
        }

        paths = paths[.._count];
        Array.Sort(paths, order, Utf8Order.Instance);
        leaves = new TreeLeaf[_count];
        for (var i = 0; i < _count; i++)
        {
            leaves[i] = _leaves[order[i]];
        }
    }

    /// <summary>The folder of the leaves from <paramref name="from"/> to <paramref name="to"/>, whose names in it begin at <paramref name="start"/>.</summary>
    private static MerkleFolder Folder(string[] paths, TreeLeaf[] leaves, int from, int to, int start)
    {
        // All paths with one beginning stand together, so each folder below is a range.
        var (leafCount, folderCount) = (0, 0);
        for (var i = from; i < to; i = EndOfEntry(paths, i, to, start, out _))
        {
            _ = paths[i].IndexOf('/', start) < 0 ? leafCount++ : folderCount++;
        }

        var ownLeaves = leafCount == 0 ? [] : new MerkleLeaf[leafCount];
        var folders = folderCount == 0 ? [] : new MerkleFolder[folderCount];
        (leafCount, folderCount) = (0, 0);
        for (var i = from; i < to;)
        {
            var end = EndOfEntry(paths, i, to, start, out var nameEnd);
            if (nameEnd == paths[i].Length)
            {
                for (var twin = i + 1; twin < end; twin++)
                {
                    if (leaves[twin] != leaves[i])
                    {
                        throw new ArgumentException($"`{paths[i]}` is there twice, and not the same", nameof(paths));
                    }
                }

                ownLeaves[leafCount++] = new MerkleLeaf(paths[i], start, leaves[i]);
            }
            else
            {
                folders[folderCount++] = Folder(paths, leaves, i, end, nameEnd + 1);
            }

            i = end;
        }

        SortByName(folders);
        var folder = new MerkleFolder(paths[from], start == 0 ? 0 : paths[from].LastIndexOf('/', Math.Max(start - 2, 0)) + 1, Math.Max(start - 1, 0), ownLeaves, folders);
        if (folder.FindClash() is { } clash)
        {
            throw new ArgumentException($"`{clash}` is both a file and a folder", nameof(paths));
        }

        return folder;
    }

    /// <summary>Where the entry ends that begins at an index: after all that is below it, or the same once more. Also where its name ends.</summary>
    private static int EndOfEntry(string[] paths, int index, int to, int start, out int nameEnd)
    {
        var path = paths[index];
        var slash = path.IndexOf('/', start);
        nameEnd = slash < 0 ? path.Length : slash;
        if (slash < 0)
        {
            var next = index + 1;
            while (next < to && paths[next] == path)
            {
                next++;
            }

            return next;
        }

        // The paths before are known to be the same up to the start.
        var name = path.AsSpan(start, slash + 1 - start);
        var (low, high) = (index + 1, to);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = paths[middle].AsSpan(start).StartsWith(name) ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>Folders come in the order of their names with a slash behind; that is nearly always the order of their names.</summary>
    private static void SortByName(MerkleFolder[] folders)
    {
        for (var i = 1; i < folders.Length; i++)
        {
            var folder = folders[i];
            var at = i;
            for (; at > 0 && Utf8Order.Compare(folders[at - 1].Name, folder.Name) > 0; at--)
            {
                folders[at] = folders[at - 1];
            }

            folders[at] = folder;
        }
    }
}
