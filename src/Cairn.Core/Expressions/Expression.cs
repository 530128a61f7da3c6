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
    private readonly ExpressionScope? _scope;
    private Content? _content;

    private Expression(ScalarNode node, ExpressionScope? scope, Content? content)
    {
        _node = node;
        _scope = scope;
        _content = content;
    }

    /// <summary>The place of the whole scalar.</summary>
    public SourceSpan Span => _node.Span;

    /// <summary>The text as written, without the braces.</summary>
    public string Source => Parsed.Source;

    /// <summary>What it reads of the context it is evaluated in: in the order of the text, or through its scope (see <see cref="ExpressionScope"/>).</summary>
    public ImmutableArray<ExpressionReference> References => Parsed.References;

    /// <summary>Whether it calls <c>success()</c>, <c>failure()</c>, <c>always()</c> or <c>cancelled()</c>.</summary>
    public bool UsesStatusFunction => Parsed.UsesStatusFunction;

    /// <summary>Whether it calls <c>hashFiles</c>.</summary>
    public bool UsesHashFiles => Parsed.UsesHashFiles;

    /// <summary>Whether it yields the same value everywhere.</summary>
    public bool IsConstant => References.IsEmpty && !UsesStatusFunction && !UsesHashFiles;

    /// <summary>The scalar that it stands in.</summary>
    internal ScalarNode Node => _node;

    /// <summary>The body that it is part of, or null.</summary>
    internal ExpressionScope? Scope => _scope;

    // Threads that parse at the same time come to the same content.
    private Content Parsed => _content ??= ParseWhole(_node, new DiagnosticBag())?.Within(_scope) ?? throw new FormatException($"`{_node.Text}` is not an expression");

    /// <summary>Parses a whole scalar as one expression, with or without <c>${{ }}</c> around it (as <c>if</c> takes it). Null after mistakes, which are added.</summary>
    public static Expression? Parse(ScalarNode node, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(diagnostics);
        return ParseWhole(node, diagnostics) is { } content ? new Expression(node, null, content) : null;
    }

    /// <summary>Evaluates. Null after a mistake, which is added with its place.</summary>
    public Value? Evaluate(EvaluationContext context, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(diagnostics);
        var content = Parsed;
        if (content.Root is ExpressionNode.Constant constant)
        {
            return constant.Value;
        }

        var inner = _scope is null ? context : _scope.Enter(context, content.Reads, diagnostics);
        return inner is null ? null : new Evaluator(_node, inner, diagnostics).Evaluate(content.Root);
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
    internal Expression Within(ExpressionScope scope) => new(_node, scope, _content?.Within(scope));

    /// <summary>A canonical form with every parenthesis; two expressions that mean the same by grammar have the same.</summary>
    public override string ToString() => Parsed.Root.ToString();

    /// <summary>The place of the whole expression within its scalar.</summary>
    internal SourceSpan RootSpan => _node.SpanOf(Parsed.Root.Start, Parsed.Root.Length);

    /// <summary>Parses an expression from an offset on; <paramref name="end"/> is behind its last token.</summary>
    internal static Expression? Parse(ScalarNode node, int start, int? opened, DiagnosticBag diagnostics, out int end) =>
        ParseContent(node, start, opened, diagnostics, out end) is { } content ? new Expression(node, null, content) : null;

    /// <summary>Takes a whole scalar that <see cref="Parse(ScalarNode, DiagnosticBag)"/> is known to accept, and looks at it when something is asked of it.</summary>
    internal static Expression Deferred(ScalarNode node, ExpressionScope? scope) => new(node, scope, null);

    private static Content? ParseWhole(ScalarNode node, DiagnosticBag diagnostics)
    {
        if (node.Type == ScalarType.Boolean)
        {
            // YAML writes true in three ways.
            var truth = string.Equals(node.Text, "true", StringComparison.OrdinalIgnoreCase);
            return new Content(new ExpressionNode.Constant(Value.Of(truth), 0, node.Text.Length), node.Text, [], []);
        }

        var text = node.Text.AsSpan();
        var open = text.Length - text.TrimStart().Length;
        if (!text[open..].StartsWith("${{", StringComparison.Ordinal))
        {
            return ParseContent(node, 0, null, diagnostics, out _);
        }

        if (ParseContent(node, open + 3, open, diagnostics, out var end) is not { } content)
        {
            return null;
        }

        if (text[end..].IsWhiteSpace())
        {
            return content;
        }

        var start = end + (text.Length - end - text[end..].TrimStart().Length);
        diagnostics.Error(DiagnosticCodes.ExpressionTextAround, "Text follows the expression", node.SpanOf(start, text.TrimEnd().Length - start),
            "Write one `${{ }}` around all of it, or none");
        return null;
    }

    private static Content? ParseContent(ScalarNode node, int start, int? opened, DiagnosticBag diagnostics, out int end)
    {
        var parser = new ExpressionParser(node, start, opened, diagnostics);
        var root = parser.Parse();
        end = parser.Position;
        return root is null ? null : new Content(root, node.Text[start..(opened is null ? end : end - 2)].Trim(), parser.References, parser.References)
        {
            UsesStatusFunction = parser.UsesStatusFunction,
            UsesHashFiles = parser.UsesHashFiles,
        };
    }

    /// <summary>What parsing yields.</summary>
    /// <param name="Root">The tree.</param>
    /// <param name="Source">The text as written, without the braces.</param>
    /// <param name="Reads">What it reads of the context inside its scope.</param>
    /// <param name="References">What it reads of the context that it is evaluated in.</param>
    private sealed record Content(ExpressionNode Root, string Source, ImmutableArray<ExpressionReference> Reads, ImmutableArray<ExpressionReference> References)
    {
        public bool UsesStatusFunction { get; init; }

        public bool UsesHashFiles { get; init; }

        public Content Within(ExpressionScope? scope) => scope is null ? this : this with
        {
            Reads = References,
            References = scope.Expand(References),
            UsesHashFiles = UsesHashFiles || scope.ReadsHashFiles(References),
        };
    }
}
