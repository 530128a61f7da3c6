using Cairn.Core.Content;

namespace Cairn.Store.Toolchains;

/// <summary>
/// The files of a root while it is put together from archives, in memory: a path that goes over a link is followed within the root, as whoever unpacks into a folder must do, and
/// cannot lead out of it.
/// </summary>
public sealed class RootTree
{
    private const int LinksMax = 40;
    private const string WhiteoutPrefix = ".wh.";
    private const string OpaqueMark = ".wh..wh..opq";
    private const string ForeignPrefix = ".wh..wh.";

    private readonly Node _root = Node.Folder();

    /// <summary>
    /// Lays a layer of an image over what is there, as the image specification has it: what the layer says is gone goes first, then its entries take the places of what stands
    /// there. Devices are left out. Throws <see cref="InvalidDataException"/>.
    /// </summary>
    public void AddLayer(List<ArchiveEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        foreach (var entry in entries)
        {
            var (parent, name) = Split(entry.Path);
            if (name.StartsWith(WhiteoutPrefix, StringComparison.Ordinal) && Find(parent, makes: false) is { } folder)
            {
                if (name == OpaqueMark)
                {
                    folder.Children!.Clear();
                }
                else if (!name.StartsWith(ForeignPrefix, StringComparison.Ordinal))
                {
                    folder.Children!.Remove(name[WhiteoutPrefix.Length..]);
                }
            }
        }

        foreach (var entry in entries)
        {
            if (!Split(entry.Path).Name.StartsWith(WhiteoutPrefix, StringComparison.Ordinal) && entry.Kind != ArchiveEntryKind.Device)
            {
                Add(followsLinks: true, entry, entry.Path);
            }
        }
    }

    /// <summary>Adds an archive below a folder, less so many folders at the beginning of each path; what has no more than these is left out, as tar does. Throws <see cref="InvalidDataException"/>.</summary>
    public void AddArchive(List<ArchiveEntry> entries, int strip, string at)
    {
        ArgumentNullException.ThrowIfNull(entries);
        ArgumentNullException.ThrowIfNull(at);
        var prefix = at.Length == 0 ? "" : at + "/";
        foreach (var entry in entries)
        {
            if (Strip(entry.Path, strip) is not { } path)
            {
                continue;
            }

            switch (entry.Kind)
            {
                case ArchiveEntryKind.Device:
                    throw new InvalidDataException($"`{entry.Path}` is a device, a pipe or the like");
                case ArchiveEntryKind.HardLink:
                    Add(followsLinks: false, entry with { Target = prefix + (Strip(entry.Target!, strip) ?? throw new InvalidDataException($"Its hard link `{entry.Path}` is to `{entry.Target}`, which is left out")) }, prefix + path);
                    break;
                default:
                    Add(followsLinks: false, entry, prefix + path);
                    break;
            }
        }
    }

    /// <summary>Adds a file or link. Throws <see cref="InvalidDataException"/> where something stands there.</summary>
    public void Add(string path, TreeLeaf leaf)
    {
        ArgumentNullException.ThrowIfNull(path);
        var (parent, name) = Split(path);
        if (!Find(parent, makes: true)!.Children!.TryAdd(name, new Node(leaf)))
        {
            throw new InvalidDataException($"`/{path}` is there already");
        }
    }

    /// <summary>Calls back for all files and links, with their paths.</summary>
    public void ForEach(Action<string, TreeLeaf> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        var pending = new Stack<(string Prefix, Node Folder)>([("", _root)]);
        while (pending.TryPop(out var next))
        {
            foreach (var (name, node) in next.Folder.Children!)
            {
                if (node.Children is not null)
                {
                    pending.Push(($"{next.Prefix}{name}/", node));
                }
                else
                {
                    action(next.Prefix + name, node.Leaf);
                }
            }
        }
    }

    /// <summary>The tree; folders without a file in them are none of it.</summary>
    public MerkleTree ToTree()
    {
        var builder = new MerkleTreeBuilder();
        ForEach(builder.Add);
        return builder.Build();
    }

    private void Add(bool followsLinks, in ArchiveEntry entry, string path)
    {
        var (parent, name) = Split(path);
        var folder = Find(parent, makes: true, followsLinks)!;
        folder.Children!.TryGetValue(name, out var there);
        if (entry.Kind == ArchiveEntryKind.Folder)
        {
            if (there?.Children is null)
            {
                folder.Children[name] = Node.Folder();
            }

            return;
        }

        folder.Children[name] = entry.Kind switch
        {
            ArchiveEntryKind.File => new Node(new TreeLeaf(entry.Digest, entry.Executable)),
            ArchiveEntryKind.Symlink => new Node(new TreeLeaf(Digest.Empty, Executable: false, entry.Target)),
            _ => Find(Split(entry.Target!).Parent, makes: false, followsLinks)?.Children!.GetValueOrDefault(Split(entry.Target!).Name) is { Children: null } same
                ? new Node(same.Leaf)
                : throw new InvalidDataException($"Its hard link `{entry.Path}` is to `{entry.Target}`, which is no file before it"),
        };
    }

    /// <summary>The folder at a path, over links within the root where these are followed. Makes what is missing, or is null.</summary>
    private Node? Find(string path, bool makes, bool followsLinks = true)
    {
        var folders = new List<Node> { _root };
        var rest = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        var links = 0;
        while (rest.TryPop(out var name))
        {
            if (name is "." or "..")
            {
                if (name is ".." && folders.Count > 1)
                {
                    folders.RemoveAt(folders.Count - 1);
                }

                continue;
            }

            var children = folders[^1].Children!;
            if (!children.TryGetValue(name, out var node))
            {
                if (!makes)
                {
                    return null;
                }

                children[name] = node = Node.Folder();
            }

            if (node.Children is not null)
            {
                folders.Add(node);
                continue;
            }

            if (!followsLinks || node.Leaf.Target is not { } target || ++links > LinksMax)
            {
                return makes ? throw new InvalidDataException($"`{path}` is needed as a folder, and something else stands there") : null;
            }

            if (target.StartsWith('/'))
            {
                folders.RemoveRange(1, folders.Count - 1);
            }

            foreach (var part in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                rest.Push(part);
            }
        }

        return folders[^1];
    }

    private static string? Strip(string path, int count)
    {
        var start = 0;
        for (; count > 0; count--)
        {
            var slash = path.IndexOf('/', start);
            if (slash < 0)
            {
                return null;
            }

            start = slash + 1;
        }

        return path[start..];
    }

    private static (string Parent, string Name) Split(string path)
    {
        var slash = path.LastIndexOf('/');
        return slash < 0 ? ("", path) : (path[..slash], path[(slash + 1)..]);
    }

    /// <summary>A folder, or else a file or link.</summary>
    private sealed class Node(TreeLeaf leaf)
    {
        public Dictionary<string, Node>? Children { get; private init; }

        public TreeLeaf Leaf => leaf;

        public static Node Folder() => new(default) { Children = new Dictionary<string, Node>(StringComparer.Ordinal) };
    }
}
