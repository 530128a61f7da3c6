using System.Text.Json;
using System.Text.Json.Nodes;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Syntax;

public sealed class YamlPropertyTests
{
    private const int Cases = 400;

    private static readonly JsonSerializerOptions[] Styles =
    [
        new(),
        new() { WriteIndented = true },
        new() { WriteIndented = true, IndentCharacter = '\t', IndentSize = 1, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping },
    ];

    [Fact]
    public void Read_NeverThrows() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(Cases),
        Prop.ForAll(ArbMap.Default.ArbFor<string>().Filter(text => text is not null), text => IsNodeOrError(text)));

    [Fact]
    public void Read_NeverThrows_OnIndicators()
    {
        var part = Gen.Elements(
            "a", "b: ", ": ", "- ", "? ", "\n", "\n  ", "\n ", "\t", "[", "]", "{", "}", ", ", "\"", "'", "|\n", ">\n", "#", " # ", "&a ", "*a", "*", "!", "!!str ", "<<: ", "---\n", "...\n", "%", "@", "\\", "\r", "\u2028", "😀");
        var texts = Gen.ListOf(part).Select(parts => string.Concat(parts));

        Check.One(Config.QuickThrowOnFailure.WithMaxTest(Cases * 10).WithEndSize(40), Prop.ForAll(texts.ToArbitrary(), text => IsNodeOrError(text)));
    }

    [Fact]
    public void Read_Understands_AllJson() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(Cases),
        Prop.ForAll(Gen.Sized(size => Json(Math.Min(size, 5))).ToArbitrary(), json =>
        {
            foreach (var style in Styles)
            {
                // A document of one scalar is YAML's, so put it into a list.
                var text = new JsonArray(json?.DeepClone()).ToJsonString(style);
                var again = ToJson(Yaml.Read(text));
                Assert.True(JsonNode.DeepEquals(new JsonArray(json?.DeepClone()), again), text);
            }
        }));

    [Fact]
    public void Read_Makes_TheSameOfJson_BothWays() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(Cases),
        Prop.ForAll(Gen.Sized(size => Json(Math.Min(size, 4))).ToArbitrary(), json =>
        {
            // A comment makes it YAML, so that the scanner reads it.
            var text = new JsonArray(json?.DeepClone()).ToJsonString(Styles[1]);
            Assert.Equal(ShowWithPlaces(Yaml.Read(text)), ShowWithPlaces(Yaml.Read(text + "\n# comment")));
        }));

    private static bool IsNodeOrError(string text)
    {
        var diagnostics = new DiagnosticBag();
        var source = new SourceText("t.yaml", text);
        var node = YamlReader.Read(source, diagnostics);
        DiagnosticRenderer.RenderAll(diagnostics.ToSorted(), new Dictionary<string, SourceText>(StringComparer.Ordinal) { [source.Name] = source }, new RenderOptions());
        return node is not null || diagnostics.HasErrors;
    }

    private static Gen<JsonNode?> Json(int depth)
    {
        var text = ArbMap.Default.GeneratorFor<string>().Where(s => s is not null && IsText(s));
        var scalar = Gen.OneOf(
            text.Select(s => (JsonNode?)JsonValue.Create(s)),
            ArbMap.Default.GeneratorFor<int>().Select(i => (JsonNode?)JsonValue.Create(i)),
            ArbMap.Default.GeneratorFor<NormalFloat>().Select(d => (JsonNode?)JsonValue.Create(d.Get)),
            Gen.Constant<JsonNode?>(null),
            ArbMap.Default.GeneratorFor<bool>().Select(b => (JsonNode?)JsonValue.Create(b)));
        if (depth == 0)
        {
            return scalar;
        }

        var items = Json(depth - 1).ListOf(3);
        var names = text.ListOf(3);
        return Gen.OneOf(
            scalar,
            items.Select(list => (JsonNode?)new JsonArray([.. list.Select(n => n?.DeepClone())])),
            from list in items
            from keys in names
            select (JsonNode?)new JsonObject(keys.Zip(list).DistinctBy(p => p.First, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.First, p.Second?.DeepClone()))));
    }

    /// <summary>JSON cannot carry half a surrogate pair.</summary>
    private static bool IsText(string text) => text.EnumerateRunes().All(r => r.Value != 0xFFFD);

    private static JsonNode? ToJson(Node node) => node switch
    {
        SequenceNode sequence => new JsonArray([.. sequence.Items.Select(ToJson)]),
        MappingNode mapping => new JsonObject(mapping.Entries.Select(e => KeyValuePair.Create(e.Key.Text, ToJson(e.Value)))),
        ScalarNode { Type: ScalarType.String } scalar => JsonValue.Create(scalar.Text),
        ScalarNode scalar => JsonNode.Parse(scalar.Text),
        _ => throw new InvalidOperationException(),
    };

    private static string ShowWithPlaces(Node node) => node switch
    {
        SequenceNode sequence => $"{node.Span}[{string.Join(',', sequence.Items.Select(ShowWithPlaces))}]",
        MappingNode mapping => $"{node.Span}{{{string.Join(',', mapping.Entries.Select(e => ShowWithPlaces(e.Key) + ShowWithPlaces(e.Value)))}}}",
        ScalarNode scalar => $"{node.Span}{scalar.Type}{scalar.Text}",
        _ => throw new InvalidOperationException(),
    };
}
