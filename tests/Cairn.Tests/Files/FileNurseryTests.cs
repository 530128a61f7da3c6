using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Testing;

namespace Cairn.Tests.Files;

public sealed class FileNurseryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ContentStore _store;
    private readonly DirectoryHandle _root;
    private readonly Digest _blob;

    public FileNurseryTests()
    {
        _store = ContentStore.Open(_folder["store"]);
        _blob = _store.Put("content"u8);
        Directory.CreateDirectory(_folder["project/tmp"]);
        Directory.CreateDirectory(_folder["project/out"]);
        _root = DirectoryHandle.Open(_folder["project"]);
    }

    public void Dispose()
    {
        _root.Dispose();
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Restore_ThroughANursery_LaysOutTheSameFile_AndLeavesNothing()
    {
        using (var nursery = Opened())
        {
            Assert.True(Restore(nursery, "new"));
            Assert.True(Restore(nursery, "new"));
            Assert.True(Restore(null, "plain"));
            Assert.Single(Directory.GetDirectories(_folder["project/tmp"]));
        }

        Assert.Equal("content", File.ReadAllText(_folder["project/out/new"]));
        Assert.Equal(File.GetUnixFileMode(_folder["project/out/plain"]), File.GetUnixFileMode(_folder["project/out/new"]));
        Assert.Equal(["new", "plain"], Directory.GetFileSystemEntries(_folder["project/out"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["project/tmp"]));
    }

    [Fact]
    public void Create_WithoutNeed_MakesNoFolder()
    {
        using var nursery = new FileNursery(_root, "tmp");
        Assert.True(Restore(nursery, "new"));
        Assert.False(nursery.IsOpen);
        Assert.Empty(Directory.GetFileSystemEntries(_folder["project/tmp"]));
    }

    [Fact]
    public void AFolder_ThatGivesItsGroup_GetsItsFilesBesideTheirPlace()
    {
        File.SetUnixFileMode(_folder["project/out"], File.GetUnixFileMode(_folder["project/out"]) | UnixFileMode.SetGroup);
        using var nursery = Opened();
        using var folder = _root.TryOpen("out")!;
        using (nursery.Create(folder.Descriptor, 0x1a4, locked: false))
        {
            Assert.DoesNotContain("nursery", PathOfTheOnlyNewFile(), StringComparison.Ordinal);
        }

        File.SetUnixFileMode(_folder["project/out"], File.GetUnixFileMode(_folder["project/out"]) & ~UnixFileMode.SetGroup);
        using (nursery.Create(folder.Descriptor, 0x1a4, locked: false))
        {
            Assert.Contains("nursery", PathOfTheOnlyNewFile(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ANursery_ThatSomebodyRemoves_IsDoneWithout()
    {
        using var nursery = Opened();
        Directory.Delete(Directory.GetDirectories(_folder["project/tmp"]).Single(), recursive: true);
        Assert.True(Restore(nursery, "new"));
        Assert.Equal("content", File.ReadAllText(_folder["project/out/new"]));
    }

    [Fact]
    public void ANursery_WithoutItsPlace_IsDoneWithout()
    {
        Directory.Delete(_folder["project/tmp"]);
        using var nursery = new FileNursery(_root, "tmp");
        nursery.Open(always: true);
        Assert.False(nursery.IsOpen);
        Assert.True(Restore(nursery, "new"));
    }

    [Fact]
    public void ANursery_InUse_IsNoStrayOfItsStore_AndOneThatIsLeftIs()
    {
        using var root = DirectoryHandle.Open(_folder["store"]);
        using (var nursery = new FileNursery(root, "tmp"))
        {
            nursery.Open(always: true);
            Assert.True(nursery.IsOpen);
            Assert.Empty(_store.Check(repair: true, TestContext.Current.CancellationToken).Findings);
            Assert.True(Restore(nursery, "new"));
        }

        Directory.CreateDirectory(_folder["store/tmp/nursery-0/nursery-1"]);
        var finding = Assert.Single(_store.Check(repair: true, TestContext.Current.CancellationToken).Findings);
        Assert.Equal((FindingKind.Stray, FindingOutcome.Removed), (finding.Kind, finding.Outcome));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["store/tmp"]));
    }

    private FileNursery Opened()
    {
        var nursery = new FileNursery(_root, "tmp");
        nursery.Open(always: true);
        Assert.True(nursery.IsOpen);
        return nursery;
    }

    private bool Restore(FileNursery? nursery, string name)
    {
        using var folder = _root.TryOpen("out")!;
        return _store.TryRestore(_blob, folder, name, executable: false, nursery);
    }

    /// <summary>Where the file below the project stands that this process has open; without a name it is deleted there.</summary>
    private string PathOfTheOnlyNewFile() =>
        Directory.GetFiles("/proc/self/fd").Select(link => new FileInfo(link).LinkTarget ?? "").Single(path => path.StartsWith(_folder["project"], StringComparison.Ordinal) && path.Contains('#', StringComparison.Ordinal));
}
