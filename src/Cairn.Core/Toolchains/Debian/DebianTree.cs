using System.Collections.Immutable;

using Cairn.Core.Content;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>
/// Makes one tree of unpacked packages, and does what their scripts would have done and programs need: merged <c>/usr</c>, diversions, alternatives, configuration files, the
/// linker's cache, certificates, catalogs. The tree is a function of the packages; nothing of them is executed.
/// </summary>
public sealed class DebianTree
{
    private const int FindingsMax = 3;

    private readonly TreeFiles _files;
    private readonly Dictionary<string, ElfLibrary> _libraries = new(StringComparer.Ordinal);
    private readonly List<Alternative> _alternatives = [];
    private readonly List<ScriptEffect> _effects = [];
    private readonly List<(string Package, string Script, Unhandled What)> _unhandled = [];
    private readonly Dictionary<string, (string To, string Package)> _diversions = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];

    private DebianTree(Func<Digest, byte[]?> read, Func<byte[], Digest> keep) => _files = new TreeFiles(read, keep);

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
            ReadScripts(package);
        }

        foreach (var package in packages)
        {
            Add(package);
        }

        // What a script would take from packages is looked for among these alone.
        _unhandled.RemoveAll(u => u.What.Source is { } source && !_files.Exists(source));
        AddConfiguration();
        Choose();
        AddLinks();
        TreePhp.Add(_files, _effects.OfType<ScriptEffect.PhpModule>());
        TreeCatalogs.Add(_files, _effects);
        TreePerl.Add(_files, _effects.OfType<ScriptEffect.PerlSaxParser>());
        if (_effects.Exists(static e => e is ScriptEffect.CompilerCache))
        {
            TreeCompilers.Add(_files);
        }

        TreeCertificates.Add(_files);
        TreeLibraries.Add(_files, _libraries, architecture);
        TellUnhandled(packages);
        return _problems.Count > 0 ? null : Build();
    }

    private MerkleTree? Build()
    {
        try
        {
            var builder = new MerkleTreeBuilder(_files.Count);
            foreach (var (path, leaf) in _files.All)
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

    private void ReadScripts(PackageFiles package)
    {
        foreach (var name in (ReadOnlySpan<string>)["preinst", "postinst"])
        {
            if (!package.Control.TryGetValue(name, out var text))
            {
                continue;
            }

            var script = MaintainerScript.Read(package.Name, text);
            _alternatives.AddRange(script.Alternatives);
            _unhandled.AddRange(script.Unhandled.Select(what => (package.Name, name, what)));
            foreach (var effect in script.Effects)
            {
                _effects.Add(effect);
                if (effect is ScriptEffect.Diverted diverted && !_diversions.TryAdd(PackagePaths.Absolute(diverted.Path), (PackagePaths.Absolute(diverted.To), package.Name))
                    && _diversions[PackagePaths.Absolute(diverted.Path)] is var other && other != (PackagePaths.Absolute(diverted.To), package.Name))
                {
                    _problems.Add($"`{other.Package}` and `{package.Name}` both put `{diverted.Path}` of other packages elsewhere");
                }
            }
        }
    }

    private void Add(PackageFiles package)
    {
        foreach (var (path, leaf) in package.Leaves)
        {
            if (_files.Add(Place(path, package.Name), leaf, package.Name) is { } other)
            {
                _problems.Add($"`{other}` and `{package.Name}` both have `/{path}`, and not the same");
            }
        }

        foreach (var (path, library) in package.Libraries)
        {
            _libraries[Place(path, package.Name)] = library;
        }
    }

    /// <summary>Where a file of a package stands: elsewhere where another package has taken its place.</summary>
    private string Place(string path, string package) => _diversions.TryGetValue(path, out var diversion) && diversion.Package != package ? diversion.To : path;

    private void AddConfiguration()
    {
        foreach (var copy in _effects.OfType<ScriptEffect.Copied>())
        {
            // A template that is not there is documentation, or of a package that is not.
            _ = _files.TryCopy(copy.From, copy.To);
        }

        foreach (var (from, to) in PackageScripts.Copies)
        {
            _ = _files.TryCopy(from, to);
        }

        foreach (var (path, needed, content) in PackageScripts.Files)
        {
            if (_files.Exists(needed) && !_files.Exists("/" + path))
            {
                _files.SetFile(path, content);
            }
        }

        foreach (var (path, target) in PackageScripts.Links)
        {
            if (_files.Exists(target))
            {
                _files.TryAddLink(path, target);
            }
        }
    }

    /// <summary>Makes the links of alternatives: of each the one with the highest priority whose program is there.</summary>
    private void Choose()
    {
        foreach (var choices in _alternatives.GroupBy(static a => a.Main.Name, StringComparer.Ordinal).OrderBy(static g => g.Key, StringComparer.Ordinal))
        {
            var best = choices.Where(a => _files.Exists(a.Main.Path)).OrderByDescending(static a => a.Priority).ThenBy(static a => a.Main.Path, StringComparer.Ordinal).FirstOrDefault();
            if (best is null)
            {
                continue;
            }

            Link(best.Main);
            foreach (var follower in best.Followers)
            {
                if (_files.Exists(follower.Path))
                {
                    Link(follower);
                }
            }
        }
    }

    // A program that a package itself has at the place stays.
    private void Link(AlternativeLink link)
    {
        _files.TryAddLink(PackagePaths.Absolute(link.Link), $"/etc/alternatives/{link.Name}");
        _files.TryAddLink($"etc/alternatives/{link.Name}", link.Path);
    }

    private void AddLinks()
    {
        foreach (var name in PackagePaths.Merged)
        {
            if (_files.HasAny($"usr/{name}/"))
            {
                _files.SetLink(name, $"usr/{name}");
            }
        }

        _files.TryAddLink("var/run", "/run");
        _files.TryAddLink("var/lock", "/run/lock");
    }

    private void TellUnhandled(PackageFiles[] packages)
    {
        foreach (var group in _unhandled.GroupBy(static u => (u.Package, u.Script)))
        {
            var findings = group.Select(static u => u.What.Finding).Distinct(StringComparer.Ordinal).ToArray();
            var more = findings.Length > FindingsMax ? $" and {findings.Length - FindingsMax} more" : "";
            _problems.Add($"The package `{group.Key.Package}`{WhoNeeds(group.Key.Package, packages)} would do in its {group.Key.Script} what a toolchain cannot: {string.Join("; ", findings.Take(FindingsMax))}{more}");
        }
    }

    /// <summary>Says which packages bring a package along.</summary>
    private static string WhoNeeds(string name, PackageFiles[] packages)
    {
        var needers = new List<string>();
        foreach (var package in packages)
        {
            if (package.Control.TryGetValue("control", out var control) && package.Name != name && Needs(control, name))
            {
                needers.Add($"`{package.Name}`");
            }
        }

        return needers.Count == 0 ? "" : $" (which {string.Join(" and ", needers.Take(2))}{(needers.Count > 2 ? " and others need" : needers.Count == 2 ? " need" : " needs")})";
    }

    private static bool Needs(string control, string name)
    {
        foreach (var line in control.AsSpan().EnumerateLines())
        {
            if (!line.StartsWith("Depends:", StringComparison.Ordinal) && !line.StartsWith("Pre-Depends:", StringComparison.Ordinal))
            {
                continue;
            }

            var list = line[(line.IndexOf(':') + 1)..];
            foreach (var range in list.SplitAny(",|"))
            {
                var item = list[range].Trim();
                var end = item.IndexOfAny(" (:");
                if ((end < 0 ? item : item[..end]).SequenceEqual(name))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
