using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Store.Toolchains;
using Cairn.Testing;

namespace Cairn.Tests.Toolchains;

public sealed class RootTreeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ContentStore _store;

    public RootTreeTests() => _store = ContentStore.Open(_folder["store"]);

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void AddLayer_TakesAwayWhatLaterLayersSayIsGone()
    {
        var files = Layers(
            new TestTar().File("a/one").File("a/two").File("b/old").File("b/deep/old"),
            new TestTar().File("a/.wh.one", "").File("b/.wh..wh..opq", "").File("b/new").File("a/.wh..wh.aufs", ""));

        Assert.Equal(["a/two", "b/new"], files);
    }

    [Fact]
    public void AddLayer_KeepsWhatTheSameLayerBringsBesideAWhiteout() =>
        Assert.Equal(["a/one", "b/new"], Layers(new TestTar().File("a/one", "old").File("b/old"), new TestTar().File("b/new").File("a/one", "new").File("a/.wh.one", "").File("b/.wh..wh..opq", "")));

    [Fact]
    public void AddLayer_FollowsLinksToFolders() =>
        Assert.Equal(["bin", "usr/bin/ls", "usr/bin/sh"], Layers(new TestTar().File("usr/bin/sh").Link("bin", "usr/bin"), new TestTar().File("bin/ls")));

    [Fact]
    public void AddLayer_NeverLeavesTheRoot()
    {
        var files = Layers(new TestTar().Folder("a").Link("a/up", "/"), new TestTar().File("a/up/etc/x"));
        Assert.Equal(["a/up", "etc/x"], files);
    }

    [Fact]
    public void AddLayer_ReplacesAFolderByAFileAndBack() =>
        Assert.Equal(["a", "b/c"], Layers(new TestTar().File("a/x").File("b"), new TestTar().File("a").Folder("b").File("b/c")));

    [Fact]
    public void AddLayer_LeavesDevicesOut_AndCopiesHardLinks() =>
        Assert.Equal(["a", "b"], Layers(new TestTar().File("a"), new TestTar().Device("null").HardLink("b", "a")));

    [Fact]
    public void AddLayer_TakesAbsolutePathsAsThoseOfTheRoot() => Assert.Equal(["a/b"], Layers(new TestTar().Folder("/").File("/a/b")));

    [Theory]
    [InlineData("loop/x")]
    [InlineData("file/x")]
    public void AddLayer_RefusesWhatNeedsAFileAsAFolder(string path) =>
        Assert.Throws<InvalidDataException>(() => Layers(new TestTar().Link("loop", "loop").File("file"), new TestTar().File(path)));

    [Fact]
    public void AddLayer_RefusesHardLinksToNothing() => Assert.Throws<InvalidDataException>(() => Layers(new TestTar().HardLink("b", "a")));

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("a//b")]
    public void ReadTar_RefusesPathsThatLeadOut(string path) => Assert.Contains("leads out of it or nowhere", Refused(new TestTar().File(path)), StringComparison.Ordinal);

    [Fact]
    public void ReadTar_RefusesAbsolutePathsOfArchives() => Assert.Contains("leads out of it or nowhere", Refused(new TestTar().File("/etc/passwd")), StringComparison.Ordinal);

    [Theory]
    [InlineData("a", "../x")]
    [InlineData("a/b", "../../x")]
    [InlineData("a", "/../x")]
    public void ReadTar_RefusesLinksThatLeadOut(string path, string target) => Assert.Contains("leads out of it", Refused(new TestTar().Link(path, target)), StringComparison.Ordinal);

    [Fact]
    public void ReadTar_RefusesHardLinksThatLeadOut() => Assert.Contains("leads out of it", Refused(new TestTar().File("a").HardLink("b", "../a")), StringComparison.Ordinal);

    [Fact]
    public void ReadTar_RefusesWhatEndsEarly()
    {
        var tar = new TestTar().File("a", new string('x', 5000)).ToBytes();
        Assert.Throws<InvalidDataException>(() => ArchiveReader.ReadTar(new MemoryStream(tar, 0, 2000), _store, isLayer: false, out _));
    }

    [Fact]
    public void AddArchive_RefusesDevices() =>
        Assert.Throws<InvalidDataException>(() => new RootTree().AddArchive(Read(new TestTar().Device("a")), 0, "opt/x"));

    [Fact]
    public void AddArchive_NeverWritesThroughLinks() =>
        Assert.Throws<InvalidDataException>(() => new RootTree().AddArchive(Read(new TestTar().Link("a", "/usr/bin").File("a/sh")), 0, "opt/x"));

    [Fact]
    public void AddArchive_StripsAndPlaces()
    {
        var root = new RootTree();
        root.AddArchive(Read(new TestTar().File("readme").Folder("zig-1/").File("zig-1/zig", executable: true).HardLink("zig-1/zig2", "zig-1/zig")), 1, "opt/zig");
        var files = new SortedDictionary<string, TreeLeaf>(StringComparer.Ordinal);
        root.ForEach(files.Add);
        Assert.Equal(["opt/zig/zig", "opt/zig/zig2"], files.Keys);
        Assert.All(files.Values, static leaf => Assert.True(leaf.Executable));
    }

    private List<ArchiveEntry> Read(TestTar tar) => ArchiveReader.ReadTar(new MemoryStream(tar.ToGzip()), _store, isLayer: false, out _);

    private string Refused(TestTar tar) => Assert.Throws<InvalidDataException>(() => Read(tar)).Message;

    private SortedSet<string> Layers(params TestTar[] layers)
    {
        var root = new RootTree();
        foreach (var layer in layers)
        {
            root.AddLayer(ArchiveReader.ReadTar(new MemoryStream(layer.ToBytes()), _store, isLayer: true, out _));
        }

        var files = new SortedSet<string>(StringComparer.Ordinal);
        root.ForEach((path, _) => files.Add(path));
        return files;
    }
}
