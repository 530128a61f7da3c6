using System.Text;

using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains;
using Cairn.Store.Toolchains;

namespace Cairn.Tests.Toolchains;

public sealed class ToolchainBuilderTests : IDisposable
{
    private readonly TestArchive _archive = new();

    public void Dispose() => _archive.Dispose();

    [Fact]
    public async Task Lock_IsTheSameAgain()
    {
        Compiler();
        _archive.Publish();

        var first = ToolchainLockText.Write(ToolchainLock.Empty.With(await LockAsync()));
        var second = ToolchainLockText.Write(ToolchainLock.Empty.With(await LockAsync()));

        Assert.Equal(first, second);
        Assert.Equal(first, ToolchainLockText.Write(ToolchainLockText.Read(first)));
    }

    [Fact]
    public async Task Lock_NamesPackagesAndWhatVouchesForThem()
    {
        Compiler();
        _archive.Publish();

        var locked = await LockAsync();

        Assert.Equal(["base", "cc", "libc"], locked.Contents.Select(static p => p.Name));
        var release = Assert.Single(locked.Releases);
        Assert.Equal(("test", _archive.Signer.Fingerprint, _archive.Date), (release.Suite, release.SignedBy, release.Date));
    }

    [Fact]
    public async Task Lock_MakesATree()
    {
        Compiler();
        _archive.Publish();

        var files = Files(await LockAsync());

        Assert.Equal("→usr/bin", files["bin"]);
        Assert.Equal("x compiler", files["usr/bin/gcc"]);
        Assert.Equal("→/etc/alternatives/cc", files["usr/bin/cc"]);
        Assert.Equal("→/usr/bin/gcc", files["etc/alternatives/cc"]);
        Assert.Equal("- library", files["usr/lib/libc.so.6"]);
        Assert.DoesNotContain(files.Keys, static path => path.StartsWith("usr/share/doc", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Lock_KeepsNoSetuidBit()
    {
        _archive.Add("cc").File("./usr/bin/su", "root", UnixFileMode.SetUser | UnixFileMode.SetGroup | UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _archive.Publish();

        Assert.Equal("x root", Files(await LockAsync())["usr/bin/su"]);
    }

    [Theory]
    [InlineData("Origin: Test\n\n", "")]
    [InlineData("", "Origin: Test\n")]
    public async Task Lock_RefusesTextAroundWhatIsSigned(string before, string after)
    {
        Compiler();
        _archive.Publish();
        var text = await File.ReadAllTextAsync(_archive.InRelease, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_archive.InRelease, before + text + after, TestContext.Current.CancellationToken);

        await RefusedAsync("it holds text that nobody signed");
    }

    [Fact]
    public async Task Lock_RefusesASecondSignedText()
    {
        Compiler();
        _archive.Publish();
        var text = await File.ReadAllTextAsync(_archive.InRelease, TestContext.Current.CancellationToken);
        using var other = new TestSigner(TestArchive.Now - TimeSpan.FromDays(400));
        await File.WriteAllTextAsync(_archive.InRelease, text + other.SignText("Origin: Other\n"), TestContext.Current.CancellationToken);

        await RefusedAsync("it holds a second signed text");
    }

    [Fact]
    public async Task Lock_RefusesAnUnknownKey()
    {
        Compiler();
        using var other = new TestSigner(TestArchive.Now - TimeSpan.FromDays(400));
        _archive.Publish(other);

        await RefusedAsync("the key that signed it is not among those configured");
    }

    [Fact]
    public async Task Lock_RefusesAnExpiredKey()
    {
        Compiler();
        using var expired = new TestSigner(new DateTimeOffset(2015, 1, 1, 0, 0, 0, TimeSpan.Zero), TimeSpan.FromDays(30));
        _archive.Date = new DateTimeOffset(2015, 1, 10, 0, 0, 0, TimeSpan.Zero);
        await File.WriteAllBytesAsync(_archive.Keys, expired.Keyring, TestContext.Current.CancellationToken);
        _archive.Publish(expired);

        await RefusedAsync("the key has expired");
    }

    [Fact]
    public async Task Lock_RefusesAChangedRelease()
    {
        Compiler();
        _archive.Publish();
        var text = await File.ReadAllTextAsync(_archive.InRelease, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_archive.InRelease, text.Replace("Label: Test", "Label: Tset", StringComparison.Ordinal), TestContext.Current.CancellationToken);

        await RefusedAsync("a signature is wrong");
    }

    [Fact]
    public async Task Lock_RefusesWhatIsNotSigned()
    {
        Compiler();
        _archive.Publish();
        await File.WriteAllTextAsync(_archive.InRelease, "Origin: Test\nCodename: test\n", TestContext.Current.CancellationToken);

        await RefusedAsync("it has no signature");
    }

    [Fact]
    public async Task Lock_RefusesAnExpiredRelease_UnlessItIsAllowed()
    {
        Compiler();
        _archive.ValidUntil = TestArchive.Now - TimeSpan.FromHours(1);
        _archive.Publish();

        await RefusedAsync("was to be relied on until");
        Assert.True((await LockAsync(Source with { AllowExpired = true })).AllowExpired);
    }

    [Fact]
    public async Task Lock_RefusesAnOlderRelease()
    {
        Compiler();
        _archive.Publish();
        await LockAsync();
        _archive.Date -= TimeSpan.FromDays(1);
        _archive.Publish();

        await RefusedAsync("but this machine has seen one of");
    }

    [Fact]
    public async Task Lock_RefusesAnotherSuite()
    {
        Compiler();
        _archive.Codename = "other";
        _archive.Publish();

        await RefusedAsync("The mirror sent the release of `other`");
    }

    [Fact]
    public async Task Lock_RefusesAReleaseOfTheFuture()
    {
        Compiler();
        _archive.Date = TestArchive.Now + TimeSpan.FromDays(3);
        _archive.Publish();

        await RefusedAsync("which is still to come");
    }

    [Fact]
    public async Task Lock_RefusesTheIndexOfAnotherRelease()
    {
        Compiler();
        _archive.Publish();
        var signed = await File.ReadAllBytesAsync(_archive.InRelease, TestContext.Current.CancellationToken);
        _archive.Add("cc", "2");
        _archive.Publish();
        await File.WriteAllBytesAsync(_archive.InRelease, signed, TestContext.Current.CancellationToken);

        await RefusedAsync("cannot be fetched");
    }

    [Fact]
    public async Task Lock_RefusesAPackageWithOtherBytes()
    {
        var package = Compiler();
        _archive.Publish();
        var content = await File.ReadAllBytesAsync(_archive.PathOf(package), TestContext.Current.CancellationToken);
        content[^20] ^= 1;
        await File.WriteAllBytesAsync(_archive.PathOf(package), content, TestContext.Current.CancellationToken);

        await RefusedAsync("its content is not what the signed index says");
    }

    [Fact]
    public async Task Lock_RefusesATruncatedPackage()
    {
        var package = Compiler();
        _archive.Publish();
        var content = await File.ReadAllBytesAsync(_archive.PathOf(package), TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(_archive.PathOf(package), content[..^10], TestContext.Current.CancellationToken);

        await RefusedAsync($"it ended after {content.Length - 10} of {content.Length} bytes");
    }

    [Fact]
    public async Task Lock_TellsThatAPackageVanished()
    {
        var package = Compiler();
        _archive.Publish();
        File.Delete(_archive.PathOf(package));

        await RefusedAsync("the archive no longer has it");
    }

    [Fact]
    public async Task Lock_RefusesASuiteThatTheMachineHasNot()
    {
        await using var builder = _archive.Builder();
        var exception = await Assert.ThrowsAsync<ToolchainException>(() => builder.LockAsync("cc", Source with { Suite = "sid" }, TestContext.Current.CancellationToken));
        Assert.Equal("apt of this machine has no source for the suite `sid`", exception.Message);
        Assert.StartsWith("it has `test`", exception.Suggestion, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lock_RefusesScriptsThatMatter()
    {
        Compiler().Scripts["postinst"] = "#!/bin/sh\nset -e\nln -s /usr/bin/gcc /usr/bin/c99\n";
        _archive.Publish();

        await RefusedAsync("The package `cc` would do in its postinst what a toolchain cannot: line 3: ln -s /usr/bin/gcc /usr/bin/c99");
    }

    [Fact]
    public async Task Lock_RefusesPackagesThatDisagree()
    {
        Compiler();
        _archive.Add("libc").File("./usr/bin/gcc", "another");
        _archive.Publish();

        await RefusedAsync("`cc` and `libc` both have `/usr/bin/gcc`, and not the same");
    }

    private static ToolchainSource.Debian Source { get; } = new("test", ["cc"], Essential: true, AllowExpired: false);

    private TestPackage Compiler() => _archive.AddCompiler();

    private Task<LockedDebian> LockAsync() => LockAsync(Source);

    private async Task<LockedDebian> LockAsync(ToolchainSource.Debian source)
    {
        await using var builder = _archive.Builder();
        return await builder.LockAsync("cc", source, TestContext.Current.CancellationToken);
    }

    private async Task RefusedAsync(string message) => Assert.Contains(message, (await Assert.ThrowsAsync<ToolchainException>(LockAsync)).Message, StringComparison.Ordinal);

    private SortedDictionary<string, string> Files(LockedDebian locked)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Assert.True(StoredTree.TryForEach(locked.Tree, _archive.Store, (path, leaf) =>
            files[path] = leaf.Target is { } target ? $"→{target}" : $"{(leaf.Executable ? 'x' : '-')} {Encoding.UTF8.GetString(_archive.Store.TryRead(leaf.Digest, 1 << 20)!)}"));
        return files;
    }
}
