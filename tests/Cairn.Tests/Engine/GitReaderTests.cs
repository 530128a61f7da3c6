using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Engine;
using Cairn.Engine.Preparation;
using Cairn.Engine.Preparation.Git;
using Cairn.Testing;

namespace Cairn.Tests.Engine;

/// <summary>What is read from git's files beside what git says: repositories from seeds that a failure names.</summary>
public sealed class GitReaderTests
{
    private static readonly ImmutableDictionary<string, string> Environment = ImmutableDictionary<string, string>.Empty
        .Add("PATH", System.Environment.GetEnvironmentVariable("PATH") ?? "").Add("HOME", "/nonexistent").Add("GIT_CONFIG_NOSYSTEM", "1").Add("LC_ALL", "C")
        .Add("GIT_AUTHOR_NAME", "A").Add("GIT_AUTHOR_EMAIL", "a@b").Add("GIT_COMMITTER_NAME", "A").Add("GIT_COMMITTER_EMAIL", "a@b").Add("GIT_ALLOW_PROTOCOL", "file");

    // Each is a shell command; $F is a tracked file, mostly, and $N a number that no other has.
    private static readonly string[] Changes =
    [
        "printf 'line %s\\n' $N >>$F", "printf x$N >$F", "rm -f $F", "touch $F", "touch -d '2001-02-03 04:05:06' $F", "touch -d '2001-02-03 04:05:06.789' $F", "chmod +x $F", "chmod -x $F",
        "cp -p $F copy$N; mv copy$N $F", "cp $F copy; cat copy >$F; rm copy", "tr a-z n-za-m <$F >copy && cat copy >$F; rm -f copy", "rm -f $F; mkdir -p $F; echo x >$F/below", "rm -f $F; ln -s nowhere $F",
        "echo $N >new$N", "echo $N >new$N; git add new$N", "mkdir -p dir/a/b; echo $N >dir/a/b/new$N; git add -A", "git add -A", "git add $F", "git rm -q --cached $F", "git rm -q -f $F", "echo $N >new$N; git add -N new$N",
        "git commit -qam change$N", "git commit -q --allow-empty -m empty$N", "git reset -q", "git reset -q --hard", "git reset -q --soft HEAD~1", "git reset -q HEAD~1", "git checkout -q -b branch/$N", "git checkout -q --detach",
        "git checkout -q -f -", "git pack-refs --all", "git gc -q", "git repack -adfq --depth=50", "git update-index --index-version 4", "git update-index --index-version 2", "git update-index -q --refresh", "git read-tree HEAD",
        "git update-index --assume-unchanged $F", "git config core.autocrlf true; $A", "git config core.autocrlf input; $A", "git config core.fileMode false", "git config core.fileMode true", "echo '* text=auto' >$I; $A", "echo '* -text' >$I; $A",
        "echo '* text eol=crlf' >$I; $A", "printf 'a\\r\\nb\\r\\n' >$F", "printf 'a\\r\\nb\\r\\n' >$F; git add $F", "printf 'a\\nb\\n' >$F", "git stash -q", "git checkout -q HEAD~1", "git merge -q -m merged branch/1",
        "rm -f .git/index", "git symbolic-ref HEAD refs/heads/unborn$N", "mv d d2; ln -s d2 d", "git checkout -q -- .", "git tag -a -m tagged v$N", ":", ":", "git config index.threads 2; git update-index --force-write-index",
        "git update-index --untracked-cache; git status >/dev/null", "git submodule add -q \"$O\" sub$N", "git submodule deinit -q -f --all", "git -C sub1 checkout -q HEAD~1", "echo $N >sub1/untracked", "git commit -qam sub$N", "rm -rf sub1",
    ];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Read_Agrees_WithGit(int seed)
    {
        var random = new Random(seed);
        using var folder = new TemporaryFolder();
        var project = await RepositoryAsync(folder, random, isLinked: random.Next(5) == 0);
        var log = new StringBuilder();
        var memory = GitMemory.Load(folder["memory"]);
        for (var n = 1; n <= 12; n++)
        {
            var command = Changes[random.Next(Changes.Length)];
            await ChangeAsync(folder, project, command, random, n, log);
            var found = GitReader.Read(Path.Combine(project, "dir"), memory);
            Assert.True(found is not null, $"seed {seed}: not understood after\n{log}");
            memory = (await CompareAsync(Path.Combine(project, "dir"), folder, $"seed {seed}\n{log}")).Memory ?? memory;
            memory = (await CompareAsync(project, folder, $"seed {seed}\n{log}")).Memory ?? memory;
        }
    }

    [Theory]
    [InlineData("git update-index --split-index")]
    [InlineData("git update-index --skip-worktree f1")]
    [InlineData("git sparse-checkout init --cone --sparse-index")]
    [InlineData("git config core.repositoryFormatVersion 1; git config extensions.unheardOf true")]
    [InlineData("git symbolic-ref HEAD refs/other/place")]
    [InlineData("ln -sf refs/heads/main .git/HEAD")]
    [InlineData("git replace HEAD HEAD~1")]
    [InlineData("git config core.worktree /")]
    [InlineData("git config core.bare true")]
    public async Task Read_LeavesToGit_WhatItDoesNotKnow(string command)
    {
        var random = new Random(0);
        using var folder = new TemporaryFolder();
        var project = await RepositoryAsync(folder, random);
        var log = new StringBuilder();
        await ChangeAsync(folder, project, command, random, 1, log);
        Assert.Null(GitReader.Read(project, GitMemory.Load(folder["memory"])));
        await CompareAsync(project, folder, log.ToString());
    }

    [Fact]
    public async Task Read_Tells_ALargeFile_ByItsTimes_WithoutReadingIt()
    {
        using var folder = new TemporaryFolder();
        var project = await RepositoryAsync(folder, new Random(1));
        await ShellAsync(folder, project, $"git config core.fileMode true; truncate -s {Limits.GitHashedFileBytesMax + 1} large; git add -A; git commit -qm large; git reset -q --hard");
        Assert.False((await ReadAsync(project)).Dirty);

        // A restored copy of the repository: other inodes, the same times of modification.
        await ShellAsync(folder, project, "cp -p large copy; mv copy large");
        Assert.False((await ReadAsync(project)).Dirty);
        await ShellAsync(folder, project, "printf x | dd of=large conv=notrunc status=none");
        Assert.True(GitReader.Read(project, GitMemory.Load(folder["none"]))!.State.Dirty);
    }

    [Fact]
    public async Task Read_Remembers_WhatItHashed()
    {
        using var folder = new TemporaryFolder();
        var project = await RepositoryAsync(folder, new Random(2));
        await ShellAsync(folder, project, "git reset -q --hard; touch -d '2001-02-03 04:05:06' $(git ls-files -- 'f*' | head -3)");
        var nothing = GitMemory.Load(folder["none"]);
        var state = new GitState();

        // Only stats that are old enough to be trusted are kept.
        await Eventually.HoldsAsync(
            () => (state = GitReader.Read(project, nothing)!.State) is { Dirty: false, Memory.All.Length: >= 3 }, "three files are remembered", TestContext.Current.CancellationToken);
        state.Memory!.Save();
        var memory = GitMemory.Load(folder["none"]);
        Assert.Equal(state.Memory.All.Length, memory.All.Length);
        Assert.Same(memory, GitReader.Read(project, memory)!.State.Memory);

        await ShellAsync(folder, project, "printf x >f1");
        Assert.True(GitReader.Read(project, memory)!.State.Dirty);
    }

    [Fact]
    public async Task Read_Works_WithoutTheProgram_AndInARepositoryOfOthers()
    {
        using var folder = new TemporaryFolder();
        var project = await RepositoryAsync(folder, new Random(3));
        await ShellAsync(folder, project, "git checkout -q -f -B trunk; git gc -q; echo '[core] fsmonitor = touch run' >>.git/config");
        var found = GitReader.Read(project, GitMemory.Load(folder["none"]));
        Assert.Equal("trunk", found!.State.Branch);
        Assert.False(found.State.Dirty);
        Assert.Null(found.Changes);
        Assert.Null(found.IndexTree);
        Assert.False(File.Exists(Path.Combine(project, "run")));
    }

    [Fact]
    public async Task Read_NeverThrows_OnADamagedIndex()
    {
        using var folder = new TemporaryFolder();
        foreach (var version in (int[])[2, 4])
        {
            var project = await RepositoryAsync(folder, new Random(4 + version));
            await ShellAsync(folder, project, $"git add -N f1 2>/dev/null; git update-index --index-version {version}");
            var good = await File.ReadAllBytesAsync(Path.Combine(project, ".git/index"), TestContext.Current.CancellationToken);
            var random = new Random(version);
            var hashBytes = (await File.ReadAllTextAsync(Path.Combine(project, ".git/config"), TestContext.Current.CancellationToken)).Contains("sha256", StringComparison.Ordinal) ? 32 : 20;
            Assert.NotNull(GitIndex.TryParse(good, hashBytes));
            for (var length = 0; length < good.Length; length++)
            {
                Read(good[..length], hashBytes);
            }

            for (var i = 0; i < 20_000; i++)
            {
                var bad = (byte[])good.Clone();
                for (var n = random.Next(1, 4); n > 0; n--)
                {
                    bad[random.Next(bad.Length)] = (byte)(random.Next(3) == 0 ? random.Next(256) : random.Next(2) * 255);
                }

                Read(bad, hashBytes);
            }

            // From here on it is the program's to say what is wrong.
            await File.WriteAllBytesAsync(Path.Combine(project, ".git/index"), good[..^1], TestContext.Current.CancellationToken);
            Assert.Null(GitReader.Read(project, GitMemory.Load(folder["none"])));
        }
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 24)];

    private static void Read(byte[] bytes, int hashBytes)
    {
        if (GitIndex.TryParse(bytes, hashBytes) is { } index)
        {
            index.Paths();
            GitTrees.RootOf(index);
        }
    }

    private static async Task<GitState> CompareAsync(string project, TemporaryFolder folder, string context)
    {
        await using var program = new GitProgram(project);
        var expected = await program.StateAsync(TestContext.Current.CancellationToken);
        var actual = await ReadAsync(project);
        if (!expected.Present)
        {
            return actual;
        }

        Assert.True(expected.Present == actual.Present, context);
        Assert.True(expected.Commit == actual.Commit, $"{context}\ncommit {expected.Commit}, not {actual.Commit}");
        Assert.True(expected.Branch == actual.Branch, $"{context}\nbranch {expected.Branch}, not {actual.Branch}");
        Assert.True(expected.Tracked!.Value.SequenceEqual(actual.Tracked!.Value, StringComparer.Ordinal), $"{context}\ntracked {string.Join(' ', expected.Tracked)}\nnot {string.Join(' ', actual.Tracked)}");
        Assert.True(expected.Dirty == actual.Dirty, $"{context}\ndirty {expected.Dirty}, not {actual.Dirty}\n{(await ShellAsync(folder, project, "git --no-optional-locks status --porcelain=v2")).Output}");
        return actual;
    }

    private static Task<GitState> ReadAsync(string project) => GitRepository.Begin(project).EndAsync(TestContext.Current.CancellationToken);

    private static async Task<string> RepositoryAsync(TemporaryFolder folder, Random random, bool isLinked = false)
    {
        // A sub-module's repository, and the repository itself with some commits.
        var format = random.Next(4) == 0 ? "sha256" : "sha1";
        var script = $$"""
            set -e
            rm -rf origin top
            git init -q --object-format={{format}} -b main origin
            cd origin; echo 1 >one; git add .; git commit -qm 1; echo 2 >two; git add .; git commit -qm 2; cd ..
            git init -q --object-format={{format}} -b main top
            cd top
            mkdir -p dir/deep
            for i in 1 2 3 4 5 6; do echo "content $i" >f$i; echo "below $i" >dir/f$i; done
            : >dir/empty; echo 'sp ace' >'dir/sp ace'; echo ü >dir/ü; echo z >dir/deep/z; ln -s f1 link; echo run >run.sh; chmod +x run.sh; echo '/.cairn/' >.gitignore
            echo a >dir.x; echo b >dir-x; mkdir -p d/e d.e; echo c >d/e/f; echo c >d.e/f; mkdir .cairn dir/.cairn; echo '*' >dir/.cairn/.gitignore
            git add -A; git commit -qm first
            for i in 1 2 3; do echo "more $i" >>f$i; git commit -qam "$i"; done
            """;
        await ShellAsync(folder, folder.Path, script);
        if (isLinked)
        {
            await ShellAsync(folder, folder["top"], "mkdir -p dir/.cairn; git worktree add -q ../linked -b linked; mkdir -p ../linked/.cairn");
            return folder["linked"];
        }

        return folder["top"];
    }

    private static async Task ChangeAsync(TemporaryFolder folder, string project, string command, Random random, int number, StringBuilder log)
    {
        var files = (await ShellAsync(folder, project, "git ls-files | grep -v '\"\\| \\|^sub\\|^\\.git'")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var file = files.Length == 0 ? "f1" : files[random.Next(files.Length)];
        log.AppendLine(CultureInfo.InvariantCulture, $"F={file} N={number}; {command}");

        // New rules for line ends hold for files that are checked out anew. Of others git's answer hangs on whether they were written in the index's second.
        var anew = command.Contains("$A", StringComparison.Ordinal) ? "I=$(git rev-parse --git-path info/attributes); A='git reset -q --hard'; mkdir -p $(dirname $I); rm -f $(git rev-parse --git-path index);" : "";
        await ShellAsync(folder, project, $"F={file} N={number} O={folder["origin"]}; {anew} {command}; mkdir -p dir");
    }

    private static Task<ToolResult> ShellAsync(TemporaryFolder folder, string directory, string script) =>
        new Tool("sh", "-c", script) { Folder = directory, Environment = Environment.Add("GIT_CEILING_DIRECTORIES", Path.GetDirectoryName(folder.Path)!) }.RunAsync(TestContext.Current.CancellationToken);
}
