using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Store.Files;
using Cairn.Store.Tools;
using Cairn.Testing;

namespace Cairn.Tests.Store;

public sealed class ToolCacheLeaseTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 4, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();
    private readonly ToolCaches _caches;
    private readonly string _project;

    public ToolCacheLeaseTests()
    {
        _caches = new ToolCaches(_folder["store"]);
        _project = Directory.CreateDirectory(_folder["project"]).FullName;
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("~/.npm", ".npm")]
    [InlineData("~/.cargo/registry/", ".cargo/registry")]
    [InlineData("node_modules/.cache/a", "node_modules/.cache/a")]
    public void Place_MakesALink_ThatGoesWithTheLease(string path, string place)
    {
        using (var root = DirectoryHandle.Open(_project))
        using (var lease = Open("npm"))
        {
            Assert.Null(lease.Place(root, path));
            Assert.Equal(lease.Directory, new FileInfo(Path.Combine(_project, place)).LinkTarget);
            File.WriteAllText(Path.Combine(_project, place, "file"), "x");
        }

        Assert.Empty(Directory.GetFileSystemEntries(_project));
        using var again = Open("npm");
        Assert.Equal("x", File.ReadAllText(Path.Combine(again.Directory, "file")));
    }

    [Theory]
    [InlineData("taken", "`taken` is in the way")]
    [InlineData("folder", "`folder` is in the way")]
    [InlineData("elsewhere", "`elsewhere` is in the way")]
    [InlineData("taken/below", "`taken` is in the way of a tool cache: it is not a folder")]
    [InlineData("elsewhere/below", "`elsewhere` is in the way of a tool cache: it is not a folder")]
    [InlineData("new/../../out", "is not a path below")]
    [InlineData("../out", "is not a path below")]
    [InlineData("/out", "is not a path below")]
    [InlineData("~/", "is not a path below")]
    [InlineData("", "is not a path below")]
    public void Place_Refuses_WhereSomethingElseStands_AndLeavesNothing(string path, string problem)
    {
        _folder.Write("project/taken", "mine");
        Directory.CreateDirectory(Path.Combine(_project, "folder"));
        Directory.CreateDirectory(_folder["outside"]);
        File.CreateSymbolicLink(Path.Combine(_project, "elsewhere"), _folder["outside"]);
        using var root = DirectoryHandle.Open(_project);
        using (var lease = Open("npm"))
        {
            Assert.Contains(problem, lease.Place(root, path)?.Replace($"{_project}/", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }

        Assert.Equal(3, Directory.GetFileSystemEntries(_project).Length);
        Assert.Empty(Directory.GetFileSystemEntries(_folder["outside"]));
        Assert.Equal("mine", _folder.Read("project/taken"));
    }

    [Fact]
    public void Place_IsShared_ByStepsBesideEachOther()
    {
        using var root = DirectoryHandle.Open(_project);
        var first = Open("npm");
        var second = Open("npm");
        using var other = Open("pip");
        Assert.Null(first.Place(root, "deep/cache"));
        Assert.Null(second.Place(root, "deep/cache"));
        Assert.Contains("beside this one", other.Place(root, "deep/cache"), StringComparison.Ordinal);
        first.Dispose();
        Assert.Equal(second.Directory, new FileInfo(Path.Combine(_project, "deep/cache")).LinkTarget);
        second.Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(_project));
        Assert.Null(other.Place(root, "deep/cache"));
    }

    [Fact]
    public void Place_Replaces_WhatAKilledRunLeft()
    {
        string left;
        using (var lease = Open("npm"))
        {
            left = lease.Directory;
        }

        File.CreateSymbolicLink(Path.Combine(_project, "cache"), left);
        using var root = DirectoryHandle.Open(_project);
        using var other = Open("pip");
        Assert.Null(other.Place(root, "cache"));
        Assert.Equal(other.Directory, new FileInfo(Path.Combine(_project, "cache")).LinkTarget);
    }

    [Fact]
    public void Dispose_Leaves_WhatTheStepPutThere()
    {
        using var root = DirectoryHandle.Open(_project);
        using (var lease = Open("npm"))
        {
            Assert.Null(lease.Place(root, "a/cache"));
            File.Delete(Path.Combine(_project, "a/cache"));
            _folder.Write("project/a/cache", "the step's own");
        }

        Assert.Equal("the step's own", _folder.Read("project/a/cache"));
    }

    [Fact]
    public void Dispose_Bears_ThatTheFolderIsGone()
    {
        var root = DirectoryHandle.Open(_project);
        var lease = Open("npm");
        Assert.Null(lease.Place(root, "a/b/cache"));
        root.Dispose();
        Directory.Delete(Path.Combine(_project, "a"), recursive: true);
        lease.Dispose();
        lease.Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(_project));
        Assert.True(Directory.Exists(lease.Directory));
    }

    private ToolCacheLease Open(string name) => _caches.Open(new ToolCacheUse(name, "", Shared: false, default(SourceSpan)), _project, Now);
}
