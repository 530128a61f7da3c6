using Cairn.Core.Content;
using Cairn.Core.Protobuf;

namespace Cairn.Tests.Content;

public sealed class DirectoryDecoderTests
{
    private static readonly Digest Hello = Digest.Of("hello\n"u8);

    [Fact]
    public void TryDecode_Gives_Back_What_TreeBuilder_Wrote()
    {
        var builder = new TreeBuilder();
        builder.TryAddFile("\U0001F600", Hello, executable: true);
        builder.TryAddFile("\uFFFD", Digest.Empty, executable: false);
        builder.TryAddSymlink("link", "a/b");
        builder.TryAddDirectory("folder");
        var entries = DirectoryDecoder.TryDecode(builder.Build().Directories[^1].Content.AsSpan(), out var error);
        Assert.Null(error);
        Assert.Equal(
            [
                new("\uFFFD", IsFolder: false, new(Digest.Empty, Executable: false)), new("\U0001F600", IsFolder: false, new(Hello, Executable: true)),
                new("folder", IsFolder: true, new(Digest.Empty, Executable: false)), new("link", IsFolder: false, new(Digest.Empty, Executable: false, "a/b")),
            ],
            entries!.Value.AsEnumerable());
        Assert.Empty(DirectoryDecoder.TryDecode([], out _)!.Value);
    }

    [Theory]
    [InlineData("The folder has names out of order", "b", "a")]
    [InlineData("The folder has names out of order", "a", "a")]
    [InlineData("The folder has names out of order", "\U0001F600", "\uFFFD")]
    [InlineData("The folder has a name that a file cannot have", "")]
    [InlineData("The folder has a name that a file cannot have", ".")]
    [InlineData("The folder has a name that a file cannot have", "..")]
    [InlineData("The folder has a name that a file cannot have", "a/b")]
    [InlineData("The folder has a name that a file cannot have", "a\0")]
    public void TryDecode_Refuses_Names_That_Lead_Elsewhere_Or_Stand_Wrong(string expected, params string[] names)
    {
        foreach (var kind in (int[])[1, 2, 3])
        {
            var writer = new ProtoWriter();
            foreach (var name in names)
            {
                Write(writer, kind, name);
            }

            Assert.Null(DirectoryDecoder.TryDecode(writer.Written, out var error));
            Assert.Equal(expected, error);
        }
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 3)]
    [InlineData(2, 3)]
    public void TryDecode_Refuses_A_Name_For_Two_Things(int one, int other)
    {
        var writer = new ProtoWriter();
        Write(writer, one, "a");
        Write(writer, one, "c");
        Write(writer, other, "b");
        Assert.NotNull(DirectoryDecoder.TryDecode(writer.Written, out _));
        Write(writer, other, "c");
        Assert.Null(DirectoryDecoder.TryDecode(writer.Written, out var error));
        Assert.Equal("The folder has a name that stands for two things", error);
    }

    [Fact]
    public void TryDecode_Refuses_Entries_That_Lack_What_They_Are()
    {
        var writer = new ProtoWriter();
        var node = writer.Begin(1);
        writer.WriteText(1, "a");
        writer.End(node);
        Assert.Null(DirectoryDecoder.TryDecode(writer.Written, out var error));
        Assert.Equal("The folder has an entry without a digest", error);
        writer.Clear();
        node = writer.Begin(3);
        writer.WriteText(1, "a");
        writer.End(node);
        Assert.Null(DirectoryDecoder.TryDecode(writer.Written, out error));
        Assert.Equal("The folder has a link without a target", error);
    }

    private static void Write(ProtoWriter writer, int kind, string name)
    {
        var node = writer.Begin(kind);
        writer.WriteText(1, name);
        if (kind == 3)
        {
            writer.WriteText(2, "target");
        }
        else
        {
            writer.WriteDigest(2, Hello);
        }

        writer.End(node);
    }
}
