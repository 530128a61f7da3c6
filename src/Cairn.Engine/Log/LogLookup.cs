using System.Runtime.CompilerServices;

using Cairn.Trust.Log;
using Cairn.Trust.Verification;

namespace Cairn.Engine.Log;

/// <summary>
/// Looks for entries of a log that is read from elsewhere, which has tiles and no listing: from the newest back. Every tile that is looked at is held against the root of the checkpoint, so that neither what is
/// found nor what is not there is the log's word. Throws what <see cref="LogReader"/> does. One question at a time.
/// </summary>
/// <param name="reader">What reads the log.</param>
/// <param name="seen">The checkpoint that answers.</param>
public sealed class LogLookup(LogReader reader, JudgedCheckpoint seen)
{
    private const int TilesAtOnce = 8;

    // What stands above the leaves, and the edge of the tree: a tile for 65,536 entries.
    private readonly Dictionary<TilePath, byte[]> _above = [];

    /// <summary>The checkpoint that answers.</summary>
    public JudgedCheckpoint Seen { get; } = seen;

    private long Size => Seen.Checkpoint.Size;

    private MerkleHash Root => MerkleHash.Read(Seen.Checkpoint.Root.AsSpan());

    /// <summary>Where a leaf stands; null where it certainly does not.</summary>
    public async Task<long?> FindAsync(MerkleHash leaf, CancellationToken cancellationToken)
    {
        await foreach (var (tile, hashes) in BackwardsAsync(level: 0, cancellationToken).ConfigureAwait(false))
        {
            await HoldAsync(tile, hashes, cancellationToken).ConfigureAwait(false);
            for (var i = tile.Width - 1; i >= 0; i--)
            {
                if (MerkleHash.Read(hashes.AsSpan(i * MerkleHash.Bytes, MerkleHash.Bytes)) == leaf)
                {
                    return (tile.Index << TilePath.Height) + i;
                }
            }
        }

        return null;
    }

    /// <summary>The entries, the newest first.</summary>
    public async IAsyncEnumerable<(long Index, byte[] Leaf)> NewestAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (tile, bundle) in BackwardsAsync(TilePath.EntriesLevel, cancellationToken).ConfigureAwait(false))
        {
            if (EntryBundle.TrySplit(bundle, tile.Width) is not { } places)
            {
                throw Tampered($"`{tile}` of {reader.Source.Place} has not {tile.Width} entries");
            }

            var hashes = new byte[places.Length * MerkleHash.Bytes];
            for (var i = 0; i < places.Length; i++)
            {
                MerkleHash.Leaf(bundle[places[i]]).Write(hashes.AsSpan(i * MerkleHash.Bytes));
            }

            await HoldAsync(tile with { Level = 0 }, hashes, cancellationToken).ConfigureAwait(false);
            for (var i = places.Length - 1; i >= 0; i--)
            {
                yield return ((tile.Index << TilePath.Height) + i, bundle[places[i]]);
            }
        }
    }

    /// <summary>Proves that the leaf of an index stands there.</summary>
    public async Task<TlogProof> ProveAsync(long index, CancellationToken cancellationToken)
    {
        var (leaf, inclusion) = await reader.AskAsync(Size, tree => (tree.Leaf(index), InclusionProof.Make(tree, index)), cancellationToken).ConfigureAwait(false);
        return inclusion.Verifies(leaf, Root) ? TlogProof.Of(inclusion, Seen.Note) : throw Tampered(Disagrees());
    }

    /// <summary>Tiles of a level from the last to the first, few at once where few are asked for.</summary>
    private async IAsyncEnumerable<(TilePath Tile, byte[] Bytes)> BackwardsAsync(int level, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var next = (Size - 1) >> TilePath.Height;
        for (var atOnce = 1; next >= 0; atOnce = Math.Min(atOnce * 2, TilesAtOnce))
        {
            var tiles = new TilePath[Math.Min(atOnce, next + 1)];
            for (var i = 0; i < tiles.Length; i++, next--)
            {
                tiles[i] = TilePath.Holding(level, next << TilePath.Height, Size);
            }

            var read = await Task.WhenAll(tiles.Select(t => reader.Source.ReadTileAsync(t, cancellationToken))).ConfigureAwait(false);
            for (var i = 0; i < tiles.Length; i++)
            {
                yield return (tiles[i], read[i]);
            }
        }
    }

    /// <summary>Holds a tile of leaf hashes against the root: the way from its first leaf goes past all the others of it.</summary>
    private async Task HoldAsync(TilePath tile, byte[] hashes, CancellationToken cancellationToken)
    {
        if (hashes.Length != tile.Bytes)
        {
            throw Tampered($"`{tile}` of {reader.Source.Place} has {hashes.Length} bytes, not {tile.Bytes}");
        }

        var first = tile.Index << TilePath.Height;
        var missing = TileTree.TilesFor(Size, tree => _ = InclusionProof.Make(tree, first)).RemoveAll(t => t == tile || _above.ContainsKey(t));
        var fetched = await reader.FetchAsync(missing, cancellationToken).ConfigureAwait(false);
        foreach (var above in missing)
        {
            _above[above] = fetched.ReadTile(above).ToArray();
        }

        if (!InclusionProof.Make(new TileTree(new Beside(_above, tile, hashes), Size), first).Verifies(MerkleHash.Read(hashes.AsSpan(0, MerkleHash.Bytes)), Root))
        {
            throw Tampered(Disagrees());
        }
    }

    private string Disagrees() => $"The tiles of {reader.Source.Place} do not hold what its checkpoint of {Size} entries says";

    private LogBreachException Tampered(string message) => new(LogBreach.Tampered, message, seen: Seen.Note);

    private sealed class Beside(Dictionary<TilePath, byte[]> above, TilePath held, byte[] hashes) : ITileSource
    {
        public ReadOnlyMemory<byte> ReadTile(TilePath tile) => tile == held ? hashes : above[tile];
    }
}
