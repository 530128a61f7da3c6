using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Toolchains;
using Cairn.Store.Content;
using Cairn.Store.Files;

namespace Cairn.Execution.Toolchains;

/// <summary>
/// Writes what toolchains are made of as archives in a folder, for machines that reach no mirror: with apt pointed at it they lock and restore as from any other, and trust it no
/// more than that.
/// </summary>
public static class ToolchainVendor
{
    /// <summary>The file that tells apt of the folder, in it.</summary>
    public const string SourcesFile = "cairn-vendor.sources";

    /// <summary>Writes them; what is there already stays. Throws <see cref="ToolchainException"/> where something is not in the store.</summary>
    /// <returns>How many files there are, and their bytes.</returns>
    public static (int Files, long Bytes) Write(IEnumerable<LockedToolchain> toolchains, AptConfiguration apt, ContentStore store, string folder)
    {
        ArgumentNullException.ThrowIfNull(toolchains);
        ArgumentNullException.ThrowIfNull(apt);
        ArgumentNullException.ThrowIfNull(store);
        var files = new SortedDictionary<string, Digest>(StringComparer.Ordinal);
        var components = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var locked in toolchains)
        {
            if (locked is not LockedDebian toolchain)
            {
                AddBlobs(locked, store, files);
                continue;
            }

            foreach (var release in toolchain.Releases)
            {
                if (!files.TryAdd($"{release.Suite}/dists/{release.Suite}/InRelease", release.InRelease) && files[$"{release.Suite}/dists/{release.Suite}/InRelease"] != release.InRelease)
                {
                    throw new ToolchainException($"The toolchains are locked to different releases of `{release.Suite}`", "`cairn toolchain update` locks all of them to the newest");
                }

                components.TryAdd(release.Suite, new SortedSet<string>(StringComparer.Ordinal));
                foreach (var index in release.Indexes)
                {
                    files[$"{release.Suite}/dists/{release.Suite}/{index.Path}"] = index.Digest;
                    components[release.Suite].Add(index.Path[..index.Path.IndexOf("/binary-", StringComparison.Ordinal)]);
                }
            }

            foreach (var package in toolchain.Contents)
            {
                files[$"{package.Suite}/{package.Path}"] = package.Digest;
            }
        }

        Directory.CreateDirectory(folder);
        using var root = DirectoryHandle.Open(folder);
        foreach (var (path, digest) in files)
        {
            var slash = path.LastIndexOf('/');
            using var parent = root.TryCreatePath(path[..slash]) ?? throw new ToolchainException($"`{folder}/{path[..slash]}` is no folder");
            if (!store.TryRestore(digest, parent, path[(slash + 1)..], executable: false))
            {
                throw new ToolchainException($"`{path}` is not in the store", "`cairn toolchain lock` fetches what is missing, unless the archive no longer has it");
            }
        }

        if (components.Count == 0)
        {
            return (files.Count, files.Values.Sum(static d => d.SizeBytes));
        }

        var text = new StringBuilder("# The archives in this folder, for /etc/apt/sources.list.d of a machine without a mirror: adjust the path to where it stands there.\n");
        foreach (var (suite, parts) in components)
        {
            var keys = apt.Sources.Where(s => s.Suite == suite).SelectMany(static s => s.SignedBy).Where(static k => k.StartsWith('/')).Distinct(StringComparer.Ordinal).ToArray();
            text.Append($"\nTypes: deb\nURIs: file:{Path.GetFullPath(folder)}/{suite}\nSuites: {suite}\nComponents: {string.Join(' ', parts)}\n{(keys.Length == 0 ? "" : $"Signed-By: {string.Join(' ', keys)}\n")}");
        }

        DurableFile.Replace(Path.Combine(folder, SourcesFile), Encoding.UTF8.GetBytes(text.ToString()));
        return (files.Count, files.Values.Sum(static d => d.SizeBytes));
    }

    /// <summary>What is not of packages stands there by its hash, where <c>cairn toolchain lock --vendored</c> looks for it; of a machine's own files nothing does.</summary>
    private static void AddBlobs(LockedToolchain locked, ContentStore store, SortedDictionary<string, Digest> files)
    {
        if (!locked.IsHermetic)
        {
            return;
        }

        foreach (var part in locked.PartsAreBlobs ? locked.Parts : [])
        {
            files[$"blobs/sha256/{part.Digest.Hash}"] = part.Digest;
        }

        // What a step made cannot be made again from parts.
        var pending = new Stack<Digest>(locked is LockedStep ? [locked.Tree] : []);
        while (pending.TryPop(out var folder))
        {
            files[$"blobs/sha256/{folder.Hash}"] = folder;
            foreach (var item in (store.TryRead(folder, Core.Limits.ActionBlobBytesMax) is { } content ? DirectoryDecoder.TryDecode(content, out _) : null) ?? [])
            {
                if (item.IsFolder)
                {
                    pending.Push(item.Leaf.Digest);
                }
                else if (item.Leaf.Target is null)
                {
                    files[$"blobs/sha256/{item.Leaf.Digest.Hash}"] = item.Leaf.Digest;
                }
            }
        }
    }
}
