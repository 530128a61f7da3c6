using System.Collections.Immutable;

namespace Cairn.Trust.Log;

/// <summary>Where the hashes of a log come from: a folder, a server, memory. Pure callers ask, others answer.</summary>
public interface ITileSource
{
    /// <summary>The hashes of a tile, <see cref="TilePath.Bytes"/> bytes. Throws where they are not to be had.</summary>
    ReadOnlyMemory<byte> ReadTile(TilePath tile);
}

/// <summary>A tree of a size whose hashes stand in tiles. What the tiles say is believed here: a proof or a root made of wrong ones does not hold against a signed checkpoint.</summary>
/// <param name="tiles">Its tiles.</param>
/// <param name="size">How many leaves it has.</param>
public sealed class TileTree(ITileSource tiles, long size)
{
    /// <summary>How many leaves it has.</summary>
    public long Size { get; } = size >= 0 ? size : throw new ArgumentOutOfRangeException(nameof(size));

    /// <summary>The tiles that a question to a tree of a size is answered from, so that whoever has to fetch them can do so at once.</summary>
    /// <param name="size">The size.</param>
    /// <param name="question">The question: <c>tree =&gt; InclusionProof.Make(tree, 7)</c>.</param>
    public static ImmutableArray<TilePath> TilesFor(long size, Action<TileTree> question)
    {
        ArgumentNullException.ThrowIfNull(question);
        var recorder = new Recorder();
        question(new TileTree(recorder, size));
        return recorder.Tiles;
    }

    /// <summary>The root: RFC 6962's hash over all leaves.</summary>
    public MerkleHash Root() => Size == 0 ? MerkleHash.Empty : Hash(0, Size);

    /// <summary>The hash of a leaf.</summary>
    public MerkleHash Leaf(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Size);
        return Subtree(0, index);
    }

    /// <summary>The hash over leaves that stand beside each other; a range that a proof can ask for.</summary>
    internal MerkleHash Hash(long start, long end)
    {
        var count = end - start;
        if (long.IsPow2(count))
        {
            var height = long.Log2(count);
            return Subtree((int)height, start >> (int)height);
        }

        var split = SplitOf(count);
        return MerkleHash.Node(Hash(start, start + split), Hash(start + split, end));
    }

    /// <summary>The largest power of two below a number of leaves: how many of them stand in the left tree.</summary>
    internal static long SplitOf(long count) => 1L << (int)long.Log2(count - 1);

    /// <summary>The hash over a full tile, as the tile above has it.</summary>
    public static MerkleHash FoldTile(ReadOnlySpan<byte> hashes) =>
        hashes.Length == TilePath.WidthMax * MerkleHash.Bytes ? Fold(hashes) : throw new ArgumentException("The tile is not full", nameof(hashes));

    private MerkleHash Subtree(int height, long index)
    {
        var level = height / TilePath.Height;
        var within = height % TilePath.Height;
        var first = index << within;
        var tile = TilePath.Holding(level, first, Size);
        var bytes = tiles.ReadTile(tile).Span;
        if (bytes.Length != tile.Bytes)
        {
            throw new InvalidDataException($"`{tile}` has {bytes.Length} bytes, not {tile.Bytes}");
        }

        return Fold(bytes.Slice((int)(first & (TilePath.WidthMax - 1)) * MerkleHash.Bytes, MerkleHash.Bytes << within));
    }

    /// <summary>The hash over hashes that stand beside each other, a power of two of them.</summary>
    internal static MerkleHash Fold(ReadOnlySpan<byte> hashes) =>
        hashes.Length == MerkleHash.Bytes ? MerkleHash.Read(hashes) : MerkleHash.Node(Fold(hashes[..(hashes.Length / 2)]), Fold(hashes[(hashes.Length / 2)..]));

    private sealed class Recorder : ITileSource
    {
        private readonly ImmutableArray<TilePath>.Builder _tiles = ImmutableArray.CreateBuilder<TilePath>();

        public ImmutableArray<TilePath> Tiles => _tiles.ToImmutable();

        public ReadOnlyMemory<byte> ReadTile(TilePath tile)
        {
            if (!_tiles.Contains(tile))
            {
                _tiles.Add(tile);
            }

            return new byte[tile.Bytes];
        }
    }
}
