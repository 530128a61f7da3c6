using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Core.Expressions;

/// <summary>A text in which <c>${{ … }}</c> stands for values. <c>$${{</c> is a literal <c>${{</c>.</summary>
public sealed class Template
{
    private const string Open = "${{";

    /// <summary>The scalar; null where <see cref="Source"/> is all there is.</summary>
    private readonly ScalarNode? _node;
    private readonly ExpressionScope? _scope;
    private Content? _content;

    private Template(string source, SourceSpan span)
    {
        Source = source;
        Span = span;
    }

    private Template(ScalarNode node, ExpressionScope? scope, Content? content)
        : this(node.Text, node.Span)
    {
        _node = node;
        _scope = scope;
        _content = content;
    }

    /// <summary>The place of the scalar.</summary>
    public SourceSpan Span { get; }

    /// <summary>The text as written.</summary>
    public string Source { get; }

    /// <summary>Whether it holds no expression.</summary>
    public bool IsLiteral => _node is null || Expressions.IsEmpty;

    /// <summary>The text of one that holds no expression, which takes nothing to evaluate; else null.</summary>
    public string? LiteralText => _node is null ? Source : Parsed.LiteralText;

    /// <summary>Whether it is exactly one expression and nothing else, so that <see cref="Evaluate"/> keeps the value's type.</summary>
    public bool IsSingleExpression => _node is not null && Parsed.Parts is [{ Expression: not null }];

    /// <summary>The expressions in order.</summary>
    public ImmutableArray<Expression> Expressions => _node is null ? [] : Parsed.Expressions;

    /// <summary>The scalar where its text is not simply taken; else null.</summary>
    internal ScalarNode? Node => _node;

    /// <summary>The body that its expressions are part of, or null.</summary>
    internal ExpressionScope? Scope => _scope;

    // Threads that parse at the same time come to the same content.
    private Content Parsed => _content ??= ParseKnown(_node!, _scope);

    /// <summary>A template without expressions, whatever the text holds.</summary>
    public static Template Literal(string text, SourceSpan span = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new Template(text, span);
    }

    /// <summary>Parses a scalar. Null after mistakes, which are added.</summary>
    public static Template? Parse(ScalarNode node, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(diagnostics);
        var text = node.Text;
        var open = text.IndexOf(Open, StringComparison.Ordinal);
        return open < 0 ? new Template(text, node.Span) : ParseContent(node, open, diagnostics) is { } content ? new Template(node, null, content) : null;
    }

    /// <summary>The value; a text unless <see cref="IsSingleExpression"/>. Null after a mistake, which is added.</summary>
    public Value? Evaluate(EvaluationContext context, DiagnosticBag diagnostics)
    {
        if (IsSingleExpression)
        {
            return Expressions[0].Evaluate(context, diagnostics);
        }

        return EvaluateText(context, diagnostics) is { } text ? Value.Of(text) : null;
    }

    /// <summary>The text. Null after a mistake, which is added; lists and maps are a mistake here.</summary>
    public string? EvaluateText(EvaluationContext context, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(diagnostics);
        if (_node is null)
        {
            return Source;
        }

        var parts = Parsed.Parts;
        var result = parts.Length == 1 ? null : new StringBuilder();
        var single = "";
        var failed = false;
        foreach (var part in parts)
        {
            // After a mistake the other expressions are still looked at, so that all mistakes show at once.
            if ((part.Expression is { } expression ? TextOf(expression, context, diagnostics) : part.Text) is not { } text)
            {
                failed = true;
                continue;
            }

            if ((result?.Length ?? 0) + text.Length > Limits.ExpressionResultCharsMax + Source.Length)
            {
                diagnostics.Error(DiagnosticCodes.ExpressionLimit, $"The text becomes longer than {Limits.ExpressionResultCharsMax} characters", Span, "Pass large values through files");
                return null;
            }

            single = text;
            result?.Append(text);
        }

        return failed ? null : result?.ToString() ?? single;
    }

    /// <summary>The same template as part of a body with parameters of its own. A template has one scope.</summary>
    internal Template Within(ExpressionScope scope) => IsLiteral ? this : new Template(_node!, scope, Parsed.Within(scope));

    /// <summary>Takes a scalar that <see cref="Parse(ScalarNode, DiagnosticBag)"/> is known to accept, and looks at it when something is asked of it.</summary>
    internal static Template Deferred(ScalarNode node, ExpressionScope? scope) => new(node, scope, null);

    private static Content ParseKnown(ScalarNode node, ExpressionScope? scope)
    {
        var open = node.Text.IndexOf(Open, StringComparison.Ordinal);
        var content = (open < 0 ? null : ParseContent(node, open, new DiagnosticBag())) ?? throw new FormatException($"`{node.Text}` is not a template");
        return scope is null ? content : content.Within(scope);
    }

    private static string? TextOf(Expression expression, EvaluationContext context, DiagnosticBag diagnostics)
    {
        if (expression.Evaluate(context, diagnostics) is not { } value)
        {
            return null;
        }

        if (ValueText.ToText(value) is { } text)
        {
            return text;
        }

        diagnostics.Error(DiagnosticCodes.ExpressionNotText, $"A text cannot hold {ValueText.KindName(value)}", expression.RootSpan,
            value is Value.List ? "Use join(list, ' ') or toJson(list)" : "Use toJson(map), or name one of its members");
        return null;
    }

    private static Content? ParseContent(ScalarNode node, int open, DiagnosticBag diagnostics)
    {
        var text = node.Text;
        var parts = ImmutableArray.CreateBuilder<Part>();
        var expressions = ImmutableArray.CreateBuilder<Expression>();
        var literal = new StringBuilder();
        var failed = false;
        var at = 0;
        for (; open >= 0; open = text.IndexOf(Open, at, StringComparison.Ordinal))
        {
            if (open > at && text[open - 1] == '$')
            {
                literal.Append(text, at, open - 1 - at).Append(Open);
                at = open + Open.Length;
                continue;
            }

            literal.Append(text, at, open - at);
            if (Expression.Parse(node, open + Open.Length, open, diagnostics, out at) is { } expression)
            {
                if (literal.Length > 0)
                {
                    parts.Add(new Part(literal.ToString(), null));
                    literal.Clear();
                }

                parts.Add(new Part("", expression));
                expressions.Add(expression);
                continue;
            }

            // Looks on behind the next closing braces for further mistakes.
            failed = true;
            var close = at >= 2 && text.AsSpan(at - 2, 2) is "}}" ? at - 2 : text.IndexOf("}}", at, StringComparison.Ordinal);
            if (close < 0)
            {
                return null;
            }

            at = close + 2;
        }

        if (failed)
        {
            return null;
        }

        literal.Append(text, at, text.Length - at);
        if (literal.Length > 0 || parts.Count == 0)
        {
            parts.Add(new Part(literal.ToString(), null));
        }

        return new Content(parts.DrainToImmutable(), expressions.DrainToImmutable());
    }

    /// <summary>Literal texts and expressions in order; and the expressions alone.</summary>
    private sealed record Content(ImmutableArray<Part> Parts, ImmutableArray<Expression> Expressions)
    {
        public string? LiteralText => Expressions.IsEmpty ? Parts[0].Text : null;

        public Content Within(ExpressionScope scope)
        {
            var parts = ImmutableArray.CreateBuilder<Part>(Parts.Length);
            var expressions = ImmutableArray.CreateBuilder<Expression>(Expressions.Length);
            foreach (var part in Parts)
            {
                var scoped = part.Expression?.Within(scope);
                parts.Add(part with { Expression = scoped });
                if (scoped is not null)
                {
                    expressions.Add(scoped);
                }
            }

            return new Content(parts.MoveToImmutable(), expressions.MoveToImmutable());
        }
    }

    private readonly record struct Part(string Text, Expression? Expression);
}
