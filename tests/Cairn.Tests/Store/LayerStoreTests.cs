using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Layers;
using Cairn.Testing;

namespace Cairn.Tests.Store;

public sealed class LayerStoreTests : IDisposable
{
    private const string Key = "base-00112233445566778899aabbccddeeff";

    private static readonly DateTime Time = DateTimeOffset.FromUnixTimeSeconds(LayerWriter.TimeSeconds).UtcDateTime;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", true)]
    [InlineData(Key, true)]
    [InlineData("bare-00112233445566778899aabbccddeeff", true)]
    [InlineData("toolchain-00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", true)]
    [InlineData("bare-1", false)]
    [InlineData("new-00112233445566778899aabbccddeeff", false)]
    [InlineData("gone-00112233445566778899aabbccddeeff", false)]
    [InlineData("base-../112233445566778899aabbccddeeff", false)]
    public void IsKey_KnowsWhatLayersAreOf(string name, bool expected) => Assert.Equal(expected, LayerStore.IsKey(name));

    [Fact]
    public void Get_LaysOutOnce_WithOneTimeAndTwoModes()
    {
        using var store = ContentStore.Open(_folder["store"]);
        var blob = store.Put("from the store"u8);
        _folder.Write("source", "content");
        File.SetUnixFileMode(_folder["source"], UnixFileMode.UserRead);
        var made = 0;
        var layers = new LayerStore(store.Directory, owner: null, TimeProvider.System, witness: null);
        var path = layers.Get(Key, LayOut);
        Assert.Equal(path, layers.Get(Key, LayOut));
        Assert.Equal(path, new LayerStore(store.Directory, owner: null, TimeProvider.System, witness: null).Get(Key, LayOut));
        Assert.Equal(1, made);
        var root = Path.Combine(store.Directory, path);
        Assert.Equal("content", File.ReadAllText($"{root}/a/b/copy"));
        Assert.Equal("from the store", File.ReadAllText($"{root}/a/blob"));
        Assert.Equal("copy", new FileInfo($"{root}/a/b/link").LinkTarget);
        const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        const UnixFileMode Executable = Plain | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        Assert.Equal(Plain, File.GetUnixFileMode($"{root}/a/b/copy"));
        Assert.Equal(Executable, File.GetUnixFileMode($"{root}/a/blob"));
        Assert.Equal(Executable, File.GetUnixFileMode($"{root}/a/b"));
        Assert.All((string[])["a", "a/b", "a/b/copy", "a/blob", "a/text"], name => Assert.Equal(Time, File.GetLastWriteTimeUtc($"{root}/{name}")));

        void LayOut(LayerWriter layer)
        {
            made++;
            using var source = File.OpenHandle(_folder["source"]);
            Assert.Equal(7, layer.AddFile("a/b/copy", source, executable: false));
            layer.AddLink("a/b/link", "copy");
            layer.AddFile("a/text", "text"u8);
            Assert.True(layer.TryAddBlob("a/blob", blob, executable: true, store));
            Assert.False(layer.TryAddBlob("a/none", Digest.Of("not there"u8), executable: false, store));
        }
    }

    [Fact]
    public void Get_ThatFails_LeavesNothingAndMayBeTriedAgain()
    {
        var layers = new LayerStore(_folder["store"], owner: null, TimeProvider.System, witness: null);
        Assert.Throws<IOException>(() => layers.Get(Key, layer =>
        {
            layer.AddFile("half", "x"u8);
            throw new IOException("no");
        }));
        var path = layers.Get(Key, layer => layer.AddFile("whole", "x"u8));
        Assert.Equal(["whole"], Directory.GetFileSystemEntries(Path.Combine(_folder["store"], path)).Select(Path.GetFileName));
        Assert.Equal([Key, "lock"], Directory.GetFileSystemEntries(Path.Combine(_folder["store"], path, "../..")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void AddFile_WhereALinkStands_DoesNotFollowIt()
    {
        Directory.CreateDirectory(_folder["layer"]);
        Directory.CreateDirectory(_folder["outside"]);
        using var root = DirectoryHandle.Open(_folder["layer"]);
        using var writer = new LayerWriter(root, owner: null);
        writer.AddLink("a", "../outside");
        Assert.Throws<IOException>(() => writer.AddFile("a/file", "x"u8));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["outside"]));
    }

    public void Dispose() => _folder.Dispose();
}
