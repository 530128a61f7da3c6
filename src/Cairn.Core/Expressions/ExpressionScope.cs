using System.Collections.Immutable;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Expressions;

/// <summary>
/// What an expression means that was written inside a reusable body: its <c>params</c> are those of the body, whose values are
/// expressions of whoever uses the body. An expression carries its scope, so whoever evaluates it gives the outermost context only.
/// </summary>
public abstract class ExpressionScope
{
    /// <summary>The context inside, with only what <paramref name="reads"/> names made; null after a mistake, which is added.</summary>
    public abstract EvaluationContext? Enter(EvaluationContext outer, ImmutableArray<ExpressionReference> reads, DiagnosticBag diagnostics);

    /// <summary>What an expression that reads <paramref name="reads"/> inside reads outside.</summary>
    public abstract ImmutableArray<ExpressionReference> Expand(ImmutableArray<ExpressionReference> reads);

    /// <summary>Whether something that <paramref name="reads"/> names calls <c>hashFiles</c> outside.</summary>
    public abstract bool ReadsHashFiles(ImmutableArray<ExpressionReference> reads);
}
