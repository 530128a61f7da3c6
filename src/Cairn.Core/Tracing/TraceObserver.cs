using System.Globalization;

namespace Cairn.Core.Tracing;

/// <summary>
/// Follows the processes of a trace: which folder each is in, what it opens, moves and removes. Paths are resolved as the kernel does, through the project's links and those that
/// the step makes.
/// </summary>
public sealed partial class TraceObserver
{
    private readonly TraceFolders _folders;
    private readonly TracePaths _paths;
    private readonly IReadOnlyDictionary<string, string?> _files;
    private readonly HashSet<string> _everMade = new(StringComparer.Ordinal);
    private readonly FileUses _uses = new();

    private TraceObserver(TraceFolders folders, TracePaths paths, IReadOnlyDictionary<string, string?> files)
    {
        _folders = folders;
        _paths = paths;
        _files = files;
    }

    /// <summary>Reads a trace, twice. Throws <see cref="TraceFormatException"/>.</summary>
    /// <param name="lines">Gives the lines of the trace from its beginning.</param>
    /// <param name="project">The project's folder as the processes saw it, absolute.</param>
    /// <param name="workingDirectory">Where the first process began.</param>
    /// <param name="files">The files that the project had before, with the target of those that are links.</param>
    public static FileUses Observe(Func<IEnumerable<string>> lines, string project, string workingDirectory, IReadOnlyDictionary<string, string?> files)
    {
        ArgumentNullException.ThrowIfNull(lines);
        ArgumentException.ThrowIfNullOrEmpty(project);
        ArgumentException.ThrowIfNullOrEmpty(workingDirectory);
        ArgumentNullException.ThrowIfNull(files);
        var uses = new TraceObserver(TraceFolders.Read(lines(), workingDirectory), new TracePaths(project, files), files);
        var reader = new StraceReader();
        foreach (var line in lines())
        {
            var call = reader.Read(line);
            uses._folders.ComeTo(reader.Line);
            if (call is not null)
            {
                uses.Take(call);
            }
        }

        return uses.Finish();
    }

    private FileUses Finish()
    {
        _uses.Processes = _folders.Processes;
        _uses.Missing.RemoveWhere(path => _everMade.Contains(path) || _files.ContainsKey(path));
        return _uses;
    }

    private void Take(SystemCall call)
    {
        _uses.Calls++;
        switch (call.Name)
        {
            case "open":
                Open(call, null, 0, call.Argument(1));
                break;
            case "openat" or "openat2":
                Open(call, call.Argument(0), 1, call.Argument(2));
                break;
            case "creat":
                Open(call, null, 0, "O_WRONLY|O_CREAT|O_TRUNC");
                break;
            case "execve":
                Execute(call, null, 0);
                break;
            case "execveat":
                Execute(call, call.Argument(0), 1);
                break;
            case "stat" or "access" or "statfs" or "getxattr" or "listxattr" or "chmod" or "chown" or "utime" or "utimes" or "setxattr" or "removexattr":
                Look(call, null, 0, follow: true);
                break;
            case "lstat" or "readlink" or "lgetxattr" or "llistxattr" or "lchown" or "lsetxattr" or "lremovexattr":
                Look(call, null, 0, follow: false);
                break;
            case "readlinkat":
                Look(call, call.Argument(0), 1, follow: false);
                break;
            case "newfstatat" or "fstatat64" or "statx" or "faccessat" or "faccessat2" or "fchmodat" or "fchmodat2" or "fchownat" or "utimensat" or "futimesat" or "name_to_handle_at":
                Look(call, call.Argument(0), 1, !call.Arguments.Any(static a => a.Contains("AT_SYMLINK_NOFOLLOW", StringComparison.Ordinal)));
                break;
            case "truncate":
                Truncate(call);
                break;
            case "chdir":
                if (call.Succeeded && Absolute(call, null, 0) is { } folder)
                {
                    _folders.Enter(call.Process, _paths.Canonical(folder, See));
                }

                break;
            case "fchdir":
                if (call.Succeeded && StraceText.PathOf(call.Argument(0)) is { } entered)
                {
                    _folders.Enter(call.Process, entered);
                }

                break;
            case "getdents" or "getdents64":
                if (call.Succeeded && StraceText.PathOf(call.Argument(0)) is { } listed && _paths.InProject(listed) is { } relative)
                {
                    _uses.Listed.Add(relative);
                }

                break;
            case "rename":
                Rename(call, null, 0, null, 1);
                break;
            case "renameat" or "renameat2":
                Rename(call, call.Argument(0), 1, call.Argument(2), 3);
                break;
            case "link":
                Link(call, null, 0, null, 1);
                break;
            case "linkat":
                Link(call, call.Argument(0), 1, call.Argument(2), 3);
                break;
            case "symlink":
                MakeLink(call, null, 1);
                break;
            case "symlinkat":
                MakeLink(call, call.Argument(1), 2);
                break;
            case "unlink":
                Remove(call, null, 0);
                break;
            case "unlinkat":
                Remove(call, call.Argument(0), 1);
                break;
            case "mknod":
                MakeNode(call, null, 0);
                break;
            case "mknodat":
                MakeNode(call, call.Argument(0), 1);
                break;
        }
    }

    private void Open(SystemCall call, string? folder, int at, string flags)
    {
        if (flags.Contains("O_TMPFILE", StringComparison.Ordinal))
        {
            return;
        }

        var asked = Locate(call, folder, at, !flags.Contains("O_NOFOLLOW", StringComparison.Ordinal));
        if (!call.Succeeded)
        {
            Missed(call, asked);
            return;
        }

        // What was opened in the end, whatever names led there.
        if ((StraceText.PathOf(call.Result) is { } real ? _paths.InProject(real) : asked) is not { } path)
        {
            return;
        }

        var existed = _files.ContainsKey(path) && !_everMade.Contains(path) && !_paths.IsGone(path);
        var creates = flags.Contains("O_CREAT", StringComparison.Ordinal);
        if (!flags.Contains("O_WRONLY", StringComparison.Ordinal) && !flags.Contains("O_RDWR", StringComparison.Ordinal))
        {
            if (creates && !existed)
            {
                Make(path);
            }
            else if (!_uses.Made.Contains(path))
            {
                (flags.Contains("O_PATH", StringComparison.Ordinal) ? _uses.Seen : _uses.Read).Add(path);
            }

            return;
        }

        if (existed && !flags.Contains("O_TRUNC", StringComparison.Ordinal) && !_uses.Made.Contains(path))
        {
            // What it held stays, or is read.
            _uses.Read.Add(path);
        }

        Make(path);
    }

    private void Execute(SystemCall call, string? folder, int at)
    {
        var path = Locate(call, folder, at, follow: true);
        if (!call.Succeeded)
        {
            Missed(call, path);
        }
        else if (path is not null && !_uses.Made.Contains(path))
        {
            _uses.Read.Add(path);
        }
    }

    private void Look(SystemCall call, string? folder, int at, bool follow)
    {
        if (StraceText.Text(call.Argument(at)) is null or "")
        {
            // A descriptor for itself.
            return;
        }

        var path = Locate(call, folder, at, follow);
        if (!call.Succeeded)
        {
            Missed(call, path);
        }
        else if (path is not null)
        {
            See(path);
        }
    }

    private void Truncate(SystemCall call)
    {
        if (Locate(call, null, 0, follow: true) is { } path && call.Succeeded)
        {
            if (!_uses.Made.Contains(path))
            {
                _uses.Read.Add(path);
            }

            Make(path);
        }
    }

    private void MakeNode(SystemCall call, string? folder, int at)
    {
        if (call.Succeeded && Locate(call, folder, at, follow: false) is { } path)
        {
            Make(path);
        }
    }

    private void Remove(SystemCall call, string? folder, int at)
    {
        if (Locate(call, folder, at, follow: false) is not { } path)
        {
            return;
        }

        if (!call.Succeeded)
        {
            Missed(call, path);
            return;
        }

        See(path);
        Forget(path);
    }

    /// <summary>Where an argument leads within the project; null for elsewhere.</summary>
    private string? Locate(SystemCall call, string? folder, int at, bool follow) =>
        Absolute(call, folder, at) is { } path ? _paths.Resolve(path, follow, See) : null;

    private string? Absolute(SystemCall call, string? folder, int at)
    {
        if (StraceText.Text(call.Argument(at)) is not { Length: > 0 } path || path.StartsWith('/'))
        {
            return StraceText.Text(call.Argument(at)) is { Length: > 0 } absolute ? absolute : null;
        }

        string? start;
        if (folder is null || folder.StartsWith("AT_FDCWD", StringComparison.Ordinal))
        {
            start = folder is null ? null : StraceText.PathOf(folder);
            if (start is not null)
            {
                _folders.Enter(call.Process, start);
            }

            start ??= _folders.Of(call.Process);
        }
        else
        {
            start = StraceText.PathOf(folder);
        }

        return start is null ? null : string.Create(CultureInfo.InvariantCulture, $"{start}/{path}");
    }

    private void See(string path)
    {
        if (!_uses.Made.Contains(path))
        {
            _uses.Seen.Add(path);
        }
    }

    private void Missed(SystemCall call, string? path)
    {
        if (path is null)
        {
            return;
        }

        if (call.Error is "ENOENT" or "ENOTDIR")
        {
            _uses.Missing.Add(path);
        }
        else if (call.Error is "EEXIST")
        {
            See(path);
        }
    }

    private void Make(string path, string? link = null)
    {
        _uses.Made.Add(path);
        _everMade.Add(path);
        _paths.Put(path, link);
    }

    private void Forget(string path)
    {
        _uses.Made.Remove(path);
        _paths.Remove(path);
    }
}
