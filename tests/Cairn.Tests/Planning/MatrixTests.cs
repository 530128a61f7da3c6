using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Planning;

namespace Cairn.Tests.Planning;

public sealed class MatrixTests
{
    [Fact]
    public void Plan_Combines_Axes_In_Order_The_Last_Fastest() =>
        Assert.Equal(
            ["a[os=linux,n=1]", "a[os=linux,n=2]", "a[os=mac,n=1]", "a[os=mac,n=2]"],
            Matrix("{ os: [linux, mac], n: [1, 2] }").Ids());

    [Fact]
    public void Plan_Excludes_What_A_Row_Matches_In_Part() =>
        Assert.Equal(
            ["a[os=linux,n=1]", "a[os=mac,n=1]"],
            Matrix("{ os: [linux, mac], n: [1, 2], exclude: [{ n: 2 }] }").Ids());

    [Fact]
    public void Plan_Includes_As_GitHub_Does()
    {
        // The documented example: rows extend where they contradict no axis, later rows overwrite what earlier ones added, others stand alone.
        var plan = Matrix("""
            { fruit: [apple, pear], animal: [cat, dog], include: [
                { color: green }, { color: pink, animal: cat }, { fruit: apple, shape: circle },
                { fruit: banana }, { fruit: banana, animal: cat } ] }
            """);

        Assert.Equal(
            [
                """a[fruit=apple,animal=cat] {"fruit":"apple","animal":"cat","color":"pink","shape":"circle"}""",
                """a[fruit=apple,animal=dog] {"fruit":"apple","animal":"dog","color":"green","shape":"circle"}""",
                """a[fruit=pear,animal=cat] {"fruit":"pear","animal":"cat","color":"pink"}""",
                """a[fruit=pear,animal=dog] {"fruit":"pear","animal":"dog","color":"green"}""",
                """a[fruit=banana] {"fruit":"banana"}""",
                """a[fruit=banana,animal=cat] {"fruit":"banana","animal":"cat"}""",
            ],
            plan.Jobs.Select(j => $"{j.Id} {ValueText.ToJson(j.Matrix!, 1_000)}"), StringComparer.Ordinal);
    }

    [Fact]
    public void Plan_Computes_Axes_From_Parameters()
    {
        const string Yaml = """
            params: { list: { type: list, default: [x, y] }, one: z }
            steps: { a: { run: 'true', matrix: { n: "${{ params.list }}", m: ["${{ params.one }}", w] } } }
            """;
        Assert.Equal(["a[n=p,m=z]", "a[n=p,m=w]"], Plans.Good(Yaml, Plans.With(("list", "p"))).Ids());
        var empty = Plans.Make(Yaml, Plans.With(("list", "")));
        Assert.Equal(DiagnosticCodes.PlanMatrixEmpty, Assert.Single(empty.Diagnostics).Code);
        Assert.Empty(empty.Plan!.Jobs);
    }

    [Theory]
    [InlineData("a/b", "a%2Fb")]
    [InlineData("[x],y", "%5Bx%5D%2Cy")]
    [InlineData("é", "%C3%A9")]
    [InlineData("100%", "100%25")]
    [InlineData("a\\tb", "a%09b")]
    public void Plan_Names_Jobs_By_Printable_Keys(string value, string key) =>
        Assert.Equal($"a[v={key}]", Assert.Single(Matrix($$"""{ v: ["{{value}}"] }""").Ids()));

    [Fact]
    public void Plan_Shortens_Long_Keys_And_Keeps_Them_Apart()
    {
        var plan = Matrix($"{{ v: [{new string('x', 200)}1, {new string('x', 200)}2] }}");
        Assert.NotEqual(plan.Jobs[0].Id, plan.Jobs[1].Id);
        Assert.All(plan.Jobs, job => Assert.Matches("^v=x{31}~[0-9a-f]{8}$", job.MatrixKey));
    }

    [Fact]
    public void Plan_Refuses_A_Combination_Made_Twice() =>
        Assert.Contains("makes the combination `v=1` twice", Plans.Make("steps: { a: { run: 'true', matrix: { v: [1, 2, '1'] } } }").Error(DiagnosticCodes.PlanMatrixDuplicate), StringComparison.Ordinal);

    [Fact]
    public void Plan_Refuses_A_Matrix_That_Is_Too_Large()
    {
        var values = string.Join(", ", Enumerable.Range(0, 100));
        Assert.Contains("more than 4096 jobs", Plans.Make($"steps: {{ a: {{ run: 'true', matrix: {{ x: [{values}], y: [{values}] }} }} }}").Error(DiagnosticCodes.PlanMatrixTooLarge), StringComparison.Ordinal);
        Assert.Contains("makes 100 jobs, and 10 are allowed",
            Plans.Make($"steps: {{ a: {{ run: 'true', matrix: {{ x: [{values}], limits: {{ max_jobs: 10 }} }} }} }}").Error(DiagnosticCodes.PlanMatrixTooLarge), StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_Refuses_An_Axis_That_Is_No_List() =>
        Assert.Contains("The axis `v` wants a list, not a text",
            Plans.Make("params: { p: x }\nsteps: { a: { run: 'true', matrix: { v: '${{ params.p }}' } } }").Error(DiagnosticCodes.PlanMatrixNotList), StringComparison.Ordinal);

    private static Plan Matrix(string matrix) => Plans.Good($"steps: {{ a: {{ run: 'true', matrix: {matrix.ReplaceLineEndings(" ")} }} }}");
}
