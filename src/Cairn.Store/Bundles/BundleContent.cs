using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Trust.Bundles;

namespace Cairn.Store.Bundles;

/// <summary>An artifact before it is in a bundle: its tree, its manifest, and where the bytes of its files come from.</summary>
public sealed class BundleContent
{
    private readonly ImmutableArray<TreeItem> _items;
    private readonly Func<TreeItem, Stream> _open;
    private readonly Dictionary<Digest, TreeItem> _files = [];

    private BundleContent(ImmutableArray<TreeItem> items, ImmutableArray<byte> tree, Func<TreeItem, Stream> open, Digest? layer)
    {
        _items = items;
        _open = open;
        Tree = tree;
        var payload = ImmutableArray.CreateBuilder<PayloadBlob>();
        foreach (var item in items)
        {
            if (item.IsFile)
            {
                _files.TryAdd(item.Leaf.Digest, item);
                payload.Add(new PayloadBlob(item.Leaf.Digest, item.Path));
            }
        }

        Manifest = new ArtifactManifest(Digest.Of(tree.AsSpan()), layer is { } blob ? [new PayloadBlob(blob, null)] : payload.DrainToImmutable());
    }

    /// <summary>The manifest of the artifact.</summary>
    public ArtifactManifest Manifest { get; }

    /// <summary>The blob of its tree.</summary>
    public ImmutableArray<byte> Tree { get; }

    /// <summary>What is in it.</summary>
    public ImmutableArray<TreeItem> Items => _items;

    /// <summary>Makes an artifact of files whose digests are known. Throws <see cref="BundleException"/> for a tree that bundles do not hold.</summary>
    /// <param name="items">Files, links and folders, in any order; folders only where they are empty.</param>
    /// <param name="open">Opens one of the files.</param>
    /// <param name="layer">The digest of the layer of them where the caller knows it.</param>
    public static BundleContent Of(ImmutableArray<TreeItem> items, Func<TreeItem, Stream> open, Digest? layer = null)
    {
        ArgumentNullException.ThrowIfNull(open);
        var tree = TreeBlob.Encode(TreeBlob.TreeOf(items));
        if (TreeBlob.TryDecode(tree.AsSpan(), out var problem) is not { } listing)
        {
            throw new BundleException(DiagnosticCodes.BundleTooLarge, $"These files are no tree of a bundle: {problem}");
        }

        if (TreeBlob.ProblemOf(listing.Items) is { } unsafeReason)
        {
            throw new BundleException(DiagnosticCodes.BundleTreeWrong, $"These files cannot be bundled: {unsafeReason}");
        }

        if (layer is null && listing.Items.Count(static i => i.IsFile) > Trust.Limits.BundleBlobFilesMax)
        {
            using var stream = new LayerStream(listing.Items, open);
            layer = BundleWriter.Copy(stream, Stream.Null, LayerStream.LengthOf(listing.Items), CancellationToken.None);
        }

        return new BundleContent(listing.Items, tree, open, layer);
    }

    /// <summary>Opens a blob of the payload.</summary>
    public Stream Open(Digest blob) => Manifest.HasLayer ? new LayerStream(_items, _open) : _open(_files[blob]);
}
