using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Bundles;
using Cairn.Testing;
using Cairn.Trust.Bundles;

namespace Cairn.Tests.Bundles;

/// <summary>Bundles of files in memory, and archives that no writer makes.</summary>
internal static class BundleTesting
{
    /// <summary>An artifact of files by path; <c>+x</c> at the end of a path makes it executable, and a text that begins with <c>-&gt;</c> a link.</summary>
    public static BundleContent ContentOf(params ReadOnlySpan<(string Path, string Text)> files)
    {
        var items = ImmutableArray.CreateBuilder<TreeItem>();
        var bytes = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var (path, text) in files)
        {
            var content = Encoding.UTF8.GetBytes(text);
            if (path.EndsWith('/'))
            {
                items.Add(new TreeItem(path[..^1], IsFolder: true, default));
            }
            else if (text.StartsWith("->", StringComparison.Ordinal))
            {
                items.Add(new TreeItem(path, IsFolder: false, new TreeLeaf(Digest.Empty, false, text[2..])));
            }
            else
            {
                var name = path.EndsWith("+x", StringComparison.Ordinal) ? path[..^2] : path;
                bytes[name] = content;
                items.Add(new TreeItem(name, IsFolder: false, new TreeLeaf(Digest.Of(content), name != path)));
            }
        }

        return BundleContent.Of(items.DrainToImmutable(), item => new MemoryStream(bytes[item.Path]));
    }

    /// <summary>Two files, a program, a link and an empty folder.</summary>
    public static BundleContent Sample() => ContentOf(("bin/tool+x", "#!/bin/sh\necho tool\n"), ("bin/alias", "->tool"), ("doc/readme.txt", "Read me\n"), ("doc/copy.txt", "Read me\n"), ("empty/", ""));

    public static BundleHead Head(BundleContent content, params ImmutableArray<BundleEvidence> evidence) => new(content.Manifest, content.Tree, evidence);

    public static byte[] Bytes(BundleContent content, params ImmutableArray<BundleEvidence> evidence)
    {
        using var stream = new MemoryStream();
        BundleWriter.Write(stream, Head(content, evidence), content.Open, TestContext.Current.CancellationToken);
        return stream.ToArray();
    }

    public static BundleEvidence Bill(string name = "app") => new(EvidenceKind.CycloneDx, [.. Encoding.UTF8.GetBytes("""{"bomFormat":"CycloneDX","metadata":{"component":{"name":"NAME"}}}""".Replace("NAME", name, StringComparison.Ordinal))]);

    /// <summary>Why an archive is refused: its code and its reason. Whatever it is, nothing is left behind but what was there.</summary>
    public static (string Code, string Reason) Refusal(byte[] archive)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["in"]);
        File.WriteAllBytes(folder["in/x.cab"], archive);
        var exception = Assert.Throws<BundleException>(() =>
        {
            using var bundle = BundleReader.Open(folder["in/x.cab"]);
            BundleExtractor.Extract(bundle, folder["in/out"], TestContext.Current.CancellationToken);
        });
        Assert.Equal([folder["in"]], Directory.EnumerateFileSystemEntries(folder.Path));
        Assert.Equal([folder["in/x.cab"]], Directory.EnumerateFileSystemEntries(folder["in"]));
        return (exception.Code, exception.Message);
    }
}

/// <summary>The entries of an archive, to be changed one by one.</summary>
internal sealed class TestArchive
{
    public List<(byte[] Header, byte[] Content)> Entries { get; } = [];

    public byte[] End { get; set; } = new byte[Ustar.EndBytes];

    /// <summary>The entries of a bundle.</summary>
    public static TestArchive Of(BundleContent content, params ImmutableArray<BundleEvidence> evidence)
    {
        var archive = new TestArchive();
        foreach (var part in BundleTesting.Head(content, evidence).Parts)
        {
            using var blob = new MemoryStream();
            if (part.Content.IsDefault)
            {
                using var source = content.Open(part.Digest);
                source.CopyTo(blob);
            }
            else
            {
                blob.Write(part.Content.AsSpan());
            }

            archive.Entries.Add((Ustar.OfPart(part.Name, part.Digest.SizeBytes), blob.ToArray()));
        }

        return archive;
    }

    /// <summary>Adds an entry.</summary>
    public TestArchive Add(int index, string name, string content, Action<byte[]>? change = null)
    {
        var header = Ustar.OfPart(name, content.Length);
        change?.Invoke(header);
        Ustar.WriteChecksum(header);
        Entries.Insert(index, (header, Encoding.UTF8.GetBytes(content)));
        return this;
    }

    /// <summary>Changes a header, and sets its checksum right.</summary>
    public TestArchive Change(int index, Action<byte[]> change)
    {
        change(Entries[index].Header);
        Ustar.WriteChecksum(Entries[index].Header.AsSpan(^Ustar.BlockBytes..));
        return this;
    }

    public byte[] ToBytes() => [.. Entries.SelectMany(static e => e.Header.Concat(e.Content).Concat(new byte[Ustar.Padding(e.Content.Length)])), .. End];
}
