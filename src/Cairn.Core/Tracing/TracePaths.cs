namespace Cairn.Core.Tracing;

/// <summary>Paths of a traced process made paths of the project, through links: those that the project had, and those that the step makes.</summary>
internal sealed class TracePaths(string project, IReadOnlyDictionary<string, string?> files)
{
    private const int LinksMax = 40;

    private readonly Dictionary<string, string> _made = new(StringComparer.Ordinal);
    private readonly HashSet<string> _gone = new(StringComparer.Ordinal);
    private readonly string[] _projectNames = project.Split('/', StringSplitOptions.RemoveEmptyEntries);
    private string[]? _sorted;

    /// <summary>A path without links, relative to the project; null for one elsewhere. The project itself is the empty text.</summary>
    public string? InProject(string path) =>
        !path.StartsWith(project, StringComparison.Ordinal) ? null
        : path.Length == project.Length ? ""
        : path[project.Length] == '/' ? path[(project.Length + 1)..] : null;

    /// <summary>Whether a file that the project had is no longer where it was.</summary>
    public bool IsGone(string path) => _gone.Contains(path);

    /// <summary>The target of a link; null for everything else.</summary>
    public string? Target(string path) => _made.TryGetValue(path, out var made) ? made : !_gone.Contains(path) && files.TryGetValue(path, out var target) ? target : null;

    /// <summary>Notes a new file or link.</summary>
    public void Put(string path, string? link)
    {
        if (files.ContainsKey(path))
        {
            _gone.Add(path);
        }

        if (link is null)
        {
            _made.Remove(path);
        }
        else
        {
            _made[path] = link;
        }
    }

    /// <summary>Notes that a file or link is gone.</summary>
    public void Remove(string path)
    {
        if (files.ContainsKey(path))
        {
            _gone.Add(path);
        }

        _made.Remove(path);
    }

    /// <summary>The files that the project had below a folder, and that are there still.</summary>
    public IEnumerable<string> FilesBelow(string folder)
    {
        _sorted ??= [.. files.Keys.Order(StringComparer.Ordinal)];
        var prefix = folder + "/";
        var at = Array.BinarySearch(_sorted, prefix, StringComparer.Ordinal);
        for (at = at < 0 ? ~at : at; at < _sorted.Length && _sorted[at].StartsWith(prefix, StringComparison.Ordinal); at++)
        {
            if (!_gone.Contains(_sorted[at]))
            {
                yield return _sorted[at];
            }
        }
    }

    /// <summary>Where an absolute path leads, relative to the project; null for elsewhere.</summary>
    /// <param name="path">The path.</param>
    /// <param name="follow">Whether a link at its end is followed, too.</param>
    /// <param name="passed">Told each link of the project that is followed.</param>
    public string? Resolve(string path, bool follow, Action<string> passed) => InProject(Canonical(path, passed, follow));

    /// <summary>An absolute path without links, <c>.</c> and <c>..</c>.</summary>
    public string Canonical(string path, Action<string> passed, bool follow = true)
    {
        var names = new List<string>();
        var rest = new Stack<string>();
        Push(rest, path);
        var links = 0;
        while (rest.TryPop(out var name))
        {
            if (name is "" or ".")
            {
                continue;
            }

            if (name is "..")
            {
                names.RemoveRange(Math.Max(0, names.Count - 1), Math.Min(1, names.Count));
                continue;
            }

            names.Add(name);
            if (IsWithin(names) && (follow || HasMore(rest)) && string.Join('/', names[_projectNames.Length..]) is var at && Target(at) is { } target && links++ < LinksMax)
            {
                passed(at);
                names.RemoveAt(names.Count - 1);
                if (target.StartsWith('/'))
                {
                    names.Clear();
                }

                Push(rest, target);
            }
        }

        return "/" + string.Join('/', names);
    }

    private bool IsWithin(List<string> names)
    {
        if (names.Count <= _projectNames.Length)
        {
            return false;
        }

        for (var i = 0; i < _projectNames.Length; i++)
        {
            if (!string.Equals(names[i], _projectNames[i], StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    private static bool HasMore(Stack<string> rest)
    {
        foreach (var name in rest)
        {
            if (name.Length > 0)
            {
                return true;
            }
        }

        return false;
    }

    private static void Push(Stack<string> rest, string path)
    {
        var names = path.Split('/');
        for (var i = names.Length - 1; i >= 0; i--)
        {
            rest.Push(names[i]);
        }
    }
}
