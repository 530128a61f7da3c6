using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Toolchains;
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
    public static (int Files, long Bytes) Write(IEnumerable<LockedDebian> toolchains, AptConfiguration apt, ContentStore store, string folder)
    {
        ArgumentNullException.ThrowIfNull(toolchains);
        ArgumentNullException.ThrowIfNull(apt);
        ArgumentNullException.ThrowIfNull(store);
        var all = toolchains.ToArray();
        var releases = all.SelectMany(static t => t.Releases).ToArray();
        var files = new SortedDictionary<string, Digest>(StringComparer.Ordinal);
        var components = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
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
