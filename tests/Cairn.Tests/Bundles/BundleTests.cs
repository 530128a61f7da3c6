using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Bundles;
using Cairn.Testing;
using Cairn.Tests.Language;
using Cairn.Trust.Bundles;

using static Cairn.Tests.Bundles.BundleTesting;

namespace Cairn.Tests.Bundles;

/// <summary>What goes into a bundle comes out again, and the same content is the same bytes.</summary>
public sealed class BundleTests
{
    private static readonly string Vectors = Path.Combine(SourceTree.Root, "testdata/bundles");

    [Fact]
    public void Extract_GivesBack_FilesModesLinksAndEmptyFolders()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["x.cab"], Bytes(Sample(), Bill()));
        using (var bundle = BundleReader.Open(folder["x.cab"]))
        {
            BundleExtractor.Extract(bundle, folder["out"], TestContext.Current.CancellationToken);
        }

        Assert.Equal("#!/bin/sh\necho tool\n", folder.Read("out/bin/tool"));
        Assert.True(File.GetUnixFileMode(folder["out/bin/tool"]).HasFlag(UnixFileMode.UserExecute));
        Assert.False(File.GetUnixFileMode(folder["out/doc/readme.txt"]).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal("tool", new FileInfo(folder["out/bin/alias"]).LinkTarget);
        Assert.Equal("Read me\n", folder.Read("out/doc/copy.txt"));
        Assert.True(Directory.Exists(folder["out/empty"]));
        Assert.Equal(["out", "x.cab"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Extract_ToWhatIsThere_IsRefused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["x.cab"], Bytes(Sample()));
        folder.Write("full/file", "mine");
        Directory.CreateDirectory(folder["empty"]);
        Directory.CreateSymbolicLink(folder["link"], folder["empty"]);
        using var bundle = BundleReader.Open(folder["x.cab"]);
        foreach (var target in (string[])["full", "full/file", "link", "none/below"])
        {
            Assert.Equal("CAIRN0851", Assert.Throws<BundleException>(() => BundleExtractor.Extract(bundle, folder[target], TestContext.Current.CancellationToken)).Code);
        }

        Assert.Equal("mine", folder.Read("full/file"));
        BundleExtractor.Extract(bundle, folder["empty"], TestContext.Current.CancellationToken);
        Assert.True(folder.Exists("empty/doc/readme.txt"));
    }

    [Fact]
    public void Bytes_AreAFunction_OfTheSetOfContents()
    {
        var one = ContentOf(("b", "2"), ("a/x", "1"), ("a/y", "1"), ("c+x", "{}"));
        var other = ContentOf(("c+x", "{}"), ("a/y", "1"), ("b", "2"), ("a/x", "1"));
        Assert.Equal(Bytes(one, Bill("1"), Bill("2")), Bytes(other, Bill("2"), Bill("1"), Bill("2")));
        Assert.NotEqual(Head(one).Id, Head(ContentOf(("b", "2"), ("a/x", "1"), ("a/y", "1"), ("c", "{}"))).Id);
        Assert.Equal(Head(one).Id, Head(one, Bill()).Id);
    }

    [Fact]
    public void Blob_ThatIsAFileAndADocument_StandsInTheArchiveOnce()
    {
        // `{}` is the configuration of every referrer, and the document is a file, too.
        var bill = Bill();
        var content = ContentOf(("empty.json", "{}"), ("sbom.json", Encoding.UTF8.GetString(bill.Content.AsSpan())), ("twin.json", "{}"));
        var head = Head(content, bill);
        Assert.Equal(head.Parts.Length, head.Parts.Select(static p => p.Name).Distinct(StringComparer.Ordinal).Count());
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["x.cab"], Bytes(content, bill));
        using var bundle = BundleReader.Open(folder["x.cab"]);
        BundleExtractor.Extract(bundle, folder["out"], TestContext.Current.CancellationToken);
        Assert.Equal("{}", folder.Read("out/twin.json"));
        Assert.Equal(bill.Content.ToArray(), File.ReadAllBytes(folder["out/sbom.json"]));
    }

    [Theory]
    [InlineData(1_000, false)]
    [InlineData(1_001, true)]
    public void Files_BeyondAThousand_AreOneLayer(int count, bool hasLayer)
    {
        var name = new string('ä', 60);
        var content = ContentOf([.. Enumerable.Range(0, count - 2).Select(i => ($"d{i % 7}/{name}{i.ToString(CultureInfo.InvariantCulture)}", new string((char)('a' + (i % 26)), i % 600))), ("x/run+x", "x"), ("y", ""), ("x/l", "->run"), ("z/empty/", "")]);
        Assert.Equal(hasLayer, content.Manifest.HasLayer);
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["x.cab"], Bytes(content));
        using (var bundle = BundleReader.Open(folder["x.cab"]))
        {
            BundleExtractor.Extract(bundle, folder["out"], TestContext.Current.CancellationToken);
        }

        // What was unpacked makes the same bundle.
        var again = BundleSource.Take(folder["out"], ["."], TestContext.Current.CancellationToken);
        Assert.Equal(content.Manifest.ToJson(), again.Manifest.ToJson());
        Assert.Equal(File.ReadAllBytes(folder["x.cab"]), Bytes(again));
    }

    [Fact]
    public void Layer_OfSmallAndLargeFiles_HasAllInTheOrderOfTheTree()
    {
        // Around what is read ahead at once: less, exactly so much with its header, more, and a large one at each end.
        var sizes = (int[])[700_000, 1, 0, 261_632, 261_633, 262_144, 5, 3_000, 0, 900_001];
        var random = new Random(11);
        var files = sizes.Select((size, i) => (Path: $"f{i}/{new string('n', (40 * i) + 1)}", Content: new byte[size])).ToArray();
        Array.ForEach(files, f => random.NextBytes(f.Content));
        var items = files.SelectMany(static f => (TreeItem[])[new TreeItem(f.Path.Split('/')[0], IsFolder: true, default), new TreeItem(f.Path, IsFolder: false, new TreeLeaf(Digest.Of(f.Content), Executable: false))]).ToArray();
        using var expected = new MemoryStream();
        foreach (var item in items)
        {
            expected.Write(Ustar.OfItem(item));
            var content = item.IsFile ? files.Single(f => f.Path == item.Path).Content : [];
            expected.Write(content);
            expected.Write(new byte[Ustar.Padding(content.Length)]);
        }

        expected.Write(new byte[Ustar.EndBytes]);
        var digests = new Digest[items.Length];
        using var layer = new LayerStream(items, item => new MemoryStream(files.Single(f => f.Path == item.Path).Content), digests);
        using var actual = new MemoryStream();
        layer.CopyTo(actual);
        Assert.Equal(expected.Length, LayerStream.LengthOf(items));
        Assert.True(expected.ToArray().AsSpan().SequenceEqual(actual.ToArray()));
        Assert.All(Enumerable.Range(0, items.Length), i => Assert.True(items[i].IsFolder || digests[i] == items[i].Leaf.Digest));
        Assert.Equal(0, layer.Read(new byte[10]));
    }

    [Fact]
    public void File_ThatGoesOrShrinksWhileItsLayerIsWritten_IsTold()
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 1_200; i++)
        {
            folder.Write($"in/d/{i}", "content");
        }

        folder.Write("in/large", new string('x', 300_000));
        var content = BundleSource.Take(folder["in"], ["."], TestContext.Current.CancellationToken);
        var head = Head(content);
        foreach (var (path, text, problem) in ((string, string?, string)[])[("in/d/700", null, "`d/700` is no longer there"), ("in/d/900", "cont", "`d/900` became shorter"), ("in/large", "x", "`large` became shorter"), ("in/d/5", "CONTENT", "changed while it was bundled")])
        {
            var before = folder.Read(path);
            File.Delete(folder[path]);
            if (text is not null)
            {
                folder.Write(path, text);
            }

            var exception = Assert.ThrowsAny<Exception>(() => BundleWriter.WriteFile(folder["x.cab"], head, content.Open, TestContext.Current.CancellationToken));
            Assert.True(exception is IOException or BundleException);
            Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
            Assert.False(folder.Exists("x.cab"));
            folder.Write(path, before);
        }

        BundleWriter.WriteFile(folder["x.cab"], head, content.Open, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Source_ThatCannotBeBundled_IsRefused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("in/a", "a");
        folder.Write("in/.git/config", "left out");
        folder.Write("in/sub/.git", "taken");
        Directory.CreateSymbolicLink(folder["in/sub/up"], "../a");
        Assert.Equal(["a", "sub", "sub/.git", "sub/up"], Take(".").Items.Select(static i => i.Path));
        Assert.Equal(["sub", "sub/up"], Take("sub/up").Items.Select(static i => i.Path));
        Assert.Contains("There is no `b`", Refused("b"), StringComparison.Ordinal);
        Assert.Contains("is not within", Refused("../x"), StringComparison.Ordinal);
        Directory.CreateSymbolicLink(folder["in/dir"], "sub");
        Assert.Contains("leads through a link", Refused("dir/up"), StringComparison.Ordinal);
        Directory.CreateSymbolicLink(folder["in/out"], "/etc");
        Assert.Contains("leads to `/etc`", Refused("out"), StringComparison.Ordinal);

        BundleContent Take(string path) => BundleSource.Take(folder["in"], [path], TestContext.Current.CancellationToken);
        string Refused(string path) => Assert.Throws<BundleException>(() => Take(path)).Message;
    }

    [Fact]
    public void File_ThatChangesWhileItIsBundled_IsNoBundle()
    {
        using var folder = new TemporaryFolder();
        folder.Write("in/a", "before");
        var content = BundleSource.Take(folder["in"], ["a"], TestContext.Current.CancellationToken);
        folder.Write("in/a", "after!");
        var head = Head(content);
        Assert.Contains("`a` changed", Assert.Throws<BundleException>(() => BundleWriter.WriteFile(folder["x.cab"], head, content.Open, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.Equal([folder["in"]], Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Vectors_AreTheBytes_ThatDocumentsName()
    {
        // docs/formats/cab.md has the digests of these.
        var core = Bytes(Sample());
        var withBill = Bytes(Sample(), Bill());
        var withSeed = Bytes(Sample(), EvidenceReader.TryRead("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nSuite: test\n"u8, out _)!);
        foreach (var (name, bytes) in (ReadOnlySpan<(string, byte[])>)[("core.cab", core), ("bill.cab", withBill), ("seed.cab", withSeed)])
        {
            var path = Path.Combine(Vectors, name);
            if (Samples.UpdateGolden)
            {
                Directory.CreateDirectory(Vectors);
                File.WriteAllBytes(path, bytes);
            }

            Assert.Equal(File.ReadAllBytes(path), bytes);
        }

        var page = File.ReadAllText(Path.Combine(SourceTree.Root, "docs/formats/cab.md"));
        var head = Head(Sample(), Bill());
        foreach (var digest in (ReadOnlySpan<Digest>)[head.Id, Digest.Of(head.Tree.AsSpan()), Digest.Of(core), Digest.Of(withBill), Digest.Of(withSeed), Digest.Of(head.Index.ToNestedJson()), head.Index.Referrers[0].Manifest])
        {
            Assert.Contains(digest.Hash, page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Tree_ThatHoldsItselfManyTimes_IsRefused()
    {
        // 2^40 paths from 41 folders.
        var folders = new List<ImmutableArray<byte>> { ImmutableArray<byte>.Empty };
        for (var i = 0; i < 40; i++)
        {
            var writer = new Core.Protobuf.ProtoWriter();
            foreach (var name in (string[])["a", "b"])
            {
                var node = writer.Begin(2);
                writer.WriteText(1, name);
                writer.WriteDigest(2, Digest.Of(folders[^1].AsSpan()));
                writer.End(node);
            }

            folders.Add(writer.ToImmutableArray());
        }

        var tree = new Core.Protobuf.ProtoWriter();
        tree.WriteMessage(1, folders[^1].AsSpan());
        foreach (var folder in folders.SkipLast(1).OrderBy(static f => Digest.Of(f.AsSpan()).Hash, StringComparer.Ordinal))
        {
            tree.WriteMessage(2, folder.AsSpan());
        }

        Assert.Null(TreeBlob.TryDecode(tree.Written, out var problem));
        Assert.Contains("it has more than", problem, StringComparison.Ordinal);
    }
}
