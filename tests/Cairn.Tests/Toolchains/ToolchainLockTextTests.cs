using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Core.Toolchains;

namespace Cairn.Tests.Toolchains;

public sealed class ToolchainLockTextTests
{
    private static readonly ToolchainLock Lock = new(
    [
        new LockedDebian
        {
            Name = "cc",
            Suite = "bookworm",
            Packages = ["gcc", "make"],
            Essential = true,
            Architecture = "amd64",
            Tree = Digest.Of("tree"u8),
            Releases = [new LockedRelease("bookworm", "Debian Debian", new DateTimeOffset(2026, 7, 11, 10, 16, 37, TimeSpan.Zero), new string('A', 40), Digest.Of("release"u8), [new LockedIndex("main/binary-amd64/Packages.xz", Digest.Of("index"u8))])],
            Contents = [new LockedPackage("gcc", "4:12.2.0-3", "amd64", "bookworm", "pool/main/g/gcc-defaults/gcc_12.2.0-3_amd64.deb", Digest.Of("gcc"u8)), new LockedPackage("make", "4.3-4.1", "amd64", "bookworm", "pool/main/m/make-dfsg/make_4.3-4.1_amd64.deb", Digest.Of("make"u8))],
        },
        new LockedDebian { Name = "empty", Suite = "trixie", Packages = ["sed"], Essential = false, AllowExpired = true, Architecture = "arm64", Tree = Digest.Of("other"u8), Releases = [], Contents = [] },
    ]);

    [Fact]
    public void Read_UnderstandsWhatIsWritten()
    {
        var text = ToolchainLockText.Write(Lock);
        var read = ToolchainLockText.Read(text);

        Assert.Equal(text, ToolchainLockText.Write(read));
        var cc = Assert.IsType<LockedDebian>(read.Find("cc"));
        Assert.Equal(["gcc", "make"], cc.Contents.Select(static p => p.Name));
        Assert.Equal(((LockedDebian)Lock.Toolchains[0]).Releases[0].Date, cc.Releases[0].Date);
        Assert.True(Assert.IsType<LockedDebian>(read.Find("empty")).AllowExpired);
        Assert.Null(read.Find("other"));
    }

    [Fact]
    public void Read_UnderstandsALockWithoutToolchains() => Assert.Empty(ToolchainLockText.Read(ToolchainLockText.Write(ToolchainLock.Empty)).Toolchains);

    [Fact]
    public void Write_IsYaml()
    {
        var diagnostics = new DiagnosticBag();
        var source = YamlReader.Decode("cairn.lock", Encoding.UTF8.GetBytes(ToolchainLockText.Write(Lock)), diagnostics);
        Assert.NotNull(YamlReader.Read(source!, diagnostics));
        Assert.False(diagnostics.HasErrors);
    }

    [Theory]
    [InlineData("version: 1", "version: 2")]
    [InlineData("essential: true", "essential: yes")]
    [InlineData("    suite: bookworm", "     suite: bookworm")]
    [InlineData("path: pool/main/g", "path: ../main/g")]
    [InlineData("date: \"2026", "date: \"x026")]
    [InlineData("  empty:\n", "  aaa:\n")]
    [InlineData("    contents:\n      - package: gcc", "    contents:\n      # mine\n      - package: gcc")]
    public void Read_RefusesWhatWasEdited(string before, string after)
    {
        var text = ToolchainLockText.Write(Lock);
        Assert.Contains(before, text, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => ToolchainLockText.Read(text.Replace(before, after, StringComparison.Ordinal)));
    }

    [Fact]
    public void Read_RefusesEveryTruncation()
    {
        var text = ToolchainLockText.Write(Lock);
        for (var length = 0; length < text.Length; length++)
        {
            Assert.Throws<FormatException>(() => ToolchainLockText.Read(text[..length]));
        }
    }
}
