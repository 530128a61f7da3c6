using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;

namespace Cairn.Tests.Planning;

/// <summary>Reads and plans pipelines that stand in the tests as text.</summary>
internal static class Plans
{
    private const string File = "cairn.yaml";

    public static Pipeline Read(string yaml)
    {
        var result = PipelineReader.Read(File, new OneFile($"version: 1\n{yaml}"));
        Assert.Empty(result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error));
        return result.Pipeline!;
    }

    public static PlanResult Make(string yaml, PlanInput? input = null) => Planner.Plan(Read(yaml), input ?? new PlanInput());

    public static Plan Good(string yaml, PlanInput? input = null)
    {
        var result = Make(yaml, input);
        Assert.Empty(result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error));
        return result.Plan!;
    }

    public static PlanResult Extend(Plan plan, string yaml, int generatingJob = 0, PlanInput? input = null)
    {
        var read = PipelineReader.ReadGenerated("more.yaml", new OneFile($"version: 1\n{yaml}", "more.yaml"), plan.Pipeline);
        Assert.Empty(read.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error));
        return Planner.Extend(plan, read.Pipeline!, generatingJob, input ?? new PlanInput());
    }

    public static PlanInput With(params (string Name, string Value)[] parameters) =>
        new() { Parameters = parameters.ToImmutableDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal) };

    public static string[] Ids(this Plan plan) => [.. plan.Jobs.Select(j => j.Id.Value)];

    public static Job Job(this Plan plan, string id) => plan.Jobs.Single(j => string.Equals(j.Id.Value, id, StringComparison.Ordinal));

    /// <summary>The only error, as <c>line: message; help</c>.</summary>
    public static string Error(this PlanResult result, string code)
    {
        Assert.Null(result.Plan);
        var error = Assert.Single(result.Diagnostics);
        Assert.Equal(code, error.Code);
        return $"{error.Span.Line}: {error.Message}{(error.Suggestion is { } help ? $"; {help}" : "")}";
    }

    private sealed class OneFile(string text, string name = File) : ISourceLoader
    {
        public byte[]? Load(string path) => string.Equals(path, name, StringComparison.Ordinal) ? Encoding.UTF8.GetBytes(text) : null;
    }
}
