using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Syntax;
using Cairn.Core.Toolchains;

namespace Cairn.Tests.Toolchains;

/// <summary>The kinds of toolchains beside Debian's in <c>cairn.lock</c>.</summary>
public sealed class LockedKindTests
{
    private static readonly Digest Tree = Digest.Of("tree"u8);

    private static readonly ToolchainPlacement Usual = new(null, default);

    private static LockedOci Oci => new()
    {
        Name = "image",
        Image = "docker.io/library/debian:bookworm",
        Index = Digest.Of("index"u8),
        Manifest = Digest.Of("manifest"u8),
        Config = Digest.Of("config"u8),
        Layers = [Digest.Of("one"u8), Digest.Of("two"u8)],
        Architecture = "amd64",
        Tree = Tree,
    };

    private static LockedArchive Archive => new()
    {
        Name = "zig",
        Places = ["https://example.org/zig.tar.xz", "https://mirror.example.org/zig.tar.xz"],
        Archive = Digest.Of("zig"u8),
        Strip = 1,
        Placement = new ToolchainPlacement("opt/zig", ["zig"]),
        Signature = new LockedSignature("https://example.org/zig.tar.xz.minisig", "keys/zig.pub", Digest.Of("signature"u8), "minisign 0123456789ABCDEF"),
        Architecture = "amd64",
        Tree = Tree,
    };

    private static LockedStep Step => new()
    {
        Name = "made",
        Step = "compiler",
        Project = "../compiler",
        From = "out",
        Placement = Usual,
        Run = "20261121-120000-abcd",
        Action = Digest.Of("action"u8),
        Architecture = "amd64",
        Tree = Tree,
    };

    private static LockedHost Host => new()
    {
        Name = "here",
        Paths = [new LockedPath("/opt/a b", Digest.Of("a"u8)), new LockedPath("/opt/c", Digest.Of("c"u8))],
        Programs = [],
        Architecture = "amd64",
        Tree = Tree,
    };

    private static LockedHost Installed => Host with { Name = "sdk", Programs = default, Dotnet = new LockedDotnet("10.0", "10.0.100", null) };

    private static readonly ToolchainLock Lock = new([Host, Oci, Step, Installed, Archive]);

    public static TheoryData<string, string> Edits => new()
    {
        { "version: 2", "version: 1" },
        { "version: 2", "version: 3" },
        { "strip: 1", "strip: -1" },
        { "strip: 1", "strip: 01" },
        { "at: \"/opt/zig\"", "at: \"/opt/../zig\"" },
        { "at: \"/opt/zig\"", "at: \"opt/zig\"" },
        { "from: \"out\"", "from: \"../out\"" },
        { "- path: \"/opt/c\"", "- path: \"/opt/../c\"" },
        { "- path: \"/opt/c\"", "- path: \"opt/c\"" },
        { "oci: \"docker.io/library/debian:bookworm\"", "oci: \"debian\"" },
        { "    signed_by: \"minisign 0123456789ABCDEF\"\n", "" },
        { "    layout: oci/1\n", "" },
        { "bin: [\"zig\"]", "bin: [ \"zig\"]" },
        { "    config: ", "    index: " },
    };

    [Fact]
    public void ReplacedSince_IsAnSdkOfTheSameVersionWithOtherBytes()
    {
        var sdk = Archive with { Dotnet = new LockedDotnet("10.0", "10.0.100", new string('0', 128)) };
        var other = sdk with { Archive = Digest.Of("other"u8) };
        Assert.Equal(["dotnet 10.0.100"], other.ReplacedSince(sdk));
        Assert.Empty(sdk.ReplacedSince(sdk));
        Assert.Empty((other with { Dotnet = sdk.Dotnet! with { Version = "10.0.101" } }).ReplacedSince(sdk));

        // What the pipeline itself names by its hash is changed there.
        Assert.Empty((Archive with { Archive = Digest.Of("other"u8) }).ReplacedSince(Archive));
    }

    [Fact]
    public void Read_UnderstandsEveryKind()
    {
        var text = ToolchainLockText.Write(Lock);
        var read = ToolchainLockText.Read(text);

        Assert.Equal(text, ToolchainLockText.Write(read));
        Assert.Equal(["host", "oci", "step", "dotnet", "archive"], read.Toolchains.Select(static t => t.Kind));
        Assert.Equal(Archive.Signature, Assert.IsType<LockedArchive>(read.Find("zig")).Signature);
        Assert.Equal(Archive.Placement, Assert.IsType<LockedArchive>(read.Find("zig")).Placement);
        Assert.True(Assert.IsType<LockedHost>(read.Find("sdk")).Programs.IsDefault);
        Assert.Empty(Assert.IsType<LockedHost>(read.Find("here")).Programs);
        Assert.Equal(["here", "sdk"], read.Toolchains.Where(static t => !t.IsHermetic).Select(static t => t.Name));
    }

    [Fact]
    public void Write_IsYaml()
    {
        var diagnostics = new DiagnosticBag();
        var source = YamlReader.Decode("cairn.lock", Encoding.UTF8.GetBytes(ToolchainLockText.Write(Lock)), diagnostics);
        Assert.NotNull(YamlReader.Read(source!, diagnostics));
        Assert.False(diagnostics.HasErrors);
    }

    [Theory]
    [MemberData(nameof(Edits))]
    public void Read_RefusesWhatWasEdited(string before, string after)
    {
        var text = ToolchainLockText.Write(Lock);
        Assert.Contains(before, text, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => ToolchainLockText.Read(text.Replace(before, after, StringComparison.Ordinal)));
    }

    [Fact]
    public void Matches_ComparesWhatWasAskedFor()
    {
        var archive = new ToolchainSource.Archive([.. Archive.Places], Archive.Archive.Hash, 1, new ToolchainPlacement("opt/zig", ["zig"])) { Signature = Archive.Signature!.Place, Key = "keys/zig.pub" };
        Assert.True(Archive.Matches(archive));
        Assert.False(Archive.Matches(archive with { Strip = 0 }));
        Assert.False(Archive.Matches(archive with { Sha256 = new string('0', 64) }));
        Assert.False(Archive.Matches(archive with { Key = "keys/other.pub" }));
        Assert.False(Archive.Matches(archive with { Placement = Usual }));
        Assert.True(Oci.Matches(new ToolchainSource.Oci(Oci.Image)));
        Assert.False(Oci.Matches(new ToolchainSource.Oci("docker.io/library/debian:trixie")));
        Assert.True(Step.Matches(new ToolchainSource.Step("compiler", "../compiler", "out", Usual)));
        Assert.False(Step.Matches(new ToolchainSource.Step("compiler", null, "out", Usual)));
        Assert.True(Host.Matches(new ToolchainSource.Host(["/opt/a b", "/opt/c"], [])));
        Assert.False(Host.Matches(new ToolchainSource.Host(["/opt/c"], [])));
        Assert.True(Installed.Matches(new ToolchainSource.Dotnet("10.0", Installed: true)));
        Assert.False(Installed.Matches(new ToolchainSource.Dotnet("10.0", Installed: false)));
        Assert.False(Installed.Matches(new ToolchainSource.Host(["/opt/a b", "/opt/c"], default)));
    }

    [Theory]
    [InlineData("docker.io/library/debian:bookworm", "docker.io", "library/debian", "bookworm")]
    [InlineData("localhost:5000/a/b@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "localhost:5000", "a/b", null)]
    [InlineData("ghcr.io/x/y:1@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "ghcr.io", "x/y", "1")]
    [InlineData("[::1]:5000/x:1", "[::1]:5000", "x", "1")]
    [InlineData("./image", null, null, null)]
    [InlineData("../image.tar:v1", null, null, "v1")]
    public void Reference_IsRead(string text, string? registry, string? repository, string? tag)
    {
        Assert.True(OciReference.TryParse(text, out var reference, out _));
        Assert.Equal((registry, repository, tag), (reference.Registry, reference.Repository, reference.Tag));
    }

    [Theory]
    [InlineData("debian")]
    [InlineData("debian:bookworm")]
    [InlineData("library/debian:bookworm")]
    [InlineData("docker.io/library/debian")]
    [InlineData("docker.io/Library/debian:1")]
    [InlineData("docker.io/../debian:1")]
    [InlineData("docker.io/debian:")]
    [InlineData("docker.io/debian:-x")]
    [InlineData("docker.io/debian@sha256:1234")]
    [InlineData("docker.io/debian@md5:e3b0c44298fc1c149afbf4c8996fb924")]
    [InlineData("user@docker.io/debian:1")]
    [InlineData("docker..io/debian:1")]
    public void Reference_RefusesWhatIsNone(string text) => Assert.False(OciReference.TryParse(text, out _, out _));

    [Theory]
    [InlineData("localhost:5000/a:1", "http://localhost:5000/v2/")]
    [InlineData("127.0.0.1:5000/a:1", "http://127.0.0.1:5000/v2/")]
    [InlineData("registry.example.org/a:1", "https://registry.example.org/v2/")]
    [InlineData("127.0.0.1.example.org/a:1", "https://127.0.0.1.example.org/v2/")]
    [InlineData("docker.io/library/a:1", "https://registry-1.docker.io/v2/")]
    public void Reference_SpeaksPlainlyToThisMachineOnly(string text, string endpoint)
    {
        Assert.True(OciReference.TryParse(text, out var reference, out _));
        Assert.Equal(endpoint, reference.Endpoint.ToString());
    }

    [Fact]
    public void Parts_HavePackageUrls()
    {
        Assert.Equal($"pkg:oci/debian@sha256:{Oci.Manifest.Hash}?arch=amd64&repository_url=docker.io/library/debian&tag=bookworm", Oci.Parts.Single(static p => p.PackageUrl is not null).PackageUrl);
        Assert.Equal($"pkg:generic/zig?checksum=sha256:{Archive.Archive.Hash}&download_url=https://example.org/zig.tar.xz", Archive.Parts.Single(static p => !p.IsEvidence).PackageUrl);
        ImmutableArray<string?> urls = [.. Installed.Parts.Select(static p => p.PackageUrl)];
        Assert.All(urls, static url => Assert.Equal("pkg:generic/dotnet-sdk@10.0.100", url));
    }
}
