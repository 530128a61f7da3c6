using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Store.Files;
using Cairn.Store.Snapshots;
using Cairn.Testing;

namespace Cairn.Tests.Snapshots;

public sealed class SourceSnapshotTests : IDisposable
{
    private static readonly SnapshotRequest All = new() { All = true };

    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _state = new();

    public void Dispose()
    {
        _folder.Dispose();
        _state.Dispose();
    }

    [Fact]
    public void Take_Holds_EveryFileWithItsDigestInOrdinalOrder()
    {
        string[] paths = ["a/b", "a-b", "a0", "a/b-c", "a/b.d/e", "z", "a.txt", "ä", "\ud83d\ude00", "\ufffd", "a b\nc", "dir/" + new string('n', 255)];
        foreach (var path in paths.Except(["a/b"]))
        {
            _folder.Write(path, path);
        }

        var entries = Take(All).Entries;
        Assert.Equal(paths.Except(["a/b"]).Order(StringComparer.Ordinal), entries.Select(e => e.Path));
        Assert.All(entries, e => Assert.Equal(Digest.Of(System.Text.Encoding.UTF8.GetBytes(e.Path)), e.Digest));
    }

    [Fact]
    public void Take_Leaves_GitAndCairnAlone()
    {
        _folder.Write(".git/config", "x");
        _folder.Write(".cairn/runs/1", "x");
        _folder.Write("sub/.git/HEAD", "x");
        _folder.Write("sub/.cairn/kept", "x");
        _folder.Write("sub/file", "x");
        _folder.Write("module/.git", "gitdir: elsewhere");
        Assert.Equal(["sub/.cairn/kept", "sub/file"], Paths(All));
        Assert.Equal(["sub/.cairn/kept", "sub/file"], Paths(new() { Globs = [PathPatterns.Parse("**")] }));
        Assert.Empty(Paths(new() { Globs = [PathPatterns.Parse(".git/**", ".cairn/runs/*", "sub/.git", ".cairn")] }));
        Assert.Equal([".git/config"], Paths(new() { Literals = [".git/config", ".cairn/runs/1"] }));
    }

    [Fact]
    public void Take_Applies_IgnoreRulesOfEveryLevelToDefaultInputsOnly()
    {
        _folder.Write(".gitignore", "*.o\nbuild/\n!keep.o\n");
        _folder.Write("sub/.gitignore", "local\n!main.o\n");
        _folder.Write(".cairnignore", "docs/\n!wanted.o\n");
        foreach (var path in (string[])["a.o", "keep.o", "wanted.o", "build/x.c", "sub/main.o", "sub/local", "local", "docs/a.md", "src/a.c"])
        {
            _folder.Write(path, path);
        }

        Assert.Equal([".cairnignore", ".gitignore", "keep.o", "local", "src/a.c", "sub/.gitignore", "sub/main.o", "wanted.o"], Paths(All));
        Assert.Equal(["a.o", "build/x.c", "docs/a.md"], Paths(new() { Literals = ["a.o"], Globs = [PathPatterns.Parse("build/**"), PathPatterns.Parse("docs")] }));
    }

    [Fact]
    public void Take_Holds_TrackedFilesThatGitIgnores_ButNotWhatCairnIgnores()
    {
        _folder.Write(".gitignore", "build/\n*.log\n");
        _folder.Write(".cairnignore", "secret.log\n");
        _folder.Write("build/deep/.cairnignore", "unwanted\n");
        foreach (var path in (string[])["build/deep/tracked", "build/deep/unwanted", "build/deep/other", "build/none/x", "a.log", "b.log", "secret.log"])
        {
            _folder.Write(path, path);
        }

        string[] tracked = ["a.log", "build/deep/tracked", "build/deep/unwanted", "secret.log"];
        var request = All with
        {
            IsTracked = path => tracked.Contains(path, StringComparer.Ordinal),
            HasTrackedBelow = folder => tracked.Any(t => t.StartsWith(folder + "/", StringComparison.Ordinal)),
        };
        Assert.Equal([".cairnignore", ".gitignore", "a.log", "build/deep/tracked"], Paths(request));
    }

    [Fact]
    public void Take_Applies_RulesOfTheRepositoryAroundTheProject()
    {
        using var repository = new TemporaryFolder();
        repository.Write(".git/info/exclude", "*.excluded\n");
        repository.Write(".gitignore", "*.top\n/project/anchored\n/anchored\n");
        repository.Write("project/inner/.gitignore", "!kept.top\n");
        foreach (var path in (string[])["a.excluded", "b.top", "anchored", "inner/kept.top", "inner/c"])
        {
            repository.Write("project/" + path, path);
        }

        using var root = DirectoryHandle.Open(repository["project"]);
        var request = All with { Repository = repository.Path, PathInRepository = "project" };
        var snapshot = SourceSnapshot.Take(root, request, Index(), TestContext.Current.CancellationToken);
        Assert.Equal(["inner/.gitignore", "inner/c", "inner/kept.top"], snapshot.Entries.Select(e => e.Path));
    }

    [Fact]
    public void Take_Follows_NoLink()
    {
        _folder.Write("real/file", "x");
        File.CreateSymbolicLink(_folder["loop"], ".");
        File.CreateSymbolicLink(_folder["folder"], "real");
        File.CreateSymbolicLink(_folder["real/dangling"], "/nowhere");
        var entries = Take(All).Entries;
        Assert.Equal(["folder:real", "loop:.", "real/dangling:/nowhere", "real/file:"], entries.Select(e => $"{e.Path}:{e.Target}"));
        Assert.Equal(Digest.Empty, entries[0].Digest);

        var behind = Take(new() { Literals = ["folder/file", "loop/real/file", "real/file"] });
        Assert.Equal(["real/file"], behind.Entries.Select(e => e.Path));
        Assert.Equal([DiagnosticCodes.SourceBeyondLink, DiagnosticCodes.SourceBeyondLink], behind.Diagnostics.Select(d => d.Code));
        Assert.Contains("`folder/file` stands behind the link `folder`", behind.Diagnostics[0].Message, StringComparison.Ordinal);
        Assert.Empty(Take(new() { Globs = [PathPatterns.Parse("folder/**")] }).Entries);
    }

    [Fact]
    public void Take_Unites_LiteralsAndGlobs_EachFileOnce()
    {
        foreach (var path in (string[])["a/1.c", "a/1.h", "a/b/2.c", "a/b/c/3.c", "d/4.c", "d/e/5.c", "f", "g/6.c"])
        {
            _folder.Write(path, path);
        }

        var request = new SnapshotRequest
        {
            Literals = ["a/1.h", "a/1.h", "missing", "a", "g/6.c"],
            Globs = [PathPatterns.Parse("a/*.c"), PathPatterns.Parse("a/b/**", "!a/b/2.c"), PathPatterns.Parse("d", "f"), PathPatterns.Parse("d/e/*.c"), PathPatterns.Parse("none/**")],
            Exclude = path => path == "d/4.c",
        };
        Assert.Equal(["a/1.c", "a/1.h", "a/b/c/3.c", "d/e/5.c", "f", "g/6.c"], Paths(request));
    }

    [Fact]
    public void Take_Hashes_OnlyWhatTheIndexDoesNotKnow()
    {
        for (var i = 0; i < 500; i++)
        {
            var path = _folder.Write($"dir{i % 20}/file{i}", $"content {i}");
        }

        var later = new ShiftedTime(TimeSpan.FromMinutes(1));
        var index = Index(later);
        var first = Take(All, index);
        Assert.Equal(500, first.HashedFiles);
        index.Save(_state["index"]);

        index = Index(later);
        var second = Take(All, index);
        Assert.Equal(0, second.HashedFiles);
        Assert.Equal(first.Entries, second.Entries);

        _folder.Write("dir3/file3", "changed 3");
        index = Index(later);
        var third = Take(All, index);
        Assert.Equal(1, third.HashedFiles);
        Assert.Equal(Digest.Of("changed 3"u8), third.Entries.Single(e => e.Path == "dir3/file3").Digest);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData((256 << 10) - 1)]
    [InlineData(256 << 10)]
    [InlineData((256 << 10) + 1)]
    [InlineData((3 << 20) + 5)]
    [InlineData(16 << 20)]
    [InlineData((17 << 20) + 77)]
    public void Take_Hashes_FilesOfAnySize(int size)
    {
        var content = new byte[size];
        new Random(size).NextBytes(content);
        File.WriteAllBytes(_folder["file"], content);
        Assert.Equal(Digest.Of(content), Assert.Single(Take(All).Entries).Digest);
    }

    [Fact]
    public async Task TakeAsync_Ends_WhenItIsCancelled()
    {
        _folder.Write("file", "x");
        using var root = DirectoryHandle.Open(_folder.Path);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SourceSnapshot.TakeAsync(root, All, Index(), new CancellationToken(canceled: true)));
    }

    private SourceSnapshot Take(SnapshotRequest request, StatIndex? index = null)
    {
        using var root = DirectoryHandle.Open(_folder.Path);
        return SourceSnapshot.Take(root, request, index ?? Index(), TestContext.Current.CancellationToken);
    }

    private IEnumerable<string> Paths(SnapshotRequest request)
    {
        var snapshot = Take(request);
        Assert.Empty(snapshot.Diagnostics);
        return snapshot.Entries.Select(e => e.Path);
    }

    private StatIndex Index(TimeProvider? time = null) => StatIndex.Load(_state["index"], time ?? TimeProvider.System);
}
