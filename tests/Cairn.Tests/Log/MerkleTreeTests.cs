using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Json;

using Cairn.Testing;
using Cairn.Trust.Log;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Log;

public sealed class MerkleTreeTests
{
    /// <summary>The leaves of RFC 6962's own examples, as its reference implementation has them.</summary>
    private static readonly string[] ExampleLeaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    [Theory]
    [InlineData(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData(1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")]
    [InlineData(2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]
    [InlineData(3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")]
    [InlineData(4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")]
    [InlineData(5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4")]
    [InlineData(6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef")]
    [InlineData(7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c")]
    [InlineData(8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")]
    public void Root_IsThatOfRfc6962(int size, string root)
    {
        var tree = MemoryTiles.Of(ExampleLeaves.Take(size).Select(Convert.FromHexString));
        Assert.Equal(root, tree.Edge.Root().ToString());
        Assert.Equal(root, tree.Tree().Root().ToString());
    }

    [Fact]
    public void Verifies_AgreesWithTheInclusionVectors()
    {
        var (good, bad) = (0, 0);
        foreach (var test in Vectors("merkle-inclusion.json"))
        {
            var index = Number(test.GetProperty("leafIdx"));
            var size = Number(test.TryGetProperty("treeSize", out var whole) ? whole : test.GetProperty("end"));
            var wants = !test.GetProperty("wantErr").GetBoolean();
            var holds = Hashes(test.GetProperty("proof")) is { } path && Hash(test.GetProperty("leafHash")) is { } leaf && Hash(test.GetProperty("root")) is { } root
                && new InclusionProof(index, size, path).Verifies(leaf, root);
            Assert.True(wants == holds, test.ToString());
            _ = wants ? good++ : bad++;
        }

        Assert.True(good >= 6 && bad >= 80, $"{good} and {bad}");
    }

    [Fact]
    public void Verifies_AgreesWithTheConsistencyVectors()
    {
        var (good, bad) = (0, 0);
        foreach (var test in Vectors("merkle-consistency.json"))
        {
            var (older, newer) = (Number(test.GetProperty("size1")), Number(test.GetProperty("size2")));
            var wants = !test.GetProperty("wantErr").GetBoolean();
            var holds = Hashes(test.GetProperty("proof")) is { } path && Root(test.GetProperty("root1")) is var oldRoot && Root(test.GetProperty("root2")) is var newRoot
                && new ConsistencyProof(older, newer, path).Verifies(oldRoot, newRoot);
            Assert.True(wants == holds, test.ToString());
            _ = wants ? good++ : bad++;
        }

        Assert.True(good >= 5 && bad >= 80, $"{good} and {bad}");
    }

    [Fact]
    public void EveryProof_Holds_AndNoneWithAFlippedBit()
    {
        var trees = Gen.Choose(1, 1_500).Select(static size => MemoryTiles.OfNumbers(size)).ToArbitrary();
        Prop.ForAll(trees, Gen.Choose(0, int.MaxValue).ToArbitrary(), static (tiles, seed) =>
        {
            var random = new Random(seed);
            var (tree, root) = (tiles.Tree(), tiles.Edge.Root());
            var index = random.NextInt64(tree.Size);
            var proof = InclusionProof.Make(tree, index);
            var leaf = tree.Leaf(index);
            var oldSize = random.NextInt64(tree.Size) + 1;
            var oldRoot = MemoryTiles.OfNumbers(oldSize).Edge.Root();
            var growth = ConsistencyProof.Make(tree, oldSize);
            return proof.Verifies(leaf, root) && !proof.Verifies(Flip(leaf, random), root) && !proof.Verifies(leaf, Flip(root, random))
                && (proof.Path.IsEmpty || !(proof with { Path = Flip(proof.Path, random) }).Verifies(leaf, root))
                && !(proof with { Path = proof.Path.Add(leaf) }).Verifies(leaf, root)
                && growth.Verifies(oldRoot, root) && !growth.Verifies(Flip(oldRoot, random), root) && !growth.Verifies(oldRoot, Flip(root, random))
                && (growth.Path.IsEmpty || !(growth with { Path = Flip(growth.Path, random) }).Verifies(oldRoot, root))
                && !(growth with { Path = growth.Path.Add(leaf) }).Verifies(oldRoot, root);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void EveryProof_Holds_InEachSmallTree()
    {
        var roots = Enumerable.Range(0, 34).Select(static n => MemoryTiles.OfNumbers(n).Edge.Root()).ToArray();
        for (var size = 1; size < roots.Length; size++)
        {
            var tree = MemoryTiles.OfNumbers(size).Tree();
            for (var index = 0; index < size; index++)
            {
                Assert.True(InclusionProof.Make(tree, index).Verifies(tree.Leaf(index), roots[size]));
                Assert.True(ConsistencyProof.Make(tree, index + 1).Verifies(roots[index + 1], roots[size]));
                Assert.False(ConsistencyProof.Make(tree, index + 1).Verifies(roots[index], roots[size]));
            }
        }
    }

    [Fact]
    public void ATree_GrownInAnyBatches_HasOneRoot_AndTheSameTiles()
    {
        Prop.ForAll(Gen.Choose(1, 2_000).ToArbitrary(), Gen.Choose(0, int.MaxValue).ToArbitrary(), static (size, seed) =>
        {
            var random = new Random(seed);
            var whole = MemoryTiles.OfNumbers(size);
            var grown = new MemoryTiles();
            while (grown.Edge.Size < size)
            {
                // Each batch goes on from what stands in tiles alone.
                grown = grown.Reopened();
                grown.AddNumbers(Math.Min(grown.Edge.Size + 1 + random.Next(400), size));
            }

            return grown.Edge.Root() == whole.Edge.Root() && grown.Tree().Root() == whole.Edge.Root() && whole.Tiles.All(t => grown.Tiles[t.Key].AsSpan().SequenceEqual(t.Value));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void ATree_OverSeveralLevels_HasTheRootOfItsLeaves()
    {
        // 66,049 leaves: two full tiles of level 1 are begun, and level 2 has one hash.
        var tiles = MemoryTiles.OfNumbers((1 << 16) + 513);
        var tree = tiles.Tree();
        Assert.Equal(tiles.Edge.Root(), tree.Root());
        Assert.Equal(new TilePath(2, 0, 1), tiles.Edge.PartialOf(2));
        foreach (var index in (long[])[0, 255, 256, 65_535, 65_536, tree.Size - 1])
        {
            Assert.True(InclusionProof.Make(tree, index).Verifies(tree.Leaf(index), tree.Root()));
        }

        Assert.True(ConsistencyProof.Make(tree, 1 << 16).Verifies(MemoryTiles.OfNumbers(1 << 16).Edge.Root(), tree.Root()));
    }

    [Fact]
    public void TilesFor_NamesWhatAProofIsMadeFrom()
    {
        var tiles = MemoryTiles.OfNumbers(70_000);
        var needed = TileTree.TilesFor(70_000, static t => InclusionProof.Make(t, 12_345));
        var only = new MemoryTiles();
        foreach (var tile in needed)
        {
            only.Tiles[tile] = tiles.Tiles[tile];
        }

        var leaf = tiles.Tree().Leaf(12_345);
        Assert.True(InclusionProof.Make(new TileTree(only, 70_000), 12_345).Verifies(leaf, tiles.Edge.Root()));
        Assert.InRange(needed.Length, 3, 6);
    }

    private static IEnumerable<JsonElement> Vectors(string file)
    {
        using var vectors = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(SourceTree.Root, "testdata", "log", file)));
        return [.. vectors.RootElement.GetProperty("tests").EnumerateArray().Select(static t => t.Clone())];
    }

    // Beyond 2^63 they stand there as doubles.
    private static long Number(JsonElement number) => number.TryGetInt64(out var exact) ? exact : -1;

    // Some are any bytes, where only their being equal counts.
    private static MerkleHash Root(JsonElement base64) => Hash(base64) ?? MerkleHash.Leaf(base64.GetBytesFromBase64());

    private static MerkleHash? Hash(JsonElement base64) => MerkleHash.TryRead(base64.GetString()!);

    private static ImmutableArray<MerkleHash>? Hashes(JsonElement proof)
    {
        if (proof.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        var hashes = proof.EnumerateArray().Select(Hash).ToArray();
        return hashes.All(static h => h is not null) ? [.. hashes.Select(static h => h!.Value)] : null;
    }

    private static MerkleHash Flip(MerkleHash hash, Random random)
    {
        var bytes = hash.ToArray();
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return MerkleHash.Read(bytes);
    }

    private static ImmutableArray<MerkleHash> Flip(ImmutableArray<MerkleHash> path, Random random)
    {
        var at = random.Next(path.Length);
        return path.SetItem(at, Flip(path[at], random));
    }
}

/// <summary>A tree in memory, kept as tiles.</summary>
internal sealed class MemoryTiles : ITileSource
{
    public Dictionary<TilePath, byte[]> Tiles { get; } = [];

    public TreeEdge Edge { get; private init; } = new();

    public static MemoryTiles Of(IEnumerable<byte[]> leaves)
    {
        var tiles = new MemoryTiles();
        foreach (var leaf in leaves)
        {
            tiles.Edge.Append(MerkleHash.Leaf(leaf), (tile, hashes) => tiles.Tiles[tile] = hashes.ToArray());
        }

        tiles.KeepPartials();
        return tiles;
    }

    /// <summary>Leaf n is n in four bytes.</summary>
    public static MemoryTiles OfNumbers(long size)
    {
        var tiles = new MemoryTiles();
        tiles.AddNumbers(size);
        return tiles;
    }

    public void AddNumbers(long size)
    {
        var leaf = new byte[sizeof(int)];
        while (Edge.Size < size)
        {
            BinaryPrimitives.WriteInt32BigEndian(leaf, (int)Edge.Size);
            Edge.Append(MerkleHash.Leaf(leaf), (tile, hashes) => Tiles[tile] = hashes.ToArray());
        }

        KeepPartials();
    }

    public MemoryTiles Reopened()
    {
        var again = new MemoryTiles { Edge = TreeEdge.Read(this, Edge.Size) };
        foreach (var (tile, hashes) in Tiles)
        {
            again.Tiles[tile] = hashes;
        }

        return again;
    }

    public TileTree Tree() => new(this, Edge.Size);

    public ReadOnlyMemory<byte> ReadTile(TilePath tile) => Tiles[tile];

    private void KeepPartials()
    {
        for (var level = 0; level < Edge.Levels; level++)
        {
            if (Edge.PartialOf(level) is { } partial)
            {
                Tiles[partial] = Edge.HashesOf(partial).ToArray();
            }
        }
    }
}
