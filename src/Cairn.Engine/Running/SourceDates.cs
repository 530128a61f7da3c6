using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

using Cairn.Core.Planning;
using Cairn.Engine.Preparation;
using Cairn.Execution;
using Cairn.Store.Layers;

namespace Cairn.Engine.Running;

/// <summary>
/// The time of a job's sources, for <c>SOURCE_DATE_EPOCH</c>: that of the last commit that changed its inputs or those of what it needs. The commit that is checked out would
/// do as well, but every commit would then be another action. See <c>docs/adr/0007</c>.
/// </summary>
internal sealed class SourceDates(RunScope scope, RunRequest request, GitState git, ProcessHost host)
{
    // The longest command line that is worth it; beyond, the whole project stands for them.
    private const int FoldersMax = 1_000;

    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _byFolders = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<int, string> _found = new();

    /// <summary>The time where no commit tells one: that which all inputs bear in a sandbox.</summary>
    public static string Fixed { get; } = LayerWriter.TimeSeconds.ToString(CultureInfo.InvariantCulture);

    /// <summary>The time of a job for which <see cref="FindAsync"/> was called, in seconds since 1970.</summary>
    public string Of(Job job) => _found.TryGetValue(job.Index, out var date) ? date : throw new InvalidOperationException($"Nobody looked for the time of `{job.Id}`");

    /// <summary>Asks git, once for each set of folders.</summary>
    public async Task FindAsync(Job job, CancellationToken cancellationToken)
    {
        if (_found.ContainsKey(job.Index))
        {
            return;
        }

        var folders = FoldersOf(job);
        _found[job.Index] = git is not { Present: true, Commit: not null } || folders.Count == 0
            ? Fixed
            : await _byFolders.GetOrAdd(string.Join('\0', folders), _ => new Lazy<Task<string>>(() => AskAsync(folders))).Value.WaitAsync(cancellationToken);
    }

    /// <summary>Where the inputs of a job and of all that it needs stand, sorted; <c>.</c> for the project itself.</summary>
    private SortedSet<string> FoldersOf(Job job)
    {
        var folders = new SortedSet<string>(StringComparer.Ordinal);
        var seen = new HashSet<int> { job.Index };
        var pending = new Stack<Job>([job]);
        while (pending.TryPop(out var next))
        {
            foreach (var root in next.Inputs is { } inputs ? inputs.Roots : [""])
            {
                folders.Add(root.Length == 0 ? "." : root);
            }

            foreach (var need in next.Needs)
            {
                if (seen.Add(need))
                {
                    pending.Push(scope.Plan.Jobs[need]);
                }
            }
        }

        return folders.Count > FoldersMax || folders.Contains(".") ? ["."] : folders;
    }

    private async Task<string> AskAsync(SortedSet<string> folders)
    {
        var captured = await CommandCapture.RunAsync(
            host,
            new ProcessSpec
            {
                Arguments = ["git", "--no-optional-locks", "--literal-pathspecs", "log", "-1", "--format=%ct", "--", .. folders],
                Environment = CallerEnvironment.With(("LC_ALL", "C"), ("GIT_TERMINAL_PROMPT", "0")),
                WorkingDirectory = request.ProjectDirectory,
            },
            Limits.GitOutputBytesMax,
            Limits.GitTimeout,
            CancellationToken.None);
        if (!captured.Succeeded)
        {
            throw new IOException($"git could not tell when the inputs were last changed: {captured.Problem ?? Encoding.UTF8.GetString(captured.Error).Trim()}");
        }

        return long.TryParse(Encoding.ASCII.GetString(captured.Output).AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? seconds.ToString(CultureInfo.InvariantCulture)
            : Fixed;
    }
}
