using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Planning;

/// <summary>A pipeline expanded to jobs. Indices into <see cref="Jobs"/> name jobs within one run; jobs are only ever appended.</summary>
public sealed record Plan(Pipeline Pipeline, ImmutableArray<Job> Jobs)
{
    /// <summary>The <c>params</c> root: every parameter with its value, in the order of the pipeline.</summary>
    public Value.Map Parameters { get; init; } = new([]);
}

/// <summary>One scheduled execution of one expanded step.</summary>
public sealed record Job
{
    /// <summary>Its place in <see cref="Plan.Jobs"/>.</summary>
    public required int Index { get; init; }

    /// <summary>Its id.</summary>
    public required JobId Id { get; init; }

    /// <summary>The step it comes from.</summary>
    public required Step Step { get; init; }

    /// <summary>The matrix key (<c>os=linux,opt=O2</c>), or null.</summary>
    public string? MatrixKey { get; init; }

    /// <summary>The matrix values, or null.</summary>
    public Value.Map? Matrix { get; init; }

    /// <summary>The jobs it needs, ascending.</summary>
    public ImmutableArray<int> Needs { get; init; } = [];

    /// <summary>What it declares to read; null means the default inputs.</summary>
    public PathPatterns? Inputs { get; init; }

    /// <summary>What it declares to write.</summary>
    public PathPatterns Outputs { get; init; } = PathPatterns.None;

    /// <summary>Whether the condition was already found false, without looking at other steps; the job is then skipped at once.</summary>
    public bool SkippedByPlan { get; init; }

    /// <summary>Whether the condition was already found true, so that only the success of the needs counts. Conditions that look at steps, or at how the needs ended, are left to the run.</summary>
    public bool ConditionHolds { get; init; }

    /// <summary>The places of the patterns of <see cref="Inputs"/>.</summary>
    internal ImmutableArray<SourceSpan> InputSpans { get; init; } = [];

    /// <summary>The places of the patterns of <see cref="Outputs"/>.</summary>
    internal ImmutableArray<SourceSpan> OutputSpans { get; init; } = [];

    /// <summary>Generated-pipeline depth: 0 for jobs of the pipeline file.</summary>
    public int GeneratedDepth { get; init; }
}

/// <summary>What a plan is made from, besides the pipeline.</summary>
public sealed record PlanInput
{
    /// <summary>Parameters as given, by name.</summary>
    public ImmutableDictionary<string, string> Parameters { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The <c>git</c> root: <c>commit</c>, <c>short_commit</c>, <c>branch</c>, <c>tag</c>, <c>dirty</c>, <c>message</c>, <c>author</c>; empty without git.</summary>
    public Value.Map Git { get; init; } = new([]);

    /// <summary>The <c>run</c> root: <c>id</c>, <c>started_at</c> (RFC 3339), <c>user</c>, <c>host</c>, <c>ci</c>.</summary>
    public Value.Map Run { get; init; } = new([]);

    /// <summary>Whether a path is tracked by git: a tracked output is a mistake. Null where git was not asked.</summary>
    public Func<string, bool>? IsTracked { get; init; }

    /// <summary>The first tracked path below a folder (given without a slash at its end), for outputs that are whole folders; null where git was not asked.</summary>
    public Func<string, string?>? FirstTrackedBelow { get; init; }

    /// <summary>The first tracked path that matches, for globbed outputs; null where git was not asked.</summary>
    public Func<PathPatterns, string?>? FirstTrackedMatch { get; init; }

    /// <summary><c>hashFiles</c> for conditions and matrices; null where the tree is not to be had.</summary>
    public Func<ImmutableArray<string>, string>? HashFiles { get; init; }
}

/// <summary>A plan or the mistakes that stop it.</summary>
public sealed record PlanResult(Plan? Plan, ImmutableArray<Diagnostic> Diagnostics);
