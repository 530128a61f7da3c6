using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Fetching;
using Cairn.Core.Syntax;
using Cairn.Core.Toolchains;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Fetching;

public sealed class FetchLockTests
{
    private static readonly FetchLock Lock = FetchLock.Empty
        .With(FetchPin.Of("deps[os=linux]", Digest.Of("asked"u8), Tree(("node_modules/a/index.js", "a"), ("node_modules/a/lib/b.js", "b"), ("node_modules/c\"\\\n\u0085😀.js", "c"))))
        .With(FetchPin.Of("deps", Digest.Of("other"u8), MerkleTree.Empty));

    private static string Whole => FetchLockText.Join(ToolchainLockText.Write(ToolchainLock.Empty), FetchLockText.Write(Lock));

    [Fact]
    public void Read_UnderstandsWhatIsWritten()
    {
        var (toolchains, fetched) = FetchLockText.Split(Whole);
        var read = FetchLockText.Read(fetched);

        Assert.Empty(ToolchainLockText.Read(toolchains).Toolchains);
        Assert.Equal(Whole, FetchLockText.Join(toolchains, FetchLockText.Write(read)));
        Assert.Equal(["deps", "deps[os=linux]"], read.Pins.Select(static p => p.Job));
        Assert.Equal((3, 3L), (read.Find("deps[os=linux]")!.Files, read.Find("deps[os=linux]")!.Bytes));
        Assert.Equal(Lock.Find("deps[os=linux]")!.Parts, read.Find("deps[os=linux]")!.Parts);
    }

    [Fact]
    public void Split_OfALockWithoutPins_IsAllOfIt()
    {
        var text = ToolchainLockText.Write(ToolchainLock.Empty);
        Assert.Equal((text, ""), FetchLockText.Split(text));
        Assert.Equal(text, FetchLockText.Join(text, FetchLockText.Write(FetchLock.Empty)));
        Assert.Empty(FetchLockText.Read("").Pins);
    }

    [Fact]
    public void Join_IsYaml()
    {
        var diagnostics = new DiagnosticBag();
        var source = YamlReader.Decode("cairn.lock", Encoding.UTF8.GetBytes(Whole), diagnostics);
        Assert.NotNull(YamlReader.Read(source!, diagnostics));
        Assert.False(diagnostics.HasErrors);
    }

    [Theory]
    [InlineData("    files: 3", "    files: 03")]
    [InlineData("    files: 3", "    files: 99999999999")]
    [InlineData("    bytes: 3", "    bytes: -3")]
    [InlineData("    bytes: 3\n", "    bytes: 3\n    more: 4\n")]
    [InlineData("  \"deps[os", "  \"a[os")]
    [InlineData("  \"deps\":", "  deps:")]
    [InlineData("\\u0085", "\\u00zz")]
    [InlineData("    parts:\n", "    parts: []\n")]
    public void Read_RefusesWhatWasEdited(string before, string after)
    {
        var fetched = FetchLockText.Split(Whole).Fetched;
        Assert.Contains(before, fetched, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => FetchLockText.Read(fetched.Replace(before, after, StringComparison.Ordinal)));
    }

    [Fact]
    public void Read_RefusesEveryTruncation()
    {
        var fetched = FetchLockText.Split(Whole).Fetched;
        for (var length = 1; length < fetched.Length; length++)
        {
            Assert.Throws<FormatException>(() => FetchLockText.Read(fetched[..length]));
        }
    }

    [Fact]
    public void Read_OfNamesOfAnyKind_GivesThemBack() => Prop.ForAll<string[]>(names =>
    {
        var files = (names ?? []).Where(static n => n is { Length: > 0 and < 200 } && RelativePath.IsPlain(n)).Select(static n => (n, n)).DistinctBy(static n => n.Item1, StringComparer.Ordinal)
            .Where(static n => n.Item1.EnumerateRunes().All(static r => r != Rune.ReplacementChar) && !n.Item1.Contains('/', StringComparison.Ordinal)).ToArray();
        var content = FetchLock.Empty.With(FetchPin.Of("deps", Digest.Empty, Tree(files)));
        Assert.Equal(content.Pins[0].Parts, FetchLockText.Read(FetchLockText.Write(content)).Pins[0].Parts);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Of_TellsPartsApart_AsDeepAsThereAreNotTooMany()
    {
        var few = FetchPin.Of("deps", Digest.Empty, Tree(("out/a/x", "1"), ("out/b", "2")));
        Assert.Equal(["out/a/x", "out/b"], few.Parts.Select(static p => p.Path));

        var many = FetchPin.Of("deps", Digest.Empty, Tree([.. Enumerable.Range(0, 100).SelectMany(static p => Enumerable.Range(0, 10).Select(f => ($"out/p{p}/f{f}", "x")))]));
        Assert.Equal(100, many.Parts.Length);
        Assert.Equal("out/p0/", many.Parts[0].Path);

        var flat = FetchPin.Of("deps", Digest.Empty, Tree([.. Enumerable.Range(0, 2000).Select(static f => ($"out/f{f}", "x"))]));
        Assert.Equal(["out/"], flat.Parts.Select(static p => p.Path));
    }

    [Fact]
    public void Differing_NamesWhatIsNotTheSame()
    {
        var before = FetchPin.Of("deps", Digest.Empty, Tree(("a", "1"), ("b", "2"), ("d", "4"))).Parts;
        var after = FetchPin.Of("deps", Digest.Empty, Tree(("a", "1"), ("b", "3"), ("c", "4"))).Parts;
        Assert.Equal(["b", "c", "d"], FetchPin.Differing(before, after));
        Assert.Empty(FetchPin.Differing(before, before));
    }

    private static MerkleTree Tree(params (string Path, string Content)[] files) =>
        MerkleTree.Of(files.Select(static f => KeyValuePair.Create(f.Path, new TreeLeaf(Digest.Of(Encoding.UTF8.GetBytes(f.Content)), Executable: false))));
}
