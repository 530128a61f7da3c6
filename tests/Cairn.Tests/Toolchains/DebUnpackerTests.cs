using System.Formats.Tar;

using Cairn.Store.Content;
using Cairn.Store.Toolchains;
using Cairn.Testing;

namespace Cairn.Tests.Toolchains;

public sealed class DebUnpackerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ContentStore _store;

    public DebUnpackerTests() => _store = ContentStore.Open(_folder["store"]);

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Unpack_MergesUsr_AndFollowsHardLinksInThePackage()
    {
        var package = Unpack(new TestPackage("tool").File("./bin/perl", "perl").Entry(TarEntryType.HardLink, "./usr/bin/perl5", "./bin/perl").Link("./lib/libx.so", "libx.so.1"));
        var leaves = package.Leaves.ToDictionary(static l => l.Key, static l => l.Value);

        Assert.Equal(["usr/bin/perl", "usr/bin/perl5", "usr/lib/libx.so"], leaves.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(leaves["usr/bin/perl"], leaves["usr/bin/perl5"]);
        Assert.Equal("libx.so.1", leaves["usr/lib/libx.so"].Target);
    }

    [Fact]
    public void Unpack_RefusesPathsThatLeadOut() => Refused(new TestPackage("tool").File("./usr/../../etc/passwd", "root"), "leads out of the tree or nowhere");

    [Fact]
    public void Unpack_RefusesDevices() => Refused(new TestPackage("tool").Entry(TarEntryType.CharacterDevice, "./dev/null"), "is a device, a pipe or the like");

    [Fact]
    public void Unpack_RefusesPipes() => Refused(new TestPackage("tool").Entry(TarEntryType.Fifo, "./run/pipe"), "is a device, a pipe or the like");

    [Theory]
    [InlineData("/etc/shadow")]
    [InlineData("../../etc/shadow")]
    [InlineData("./usr/bin/later")]
    public void Unpack_RefusesHardLinksToWhatIsNotItsOwn(string target) => Refused(new TestPackage("tool").Entry(TarEntryType.HardLink, "./usr/bin/x", target).File("./usr/bin/later", "x"), "");

    [Theory]
    [InlineData("../../../../etc/shadow")]
    [InlineData("/../etc")]
    [InlineData("a/../../../../x")]
    public void Unpack_RefusesLinksThatLeadOut(string target) => Refused(new TestPackage("tool").Link("./usr/lib/x", target), "leads out of the tree");

    [Fact]
    public void Unpack_RefusesAFileThatIsThereTwice() => Refused(new TestPackage("tool").File("./bin/x", "1").File("./usr/bin/x", "2"), "It has `/usr/bin/x` twice");

    [Fact]
    public void Unpack_RefusesEveryTruncation()
    {
        var content = new TestPackage("tool").File("./usr/bin/x", "program").ToBytes();
        for (var length = 0; length < content.Length - 1; length++)
        {
            Assert.Throws<InvalidDataException>(() => DebUnpacker.Unpack("tool", new MemoryStream(content[..length]), _store));
        }
    }

    [Theory]
    [InlineData("/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAFaGVsbG8KAAAApWCX8ZT2/eAAAR4GwS+kHR+2830BAAAAAARZWg==", "x.xz")]
    [InlineData("KLUv/QRYMQAAaGVsbG8KU4i9kQ==", "x.zst")]
    [InlineData("H4sIAAAAAAACA8tIzcnJ5wIAIDA6NgYAAAA=", "x.gz")]
    public void ReadAll_Decompresses(string compressed, string name) => Assert.Equal("hello\n"u8.ToArray(), Decompressed.ReadAll(new MemoryStream(Convert.FromBase64String(compressed)), name, 100));

    [Theory]
    [InlineData("/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAFaGVsbG8KAAAApWCX8ZT2/eAAAR4GwS+kHR+2830BAAAAAARZWg==", "x.xz")]
    [InlineData("KLUv/QRYMQAAaGVsbG8KU4i9kQ==", "x.zst")]
    public void ReadAll_RefusesWhatIsDamagedOrCutOff(string compressed, string name)
    {
        var content = Convert.FromBase64String(compressed);
        Assert.Throws<InvalidDataException>(() => Decompressed.ReadAll(new MemoryStream(content[..^3]), name, 100));
        content[^2] ^= 0x55;
        Assert.Throws<InvalidDataException>(() => Decompressed.ReadAll(new MemoryStream(content), name, 100));
    }

    private Core.Toolchains.Debian.PackageFiles Unpack(TestPackage package) => DebUnpacker.Unpack(package.Name, new MemoryStream(package.ToBytes()), _store);

    private void Refused(TestPackage package, string message)
    {
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Unpack(package)).Message, StringComparison.Ordinal);
    }
}
