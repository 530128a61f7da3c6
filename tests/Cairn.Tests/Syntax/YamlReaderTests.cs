using Cairn.Core.Syntax;

namespace Cairn.Tests.Syntax;

public sealed class YamlReaderTests
{
    [Theory]
    [InlineData("a", "\"a\"")]
    [InlineData("a: 1\nb: [x, 'y', \"z\"]\n", "{a: 1:Integer, b: [\"x\", \"y\", \"z\"]}")]
    [InlineData("- a\n- b: c\n  d:\n  - e\n", "[\"a\", {b: \"c\", d: [\"e\"]}]")]
    [InlineData("a:\nb: ~\n", "{a: :Null, b: ~:Null}")]
    [InlineData("[a: b, c]", "[{a: \"b\"}, \"c\"]")]
    [InlineData("? a\n: b\n", "{a: \"b\"}")]
    [InlineData("---\na: b\n...\n", "{a: \"b\"}")]
    [InlineData("%YAML 1.2\n---\na: b\n", "{a: \"b\"}")]
    [InlineData("a: b # comment\n# more\n", "{a: \"b\"}")]
    [InlineData("a: x#y\n", "{a: \"x#y\"}")]
    [InlineData("a: http://x/y:z\n", "{a: \"http://x/y:z\"}")]
    [InlineData("if: ${{ !params.x }}\n", "{if: \"${{ !params.x }}\"}")]
    [InlineData("a: one\n  two\n\n  three\n", "{a: \"one two\\nthree\"}")]
    [InlineData("a: \"one\n  two\\\n   three\n\n  four\"\n", "{a: \"one twothree\\nfour\"}")]
    [InlineData("a: 'it''s\n  it'\n", "{a: \"it's it\"}")]
    [InlineData("a: |\n  x\n   y\n\n  z\n\nb: 1\n", "{a: \"x\\n y\\n\\nz\\n\", b: 1:Integer}")]
    [InlineData("a: |-\n  x\n", "{a: \"x\"}")]
    [InlineData("a: |+\n  x\n\n", "{a: \"x\\n\\n\"}")]
    [InlineData("a: |2\n   x\n  y\n", "{a: \" x\\ny\\n\"}")]
    [InlineData("a: >\n  one\n  two\n\n  three\n    four\n", "{a: \"one two\\nthree\\n  four\\n\"}")]
    [InlineData("a: |\n\n  x\n", "{a: \"\\nx\\n\"}")]
    [InlineData("a: b\r\nc: d\r\n", "{a: \"b\", c: \"d\"}")]
    [InlineData("a: b\rc: d\r", "{a: \"b\", c: \"d\"}")]
    public void Read_Understands(string text, string expected) => Assert.Equal(expected, Yaml.Show(Yaml.Read(text)));

    [Theory]
    [InlineData("null", ScalarType.Null)]
    [InlineData("Null", ScalarType.Null)]
    [InlineData("~", ScalarType.Null)]
    [InlineData("true", ScalarType.Boolean)]
    [InlineData("FALSE", ScalarType.Boolean)]
    [InlineData("yes", ScalarType.String)]
    [InlineData("on", ScalarType.String)]
    [InlineData("0", ScalarType.Integer)]
    [InlineData("-12", ScalarType.Integer)]
    [InlineData("+12", ScalarType.Integer)]
    [InlineData("007", ScalarType.Integer)]
    [InlineData("0o17", ScalarType.Integer)]
    [InlineData("0o18", ScalarType.String)]
    [InlineData("0xFf", ScalarType.Integer)]
    [InlineData("0xg", ScalarType.String)]
    [InlineData("-0x1", ScalarType.String)]
    [InlineData("1_000", ScalarType.String)]
    [InlineData("1.5", ScalarType.Float)]
    [InlineData("1.", ScalarType.Float)]
    [InlineData(".5", ScalarType.Float)]
    [InlineData("1e3", ScalarType.Float)]
    [InlineData("-1.5E-3", ScalarType.Float)]
    [InlineData("1e", ScalarType.String)]
    [InlineData(".", ScalarType.String)]
    [InlineData("-", ScalarType.String)]
    [InlineData("1.2.3", ScalarType.String)]
    [InlineData(".inf", ScalarType.Float)]
    [InlineData("-.INF", ScalarType.Float)]
    [InlineData(".nan", ScalarType.Float)]
    [InlineData("+.nan", ScalarType.String)]
    [InlineData("10m", ScalarType.String)]
    public void TypeOf_Follows_TheCoreSchema(string text, ScalarType expected) => Assert.Equal(expected, CoreSchema.TypeOf(text));

    [Fact]
    public void Read_Takes_QuotedScalarsForStrings() => Assert.Equal("[\"1\", \"true\", \"\"]", Yaml.Show(Yaml.Read("['1', \"true\", '']")));

    [Theory]
    [InlineData("!!str 1", "\"1\"")]
    [InlineData("! 1", "\"1\"")]
    [InlineData("!!int '1'", "1:Integer")]
    [InlineData("!!float 1", "1:Float")]
    [InlineData("!<tag:yaml.org,2002:bool> true", "true:Boolean")]
    [InlineData("!!null ''", ":Null")]
    [InlineData("!!map {a: !!seq [b]}", "{a: [\"b\"]}")]
    [InlineData("&x !!str 12", "\"12\"")]
    public void Read_Honours_StandardTags(string text, string expected) => Assert.Equal(expected, Yaml.Show(Yaml.Read(text)));

    [Theory]
    [InlineData("a: &x [1]\nb: *x\n", "{a: [1:Integer], b: [1:Integer]}")]
    [InlineData("- &k a\n- *k : b\n", "[\"a\", {a: \"b\"}]")]
    [InlineData("- &x 1\n- &x 2\n- *x\n", "[1:Integer, 2:Integer, 2:Integer]")]
    [InlineData("- &b {x: 1, y: 2}\n- {y: 3, <<: *b, z: 4}\n", "[{x: 1:Integer, y: 2:Integer}, {y: 3:Integer, z: 4:Integer, x: 1:Integer}]")]
    [InlineData("- &b {x: 1}\n- &c {x: 2, y: 2}\n- {<<: [*b, *c]}\n", "[{x: 1:Integer}, {x: 2:Integer, y: 2:Integer}, {x: 1:Integer, y: 2:Integer}]")]
    [InlineData("<<: {a: 1}\nb: 2\n", "{b: 2:Integer, a: 1:Integer}")]
    [InlineData("\"<<\": {a: 1}\n", "{<<: {a: 1:Integer}}")]
    public void Read_Resolves_AliasesAndMerges(string text, string expected) => Assert.Equal(expected, Yaml.Show(Yaml.Read(text)));

    [Fact]
    public void Read_Shares_TheNodeOfAnAlias()
    {
        var items = Assert.IsType<SequenceNode>(Yaml.Read("- &x {a: 1}\n- *x\n")).Items;

        Assert.Same(items[0], items[1]);
    }

    [Theory]
    [InlineData("\u0085")]
    [InlineData("\u2028")]
    [InlineData("\u2029")]
    public void Read_Keeps_UnicodeLineSeparators(string separator)
    {
        var text = $"a: x{separator}y\nb: \"x{separator}y\"\nc: 'x{separator}y'\nd: |\n  x{separator}y\n  z\ne: one{separator}\n  two\n";

        Assert.Equal($"{{a: \"x{separator}y\", b: \"x{separator}y\", c: \"x{separator}y\", d: \"x{separator}y\\nz\\n\", e: \"one{separator} two\"}}", Yaml.Show(Yaml.Read(text)));
        Assert.Equal("9:4-9:9", Yaml.Place(Yaml.Scalar(text + "f: after\n", "f").Span));
    }

    [Theory]
    [InlineData("{}", "{}")]
    [InlineData("[]", "[]")]
    [InlineData("{\n\t\"a\" \n : \t[1, -0.5e+3, true, null]\r\n}\n", "{a: [1:Integer, -0.5e+3:Float, true:Boolean, null:Null]}")]
    [InlineData("[\"\\u0041\\ud83d\\uDE00\\/\\\"\\\\\\b\\f\\n\\r\\t\"]", "[\"A😀/\"\\\b\f\\n\r\t\"]")]
    [InlineData("[\"a\u2028b\"]", "[\"a\u2028b\"]")]
    [InlineData("{\"<<\": 1}", "{<<: 1:Integer}")]
    public void Read_Understands_Json(string text, string expected) => Assert.Equal(expected, Yaml.Show(Yaml.Read(text)));

    [Theory]
    [InlineData("{a: 1}", "{a: 1:Integer}")]
    [InlineData("{\"a\": 1,}", "{a: 1:Integer}")]
    [InlineData("[01, +1, .5]", "[01:Integer, +1:Integer, .5:Float]")]
    [InlineData("[\"\\x41\\ud83d\\ude00\"]", "[\"A😀\"]")]
    public void Read_Understands_YamlThatLooksLikeJson(string text, string expected) => Assert.Equal(expected, Yaml.Show(Yaml.Read(text)));

    [Fact]
    public void Read_Takes_LongJsonKeys()
    {
        var key = new string('k', 5_000);

        Assert.Equal($"{{{key}: 1:Integer}}", Yaml.Show(Yaml.Read($"{{\"{key}\": 1}}")));
    }
}
