using Cairn.Core.Content;

namespace Cairn.Tests.Content;

public sealed class MerkleTreeTests
{
    private static readonly Digest Hello = Digest.Of("hello\n"u8);

    [Fact]
    public void Empty_Is_The_Empty_Message()
    {
        Assert.Equal(Digest.Empty, MerkleTree.Empty.Digest);
        Assert.Equal(0, MerkleTree.Empty.Count);
        Assert.Same(MerkleTree.Empty, MerkleTree.Of([]));
        Assert.Null(MerkleTree.Empty.TryGet("a"));
        Assert.Null(MerkleTree.Empty.TryGet(""));
    }

    [Fact]
    public void Of_Gives_What_TreeBuilder_Gives_In_Any_Order()
    {
        var random = new Random(7);
        for (var turn = 0; turn < 300; turn++)
        {
            var leaves = RandomLeaves(random, 1 + random.Next(60));
            Assert.Equal(Reference(leaves).Root, MerkleTree.Of(leaves).Digest);
            random.Shuffle(leaves);
            Assert.Equal(Reference(leaves).Root, MerkleTree.Of(leaves).Digest);
            var tree = MerkleTree.Of([.. leaves, leaves[0]]);
            Assert.Equal(Reference(leaves).Root, tree.Digest);
            Assert.Equal(leaves.Length, tree.Count);
            Assert.All(leaves, leaf => Assert.Equal(leaf.Value, tree.TryGet(leaf.Key)));
            var all = new Dictionary<string, TreeLeaf>(StringComparer.Ordinal);
            tree.ForEach(all.Add);
            Assert.Equal(leaves.OrderBy(l => l.Key, StringComparer.Ordinal), all.OrderBy(l => l.Key, StringComparer.Ordinal));
        }
    }

    [Fact]
    public void TryMerge_Gives_The_Tree_Of_All_And_Does_Not_Care_Which_Comes_First()
    {
        var random = new Random(8);
        for (var turn = 0; turn < 300; turn++)
        {
            var leaves = RandomLeaves(random, 1 + random.Next(60));
            var left = MerkleTree.Of(leaves.Where(_ => random.Next(3) > 0));
            var right = MerkleTree.Of(leaves.Where(l => left.TryGet(l.Key) is null || random.Next(3) == 0));
            if (random.Next(2) == 0)
            {
                _ = (left.Digest, right.Digest);
            }

            var merged = left.TryMerge(right, out var conflict);
            Assert.NotNull(merged);
            Assert.Null(conflict);
            Assert.Equal(Reference(leaves).Root, merged.Digest);
            Assert.Equal(leaves.Length, merged.Count);
            Assert.Equal(merged.Digest, right.TryMerge(left, out _)?.Digest);
            Assert.Same(merged, merged.TryMerge(left, out _));
            Assert.Same(right.Count == merged.Count ? right : merged, right.TryMerge(merged, out _));
        }
    }

    [Theory]
    [InlineData("a/x", "a/x", "a/x")]
    [InlineData("a", "a/x/y", "a")]
    [InlineData("a/b/c", "a/b", "a/b")]
    public void TryMerge_Names_The_Path_Where_Trees_Differ(string left, string right, string expected)
    {
        var one = Tree((left, Hello), ("z", Hello), ("zz", Hello), ("a.b", Hello));
        var other = Tree((right, Digest.Empty));
        Assert.Null(one.TryMerge(other, out var conflict));
        Assert.Equal(expected, conflict);
        Assert.Null(other.TryMerge(one, out conflict));
        Assert.Equal(expected, conflict);
    }

    [Fact]
    public void Folders_Stand_In_The_Order_Of_Their_Names_Without_The_Slash()
    {
        // As paths, `a-b/x` and `a.c/x` come before `a/x`.
        KeyValuePair<string, TreeLeaf>[] leaves = [new("a-b/x", new(Hello, false)), new("a.c/x", new(Hello, false)), new("a/x", new(Digest.Empty, false)), new("a.c/y/z", new(Hello, true))];
        Assert.Equal(Reference(leaves).Root, MerkleTree.Of(leaves).Digest);
    }

    [Fact]
    public void Visit_Gives_Every_Folder_With_Those_Below_First()
    {
        var random = new Random(9);
        for (var turn = 0; turn < 50; turn++)
        {
            var leaves = RandomLeaves(random, 40);
            var tree = MerkleTree.Of(leaves);
            var reference = Reference(leaves);
            var seen = new HashSet<Digest>();
            var listed = new List<(string, string)>();
            tree.Visit(seen.Contains, (digest, bytes) =>
            {
                Assert.Equal(digest, Digest.Of(bytes.AsSpan()));
                Assert.True(seen.Add(digest));
                listed.Add((digest.Hash, Convert.ToHexString(bytes.AsSpan())));
            });
            Assert.Equal(tree.Digest.Hash, listed[^1].Item1);
            Assert.Equal(reference.Directories.Select(d => (d.Digest.Hash, Convert.ToHexString(d.Content.AsSpan()))).Order(), listed.Order());
            tree.Visit(seen.Contains, (_, _) => Assert.Fail("All of it is known"));
        }
    }

    [Fact]
    public void Visit_Leaves_Out_What_Is_Below_A_Known_Folder()
    {
        var tree = Tree(("a/b/c", Hello), ("d/e", Hello));
        var count = 0;
        tree.Visit((_, bytes) => ++count < 0 || bytes.Length > 200);
        Assert.Equal(1, count);
        count = 0;
        tree.Visit((_, _) => ++count > 0);
        Assert.Equal(4, count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("./a")]
    [InlineData("a/../b")]
    [InlineData("a\0")]
    public void Of_Refuses_Paths_That_Are_Not_Plain(string path) => Assert.ThrowsAny<ArgumentException>(() => Tree((path, Hello)));

    [Fact]
    public void Of_Refuses_Half_Characters_Clashes_And_Twins()
    {
        Assert.ThrowsAny<ArgumentException>(() => Tree(("a" + (char)0xd800, Hello)));
        Assert.ThrowsAny<ArgumentException>(() => MerkleTree.Of([new("a", new(Digest.Empty, false, ""))]));
        Assert.ThrowsAny<ArgumentException>(() => Tree(("a", Hello), ("a/b", Hello)));
        Assert.ThrowsAny<ArgumentException>(() => Tree(("x/a", Hello), ("x/a-b", Hello), ("x/a/b", Hello)));
        Assert.ThrowsAny<ArgumentException>(() => Tree(("a", Hello), ("a", Digest.Empty)));
    }

    [Fact]
    public void Digest_Is_The_Same_From_Many_Threads()
    {
        var leaves = RandomLeaves(new Random(11), 500);
        var expected = Reference(leaves).Root;
        for (var turn = 0; turn < 20; turn++)
        {
            var tree = MerkleTree.Of(leaves);
            Parallel.For(0, 8, _ => Assert.Equal(expected, tree.Digest));
        }
    }

    private static MerkleTree Tree(params (string Path, Digest Digest)[] leaves) =>
        MerkleTree.Of(leaves.Select(l => new KeyValuePair<string, TreeLeaf>(l.Path, new TreeLeaf(l.Digest, Executable: false))));

    private static KeyValuePair<string, TreeLeaf>[] RandomLeaves(Random random, int count)
    {
        string[] names = ["a", "a-b", "a.b", "ab", "b", "z", "\uFFFD", "\U0001F600", "\u00e9", "a\nb"];
        var builder = new TreeBuilder();
        var leaves = new List<KeyValuePair<string, TreeLeaf>>();
        while (leaves.Count < count)
        {
            var path = string.Join('/', Enumerable.Range(0, 1 + random.Next(4)).Select(_ => names[random.Next(names.Length)]));
            var leaf = random.Next(5) == 0
                ? new TreeLeaf(Digest.Empty, Executable: false, names[random.Next(names.Length)])
                : new TreeLeaf(Digest.Of([(byte)random.Next(256)]), random.Next(2) == 0);
            if (leaves.All(l => l.Key != path && !l.Key.StartsWith($"{path}/", StringComparison.Ordinal) && !path.StartsWith($"{l.Key}/", StringComparison.Ordinal)) && TryAdd(builder, path, leaf))
            {
                leaves.Add(new(path, leaf));
            }
            else if (random.Next(20) == 0)
            {
                leaves.Add(new($"extra{leaves.Count}", leaf));
                TryAdd(builder, leaves[^1].Key, leaf);
            }
        }

        return [.. leaves];
    }

    private static DirectoryTree Reference(IEnumerable<KeyValuePair<string, TreeLeaf>> leaves)
    {
        var builder = new TreeBuilder();
        foreach (var (path, leaf) in leaves)
        {
            Assert.True(TryAdd(builder, path, leaf));
        }

        return builder.Build();
    }

    private static bool TryAdd(TreeBuilder builder, string path, TreeLeaf leaf) =>
        leaf.Target is { } target ? builder.TryAddSymlink(path, target) : builder.TryAddFile(path, leaf.Digest, leaf.Executable);
}
