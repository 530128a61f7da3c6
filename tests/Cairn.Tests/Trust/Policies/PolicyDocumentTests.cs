using System.Text;
using System.Text.Json;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Binding;
using Cairn.Testing;
using Cairn.Tests.Language;
using Cairn.Trust.Policies;

namespace Cairn.Tests.Trust.Policies;

/// <summary>What the guide shows works.</summary>
public sealed class PolicyDocumentTests
{
    private static List<string> Blocks()
    {
        var text = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "guide", "policy.md"));
        var blocks = new List<string>();
        foreach (var part in text.Split("```yaml\n").Skip(1))
        {
            blocks.Add(part[..part.IndexOf("```", StringComparison.Ordinal)]);
        }

        return blocks;
    }

    [Fact]
    public void Guide_HasPoliciesWithoutMistakes_AndCasesThatHold()
    {
        var blocks = Blocks();
        Assert.Equal(4, blocks.Count);
        var policies = blocks.Where(static b => !b.Contains("\ncases:", StringComparison.Ordinal)).Select(static b => PolicyReader.Read("release.yaml", Encoding.UTF8.GetBytes(b))).ToList();
        Assert.All(policies, static p => Assert.Empty(p.Diagnostics));

        var mistakes = new DiagnosticBag();
        var cases = PolicyCases.Read("release.cases.yaml", Encoding.UTF8.GetBytes(blocks[3]), mistakes, out _)!;
        cases.Check(policies[0].Policy!, mistakes);
        Assert.Empty(mistakes.ToSorted());
        Assert.All(cases.Cases, c => Assert.Empty(c.Run(policies[0].Policy!)));
    }

    [Fact]
    public void Schemas_AreUpToDate_AndWhole()
    {
        foreach (var (name, schema, keys) in (ReadOnlySpan<(string, string, KeySet)>)[("policy.schema.json", PolicySchema.Generate(), PolicyKeys.Policy), ("policy-cases.schema.json", PolicySchema.GenerateCases(), EvidenceKeys.Cases)])
        {
            Samples.AssertGolden(Path.Combine(SourceTree.Root, "docs", "reference", name), schema);
            using var json = JsonDocument.Parse(schema);
            Assert.Equal(keys.Keys.Select(static k => k.Name), json.RootElement.GetProperty("properties").EnumerateObject().Select(static p => p.Name));
            var defined = json.RootElement.GetProperty("$defs").EnumerateObject().Select(static p => $"#/$defs/{p.Name}").ToHashSet();
            Assert.All(ReferencesIn(json.RootElement), r => Assert.Contains(r, defined));
        }
    }

    private static IEnumerable<string> ReferencesIn(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(static p => p.NameEquals("$ref") ? [p.Value.GetString()!] : ReferencesIn(p.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(ReferencesIn),
        _ => [],
    };

    [Fact]
    public void Reference_DescribesEveryRule()
    {
        var text = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "formats", "policy.md"));
        Assert.All(PolicyKeys.Rules.Keys, k => Assert.Contains($"`{k.Name}`", text, StringComparison.Ordinal));
        Assert.All(EvidenceKeys.Cases.Keys, k => Assert.Contains($"`{k.Name}`", text, StringComparison.Ordinal));
        Assert.All(PolicyKeys.Policy.Keys, k => Assert.Contains($"`{k.Name}`", text, StringComparison.Ordinal));
    }
}
