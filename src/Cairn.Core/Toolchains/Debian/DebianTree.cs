using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Content;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>
/// Makes one tree of unpacked packages, and does what their scripts would have done and programs need: merged <c>/usr</c>, alternatives, the linker's cache, certificates. The
/// tree is a function of the packages; nothing of them is executed.
/// </summary>
public sealed class DebianTree
{
    private readonly Dictionary<string, (TreeLeaf Leaf, string Package)> _leaves = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ElfLibrary> _libraries = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];
    private readonly Func<Digest, byte[]?> _read;
    private readonly Func<byte[], Digest> _keep;

    private DebianTree(Func<Digest, byte[]?> read, Func<byte[], Digest> keep)
    {
        _read = read;
        _keep = keep;
    }

    /// <summary>Makes the tree; null with what stands in the way.</summary>
    /// <param name="packages">The packages.</param>
    /// <param name="architecture">Their architecture, in Debian's words.</param>
    /// <param name="read">Reads a small file of theirs.</param>
    /// <param name="keep">Keeps a file that is new.</param>
    /// <param name="problems">Each a sentence.</param>
    public static MerkleTree? TryMake(IEnumerable<PackageFiles> packages, string architecture, Func<Digest, byte[]?> read, Func<byte[], Digest> keep, out ImmutableArray<string> problems)
    {
        ArgumentNullException.ThrowIfNull(packages);
        var tree = new DebianTree(read, keep);
        var result = tree.Make([.. packages.OrderBy(static p => p.Name, StringComparer.Ordinal)], architecture);
        problems = [.. tree._problems];
        return tree._problems.Count > 0 ? null : result;
    }

    private MerkleTree? Make(PackageFiles[] packages, string architecture)
    {
        foreach (var package in packages)
        {
            Add(package);
        }

        var alternatives = new List<Alternative>();
        foreach (var package in packages)
        {
            foreach (var name in (ReadOnlySpan<string>)["preinst", "postinst"])
            {
                if (package.Control.TryGetValue(name, out var text))
                {
                    var script = MaintainerScript.Read(package.Name, text);
                    alternatives.AddRange(script.Alternatives);
                    if (!script.Unhandled.IsEmpty)
                    {
                        _problems.Add($"The package `{package.Name}` would do in its {name} what a toolchain cannot: {string.Join("; ", script.Unhandled.Take(3))}");
                    }
                }
            }
        }

        Choose(alternatives);
        AddLinks();
        AddCertificates();
        AddLinkerCache(architecture);
        if (_problems.Count > 0)
        {
            return null;
        }

        try
        {
            var builder = new MerkleTreeBuilder(_leaves.Count);
            foreach (var (path, (leaf, _)) in _leaves)
            {
                builder.Add(path, leaf);
            }

            return builder.Build();
        }
        catch (ArgumentException exception)
        {
            _problems.Add($"The packages do not fit together: {exception.Message.Split(" (Parameter", 2)[0]}");
            return null;
        }
    }

    private void Add(PackageFiles package)
    {
        foreach (var (path, leaf) in package.Leaves)
        {
            if (_leaves.TryGetValue(path, out var other) && other.Leaf != leaf)
            {
                _problems.Add($"`{other.Package}` and `{package.Name}` both have `/{path}`, and not the same");
                continue;
            }

            _leaves[path] = (leaf, package.Name);
        }

        foreach (var (path, library) in package.Libraries)
        {
            _libraries[path] = library;
        }
    }

    /// <summary>Makes the links of alternatives: of each the one with the highest priority whose program is there.</summary>
    private void Choose(List<Alternative> alternatives)
    {
        foreach (var choices in alternatives.GroupBy(static a => a.Main.Name, StringComparer.Ordinal).OrderBy(static g => g.Key, StringComparer.Ordinal))
        {
            var best = choices.Where(a => Exists(a.Main.Path)).OrderByDescending(static a => a.Priority).ThenBy(static a => a.Main.Path, StringComparer.Ordinal).FirstOrDefault();
            if (best is null)
            {
                continue;
            }

            Link(best.Main);
            foreach (var follower in best.Followers)
            {
                if (Exists(follower.Path))
                {
                    Link(follower);
                }
            }
        }
    }

    private void Link(AlternativeLink link)
    {
        AddLink(PackagePaths.Absolute(link.Link), $"/etc/alternatives/{link.Name}");
        AddLink($"etc/alternatives/{link.Name}", link.Path);
    }

    // A program that a package itself has at the place stays.
    private void AddLink(string path, string target)
    {
        if (RelativePath.IsPlain(path))
        {
            _leaves.TryAdd(path, (new TreeLeaf(Digest.Empty, Executable: false, target), ""));
        }
    }

    private void AddFile(string path, byte[] content) => _leaves[path] = (new TreeLeaf(_keep(content), Executable: false), "");

    private void AddLinks()
    {
        foreach (var name in PackagePaths.Merged)
        {
            var prefix = $"usr/{name}/";
            if (_leaves.Keys.Any(path => path.StartsWith(prefix, StringComparison.Ordinal)))
            {
                _leaves[name] = (new TreeLeaf(Digest.Empty, Executable: false, $"usr/{name}"), "");
            }
        }

        AddLink("var/run", "/run");
        AddLink("var/lock", "/run/lock");
    }

    /// <summary>What <c>update-ca-certificates</c> makes: one file of all, and each by its name.</summary>
    private void AddCertificates()
    {
        const string Folder = "usr/share/ca-certificates/";
        var paths = _leaves.Keys.Where(static path => path.StartsWith(Folder, StringComparison.Ordinal) && path.EndsWith(".crt", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray();
        if (paths.Length == 0)
        {
            return;
        }

        var bundle = new MemoryStream();
        var configuration = new StringBuilder();
        foreach (var path in paths)
        {
            var content = _read(_leaves[path].Leaf.Digest) ?? throw new FormatException($"The certificate `/{path}` cannot be read");
            bundle.Write(content);
            if (content.Length > 0 && content[^1] != '\n')
            {
                bundle.WriteByte((byte)'\n');
            }

            configuration.Append(path.AsSpan(Folder.Length)).Append('\n');
            var name = path[(path.LastIndexOf('/') + 1)..^4];
            AddLink($"etc/ssl/certs/{name}.pem", $"/{path}");
            if (CertificateName.TryHash(content) is { } hash)
            {
                // Of two that have the same subject the second has the number one.
                for (var number = 0; ; number++)
                {
                    if (_leaves.TryAdd($"etc/ssl/certs/{hash}.{number}", (new TreeLeaf(Digest.Empty, Executable: false, $"{name}.pem"), "")))
                    {
                        break;
                    }
                }
            }
        }

        AddFile("etc/ssl/certs/ca-certificates.crt", bundle.ToArray());
        AddFile("etc/ca-certificates.conf", Encoding.UTF8.GetBytes(configuration.ToString()));
    }

    private void AddLinkerCache(string architecture)
    {
        var cache = new LinkerCache(architecture);
        if (!cache.IsSupported)
        {
            return;
        }

        foreach (var folder in LibraryFolders())
        {
            var prefix = PackagePaths.Absolute(folder) + "/";
            foreach (var path in _leaves.Keys.Where(path => path.StartsWith(prefix, StringComparison.Ordinal) && path.IndexOf('/', prefix.Length) < 0).Order(StringComparer.Ordinal).ToArray())
            {
                var name = path[prefix.Length..];
                if ((name.StartsWith("lib", StringComparison.Ordinal) || name.StartsWith("ld-", StringComparison.Ordinal)) && name.Contains(".so", StringComparison.Ordinal)
                    && Resolve("/" + path) is { } file && _libraries.TryGetValue(file, out var library))
                {
                    cache.Add(library.Name ?? name, $"{folder}/{library.Name ?? name}", library);
                    AddLink(prefix + (library.Name ?? name), name);
                }
            }
        }

        if (cache.Count > 0)
        {
            AddFile("etc/ld.so.cache", cache.ToBytes());
        }
    }

    /// <summary>The folders of <c>/etc/ld.so.conf</c>, and those that the linker knows by itself.</summary>
    private IEnumerable<string> LibraryFolders()
    {
        var folders = new List<string>();
        foreach (var path in _leaves.Keys.Where(static p => p.StartsWith("etc/ld.so.conf.d/", StringComparison.Ordinal) && p.EndsWith(".conf", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            if (Resolve("/" + path) is not { } file || _read(_leaves[file].Leaf.Digest) is not { } content)
            {
                continue;
            }

            foreach (var line in Encoding.UTF8.GetString(content).Split('\n', StringSplitOptions.TrimEntries))
            {
                if (line.StartsWith('/'))
                {
                    folders.Add(line.TrimEnd('/'));
                }
            }
        }

        return folders.Concat(["/lib", "/usr/lib"]).Distinct(StringComparer.Ordinal);
    }

    private bool Exists(string path) => Resolve(path) is not null;

    /// <summary>The file that an absolute path leads to, over links; null where there is none.</summary>
    private string? Resolve(string path)
    {
        const int LinksMax = 40;
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
