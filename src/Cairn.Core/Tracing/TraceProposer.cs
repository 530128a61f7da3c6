using Cairn.Core.Content;

namespace Cairn.Core.Tracing;

/// <summary>Makes a proposal of what was observed.</summary>
public sealed class TraceProposer
{
    private const int NamedMax = 5;

    private readonly FileUses _uses;
    private readonly TraceSubject _subject;
    private readonly List<string> _hints = [];
    private readonly HashSet<string> _outputs = new(StringComparer.Ordinal);
    private readonly HashSet<string> _sources;

    private TraceProposer(FileUses uses, TraceSubject subject)
    {
        _uses = uses;
        _subject = subject;
        _sources = new HashSet<string>(subject.Sources, StringComparer.Ordinal);
    }

    /// <summary>Makes it.</summary>
    public static TraceProposal Propose(FileUses uses, TraceSubject subject)
    {
        ArgumentNullException.ThrowIfNull(uses);
        ArgumentNullException.ThrowIfNull(subject);
        return new TraceProposer(uses, subject).Propose();
    }

    private TraceProposal Propose()
    {
        FindOutputs();
        var used = new HashSet<string>(StringComparer.Ordinal);
        var needs = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var path in _uses.Read.Concat(_uses.Seen))
        {
            Use(path, used, needs);
        }

        foreach (var folder in _uses.Moved)
        {
            foreach (var path in Below(_sources, folder).Concat(Below(_subject.Provided.Keys, folder)).Append(folder))
            {
                Use(path, used, needs);
            }
        }

        List(used);
        Miss(needs);
        var sources = _sources.Order(StringComparer.Ordinal).ToList();
        var left = _outputs.Order(StringComparer.Ordinal).ToList();
        return new TraceProposal
        {
            Inputs = Declare(_subject.Inputs, sources, used) with { IsSetByDefault = sources.TrueForAll(path => used.Contains(path) != _subject.PipelineFiles.Contains(path)) },
            Outputs = Declare(_subject.Outputs.IsEmpty ? null : _subject.Outputs, [.. sources, .. _subject.Provided.Keys, .. left], _outputs) with { IsSetByDefault = left.Count == 0 },
            Needs = [.. needs],
            Hints = _hints,
        };
    }

    private void Use(string path, HashSet<string> used, SortedSet<string> needs)
    {
        if (_sources.Contains(path))
        {
            used.Add(path);
        }
        else if (_subject.Provided.TryGetValue(path, out var maker) && !_subject.Needs.Contains(maker))
        {
            needs.Add(maker);
        }
    }

    /// <summary>What is new, and what stood there from an earlier run and was made again.</summary>
    private void FindOutputs()
    {
        foreach (var path in _subject.Left)
        {
            TakeOutput(path);
        }

        foreach (var path in _uses.Made)
        {
            if (_sources.Contains(path) && !_uses.Read.Contains(path) && !_subject.IsTracked(path) && (_subject.Inputs is not { } inputs || !inputs.IsMatch(path)))
            {
                _sources.Remove(path);
                TakeOutput(path);
            }
        }

        var changed = _subject.Changed.Where(path => !_outputs.Contains(path)).Order(StringComparer.Ordinal).ToList();
        if (changed.Count > 0)
        {
            _hints.Add($"It changes or removes what it was given, {Names(changed)}: nobody else sees that; what is to be seen is written to a file of another name");
        }
    }

    private void TakeOutput(string path)
    {
        if (_subject.MakerOf(path) is { } maker)
        {
            _hints.Add($"`{path}` is written here, but it is among the outputs of `{maker}`: a file has one maker");
        }
        else
        {
            _outputs.Add(path);
        }
    }

    /// <summary>Whoever lists a folder depends on its names.</summary>
    private void List(HashSet<string> used)
    {
        foreach (var folder in _uses.Listed.Order(StringComparer.Ordinal))
        {
            var below = folder.Length == 0 ? [.. _sources] : Below(_sources, folder).ToList();
            if (below.Count == 0 || below.TrueForAll(used.Contains))
            {
                continue;
            }

            if (folder.Length > 0 && !below.Exists(used.Contains))
            {
                used.UnionWith(below);
                continue;
            }

            var start = folder.Length == 0 ? 0 : folder.Length + 1;
            var others = below.Where(path => path.IndexOf('/', start) < 0 && !used.Contains(path)).Order(StringComparer.Ordinal).ToList();
            if (others.Count > 0)
            {
                var name = folder.Length == 0 ? "the project's folder" : $"`{folder}`";
                _hints.Add($"The names in {name} were listed, and {Names(others)} not read: if their names matter, add `{(folder.Length == 0 ? "*" : $"{GlobSummary.Escape(folder)}/**")}` to `inputs`");
            }
        }
    }

    private void Miss(SortedSet<string> needs)
    {
        var hidden = new List<string>();
        var git = false;
        foreach (var path in _uses.Missing.Order(StringComparer.Ordinal))
        {
            if (path.Length == 0 || _outputs.Contains(path))
            {
                continue;
            }

            if (path is ".git" || path.StartsWith(".git/", StringComparison.Ordinal))
            {
                git |= _subject.IsHidden(".git");
            }
            else if (_subject.MakerOf(path) is { } maker)
            {
                if (!_subject.Needs.Contains(maker) && needs.Add(maker))
                {
                    _hints.Add($"`{path}` was looked for and is not there yet: `{maker}` makes it");
                }
            }
            else if (!IsOwn(path) && path is not ".cairn" && !path.StartsWith(".cairn/", StringComparison.Ordinal) && _subject.IsHidden(path)
                && !hidden.Exists(above => path.StartsWith(above + "/", StringComparison.Ordinal)))
            {
                hidden.Add(path);
            }
        }

        if (hidden.Count > 0)
        {
            _hints.Add($"{Names(hidden)} {(hidden.Count == 1 ? "was" : "were")} looked for and stayed unseen, because git ignores {(hidden.Count == 1 ? "it" : "them")}: if the step needs {(hidden.Count == 1 ? "it" : "them")}, add {(hidden.Count == 1 ? "it" : "them")} to `inputs`");
        }

        if (git)
        {
            _hints.Add("`.git` was looked for; steps in sandboxes never see it: `${{ git.commit }}` and the like tell what it holds");
        }
    }

    /// <summary>Whether outputs stand there, or below.</summary>
    private bool IsOwn(string path) => _subject.Outputs.IsMatch(path) || _subject.Outputs.CouldMatchBelow(path) || Below(_outputs, path).Any();

    private TracedPaths Declare(PathPatterns? declared, List<string> all, HashSet<string> observed)
    {
        var undeclared = declared is null ? [] : observed.Where(path => !declared.IsMatch(path)).Order(StringComparer.Ordinal).ToList();
        var unused = new List<string>();
        var kept = new List<string>();
        var covered = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pattern in declared?.Patterns ?? [])
        {
            if (pattern.Exclude && !_subject.Failed)
            {
                continue;
            }

            var matched = all.Where(path => pattern.Glob.IsMatch(path)).ToList();
            if (_subject.Failed)
            {
                kept.Add(pattern.Source);
                covered.UnionWith(matched.Where(path => declared!.IsMatch(path)));
            }
            else if (!matched.Exists(observed.Contains))
            {
                unused.Add(pattern.Source);
            }
            else if (matched.TrueForAll(observed.Contains) && matched.Exists(path => !covered.Contains(path)))
            {
                kept.Add(pattern.Source);
                covered.UnionWith(matched);
            }
        }

        var proposed = new List<string>(kept);
        if (declared is not null && unused.Count == 0 && all.TrueForAll(path => declared.IsMatch(path) == observed.Contains(path)))
        {
            proposed = [.. declared.Texts];
        }
        else
        {
            foreach (var glob in GlobSummary.Of(all, observed))
            {
                var parsed = Glob.Parse(glob);
                if (all.Exists(path => observed.Contains(path) && !covered.Contains(path) && parsed.IsMatch(path)))
                {
                    proposed.Add(glob);
                }
            }
        }

        return new TracedPaths
        {
            Declared = declared is null ? null : [.. declared.Texts],
            Proposed = proposed,
            Files = [.. observed.Order(StringComparer.Ordinal)],
            Undeclared = undeclared,
            Unused = unused,
        };
    }

    private static IEnumerable<string> Below(IEnumerable<string> paths, string folder) =>
        paths.Where(path => path.Length > folder.Length && path[folder.Length] == '/' && path.StartsWith(folder, StringComparison.Ordinal));

    private static string Names(List<string> paths)
    {
        var names = string.Join(", ", paths.Take(NamedMax).Select(static path => $"`{path}`"));
        return paths.Count > NamedMax ? $"{names} and {paths.Count - NamedMax} more" : names;
    }
}
