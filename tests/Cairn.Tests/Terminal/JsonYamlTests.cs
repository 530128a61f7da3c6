using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Trust.Json;

namespace Cairn.Tests.Terminal;

/// <summary>What is shown as YAML or JSON reads as what it was.</summary>
public sealed class JsonYamlTests
{
    private static string Yaml(JsonValue value)
    {
        var text = new ByteText();
        JsonYaml.Append(text, value);
        return text.ToString();
    }

    private static string Json(JsonValue value)
    {
        var text = new ByteText();
        JsonYaml.AppendJson(text, value);
        return text.ToString();
    }

    /// <summary>A node as the value it stands for.</summary>
    private static JsonValue ValueOf(Node node) => node switch
    {
        MappingNode mapping => new JsonValue.Object([.. mapping.Entries.Select(static e => KeyValuePair.Create(e.Key.Text, ValueOf(e.Value)))]),
        SequenceNode sequence => new JsonValue.List([.. sequence.Items.Select(ValueOf)]),
        ScalarNode { Type: ScalarType.Null } => new JsonValue.Null(),
        ScalarNode { Type: ScalarType.Boolean } scalar => new JsonValue.Flag(scalar.Text == "true"),
        ScalarNode { Type: ScalarType.Integer } scalar => new JsonValue.Number(long.Parse(scalar.Text, System.Globalization.CultureInfo.InvariantCulture)),
        ScalarNode scalar => new JsonValue.Text(scalar.Text),
        _ => throw new InvalidOperationException(),
    };

    private static JsonValue Read(string text)
    {
        var diagnostics = new DiagnosticBag();
        var node = YamlReader.Read(new SourceText("t.yaml", text), diagnostics);
        Assert.True(node is not null && !diagnostics.HasErrors, text);
        return ValueOf(node);
    }

    public static TheoryData<string> Texts =>
    [
        "", " ", "a", "a b", "null", "Null", "~", "true", "off", "1", "-1", "1e5", "0x1F", ".5", "12:30:00", "2026-11-21", "a: b", "a#b", "- a", "-", "?", "!x", "&a", "*a", "@a", "`a`", "%a", "{a}", "[a]", "'a'", "\"a\"", "a\\b",
        "line\nline\n", "\ttab", "trailing ", "ü", "😀", "\u00a0", "\u2028", "\u200e", "\u0085", "/usr/bin", "pkg:deb/debian/gcc@12?arch=amd64", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "y", "=", "<<",
    ];

    [Theory]
    [MemberData(nameof(Texts))]
    public void Texts_AreReadAsTheyWere(string text)
    {
        var value = new JsonValue.Object([KeyValuePair.Create<string, JsonValue>("key", new JsonValue.Text(text)), KeyValuePair.Create<string, JsonValue>(text, new JsonValue.List([new JsonValue.Text(text)]))]);
        Assert.Equal(CanonicalJson.Write(value), CanonicalJson.Write(Read(Yaml(value))));
        Assert.Equal(CanonicalJson.Write(value), CanonicalJson.Write(StrictJson.TryRead(System.Text.Encoding.UTF8.GetBytes(Json(value)), out _)!));
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""[]""")]
    [InlineData("""{"a":{},"b":[],"c":null,"d":[[1,[2,[]]],[{}],[{"e":[{"f":1,"g":[true,false]}]}]]}""")]
    [InlineData("""[[["a"]],{"b":{"c":{"d":-5}}}]""")]
    [InlineData("\"text\"")]
    public void Values_AreReadAsTheyWere(string json)
    {
        var value = StrictJson.TryRead(System.Text.Encoding.UTF8.GetBytes(json), out _)!;
        Assert.Equal(json, System.Text.Encoding.UTF8.GetString(CanonicalJson.Write(Read(Yaml(value)))));
        Assert.Equal(json, System.Text.Encoding.UTF8.GetString(CanonicalJson.Write(StrictJson.TryRead(System.Text.Encoding.UTF8.GetBytes(Json(value)), out _)!)));
    }

    [Fact]
    public void Lists_BeginInTheLineOfTheirParent() => Assert.Equal(
        "a:\n  - b: 1\n    c:\n      - x\n  - - v\n    - z\n",
        Yaml(StrictJson.TryRead("""{"a":[{"b":1,"c":["x"]},["v","z"]]}"""u8, out _)!));
}
