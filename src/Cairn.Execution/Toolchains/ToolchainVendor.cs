using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains.Debian;
using Cairn.Store.Content;
using Cairn.Store.Files;

namespace Cairn.Execution.Toolchains;

/// <summary>
/// Writes what toolchains are made of as archives in a folder, for machines that reach no mirror: `--from` takes it from there, or apt's configuration names it as a source. No keys are
/// in it: those of the machine that takes it must vouch for it.
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
        var all = toolchains.OfType<LockedDebian>().ToArray();
        var releases = all.SelectMany(static t => t.Releases).ToArray();
        var files = new SortedDictionary<string, Digest>(StringComparer.Ordinal);
        var components = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var locked in toolchains)
        {
            if (locked is not LockedDebian)
            {
                AddBlobs(locked, store, files);
            }
        }

        foreach (var toolchain in all)
        {
            foreach (var release in toolchain.Releases)
            {
                // The newest stands where an archive has it; older ones, that other toolchains are locked to, by their digests.
                var suite = $"{release.Suite}/dists/{release.Suite}";
                var isNewest = releases.Where(r => r.Suite == release.Suite).MaxBy(static r => (r.Date, r.InRelease.Hash))!.InRelease == release.InRelease;
                files[isNewest ? $"{suite}/InRelease" : $"{suite}/by-hash/SHA256/{release.InRelease.Hash}"] = release.InRelease;
                components.TryAdd(release.Suite, new SortedSet<string>(StringComparer.Ordinal));
                foreach (var index in release.Indexes)
                {
                    var parent = index.Path[..Math.Max(0, index.Path.LastIndexOf('/'))];
                    files[isNewest ? $"{suite}/{index.Path}" : $"{suite}/{parent}/by-hash/SHA256/{index.Digest.Hash}"] = index.Digest;
                    components[release.Suite].Add(index.Path[..Math.Max(0, index.Path.IndexOf("/binary-", StringComparison.Ordinal))]);
                }
            }

            foreach (var package in toolchain.Contents)
            {
                // An archive never has two files at one path.
                if (!files.TryAdd($"{package.Suite}/{package.Path}", package.Digest) && files[$"{package.Suite}/{package.Path}"] != package.Digest)
                {
                    throw new ToolchainException($"`cairn.lock` has `{package.Path}` with two digests", "take it from version control, or lock anew with `cairn toolchain update`") { Code = DiagnosticCodes.ToolchainNotVouched };
                }
            }
        }

        Directory.CreateDirectory(folder);
        using var root = DirectoryHandle.Open(folder);
        foreach (var (path, digest) in files)
        {
            var slash = path.LastIndexOf('/');
            using var parent = root.TryCreatePath(path[..slash]) ?? throw new ToolchainException($"`{folder}/{path[..slash]}` is no folder", "name a folder that is empty, or that an earlier `cairn toolchain vendor` wrote");
            if (!store.TryRestore(digest, parent, path[(slash + 1)..], executable: false))
            {
                throw new ToolchainException($"`{path}` is not in the store", "`cairn toolchain lock` fetches what is missing, unless the archive no longer has it") { Code = DiagnosticCodes.ToolchainStoreUnfit };
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

    /// <summary>What is not of packages stands there by its hash, where <c>cairn toolchain lock --from</c> looks for it; of a machine's own files nothing does.</summary>
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
