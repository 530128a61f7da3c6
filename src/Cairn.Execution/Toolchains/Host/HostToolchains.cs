using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains.Archives;
using Cairn.Execution.Toolchains.Debian;
using Cairn.Store.Toolchains;

namespace Cairn.Execution.Toolchains.Host;

/// <summary>Toolchains of what stands on the machine. Its files stay there; only links to its programs are a tree.</summary>
internal sealed class HostToolchains(ToolchainTools tools) : ToolchainMaker(tools)
{
    /// <inheritdoc/>
    public override async Task<LockedToolchain> ResolveAsync(string name, ToolchainSource source, CancellationToken cancellationToken)
    {
        var locked = new LockedHost { Name = name, Paths = [], Programs = default, Architecture = DebianArchive.Architecture, Tree = Digest.Empty };
        if (source is ToolchainSource.Dotnet dotnet)
        {
            var (folder, version) = DotnetSdks.Installed(name, dotnet.Version, Tools.Project.Environment);
            locked = locked with { Paths = [new LockedPath(folder, Tools.Project.HostDigest(folder))], Programs = [$"{folder}/dotnet"], Dotnet = new LockedDotnet(dotnet.Version, version, null) };
        }
        else if (source is ToolchainSource.Host host)
        {
            Tools.Tell("reading files of the machine");
            locked = locked with { Paths = [.. host.Paths.Select(path => new LockedPath(path, Tools.Project.HostDigest(path)))], Programs = host.Programs };
        }

        return locked with { Tree = await MakeAsync(locked, cancellationToken) };
    }

    /// <inheritdoc/>
    public override Task<Digest> MakeAsync(LockedToolchain locked, CancellationToken cancellationToken)
    {
        var host = (LockedHost)locked;
        var root = new RootTree();
        var programs = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var pattern in host.Programs.IsDefault ? [] : host.Programs)
        {
            var count = programs.Count;
            foreach (var path in Matches(pattern, host.Paths))
            {
                programs[Path.GetFileName(path)] = path;
            }

            if (programs.Count == count)
            {
                throw new ToolchainException($"The toolchain `{host.Name}` has no program `{pattern}` on this machine", "`bin` names programs by absolute paths below those of `host`");
            }
        }

        foreach (var (name, path) in programs)
        {
            root.Add($"usr/local/bin/{name}", new TreeLeaf(Digest.Empty, Executable: false, path));
        }

        if (host.Dotnet is not null)
        {
            root.Add(LockedDotnet.InstallLocation, new TreeLeaf(Tools.Store.Put(Encoding.UTF8.GetBytes(host.Paths[0].Path + "\n")), Executable: false));
        }

        return Task.FromResult(Read(host.Name, () => Keep(root)));
    }

    /// <inheritdoc/>
    public override Task TraceAsync(LockedToolchain locked, ICollection<TraceLink> links, CancellationToken cancellationToken)
    {
        foreach (var part in locked.Parts)
        {
            links.Add(Examine(Tools, part) is { } problem
                ? new TraceLink(1, part.What, part.Digest, problem, TraceState.Wrong)
                : new TraceLink(1, part.What, part.Digest, "it is what it was when it was locked; who made it, nobody vouches for: not hermetic", TraceState.NotChecked));
        }

        return Task.CompletedTask;
    }

    /// <summary>What is wrong with a path of the machine, or null.</summary>
    public static string? Examine(ToolchainTools tools, ToolchainPart part)
    {
        try
        {
            var digest = tools.Project.HostDigest(part.Source);
            return digest == part.Digest ? null : $"{part.What} is another than when it was locked";
        }
        catch (ToolchainException exception)
        {
            return exception.Message;
        }
    }

    /// <summary>The programs that a pattern matches, below the paths.</summary>
    private static IEnumerable<string> Matches(string pattern, ImmutableArray<LockedPath> paths)
    {
        var glob = Glob.Parse(pattern.TrimStart('/'));
        var roots = paths.Select(static p => p.Path).ToArray();
        if (glob.LiteralPath is { } literal)
        {
            return Array.Exists(roots, root => IsBelow("/" + literal, root)) && File.Exists("/" + literal) ? ["/" + literal] : [];
        }

        const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return roots.Where(Directory.Exists).SelectMany(static root => Directory.EnumerateFiles(root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None }))
            .Where(path => glob.IsMatch(path.AsSpan(1)) && (File.GetUnixFileMode(path) & Executable) != UnixFileMode.None).Order(StringComparer.Ordinal);
    }

    private static bool IsBelow(string path, string root) => path == root || path.StartsWith(root + "/", StringComparison.Ordinal);
}
