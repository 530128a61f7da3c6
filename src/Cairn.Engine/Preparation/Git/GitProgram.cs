using System.Collections.Immutable;
using System.Text;

using Cairn.Execution;

namespace Cairn.Engine.Preparation.Git;

/// <summary>
/// Git's own program. It refuses repositories of other owners unless it was told to trust them; what a repository's configuration wants to have run on
/// every look (hooks, a file system monitor) is switched off.
/// </summary>
internal sealed class GitProgram(string folder) : IAsyncDisposable
{
    private const int PathsMax = 1_000;
    private const int PathCharsMax = 64 << 10;

    private static readonly string[] Status = ["status", "--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules=none", "--no-renames"];

    private ProcessHost? _host;

    /// <summary>All of the state.</summary>
    public async Task<GitState> StateAsync(CancellationToken cancellationToken)
    {
        var status = RunAsync(folder, Status, cancellationToken);
        var tracked = RunAsync(folder, ["ls-files", "-z"], cancellationToken);
        var (statusText, problem) = await status;
        var (trackedText, _) = await tracked;
        if (statusText is null)
        {
            return new GitState { Problem = problem };
        }

        var state = new GitState { Present = true, Dirty = IsDirty(statusText) };
        foreach (var line in statusText.Split('\n'))
        {
            if (line.StartsWith("# branch.oid ", StringComparison.Ordinal))
            {
                var oid = line["# branch.oid ".Length..];
                state = state with { Commit = oid.StartsWith('(') ? null : oid };
            }
            else if (line.StartsWith("# branch.head ", StringComparison.Ordinal))
            {
                var head = line["# branch.head ".Length..];
                state = state with { Branch = string.Equals(head, "(detached)", StringComparison.Ordinal) ? null : head };
            }
        }

        if (trackedText is not null)
        {
            var paths = trackedText.Split('\0', StringSplitOptions.RemoveEmptyEntries);
            Array.Sort(paths, StringComparer.Ordinal);
            state = state with { Tracked = ImmutableArray.Create(paths) };
        }

        return state;
    }

    /// <summary>Adds tag, author and subject of a commit.</summary>
    public async Task<GitState> DetailsAsync(GitState state, string commit, CancellationToken cancellationToken)
    {
        var details = RunAsync(folder, ["log", "-1", "--format=%an <%ae>%n%s", commit], cancellationToken);
        var tag = RunAsync(folder, ["describe", "--tags", "--exact-match", commit], cancellationToken);
        if ((await details).Output is { } log)
        {
            var newline = log.IndexOf('\n', StringComparison.Ordinal);
            state = state with { Author = newline < 0 ? log : log[..newline], Message = newline < 0 ? null : log[(newline + 1)..].TrimEnd('\n') };
        }

        return (await tag).Output is { } name ? state with { Tag = name.TrimEnd('\n') } : state;
    }

    /// <summary>The tree of a commit, or null.</summary>
    public async Task<string?> TreeOfAsync(string commit, CancellationToken cancellationToken) =>
        (await RunAsync(folder, ["rev-parse", "--verify", "--quiet", commit + "^{tree}"], cancellationToken)).Output?.TrimEnd('\n');

    /// <summary>Whether one of some paths below a working tree's top differs from the index; null where git cannot tell.</summary>
    public async Task<bool?> IsDirtyAsync(string top, List<string> paths, CancellationToken cancellationToken)
    {
        var arguments = new List<string>(Status);
        var chars = 0;
        foreach (var path in paths)
        {
            chars += path.Length;
        }

        if (paths.Count <= PathsMax && chars <= PathCharsMax)
        {
            arguments.Insert(0, "--literal-pathspecs");
            arguments.Add("--");
            arguments.AddRange(paths);
        }

        return (await RunAsync(top, [.. arguments], cancellationToken)).Output is { } output ? IsDirty(output) : null;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _host?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static bool IsDirty(string status)
    {
        foreach (var line in status.AsSpan().EnumerateLines())
        {
            if (line.Length > 0 && line[0] != '#')
            {
                return true;
            }
        }

        return false;
    }

    private async Task<(string? Output, string? Problem)> RunAsync(string workingDirectory, string[] arguments, CancellationToken cancellationToken)
    {
        _host ??= ProcessHost.Start(new ProcessHostOptions { PidNamespace = false, RunToken = $"git-{Environment.ProcessId}" });
        var captured = await CommandCapture.RunAsync(
            _host,
            new ProcessSpec
            {
                Arguments = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", .. arguments],
                Environment = CallerEnvironment.With(("LC_ALL", "C"), ("GIT_TERMINAL_PROMPT", "0")),
                WorkingDirectory = workingDirectory,
            },
            Limits.GitOutputBytesMax,
            Limits.GitTimeout,
            cancellationToken);
        return captured.Succeeded
            ? (Encoding.UTF8.GetString(captured.Output), null)
            : (null, captured.Problem ?? Encoding.UTF8.GetString(captured.Error).Trim());
    }
}
