using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Core.Expressions;

/// <summary>A parsed expression: what stands between <c>${{</c> and <c>}}</c>.</summary>
/// <remarks>
/// From loose to tight: <c>a ? b : c</c>, <c>||</c>, <c>&amp;&amp;</c>, <c>== !=</c>, <c>&lt; &lt;= &gt; &gt;=</c>, <c>+ -</c>, <c>* / %</c>, unary <c>! -</c>, <c>.name [index] call()</c>.
/// <list type="bullet">
/// <item>A root that is unknown is a mistake; a member or item that is missing is null, and so are its members.</item>
/// <item>Member names may hold hyphens: <c>a.b-c</c> is a member, <c>a.b - c</c> a difference.</item>
/// <item><c>&amp;&amp;</c> and <c>||</c> yield the operand that decides, and evaluate no more than they need: <c>params.x || 'default'</c>.</item>
/// <item>Values of different types are never equal; nothing is converted, except scalars to text by <c>format</c>, <c>join</c> and templates.</item>
/// <item>Functions that want a text take null as the empty one.</item>
/// </list>
/// </remarks>
public sealed class Expression
{
    private readonly ScalarNode _node;
    private readonly ExpressionNode _root;
    private ExpressionScope? _scope;
    private ImmutableArray<ExpressionReference> _reads = [];

    private Expression(ScalarNode node, ExpressionNode root, string source)
    {
        _node = node;
        _root = root;
        Source = source;
    }

    /// <summary>The place of the whole scalar.</summary>
    public SourceSpan Span => _node.Span;

    /// <summary>The text as written, without the braces.</summary>
    public string Source { get; }

    /// <summary>What it reads of the context it is evaluated in: in the order of the text, or through its scope (see <see cref="ExpressionScope"/>).</summary>
    public ImmutableArray<ExpressionReference> References { get; private init; } = [];

    /// <summary>Whether it calls <c>success()</c>, <c>failure()</c>, <c>always()</c> or <c>cancelled()</c>.</summary>
    public bool UsesStatusFunction { get; private init; }

    /// <summary>Whether it calls <c>hashFiles</c>.</summary>
    public bool UsesHashFiles { get; private init; }

    /// <summary>Whether it yields the same value everywhere.</summary>
    public bool IsConstant => References.IsEmpty && !UsesStatusFunction && !UsesHashFiles;

    /// <summary>Parses a whole scalar as one expression, with or without <c>${{ }}</c> around it (as <c>if</c> takes it). Null after mistakes, which are added.</summary>
    public static Expression? Parse(ScalarNode node, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(diagnostics);
        if (node.Type == ScalarType.Boolean)
        {
            // YAML writes true in three ways.
            var truth = string.Equals(node.Text, "true", StringComparison.OrdinalIgnoreCase);
            return new Expression(node, new ExpressionNode.Constant(Value.Of(truth), 0, node.Text.Length), node.Text);
        }

        var text = node.Text.AsSpan();
        var open = text.Length - text.TrimStart().Length;
        if (!text[open..].StartsWith("${{", StringComparison.Ordinal))
        {
            return Parse(node, 0, null, diagnostics, out _);
        }

        if (Parse(node, open + 3, open, diagnostics, out var end) is not { } expression)
        {
            return null;
        }

        if (text[end..].IsWhiteSpace())
        {
            return expression;
        }

        var start = end + (text.Length - end - text[end..].TrimStart().Length);
        diagnostics.Error(DiagnosticCodes.ExpressionTextAround, "Text follows the expression", node.SpanOf(start, text.TrimEnd().Length - start),
            "Write one `${{ }}` around all of it, or none");
        return null;
    }

    /// <summary>Evaluates. Null after a mistake, which is added with its place.</summary>
    public Value? Evaluate(EvaluationContext context, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(diagnostics);
        if (_root is ExpressionNode.Constant constant)
        {
            return constant.Value;
        }

        var inner = _scope is null ? context : _scope.Enter(context, _reads, diagnostics);
        return inner is null ? null : new Evaluator(_node, inner, diagnostics).Evaluate(_root);
    }

    /// <summary>Evaluates to a truth value by <see cref="Truth"/>. Null after a mistake.</summary>
    public bool? EvaluateCondition(EvaluationContext context, DiagnosticBag diagnostics) =>
        Evaluate(context, diagnostics) is { } value ? Truth(value) : null;

    /// <summary>False, null, 0, NaN and the empty text are false; everything else is true.</summary>
    public static bool Truth(Value value) => value switch
    {
        Value.Null => false,
        Value.Boolean truth => truth.Content,
        Value.Number number => number.Content != 0 && !double.IsNaN(number.Content),
        Value.String text => text.Content.Length > 0,
        _ => true,
    };

    /// <summary>The same expression as part of a body with parameters of its own. An expression has one scope.</summary>
    internal Expression Within(ExpressionScope scope) => new(_node, _root, Source)
    {
        _scope = scope,
        _reads = References,
        References = scope.Expand(References),
        UsesStatusFunction = UsesStatusFunction,
        UsesHashFiles = UsesHashFiles || scope.ReadsHashFiles(References),
    };

    /// <summary>A canonical form with every parenthesis; two expressions that mean the same by grammar have the same.</summary>
    public override string ToString() => _root.ToString();

    /// <summary>The place of the whole expression within its scalar.</summary>
    internal SourceSpan RootSpan => _node.SpanOf(_root.Start, _root.Length);

    /// <summary>Parses an expression from an offset on; <paramref name="end"/> is behind its last token.</summary>
    internal static Expression? Parse(ScalarNode node, int start, int? opened, DiagnosticBag diagnostics, out int end)
    {
        var parser = new ExpressionParser(node, start, opened, diagnostics);
        var root = parser.Parse();
        end = parser.Position;
        return root is null ? null : new Expression(node, root, node.Text[start..(opened is null ? end : end - 2)].Trim())
        {
            References = parser.References,
            UsesStatusFunction = parser.UsesStatusFunction,
            UsesHashFiles = parser.UsesHashFiles,
        };
    }
}
