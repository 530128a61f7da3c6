using System.Text;
using System.Text.Json.Nodes;

using Cairn.Core.Dependencies;
using Cairn.Core.Sbom;
using Cairn.Testing;
using Cairn.Tests.Language;

namespace Cairn.Tests.Sbom;

/// <summary>Bills of materials: their bytes, whatever order their content came in.</summary>
public sealed class SbomWriterTests
{
    private const string One = "1111111111111111111111111111111111111111111111111111111111111111";
    private const string Two = "2222222222222222222222222222222222222222222222222222222222222222";

    private static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    [Theory]
    [InlineData(SbomFormat.CycloneDx, "bill.cdx.json")]
    [InlineData(SbomFormat.Spdx, "bill.spdx.json")]
    public void Write_IsTheGoldenFile(SbomFormat format, string file) =>
        Samples.AssertGolden(Path.Combine(SourceTree.Root, "testdata", "sbom", file), Encoding.UTF8.GetString(SbomJson.Write(Bill(0), format)));

    [Theory]
    [InlineData(SbomFormat.CycloneDx)]
    [InlineData(SbomFormat.Spdx)]
    public void Write_GivesTheSameBytes_InWhateverOrderTheContentCame(SbomFormat format)
    {
        var expected = SbomJson.Write(Bill(0), format);
        for (var seed = 1; seed < 50; seed++)
        {
            Assert.Equal(expected, SbomJson.Write(Bill(seed), format));
        }
    }

    [Fact]
    public void Write_NamesTheDocumentByItsContent()
    {
        var builder = new SbomBuilder("app");
        builder.AddOutput("app", One);
        var (same, later, other) = (builder.Build(Time, "1.0"), builder.Build(Time.AddSeconds(1), "1.0"), builder.Build(Time, "1.1"));
        var names = new[] { same, later, other }.Select(static b => JsonNode.Parse(SbomJson.Write(b, SbomFormat.CycloneDx))!["serialNumber"]!.GetValue<string>()).ToArray();
        Assert.Equal(3, names.Distinct(StringComparer.Ordinal).Count());
        Assert.All(names, static n => Assert.Matches("^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", n));
    }

    [Fact]
    public void Build_MergesWhatIsThereTwice()
    {
        var builder = new SbomBuilder("app");
        builder.AddGraph(Graph("a/package-lock.json", scope: DependencyScope.Development, license: null));
        builder.AddGraph(Graph("b/package-lock.json", scope: DependencyScope.Runtime, license: "MIT"));
        var package = Assert.Single(builder.Build(Time, "1").Components, static c => c.Role == SbomRole.Package);
        Assert.Equal(("MIT", DependencyScope.Runtime), (package.License, package.Scope));
        Assert.Single(package.Hashes);
        Assert.Equal(2, builder.Build(Time, "1").Components.Count(static c => c.Role == SbomRole.Project));
    }

    [Theory]
    [InlineData("MIT", "MIT", true, true)]
    [InlineData("apache-2.0", "Apache-2.0", true, true)]
    [InlineData("(MIT or Apache-2.0)", "(MIT OR Apache-2.0)", true, false)]
    [InlineData("MIT/Apache-2.0", "MIT OR Apache-2.0", true, false)]
    [InlineData("GPL-2.0-or-later WITH Classpath-exception-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0", true, false)]
    [InlineData("LGPL-2.1+ AND (MIT OR BSD-3-Clause)", "LGPL-2.1+ AND (MIT OR BSD-3-Clause)", true, false)]
    [InlineData("Classpath-exception-2.0", "Classpath-exception-2.0", false, false)]
    [InlineData("MIT WITH Apache-2.0", "MIT WITH Apache-2.0", false, false)]
    [InlineData("MIT OR Linux-syscall-note", "MIT OR Linux-syscall-note", false, false)]
    [InlineData("GPL-2.0-only WITH linux-syscall-note", "GPL-2.0-only WITH Linux-syscall-note", true, false)]
    [InlineData("GPL-2.0-only WITH Classpath-exception-2.0+", "GPL-2.0-only WITH Classpath-exception-2.0+", false, false)]
    [InlineData("MPL-2.0-no-copyleft-exception", "MPL-2.0-no-copyleft-exception", true, true)]
    [InlineData("GPL-2.0-with-classpath-exception", "GPL-2.0-with-classpath-exception", true, true)]
    [InlineData("MIT AND", "MIT AND", false, false)]
    [InlineData("(MIT", "(MIT", false, false)]
    [InlineData("Apache 2.0", "Apache 2.0", false, false)]
    [InlineData("https://example.org/licence", "https://example.org/licence", false, false)]
    public void License_IsReadAsAnExpression_OrKeptAsItIs(string text, string expected, bool isSpdx, bool isSingle)
    {
        // `LGPL-2.1+` is a name of the list itself.
        var license = LicenseExpression.Read(text);
        Assert.Equal((expected, isSpdx, isSingle), (license.Text, license.IsSpdx, license.IsSingle));
    }

    [Fact]
    public void License_ThatWasRead_IsReadTheSame()
    {
        string[] words = ["MIT", "apache-2.0", "GPL-2.0+", "and", "OR", "with", "(", ")", "/", "Classpath-exception-2.0", "nobody's", "+", ""];
        var random = new Random(7);
        var expressions = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Join(random.Next(4) == 0 ? "" : " ", Enumerable.Range(0, random.Next(8)).Select(_ => words[random.Next(words.Length)]));
            var license = LicenseExpression.Read(text);
            expressions += license.IsSpdx ? 1 : 0;
            Assert.Equal(license, LicenseExpression.Read(license.Text));
        }

        Assert.True(expressions > 500);
    }

    private static SbomDocument Bill(int seed)
    {
        var builder = new SbomBuilder("zlib", "1.3");
        Action[] parts =
        [
            () => builder.AddOutput("build/libz.a", One),
            () => builder.AddOutput("build/libz.so", Two),
            () => builder.AddTool("pool/main/g/gcc-12/gcc-12_12.2.0-14_amd64.deb", "pkg:deb/debian/gcc-12@12.2.0-14?arch=amd64&distro=bookworm", Two),
            () => builder.AddTool("docker.io/library/busybox", "pkg:oci/busybox@sha256:" + One + "?repository_url=docker.io/library/busybox", One),
            () => builder.AddTool("layer 1 of the image", null, Two),
            () => builder.AddGraph(Graph("package-lock.json", DependencyScope.Runtime, "(MIT OR Apache-2.0)")),
            () => builder.AddGraph(Graph("docs/package-lock.json", DependencyScope.Development, "(MIT OR Apache-2.0)")),
            () => builder.AddGraph(Python()),
        ];
        var random = new Random(seed);
        if (seed > 0)
        {
            random.Shuffle(parts);
        }

        foreach (var part in parts)
        {
            part();
        }

        return builder.Build(Time, "0.1.0");
    }

    private static DependencyGraph Graph(string file, DependencyScope scope, string? license) => new(
        file, "package-lock.json", Ecosystem.Npm,
        [
            new Package { Index = 0, Name = "web", Version = "1.0.0", IsProject = true, Purl = null, IsReached = true, Needs = [new DependencyEdge(1, scope, "^1.3.0")] },
            new Package
            {
                Index = 1, Name = "left-pad", Version = "1.3.0", IsProject = false, Purl = "pkg:npm/left-pad@1.3.0", License = license, IsReached = true, IsDirect = true, Scope = scope,
                Hashes = [new PackageHash("sha512", new string('a', 128))],
            },
        ],
        [0]);

    private static DependencyGraph Python() => new(
        "poetry.lock", "poetry.lock", Ecosystem.PyPI,
        [
            new Package { Index = 0, Name = "tool", Version = null, IsProject = true, Purl = null, IsReached = true, Needs = [new DependencyEdge(1, DependencyScope.Optional, null)] },
            new Package
            {
                Index = 1, Name = "numpy", Version = "2.0", IsProject = false, Purl = "pkg:pypi/numpy@2.0", License = "Custom licence \"of numpy\"", IsReached = true, Scope = DependencyScope.Optional,
                Hashes = [new PackageHash("sha256", One, "numpy-2.0.tar.gz"), new PackageHash("sha256", Two, "numpy-2.0-cp312-manylinux.whl")],
            },
            new Package { Index = 2, Name = "lonely", Version = "1", IsProject = false, Purl = "pkg:pypi/lonely@1", Hashes = [new PackageHash("h1", "abc=")] },
        ],
        [0]);
}
