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

    private readonly DirectoryHandle _upper;
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

    private UndeclaredWrites(DirectoryHandle upper, DirectoryHandle merged, MerkleTree inputs, PathPatterns[] declared, int shownMax = ShownMax)
    {
        _shownMax = shownMax;
        _upper = upper;
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
        var found = new UndeclaredWrites(upper, merged, inputs, declared);
        found.WalkUpper();
        return found.IsEmpty ? null : found;
    }

    /// <summary>The names of all that was written, and of the inputs that were changed or deleted (of folders with a slash at the end).</summary>
    /// <param name="upper">The project's folder in what takes the writes.</param>
    /// <param name="merged">The project's folder as the step left it.</param>
    /// <param name="inputs">What the step was given.</param>
    /// <param name="declared">What does not count.</param>
    public static (IReadOnlyList<string> Written, IReadOnlyList<string> Changed) FindAll(DirectoryHandle upper, DirectoryHandle merged, MerkleTree inputs, PathPatterns declared)
    {
        var found = new UndeclaredWrites(upper, merged, inputs, [declared], int.MaxValue);
        found.WalkUpper();
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
            if (!lines.Contains(line))
            {
                lines.Add(line);
            }
        }

        return $"add to its `outputs`: {string.Join(", ", lines.Take(HintsMax).Select(static l => $"`- {l}`"))}{(lines.Count > HintsMax ? ", …" : "")}";
    }

    // Few files by name; a folder that is only the step's own as a whole; others by their kind.
    private string LineFor(string path)
    {
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

    private void WalkUpper()
    {
        var pending = new Stack<string>();
        pending.Push("");
        while (pending.TryPop(out var folder))
        {
            using var directory = TryOpen(_upper, folder);
            if (directory is null)
            {
                continue;
            }

            var entries = directory.List();
            entries.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
            for (var i = entries.Count - 1; i >= 0; i--)
            {
                // What lies in folders comes after what stands beside them.
                if (entries[i].Kind == FileKind.Directory && entries[i].IsUtf8 && Enter(directory, Join(folder, entries[i].Name)))
                {
                    pending.Push(Join(folder, entries[i].Name));
                }
            }

            foreach (var entry in entries)
            {
                if (++_seen > EntriesMax)
                {
                    return;
                }

                var path = Join(folder, entry.Name);
                if (!entry.IsUtf8)
                {
                    Written(path);
                }
                else if (entry.Kind != FileKind.Directory && directory.TryStat(entry.Name) is { } stat)
                {
                    Look(path, stat);
                }
            }
        }
    }

    /// <summary>Takes a folder of the upper one; false where what it holds was looked at already.</summary>
    private bool Enter(DirectoryHandle parent, string path)
    {
        if (_inputs.TryGet(path) is not null)
        {
            _deleted.Add(path);
            return true;
        }

        using var folder = TryOpen(parent, path[(path.LastIndexOf('/') + 1)..]);
        var marks = folder is null ? UpperMarks.None : UpperFolder.MarksOf(folder);
        if (marks != UpperMarks.None && InputFolders().Contains(path))
        {
            DeletedBelow(path);
        }

        if (!marks.HasFlag(UpperMarks.Renamed))
        {
            return true;
        }

        // What it was renamed with stands only in the merged view.
        WalkMerged(path);
        return false;
    }

    private void WalkMerged(string start)
    {
        var pending = new Stack<string>();
        pending.Push(start);
        while (pending.TryPop(out var folder) && _seen <= EntriesMax)
        {
            using var directory = TryOpen(_merged, folder);
            foreach (var entry in directory?.List() ?? [])
            {
                _seen++;
                var path = Join(folder, entry.Name);
                if (entry.Kind == FileKind.Directory && entry.IsUtf8)
                {
                    pending.Push(path);
                }
                else if (!entry.IsUtf8)
                {
                    Written(path);
                }
                else if (directory!.TryStat(entry.Name) is { } stat)
                {
                    Look(path, stat);
                }
            }
        }
    }

    private void Look(string path, in FileStat stat)
    {
        if (stat.Kind == FileKind.Special && _merged.TryStatPath(path) is null)
        {
            // A whiteout.
            if (_inputs.TryGet(path) is not null)
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
            if (_inputs.TryGet(path) is not { } leaf)
            {
                Written(path);
            }
            else if (!IsSame(path, stat, leaf))
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

    private bool IsSame(string path, in FileStat stat, in TreeLeaf leaf)
    {
        if (stat.Kind == FileKind.Symlink)
        {
            var slash = path.LastIndexOf('/');
            using var parent = TryOpen(_merged, slash < 0 ? "" : path[..slash]);
            return leaf.Target is { } target && parent is not null && string.Equals(parent.ReadLink(path[(slash + 1)..]), target, StringComparison.Ordinal);
        }

        if (stat.Kind != FileKind.Regular || leaf.Target is not null || stat.Executable != leaf.Executable || stat.SizeBytes != leaf.Digest.SizeBytes)
        {
            return false;
        }

        using var handle = _merged.TryOpenFilePath(path);
        if (handle is null)
        {
            return false;
        }

        using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        return new Digest(SHA256.HashData(stream), stat.SizeBytes) == leaf.Digest;
    }

    private void DeletedBelow(string folder)
    {
        var prefix = folder + "/";
        _inputs.ForEach((path, _) =>
        {
            if (path.StartsWith(prefix, StringComparison.Ordinal) && _merged.TryStatPath(path) is null)
            {
                _deleted.Add(path);
            }
        });
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

    // A step may forbid its own folders to an ordinary user.
    private static DirectoryHandle? TryOpen(DirectoryHandle root, string path)
    {
        try
        {
            return root.TryOpenPath(path);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string Join(string folder, string name) => folder.Length == 0 ? name : $"{folder}/{name}";
}
