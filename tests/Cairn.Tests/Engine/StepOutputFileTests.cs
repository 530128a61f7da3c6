using System.Text;

using Cairn.Engine.Running;

namespace Cairn.Tests.Engine;

public sealed class StepOutputFileTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData("a=1\n", 1)]
    [InlineData("a=1\nb=2", 2)]
    [InlineData("\n\na=1\r\n", 1)]
    [InlineData("a=1\na=2\n", 1)]
    public void Parse_Counts_Keys(string content, int keys)
    {
        var (outputs, error) = StepOutputFile.Parse(Encoding.UTF8.GetBytes(content));
        Assert.Null(error);
        Assert.Equal(keys, outputs.Count);
    }

    [Fact]
    public void Parse_Keeps_EqualsSignsAndTheLastValue()
    {
        var (outputs, _) = StepOutputFile.Parse("url=http://x/?a=b\nv=1\nv=2\n"u8);
        Assert.Equal("http://x/?a=b", outputs["url"]);
        Assert.Equal("2", outputs["v"]);
    }

    [Fact]
    public void Parse_Reads_ValuesOfSeveralLines()
    {
        var (outputs, error) = StepOutputFile.Parse("notes<<END\none\n\nkey=not a key\nEND\nafter=1\n"u8);
        Assert.Null(error);
        Assert.Equal("one\n\nkey=not a key", outputs["notes"]);
        Assert.Equal("1", outputs["after"]);
    }

    [Theory]
    [InlineData("just text\n", "line 1: `key=value`")]
    [InlineData("a=1\nnotes<<END\nopen\n", "line 2: no line `END`")]
    [InlineData("notes<<\n", "line 1: a delimiter")]
    [InlineData("a b=1\n", "`a b` is not a key")]
    [InlineData("1a=1\n", "`1a` is not a key")]
    public void Parse_Says_WhatIsWrong(string content, string message)
    {
        var (_, error) = StepOutputFile.Parse(Encoding.UTF8.GetBytes(content));
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_Refuses_OtherEncodings() => Assert.Equal("$CAIRN_OUTPUT is not UTF-8", StepOutputFile.Parse([0x61, 0x3d, 0xff]).Error);
}
