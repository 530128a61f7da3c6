using System.Globalization;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Engine.Debugging;

/// <summary>What differs between two trees, as a patch that <c>git apply</c> and <c>patch -p1</c> take.</summary>
/// <param name="Text">The patch; empty where nothing differs.</param>
/// <param name="LeftOut">Files that a patch of lines cannot hold: binary or very large ones, what is neither file nor link, and names that are not UTF-8.</param>
/// <param name="OfTheStep">Files that are left out since the step wrote them: a patch of them would not fit the project.</param>
public sealed record TreePatch(string Text, IReadOnlyList<string> LeftOut, IReadOnlyList<string> OfTheStep)
{
    private const int FileBytesMax = 8 << 20;
    private const int ContextLines = 3;
    private const string NoNewline = "\\ No newline at end of file\n";

    /// <summary>Compares.</summary>
    /// <param name="given">The project as the step was given it, which the patch is for; null for one that is for what the step left.</param>
    /// <param name="before">What the step left.</param>
    /// <param name="after">What became of that.</param>
    internal static TreePatch Between(DirectoryHandle? given, DirectoryHandle before, DirectoryHandle after)
    {
        var old = Files(before);
        var now = Files(after);
        var paths = new SortedSet<string>(old.Keys, StringComparer.Ordinal);
        paths.UnionWith(now.Keys);
        var text = new StringBuilder();
        var leftOut = new List<string>();
        var ofTheStep = new List<string>();
        foreach (var path in paths)
        {
            var was = old.TryGetValue(path, out var a) ? a : (FileStat?)null;
            var became = now.TryGetValue(path, out var b) ? b : (FileStat?)null;
            if (IsUntouched(was, became))
            {
                continue;
            }

            var (length, left) = (text.Length, leftOut.Count);
            Append(text, leftOut, path, was, became, before, after);
            if ((text.Length > length || leftOut.Count > left) && given is not null && !IsSame(path, given, before))
            {
                text.Length = length;
                leftOut.RemoveRange(left, leftOut.Count - left);
                ofTheStep.Add(path);
            }
        }

        return new TreePatch(text.ToString(), leftOut, ofTheStep);
    }

    // The same inode of a layer, or one that was never copied up.
    private static bool IsUntouched(in FileStat? was, in FileStat? became) =>
        was is { } first && became is { } second && first.SizeBytes == second.SizeBytes && first.ModifiedNs == second.ModifiedNs && first.ChangedNs == second.ChangedNs && first.Executable == second.Executable;

    /// <summary>Whether two trees have the same at a path; what cannot be read as text counts as the same only where it was not touched.</summary>
    private static bool IsSame(string path, DirectoryHandle given, DirectoryHandle before)
    {
        var (a, b) = (given.TryStatPath(path), before.TryStatPath(path));
        if (a is not { } x || b is not { } y)
        {
            return a is null && b is null;
        }

        return IsUntouched(a, b) || (x.Kind == FileKind.Directory && y.Kind == FileKind.Directory)
            || (x.Kind == y.Kind && ModeOf(x) == ModeOf(y) && Content(given, path, x) is { } content && string.Equals(content, Content(before, path, y), StringComparison.Ordinal));
    }

    private static void Append(StringBuilder text, List<string> leftOut, string path, FileStat? was, FileStat? became, DirectoryHandle before, DirectoryHandle after)
    {
        if (was is { } a && became is { } b && a.Kind != b.Kind)
        {
            // A patch makes a link out of a file in two steps.
            Append(text, leftOut, path, was, null, before, after);
            Append(text, leftOut, path, null, became, before, after);
            return;
        }

        var (old, now) = (was is { } x ? Content(before, path, x) : "", became is { } y ? Content(after, path, y) : "");
        if (old is null || now is null)
        {
            leftOut.Add(path);
            return;
        }

        var modes = (Old: was is { } p ? ModeOf(p) : null, New: became is { } q ? ModeOf(q) : null);
        if (string.Equals(old, now, StringComparison.Ordinal) && string.Equals(modes.Old, modes.New, StringComparison.Ordinal))
        {
            return;
        }

        var (oldName, newName) = (Quoted("a/" + path), Quoted("b/" + path));
        text.Append(CultureInfo.InvariantCulture, $"diff --git {oldName} {newName}\n");
        if (modes.Old is null)
        {
            text.Append(CultureInfo.InvariantCulture, $"new file mode {modes.New}\n");
        }
        else if (modes.New is null)
        {
            text.Append(CultureInfo.InvariantCulture, $"deleted file mode {modes.Old}\n");
        }
        else if (!string.Equals(modes.Old, modes.New, StringComparison.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"old mode {modes.Old}\nnew mode {modes.New}\n");
        }

        if (!string.Equals(old, now, StringComparison.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"--- {(modes.Old is null ? "/dev/null" : oldName)}\n+++ {(modes.New is null ? "/dev/null" : newName)}\n");
            AppendHunks(text, Lines(old), Lines(now));
        }
    }

    private static void AppendHunks(StringBuilder text, List<string> before, List<string> after)
    {
        var edits = LineDiff.Compare(before, after);
        for (var i = 0; i < edits.Count;)
        {
            if (edits[i].Kind == ' ')
            {
                i++;
                continue;
            }

            // Changes with few lines between them share a hunk.
            var from = Math.Max(0, i - ContextLines);
            var last = i;
            for (var j = i; j < edits.Count && j <= last + (2 * ContextLines); j++)
            {
                last = edits[j].Kind == ' ' ? last : j;
            }

            var to = Math.Min(edits.Count, last + ContextLines + 1);
            int removed = 0, added = 0;
            for (var j = from; j < to; j++)
            {
                removed += edits[j].Kind == '+' ? 0 : 1;
                added += edits[j].Kind == '-' ? 0 : 1;
            }

            text.Append("@@ -").Append(Range(edits[from].Before, removed)).Append(" +").Append(Range(edits[from].After, added)).Append(" @@\n");
            for (var j = from; j < to; j++)
            {
                var line = edits[j].Kind == '+' ? after[edits[j].After] : before[edits[j].Before];
                text.Append(edits[j].Kind).Append(line);
                if (!line.EndsWith('\n'))
                {
                    text.Append('\n').Append(NoNewline);
                }
            }

            i = to;
        }
    }

    // An empty range names the line before it.
    private static string Range(int start, int count) => string.Create(CultureInfo.InvariantCulture, $"{(count == 0 ? start : start + 1)},{count}");

    private static List<string> Lines(string text)
    {
        var lines = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            var newline = text.IndexOf('\n', at);
            var end = newline < 0 ? text.Length : newline + 1;
            lines.Add(text[at..end]);
            at = end;
        }

        return lines;
    }

    private static string ModeOf(in FileStat stat) => stat.Kind == FileKind.Symlink ? "120000" : stat.Executable ? "100755" : "100644";

    /// <summary>The text of a file, each byte a character as far as it is no UTF-8; null for what is no text.</summary>
    private static string? Content(DirectoryHandle root, string path, in FileStat stat)
    {
        var slash = path.LastIndexOf('/');
        if (stat.Kind == FileKind.Special || stat.SizeBytes > FileBytesMax)
        {
            return null;
        }

        using var parent = root.TryOpenPath(slash < 0 ? "" : path[..slash]);
        if (parent is null)
        {
            return null;
        }

        var name = path[(slash + 1)..];
        if (stat.Kind == FileKind.Symlink)
        {
            return parent.ReadLink(name);
        }

        using var handle = parent.TryOpenFile(name);
        if (handle is null)
        {
            return null;
        }

        var bytes = new byte[stat.SizeBytes];
        var length = RandomAccess.Read(handle, bytes, 0);
        // A patch is bytes: text of another encoding would not come out as it went in.
        return length == bytes.Length && !bytes.AsSpan().Contains((byte)0) && System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : null;
    }

    // As git writes names that a line cannot hold as they are.
    private static string Quoted(string name)
    {
        if (name.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 && name.AsSpan().IndexOfAny('"', '\\') < 0)
        {
            return name;
        }

        var text = new StringBuilder("\"");
        foreach (var b in Encoding.UTF8.GetBytes(name))
        {
            _ = b switch
            {
                (byte)'"' or (byte)'\\' => text.Append('\\').Append((char)b),
                (byte)'\n' => text.Append("\\n"),
                (byte)'\t' => text.Append("\\t"),
                >= 0x20 and < 0x7f => text.Append((char)b),
                _ => text.Append('\\').Append(Convert.ToString(b, 8).PadLeft(3, '0')),
            };
        }

        return text.Append('"').ToString();
    }

    private static Dictionary<string, FileStat> Files(DirectoryHandle root)
    {
        var files = new Dictionary<string, FileStat>(StringComparer.Ordinal);
        var pending = new Stack<string>();
        pending.Push("");
        while (pending.TryPop(out var folder))
        {
            using var directory = root.TryOpenPath(folder);
            var hasOdd = false;
            foreach (var entry in directory?.List() ?? [])
            {
                var path = folder.Length == 0 ? entry.Name : $"{folder}/{entry.Name}";
                hasOdd |= !entry.IsUtf8;
                if (entry.Kind == FileKind.Directory && entry.IsUtf8)
                {
                    pending.Push(path);
                }
                else if (entry.IsUtf8 && directory!.TryStat(entry.Name) is { } stat)
                {
                    files[path] = stat;
                }
            }

            foreach (var (name, stat) in hasOdd ? directory!.StatOdd() : [])
            {
                // A name that no patch can say.
                files[folder.Length == 0 ? name : $"{folder}/{name}"] = stat with { Kind = FileKind.Special };
            }
        }

        return files;
    }
}
