using System.Collections.Immutable;

using Cairn.Core.Protobuf;

namespace Cairn.Core.Content;

/// <summary>Something in a tree.</summary>
/// <param name="Path">Its path, relative to the tree.</param>
/// <param name="IsFolder">Whether it is a folder.</param>
/// <param name="Leaf">The file or link; of a folder, its digest alone.</param>
public readonly record struct TreeItem(string Path, bool IsFolder, TreeLeaf Leaf)
{
    /// <summary>Whether it is a file.</summary>
    public bool IsFile => !IsFolder && Leaf.Target is null;
}

/// <summary>A tree that was read from a blob.</summary>
/// <param name="Root">The digest of its topmost folder.</param>
/// <param name="Items">Everything in it. Of each folder: its files, its links, then its folders, each of them followed by what it holds; each kind by the bytes of the names.</param>
public sealed record TreeListing(Digest Root, ImmutableArray<TreeItem> Items);

/// <summary>
/// A whole tree in one blob: REAPI's <c>Tree</c> message, canonical. The folders below the root stand in the order of their digests, each once, so that equal trees are equal blobs.
/// </summary>
/// <remarks><code>Tree { Directory root = 1; repeated Directory children = 2; }</code></remarks>
public static class TreeBlob
{
    /// <summary>Writes a tree.</summary>
    public static ImmutableArray<byte> Encode(DirectoryTree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        var root = tree.Directories[^1];
        var children = tree.Directories.RemoveAt(tree.Directories.Length - 1).Sort(static (left, right) => string.CompareOrdinal(left.Digest.Hash, right.Digest.Hash));
        var writer = new ProtoWriter();
        writer.WriteMessage(1, root.Content.AsSpan());
        foreach (var child in children)
        {
            writer.WriteMessage(2, child.Content.AsSpan());
        }

        return writer.ToImmutableArray();
    }

    /// <summary>The tree of a listing. Throws <see cref="ArgumentException"/> for paths that are no plain relative ones.</summary>
    public static DirectoryTree TreeOf(ImmutableArray<TreeItem> items)
    {
        var builder = new TreeBuilder();
        foreach (var item in items)
        {
            var added = item switch
            {
                { IsFolder: true } => builder.TryAddDirectory(item.Path),
                { Leaf.Target: { } target } => builder.TryAddSymlink(item.Path, target),
                _ => builder.TryAddFile(item.Path, item.Leaf.Digest, item.Leaf.Executable),
            };
            if (!added)
            {
                throw new ArgumentException($"`{item.Path}` is two different things", nameof(items));
            }
        }

        return builder.Build();
    }

    /// <summary>Reads a tree that nobody vouches for. Null, with the reason, where it is none, not canonical, or has more in it than <see cref="Limits"/> allow.</summary>
    public static TreeListing? TryDecode(ReadOnlySpan<byte> blob, out string? problem)
    {
        var folders = new Dictionary<Digest, ImmutableArray<DirectoryItem>>();
        Digest? root = null;
        problem = blob.Length > Limits.ActionBlobBytesMax ? $"it has more than {Limits.ActionBlobBytesMax >> 20} MiB" : null;
        var reader = new ProtoReader(blob);
        while (problem is null && reader.Next())
        {
            if (reader.Field is not (1 or 2))
            {
                problem = "it has a field that trees do not have";
                break;
            }

            var content = reader.BytesItem();
            if (reader.Error is null && DirectoryDecoder.TryDecode(content, out problem) is { } items)
            {
                var digest = Digest.Of(content);
                root ??= digest;
                folders[digest] = items;
            }
        }

        problem ??= reader.Error ?? (root is null ? "it has no root" : null);
        if (problem is not null)
        {
            return null;
        }

        var listing = new TreeListing(root!.Value, Flatten(folders, root.Value, out problem));
        if (problem is null && !Encode(TreeOf(listing.Items)).AsSpan().SequenceEqual(blob))
        {
            // Unknown fields, other orders, folders that nothing holds: whatever it is, an equal tree would have another name.
            problem = "it is not in canonical form";
        }

        return problem is null ? listing : null;
    }

    /// <summary>
    /// Why a tree cannot be laid out safely on any machine; null where it can. Links must stay within the tree: <c>..</c> only at the beginning of a target and not beyond the root, so that
    /// no way through several links leads out either. No two names of a folder may differ in case only.
    /// </summary>
    public static string? ProblemOf(ImmutableArray<TreeItem> items)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            if (!seen.Add(item.Path.ToUpperInvariant()))
            {
                return $"`{item.Path}` differs from another name in case only";
            }

            if (item.Leaf.Target is { } target && LeadsOut(item.Path, target))
            {
                return $"the link `{item.Path}` leads to `{target}`, which is not within the tree";
            }
        }

        return null;
    }

    private static bool LeadsOut(string path, string target)
    {
        if (target[0] == '/')
        {
            return true;
        }

        var depth = 0;
        foreach (var c in path)
        {
            depth += c == '/' ? 1 : 0;
        }

        var isBelow = false;
        foreach (var segment in target.Split('/'))
        {
            if (segment == "..")
            {
                if (isBelow || --depth < 0)
                {
                    return true;
                }
            }
            else if (segment is not ("" or "."))
            {
                isBelow = true;
            }
        }

        return false;
    }

    private static ImmutableArray<TreeItem> Flatten(Dictionary<Digest, ImmutableArray<DirectoryItem>> folders, Digest root, out string? problem)
    {
        var items = ImmutableArray.CreateBuilder<TreeItem>();
        long chars = 0;
        problem = null;
        Add(root, "", 0, ref problem);
        return items.DrainToImmutable();

        void Add(Digest folder, string prefix, int depth, ref string? problem)
        {
            if (!folders.TryGetValue(folder, out var entries))
            {
                problem ??= $"the folder `{(prefix.Length == 0 ? "." : prefix.TrimEnd('/'))}` is missing";
                return;
            }

            // Few folders that hold each other many times over may stand for any number of paths.
            chars += (long)prefix.Length * entries.Length;
            if (depth > Limits.TreeDepthMax || items.Count + entries.Length > Limits.TreeItemsMax || chars > Limits.TreePathCharsMax || prefix.Length > RelativePath.CharsMax)
            {
                problem ??= $"it has more than {Limits.TreeItemsMax} files and folders, paths of more than {Limits.TreePathCharsMax} characters together, or folders deeper than {Limits.TreeDepthMax}";
                return;
            }

            foreach (var leaf in entries)
            {
                if (!leaf.IsFolder && leaf.Leaf.Target is null)
                {
                    items.Add(new TreeItem(prefix + leaf.Name, IsFolder: false, leaf.Leaf));
                }
            }

            foreach (var link in entries)
            {
                if (link.Leaf.Target is not null)
                {
                    items.Add(new TreeItem(prefix + link.Name, IsFolder: false, link.Leaf));
                }
            }

            foreach (var below in entries)
            {
                if (problem is null && below.IsFolder)
                {
                    items.Add(new TreeItem(prefix + below.Name, IsFolder: true, below.Leaf));
                    Add(below.Leaf.Digest, $"{prefix}{below.Name}/", depth + 1, ref problem);
                }
            }
        }
    }
}
