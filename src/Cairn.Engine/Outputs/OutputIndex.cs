using System.Text;

using Cairn.Store.Files;

namespace Cairn.Engine.Outputs;

/// <summary>
/// Which files of the working tree steps have written, with their stat: what stands here unchanged may be removed before the step
/// runs again; anything else belongs to a person. Kept in <c>.cairn/outputs</c>, one line a file.
/// </summary>
internal sealed class OutputIndex
{
    private const string Header = "cairn-outputs 1";

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private bool _changed;

    private readonly record struct Entry(long SizeBytes, long ModifiedNs, long ChangedNs, ulong Inode);

    /// <summary>Reads the index; an unreadable or foreign one counts as empty, so that nothing is removed by mistake.</summary>
    public static OutputIndex Load(string path)
    {
        var index = new OutputIndex();
        if (!File.Exists(path))
        {
            return index;
        }

        using var reader = new StreamReader(path, Encoding.UTF8);
        if (!string.Equals(reader.ReadLine(), Header, StringComparison.Ordinal))
        {
            return index;
        }

        while (reader.ReadLine() is { } line)
        {
            // size mtime ctime inode path, the path escaped as it may hold a newline
            var rest = line.AsSpan();
            if (Number(ref rest) is { } size && Number(ref rest) is { } modified && Number(ref rest) is { } changed && Number(ref rest) is { } inode)
            {
                index._entries[Unescape(rest.ToString())] = new Entry(size, modified, changed, (ulong)inode);
            }
        }

        return index;
    }

    /// <summary>Whether a file stands as a step left it.</summary>
    public bool IsOurs(string path, FileStat stat)
    {
        lock (_lock)
        {
            return _entries.TryGetValue(path, out var entry) && entry == Of(stat);
        }
    }

    /// <summary>Notes what a step wrote.</summary>
    public void Record(IReadOnlyList<TreeFile> files)
    {
        lock (_lock)
        {
            foreach (var file in files)
            {
                var entry = Of(file.Stat);
                if (!_entries.TryGetValue(file.Path, out var known) || known != entry)
                {
                    _entries[file.Path] = entry;
                    _changed = true;
                }
            }
        }
    }

    /// <summary>Forgets a file that is gone.</summary>
    public void Forget(string path)
    {
        lock (_lock)
        {
            _changed |= _entries.Remove(path);
        }
    }

    /// <summary>Writes the index where it changed. Losing the newest version costs a move to the trash, so it is not synced.</summary>
    public void Save(string path)
    {
        lock (_lock)
        {
            if (!_changed)
            {
                return;
            }

            var text = new StringBuilder(Header).Append('\n');
            foreach (var (file, entry) in _entries)
            {
                text.Append(entry.SizeBytes).Append(' ').Append(entry.ModifiedNs).Append(' ').Append(entry.ChangedNs).Append(' ').Append(entry.Inode).Append(' ').Append(Escape(file)).Append('\n');
            }

            DurableFile.Replace(path, Encoding.UTF8.GetBytes(text.ToString()), durable: false);
            _changed = false;
        }
    }

    private static Entry Of(FileStat stat) => new(stat.SizeBytes, stat.ModifiedNs, stat.ChangedNs, stat.Inode);

    /// <summary>The number before the next space, and moves behind that; null where there is none.</summary>
    private static long? Number(ref ReadOnlySpan<char> rest)
    {
        var negative = rest is ['-', ..];
        var value = 0UL;
        for (var i = negative ? 1 : 0; i < rest.Length; i++)
        {
            if (rest[i] == ' ')
            {
                rest = rest[(i + 1)..];
                return negative ? -(long)value : (long)value;
            }

            if (!char.IsAsciiDigit(rest[i]))
            {
                break;
            }

            value = unchecked((value * 10) + (uint)(rest[i] - '0'));
        }

        return null;
    }

    private static string Escape(string path) =>
        path.AsSpan().ContainsAny('\\', '\n', '\r') ? path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal) : path;

    private static string Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length)
            {
                i++;
                result.Append(text[i] switch { 'n' => '\n', 'r' => '\r', var other => other });
            }
            else
            {
                result.Append(text[i]);
            }
        }

        return result.ToString();
    }
}
