using System.Collections.Immutable;

using Cairn.Core.Expressions;
using Cairn.Tests.Language;

namespace Cairn.Tests.Expressions;

/// <summary>The examples of <c>docs/reference/expressions.md</c>.</summary>
public sealed class ReferencePageTests
{
    private static string[] Page { get; } = File.ReadAllLines(Path.Combine(Samples.Root, "docs/reference/expressions.md"));

    private static EvaluationContext Context { get; } = new()
    {
        Roots = ImmutableDictionary<string, Value>.Empty
            .Add("params", Evaluating.Json("""{"jobs":4,"tags":["a","b"]}"""))
            .Add("job", Evaluating.Json("""{"name":"show","attempt":1}"""))
            .Add("git", Evaluating.Json("""{"tag":null}"""))
            .Add("steps", Evaluating.Json("""{"first":{"status":"succeeded","outputs":{"info":"{\"v\": [1, 2]}"}}}""")),
    };

    public static TheoryData<string, string> Examples
    {
        get
        {
            var examples = new TheoryData<string, string>();
            foreach (var line in Page.SkipWhile(l => l != "## Examples").Where(l => l.StartsWith("| `", StringComparison.Ordinal)))
            {
                var cells = line[2..^2].Replace("\\|", "\u0001", StringComparison.Ordinal).Split(" | ");
                examples.Add(cells[0].Replace('\u0001', '|').Trim('`'), cells[1].Trim('`'));
            }

            return examples;
        }
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void Examples_Hold(string expression, string text) => Assert.Equal(text, ValueText.ToText(Evaluating.Evaluate(expression, Context)));

    [Fact]
    public void Functions_Are_All_There() =>
        Assert.DoesNotContain(Functions.Names, name => !Array.Exists(Page, l => l.StartsWith('|') && l.Contains($"`{name}(", StringComparison.Ordinal)));
}
