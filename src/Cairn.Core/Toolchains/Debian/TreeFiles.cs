using System.Text;

using Cairn.Core.Content;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>The files of a tree while it is put together, by path as in the tree.</summary>
internal sealed class TreeFiles(Func<Digest, byte[]?> read, Func<byte[], Digest> keep)
{
    private const int LinksMax = 40;

    private readonly Dictionary<string, (TreeLeaf Leaf, string Package)> _leaves = new(StringComparer.Ordinal);

    /// <summary>How many there are.</summary>
    public int Count => _leaves.Count;

    /// <summary>All of them.</summary>
    public IEnumerable<KeyValuePair<string, TreeLeaf>> All => _leaves.Select(static l => new KeyValuePair<string, TreeLeaf>(l.Key, l.Value.Leaf));

    /// <summary>Adds what a package has at a path; the package that has something else there, or null.</summary>
    public string? Add(string path, TreeLeaf leaf, string package)
    {
        if (_leaves.TryGetValue(path, out var other) && other.Leaf != leaf)
        {
            return other.Package;
        }

        _leaves[path] = (leaf, package);
        return null;
    }

    /// <summary>Adds a link, unless something stands there.</summary>
    public bool TryAddLink(string path, string target) => RelativePath.IsPlain(path) && _leaves.TryAdd(path, (new TreeLeaf(Digest.Empty, Executable: false, target), ""));

    /// <summary>Adds a link in place of what stands there.</summary>
    public void SetLink(string path, string target) => _leaves[path] = (new TreeLeaf(Digest.Empty, Executable: false, target), "");

    /// <summary>Adds a file in place of what stands there.</summary>
    public void SetFile(string path, byte[] content) => _leaves[path] = (new TreeLeaf(keep(content), Executable: false), "");

    /// <summary>Adds a file in place of what stands there.</summary>
    public void SetFile(string path, string content) => SetFile(path, Encoding.UTF8.GetBytes(content));

    /// <summary>Makes a file a copy of another, unless something stands there. False where the other is not in the tree.</summary>
    public bool TryCopy(string from, string to)
    {
        if (Resolve(from) is not { } source)
        {
            return false;
        }

        _ = _leaves.TryAdd(PackagePaths.Absolute(to), (_leaves[source].Leaf, ""));
        return true;
    }

    /// <summary>Whether anything stands below a folder, which ends with a slash.</summary>
    public bool HasAny(string folder)
    {
        foreach (var path in _leaves.Keys)
        {
            if (path.StartsWith(folder, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The paths right in a folder, which ends with a slash, sorted.</summary>
    public string[] In(string folder) => [.. Below(folder).Where(path => path.IndexOf('/', folder.Length) < 0)];

    /// <summary>The paths below a folder, which ends with a slash, sorted.</summary>
    public string[] Below(string folder)
    {
        var paths = new List<string>();
        foreach (var path in _leaves.Keys)
        {
            if (path.StartsWith(folder, StringComparison.Ordinal))
            {
                paths.Add(path);
            }
        }

        paths.Sort(StringComparer.Ordinal);
        return [.. paths];
    }

    /// <summary>The content of a file, links followed; null where there is none, or it is not small.</summary>
    public byte[]? Read(string path) => Resolve("/" + path) is { } file ? read(_leaves[file].Leaf.Digest) : null;

    /// <summary>Whether a file stands at an absolute path, links followed.</summary>
    public bool Exists(string path) => Resolve(path) is not null;

    /// <summary>The file that an absolute path leads to, over links; null where there is none.</summary>
    public string? Resolve(string path)
    {
        var rest = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        var resolved = new List<string>();
        for (var links = 0; rest.TryPop(out var name);)
        {
            if (name is "." or "..")
            {
                if (name is ".." && resolved.Count > 0)
                {
                    resolved.RemoveAt(resolved.Count - 1);
                }

                continue;
            }

            resolved.Add(name);
            if (resolved.Count == 1 && PackagePaths.IsMerged(name))
            {
                resolved.Insert(0, "usr");
                continue;
            }

            if (_leaves.TryGetValue(string.Join('/', resolved), out var found) && found.Leaf.Target is { } target)
            {
                if (++links > LinksMax)
                {
                    return null;
                }

                resolved.RemoveAt(resolved.Count - 1);
                if (target.StartsWith('/'))
                {
                    resolved.Clear();
                }

                foreach (var part in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
                {
                    rest.Push(part);
                }
            }
        }

        var result = string.Join('/', resolved);
        return _leaves.ContainsKey(result) ? result : null;
    }
}
