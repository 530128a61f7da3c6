namespace Cairn.Trust.Log;

/// <summary>The right edge of a tree: on each level the hashes of the tile that is not full. From it the tree grows and has its root, whatever stands to the left.</summary>
public sealed class TreeEdge
{
    private const int LevelsMax = 8;

    // Row L holds the hashes of the partial tile of level L.
    private readonly byte[]?[] _levels = new byte[LevelsMax][];

    /// <summary>How many leaves the tree has.</summary>
    public long Size { get; private set; }

    /// <summary>The edge of a tree that stands in tiles.</summary>
    public static TreeEdge Read(ITileSource tiles, long size)
    {
        ArgumentNullException.ThrowIfNull(tiles);
        var edge = new TreeEdge { Size = size };
        for (var level = 0; TilePath.HashesOf(level, size) is > 0 and var hashes; level++)
        {
            if ((hashes & (TilePath.WidthMax - 1)) != 0)
            {
                var tile = TilePath.Holding(level, hashes - 1, size);
                var bytes = tiles.ReadTile(tile).Span;
                if (bytes.Length != tile.Bytes)
                {
                    throw new InvalidDataException($"`{tile}` has {bytes.Length} bytes, not {tile.Bytes}");
                }

                bytes.CopyTo(edge.Level(level));
            }
        }

        return edge;
    }

    /// <summary>Adds a leaf. <paramref name="full"/> is called for each tile that it fills, from the leaf upwards, with the hashes of it, which are only there during the call.</summary>
    public void Append(in MerkleHash leaf, FullTile full)
    {
        ArgumentNullException.ThrowIfNull(full);
        var hash = leaf;
        Size++;
        for (var level = 0; ; level++)
        {
            var count = TilePath.HashesOf(level, Size);
            var hashes = Level(level);
            hash.Write(hashes.AsSpan((int)((count - 1) & (TilePath.WidthMax - 1)) * MerkleHash.Bytes));
            if ((count & (TilePath.WidthMax - 1)) != 0)
            {
                return;
            }

            full(new TilePath(level, (count >> TilePath.Height) - 1, TilePath.WidthMax), hashes);
            hash = TileTree.Fold(hashes);
        }
    }

    /// <summary>The tile of a level that is not full; null where it has no hashes.</summary>
    public TilePath? PartialOf(int level)
    {
        var hashes = TilePath.HashesOf(level, Size);
        return (hashes & (TilePath.WidthMax - 1)) == 0 ? null : TilePath.Holding(level, hashes - 1, Size);
    }

    /// <summary>The hashes of that tile.</summary>
    public ReadOnlySpan<byte> HashesOf(TilePath partial) => Level(partial.Level).AsSpan(0, partial.Bytes);

    /// <summary>How many levels of tiles the tree has.</summary>
    public int Levels
    {
        get
        {
            var levels = 0;
            while (TilePath.HashesOf(levels, Size) > 0)
            {
                levels++;
            }

            return levels;
        }
    }

    /// <summary>The root.</summary>
    public MerkleHash Root()
    {
        var (root, any) = (MerkleHash.Empty, false);
        for (var level = 0; TilePath.HashesOf(level, Size) is > 0 and var hashes; level++)
        {
            // From the right: each whole tree goes to the left of what was gathered.
            var width = (int)(hashes & (TilePath.WidthMax - 1));
            var end = width;
            for (var whole = 1; whole <= width; whole <<= 1)
            {
                if ((width & whole) != 0)
                {
                    var hash = TileTree.Fold(Level(level).AsSpan((end - whole) * MerkleHash.Bytes, whole * MerkleHash.Bytes));
                    (root, any) = (any ? MerkleHash.Node(hash, root) : hash, true);
                    end -= whole;
                }
            }
        }

        return root;
    }

    private byte[] Level(int level) => _levels[level] ??= new byte[TilePath.WidthMax * MerkleHash.Bytes];
}

/// <summary>Takes a tile that is full.</summary>
/// <param name="tile">Which.</param>
/// <param name="hashes">Its hashes.</param>
public delegate void FullTile(TilePath tile, ReadOnlySpan<byte> hashes);
