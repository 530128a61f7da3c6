using Cairn.Store.Files;
using Cairn.Testing;

namespace Cairn.Tests.Files;

public sealed class DirectoryHandleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void List_OfAFolderThatWasRemoved_IsEmpty()
    {
        Directory.CreateDirectory(_folder["gone"]);
        using var folder = DirectoryHandle.Open(_folder["gone"]);
        Directory.Delete(_folder["gone"]);
        Assert.Empty(folder.List());
    }

    [Fact]
    public void List_Names_EveryEntryWithItsKind()
    {
        _folder.Write("file", "x");
        _folder.Write("sub/inner", "x");
        File.CreateSymbolicLink(_folder["link"], "file");
        using var handle = DirectoryHandle.Open(_folder.Path);
        var entries = handle.List().ToDictionary(e => e.Name, e => e.Kind, StringComparer.Ordinal);
        Assert.Equal(3, entries.Count);
        Assert.Equal(FileKind.Regular, entries["file"]);
        Assert.Equal(FileKind.Directory, entries["sub"]);
        Assert.Equal(FileKind.Symlink, entries["link"]);
        Assert.Equal(3, handle.List().Count);
    }

    [Fact]
    public void List_Reads_MoreEntriesThanOneBufferHolds()
    {
        for (var i = 0; i < 3_000; i++)
        {
            File.WriteAllText(_folder[$"a-rather-long-file-name-{i}"], "");
        }

        using var handle = DirectoryHandle.Open(_folder.Path);
        Assert.Equal(3_000, handle.List().Select(e => e.Name).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void TryOpen_Refuses_ALinkToAFolder()
    {
        Directory.CreateDirectory(_folder["real"]);
        File.CreateSymbolicLink(_folder["link"], "real");
        using var handle = DirectoryHandle.Open(_folder.Path);
        using var real = handle.TryOpen("real");
        Assert.NotNull(real);
        Assert.Null(handle.TryOpen("link"));
        Assert.Null(handle.TryOpenPath("link/x"));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("")]
    public void TryStat_Refuses_WhatIsNoSingleName(string name)
    {
        using var handle = DirectoryHandle.Open(_folder.Path);
        Assert.Throws<ArgumentException>(() => handle.TryStat(name));
    }

    [Fact]
    public void TryStat_Tells_SizeAndMode()
    {
        var path = _folder.Write("tool", "12345");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var handle = DirectoryHandle.Open(_folder.Path);
        var stat = handle.TryStat("tool")!.Value;
        Assert.Equal((FileKind.Regular, true, 5L), (stat.Kind, stat.Executable, stat.SizeBytes));
        Assert.Equal(File.GetLastWriteTimeUtc(path), DateTime.UnixEpoch.AddTicks(stat.ModifiedNs / 100));
        Assert.Null(handle.TryStat("absent"));
    }

    [Fact]
    public void TryStatPath_Follows_NoLinkInAnySegment()
    {
        _folder.Write("real/sub/file", "123");
        File.CreateSymbolicLink(_folder["link"], "real");
        File.CreateSymbolicLink(_folder["real/last"], "sub/file");
        using var handle = DirectoryHandle.Open(_folder.Path);
        Assert.Equal(3, handle.TryStatPath("real/sub/file")!.Value.SizeBytes);
        Assert.Equal(FileKind.Symlink, handle.TryStatPath("real/last")!.Value.Kind);
        Assert.Null(handle.TryStatPath("link/sub/file"));
        Assert.Null(handle.TryStatPath("real/absent/file"));
        Assert.Null(handle.TryStatPath("real/sub/file/below"));
    }

    [Fact]
    public void RemoveTree_Takes_DeepFoldersAndLeavesLinkTargets()
    {
        _folder.Write("keep/precious", "x");
        var deep = string.Join('/', Enumerable.Repeat("d", 900));
        using var handle = DirectoryHandle.Open(_folder.Path);
        using (var bottom = handle.TryCreatePath("tree/" + deep))
        {
            Assert.NotNull(bottom);
        }

        File.CreateSymbolicLink(_folder["tree/link"], _folder["keep"]);
        handle.RemoveTree("tree");
        Assert.Null(handle.TryStat("tree"));
        Assert.True(_folder.Exists("keep/precious"));
    }

    [Fact]
    public async Task RemoveTree_EntersNothingThatIsMounted()
    {
        // A tool cache that stood below a sandbox's root when an attempt was cleared away.
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can mount");
        _folder.Write("cache/kept", "x");
        Directory.CreateDirectory(_folder["place/bind-0"]);
        var mounted = await new Tool("mount", "--bind", _folder["cache"], _folder["place/bind-0"]).RunAsync(TestContext.Current.CancellationToken);
        Assert.True(mounted.ExitCode == 0, mounted.ToString());
        using var handle = DirectoryHandle.Open(_folder.Path);
        try
        {
            Assert.Contains("something is mounted there", Assert.Throws<IOException>(() => handle.RemoveTree("place")).Message, StringComparison.Ordinal);
            Assert.True(_folder.Exists("cache/kept"));
        }
        finally
        {
            await new Tool("umount", _folder["place/bind-0"]).RunAsync(TestContext.Current.CancellationToken);
        }

        handle.RemoveTree("place");
        Assert.True(_folder.Exists("cache/kept"));
        Assert.Null(handle.TryStat("place"));
    }

    [Fact]
    public void RemoveTree_Takes_FoldersThatMayNotBeWritten()
    {
        _folder.Write("tree/locked/inner/file", "x");
        File.SetUnixFileMode(_folder["tree/locked/inner"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.SetUnixFileMode(_folder["tree/locked"], UnixFileMode.None);
        using var handle = DirectoryHandle.Open(_folder.Path);
        handle.RemoveTree("tree");
        Assert.Null(handle.TryStat("tree"));
    }

    [Fact]
    public void List_Escapes_NamesThatAreNotUtf8()
    {
        // .NET cannot make such a name; a shell can.
        var script = _folder.Write("make.sh", "cd \"$(dirname \"$0\")\" && touch \"$(printf 'a\\377b')\"");
        Assert.Equal(0, Shell.Run(script));
        using var handle = DirectoryHandle.Open(_folder.Path);
        var entry = Assert.Single(handle.List(), e => !e.IsUtf8);
        Assert.Equal("a\\xffb", entry.Name);
    }
}
