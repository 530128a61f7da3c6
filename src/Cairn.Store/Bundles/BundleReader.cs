using System.Collections.Immutable;
using System.Security.Cryptography;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Store.Content;
using Cairn.Trust.Bundles;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Bundles;

/// <summary>
/// Reads bundles that nobody vouches for. From the index on every byte of the archive is known before it is read: a header that is not the very one that a writer makes, or content that does not have
/// its digest, ends the reading with a <see cref="BundleException"/>. So an archive has no way to name a place of its own.
/// </summary>
public sealed class BundleReader : IDisposable
{
    private const long TreeFilesBytesMax = 1L << 60;

    private readonly SafeFileHandle _file;
    private readonly long _length;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<Digest, ImmutableArray<byte>> _contents = [];
    private Dictionary<Digest, (BundlePart Part, long Start)>? _places;
    private long _at;

    private BundleReader(SafeFileHandle file)
    {
        _file = file;
        _length = RandomAccess.GetLength(file);
        Head = ReadHead();
        Items = ReadTree(Head);
        CheckLength();
    }

    /// <summary>All of the bundle but the bytes of its files.</summary>
    public BundleHead Head { get; }

    /// <summary>What is in its tree.</summary>
    public ImmutableArray<TreeItem> Items { get; }

    /// <summary>The bytes of the archive.</summary>
    public long SizeBytes => _length;

    /// <summary>Opens a bundle and reads all but the files. Throws <see cref="BundleException"/> for one that is not as it should be, <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/>.</summary>
    public static BundleReader Open(string path)
    {
        SafeFileHandle? file = null;
        try
        {
            file = File.OpenHandle(path);
            return new BundleReader(file);
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    /// <summary>Whether a file begins as a bundle does.</summary>
    public static bool Begins(string path)
    {
        try
        {
            var header = Ustar.OfPart("oci-layout", BundleIndex.Layout.Length);
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var head = new byte[header.Length];
            return stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length && head.AsSpan().SequenceEqual(header);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Reads the files, verified, and gives them to a sink; without one they are only verified. Throws <see cref="BundleException"/>.</summary>
    public void ReadFiles(IFileSink? sink, CancellationToken cancellationToken)
    {
        _at = StartOfPayload();
        var byDigest = new Dictionary<Digest, List<TreeItem>>();
        foreach (var item in Items)
        {
            if (item.IsFile && !Head.Artifact.HasLayer)
            {
                if (!byDigest.TryGetValue(item.Leaf.Digest, out var same))
                {
                    byDigest.Add(item.Leaf.Digest, same = []);
                }

                same.Add(item);
            }
        }

        foreach (var blob in Head.Artifact.Payload)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (blob.Path is null)
            {
                ReadLayer(blob.Digest, sink, cancellationToken);
            }
            else if (byDigest.Remove(blob.Digest, out var files))
            {
                ReadBlob(blob.Digest, files, sink, cancellationToken);
            }
        }

        Expect(new byte[Ustar.EndBytes], null);
    }

    /// <summary>Opens a blob of the payload as it stands there: who reads it checks it.</summary>
    public Stream OpenBlob(Digest blob) => (_places ??= PlacesOf(Head)).TryGetValue(blob, out var place)
        ? place.Part.Content.IsDefault ? new FileSection(_file, place.Start, blob.SizeBytes) : new MemoryStream([.. place.Part.Content], writable: false)
        : throw new ArgumentException($"The bundle has no blob `{blob}`", nameof(blob));

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private BundleHead ReadHead()
    {
        _ = Read("oci-layout", Digest.Of(BundleIndex.Layout));
        var index = BundleIndex.Read(ReadIndex().AsSpan());
        _known.Add(BundleHead.NameOf(index.Artifact));
        foreach (var referrer in index.Referrers)
        {
            _known.Add(BundleHead.NameOf(referrer.Manifest));
        }

        var artifact = ArtifactManifest.Read(ReadBlob(index.Artifact, Trust.Limits.BundleManifestBytesMax, "The manifest of the artifact").AsSpan());
        foreach (var blob in artifact.Payload)
        {
            _known.Add(BundleHead.NameOf(blob.Digest));
        }

        _known.Add(BundleHead.NameOf(artifact.Tree));
        _ = ReadBlob(Digest.Of(index.ToNestedJson()), Trust.Limits.BundleIndexBytesMax, "The index");
        var manifests = new List<EvidenceManifest>(index.Referrers.Length);
        long documents = 0;
        foreach (var referrer in index.Referrers)
        {
            var manifest = EvidenceManifest.Read(ReadBlob(referrer.Manifest, Trust.Limits.BundleManifestBytesMax, "The manifest of a referrer").AsSpan(), index.Artifact);
            if (manifest.Kind != referrer.Kind)
            {
                throw new BundleException(DiagnosticCodes.BundleManifestWrong, $"`index.json` lists a {EvidenceWords.Of(referrer.Kind)}, and its manifest is of a {EvidenceWords.Of(manifest.Kind)}");
            }

            manifests.Add(manifest);
            _known.Add(BundleHead.NameOf(manifest.Document));
            documents += manifest.Document.SizeBytes;
            Bound(documents, Trust.Limits.BundleEvidenceBytesMax, "All documents together");
        }

        if (manifests.Count > 0)
        {
            _ = ReadBlob(EvidenceManifest.EmptyConfigDigest, 2, "The empty configuration");
        }

        ImmutableArray<BundleEvidence> evidence =
            [.. manifests.Select(m => new BundleEvidence(m.Kind, ReadBlob(m.Document, Trust.Limits.BundleEvidenceBytesMax, "A document"), m.Envelope))];
        return new BundleHead(artifact, ReadBlob(artifact.Tree, Trust.Limits.BundleTreeBytesMax, "The tree"), evidence);
    }

    private static ImmutableArray<TreeItem> ReadTree(BundleHead head)
    {
        if (TreeBlob.TryDecode(head.Tree.AsSpan(), out var problem) is not { } listing)
        {
            throw new BundleException(DiagnosticCodes.BundleTreeWrong, $"The tree of the bundle cannot be read: {problem}");
        }

        if (TreeBlob.ProblemOf(listing.Items) is { } isUnsafe)
        {
            throw new BundleException(DiagnosticCodes.BundleTreeWrong, $"The tree of the bundle is refused: {isUnsafe}");
        }

        // Sizes are what a stranger says they are: added up as numbers of 64 bits they could come to less than nothing.
        var bytes = listing.Items.Sum(static i => i.IsFile ? (decimal)i.Leaf.Digest.SizeBytes : 0);
        if (bytes > TreeFilesBytesMax)
        {
            throw new BundleException(DiagnosticCodes.BundleTooLarge, $"The files of the bundle are said to have {bytes} bytes together, which no disk has room for");
        }

        return head.Artifact.ProblemBeside(listing.Items) is { } mismatch
            ? throw new BundleException(DiagnosticCodes.BundleManifestWrong, $"The manifest of the artifact is not that of its tree: {mismatch}")
            : listing.Items;
    }

    /// <summary>How long the archive is follows from its head: a length that is promised and not there is found before anything is unpacked.</summary>
    private void CheckLength()
    {
        decimal end = StartOfPayload() + Ustar.EndBytes;
        foreach (var part in Head.Parts)
        {
            if (part.Content.IsDefault)
            {
                end += (decimal)part.Digest.SizeBytes + Ustar.OfPart(part.Name, part.Digest.SizeBytes).Length + Ustar.Padding(part.Digest.SizeBytes);
            }
        }

        if (_length < end)
        {
            throw new BundleException(DiagnosticCodes.BundleUnreadable, $"The archive has {_length} bytes, and what it says it holds takes {end}");
        }

        if (_length > end)
        {
            // Told when the end is read: what stands there has a reason of its own.
            foreach (var part in Head.Parts)
            {
                _known.Add(part.Name);
            }
        }
    }

    /// <summary>Where the content of each part begins.</summary>
    private static Dictionary<Digest, (BundlePart Part, long Start)> PlacesOf(BundleHead head)
    {
        var places = new Dictionary<Digest, (BundlePart, long)>(head.Parts.Length);
        long at = 0;
        foreach (var part in head.Parts)
        {
            at += Ustar.OfPart(part.Name, part.Digest.SizeBytes).Length;
            places.TryAdd(part.Digest, (part, at));
            at += part.Digest.SizeBytes + Ustar.Padding(part.Digest.SizeBytes);
        }

        return places;
    }

    private long StartOfPayload()
    {
        long at = 0;
        foreach (var part in Head.Parts)
        {
            at += part.Content.IsDefault ? 0 : Ustar.OfPart(part.Name, part.Digest.SizeBytes).Length + part.Digest.SizeBytes + Ustar.Padding(part.Digest.SizeBytes);
        }

        return at;
    }

    private ImmutableArray<byte> ReadIndex()
    {
        // The one size that nothing before it tells.
        var block = new byte[Ustar.BlockBytes];
        var count = RandomAccess.Read(_file, block, _at);
        long size = 0;
        foreach (var digit in block.AsSpan(124, 11))
        {
            size = digit is >= (byte)'0' and <= (byte)'7' ? (size << 3) + (digit - '0') : long.MaxValue >> 3;
            if (size > long.MaxValue >> 4)
            {
                break;
            }
        }

        if (count == block.Length && size > Trust.Limits.BundleIndexBytesMax && block.AsSpan(0, 10).SequenceEqual("index.json"u8))
        {
            Bound(size, Trust.Limits.BundleIndexBytesMax, "The index");
        }

        Expect(Ustar.OfPart("index.json", Math.Min(size, Trust.Limits.BundleIndexBytesMax)), "index.json");
        return ReadContent(size, "index.json");
    }

    private ImmutableArray<byte> Read(string name, Digest digest)
    {
        Expect(Ustar.OfPart(name, digest.SizeBytes), name);
        var content = ReadContent(digest.SizeBytes, name);
        return Digest.Of(content.AsSpan()) == digest ? content : throw Wrong(name);
    }

    private ImmutableArray<byte> ReadBlob(Digest digest, int bytesMax, string what)
    {
        if (_contents.TryGetValue(digest, out var content))
        {
            return content;
        }

        Bound(digest.SizeBytes, bytesMax, what);
        _known.Add(BundleHead.NameOf(digest));
        content = Read(BundleHead.NameOf(digest), digest);
        _contents.Add(digest, content);
        return content;
    }

    private ImmutableArray<byte> ReadContent(long size, string name)
    {
        if (_length - _at < size)
        {
            throw new BundleException(DiagnosticCodes.BundleUnreadable, $"The archive ends within `{name}`");
        }

        var content = new byte[size];
        for (var total = 0; total < content.Length;)
        {
            var count = RandomAccess.Read(_file, content.AsSpan(total), _at + total);
            total += count > 0 ? count : throw new BundleException(DiagnosticCodes.BundleUnreadable, $"The archive ends within `{name}`");
        }

        _at += size;
        Pad(size, name);
        _read.Add(name);
        return ImmutableCollectionsMarshalOf(content);
    }

    private static ImmutableArray<byte> ImmutableCollectionsMarshalOf(byte[] content) => System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(content);

    private void Pad(long size, string name)
    {
        Span<byte> padding = stackalloc byte[Ustar.Padding(size)];
        if (RandomAccess.Read(_file, padding, _at) != padding.Length)
        {
            throw new BundleException(DiagnosticCodes.BundleUnreadable, $"The archive ends within `{name}`");
        }

        if (padding.IndexOfAnyExcept((byte)0) >= 0)
        {
            throw new BundleException(DiagnosticCodes.BundleNotCanonical, $"What pads `{name}` are no zeros");
        }

        _at += padding.Length;
    }

    /// <summary>Reads the bytes that have to come.</summary>
    /// <param name="expected">They.</param>
    /// <param name="name">The entry that they are the header of; null for the end.</param>
    private void Expect(byte[] expected, string? name)
    {
        var actual = new byte[expected.Length];
        var count = RandomAccess.Read(_file, actual, _at);
        if (count != actual.Length || !actual.AsSpan().SequenceEqual(expected))
        {
            throw TarFault.Explain(actual.AsSpan(0, count), name, _read, _known);
        }

        _at += expected.Length;
        if (name is null && _at != _length)
        {
            throw new BundleException(DiagnosticCodes.BundleUnreferenced, $"Something follows the end of the archive: {_length - _at} bytes");
        }
    }

    private void ReadBlob(Digest digest, List<TreeItem> files, IFileSink? sink, CancellationToken cancellationToken)
    {
        sink?.Begin(files[0]);
        if (_contents.TryGetValue(digest, out var known))
        {
            sink?.Write(known.AsSpan());
        }
        else
        {
            var name = BundleHead.NameOf(digest);
            Expect(Ustar.OfPart(name, digest.SizeBytes), name);
            using var hash = new StreamingHash(digest.SizeBytes);
            while (hash.Length < digest.SizeBytes)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var count = Fill(hash.Buffer[..(int)Math.Min(hash.Buffer.Length, digest.SizeBytes - hash.Length)], name);
                var content = hash.Append(count);
                sink?.Write(content);
                hash.Advance();
            }

            if (hash.Finish() != digest)
            {
                throw Wrong(files[0].Path);
            }

            Pad(digest.SizeBytes, name);
            _read.Add(name);
        }

        sink?.End();
        foreach (var other in files.Skip(1))
        {
            cancellationToken.ThrowIfCancellationRequested();
            sink?.Repeat(other, files[0]);
        }
    }

    /// <summary>Reads the layer of all files beside the tree: each header has to be the one that the tree makes, each file has to have the digest that the tree names.</summary>
    private void ReadLayer(Digest digest, IFileSink? sink, CancellationToken cancellationToken)
    {
        var name = BundleHead.NameOf(digest);
        if (digest.SizeBytes != LayerStream.LengthOf(Items))
        {
            throw new BundleException(DiagnosticCodes.BundleManifestWrong, $"The layer of the files has {digest.SizeBytes} bytes, and the tree makes one of {LayerStream.LengthOf(Items)}");
        }

        Expect(Ustar.OfPart(name, digest.SizeBytes), name);
        using var layer = new BlockHash();
        using var reader = new SectionReader(_file, _at, digest.SizeBytes);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var item in Items)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Same(Ustar.OfItem(item), item.Path);
            if (!item.IsFile)
            {
                continue;
            }

            sink?.Begin(item);
            for (var rest = item.Leaf.Digest.SizeBytes; rest > 0;)
            {
                var content = reader.Next((int)Math.Min(rest, int.MaxValue), name);
                layer.Append(content);
                hash.AppendData(content);
                sink?.Write(content);
                rest -= content.Length;
            }

            if (new Digest(hash.GetHashAndReset(), item.Leaf.Digest.SizeBytes) != item.Leaf.Digest)
            {
                throw Wrong(item.Path);
            }

            sink?.End();
            Same(new byte[Ustar.Padding(item.Leaf.Digest.SizeBytes)], item.Path);
        }

        Same(new byte[Ustar.EndBytes], name);
        if (layer.Finish() != digest)
        {
            throw Wrong(name);
        }

        _at += digest.SizeBytes;
        Pad(digest.SizeBytes, name);
        _read.Add(name);

        void Same(ReadOnlySpan<byte> expected, string path)
        {
            layer.Append(expected);
            while (!expected.IsEmpty)
            {
                var actual = reader.Next(expected.Length, name);
                if (!actual.SequenceEqual(expected[..actual.Length]))
                {
                    throw new BundleException(DiagnosticCodes.BundleNotCanonical, $"The layer of the files is not that of the tree: it differs at `{path}`");
                }

                expected = expected[actual.Length..];
            }
        }
    }

    private int Fill(Span<byte> buffer, string name)
    {
        var count = RandomAccess.Read(_file, buffer, _at);
        _at += count;
        return count > 0 ? count : throw new BundleException(DiagnosticCodes.BundleUnreadable, $"The archive ends within `{name}`");
    }

    private static BundleException Wrong(string what) => new(DiagnosticCodes.BundleDigestWrong, $"The bytes of `{what}` do not have the digest that it is named by");

    private static void Bound(long bytes, long bytesMax, string what)
    {
        if (bytes > bytesMax)
        {
            throw new BundleException(DiagnosticCodes.BundleTooLarge, $"{what} of a bundle has {bytesMax >> 20} MiB at most, not {bytes} bytes");
        }
    }
}
