using System.Collections.Immutable;

using Cairn.Core.Content;

namespace Cairn.Tests.Content;

public sealed class TreeDifferenceTests
{
    private readonly Dictionary<Digest, ImmutableArray<byte>> _stored = [];
    private int _reads;

    [Fact]
    public void Between_Names_Every_Kind_Of_Change_In_The_Order_Of_Paths()
    {
        var before = Store(
            ("a", File("1")), ("a-b/x", File("1")), ("a.c/x", File("1")), ("became-folder", File("1")), ("became-link", File("1")), ("bytes", File("1")), ("gone/deep/er", File("1")), ("link", Link("x")),
            ("mode", File("1")), ("same/kept", File("1")));
        var after = Store(
            ("a", File("2")), ("a-b/x", File("2")), ("a.c/x", File("2")), ("became-folder/x", File("1")), ("became-link", Link("1")), ("bytes", File("2", executable: true)), ("link", Link("y")),
            ("mode", File("1", executable: true)), ("new/deep/er", File("1")), ("same/kept", File("1")));
        var difference = TreeDifference.Between(before, after, Read, 100);
        Assert.True(difference.IsComplete);
        Assert.Equal(
            [
                "Content a", "Content a-b/x", "Content a.c/x", "Removed became-folder", "Added became-folder/x", "Kind became-link", "Content bytes", "Removed gone/deep/er", "Link link", "Mode mode",
                "Added new/deep/er",
            ],
            difference.Changes.Select(c => $"{c.Kind} {c.Path}"));
        var bytes = difference.Changes[6];
        Assert.Equal((File("1"), File("2", executable: true)), (bytes.Before, bytes.After));
        Assert.Null(difference.Changes[7].After);
        Assert.Null(difference.Changes[10].Before);
    }

    [Fact]
    public void Between_Looks_Only_Into_What_Differs()
    {
        var before = Store([.. Enumerable.Range(0, 200).Select(i => ($"d{i}/f", File($"{i}")))]);
        var after = Store([.. Enumerable.Range(0, 200).Select(i => ($"d{i}/f", File(i == 50 ? "other" : $"{i}")))]);
        Assert.Equal("d50/f", Assert.Single(TreeDifference.Between(before, after, Read, 100).Changes).Path);
        Assert.Equal(4, _reads);
        Assert.Empty(TreeDifference.Between(before, before, _ => throw new InvalidOperationException(), 100).Changes);
    }

    [Fact]
    public void Between_Stops_Where_It_Is_Enough()
    {
        var after = Store([.. Enumerable.Range(0, 200).Select(i => ($"d{i:d3}/f", File($"{i}")))]);
        var difference = TreeDifference.Between(Digest.Empty, after, Read, 3);
        Assert.False(difference.IsComplete);
        Assert.Equal(["d000/f", "d001/f", "d002/f"], difference.Changes.Select(c => c.Path));
        Assert.True(TreeDifference.Between(Digest.Empty, after, Read, 200).IsComplete);
        Assert.False(TreeDifference.Between(Digest.Empty, after, Read, 199).IsComplete);
    }

    [Fact]
    public void Between_Says_Where_A_Listing_Is_Not_Kept()
    {
        var before = Store(("a", File("1")), ("d/e/f", File("1")));
        var after = Store(("a", File("2")), ("d/e/f", File("2")));
        var folder = DirectoryDecoder.TryDecode(_stored[after].AsSpan(), out _)!.Value.Single(e => e.IsFolder).Leaf.Digest;
        _stored.Remove(folder);
        var difference = TreeDifference.Between(before, after, Read, 100);
        Assert.Equal(["Content a", "Unknown d/"], difference.Changes.Select(c => $"{c.Kind} {c.Path}"));
        _stored[folder] = [1, 2, 3];
        Assert.Equal(["Content a", "Unknown d/"], TreeDifference.Between(before, after, Read, 100).Changes.Select(c => $"{c.Kind} {c.Path}"));
        Assert.Equal("Unknown ", Assert.Single(TreeDifference.Between(Digest.Of("?"u8), after, Read, 100).Changes.Select(c => $"{c.Kind} {c.Path}")));
    }

    [Fact]
    public void Between_Names_Empty_Folders()
    {
        var builder = new TreeBuilder();
        builder.TryAddDirectory("empty");
        var tree = builder.Build();
        _stored[tree.Root] = tree.Directories[^1].Content;
        Assert.Equal(new TreeChange("empty/", TreeChangeKind.Added, null, null), Assert.Single(TreeDifference.Between(Digest.Empty, tree.Root, Read, 9).Changes));
        Assert.Equal(new TreeChange("empty/", TreeChangeKind.Removed, null, null), Assert.Single(TreeDifference.Between(tree.Root, Digest.Empty, Read, 9).Changes));
    }

    [Fact]
    public void Between_Ends_Where_Hostile_Listings_Do_Not()
    {
        // Each folder holds the one before twice, so that the paths are 2^60, with nothing different that could be named; one lies and holds itself.
        var (before, after) = (Digest.Of("b"u8), Digest.Of("a"u8));
        _stored[before] = [];
        _stored[after] = [0xa2, 0x06, 0x00];
        for (var level = 0; level < 60; level++)
        {
            (before, after) = (Twice(before), Twice(after));
        }

        var difference = TreeDifference.Between(before, after, Read, 100);
        Assert.False(difference.IsComplete);
        Assert.Empty(difference.Changes);

        var self = Digest.Of("self"u8);
        var builder = new TreeBuilder();
        builder.TryAddFile("x", self, executable: false);
        var bytes = builder.Build().Directories[0].Content.ToArray();
        bytes[0] = 0x12;
        _stored[self] = [.. bytes];
        Assert.False(TreeDifference.Between(Digest.Empty, self, Read, 100).IsComplete);
    }

    [Fact]
    public void Between_Finds_Exactly_What_Was_Changed()
    {
        var random = new Random(3);
        for (var turn = 0; turn < 200; turn++)
        {
            var before = Leaves(random);
            var after = Leaves(random);
            var expected = before.Keys.Union(after.Keys, StringComparer.Ordinal)
                .Where(path => !before.TryGetValue(path, out var b) || !after.TryGetValue(path, out var a) || a != b)
                .Order(Utf8Order.Instance);
            var difference = TreeDifference.Between(Store([.. before.Select(l => (l.Key, l.Value))]), Store([.. after.Select(l => (l.Key, l.Value))]), Read, 1_000);
            Assert.Equal(expected, difference.Changes.Select(c => c.Path));
        }
    }

    private static Dictionary<string, TreeLeaf> Leaves(Random random)
    {
        string[] names = ["a", "a-b", "a.b", "\uFFFD", "\U0001F600"];
        var leaves = new Dictionary<string, TreeLeaf>(StringComparer.Ordinal);
        for (var i = 0; i < 20; i++)
        {
            var path = string.Join('/', Enumerable.Range(0, 1 + random.Next(3)).Select(_ => names[random.Next(names.Length)]));
            if (leaves.Keys.All(p => !p.StartsWith($"{path}/", StringComparison.Ordinal) && !path.StartsWith($"{p}/", StringComparison.Ordinal)))
            {
                leaves[path] = random.Next(4) == 0 ? Link($"{random.Next(2)}") : File($"{random.Next(2)}", random.Next(3) == 0);
            }
        }

        return leaves;
    }

    private static TreeLeaf File(string content, bool executable = false) => new(Digest.Of(System.Text.Encoding.UTF8.GetBytes(content)), executable);

    private static TreeLeaf Link(string target) => new(Digest.Empty, Executable: false, target);

    private Digest Twice(Digest below)
    {
        var builder = new TreeBuilder();
        builder.TryAddFile("x", below, executable: false);
        builder.TryAddFile("y", below, executable: false);
        var bytes = builder.Build().Directories[0].Content.ToArray();
        // Folders have another tag, and the same fields.
        var second = Array.LastIndexOf(bytes, (byte)'y') - 4;
        (bytes[0], bytes[second]) = (0x12, 0x12);
        Assert.NotNull(DirectoryDecoder.TryDecode(bytes, out _));
        var digest = Digest.Of(bytes);
        _stored[digest] = [.. bytes];
        return digest;
    }

    private Digest Store(params (string Path, TreeLeaf Leaf)[] leaves)
    {
        var tree = MerkleTree.Of(leaves.Select(l => new KeyValuePair<string, TreeLeaf>(l.Path, l.Leaf)));
        tree.Visit(_stored.ContainsKey, (digest, bytes) => _stored[digest] = bytes);
        return tree.Digest;
    }

    private ImmutableArray<byte>? Read(Digest digest)
    {
        _reads++;
        return _stored.TryGetValue(digest, out var bytes) ? bytes : null;
    }
}
