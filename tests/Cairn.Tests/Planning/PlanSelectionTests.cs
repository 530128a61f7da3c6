using System.Collections.Immutable;

using Cairn.Core.Planning;

namespace Cairn.Tests.Planning;

public sealed class PlanSelectionTests
{
    private static readonly Plan Plan = Plans.Good("""
        steps:
          fetch: { run: "true" }
          build: { run: "true", needs: [fetch], matrix: { n: [1, 2] } }
          test: { run: "true", needs: [build] }
          docs: { run: "true", needs: [fetch] }
        """);

    [Theory]
    [InlineData("", "", "", "fetch build[n=1] build[n=2] test docs")]
    [InlineData("build", "", "", "build[n=1] build[n=2]")]
    [InlineData("build[n=2] docs", "", "", "build[n=2] docs")]
    [InlineData("", "build", "", "build[n=1] build[n=2] test")]
    [InlineData("", "build[n=1]", "", "build[n=1] test")]
    [InlineData("", "", "test", "fetch build[n=1] build[n=2] test")]
    [InlineData("", "build", "test docs", "build[n=1] build[n=2] test")]
    public void Apply_Chooses_Steps_What_Follows_And_What_They_Need(string only, string from, string until, string expected)
    {
        var (leftOut, diagnostics) = PlanSelection.Apply(Plan, Names(only), Names(from), Names(until));
        Assert.Empty(diagnostics);
        Assert.Equal(expected, string.Join(' ', Plan.Jobs.Where(j => leftOut[j.Index] is null).Select(j => j.Id)));
    }

    [Fact]
    public void Apply_Suggests_The_Nearest_Name_And_Says_Why_Jobs_Are_Left_Out()
    {
        var (_, diagnostics) = PlanSelection.Apply(Plan, ["tset"], [], ["build[n=3]"]);
        Assert.Equal(["did you mean `test`?", "did you mean `build[n=1]`?"], diagnostics.Select(d => d.Suggestion).Order(StringComparer.Ordinal).Reverse(), StringComparer.Ordinal);

        var (leftOut, _) = PlanSelection.Apply(Plan, ["test"], [], []);
        Assert.Equal("not in --only", leftOut[0]);
    }

    [Fact]
    public void Resolve_MarksJobs_AndNamesTheOptionInMistakes()
    {
        Assert.Equal([false, true, false, true, false], Resolve("build[n=1] test"));
        Assert.Equal([false, true, true, false, false], Resolve("build"));
        Assert.Equal([false, false, false, false, false], Resolve(""));

        var (_, diagnostics) = PlanSelection.Resolve(Plan, ["biuld", "docs"], "--force");
        var mistake = Assert.Single(diagnostics);
        Assert.Equal("`--force biuld` names no step and no job", mistake.Message);
        Assert.Equal("did you mean `build`?", mistake.Suggestion);

        static ImmutableArray<bool> Resolve(string names) => PlanSelection.Resolve(Plan, Names(names), "--force").Chosen;
    }

    private static ImmutableArray<string> Names(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
}
