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
    public static (int Files, long Bytes) Write(IEnumerable<LockedDebian> toolchains, AptConfiguration apt, ContentStore store, string folder)
    {
        ArgumentNullException.ThrowIfNull(toolchains);
        ArgumentNullException.ThrowIfNull(apt);
        ArgumentNullException.ThrowIfNull(store);
        var files = new SortedDictionary<string, Digest>(StringComparer.Ordinal);
        var components = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var toolchain in toolchains)
        {
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

        var text = new StringBuilder("# The archives in this folder, for /etc/apt/sources.list.d of a machine without a mirror: adjust the path to where it stands there.\n");
        foreach (var (suite, parts) in components)
        {
            var keys = apt.Sources.Where(s => s.Suite == suite).SelectMany(static s => s.SignedBy).Where(static k => k.StartsWith('/')).Distinct(StringComparer.Ordinal).ToArray();
            text.Append($"\nTypes: deb\nURIs: file:{Path.GetFullPath(folder)}/{suite}\nSuites: {suite}\nComponents: {string.Join(' ', parts)}\n{(keys.Length == 0 ? "" : $"Signed-By: {string.Join(' ', keys)}\n")}");
        }

        DurableFile.Replace(Path.Combine(folder, SourcesFile), Encoding.UTF8.GetBytes(text.ToString()));
        return (files.Count, files.Values.Sum(static d => d.SizeBytes));
    }
}
