using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains;
using Cairn.Execution.Toolchains.Debian;
using Cairn.Execution.Toolchains.Oci;
using Cairn.Store.Toolchains;

namespace Cairn.Tests.Toolchains;

public sealed class OciToolchainTests : IDisposable
{
    private const string IndexType = "application/vnd.oci.image.index.v1+json";
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";

    private readonly TestArchive _archive = new();
    private readonly TestRegistry _registry = new();

    public void Dispose()
    {
        _registry.Dispose();
        _archive.Dispose();
    }

    private static TestTar[] Layers => [new TestTar().File("usr/bin/sh", "shell", executable: true).Link("bin", "usr/bin").File("gone"), new TestTar().File("bin/ls", "list", executable: true).File(".wh.gone", "")];

    private static string[] Files => ["bin→usr/bin", "usr/bin/ls", "usr/bin/sh"];

    private string Project => Directory.CreateDirectory(_archive["project"]).FullName;

    [Fact]
    public async Task Lock_ResolvesATag_AndFetchesNothingTwice()
    {
        var manifest = _registry.Put("team/tools", "v1", Layers);
        var locked = await LockAsync($"{_registry.Host}/team/tools:v1");

        Assert.Equal(Files, FilesOf(locked));
        Assert.Equal(TestRegistry.Hash(manifest), locked.Manifest.Hash);
        Assert.Equal(2, locked.Layers.Length);
        var asked = _registry.Asked.Count;
        Assert.Equal(locked.Tree, (await LockAsync($"{_registry.Host}/team/tools@sha256:{locked.Manifest.Hash}")).Tree);
        Assert.Equal(asked + 1, _registry.Asked.Count);
    }

    [Fact]
    public async Task Lock_ChoosesThePlatform()
    {
        var own = _registry.Put("tools", null, Layers);
        var other = _registry.Put("tools", null, new TestTar().File("other"));
        PutList([Platform(other, "s390x"), Platform(own, Architecture)]);
        var locked = await LockAsync($"{_registry.Host}/tools:v1");
        Assert.Equal(Files, FilesOf(locked));
        Assert.NotNull(locked.Index);

        PutList([Platform(other, "s390x")]);
        Assert.Contains("has no image for linux/", await RefusedAsync($"{_registry.Host}/tools:v1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lock_RefusesOtherBytes()
    {
        var layer = new TestTar().File("a");
        var manifest = _registry.Put("tools", "v1", layer);
        _registry.Set($"/v2/tools/manifests/sha256:{TestRegistry.Hash(manifest)}", ManifestType, [.. manifest, (byte)' ']);
        Assert.Contains("does not have the digest", await RefusedAsync($"{_registry.Host}/tools@sha256:{TestRegistry.Hash(manifest)}"), StringComparison.Ordinal);

        var changed = layer.ToGzip();
        changed[^1] ^= 1;
        _registry.Set($"/v2/tools/blobs/sha256:{TestRegistry.Hash(layer.ToGzip())}", "application/octet-stream", changed);
        Assert.Contains("is not what its digest says", await RefusedAsync($"{_registry.Host}/tools:v1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lock_RefusesALayerThatTheConfigurationDoesNotName()
    {
        var honest = new TestTar().File("a");
        _registry.Put("tools", "v1", honest);
        var layer = new TestTar().File("backdoor").ToGzip();
        var config = Encoding.UTF8.GetBytes($$"""{"rootfs":{"type":"layers","diff_ids":["sha256:{{TestRegistry.Hash(honest.ToBytes())}}"]} }""");
        _registry.Set($"/v2/tools/blobs/sha256:{TestRegistry.Hash(layer)}", "", layer);
        _registry.Set($"/v2/tools/blobs/sha256:{TestRegistry.Hash(config)}", "", config);
        _registry.PutManifest("tools", "v1", ManifestType, Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"config":{{TestRegistry.Descriptor("c", config)}},"layers":[{{TestRegistry.Descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer)}}]}"""));
        Assert.Contains("not what the configuration of the image says", await RefusedAsync($"{_registry.Host}/tools:v1"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    public async Task Lock_RefusesHostileLayers(string path)
    {
        _registry.Put("tools", "v1", new TestTar().File(path));
        Assert.Contains("leads out of it or nowhere", await RefusedAsync($"{_registry.Host}/tools:v1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lock_SaysWhatIsMissing()
    {
        Assert.Contains("the registry does not have it", await RefusedAsync($"{_registry.Host}/tools:v2"), StringComparison.Ordinal);
        _registry.PutManifest("tools", "v1", ManifestType, """{"schemaVersion":1}"""u8.ToArray());
        Assert.Contains("no manifest of version 2", await RefusedAsync($"{_registry.Host}/tools:v1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lock_TakesTheCredentialsOfDocker()
    {
        using var registry = new TestRegistry { User = "me:secret" };
        registry.Put("tools", "v1", Layers);
        Assert.Contains("gives it to nobody whom it does not know", await RefusedAsync($"{registry.Host}/tools:v1"), StringComparison.Ordinal);

        await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(_archive["docker"]).FullName, "config.json"), $$"""{"auths":{"{{registry.Host}}":{"auth":"{{Convert.ToBase64String("me:secret"u8)}}"} } }""", TestContext.Current.CancellationToken);
        Assert.Equal(Files, FilesOf(await LockAsync($"{registry.Host}/tools:v1")));
    }

    [Fact]
    public async Task Lock_ReadsALayoutOnTheDisk()
    {
        var manifest = _registry.Put("tools", "v1", Layers);
        var layout = Path.Combine(Project, "image");
        Directory.CreateDirectory($"{layout}/blobs/sha256");
        await File.WriteAllTextAsync($"{layout}/oci-layout", """{"imageLayoutVersion":"1.0.0"}""", TestContext.Current.CancellationToken);
        foreach (var blob in (byte[][])[manifest, .. Layers.Select(static l => l.ToGzip()), Config(manifest)])
        {
            await File.WriteAllBytesAsync($"{layout}/blobs/sha256/{TestRegistry.Hash(blob)}", blob, TestContext.Current.CancellationToken);
        }

        await File.WriteAllTextAsync($"{layout}/index.json", $$"""{"schemaVersion":2,"manifests":[{{TestRegistry.Descriptor(ManifestType, manifest, ""","annotations":{"org.opencontainers.image.ref.name":"v1"}""")}}]}""", TestContext.Current.CancellationToken);

        var locked = await LockAsync("./image:v1");
        Assert.Equal(Files, FilesOf(locked));
        Assert.Equal(locked.Tree, (await LockAsync("./image")).Tree);
        Assert.Contains("has no image `v2`", await RefusedAsync("./image:v2"), StringComparison.Ordinal);

        // Its bytes are in the store: the layout may go.
        Directory.Delete(layout, recursive: true);
        await using var builder = Builder();
        Assert.Equal(locked.Tree, await builder.MakeAsync(locked, TestContext.Current.CancellationToken));
        Assert.DoesNotContain(await ToolchainTrace.WalkAsync(builder, locked, TestContext.Current.CancellationToken), static l => l.State == TraceState.Wrong);
    }

    [Fact]
    public void Access_ReadsChallenges()
    {
        var parameters = OciAccess.Parameters("realm=\"https://a.example.org/token?x=1,2\", service=\"s \\\"q\\\"\",scope=repository:x:pull");
        Assert.Equal("https://a.example.org/token?x=1,2", parameters["realm"]);
        Assert.Equal("s \"q\"", parameters["service"]);
        Assert.Equal("repository:x:pull", parameters["scope"]);
    }

    private static string Architecture => DebianArchive.Architecture;

    private static string Platform(byte[] manifest, string architecture) => TestRegistry.Descriptor(ManifestType, manifest, $$""","platform":{"os":"linux","architecture":"{{architecture}}"}""");

    private static byte[] Config(byte[] manifest)
    {
        var hash = OciManifest.Read(manifest).Config!.Digest.Hash;
        var config = Encoding.UTF8.GetBytes($$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[{{string.Join(',', Layers.Select(static l => $"\"sha256:{TestRegistry.Hash(l.ToBytes())}\""))}}]} }""");
        Assert.Equal(hash, TestRegistry.Hash(config));
        return config;
    }

    private void PutList(string[] manifests) => _registry.PutManifest("tools", "v1", IndexType, Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"manifests":[{{string.Join(',', manifests)}}]}"""));

    private ToolchainBuilder Builder() => _archive.Builder(new ToolchainProject { Directory = Project, Environment = ImmutableDictionary<string, string>.Empty.Add("DOCKER_CONFIG", _archive["docker"]) });

    private async Task<LockedOci> LockAsync(string image)
    {
        await using var builder = Builder();
        return Assert.IsType<LockedOci>(await builder.LockAsync("image", new ToolchainSource.Oci(image), TestContext.Current.CancellationToken));
    }

    private async Task<string> RefusedAsync(string image) => (await Assert.ThrowsAsync<ToolchainException>(() => LockAsync(image))).Message;

    private string[] FilesOf(LockedToolchain locked)
    {
        var files = new SortedSet<string>(StringComparer.Ordinal);
        Assert.True(StoredTree.TryForEach(locked.Tree, _archive.Store, (path, leaf) => files.Add(leaf.Target is { } target ? $"{path}→{target}" : path)));
        return [.. files];
    }
}
