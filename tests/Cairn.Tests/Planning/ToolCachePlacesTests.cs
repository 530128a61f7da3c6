using Cairn.Core.Diagnostics;
using Cairn.Core.Planning;

namespace Cairn.Tests.Planning;

public sealed class ToolCachePlacesTests
{
    [Theory]
    [InlineData("deps", "deps/lib.a")]
    [InlineData("build/deps", "build/")]
    [InlineData("deps", "deps")]
    [InlineData("deps", "**/*.o")]
    [InlineData("deps", "${{ matrix.folder }}/x")]
    public void Plan_Refuses_ACacheWhereTheStepWrites(string path, string outputs)
    {
        var result = Plans.Make($$"""
            steps:
              a: { run: x, matrix: { folder: [deps] }, outputs: ["{{outputs}}"], cache: { paths: { tool: {{path}} } } }
            """);
        Assert.Contains(result.Diagnostics, d => d.Code == DiagnosticCodes.ToolCacheOverlap && d.Message == $"The tool cache `tool` of `a` is at `{path}`, where `a` writes its outputs");
    }

    [Fact]
    public void Plan_Refuses_ACacheWhereAnotherStepWrites_Once()
    {
        var message = Plans.Make("""
            steps:
              install: { run: x, outputs: [node_modules/] }
              test: { run: x, needs: [install], matrix: { n: [1, 2, 3] }, cache: { paths: { jest: node_modules/.cache } } }
            """).Error(DiagnosticCodes.ToolCacheOverlap);
        Assert.StartsWith("4: The tool cache `jest` of `test` is at `node_modules/.cache`, where `install` writes its outputs", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("~/deps", "deps/")]
    [InlineData("deps", "depsx/\", \"de/ps")]
    [InlineData("deps", "**/*.o\", \"!deps/**")]
    public void Plan_Takes_ACacheBesideTheOutputs(string path, string outputs) =>
        Plans.Good($$"""
            steps:
              a: { run: x, outputs: ["{{outputs}}"], cache: { paths: { tool: {{path}} } } }
            """);

    [Fact]
    public void Plan_Refuses_ACacheOverTrackedFiles()
    {
        const string Pipeline = """
            steps:
              a: { run: x, cache: { paths: { tool: vendor, home: ~/vendor } } }
            """;
        var input = new PlanInput { IsTracked = _ => false, FirstTrackedBelow = folder => folder == "vendor" ? "vendor/lib.c" : null };
        Assert.StartsWith("3: The tool cache `tool` of `a` holds `vendor/lib.c`, which git tracks", Plans.Make(Pipeline, input).Error(DiagnosticCodes.ToolCacheTracked), StringComparison.Ordinal);
    }

    [Fact]
    public void Extend_Refuses_OutputsInACacheOfAnEarlierStep()
    {
        var plan = Plans.Good("""
            steps:
              a: { run: x, generates: more.yaml, cache: { paths: { tool: deps } } }
            """);
        var extended = Plans.Extend(plan, """
            steps:
              b: { run: x, outputs: [deps/x] }
            """);
        extended.Error(DiagnosticCodes.ToolCacheOverlap);
    }
}
