using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Store.Files;
using Cairn.Trust.Bundles;

namespace Cairn.Store.Bundles;

/// <summary>Takes files and folders of a disk for a bundle, following no link.</summary>
public static class BundleSource
{
    /// <summary>State of version control and of Cairn, which is no part of what is made.</summary>
    private static readonly string[] LeftOut = [".git", ".cairn"];

    private sealed class Folder
    {
        public SortedDictionary<string, Entry> Entries { get; } = new(Utf8Order.Instance);
    }

    private sealed record Entry(FileStat Stat, string? Target, Folder? Below);

    /// <summary>
    /// Takes what some paths of a folder name, hashing all of it. Paths stand in the bundle as they are given. Throws <see cref="BundleException"/> for what no bundle holds.
    /// </summary>
    /// <param name="directory">The folder.</param>
    /// <param name="paths">Paths below it: files, links, or folders with all that is in them.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static BundleContent Take(string directory, IReadOnlyCollection<string> paths, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(directory);
        ArgumentNullException.ThrowIfNull(paths);
        var root = new Folder();
        using (var top = DirectoryHandle.Open(directory))
        {
            foreach (var path in paths)
            {
                Add(top, root, directory, path);
            }
        }

        var items = new List<TreeItem>();
        var files = new List<int>();
        Flatten(root, "", items, files);
        var source = new SourceFolder(directory);
        var layer = files.Count > Trust.Limits.BundleBlobFilesMax ? HashLayer(items, files, source.Open, cancellationToken) : HashFiles(items, files, source.Open, cancellationToken);
        return BundleContent.Of([.. items], source.Open, layer);
    }

    private static void Add(DirectoryHandle top, Folder root, string directory, string path)
    {
        var relative = Path.GetRelativePath(directory, Path.GetFullPath(path, directory));
        if (relative == ".")
        {
            Fill(top, root, "");
            return;
        }

        var segments = relative.Split('/');
        if (segments[0] == ".." || Path.IsPathRooted(relative))
        {
            throw new BundleException(DiagnosticCodes.BundleInputUnusable, $"`{path}` is not within `{directory}`: paths stand in a bundle as they stand below its folder");
        }

        var folder = root;
        DirectoryHandle? above = null;
        try
        {
            for (var i = 0; i < segments.Length - 1; i++)
            {
                var next = (above ?? top).TryOpen(segments[i]) ?? throw Missing(path, (above ?? top).TryStat(segments[i]));
                above?.Dispose();
                above = next;
                if (!folder.Entries.TryGetValue(segments[i], out var known))
                {
                    folder.Entries.Add(segments[i], known = new Entry(default, null, new Folder()));
                }

                folder = known.Below!;
            }

            Take(above ?? top, folder, segments[^1], path);
        }
        finally
        {
            above?.Dispose();
        }
    }

    private static BundleException Missing(string path, FileStat? stat) => new(
        DiagnosticCodes.BundleInputUnusable, stat is { Kind: FileKind.Symlink } ? $"`{path}` leads through a link, which bundles do not follow" : $"There is no `{path}`");

    private static void Fill(DirectoryHandle handle, Folder folder, string prefix)
    {
        foreach (var entry in handle.List())
        {
            if (!entry.IsUtf8)
            {
                throw new BundleException(DiagnosticCodes.BundleInputUnusable, $"The name `{prefix}{entry.Name}` is not UTF-8");
            }

            if (prefix.Length > 0 || !LeftOut.Contains(entry.Name, StringComparer.Ordinal))
            {
                Take(handle, folder, entry.Name, prefix + entry.Name);
            }
        }
    }

    private static void Take(DirectoryHandle handle, Folder folder, string name, string path)
    {
        if (handle.TryStat(name) is not { } stat)
        {
            throw Missing(path, null);
        }

        switch (stat.Kind)
        {
            case FileKind.Regular:
                folder.Entries[name] = new Entry(stat, null, null);
                break;
            case FileKind.Symlink:
                folder.Entries[name] = new Entry(stat, handle.ReadLink(name), null);
                break;
            case FileKind.Directory:
                if (!folder.Entries.TryGetValue(name, out var known) || known.Below is null)
                {
                    folder.Entries[name] = known = new Entry(stat, null, new Folder());
                }

                using (var below = handle.TryOpen(name) ?? throw Missing(path, null))
                {
                    Fill(below, known.Below!, path + "/");
                }

                break;
            default:
                throw new BundleException(DiagnosticCodes.BundleInputUnusable, $"`{path}` is neither a file, a link nor a folder");
        }
    }

    /// <summary>Everything in the order of trees, files with their sizes alone.</summary>
    private static void Flatten(Folder folder, string prefix, List<TreeItem> items, List<int> files)
    {
        foreach (var (name, entry) in folder.Entries)
        {
            if (entry is { Target: null, Below: null })
            {
                files.Add(items.Count);
                items.Add(new TreeItem(prefix + name, IsFolder: false, new TreeLeaf(new Digest(new byte[Digest.HashBytes], entry.Stat.SizeBytes), entry.Stat.Executable)));
            }
        }

        foreach (var (name, entry) in folder.Entries)
        {
            if (entry.Target is { } target)
            {
                items.Add(new TreeItem(prefix + name, IsFolder: false, new TreeLeaf(Digest.Empty, Executable: false, target)));
            }
        }

        foreach (var (name, entry) in folder.Entries)
        {
            if (entry.Below is { } below)
            {
                items.Add(new TreeItem(prefix + name, IsFolder: true, default));
                Flatten(below, $"{prefix}{name}/", items, files);
            }
        }
    }

    private static Digest? HashFiles(List<TreeItem> items, List<int> files, Func<TreeItem, Stream> open, CancellationToken cancellationToken)
    {
        var digests = new Digest[files.Count];
        try
        {
            Parallel.For(0, files.Count, new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount }, i =>
            {
                var size = items[files[i]].Leaf.Digest.SizeBytes;
                using var stream = open(items[files[i]]);
                digests[i] = BundleWriter.Copy(stream, Stream.Null, size, cancellationToken);
            });
        }
        catch (AggregateException exception) when (exception.InnerExceptions.FirstOrDefault(static e => e is IOException or UnauthorizedAccessException) is { } inner)
        {
            throw new IOException(inner.Message, exception);
        }

        for (var i = 0; i < digests.Length; i++)
        {
            Set(items, files[i], digests[i]);
        }

        return null;
    }

    /// <summary>Hashes the files and, in the same pass, the layer of them.</summary>
    private static Digest HashLayer(List<TreeItem> items, List<int> files, Func<TreeItem, Stream> open, CancellationToken cancellationToken)
    {
        var digests = new Digest[items.Count];
        using var stream = new LayerStream(items, open, digests);
        var layer = BundleWriter.Copy(stream, Stream.Null, LayerStream.LengthOf(items), cancellationToken);
        foreach (var file in files)
        {
            Set(items, file, digests[file]);
        }

        return layer;
    }

    private static void Set(List<TreeItem> items, int index, Digest digest) => items[index] = items[index] with { Leaf = items[index].Leaf with { Digest = digest } };
}
