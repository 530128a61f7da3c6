namespace Cairn.Core.Tracing;

/// <content>What moves, and what gets another name.</content>
public sealed partial class TraceObserver
{
    private void Rename(SystemCall call, string? fromFolder, int from, string? toFolder, int to)
    {
        var source = Locate(call, fromFolder, from, follow: false);
        var target = Locate(call, toFolder, to, follow: false);
        if (!call.Succeeded)
        {
            Missed(call, source);
            return;
        }

        if (call.Arguments.Any(static a => a.Contains("RENAME_EXCHANGE", StringComparison.Ordinal)))
        {
            Exchange(source, target);
            return;
        }

        var made = Take(source);
        if (target is null)
        {
            return;
        }

        Forget(target);
        foreach (var (below, link) in made)
        {
            Make(target + below, link);
        }
    }

    // Both are elsewhere now, with all below them.
    private void Exchange(string? source, string? target)
    {
        var (first, second) = (Take(source), Take(target));
        foreach (var (below, link) in target is null ? [] : first)
        {
            Make(target + below, link);
        }

        foreach (var (below, link) in source is null ? [] : second)
        {
            Make(source + below, link);
        }
    }

    /// <summary>Takes away what stands at a path and below it: all of that as paths after it, with the targets of links.</summary>
    private List<(string Below, string? Link)> Take(string? path)
    {
        var taken = new List<(string, string?)>();
        if (path is null)
        {
            return taken;
        }

        if (_uses.Made.Contains(path) || (_files.ContainsKey(path) && !_paths.IsGone(path)))
        {
            if (!_uses.Made.Contains(path))
            {
                _uses.Moved.Add(path);
            }

            taken.Add(("", _paths.Target(path)));
            Forget(path);
            return taken;
        }

        // Neither is a file: it is a folder.
        var given = _paths.FilesBelow(path).ToList();
        if (given.Count > 0)
        {
            _uses.Moved.Add(path);
        }

        var made = _uses.Made.Where(file => file.StartsWith(path, StringComparison.Ordinal) && file.Length > path.Length && file[path.Length] == '/');
        foreach (var file in made.Concat(given).Distinct(StringComparer.Ordinal).ToList())
        {
            taken.Add((file[path.Length..], _paths.Target(file)));
            Forget(file);
        }

        return taken;
    }

    private void Link(SystemCall call, string? fromFolder, int from, string? toFolder, int to)
    {
        var source = Locate(call, fromFolder, from, call.Arguments.Any(static a => a.Contains("AT_SYMLINK_FOLLOW", StringComparison.Ordinal)));
        if (!call.Succeeded)
        {
            Missed(call, source);
            return;
        }

        if (source is not null && !_uses.Made.Contains(source))
        {
            _uses.Read.Add(source);
        }

        if (Locate(call, toFolder, to, follow: false) is { } target)
        {
            Make(target);
        }
    }

    private void MakeLink(SystemCall call, string? folder, int at)
    {
        if (call.Succeeded && Locate(call, folder, at, follow: false) is { } path)
        {
            Make(path, StraceText.Text(call.Argument(0)));
        }
    }
}
