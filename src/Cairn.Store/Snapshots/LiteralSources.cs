using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Snapshots;

/// <summary>The sources that are named one by one: no folder is listed for them.</summary>
internal sealed class LiteralSources
{
    private const int RangePaths = 256;

    private readonly DirectoryHandle _root;
    private readonly SnapshotRequest _request;
    private readonly StatIndex _index;
    private readonly SourceProblems _problems;
    private readonly CancellationToken _cancellationToken;
    private readonly string[] _paths;
    private readonly HashSet<string> _ofGlobs = new(StringComparer.Ordinal);

    public LiteralSources(DirectoryHandle root, SnapshotRequest request, StatIndex index, SourceProblems problems, CancellationToken cancellationToken)
    {
        _root = root;
        _request = request;
        _index = index;
        _problems = problems;
        _cancellationToken = cancellationToken;
        var all = new List<string>(request.Literals.Count);
        foreach (var path in request.Literals)
        {
            Add(all, path);
        }

        foreach (var patterns in request.Globs)
        {
            foreach (var path in patterns.LiteralPaths)
            {
                if (path.Length > 0 && _ofGlobs.Add(path))
                {
                    Add(all, path);
                }
            }
        }

        _paths = [.. all];
        Array.Sort(_paths, StringComparer.Ordinal);
        Entries = new SnapshotEntry?[_paths.Length];
    }

    /// <summary>What was found, sorted; null where there is nothing.</summary>
    public SnapshotEntry?[] Entries { get; }

    /// <summary>The globs without a wildcard that turned out to name folders.</summary>
    public HashSet<string> Folders { get; } = new(StringComparer.Ordinal);

    /// <summary>Looks at all of them.</summary>
    public void Take(List<UnhashedFile> unhashed)
    {
        WorkerThreads.ForRanges(_paths.Length, RangePaths, (start, end) =>
        {
            using var folder = new ParentFolder(_root);
            for (var i = start; i < end; i++)
            {
                _cancellationToken.ThrowIfCancellationRequested();
                if (i == 0 || !string.Equals(_paths[i], _paths[i - 1], StringComparison.Ordinal))
                {
                    Entries[i] = Look(folder, _paths[i]);
                }
            }
        });

        for (var i = 0; i < Entries.Length; i++)
        {
            if (Entries[i] is { Target: null } entry && entry.Digest == default)
            {
                unhashed.Add(new UnhashedFile(Entries, i));
            }
        }
    }

    private void Add(List<string> all, string path)
    {
        if (!path.StartsWith(".cairn/", StringComparison.Ordinal) && path is not ("" or ".cairn") && _request.Exclude?.Invoke(path) != true)
        {
            all.Add(path);
        }
    }

    private SnapshotEntry? Look(ParentFolder folder, string path)
    {
        var error = folder.Stat(path, out var stat);
        if (error < 0)
        {
            if (-error == FileNative.ErrorNameTooLong)
            {
                _problems.TooLong(path);
            }
            else if (!FileCalls.IsAbsent(error))
            {
                _problems.Unreadable(path, folder: false, error);
            }
            else if (-error is FileNative.ErrorLoop or FileNative.ErrorNotDirectory && LinkAbove(folder, path) is { } link)
            {
                _problems.BeyondLink(path, link);
            }

            return null;
        }

        switch (stat.Kind)
        {
            case FileKind.Directory:
                if (_ofGlobs.Contains(path))
                {
                    lock (Folders)
                    {
                        Folders.Add(path);
                    }
                }

                return null;
            case FileKind.Special:
                _problems.Special(path, named: true);
                return null;
            case FileKind.Symlink:
                return _problems.TryCount() ? SourceLink.Read(folder, path, stat, _problems) : null;
            default:
                return _problems.TryCount() ? new SnapshotEntry(path, stat, _index.TryGet(path, stat, out var digest) ? digest : default, Target: null) : null;
        }
    }

    private static string? LinkAbove(ParentFolder folder, string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (folder.Stat(path[..slash], out var stat) == 0 && stat.Kind == FileKind.Symlink)
            {
                return path[..slash];
            }
        }

        return null;
    }
}

/// <summary>Reads links.</summary>
internal static class SourceLink
{
    private const int TargetBytesMax = 4096;

    /// <summary>The entry of a link; null where it has gone or its target is not UTF-8.</summary>
    public static SnapshotEntry? Read(ParentFolder folder, string path, in FileStat stat, SourceProblems problems)
    {
        Span<byte> target = stackalloc byte[TargetBytesMax];
        return Of(path, stat, target, folder.ReadLink(path, target), problems);
    }

    /// <summary>The entry for a target that was read.</summary>
    public static SnapshotEntry? Of(string path, in FileStat stat, ReadOnlySpan<byte> target, int length, SourceProblems problems)
    {
        if (length <= 0)
        {
            return null;
        }

        if (System.Text.Unicode.Utf8.IsValid(target[..length]))
        {
            return new SnapshotEntry(path, stat, Digest.Empty, Encoding.UTF8.GetString(target[..length]));
        }

        problems.TargetNotUtf8(path);
        return null;
    }
}
