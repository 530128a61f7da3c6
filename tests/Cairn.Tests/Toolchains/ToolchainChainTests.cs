using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains;
using Cairn.Store.Content;
using Cairn.Store.Layers;
using Cairn.Store.Toolchains;

namespace Cairn.Tests.Toolchains;

/// <summary>What becomes of a locked toolchain on another machine, in a store that somebody wrote to, and with a lock that somebody changed.</summary>
public sealed class ToolchainChainTests : IDisposable
{
    private readonly TestArchive _archive = new();

    public ToolchainChainTests()
    {
        _archive.AddCompiler();
        _archive.Publish();
    }

    public void Dispose() => _archive.Dispose();

    private static ToolchainSource.Debian Source { get; } = new("test", ["cc"], Essential: true, AllowExpired: false);

    [Fact]
    public async Task Restore_NeedsNoMirrorOnceEverythingIsHere()
    {
        var locked = await LockAsync();
        Directory.Delete(_archive.Mirror, recursive: true);

        await using var builder = _archive.Builder();
        Assert.False(await builder.RestoreAsync(locked, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Restore_MakesTheTreeAgain_WithAllThatVouchesForIt_OnAnotherMachine()
    {
        var locked = await LockAsync();

        using var store = ContentStore.Open(_archive["other"]);
        await using var builder = _archive.Builder(store, _archive["other-state"]);
        Assert.True(await builder.RestoreAsync(locked, TestContext.Current.CancellationToken));
        Assert.True(builder.IsWhole(locked.Tree));
        Assert.Empty(builder.FindDamage(locked, TestContext.Current.CancellationToken));
        Assert.All(await ToolchainTrace.WalkAsync(builder, locked, TestContext.Current.CancellationToken), static l => Assert.Equal(TraceState.Right, l.State));
    }

    [Fact]
    public async Task Restore_TakesTheWordOfTheNextRelease_WhereItHasTheSamePackages()
    {
        var locked = await LockAsync();
        _archive.Date += TimeSpan.FromHours(1);
        _archive.Add("another");
        _archive.Publish();

        using var store = ContentStore.Open(_archive["other"]);
        await using var builder = _archive.Builder(store, _archive["other-state"]);
        Assert.True(await builder.RestoreAsync(locked, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Restore_TellsThatNobodyVouchesAnyMore()
    {
        var locked = await LockAsync();
        _archive.Date += TimeSpan.FromHours(1);
        _archive.Add("cc", "2").File("./usr/bin/gcc", "newer").Fields.Add("Depends: libc");
        _archive.Publish();

        using var store = ContentStore.Open(_archive["other"]);
        await using var builder = _archive.Builder(store, _archive["other-state"]);
        var exception = await Assert.ThrowsAsync<ToolchainException>(() => builder.RestoreAsync(locked, TestContext.Current.CancellationToken));

        Assert.Equal(DiagnosticCodes.ToolchainNotVouched, exception.Code);
        Assert.Contains("`cc` 1", exception.Message, StringComparison.Ordinal);
        Assert.Contains("cairn toolchain update", exception.Suggestion, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_UnpacksNothingThatNobodySigned_EvenIfTheMirrorHasIt()
    {
        var locked = await LockAsync();
        var evil = new TestPackage("cc", "1").File("./usr/bin/gcc", "backdoor").ToBytes();
        await File.WriteAllBytesAsync($"{_archive.Mirror}/pool/evil.deb", evil, TestContext.Current.CancellationToken);
        var changed = locked with { Contents = [.. locked.Contents.Select(p => p.Name == "cc" ? p with { Digest = Digest.Of(evil), Path = "pool/evil.deb" } : p)] };

        using var store = ContentStore.Open(_archive["other"]);
        await using var builder = _archive.Builder(store, _archive["other-state"]);
        var exception = await Assert.ThrowsAsync<ToolchainException>(() => builder.RestoreAsync(changed, TestContext.Current.CancellationToken));

        Assert.Equal(DiagnosticCodes.ToolchainNotVouched, exception.Code);
        Assert.False(store.Contains(Digest.Of(evil)));
        Assert.False(store.Contains(Digest.Of("backdoor"u8)));
    }

    [Fact]
    public async Task Restore_RefusesALockWithAnotherTree()
    {
        var locked = await LockAsync();

        await using var builder = _archive.Builder();
        var changed = locked with { Tree = Digest.Of("x"u8) };
        var exception = await Assert.ThrowsAsync<ToolchainException>(() => builder.RestoreAsync(changed, TestContext.Current.CancellationToken));
        Assert.Contains("became the tree", exception.Message, StringComparison.Ordinal);
        Assert.Equal(DiagnosticCodes.ToolchainNotVouched, exception.Code);
    }

    [Fact]
    public async Task Restore_FetchesAgainWhatIsDamagedInTheStore()
    {
        var locked = await LockAsync();
        foreach (var package in locked.Contents)
        {
            Damage(package.Digest);
        }

        Damage(locked.Tree);
        await using (var first = _archive.Builder())
        {
            Assert.NotEmpty(first.FindDamage(locked, TestContext.Current.CancellationToken));
        }

        await using var builder = _archive.Builder();
        Assert.True(await builder.RestoreAsync(locked, TestContext.Current.CancellationToken));
        Assert.Empty(builder.FindDamage(locked, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Restore_FetchesAPackageAgain_ThatTurnsOutToBeDamagedWhenItIsUnpacked()
    {
        var locked = await LockAsync();
        foreach (var package in locked.Contents)
        {
            Damage(package.Digest);
        }

        await using var builder = _archive.Builder();
        Assert.Equal(locked.Tree, await builder.MakeAsync(locked, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Trace_ChecksEveryLink()
    {
        var locked = await LockAsync();

        var links = await TraceAsync(locked);

        Assert.Equal([0, 1, 1, 1, 1, 2, 3], links.Select(static l => l.Depth));
        Assert.All(links, static l => Assert.Equal(TraceState.Right, l.State));
        Assert.Contains(_archive.Signer.Fingerprint, links[^1].Finding, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trace_TellsWhereALockNamesAnotherPackage()
    {
        var locked = await LockAsync();
        var digest = _archive.Store.Put(new TestPackage("cc", "1").File("./usr/bin/gcc", "backdoor").ToBytes());
        var changed = locked with { Contents = [.. locked.Contents.Select(p => p.Name == "cc" ? p with { Digest = digest } : p)] };

        var links = await TraceAsync(changed);

        Assert.Equal(TraceState.Wrong, Link(links, "tree of cc").State);
        Assert.Equal("the index has no such version with such bytes", Link(links, "cc 1").Finding);
        Assert.Equal(TraceState.Wrong, Link(links, "choice of").State);
    }

    [Theory]
    [InlineData("test")]
    [InlineData("nowhere")]
    public async Task Trace_TellsAPackageThatNoIndexHas(string suite)
    {
        var locked = await LockAsync();
        var evil = new TestPackage("evil").File("./usr/bin/evil", "backdoor").ToBytes();
        var contents = locked.Contents.Add(new LockedPackage("evil", "1", "amd64", suite, "pool/evil.deb", _archive.Store.Put(evil)));
        await using var builder = _archive.Builder();
        var changed = locked with { Contents = contents, Tree = await builder.MakeAsync(locked with { Contents = contents }, TestContext.Current.CancellationToken) };

        var links = await TraceAsync(changed);

        Assert.Equal(TraceState.Right, Link(links, "tree of cc").State);
        Assert.Equal(TraceState.Wrong, Link(links, "evil 1").State);
    }

    [Fact]
    public async Task Trace_TellsALockThatNamesNoRelease()
    {
        var locked = await LockAsync();

        Assert.Contains(await TraceAsync(locked with { Releases = [] }), static l => l.State == TraceState.Wrong && l.Finding.Contains("nothing vouches", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Trace_TellsAnotherSigner()
    {
        var locked = await LockAsync();

        var links = await TraceAsync(locked with { Releases = [locked.Releases[0] with { SignedBy = new string('A', 40) }] });

        Assert.Equal(TraceState.Wrong, links[^1].State);
        Assert.Equal(TraceState.NotChecked, links[^2].State);
    }

    [Fact]
    public async Task Trace_TellsAReleaseOfAnotherSuite()
    {
        _archive.WriteSources("other", _archive.Address, "Suites: other\n");
        var locked = await LockAsync();

        var links = await TraceAsync(locked with { Releases = [locked.Releases[0] with { Suite = "other" }] });

        Assert.Contains("The mirror sent the release of `test`", links[^1].Finding, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trace_TakesAKeyThatHasExpiredSince_AndLockDoesNot()
    {
        var date = new DateTimeOffset(2015, 1, 10, 0, 0, 0, TimeSpan.Zero);
        using var expired = new TestSigner(date - TimeSpan.FromDays(9), TimeSpan.FromDays(30));
        var locked = await LockAsync();
        await File.WriteAllBytesAsync(_archive.Keys, expired.Keyring, TestContext.Current.CancellationToken);
        _archive.Date = date;
        _archive.Publish(expired);
        var file = await File.ReadAllBytesAsync(_archive.InRelease, TestContext.Current.CancellationToken);
        var then = locked with { Releases = [locked.Releases[0] with { Date = date, SignedBy = expired.Fingerprint, InRelease = _archive.Store.Put(file) }] };

        Assert.Contains("the key has expired", (await Assert.ThrowsAsync<ToolchainException>(LockAsync)).Message, StringComparison.Ordinal);
        Assert.All(await TraceAsync(then), static l => Assert.Equal(TraceState.Right, l.State));
    }

    [Theory]
    [InlineData("package")]
    [InlineData("index")]
    [InlineData("release")]
    [InlineData("tree")]
    [InlineData("file")]
    public async Task TraceAndVerify_TellWhatSomebodyChangedInTheStore(string what)
    {
        var locked = await LockAsync();
        var (digest, name) = what switch
        {
            "package" => (locked.Contents[0].Digest, "base 1 amd64"),
            "index" => (locked.Releases[0].Indexes[0].Digest, "index main/"),
            "release" => (locked.Releases[0].InRelease, "release of test"),
            "tree" => (locked.Tree, "cc in the store"),
            _ => (Digest.Of("compiler"u8), "cc in the store"),
        };
        Damage(digest);
        await using (var builder = _archive.Builder())
        {
            Assert.Single(builder.FindDamage(locked, TestContext.Current.CancellationToken));
        }

        // What was found wrong was set aside.
        await LockAsync();
        Damage(digest);
        var links = await TraceAsync(locked);

        Assert.Contains(links, l => l.State == TraceState.Wrong && l.Subject.StartsWith(name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task TraceAndVerify_TellALayerThatSomebodyChanged()
    {
        var locked = await LockAsync();
        var layers = new LayerStore(_archive.Store.Directory, owner: null, TimeProvider.System, witness: null);
        var layer = $"{_archive.Store.Directory}/{layers.Get(LayerStore.ToolchainKey(locked.Tree), w => StoredTree.LayOut(locked.Tree, w, _archive.Store))}";
        await using var builder = _archive.Builder();
        Assert.Empty(builder.FindDamage(locked, TestContext.Current.CancellationToken));

        await File.WriteAllTextAsync($"{layer}/usr/bin/gcc", "backdoor", TestContext.Current.CancellationToken);

        Assert.Contains("`usr/bin/gcc` is a program", Assert.Single(builder.FindDamage(locked, TestContext.Current.CancellationToken)), StringComparison.Ordinal);
        Assert.Contains(await TraceAsync(locked), static l => l.State == TraceState.Wrong && l.Finding.Contains("`usr/bin/gcc`", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Vendor_LetsAnotherMachineRestoreWithoutAMirror()
    {
        var locked = await LockAsync();
        ToolchainVendor.Write([locked], _archive.Configuration(), _archive.Store, _archive["vendor"]);
        Directory.Delete(_archive.Mirror, recursive: true);

        using var store = ContentStore.Open(_archive["other"]);
        await using var builder = _archive.Builder(store, _archive["other-state"], _archive["vendor"]);
        Assert.True(await builder.RestoreAsync(locked, TestContext.Current.CancellationToken));
        Assert.Empty(builder.FindDamage(locked, TestContext.Current.CancellationToken));
        var again = await builder.LockAsync("cc", Source, TestContext.Current.CancellationToken);
        Assert.Equal(ToolchainLockText.Write(ToolchainLock.Empty.With(locked)), ToolchainLockText.Write(ToolchainLock.Empty.With(again)));
    }

    [Fact]
    public async Task Vendor_IsNoAnchor()
    {
        var locked = await LockAsync();
        ToolchainVendor.Write([locked], _archive.Configuration(), _archive.Store, _archive["vendor"]);
        using var other = new TestSigner(TestArchive.Now - TimeSpan.FromDays(400));
        await File.WriteAllBytesAsync(_archive.Keys, other.Keyring, TestContext.Current.CancellationToken);

        using var store = ContentStore.Open(_archive["other"]);
        await using var builder = _archive.Builder(store, _archive["other-state"], _archive["vendor"]);
        var exception = await Assert.ThrowsAsync<ToolchainException>(() => builder.RestoreAsync(locked, TestContext.Current.CancellationToken));
        Assert.Equal(DiagnosticCodes.ToolchainUnsigned, exception.Code);
    }

    [Fact]
    public async Task Vendor_KeepsReleasesOfDifferentTimes()
    {
        var old = await LockAsync();
        _archive.Date += TimeSpan.FromHours(1);
        _archive.Add("cc", "2").File("./usr/bin/gcc", "newer").Fields.Add("Depends: libc");
        _archive.Publish();
        var locked = await LockAsync() with { Name = "newer" };
        ToolchainVendor.Write([old, locked], _archive.Configuration(), _archive.Store, _archive["vendor"]);
        Directory.Delete(_archive.Mirror, recursive: true);

        using var store = ContentStore.Open(_archive["other"]);
        await using var builder = _archive.Builder(store, _archive["other-state"], _archive["vendor"]);
        Assert.True(await builder.RestoreAsync(old, TestContext.Current.CancellationToken));
        Assert.True(await builder.RestoreAsync(locked, TestContext.Current.CancellationToken));
        Assert.Empty(builder.FindDamage(old, TestContext.Current.CancellationToken));
    }

    /// <summary>Changes a byte of a blob in the store, and nothing else of it.</summary>
    private void Damage(Digest digest)
    {
        var path = $"{_archive.Store.Directory}/cas/{digest.Hash[..2]}/{digest.Hash}";
        var content = File.ReadAllBytes(path);
        content[^1] ^= 1;
        File.Delete(path);
        File.WriteAllBytes(path, content);
    }

    private static TraceLink Link(IEnumerable<TraceLink> links, string subject) => Assert.Single(links, l => l.Subject.StartsWith(subject, StringComparison.Ordinal));

    private async Task<IReadOnlyList<TraceLink>> TraceAsync(LockedDebian locked)
    {
        await using var builder = _archive.Builder();
        return await ToolchainTrace.WalkAsync(builder, locked, TestContext.Current.CancellationToken);
    }

    private async Task<LockedDebian> LockAsync()
    {
        await using var builder = _archive.Builder();
        return await builder.LockAsync("cc", Source, TestContext.Current.CancellationToken);
    }
}
