using Cairn.Core.Syntax;

namespace Cairn.Tests.Syntax;

public sealed class YamlPlaceTests
{
    [Theory]
    [InlineData("a: b\n", "1:4-1:5")]
    [InlineData("a:   'b c'  # x\n", "1:6-1:11")]
    [InlineData("a: \"b\"\n", "1:4-1:7")]
    [InlineData("a:\tb\n", "1:4-1:5")]
    [InlineData("表😀: b\nx: y\na: b", "3:4-3:5")]
    [InlineData("'表😀a': 1\n😀😀: [x]\na: b", "3:4-3:5")]
    [InlineData("a: [x, {y: z}]", "1:4-1:15")]
    [InlineData("a:\n  b: 1\n  c: 2\nd: 3\n", "2:3-3:7")]
    [InlineData("a:\n  - 1\n  - 22\n\nd: 3\n", "2:3-3:7")]
    [InlineData("a:\n- 1\n- 22\nd: 3\n", "2:1-3:5")]
    [InlineData("a: |\n  x\n  y\n\nd: 3\n", "1:4-3:4")]
    [InlineData("a: >-\n  x\n\n  y\n", "1:4-4:4")]
    [InlineData("a: | # why\n  x\n", "1:4-2:4")]
    [InlineData("a: |\nd: 3\n", "1:4-1:5")]
    [InlineData("a: one\n  two\nd: 3\n", "1:4-2:6")]
    [InlineData("a: \"one\n  two\"\nd: 3\n", "1:4-2:7")]
    [InlineData("a: &x !!str b\n", "1:13-1:14")]
    [InlineData("a: &x\nb: 1\n", "1:6-1:6")]
    [InlineData("a:\nb: 1\n", "1:3-1:3")]
    [InlineData("x: 1\r\n\r\na: b\r\n", "3:4-3:5")]
    [InlineData("{\"x\": 1,\n  \"a\": \"b\"}", "2:8-2:11")]
    public void Span_Is_TheWholeValue(string text, string expected)
    {
        var mapping = Assert.IsType<MappingNode>(Yaml.Read(text));

        Assert.Equal(expected, Yaml.Place(mapping.Entries.Single(e => e.Key.Text is "a").Value.Span));
    }

    [Theory]
    [InlineData("a: xx MARK yy\n", "1:7-1:11")]
    [InlineData("a: 'xx MARK yy'\n", "1:8-1:12")]
    [InlineData("a: 'it''s MARK'\n", "1:11-1:15")]
    [InlineData("a: \"\\t\\x41\\ud83d\\ude00 MARK\"\n", "1:24-1:28")]
    [InlineData("a: \"x\\\n  \\  MARK\"\n", "2:6-2:10")]
    [InlineData("a: \"x\n\n   y MARK\"\n", "3:6-3:10")]
    [InlineData("a: x\n\n   y MARK\n", "3:6-3:10")]
    [InlineData("a: 'x\n   y MARK'\n", "2:6-2:10")]
    [InlineData("a: |\n   x\n\n     y MARK\n", "4:8-4:12")]
    [InlineData("a: |+\n\n  x\n  MARK\n\n", "4:3-4:7")]
    [InlineData("a: |2-\n    x MARK\n  y\n", "2:7-2:11")]
    [InlineData("a:\n  a: |1\n     x MARK\n", "3:8-3:12")]
    [InlineData("a: >\n  x y\n  MARK z\n", "3:3-3:7")]
    [InlineData("a: >\n  x y\n\n\n    more MARK\n  z\n", "5:10-5:14")]
    [InlineData("a: >-\n\n  x\n  x\n   x\n  MARK\n", "6:3-6:7")]
    [InlineData("a: &x !!str 'MARK'\n", "1:14-1:18")]
    [InlineData("a: |\r\n  x\r\n  y MARK\r\n", "3:5-3:9")]
    [InlineData("{\"a\": \"\\n MARK\"}", "1:11-1:15")]
    public void SpanOf_Finds_APartOfAScalar(string text, string expected)
    {
        var node = Yaml.Read(text);
        while (node is MappingNode mapping)
        {
            node = mapping.Entries[0].Value;
        }

        var scalar = Assert.IsType<ScalarNode>(node);

        Assert.Equal(expected, Yaml.Place(scalar.SpanOf(scalar.Text.IndexOf("MARK", StringComparison.Ordinal), 4)));
    }

    [Fact]
    public void SpanOf_Covers_AnEscape() => Assert.Equal("1:6-1:8", Yaml.Place(Yaml.Scalar("a: \"x\\ny\"", "a").SpanOf(1, 1)));

    [Fact]
    public void PositionAt_Counts_AllKindsOfLineEnds()
    {
        var source = new SourceText("t", "a\r\nb\rc\n\nd");

        Assert.Equal(5, source.LineCount);
        Assert.Equal("a|b|c||d|", string.Join('|', Enumerable.Range(1, 6).Select(source.Line)));
        Assert.Equal((2, 1), source.PositionAt(3));
        Assert.Equal((5, 2), source.PositionAt(9));
    }
}
