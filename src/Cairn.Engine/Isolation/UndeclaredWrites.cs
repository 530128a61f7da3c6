using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Files;
using Cairn.Store.Layers;

namespace Cairn.Engine.Isolation;

/// <summary>
/// What a sandboxed step wrote beside its outputs: what the folder above its layers holds and no declaration matches. Inputs that were copied up and are as they were do not
/// count, nor do folders for themselves.
/// </summary>
internal sealed class UndeclaredWrites
{
    private const int ShownMax = 10;
    private const int HintsMax = 3;
    private const int EntriesMax = 200_000;

    private readonly DirectoryHandle _merged;
    private readonly MerkleTree _inputs;
    private readonly PathPatterns[] _declared;
    private readonly int _shownMax;
    private readonly List<string> _written = [];
    private readonly List<string> _changed = [];
    private readonly List<string> _deleted = [];
    private HashSet<string>? _inputFolders;
    private int _writtenCount;
    private int _seen;

    private UndeclaredWrites(DirectoryHandle merged, MerkleTree inputs, PathPatterns[] declared, int shownMax = ShownMax)
    {
        _shownMax = shownMax;
        _merged = merged;
        _inputs = inputs;
        _declared = declared;
    }

    private bool IsEmpty => _writtenCount == 0 && _changed.Count == 0 && _deleted.Count == 0;

    /// <summary>Looks; null where there is nothing.</summary>
    /// <param name="upper">The project's folder in what takes the writes.</param>
    /// <param name="merged">The project's folder as the step left it.</param>
    /// <param name="inputs">What the step was given.</param>
    /// <param name="declared">Its outputs, and what else it says that it writes.</param>
    public static UndeclaredWrites? Find(DirectoryHandle upper, DirectoryHandle merged, MerkleTree inputs, params PathPatterns[] declared)
    {
        var found = new UndeclaredWrites(merged, inputs, declared);
        found.WalkUpper(upper, merged, "", depth: 0);
        return found.IsEmpty ? null : found;
    }

    /// <summary>The names of all that was written, and of the inputs that were changed or deleted (of folders with a slash at the end).</summary>
    /// <param name="upper">The project's folder in what takes the writes.</param>
    /// <param name="merged">The project's folder as the step left it.</param>
    /// <param name="inputs">What the step was given.</param>
    /// <param name="declared">What does not count.</param>
    public static (IReadOnlyList<string> Written, IReadOnlyList<string> Changed) FindAll(DirectoryHandle upper, DirectoryHandle merged, MerkleTree inputs, PathPatterns declared)
    {
        var found = new UndeclaredWrites(merged, inputs, [declared], int.MaxValue);
        found.WalkUpper(upper, merged, "", depth: 0);
        return (found._written, [.. found._changed, .. found._deleted]);
    }

    /// <summary>What was done, for a sentence that begins with the step.</summary>
    public string Describe()
    {
        var text = new StringBuilder();
        if (_writtenCount > 0)
        {
            text.Append("wrote ").Append(_writtenCount == 1 ? "a file that is" : $"{_writtenCount} files that are").Append(" not among its outputs: ");
            AppendNames(text, _written, _writtenCount);
        }

        AppendList(text, "changed its inputs ", _changed);
        AppendList(text, "deleted its inputs ", _deleted);
        return text.ToString();
    }

    /// <summary>Lines for <c>outputs</c> that would declare it; empty where none can.</summary>
    public string Hint()
    {
        if (_writtenCount == 0)
        {
            return "";
        }

        var lines = new List<string>();
        foreach (var path in _written)
        {
            var line = LineFor(path);
            if (line.Length > 0 && !lines.Contains(line))
            {
                lines.Add(line);
            }
        }

        return lines.Count == 0 ? "" : $"add to its `outputs`: {string.Join(", ", lines.Take(HintsMax).Select(static l => $"`- {l}`"))}{(lines.Count > HintsMax ? ", …" : "")}";
    }

    // Few files by name; a folder that is only the step's own as a whole; others by their kind. Too deep a folder cannot be declared.
    private string LineFor(string path)
    {
        if (path.EndsWith('/'))
        {
            return path.EndsWith("…/", StringComparison.Ordinal) ? "" : Quoted(path + "**");
        }

        if (_writtenCount <= HintsMax)
        {
            return Quoted(path);
        }

        var slash = path.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && !InputFolders().Contains(path[..slash]))
        {
            return Quoted($"{path[..slash]}/**");
        }

        var dot = path.LastIndexOf('.');
        var last = path.LastIndexOf('/');
        return dot > last + 1 ? Quoted($"{path[..(last + 1)]}*{path[dot..]}") : Quoted(path);
    }

    // A star at the beginning would be an alias of YAML.
    private static string Quoted(string glob) => glob[0] is '*' or '!' or '&' or '[' or '{' or '#' or '@' or '`' or '%' || glob.Contains(": ", StringComparison.Ordinal) || glob.Contains(" #", StringComparison.Ordinal) ? $"\"{glob}\"" : glob;

    private static void AppendList(StringBuilder text, string verb, List<string> names)
    {
        if (names.Count > 0)
        {
            text.Append(text.Length > 0 ? "; " : "").Append(verb);
            AppendNames(text, names, names.Count);
        }
    }

    private static void AppendNames(StringBuilder text, List<string> names, int count)
    {
        var shown = Math.Min(names.Count, ShownMax);
        for (var i = 0; i < shown; i++)
        {
            text.Append(i > 0 ? ", " : "").Append('`').Append(names[i]).Append('`');
        }

        if (count > shown)
        {
            text.Append(" and ").Append(count - shown).Append(" more");
        }
    }

    /// <summary>Walks a folder of the upper one; <paramref name="merged"/> is the same as the step left it, or null where that is none or may not be read.</summary>
    private void WalkUpper(DirectoryHandle upper, DirectoryHandle? merged, string folder, int depth)
    {
        var entries = List(upper);
        foreach (var entry in entries)
        {
            if (entry.Kind != FileKind.Directory || !entry.IsUtf8)
            {
                if (++_seen > EntriesMax)
                {
                    return;
                }

                Look(upper, merged, entry, Join(folder, entry.Name));
            }
        }

        // What lies in folders comes after what stands beside them.
        foreach (var entry in entries)
        {
            if (entry.Kind == FileKind.Directory && entry.IsUtf8)
            {
                if (++_seen > EntriesMax)
                {
                    return;
                }

                Enter(upper, merged, entry.Name, Join(folder, entry.Name), depth + 1);
            }
        }
    }

    /// <summary>Takes a folder of the upper one.</summary>
    private void Enter(DirectoryHandle upperParent, DirectoryHandle? mergedParent, string name, string path, int depth)
    {
        if (_inputs.TryGet(path) is not null)
        {
            _deleted.Add(path);
        }

        using var upper = TryOpen(upperParent, name);
        using var merged = TryOpen(mergedParent, name);
        if (upper is null || depth > Limits.TreeDepthMax)
        {
            Unknown(path, depth);
            return;
        }

        var marks = UpperFolder.MarksOf(upper);
        if (marks != UpperMarks.None && InputFolders().Contains(path))
        {
            DeletedBelow(path);
        }

        if (!marks.HasFlag(UpperMarks.Renamed))
        {
            WalkUpper(upper, merged, path, depth);
        }
        else if (merged is not null)
        {
            // What it was renamed with stands only in the merged view.
            WalkMerged(merged, path, depth);
        }
        else
        {
            Unknown(path, depth);
        }
    }

    private void WalkMerged(DirectoryHandle merged, string folder, int depth)
    {
        foreach (var entry in List(merged))
        {
            if (++_seen > EntriesMax)
            {
                return;
            }

            var path = Join(folder, entry.Name);
            if (entry.Kind != FileKind.Directory || !entry.IsUtf8)
            {
                Look(merged, merged, entry, path);
                continue;
            }

            using var below = TryOpen(merged, entry.Name);
            if (below is null || depth >= Limits.TreeDepthMax)
            {
                Unknown(path, depth + 1);
            }
            else
            {
                WalkMerged(below, path, depth + 1);
            }
        }
    }

    /// <summary>Takes a folder that cannot be looked into, as a step may forbid its own to an ordinary user, or that lies too deep: the step made it so.</summary>
    private void Unknown(string path, int depth)
    {
        const int ShownCharsMax = 80;
        foreach (var patterns in _declared)
        {
            if (patterns.IsMatch(path) || patterns.CouldMatchBelow(path))
            {
                // Whoever collects what is declared says that it cannot.
                return;
            }
        }

        Written(depth > Limits.TreeDepthMax && path.Length > ShownCharsMax ? $"{path[..ShownCharsMax]}…/" : path + "/");
    }

    private void Look(DirectoryHandle upper, DirectoryHandle? merged, in DirectoryEntry entry, string path)
    {
        if (!entry.IsUtf8)
        {
            Written(path);
            return;
        }

        var leaf = _inputs.TryGet(path);
        var stat = TryStat(upper, entry.Name, out var isForbidden);
        if (stat is null && !isForbidden)
        {
            return;
        }

        if ((stat?.Kind ?? entry.Kind) == FileKind.Special && TryStat(merged, entry.Name, out var isHidden) is null && !isHidden)
        {
            // A whiteout.
            if (leaf is not null)
            {
                _deleted.Add(path);
            }
            else if (InputFolders().Contains(path))
            {
                _deleted.Add(path + "/");
            }
        }
        else if (!IsDeclared(path))
        {
            if (leaf is not { } was)
            {
                Written(path);
            }
            else if (stat is not { } found || merged is null || !IsSame(merged, entry.Name, found, was))
            {
                _changed.Add(path);
            }
        }
    }

    private void Written(string path)
    {
        _writtenCount++;
        if (_written.Count < _shownMax)
        {
            _written.Add(path);
        }
    }

    private bool IsDeclared(string path)
    {
        foreach (var patterns in _declared)
        {
            if (patterns.IsMatch(path))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsSame(DirectoryHandle folder, string name, in FileStat stat, in TreeLeaf leaf)
    {
        try
        {
            if (stat.Kind == FileKind.Symlink)
            {
                return leaf.Target is { } target && string.Equals(folder.ReadLink(name), target, StringComparison.Ordinal);
            }

            if (stat.Kind != FileKind.Regular || leaf.Target is not null || stat.Executable != leaf.Executable || stat.SizeBytes != leaf.Digest.SizeBytes)
            {
                return false;
            }

            using var handle = folder.TryOpenFile(name);
            if (handle is null)
            {
                return false;
            }

            using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            return new Digest(SHA256.HashData(stream), stat.SizeBytes) == leaf.Digest;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // As it was given, it could be read.
            return false;
        }
    }

    private void DeletedBelow(string folder)
    {
        var prefix = folder + "/";
        _inputs.ForEach((path, _) =>
        {
            if (path.StartsWith(prefix, StringComparison.Ordinal) && IsGone(path))
            {
                _deleted.Add(path);
            }
        });
    }

    private bool IsGone(string path)
    {
        try
        {
            return _merged.TryStatPath(path) is null;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private HashSet<string> InputFolders()
    {
        if (_inputFolders is { } known)
        {
            return known;
        }

        var folders = new HashSet<string>(StringComparer.Ordinal);
        _inputs.ForEach((path, _) =>
        {
            for (var slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
            {
                if (!folders.Add(path[..slash]))
                {
                    break;
                }
            }
        });
        return _inputFolders = folders;
    }

    private static DirectoryHandle? TryOpen(DirectoryHandle? parent, string name)
    {
        try
        {
            return parent?.TryOpen(name);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static FileStat? TryStat(DirectoryHandle? parent, string name, out bool isForbidden)
    {
        isForbidden = false;
        try
        {
            return parent?.TryStat(name);
        }
        catch (IOException)
        {
            isForbidden = true;
            return null;
        }
    }

    private static List<DirectoryEntry> List(DirectoryHandle folder)
    {
        var entries = folder.List();
        entries.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return entries;
    }

    private static string Join(string folder, string name) => folder.Length == 0 ? name : $"{folder}/{name}";
}
