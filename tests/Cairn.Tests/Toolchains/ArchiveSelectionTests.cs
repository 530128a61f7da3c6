using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains;

namespace Cairn.Tests.Toolchains;

/// <summary>Machines whose apt knows more than one archive.</summary>
public sealed class ArchiveSelectionTests : IDisposable
{
    private readonly TestArchive _archive = new();
    private readonly TestArchive _other = new() { Origin = "Vendor" };

    public ArchiveSelectionTests()
    {
        _archive.AddCompiler();
        _archive.Publish();
    }

    public void Dispose()
    {
        _archive.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task Lock_PassesOverAnArchiveThatAddsToTheDistribution_WhereItHasTheSameSuite()
    {
        _other.Add("cc", "9").File("./usr/bin/gcc", "another vendor's");
        _other.Publish();
        _archive.WriteSources("a-vendor", _other.Address, keys: _other.Keys);

        var locked = await LockAsync();

        Assert.Equal("1", Assert.Single(locked.Contents, static p => p.Name == "cc").Version);
        Assert.Equal(_archive.Signer.Fingerprint, Assert.Single(locked.Releases).SignedBy);
    }

    [Fact]
    public async Task Lock_DoesNotTakeTheKeyOfAnotherArchive()
    {
        _other.Publish();
        _archive.WriteSources("vendor", _other.Address, keys: _other.Keys);
        _archive.Publish(_other.Signer);

        Assert.Equal(DiagnosticCodes.ToolchainUnsigned, (await Assert.ThrowsAsync<ToolchainException>(LockAsync)).Code);
    }

    [Fact]
    public async Task Lock_TellsOfTwoDistributions()
    {
        _other.AddCompiler();
        _other.Publish();
        _archive.WriteSources("vendor", _other.Address, keys: _other.Keys);

        var exception = await Assert.ThrowsAsync<ToolchainException>(LockAsync);

        Assert.Equal(DiagnosticCodes.ToolchainNoSource, exception.Code);
        Assert.Contains("`Test` in", exception.Message, StringComparison.Ordinal);
        Assert.Contains("`Vendor` in", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lock_TakesMirrorsInOneSource_OrInSeveral()
    {
        _archive.WriteSources("test", $"file:{_archive["nowhere"]} {_archive.Address}");
        Assert.Equal(3, (await LockAsync()).Contents.Length);

        _archive.WriteSources("test", _archive.Address);
        _archive.WriteSources("again", $"file:{_archive["nowhere"]}");
        Assert.Equal(3, (await LockAsync()).Contents.Length);
    }

    [Fact]
    public async Task Lock_TellsThatTheDistributionDoesNotAnswer_AndNotThatAnotherLacksPackages()
    {
        _other.Publish();
        _archive.WriteSources("vendor", _other.Address, keys: _other.Keys);
        File.Delete(_archive.InRelease);

        Assert.Contains(_archive.Mirror, (await Assert.ThrowsAsync<ToolchainException>(LockAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lock_NeedsTheCorrectionsThatAptHas()
    {
        _archive.WriteSources("Suites: test test-security\n");

        Assert.Contains("test-security", (await Assert.ThrowsAsync<ToolchainException>(LockAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lock_RefusesTheSameVersionWithOtherBytes()
    {
        using var updates = new TestArchive { Codename = "test-updates" };
        updates.Add("libc").File("./lib/libc.so.6", "other bytes");
        Directory.CreateDirectory($"{_archive.Mirror}/dists/test-updates");
        updates.Publish(_archive.Signer);
        Directory.Move($"{updates.Mirror}/dists/test", $"{updates.Mirror}/dists/test-updates");
        _archive.WriteSources("updates", updates.Address, "Suites: test-updates\n");

        var exception = await Assert.ThrowsAsync<ToolchainException>(LockAsync);

        Assert.Contains("`libc` 1 is there with two different contents, in `test` and `test-updates`", exception.Message, StringComparison.Ordinal);
    }

    private async Task<LockedDebian> LockAsync()
    {
        await using var builder = _archive.Builder();
        return await builder.LockAsync("cc", new ToolchainSource.Debian("test", ["cc"], Essential: true, AllowExpired: false), TestContext.Current.CancellationToken);
    }
}
