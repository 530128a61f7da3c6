using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Store.Toolchains;

namespace Cairn.Execution.Toolchains;

/// <summary>Links in <c>/usr/local/bin</c>, by which shells find the programs of a toolchain that stands in a folder of its own.</summary>
public static class ProgramLinks
{
    private const string Folder = "usr/local/bin";

    /// <summary>Adds a link for each file that can be executed, and each link, whose path below a folder a pattern matches. Throws <see cref="ToolchainException"/> where a pattern matches none.</summary>
    public static void Add(RootTree root, string at, ImmutableArray<string> patterns, bool isExplicit, string toolchain)
    {
        var programs = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var prefix = at.Length == 0 ? "" : at + "/";
        var paths = new List<string>();
        root.ForEach((path, leaf) =>
        {
            if (path.StartsWith(prefix, StringComparison.Ordinal) && (leaf.Executable || leaf.Target is not null))
            {
                paths.Add(path[prefix.Length..]);
            }
        });
        paths.Sort(StringComparer.Ordinal);
        foreach (var pattern in patterns)
        {
            var glob = Glob.Parse(pattern.TrimStart('/'));
            var isFound = false;
            foreach (var path in paths)
            {
                if (!glob.IsMatch(path))
                {
                    continue;
                }

                isFound = true;
                var name = path[(path.LastIndexOf('/') + 1)..];
                if (!programs.TryAdd(name, $"/{prefix}{path}") && programs[name] != $"/{prefix}{path}")
                {
                    throw new ToolchainException($"The toolchain `{toolchain}` has two programs `{name}`: `{programs[name]}` and `/{prefix}{path}`", "name one of them with `bin`");
                }
            }

            if (!isFound && isExplicit)
            {
                throw new ToolchainException($"The toolchain `{toolchain}` has no program `{pattern}` in `/{at}`", paths.Count == 0 ? "see `strip`, which takes folders off the paths" : $"it has {string.Join(", ", paths.Take(5).Select(static p => $"`{p}`"))}");
            }
        }

        foreach (var (name, target) in programs)
        {
            if (!target.Equals($"/{Folder}/{name}", StringComparison.Ordinal))
            {
                root.Add($"{Folder}/{name}", new TreeLeaf(Digest.Empty, Executable: false, target));
            }
        }
    }
}
