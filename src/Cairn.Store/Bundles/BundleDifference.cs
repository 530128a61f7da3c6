using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Trust.Bundles;

namespace Cairn.Store.Bundles;

/// <summary>How two bundles differ.</summary>
/// <param name="Before">The artifact of the first.</param>
/// <param name="After">The artifact of the second.</param>
/// <param name="Files">Differences of the trees, in the order of the bytes of their paths.</param>
/// <param name="Removed">Documents that only the first has.</param>
/// <param name="Added">Documents that only the second has.</param>
public sealed record BundleDifference(Digest Before, Digest After, ImmutableArray<TreeChange> Files, ImmutableArray<BundleEvidence> Removed, ImmutableArray<BundleEvidence> Added)
{
    /// <summary>Whether they are the same bytes.</summary>
    public bool IsEmpty => Before == After && Removed.IsEmpty && Added.IsEmpty;

    /// <summary>Compares two bundles by their trees and documents.</summary>
    public static BundleDifference Between(BundleReader before, BundleReader after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var folders = new Dictionary<Digest, ImmutableArray<byte>>();
        var roots = new Digest[2];
        foreach (var (bundle, index) in (ReadOnlySpan<(BundleReader, int)>)[(before, 0), (after, 1)])
        {
            var tree = TreeBlob.TreeOf(bundle.Items);
            roots[index] = tree.Root;
            foreach (var folder in tree.Directories)
            {
                folders[folder.Digest] = folder.Content;
            }
        }

        var files = TreeDifference.Between(roots[0], roots[1], digest => folders.TryGetValue(digest, out var content) ? content : null, Core.Limits.TreeItemsMax).Changes;
        var (left, right) = (before.Head.Evidence.Select(Name).ToHashSet(), after.Head.Evidence.Select(Name).ToHashSet());
        return new BundleDifference(
            before.Head.Id, after.Head.Id, files, [.. before.Head.Evidence.Where(e => !right.Contains(Name(e)))], [.. after.Head.Evidence.Where(e => !left.Contains(Name(e)))]);

        static (EvidenceKind, Digest, string?) Name(BundleEvidence evidence) => (evidence.Kind, evidence.Digest, evidence.Envelope);
    }
}
