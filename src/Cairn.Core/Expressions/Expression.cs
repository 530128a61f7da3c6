using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Core.Expressions;

/// <summary>A parsed expression: what stands between <c>${{</c> and <c>}}</c>.</summary>
public sealed class Expression
{
    /// <summary>The place of the whole scalar.</summary>
    public SourceSpan Span { get; init; }

    /// <summary>The text as written, without the braces.</summary>
    public string Source { get; init; } = "";

    /// <summary>What it reads.</summary>
    public ImmutableArray<ExpressionReference> References { get; init; } = [];

    /// <summary>Whether it calls <c>success()</c>, <c>failure()</c>, <c>always()</c> or <c>cancelled()</c>.</summary>
    public bool UsesStatusFunction { get; init; }

    /// <summary>Whether it calls <c>hashFiles</c>.</summary>
    public bool UsesHashFiles { get; init; }

    /// <summary>Parses a whole scalar as one expression, with or without <c>${{ }}</c> around it (as <c>if</c> takes it). Null after mistakes, which are added.</summary>
    public static Expression? Parse(ScalarNode node, DiagnosticBag diagnostics) => throw new NotSupportedException();

    /// <summary>Evaluates. Null after a mistake, which is added with its place.</summary>
    public Value? Evaluate(EvaluationContext context, DiagnosticBag diagnostics) => throw new NotSupportedException();

    /// <summary>Evaluates to a truth value by <see cref="Truth"/>. Null after a mistake.</summary>
    public bool? EvaluateCondition(EvaluationContext context, DiagnosticBag diagnostics) => throw new NotSupportedException();

    /// <summary>False, null, 0, NaN and the empty text are false; everything else is true.</summary>
    public static bool Truth(Value value) => throw new NotSupportedException();
}
