using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Content;

namespace Cairn.Core.Tracing;

/// <summary>Says which of some files are meant, in few globs that match these and no others: whole folders, all of a kind in a folder, else names.</summary>
public static class GlobSummary
{
    private const int TogetherMin = 2;

    /// <summary>Finds the globs, sorted.</summary>
    /// <param name="all">All files.</param>
    /// <param name="meant">Those that are meant; what is not among all of them is left out.</param>
    public static ImmutableArray<string> Of(IEnumerable<string> all, IReadOnlySet<string> meant)
    {
        ArgumentNullException.ThrowIfNull(all);
        ArgumentNullException.ThrowIfNull(meant);
        var root = new Folder("");
        var paths = new List<string>(all);
        foreach (var path in paths)
        {
            root.Add(path, meant.Contains(path));
        }

        var globs = new List<string>();
        root.Summarise([], globs);
        var exact = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var glob in globs)
        {
            AddExact(glob, paths, meant, exact);
        }

        return [.. exact];
    }

    /// <summary>A glob that matches a folder takes all below it: where that is too much, names stand for it.</summary>
    private static void AddExact(string text, List<string> all, IReadOnlySet<string> meant, SortedSet<string> exact)
    {
        var glob = Glob.Parse(text);
        if (!glob.IsLiteral && all.Exists(path => !meant.Contains(path) && glob.IsMatch(path)))
        {
            exact.UnionWith(all.Where(path => meant.Contains(path) && glob.IsMatch(path)).Select(Escape));
            return;
        }

        exact.Add(text);
    }

    /// <summary>A path as a glob that matches it.</summary>
    public static string Escape(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var text = new StringBuilder(path.Length);
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] is '*' or '?' or '[' or ']' or '{' or '}' or '\\' || (i == 0 && path[i] == '!'))
            {
                text.Append('\\');
            }

            text.Append(path[i]);
        }

        return text.ToString();
    }

    /// <summary>The ending of a file's name that tells its kind, with its dot; null where it has none.</summary>
    private static string? Kind(string name)
    {
        var dot = name.LastIndexOf('.');
        if (dot <= 0 || dot == name.Length - 1)
        {
            return null;
        }

        foreach (var c in name.AsSpan(dot + 1))
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '+'))
            {
                return null;
            }
        }

        return name[dot..];
    }

    private sealed class Folder(string path)
    {
        private readonly SortedDictionary<string, Folder> _folders = new(StringComparer.Ordinal);
        private readonly List<(string Name, bool Meant)> _files = [];

        // Of files here and below, by kind: how many, and how many of them are meant.
        private readonly Dictionary<string, (int All, int Meant)> _kinds = new(StringComparer.Ordinal);
        private int _all;
        private int _meant;

        public void Add(string file, bool meant)
        {
            var slash = path.Length == 0 ? 0 : path.Length + 1;
            var end = file.IndexOf('/', slash);
            _all++;
            _meant += meant ? 1 : 0;
            if (Kind(file[(file.LastIndexOf('/') + 1)..]) is { } kind)
            {
                var (all, of) = _kinds.GetValueOrDefault(kind);
                _kinds[kind] = (all + 1, of + (meant ? 1 : 0));
            }

            if (end < 0)
            {
                _files.Add((file[slash..], meant));
                return;
            }

            var name = file[slash..end];
            if (!_folders.TryGetValue(name, out var folder))
            {
                _folders[name] = folder = new Folder(file[..end]);
            }

            folder.Add(file, meant);
        }

        /// <summary>Adds globs for what is meant here and below and of no kind that a glob of a folder above takes.</summary>
        public void Summarise(ImmutableArray<string> taken, List<string> globs)
        {
            if (!HasMore(taken))
            {
                return;
            }

            var prefix = path.Length == 0 ? "" : Escape(path) + "/";
            if (path.Length > 0 && _meant == _all && _meant >= TogetherMin)
            {
                globs.Add(prefix + "**");
                return;
            }

            foreach (var (kind, (all, meant)) in _kinds.OrderBy(static k => k.Key, StringComparer.Ordinal))
            {
                // Of the whole project nothing is said at once: what comes later is not meant. Where they stand in one folder only, that one's own glob says it better.
                if (path.Length > 0 && meant == all && meant >= TogetherMin && !taken.Contains(kind, StringComparer.Ordinal) && Places(kind) > 1)
                {
                    globs.Add($"{prefix}**/*{kind}");
                    taken = taken.Add(kind);
                }
            }

            AddOwn(prefix, taken, globs);
            foreach (var folder in _folders.Values)
            {
                folder.Summarise(taken, globs);
            }
        }

        private void AddOwn(string prefix, ImmutableArray<string> taken, List<string> globs)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (name, meant) in _files)
            {
                var kind = Kind(name);
                if (!meant || (kind is not null && (taken.Contains(kind, StringComparer.Ordinal) || seen.Contains(kind))))
                {
                    continue;
                }

                if (kind is not null && Own(kind) is var (all, of) && all == of && of >= TogetherMin)
                {
                    globs.Add($"{prefix}*{kind}");
                    seen.Add(kind);
                }
                else
                {
                    globs.Add(prefix.Length == 0 ? Escape(name) : prefix + EscapeName(name));
                }
            }
        }

        // `!` is special at the beginning of a glob only.
        private static string EscapeName(string name) => name[0] == '!' ? Escape(name)[1..] : Escape(name);

        private bool HasMore(ImmutableArray<string> taken)
        {
            var left = _meant;
            foreach (var kind in taken)
            {
                left -= _kinds.GetValueOrDefault(kind).Meant;
            }

            return left > 0;
        }

        private (int All, int Meant) Own(string kind)
        {
            var (all, meant) = (0, 0);
            foreach (var (name, of) in _files)
            {
                if (string.Equals(Kind(name), kind, StringComparison.Ordinal))
                {
                    all++;
                    meant += of ? 1 : 0;
                }
            }

            return (all, meant);
        }

        private int Places(string kind)
        {
            var places = Own(kind).All > 0 ? 1 : 0;
            foreach (var folder in _folders.Values)
            {
                if (folder._kinds.ContainsKey(kind))
                {
                    places += folder.Places(kind);
                }
            }

            return places;
        }
    }
}
