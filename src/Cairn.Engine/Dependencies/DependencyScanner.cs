using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Dependencies;
using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Store.Files;

namespace Cairn.Engine.Dependencies;

/// <summary>What the lock files below a folder say.</summary>
/// <param name="Graphs">One for each lock file without mistakes, sorted by path.</param>
/// <param name="Diagnostics">Mistakes in all of them.</param>
/// <param name="Sources">The files with mistakes in them, to show lines of.</param>
public sealed record DependencyReport(ImmutableArray<DependencyGraph> Graphs, ImmutableArray<Diagnostic> Diagnostics, ImmutableDictionary<string, SourceText> Sources);

/// <summary>
/// Finds and reads the lock files below a folder. It does not go where others' code lies (<c>node_modules</c>, <c>vendor</c>, virtual environments), nor where <c>.gitignore</c> or
/// <c>.cairnignore</c> forbid it, nor over links.
/// </summary>
public sealed class DependencyScanner
{
    private static readonly HashSet<string> OthersFolders = new(StringComparer.Ordinal)
    {
        ".git", ".cairn", "node_modules", "vendor", "bower_components", "site-packages", ".venv", "venv", ".tox", ".nox", ".bundle",
    };

    private readonly string _shownPrefix;
    private readonly DiagnosticBag _diagnostics = new();
    private readonly List<LockFile> _files = [];
    private readonly CancellationToken _cancellationToken;
    private long _bytes;
    private int _folders;
    private bool _isFull;

    private DependencyScanner(string shownPrefix, CancellationToken cancellationToken)
    {
        _shownPrefix = shownPrefix;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Looks at a folder and all below it.</summary>
    /// <param name="folder">Absolute.</param>
    /// <param name="shownPrefix">What stands before paths in messages: empty, or with a slash at its end.</param>
    /// <param name="cancellationToken">Ends the walk.</param>
    public static DependencyReport Scan(string folder, string shownPrefix, CancellationToken cancellationToken)
    {
        var scanner = new DependencyScanner(shownPrefix, cancellationToken);
        using (var root = DirectoryHandle.Open(folder))
        {
            var (scope, path) = scanner.ScopeAbove(folder);
            scanner.Walk(root, "", path, scope);
        }

        var graphs = DependencyReader.Read(scanner._files, Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)) is { Length: > 0 } name ? name : "/", scanner._diagnostics);
        graphs = [.. graphs.Select(graph => InstalledLicenses.Complete(folder, graph))];
        return new DependencyReport(
            graphs,
            scanner._diagnostics.ToSorted(),
            scanner._files.ToImmutableDictionary(f => f.Text.Name, f => f.Text, StringComparer.Ordinal));
    }

    /// <summary>The rules of the folders above, up to the repository's, and the folder's path from there with a slash at its end.</summary>
    private (IgnoreScope? Scope, string Path) ScopeAbove(string folder)
    {
        var repository = folder;
        while (repository is not null && !Path.Exists(Path.Combine(repository, ".git")))
        {
            repository = Path.GetDirectoryName(repository);
        }

        if (repository is null || repository == folder)
        {
            return (null, "");
        }

        IgnoreScope? scope = null;
        var path = "";
        foreach (var segment in Path.GetRelativePath(repository, folder).Split('/'))
        {
            using var handle = DirectoryHandle.Open(Path.Combine(repository, path));
            scope = WithRules(handle, path, scope);
            path += segment + "/";
        }

        return (scope, path);
    }

    private IgnoreScope? WithRules(DirectoryHandle folder, string path, IgnoreScope? above)
    {
        var git = Rules(folder, ".gitignore");
        var cairn = Rules(folder, ".cairnignore");
        return git is null && cairn is null ? above : new IgnoreScope(above, git, cairn, Encoding.UTF8.GetByteCount(path));
    }

    private IgnoreRules? Rules(DirectoryHandle folder, string name)
    {
        try
        {
            return ReadFile(folder, name, Limits.IgnoreRulesBytesMax) is { } content && IgnoreRules.Parse(content) is { IsEmpty: false } rules ? rules : null;
        }
        catch (IOException exception)
        {
            Unreadable(exception);
            return null;
        }
    }

    /// <summary>Walks with recursion: the depth is limited.</summary>
    /// <param name="folder">What to walk.</param>
    /// <param name="relative">Its path from what is looked at, with a slash at its end.</param>
    /// <param name="path">Its path from the repository, with a slash at its end.</param>
    /// <param name="above">The rules that hold here.</param>
    private void Walk(DirectoryHandle folder, string relative, string path, IgnoreScope? above)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        if (++_folders > Limits.DependencyFoldersMax || relative.AsSpan().Count('/') > Limits.TreeDepthMax)
        {
            Full($"There are more than {Limits.DependencyFoldersMax} folders, or more than {Limits.TreeDepthMax} in each other");
            return;
        }

        List<DirectoryEntry> entries;
        try
        {
            entries = folder.List();
        }
        catch (IOException exception)
        {
            Unreadable(exception);
            return;
        }

        var scope = WithRules(folder, path, above);
        entries.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        foreach (var entry in entries)
        {
            if (!entry.IsUtf8 || _isFull)
            {
                continue;
            }

            var isFolder = entry.Kind is FileKind.Directory;
            if (!(isFolder ? !OthersFolders.Contains(entry.Name) : entry.Kind is FileKind.Regular or null && DependencyReader.IsWanted(entry.Name)) || IsIgnored(scope, path + entry.Name, isFolder))
            {
                continue;
            }

            try
            {
                if (!isFolder)
                {
                    Take(folder, relative, entry.Name);
                }
                else if (folder.TryOpen(entry.Name) is { } inner)
                {
                    using (inner)
                    {
                        Walk(inner, relative + entry.Name + "/", path + entry.Name + "/", scope);
                    }
                }
            }
            catch (IOException exception)
            {
                Unreadable(exception);
            }
        }
    }

    private static bool IsIgnored(IgnoreScope? scope, string path, bool isFolder)
    {
        if (scope is null)
        {
            return false;
        }

        var bytes = Encoding.UTF8.GetBytes(path);
        return scope.MatchCairn(bytes, isFolder) switch
        {
            IgnoreVerdict.Ignored => true,
            IgnoreVerdict.Included => false,
            _ => scope.MatchGit(bytes, isFolder) == IgnoreVerdict.Ignored,
        };
    }

    private void Take(DirectoryHandle folder, string relative, string name)
    {
        if (ReadFile(folder, name, Core.Limits.LockFileBytesMax + 1) is not { } content)
        {
            return;
        }

        _bytes += content.Length;
        if (_files.Count == Limits.DependencyFilesMax || _bytes > Limits.DependencyBytesMax)
        {
            Full($"There are more than {Limits.DependencyFilesMax} lock files, or they have more than {Limits.DependencyBytesMax >> 20} MiB");
        }
        else if (LockFile.Decode(relative + name, _shownPrefix + relative + name, content, _diagnostics) is { } file)
        {
            _files.Add(file);
        }
    }

    /// <summary>The bytes of a regular file up to a limit; null where there is none. Links are not followed.</summary>
    internal static byte[]? ReadFile(DirectoryHandle folder, string name, int bytesMax)
    {
        // A pipe of that name would have no length.
        using var handle = folder.TryStat(name) is { Kind: FileKind.Regular } ? folder.TryOpenFile(name) : null;
        if (handle is null)
        {
            return null;
        }

        var content = new byte[Math.Min(RandomAccess.GetLength(handle), bytesMax)];
        var length = 0;
        while (length < content.Length && RandomAccess.Read(handle, content.AsSpan(length), length) is > 0 and var read)
        {
            length += read;
        }

        return length == content.Length ? content : content[..length];
    }

    private void Full(string message)
    {
        if (!_isFull)
        {
            _isFull = true;
            _diagnostics.Error(DiagnosticCodes.LockFilesTooMany, message, SourceSpan.None, "Name a folder below: `cairn deps DIR`, or exclude some with rules in `.cairnignore`");
        }
    }

    private void Unreadable(IOException exception) =>
        _diagnostics.Error(DiagnosticCodes.LockFileUnreadable, exception.Message, SourceSpan.None, "Mend its rights, or exclude it with a rule in `.cairnignore`");
}
