using System.Collections.Immutable;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains;
using Cairn.Execution.Toolchains.Archives;
using Cairn.Store.Toolchains;

namespace Cairn.Tests.Toolchains;

public sealed class ArchiveToolchainTests : IDisposable
{
    // `minisign -G -W`, and `minisign -S` (hashed) and `minisign -S -l` (whole) of "content\n".
    private const string MinisignKey = "RWTMC8ue2yQs7k8Tsp2VVrfbIg/nNwppjYGkgLduO+kwS7JhjNhv/YWn";
    private const string Hashed = "untrusted comment: signature from minisign secret key\nRUTMC8ue2yQs7tlbQViK65zbodPDJE1mqwkoEbDUqL7xB3tEPt2tmX09jLziXOMnj70jYRNv/fwp5f+VrVLawPcQd/d+tA4djQw=\ntrusted comment: timestamp:1795275655\tfile:content\thashed\nXauEmTTvvZRRJCf32j/F5CUFhWcsjU8FY67KpzPaPLwQheZvrZuuNQ3Q8sqJNNGKn8T51dVrueWOeoO5Eu+EDA==\n";
    private const string Whole = "untrusted comment: signature from minisign secret key\nRWTMC8ue2yQs7hBA6yENJuHTDKcB2DApNyxdTInUHylk26oKdAuR4pABxlHyN0vpEFkA6J0RqcsIkzUsN/Pe06LERWdfdRBRVwM=\ntrusted comment: timestamp:1795275655\tfile:content\nLDTdYouLFU2Ae7vH76SJm9KXGI9sYKwOX4YArfFEWfmZ5B1xAq/p9JDq87el4z9NaZobaKTFa8tm+MxIFFSLCw==\n";

    private readonly TestArchive _archive = new();

    public void Dispose() => _archive.Dispose();

    private string Project => Directory.CreateDirectory(_archive["project"]).FullName;

    [Fact]
    public async Task Lock_Unpacks_AndLinksPrograms()
    {
        var locked = await LockAsync(Publish(new TestTar().File("zig-1/zig", executable: true).File("zig-1/lib/std.zig").ToGzip()) with { Strip = 1, Placement = new ToolchainPlacement("opt/zig", ["zig"]) });

        Assert.Equal(["opt/zig/lib/std.zig", "opt/zig/zig", "usr/local/bin/zig→/opt/zig/zig"], Files(locked));
        Assert.Equal(locked.Tree, (await LockAsync(Publish(new TestTar().File("zig-1/zig", executable: true).File("zig-1/lib/std.zig").ToGzip()) with { Strip = 1, Placement = new ToolchainPlacement("opt/zig", ["zig"]) })).Tree);
    }

    [Fact]
    public async Task Lock_LinksWhatStandsInBin()
    {
        var locked = await LockAsync(Publish(new TestTar().File("bin/node", executable: true).Link("bin/npm", "../lib/npm.js").File("bin/readme").File("lib/npm.js").ToBytes()));
        Assert.Equal(["opt/tool/bin/node", "opt/tool/bin/npm→../lib/npm.js", "opt/tool/bin/readme", "opt/tool/lib/npm.js", "usr/local/bin/node→/opt/tool/bin/node", "usr/local/bin/npm→/opt/tool/bin/npm"], Files(locked));
    }

    [Fact]
    public async Task Lock_ReadsZip()
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, "a/run", "#!/bin/sh", 0x81ED);
            Add(zip, "a/link", "run", 0xA1FF);
        }

        var locked = await LockAsync(Publish(stream.ToArray()) with { Placement = new ToolchainPlacement("", ["a/run"]) });
        Assert.Equal(["a/link→run", "a/run", "usr/local/bin/run→/a/run"], Files(locked));
    }

    [Theory]
    [InlineData("../x", 0x81A4)]
    [InlineData("/x", 0x81A4)]
    [InlineData("a\\b", 0x81A4)]
    [InlineData("device", 0x2180)]
    public async Task Lock_RefusesHostileZip(string path, int mode)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, path, "x", mode);
        }

        await Assert.ThrowsAsync<ToolchainException>(() => LockAsync(Publish(stream.ToArray())));
    }

    [Fact]
    public async Task Lock_RefusesOtherBytes()
    {
        var source = Publish(new TestTar().File("a").ToGzip());
        await File.WriteAllBytesAsync(Path.Combine(Project, source.Places[0]), new TestTar().File("b").ToGzip(), TestContext.Current.CancellationToken);
        Assert.Contains("does not have the hash", (await Assert.ThrowsAsync<ToolchainException>(() => LockAsync(source))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lock_TakesTheNextPlace()
    {
        var source = Publish(new TestTar().File("a").ToGzip());
        var locked = await LockAsync(source with { Places = ["missing.tar.gz", source.Places[0]] });
        Assert.Equal(["opt/tool/a"], Files(locked));
    }

    [Fact]
    public async Task Lock_SaysWhatIsMissing()
    {
        Assert.Contains("has no program `zig`", await RefusedAsync(Publish(new TestTar().File("a", executable: true).ToGzip()) with { Placement = new ToolchainPlacement(null, ["zig"]) }), StringComparison.Ordinal);
        Assert.Contains("nothing of it is left with `strip: 3`", await RefusedAsync(Publish(new TestTar().File("a/b").ToGzip()) with { Strip = 3 }), StringComparison.Ordinal);
        Assert.Contains("cannot be fetched: it is not there", await RefusedAsync(Publish(new TestTar().File("x").ToGzip()) with { Places = ["nowhere"], Sha256 = new string('0', 64) }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_RefusesALockThatWasChanged()
    {
        var locked = await LockAsync(Publish(new TestTar().File("a").ToGzip()));
        await using var builder = Builder();
        await Assert.ThrowsAsync<ToolchainException>(() => builder.RestoreAsync(locked with { Tree = Digest.Of("other"u8) }, TestContext.Current.CancellationToken));
        Assert.False(await builder.RestoreAsync(locked, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task OpenPgp_IsCheckedAgainstTheKeyOfThePipeline()
    {
        var content = new TestTar().File("a").ToGzip();
        var source = Signed(content, _archive.Signer.SignFile(content), _archive.Signer.Keyring);
        var locked = await LockAsync(source);
        Assert.Equal($"openpgp {_archive.Signer.Fingerprint}", locked.Signature!.SignedBy);
        Assert.Equal([TraceState.Right, TraceState.Right, TraceState.Right], await TraceAsync(locked));
        Assert.Contains(TraceState.Wrong, await TraceAsync(locked with { Signature = locked.Signature with { SignedBy = "openpgp " + new string('A', 40) } }));

        using var other = new TestSigner(TestArchive.Now);
        Assert.Contains("No key that is trusted", await RefusedAsync(Signed(content, other.SignFile(content), _archive.Signer.Keyring)), StringComparison.Ordinal);
        Assert.Contains("No key that is trusted", await RefusedAsync(Signed(content, _archive.Signer.SignFile([1]), _archive.Signer.Keyring)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Minisign_IsCheckedWithItsComment()
    {
        // A tar of nothing that is what minisign signed: the refusal comes after the signature.
        foreach (var signature in new[] { Hashed, Whole })
        {
            Assert.Contains("cannot be made", await RefusedAsync(Signed("content\n"u8.ToArray(), Encoding.UTF8.GetBytes(signature), MinisignKey)), StringComparison.Ordinal);
            Assert.Contains("trusted comment", await RefusedAsync(Signed("content\n"u8.ToArray(), Encoding.UTF8.GetBytes(signature.Replace("file:", "File:", StringComparison.Ordinal)), MinisignKey)), StringComparison.Ordinal);
            Assert.Contains("No key that is trusted", await RefusedAsync(Signed("contenT\n"u8.ToArray(), Encoding.UTF8.GetBytes(signature), MinisignKey)), StringComparison.Ordinal);
        }

        Assert.Contains("cannot be read", await RefusedAsync(Signed("content\n"u8.ToArray(), "no signature"u8.ToArray(), MinisignKey)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ed25519_RefusesKeysThatProveNothing()
    {
        var key = Convert.ToBase64String([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00, 1, .. new byte[31]]);
        Assert.Contains("small order", await RefusedAsync(Signed([1], new byte[64], Encoding.ASCII.GetBytes($"-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trace_SaysThatNobodyVouches()
    {
        var locked = await LockAsync(Publish(new TestTar().File("a").ToGzip()));
        Assert.Equal([TraceState.Right, TraceState.Right, TraceState.NotChecked], await TraceAsync(locked));
    }

    [Fact]
    public void Dotnet_ReadsThePublishersList()
    {
        const string List = """
            {"releases":[{"sdks":[
              {"version":"10.0.100","files":[{"rid":"linux-x64","url":"https://example.org/a.tar.gz","hash":"@H@"},{"rid":"win-x64","url":"https://example.org/a.zip","hash":"@H@"}]},
              {"version":"10.0.90","files":[{"rid":"linux-x64","url":"https://example.org/b.tar.gz","hash":"@H@"}]},
              {"version":"10.0.200-preview.1","files":[{"rid":"linux-x64","url":"https://example.org/c.tar.gz","hash":"@H@"}]}]}]}
            """;
        var list = List.Replace("@H@", new string('a', 128), StringComparison.Ordinal);
        Assert.Equal("10.0.100", Read("10.0")?.Version);
        Assert.Equal("10.0.90", Read("10.0.90")?.Version);
        Assert.Equal("10.0.200-preview.1", Read("10.0.200-preview.1")?.Version);
        Assert.Null(Read("10.0.9"));
        Assert.Throws<ToolchainException>(() => DotnetSdks.Read("net", "10.0", Encoding.UTF8.GetBytes(list.Replace("https:", "http:", StringComparison.Ordinal)), "linux-x64"));
        Assert.Throws<ToolchainException>(() => DotnetSdks.Read("net", "10.0", "{}"u8.ToArray(), "linux-x64"));

        DotnetArchive? Read(string version) => DotnetSdks.Read("net", version, Encoding.UTF8.GetBytes(list), "linux-x64");
    }

    private static void Add(ZipArchive zip, string path, string content, int mode)
    {
        var entry = zip.CreateEntry(path);
        entry.ExternalAttributes = mode << 16;
        using var stream = entry.Open();
        stream.Write(Encoding.UTF8.GetBytes(content));
    }

    private ToolchainSource.Archive Publish(byte[] content)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(content))[..8];
        File.WriteAllBytes(Path.Combine(Project, name), content);
        return new ToolchainSource.Archive([name], Convert.ToHexStringLower(SHA256.HashData(content)), 0, new ToolchainPlacement(null, default));
    }

    private ToolchainSource.Archive Signed(byte[] content, byte[] signature, byte[] key)
    {
        File.WriteAllBytes(Path.Combine(Project, "key"), key);
        return Signed(content, signature, "key");
    }

    private ToolchainSource.Archive Signed(byte[] content, byte[] signature, string key)
    {
        File.WriteAllBytes(Path.Combine(Project, "signature"), signature);
        return Publish(content) with { Signature = "signature", Key = key };
    }

    private ToolchainBuilder Builder() => _archive.Builder(new ToolchainProject { Directory = Project, Environment = ImmutableDictionary<string, string>.Empty });

    private async Task<LockedArchive> LockAsync(ToolchainSource source)
    {
        await using var builder = Builder();
        return Assert.IsType<LockedArchive>(await builder.LockAsync("tool", source, TestContext.Current.CancellationToken));
    }

    private async Task<string> RefusedAsync(ToolchainSource source) => (await Assert.ThrowsAsync<ToolchainException>(() => LockAsync(source))).Message;

    private async Task<TraceState[]> TraceAsync(LockedArchive locked)
    {
        await using var builder = Builder();
        return [.. (await ToolchainTrace.WalkAsync(builder, locked, TestContext.Current.CancellationToken)).Select(static l => l.State)];
    }

    private string[] Files(LockedToolchain locked)
    {
        var files = new SortedSet<string>(StringComparer.Ordinal);
        Assert.True(StoredTree.TryForEach(locked.Tree, _archive.Store, (path, leaf) => files.Add(leaf.Target is { } target ? $"{path}→{target}" : path)));
        return [.. files];
    }
}
