using Cairn.Store.Files;

namespace Cairn.Store.Tools;

/// <summary>A link to a tool cache where steps look for it, with the folders that were made for it. It goes with the last step that uses it.</summary>
internal sealed class PlacedLink
{
    // The links of this process by where they stand. Its lock is also that of making and removing them.
    private static readonly Dictionary<string, PlacedLink> Standing = new(StringComparer.Ordinal);

    private readonly string _path;
    private readonly string _name;
    private readonly string _target;

    // From the outermost.
    private readonly List<(DirectoryHandle Parent, string Name)> _made = [];
    private readonly List<DirectoryHandle> _handles = [];
    private DirectoryHandle _folder;
    private int _users = 1;

    private PlacedLink(DirectoryHandle root, string path, string name, string target)
    {
        _path = path;
        _name = name;
        _target = target;
        // A handle of its own: the caller's may be gone when the link is removed.
        _handles.Add(_folder = root.TryOpenPath("")!);
    }

    /// <summary>Makes a link, or joins those who use it; null with the reason where it cannot stand there.</summary>
    /// <param name="root">What the path is relative to.</param>
    /// <param name="segments">The path.</param>
    /// <param name="target">Where the link leads.</param>
    /// <param name="isOwn">Whether a link that nobody uses may be replaced.</param>
    /// <param name="problem">Why not.</param>
    public static PlacedLink? TryPlace(DirectoryHandle root, string[] segments, string target, Func<string, bool> isOwn, out string? problem)
    {
        lock (Standing)
        {
            var path = $"{root.DisplayPath}/{string.Join('/', segments)}";
            if (Standing.TryGetValue(path, out var standing) && standing.IsWhole())
            {
                problem = standing._target == target ? null : $"Another tool cache stands at `{path}` for a step that runs beside this one";
                standing._users += problem is null ? 1 : 0;
                return problem is null ? standing : null;
            }

            var link = new PlacedLink(root, path, segments[^1], target);
            var placed = false;
            try
            {
                problem = link.TryMake(segments, isOwn);
                placed = problem is null;
            }
            finally
            {
                if (!placed)
                {
                    link.RemoveFolders();
                }
            }

            if (!placed)
            {
                return null;
            }

            Standing[path] = link;
            return link;
        }
    }

    /// <summary>Ends one use; the last one removes the link, unless the step put something else in its place.</summary>
    public void Release()
    {
        lock (Standing)
        {
            if (--_users > 0)
            {
                return;
            }

            var stands = Standing.TryGetValue(_path, out var standing) && ReferenceEquals(standing, this) && Standing.Remove(_path);
            try
            {
                if (stands && IsWhole())
                {
                    _folder.Unlink(_name);
                }
            }
            catch (IOException)
            {
                // The step took away the right to write; the next use of the path replaces the link.
            }

            RemoveFolders();
        }
    }

    private string? TryMake(string[] segments, Func<string, bool> isOwn)
    {
        for (var i = 0; i < segments.Length - 1; i++)
        {
            if (_folder.TryMake(segments[i], out var made) is not { } next)
            {
                return $"`{_folder.DisplayPath}/{segments[i]}` is in the way of a tool cache: it is not a folder";
            }

            if (made)
            {
                _made.Add((_folder, segments[i]));
            }

            _handles.Add(_folder = next);
        }

        if (_folder.MakeLink(_name, _target))
        {
            return null;
        }

        if (_folder.TryStat(_name) is not { Kind: FileKind.Symlink } || !isOwn(_folder.ReadLink(_name)))
        {
            return $"`{_path}` is in the way of a tool cache: move it, or choose another path";
        }

        _folder.Unlink(_name);
        return _folder.MakeLink(_name, _target) ? null : $"`{_path}` is in the way of a tool cache";
    }

    private bool IsWhole() => _folder.TryStat(_name) is { Kind: FileKind.Symlink } && string.Equals(_folder.ReadLink(_name), _target, StringComparison.Ordinal);

    private void RemoveFolders()
    {
        try
        {
            for (var i = _made.Count - 1; i >= 0; i--)
            {
                _made[i].Parent.RemoveEmptyDirectory(_made[i].Name);
            }
        }
        catch (IOException)
        {
            // An empty folder more.
        }
        finally
        {
            foreach (var handle in _handles)
            {
                handle.Dispose();
            }
        }
    }
}
