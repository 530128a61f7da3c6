using Cairn.Engine.History;
using Cairn.Engine.Preparation.Git;

namespace Cairn.Engine.Preparation;

/// <summary>
/// What git knows of a project. It is read from git's files (<see cref="GitReader"/>), which starts no program and hashes next to nothing; the program is asked for
/// what these do not tell, and for all of it where they hold something that the reader does not know.
/// </summary>
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

    /// <summary>Begins to find the state of HEAD, of the working tree, and the tracked files.</summary>
    public static GitReading Begin(string projectDirectory) => new(projectDirectory, IsPresent(projectDirectory));

    /// <summary>The same with the commit's tag, author and subject, for which the program is asked.</summary>
    public static async Task<GitState> WithDetailsAsync(GitState state, string projectDirectory, CancellationToken cancellationToken)
    {
        if (state.Commit is not { } commit)
        {
            return state;
        }

        await using var program = new GitProgram(projectDirectory);
        return await program.DetailsAsync(state, commit, cancellationToken);
    }

    /// <summary>Asks the program for what its files left open.</summary>
    public static async Task<GitState> AskAsync(string projectDirectory, GitFindings? found, CancellationToken cancellationToken)
    {
        await using var program = new GitProgram(projectDirectory);
        if (found is null)
        {
            return await program.StateAsync(cancellationToken);
        }

        var state = found.State;
        if (found is { IndexTree: { } indexTree, State.Commit: { } commit })
        {
            // The commit stands where the reader does not look: in a repository that this one borrows from.
            if (await program.TreeOfAsync(commit, cancellationToken) is not { } tree)
            {
                return await program.StateAsync(cancellationToken);
            }

            state = state with { Memory = state.Memory?.With(commit, tree) };
            if (!string.Equals(tree, indexTree, StringComparison.Ordinal))
            {
                return state with { Dirty = true };
            }
        }

        if (found.Changes is not { } changes)
        {
            return state with { Dirty = false };
        }

        var answer = await program.IsDirtyAsync(found.Root, changes.Questions, cancellationToken);
        if (answer == false && changes.RememberAnswers() is { } learned)
        {
            state = state with { Memory = state.Memory?.With(learned) };
        }

        // Where the program cannot say: a file whose bytes differ counts as changed, and of a submodule nothing is known.
        return state with { Dirty = answer ?? (changes.HasFileQuestion ? true : null) };
    }
}

/// <summary>
/// The reading of a repository on a thread of its own, while the caller does something else. Where nothing is left to ask, which is nearly always, its end is no reason for
/// the caller to suspend: that would cost more than the reading.
/// </summary>
internal sealed class GitReading
{
    private readonly string _project;
    private readonly Thread? _thread;
    private GitFindings? _found;

    public GitReading(string projectDirectory, bool isPresent)
    {
        _project = projectDirectory;
        if (isPresent)
        {
            _thread = new Thread(() => _found = GitReader.Read(_project, GitMemory.Load(GitMemory.PathIn(RunDirectory.StateDirectory(_project))))) { IsBackground = true, Name = "cairn-git" };
            _thread.Start();
        }
    }

    /// <summary>The state.</summary>
    public Task<GitState> EndAsync(CancellationToken cancellationToken)
    {
        if (_thread is null)
        {
            return Task.FromResult(new GitState());
        }

        _thread.Join();
        return _found is { IsComplete: true } found ? Task.FromResult(found.State) : GitRepository.AskAsync(_project, _found, cancellationToken);
    }
}
