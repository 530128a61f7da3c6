using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Store.Bundles;
using Cairn.Testing;
using Cairn.Trust.Bundles;

using static Cairn.Tests.Bundles.BundleTesting;

namespace Cairn.Tests.Bundles;

/// <summary>Archives that somebody made to do harm: each is refused with a reason, and nothing is left of it.</summary>
public sealed class HostileBundleTests
{
    private const int TypeAt = 156;

    private static TestArchive Archive() => TestArchive.Of(Sample());

    [Theory]
    [InlineData("../evil", "whose name leads elsewhere")]
    [InlineData("/etc/passwd", "whose name leads elsewhere")]
    [InlineData("blobs/../../evil", "whose name leads elsewhere")]
    public void Name_ThatLeadsElsewhere_IsRefused(string name, string reason)
    {
        for (var at = 0; at <= Archive().Entries.Count; at++)
        {
            var (code, text) = Refusal(Archive().Add(at, name, "evil").ToBytes());
            Assert.Equal(DiagnosticCodes.BundleEntryForbidden, code);
            Assert.Contains(reason, text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData('1', "hard link")]
    [InlineData('2', "symbolic link")]
    [InlineData('3', "device")]
    [InlineData('5', "folder")]
    [InlineData('6', "pipe")]
    [InlineData('S', "sparse file")]
    [InlineData('L', "long name")]
    [InlineData('g', "extended header")]
    [InlineData('Z', "unknown type `Z`")]
    public void Entry_OfAnotherType_IsRefused(char type, string reason)
    {
        for (var at = 1; at <= Archive().Entries.Count; at++)
        {
            var (code, text) = Refusal(Archive().Add(at, "blobs/sha256/link", "", header =>
            {
                header[TypeAt] = (byte)type;
                "/etc/passwd"u8.CopyTo(header.AsSpan(157));
            }).ToBytes());
            Assert.Equal(DiagnosticCodes.BundleEntryForbidden, code);
            Assert.Contains(reason, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Entry_ThatStandsTwice_IsRefused()
    {
        var archive = Archive();
        for (var i = 0; i < archive.Entries.Count; i++)
        {
            var twice = Archive();
            twice.Entries.Insert(i + 1, twice.Entries[i]);
            Assert.Equal(DiagnosticCodes.BundleEntryTwice, Refusal(twice.ToBytes()).Code);
        }
    }

    [Fact]
    public void Blob_ThatNothingRefersTo_IsRefused()
    {
        var name = BundleHead.NameOf(Digest.Of("more"u8));
        for (var at = 2; at <= Archive().Entries.Count; at++)
        {
            Assert.Equal((DiagnosticCodes.BundleUnreferenced, $"The archive has `{name}`, which nothing in it refers to"), Refusal(Archive().Add(at, name, "more").ToBytes()));
        }
    }

    [Fact]
    public void Content_ThatIsNotItsDigest_IsRefused()
    {
        for (var i = 0; i < Archive().Entries.Count; i++)
        {
            var archive = Archive();
            archive.Entries[i].Content[^1] ^= 1;
            var (code, _) = Refusal(archive.ToBytes());
            Assert.True(code is DiagnosticCodes.BundleDigestWrong or DiagnosticCodes.BundleManifestWrong, $"entry {i}: {code}");
        }
    }

    [Fact]
    public void Archive_ThatEndsTooEarly_IsRefused()
    {
        var bytes = Archive().ToBytes();
        foreach (var length in Enumerable.Range(0, bytes.Length / 97).Select(static i => i * 97).Append(bytes.Length - 1).Append(bytes.Length - Ustar.EndBytes))
        {
            Assert.Equal(DiagnosticCodes.BundleUnreadable, Refusal(bytes[..length]).Code);
        }
    }

    [Fact]
    public void Archive_BehindTheArchive_IsRefused()
    {
        var bytes = Archive().ToBytes();
        Assert.Equal(DiagnosticCodes.BundleUnreferenced, Refusal([.. bytes, .. bytes]).Code);
        Assert.Equal(DiagnosticCodes.BundleUnreferenced, Refusal([.. bytes, 0]).Code);
        Assert.Contains("9216 bytes", Refusal([.. bytes, .. new byte[9216]]).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(104, '7')]
    [InlineData(115, '1')]
    [InlineData(146, '1')]
    [InlineData(265, 'r')]
    [InlineData(344, '1')]
    [InlineData(400, 'p')]
    public void Header_ThatNoWriterMakes_IsRefused(int at, char value)
    {
        for (var i = 0; i < Archive().Entries.Count; i++)
        {
            var (code, reason) = Refusal(Archive().Change(i, header => header[at] = (byte)value).ToBytes());
            Assert.True(code == DiagnosticCodes.BundleNotCanonical, $"{code}: {reason}");
        }
    }

    [Fact]
    public void Padding_WithSomethingInIt_IsRefused()
    {
        var bytes = Archive().ToBytes();
        bytes[512 + BundleIndex.Layout.Length] = 1;
        Assert.Equal(DiagnosticCodes.BundleNotCanonical, Refusal(bytes).Code);
    }

    [Fact]
    public void Size_OfAPaxHeaderBesideThatOfTheHeader_IsRefused()
    {
        var archive = Archive();
        var (header, content) = archive.Entries[^1];
        var pax = Encoding.ASCII.GetBytes("9 size=1\n");
        var extended = Ustar.OfPart("pax", pax.Length);
        extended[TypeAt] = (byte)'x';
        Ustar.WriteChecksum(extended);
        archive.Entries[^1] = ([.. extended, .. pax, .. new byte[Ustar.Padding(pax.Length)], .. header], content);
        Assert.Equal(DiagnosticCodes.BundleEntryForbidden, Refusal(archive.ToBytes()).Code);

        // Of a blob for which one has to stand there: 9 GiB that take no room on the disk.
        using var folder = new TemporaryFolder();
        const long Bytes = 9L << 30;
        var digest = new Digest(new byte[Digest.HashBytes], Bytes);
        ImmutableArray<TreeItem> items = [new TreeItem("huge", IsFolder: false, new TreeLeaf(digest, false))];
        var huge = BundleContent.Of(items, static _ => Stream.Null);
        var expected = Ustar.OfPart(BundleHead.NameOf(digest), Bytes);
        Assert.Contains("19 size=9663676416\n", Encoding.ASCII.GetString(expected), StringComparison.Ordinal);
        Assert.Equal("00000000000", Encoding.ASCII.GetString(expected, 1024 + 124, 11));
        using (var file = File.Create(folder["x.cab"]))
        {
            foreach (var part in Head(huge).Parts.Where(static p => !p.Content.IsDefault))
            {
                file.Write(Ustar.OfPart(part.Name, part.Digest.SizeBytes));
                file.Write(part.Content.AsSpan());
                file.Write(new byte[Ustar.Padding(part.Digest.SizeBytes)]);
            }

            expected.AsSpan().Replace((byte)'6', (byte)'7');
            file.Write(expected);
            file.SetLength(file.Position + Bytes + Ustar.EndBytes);
        }

        using var bundle = BundleReader.Open(folder["x.cab"]);
        Assert.Equal(DiagnosticCodes.BundleUnreadable, Assert.Throws<BundleException>(() => bundle.ReadFiles(null, TestContext.Current.CancellationToken)).Code);
    }

    [Fact]
    public void Bomb_OfMoreThanThereIs_IsRefusedBeforeAnythingIsUnpacked()
    {
        var digest = new Digest(new byte[Digest.HashBytes], 1L << 50);
        var content = BundleContent.Of([new TreeItem("bomb", IsFolder: false, new TreeLeaf(digest, false))], static _ => Stream.Null);
        var archive = new TestArchive();
        foreach (var part in Head(content).Parts)
        {
            archive.Entries.Add((Ustar.OfPart(part.Name, part.Digest.SizeBytes), part.Content.IsDefault ? [] : [.. part.Content]));
        }

        var (code, reason) = Refusal(archive.ToBytes());
        Assert.Equal(DiagnosticCodes.BundleUnreadable, code);
        Assert.Contains("what it says it holds takes 1125899906", reason, StringComparison.Ordinal);

        // The same with the length that it promises: a file with a hole.
        using var folder = new TemporaryFolder();
        using (var file = File.Create(folder["x.cab"]))
        {
            file.Write(archive.ToBytes());
            file.SetLength(file.Length + (1L << 40));
        }

        Assert.Throws<BundleException>(() => BundleReader.Open(folder["x.cab"]));
        Assert.False(Directory.Exists(folder["out"]));
    }

    [Fact]
    public void Bomb_OfSizesThatComeToLessThanNothing_IsRefused()
    {
        // In a tree alone: JSON has no such numbers, and with a layer of all files it names none of them.
        var hash = new byte[Digest.HashBytes];
        var items = Enumerable.Range(0, 1_001).Select(i => new TreeItem($"bomb{i}", IsFolder: false, new TreeLeaf(new Digest(hash, i < 2 ? long.MaxValue - 600 : 0), false)));
        var content = BundleContent.Of([.. items], static _ => Stream.Null, new Digest(hash, 1 << 20));
        var archive = new TestArchive();
        foreach (var part in Head(content).Parts)
        {
            archive.Entries.Add((Ustar.OfPart(part.Name, part.Digest.SizeBytes), part.Content.IsDefault ? [] : [.. part.Content]));
        }

        Assert.Equal(DiagnosticCodes.BundleTooLarge, Refusal(archive.ToBytes()).Code);
    }

    [Fact]
    public void Index_ThatIsHuge_IsRefusedUnread()
    {
        var archive = Archive();
        archive.Change(1, static header => Encoding.ASCII.GetBytes(Convert.ToString(1L << 32, 8).PadLeft(11, '0')).CopyTo(header, 124));
        Assert.Equal(DiagnosticCodes.BundleTooLarge, Refusal(archive.ToBytes()).Code);
    }

    [Fact]
    public void Manifest_ThatIsHuge_IsRefusedUnread()
    {
        var huge = new Digest(new byte[Digest.HashBytes], 1L << 40);
        Assert.Equal(DiagnosticCodes.BundleTooLarge, Refusal(WithIndex(new BundleIndex(huge, []).ToJson())).Code);
    }

    [Theory]
    [InlineData("application/vnd.cairn.artifact.v1", "application/vnd.docker.container.image.v1+json", DiagnosticCodes.BundleMediaType)]
    [InlineData("image.manifest.v1", "image.manifest.v2", DiagnosticCodes.BundleMediaType)]
    [InlineData("image.index.v1", "image.index.v2", DiagnosticCodes.BundleMediaType)]
    [InlineData("application/vnd.cyclonedx+json", "application/vnd.keyring+json", DiagnosticCodes.BundleMediaType)]
    [InlineData("\"schemaVersion\":2", "\"schemaVersion\":1", DiagnosticCodes.BundleManifestWrong)]
    [InlineData("\"schemaVersion\":2", "\"schemaVersion\":2,\"x\":1", DiagnosticCodes.BundleManifestWrong)]
    [InlineData("\"artifact\"", "\"latest\"", DiagnosticCodes.BundleManifestWrong)]
    [InlineData("sha256:", "sha512:", DiagnosticCodes.BundleManifestWrong)]
    [InlineData("{\"manifests\"", "{ \"manifests\"", DiagnosticCodes.BundleManifestWrong)]
    public void Index_ThatNoWriterMakes_IsRefused(string old, string replacement, string code)
    {
        var index = Encoding.UTF8.GetString(Head(Sample(), Bill()).Index.ToJson());
        Assert.Contains(old, index, StringComparison.Ordinal);
        Assert.Equal(code, Refusal(WithIndex(Encoding.UTF8.GetBytes(index.Replace(old, replacement, StringComparison.Ordinal)))).Code);
    }

    [Fact]
    public void Referrer_OfAnotherArtifact_IsRefused()
    {
        var other = Head(ContentOf(("other", "other")));
        var foreign = new EvidenceManifest(EvidenceKind.CycloneDx, Bill().Digest, other.Id).ToJson();
        var (code, reason) = Refusal(WithReferrer(EvidenceKind.CycloneDx, foreign));
        Assert.Equal(DiagnosticCodes.BundleManifestWrong, code);
        Assert.Contains("not about the artifact of this bundle", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Referrer_ThatIsAKeyring_IsRefused()
    {
        var own = Encoding.UTF8.GetString(new EvidenceManifest(EvidenceKind.CycloneDx, Bill().Digest, Head(Sample()).Id).ToJson());
        var keyring = Encoding.UTF8.GetBytes(own.Replace("application/vnd.cyclonedx+json", "application/vnd.cairn.trust.v1", StringComparison.Ordinal));
        var (code, reason) = Refusal(WithReferrer(EvidenceKind.CycloneDx, keyring));
        Assert.Equal(DiagnosticCodes.BundleMediaType, code);
        Assert.Contains("`application/vnd.cairn.trust.v1`", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Referrer_OfAnotherKindThanTheIndexSays_IsRefused() =>
        Assert.Equal(DiagnosticCodes.BundleManifestWrong, Refusal(WithReferrer(EvidenceKind.Receipt, new EvidenceManifest(EvidenceKind.CycloneDx, Bill().Digest, Head(Sample()).Id).ToJson())).Code);

    [Fact]
    public void Proof_ThatWasStripped_IsRefused()
    {
        var whole = TestArchive.Of(Sample(), Bill());
        var document = whole.Entries.FindIndex(static e => e.Content.AsSpan().StartsWith("{\"bomFormat\""u8));
        whole.Entries.RemoveAt(document);
        Assert.Equal(DiagnosticCodes.BundleNotCanonical, Refusal(whole.ToBytes()).Code);
    }

    [Theory]
    [InlineData("a", "x", "A", "y", "differs from another name in case only")]
    [InlineData("dir/x", "x", "Dir/y", "y", "differs from another name in case only")]
    [InlineData("l", "->/etc/passwd", "f", "x", "which is not within the tree")]
    [InlineData("l", "->../x", "f", "x", "which is not within the tree")]
    [InlineData("d/l", "->../../x", "f", "x", "which is not within the tree")]
    [InlineData("d/l", "->sub/../../x", "f", "x", "which is not within the tree")]
    public void Tree_ThatLeadsElsewhere_IsRefused(string first, string firstText, string second, string secondText, string reason)
    {
        // As a writer without these checks makes it.
        ImmutableArray<TreeItem> items = [Item(first, firstText), Item(second, secondText)];
        var tree = TreeBlob.Encode(TreeBlob.TreeOf(items));
        var listing = TreeBlob.TryDecode(tree.AsSpan(), out _)!;
        var manifest = new ArtifactManifest(Digest.Of(tree.AsSpan()), [.. listing.Items.Where(static i => i.IsFile).Select(static i => new PayloadBlob(i.Leaf.Digest, i.Path))]);
        using var stream = new MemoryStream();
        var texts = new[] { firstText, secondText }.ToDictionary(static t => Digest.Of(Encoding.UTF8.GetBytes(t)), static t => t);
        BundleWriter.Write(stream, new BundleHead(manifest, tree, []), digest => new MemoryStream(Encoding.UTF8.GetBytes(texts[digest])), TestContext.Current.CancellationToken);
        var (code, text) = Refusal(stream.ToArray());
        Assert.Equal(DiagnosticCodes.BundleTreeWrong, code);
        Assert.Contains(reason, text, StringComparison.Ordinal);
        Assert.Equal(DiagnosticCodes.BundleTreeWrong, Assert.Throws<BundleException>(() => ContentOf((first, firstText), (second, secondText))).Code);

        static TreeItem Item(string path, string text) => new(path, IsFolder: false, text.StartsWith("->", StringComparison.Ordinal) ? new TreeLeaf(Digest.Empty, false, text[2..]) : new TreeLeaf(Digest.Of(Encoding.UTF8.GetBytes(text)), false));
    }

    [Fact]
    public void Manifest_ThatIsNotThatOfTheTree_IsRefused()
    {
        // Two files have changed places in the manifest, as an OCI client would pull them.
        var content = ContentOf(("a", "1"), ("b", "2"));
        var manifest = content.Manifest with { Payload = [content.Manifest.Payload[0] with { Path = "b" }, content.Manifest.Payload[1] with { Path = "a" }] };
        using var stream = new MemoryStream();
        BundleWriter.Write(stream, new BundleHead(manifest, content.Tree, []), content.Open, TestContext.Current.CancellationToken);
        Assert.Equal(DiagnosticCodes.BundleManifestWrong, Refusal(stream.ToArray()).Code);
    }

    [Theory]
    [InlineData(TypeAt, (byte)'2')]
    [InlineData(0, (byte)'/')]
    [InlineData(600, (byte)'!')]
    public void Layer_ThatIsNotThatOfTheTree_IsRefused(int at, byte value)
    {
        // With a digest that is right, so that only the tree can tell.
        var content = ContentOf([.. Enumerable.Range(0, 1_001).Select(static i => ($"f{i.ToString("d4", CultureInfo.InvariantCulture)}", "some text\n"))]);
        using var layer = new MemoryStream();
        using (var source = content.Open(content.Manifest.Payload[0].Digest))
        {
            source.CopyTo(layer);
        }

        var bytes = layer.ToArray();
        bytes[at] = value;
        Ustar.WriteChecksum(bytes.AsSpan(0, Ustar.BlockBytes));
        var manifest = content.Manifest with { Payload = [new PayloadBlob(Digest.Of(bytes), null)] };
        using var stream = new MemoryStream();
        BundleWriter.Write(stream, new BundleHead(manifest, content.Tree, []), _ => new MemoryStream(bytes), TestContext.Current.CancellationToken);
        Assert.True(Refusal(stream.ToArray()).Code is DiagnosticCodes.BundleNotCanonical or DiagnosticCodes.BundleDigestWrong);
    }

    [Fact]
    public void Random_Changes_AreNeverAccepted()
    {
        var good = TestArchive.Of(Sample(), Bill()).ToBytes();
        using var folder = new TemporaryFolder();
        var random = new Random(7);
        for (var i = 0; i < 300; i++)
        {
            var bad = (byte[])good.Clone();
            var at = random.Next(bad.Length);
            bad[at] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(folder["x.cab"], bad);
            Assert.Throws<BundleException>(() =>
            {
                using var bundle = BundleReader.Open(folder["x.cab"]);
                bundle.ReadFiles(null, TestContext.Current.CancellationToken);
            });
        }
    }

    /// <summary>The sample under another index.</summary>
    private static byte[] WithIndex(byte[] index)
    {
        var archive = TestArchive.Of(Sample(), Bill());
        archive.Entries[1] = (Ustar.OfPart("index.json", index.Length), index);
        return archive.ToBytes();
    }

    /// <summary>The sample with a manifest of a bill of materials that is given.</summary>
    private static byte[] WithReferrer(EvidenceKind kind, byte[] manifest)
    {
        var archive = TestArchive.Of(Sample(), Bill());
        var index = new BundleIndex(Head(Sample()).Id, [new Referrer(kind, Digest.Of(manifest))]);
        var nested = index.ToNestedJson();
        archive.Entries[1] = (Ustar.OfPart("index.json", index.ToJson().Length), index.ToJson());
        archive.Entries[3] = (Ustar.OfPart(BundleHead.NameOf(Digest.Of(nested)), nested.Length), nested);
        archive.Entries[4] = (Ustar.OfPart(BundleHead.NameOf(Digest.Of(manifest)), manifest.Length), manifest);
        return archive.ToBytes();
    }
}
