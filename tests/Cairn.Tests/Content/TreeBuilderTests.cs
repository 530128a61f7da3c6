using System.Text;

using Cairn.Core.Content;

namespace Cairn.Tests.Content;

/// <summary>The expected digests and bytes come from an encoder that was written apart from this one.</summary>
public sealed class TreeBuilderTests
{
    private static readonly Digest Hello = Digest.Of("hello\n"u8);

    [Fact]
    public void Build_Of_Nothing_Is_The_Empty_Message()
    {
        var tree = new TreeBuilder().Build();
        Assert.Equal(Digest.Empty, tree.Root);
        Assert.Empty(Assert.Single(tree.Directories).Content);
    }

    [Fact]
    public void Build_Encodes_A_File_Byte_By_Byte()
    {
        var builder = new TreeBuilder();
        Assert.True(builder.TryAddFile("a", Hello, executable: false));
        var tree = builder.Build();
        // files = 1 { name = 1, digest = 2 { hash = 1, size_bytes = 2 } }
        Assert.Equal("0a49" + "0a0161" + "1244" + "0a40" + Convert.ToHexStringLower(Encoding.ASCII.GetBytes(Hello.Hash)) + "1006",
            Convert.ToHexStringLower(tree.Directories[0].Content.AsSpan()));
        Assert.Equal("eaa4ec3b76b5664fbec8eaa0f03b1464374effac2e39b91813255208589ffa20/75", tree.Root.ToString());
    }

    [Fact]
    public void Build_Leaves_Defaults_Out()
    {
        var builder = new TreeBuilder();
        builder.TryAddFile("run", Digest.Empty, executable: true);
        Assert.Equal("524393f21083b8003a5f50417d8b1c164c24bf580ec44219253c4724c8593d6c/77", builder.Build().Root.ToString());
    }

    [Fact]
    public void Build_Encodes_Long_Sizes()
    {
        var builder = new TreeBuilder();
        builder.TryAddFile("blob", Digest.Parse(string.Concat(Enumerable.Repeat("ab", 32)) + "/5000000000", null), executable: false);
        Assert.Equal("afc34e76db83c0535b7ad01f30e5782899ad289b27271a7ac16ce67c4e1fe095/82", builder.Build().Root.ToString());
    }

    [Fact]
    public void Build_Nests_Folders_In_Any_Order_Of_Adding()
    {
        List<Func<TreeBuilder, bool>> entries =
        [
            b => b.TryAddFile("build.sh", Hello, executable: true),
            b => b.TryAddSymlink("link", "src/main.c"),
            b => b.TryAddFile("src/main.c", Hello, executable: false),
            b => b.TryAddSymlink("abs", "/bin/sh"),
            b => b.TryAddDirectory("empty"),
            b => b.TryAddFile("README", Digest.Empty, executable: false),
        ];
        for (var turn = 0; turn < entries.Count; turn++)
        {
            var builder = new TreeBuilder();
            Assert.All(entries, add => Assert.True(add(builder)));
            var tree = builder.Build();
            Assert.Equal("c00ea498064a186b3efb841e3050978049e158b2769bff574156c34e8ad6ea9b/352", tree.Root.ToString());
            Assert.Equal(
                ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/0", "6aaeb06101e4137b66cc363f8bab3843e41b11566a744d79b47a60852b19bcb0/80", tree.Root.ToString()],
                tree.Directories.Select(d => d.Digest.ToString()));
            Assert.All(tree.Directories, d => Assert.Equal(Digest.Of(d.Content.AsSpan()), d.Digest));
            entries = [.. entries.Skip(1), entries[0]];
        }
    }

    [Fact]
    public void Build_Sorts_Names_By_Bytes_Not_By_Utf16()
    {
        var builder = new TreeBuilder();
        Assert.All((string[])["\U0001F600", "\uFFFD", "z", "Z"], name => builder.TryAddFile(name, Hello, executable: false));
        Assert.Equal("8f3c90bd524ab4ae35f76a4618eb7fa55c8cd6df63f8ff649ba2ed319289503d/305", builder.Build().Root.ToString());
    }

    [Fact]
    public void Build_Lists_Equal_Folders_Once()
    {
        var builder = new TreeBuilder();
        builder.TryAddFile("a/x", Hello, executable: false);
        builder.TryAddFile("b/x", Hello, executable: false);
        Assert.Equal(2, builder.Build().Directories.Length);
    }

    [Fact]
    public void TryAdd_Takes_The_Same_Twice_And_Nothing_Else()
    {
        var builder = new TreeBuilder();
        Assert.True(builder.TryAddFile("a/f", Hello, executable: false));
        Assert.True(builder.TryAddFile("a/f", Hello, executable: false));
        Assert.True(builder.TryAddDirectory("a"));
        Assert.True(builder.TryAddDirectory(""));
        var before = builder.Build().Root;
        Assert.False(builder.TryAddFile("a/f", Hello, executable: true));
        Assert.False(builder.TryAddFile("a/f", Digest.Empty, executable: false));
        Assert.False(builder.TryAddSymlink("a/f", "x"));
        Assert.False(builder.TryAddFile("a", Hello, executable: false));
        Assert.False(builder.TryAddFile("a/f/g", Hello, executable: false));
        Assert.False(builder.TryAddDirectory("a/f"));
        Assert.Equal(before, builder.Build().Root);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("./a")]
    [InlineData("a/../b")]
    [InlineData("a\0")]
    public void TryAddFile_Refuses_Paths_That_Are_Not_Plain(string path) =>
        Assert.ThrowsAny<ArgumentException>(() => new TreeBuilder().TryAddFile(path, Hello, executable: false));

    [Fact]
    public void TryAdd_Refuses_What_Has_No_Utf8_Form()
    {
        var half = "a" + (char)0xd800;
        Assert.ThrowsAny<ArgumentException>(() => new TreeBuilder().TryAddFile(half, Hello, executable: false));
        Assert.ThrowsAny<ArgumentException>(() => new TreeBuilder().TryAddSymlink("a", half));
    }
}
