using System.Text;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>Makes what <c>ldconfig</c> makes: the links of shared libraries, and the cache by which the linker finds them.</summary>
internal static class TreeLibraries
{
    public static void Add(TreeFiles files, Dictionary<string, ElfLibrary> libraries, string architecture)
    {
        var cache = new LinkerCache(architecture);
        if (!cache.IsSupported)
        {
            return;
        }

        foreach (var folder in Folders(files))
        {
            var prefix = PackagePaths.Absolute(folder) + "/";
            foreach (var path in files.In(prefix))
            {
                var name = path[prefix.Length..];
                if ((name.StartsWith("lib", StringComparison.Ordinal) || name.StartsWith("ld-", StringComparison.Ordinal)) && name.Contains(".so", StringComparison.Ordinal)
                    && files.Resolve("/" + path) is { } file && libraries.TryGetValue(file, out var library))
                {
                    cache.Add(library.Name ?? name, $"{folder}/{library.Name ?? name}", library);
                    files.TryAddLink(prefix + (library.Name ?? name), name);
                }
            }
        }

        if (cache.Count > 0)
        {
            files.SetFile("etc/ld.so.cache", cache.ToBytes());
        }
    }

    /// <summary>The folders of <c>/etc/ld.so.conf</c>, and those that the linker knows by itself.</summary>
    private static IEnumerable<string> Folders(TreeFiles files)
    {
        var folders = new List<string>();
        foreach (var path in files.In("etc/ld.so.conf.d/").Where(static p => p.EndsWith(".conf", StringComparison.Ordinal)))
        {
            foreach (var line in Encoding.UTF8.GetString(files.Read(path) ?? []).Split('\n', StringSplitOptions.TrimEntries))
            {
                if (line.StartsWith('/'))
                {
                    folders.Add(line.TrimEnd('/'));
                }
            }
        }

        return folders.Concat(["/lib", "/usr/lib"]).Distinct(StringComparer.Ordinal);
    }
}
