using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Core.Expressions;

/// <summary>A text in which <c>${{ … }}</c> stands for values. <c>$${{</c> is a literal <c>${{</c>.</summary>
public sealed class Template
{
    /// <summary>The place of the scalar.</summary>
    public SourceSpan Span { get; init; }

    /// <summary>The text as written.</summary>
    public string Source { get; init; } = "";

    /// <summary>Whether it holds no expression.</summary>
    public bool IsLiteral { get; init; }

    /// <summary>Whether it is exactly one expression and nothing else, so that <see cref="Evaluate"/> keeps the value's type.</summary>
    public bool IsSingleExpression { get; init; }

    /// <summary>The expressions in order.</summary>
    public ImmutableArray<Expression> Expressions { get; init; } = [];

    /// <summary>A template without expressions.</summary>
    public static Template Literal(string text, SourceSpan span = default) => throw new NotSupportedException();

    /// <summary>Parses a scalar. Null after mistakes, which are added.</summary>
    public static Template? Parse(ScalarNode node, DiagnosticBag diagnostics) => throw new NotSupportedException();

    /// <summary>The value; a text unless <see cref="IsSingleExpression"/>. Null after a mistake, which is added.</summary>
    public Value? Evaluate(EvaluationContext context, DiagnosticBag diagnostics) => throw new NotSupportedException();

    /// <summary>The text. Null after a mistake, which is added; lists and maps are a mistake here.</summary>
    public string? EvaluateText(EvaluationContext context, DiagnosticBag diagnostics) => throw new NotSupportedException();
}
