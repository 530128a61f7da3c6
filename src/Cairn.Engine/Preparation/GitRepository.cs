using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Expressions;
using Cairn.Execution;

namespace Cairn.Engine.Preparation;

/// <summary>What git tells of a project, asked once for a run.</summary>
public sealed record GitState
{
    /// <summary>Whether the project stands in a git repository that git can read.</summary>
    public bool Present { get; init; }

    /// <summary>Why git's answer is missing although there is a repository, or null.</summary>
    public string? Problem { get; init; }

    /// <summary>The commit, 40 or 64 hex digits; null before the first.</summary>
    public string? Commit { get; init; }

    /// <summary>The branch; null where HEAD is detached.</summary>
    public string? Branch { get; init; }

    /// <summary>A tag at the commit, or null.</summary>
    public string? Tag { get; init; }

    /// <summary>Whether tracked files differ from the commit.</summary>
    public bool? Dirty { get; init; }

    /// <summary>The commit's subject, or null.</summary>
    public string? Message { get; init; }

    /// <summary>The commit's author: <c>Name &lt;mail&gt;</c>, or null.</summary>
    public string? Author { get; init; }

    /// <summary>Tracked files that the pipeline's outputs could touch, relative to the project, sorted; null where git was not asked.</summary>
    public ImmutableArray<string>? Tracked { get; init; }

    /// <summary>The <c>git</c> root of expressions.</summary>
    public Value.Map ToValue()
    {
        if (!Present)
        {
            return new Value.Map([]);
        }

        static Value Text(string? text) => text is null ? Value.Null.Instance : Value.Of(text);
        return new Value.Map(
        [
            new("commit", Text(Commit)),
            new("short_commit", Text(Commit is { Length: > 12 } commit ? commit[..12] : Commit)),
            new("branch", Text(Branch)),
            new("tag", Text(Tag)),
            new("dirty", Dirty is { } dirty ? Value.Of(dirty) : Value.Null.Instance),
            new("message", Text(Message)),
            new("author", Text(Author)),
        ]);
    }

    /// <summary>Whether a path is tracked.</summary>
    public bool IsTracked(string path) => Tracked is { } tracked && tracked.BinarySearch(path, StringComparer.Ordinal) >= 0;

    /// <summary>The first tracked path below a folder, or null.</summary>
    public string? FirstTrackedBelow(string folder)
    {
        if (Tracked is not { } tracked)
        {
            return null;
        }

        var prefix = folder + "/";
        var at = tracked.BinarySearch(prefix, StringComparer.Ordinal);
        at = at < 0 ? ~at : at;
        return at < tracked.Length && tracked[at].StartsWith(prefix, StringComparison.Ordinal) ? tracked[at] : null;
    }

    /// <summary>The first tracked path that matches, or null.</summary>
    public string? FirstTrackedMatch(PathPatterns patterns)
    {
        ArgumentNullException.ThrowIfNull(patterns);
        foreach (var path in Tracked ?? [])
        {
            if (patterns.IsMatch(path))
            {
                return path;
            }
        }

        return null;
    }
}

/// <summary>Asks git, by its own program: worktrees, packed refs, index formats and safety rules are its business.</summary>
internal static class GitRepository
{
    /// <summary>Whether a folder stands in a repository, by looking for <c>.git</c> upwards.</summary>
    public static bool IsPresent(string projectDirectory)
    {
        for (var folder = projectDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var marker = Path.Combine(folder, ".git");
            if (Directory.Exists(marker) || File.Exists(marker))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Asks for the state of HEAD and, where wanted, for details of the commit and the tracked files.</summary>
    /// <param name="projectDirectory">The project.</param>
    /// <param name="wantDetails">Whether tag, message and author are read: three more programs.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<GitState> ReadAsync(string projectDirectory, bool wantDetails, CancellationToken cancellationToken)
    {
        if (!IsPresent(projectDirectory))
        {
            return new GitState();
        }

        await using var host = ProcessHost.Start(new ProcessHostOptions { PidNamespace = false, RunToken = $"git-{Environment.ProcessId}" });
        var git = new GitProgram(host, projectDirectory);
        var status = git.RunAsync(["status", "--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules=none", "--no-renames"], cancellationToken);
        var tracked = git.RunAsync(["ls-files", "-z"], cancellationToken);
        var details = wantDetails ? git.RunAsync(["log", "-1", "--format=%an <%ae>%n%s"], cancellationToken) : null;
        var tag = wantDetails ? git.RunAsync(["describe", "--tags", "--exact-match", "HEAD"], cancellationToken) : null;
        var (statusText, problem) = await status;
        var (trackedText, _) = await tracked;
        var state = new GitState();
        if (statusText is null)
        {
            return state with { Problem = problem };
        }

        state = state with { Present = true, Dirty = false };
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
            else if (line.Length > 0 && line[0] != '#')
            {
                state = state with { Dirty = true };
            }
        }

        if (trackedText is not null)
        {
            var paths = trackedText.Split('\0', StringSplitOptions.RemoveEmptyEntries);
            Array.Sort(paths, StringComparer.Ordinal);
            state = state with { Tracked = ImmutableArray.Create(paths) };
        }

        if (details is not null && (await details).Output is { } log)
        {
            var newline = log.IndexOf('\n', StringComparison.Ordinal);
            state = state with { Author = newline < 0 ? log : log[..newline], Message = newline < 0 ? null : log[(newline + 1)..].TrimEnd('\n') };
        }

        if (tag is not null && (await tag).Output is { } name)
        {
            state = state with { Tag = name.TrimEnd('\n') };
        }

        return state;
    }

    private sealed class GitProgram(ProcessHost host, string folder)
    {
        public async Task<(string? Output, string? Problem)> RunAsync(ImmutableArray<string> arguments, CancellationToken cancellationToken)
        {
            var captured = await CommandCapture.RunAsync(
                host,
                new ProcessSpec
                {
                    Arguments = ["git", "--no-optional-locks", .. arguments],
                    Environment = CallerEnvironment.With(("LC_ALL", "C"), ("GIT_TERMINAL_PROMPT", "0")),
                    WorkingDirectory = folder,
                },
                Limits.GitOutputBytesMax,
                Limits.GitTimeout,
                cancellationToken);
            return captured.Succeeded
                ? (Encoding.UTF8.GetString(captured.Output), null)
                : (null, captured.Problem ?? Encoding.UTF8.GetString(captured.Error).Trim());
        }
    }
}
