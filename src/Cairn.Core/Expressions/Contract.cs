using System.Collections.Immutable;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Expressions;

/// <summary>The verdict on the needs of a job, for the status functions.</summary>
public enum NeedsStatus
{
    /// <summary>All succeeded, were skipped by their own condition, or failed where failure is allowed.</summary>
    Success,

    /// <summary>At least one failed or did not run because of a failure.</summary>
    Failure,

    /// <summary>The run was cancelled.</summary>
    Cancelled,
}

/// <summary>What an expression may look at. A root that is absent yields a diagnostic that lists those present.</summary>
public sealed record EvaluationContext
{
    /// <summary>The named roots: <c>params</c>, <c>env</c>, <c>matrix</c>, <c>job</c>, <c>run</c>, <c>git</c>, <c>steps</c>, <c>secrets</c>.</summary>
    public required ImmutableDictionary<string, Value> Roots { get; init; }

    /// <summary>The verdict that <c>success()</c>, <c>failure()</c> and <c>cancelled()</c> test; null where they are not to be had.</summary>
    public NeedsStatus? Needs { get; init; }

    /// <summary>Computes <c>hashFiles(pattern, …)</c>: the lower-case hex SHA-256 over the matching files; null where it is not to be had.</summary>
    public Func<ImmutableArray<string>, string>? HashFiles { get; init; }
}

/// <summary>A part of the context that an expression reads: <c>steps.build.outputs.x</c> is root <c>steps</c>, path <c>build, outputs, x</c> (as far as it is constant).</summary>
public sealed record ExpressionReference(string Root, ImmutableArray<string> Path, SourceSpan Span);
