using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Core.Expressions;

/// <summary>
/// Parses one expression by precedence climbing. A mistake of grammar ends it; unknown functions, argument counts and
/// types that can never fit are all reported. <c>a.b-c</c> is the member <c>b-c</c>: a minus wants a space before it.
/// </summary>
internal sealed class ExpressionParser
{
    private readonly ScalarNode _node;
    private readonly DiagnosticBag _diagnostics;
    private readonly Lexer _lexer;
    private readonly ImmutableArray<ExpressionReference>.Builder _references = ImmutableArray.CreateBuilder<ExpressionReference>();
    private readonly int? _opened;
    private Token _token;
    private int _lastEnd;
    private int _depth;
    private bool _failed;

    /// <param name="node">The scalar.</param>
    /// <param name="start">Where the expression begins in its text.</param>
    /// <param name="opened">Where its <c>${{</c> stands; without one it goes to the end of the text.</param>
    /// <param name="diagnostics">Takes mistakes.</param>
    public ExpressionParser(ScalarNode node, int start, int? opened, DiagnosticBag diagnostics)
    {
        _node = node;
        _opened = opened;
        _diagnostics = diagnostics;
        _lexer = new Lexer(node, start, diagnostics);
        _lastEnd = start;
        _token = _lexer.Next();
    }

    public bool UsesStatusFunction { get; private set; }

    public bool UsesHashFiles { get; private set; }

    /// <summary>What the expression reads, in the order of its text.</summary>
    public ImmutableArray<ExpressionReference> References => _references.ToImmutable();

    /// <summary>The offset behind the last token: behind the closing braces after a good parse.</summary>
    public int Position => _token.End;

    /// <summary>Parses; null after mistakes.</summary>
    public ExpressionNode? Parse()
    {
        var close = _opened is null ? TokenKind.End : TokenKind.Close;
        if (_token.Kind == close)
        {
            var start = _opened ?? _token.Start;
            Error(start, _token.End - start, DiagnosticCodes.ExpressionSyntax, "The expression is empty", "Name a value, such as `params.x`");
            return null;
        }

        if (Conditional() is not { } root)
        {
            return null;
        }

        if (_token.Kind != close)
        {
            Unexpected("an operator or the end");
            return null;
        }

        return _failed ? null : root;
    }

    private ExpressionNode? Conditional()
    {
        if (++_depth > Limits.ExpressionDepthMax)
        {
            Error(_token.Start, _token.Length, DiagnosticCodes.ExpressionTooLarge, $"The expression is nested more than {Limits.ExpressionDepthMax} levels deep", "Move the work into a script");
            return null;
        }

        if (Binary(1) is not { } condition)
        {
            return null;
        }

        if (_token.Kind == TokenKind.Question)
        {
            Advance();
            if (Conditional() is not { } then || !Expect(TokenKind.Colon) || Conditional() is not { } otherwise)
            {
                return null;
            }

            condition = new ExpressionNode.Conditional(condition, then, otherwise);
        }

        _depth--;
        return condition;
    }

    private ExpressionNode? Binary(int precedence)
    {
        if ((precedence > 6 ? Unary() : Binary(precedence + 1)) is not { } first)
        {
            return null;
        }

        if (Operators.Precedence(_token.Kind) != precedence)
        {
            return first;
        }

        var links = ImmutableArray.CreateBuilder<Link>();
        while (Operators.Precedence(_token.Kind) == precedence)
        {
            var operation = _token;
            if (links.Count > 0 && precedence == Operators.PrecedenceOfOrder)
            {
                Error(operation.Start, operation.Length, DiagnosticCodes.ExpressionSyntax, "Comparisons do not chain", "Write `a < b && b < c`");
                return null;
            }

            Advance();
            if ((precedence == 6 ? Unary() : Binary(precedence + 1)) is not { } operand)
            {
                return null;
            }

            var left = links.Count == 0 ? first.Kind : precedence > Operators.PrecedenceOfOrder ? ValueKind.Number : ValueKind.Boolean;
            CheckOperands(operation, left, operand.Kind);
            links.Add(new Link(operation.Kind, operation.Start, operand));
        }

        return new ExpressionNode.Chain(first, links.DrainToImmutable(), KindOf(precedence, first, links));
    }

    private static ValueKind KindOf(int precedence, ExpressionNode first, ImmutableArray<Link>.Builder links)
    {
        if (precedence > Operators.PrecedenceOfOrder)
        {
            return ValueKind.Number;
        }

        if (precedence >= Operators.PrecedenceOfEquality)
        {
            return ValueKind.Boolean;
        }

        // `&&` and `||` yield an operand.
        foreach (var link in links)
        {
            if (link.Operand.Kind != first.Kind)
            {
                return ValueKind.Unknown;
            }
        }

        return first.Kind;
    }

    private void CheckOperands(Token operation, ValueKind left, ValueKind right)
    {
        switch (Operators.Precedence(operation.Kind))
        {
            case Operators.PrecedenceOfEquality when left != ValueKind.Unknown && right != ValueKind.Unknown && left != right:
                _diagnostics.Warning(
                    DiagnosticCodes.ExpressionComparison,
                    $"`{Operators.Spelling(operation.Kind)}` compares {ValueText.NameOf(left)} with {ValueText.NameOf(right)}: this is always {(operation.Kind == TokenKind.Equal ? "false" : "true")}",
                    _node.SpanOf(operation.Start, operation.Length),
                    "Compare values of one type");
                break;
            case Operators.PrecedenceOfOrder when Evaluator.OrderMistake(operation.Kind, left, right) is { } mistake:
                Error(operation.Start, operation.Length, DiagnosticCodes.ExpressionType, mistake, "Compare two numbers or two texts");
                break;
            case > Operators.PrecedenceOfOrder when Evaluator.ArithmeticMistake(operation.Kind, left, right) is var (message, suggestion):
                Error(operation.Start, operation.Length, DiagnosticCodes.ExpressionType, message, suggestion);
                break;
        }
    }

    private ExpressionNode? Unary()
    {
        if (_token.Kind is not (TokenKind.Not or TokenKind.Minus))
        {
            return Postfix();
        }

        var operation = _token;
        if (++_depth > Limits.ExpressionDepthMax)
        {
            Error(operation.Start, operation.Length, DiagnosticCodes.ExpressionTooLarge, $"The expression is nested more than {Limits.ExpressionDepthMax} levels deep", "Move the work into a script");
            return null;
        }

        Advance();
        if (Unary() is not { } operand)
        {
            return null;
        }

        if (operation.Kind == TokenKind.Minus && Evaluator.NegationMistake(operand.Kind) is { } mistake)
        {
            Error(operation.Start, operation.Length, DiagnosticCodes.ExpressionType, mistake, null);
        }

        _depth--;
        return new ExpressionNode.Unary(operation.Kind, operand, operation.Start);
    }

    private ExpressionNode? Postfix()
    {
        if (Primary() is not { } target)
        {
            return null;
        }

        if (_token.Kind is not (TokenKind.Dot or TokenKind.OpenBracket))
        {
            if (target is ExpressionNode.Root alone)
            {
                AddReference(alone, []);
            }

            return target;
        }

        // Reserves the place, so that references inside an index come after the one that they belong to.
        var reference = _references.Count;
        if (target is ExpressionNode.Root root)
        {
            AddReference(root, []);
        }

        var accessors = ImmutableArray.CreateBuilder<Accessor>();
        while (_token.Kind is TokenKind.Dot or TokenKind.OpenBracket)
        {
            var start = _token.Start;
            if (_token.Kind == TokenKind.Dot)
            {
                var name = _lexer.NextMember();
                if (name.Kind == TokenKind.End)
                {
                    _token = _lexer.Next();
                    Unexpected("a member name");
                    return null;
                }

                _token = name;
                Advance();
                accessors.Add(new Accessor(name.Text, null, start, name.End - start));
                continue;
            }

            Advance();
            if (Conditional() is not { } index || !Expect(TokenKind.CloseBracket))
            {
                return null;
            }

            var constant = index is ExpressionNode.Constant { Value: Value.String text } ? text.Content : null;
            accessors.Add(new Accessor(constant, index, start, _lastEnd - start));
        }

        var all = accessors.DrainToImmutable();
        if (target is ExpressionNode.Root named)
        {
            _references[reference] = ReferenceOf(named, all);
        }

        return new ExpressionNode.Access(target, all, all[^1].Start + all[^1].Length - target.Start);
    }

    private void AddReference(ExpressionNode.Root root, ImmutableArray<Accessor> accessors) => _references.Add(ReferenceOf(root, accessors));

    private ExpressionReference ReferenceOf(ExpressionNode.Root root, ImmutableArray<Accessor> accessors)
    {
        var path = ImmutableArray.CreateBuilder<string>();
        var end = root.Start + root.Length;
        foreach (var accessor in accessors)
        {
            if (accessor.Name is null)
            {
                break;
            }

            path.Add(accessor.Name);
            end = accessor.Start + accessor.Length;
        }

        return new ExpressionReference(root.Name, path.DrainToImmutable(), _node.SpanOf(root.Start, end - root.Start));
    }

    private ExpressionNode? Primary()
    {
        var token = _token;
        switch (token.Kind)
        {
            case TokenKind.Number:
                Advance();
                return new ExpressionNode.Constant(Value.Of(token.Number), token.Start, token.Length);
            case TokenKind.Text:
                Advance();
                return new ExpressionNode.Constant(Value.Of(token.Text!), token.Start, token.Length);
            case TokenKind.Name:
                Advance();
                return Name(token);
            case TokenKind.OpenParenthesis:
                Advance();
                return Conditional() is { } inner && Expect(TokenKind.CloseParenthesis) ? inner : null;
            case TokenKind.OpenBracket:
                Advance();
                return Arguments(TokenKind.CloseBracket) is { } items ? new ExpressionNode.Items(items, token.Start, _lastEnd - token.Start) : null;
            default:
                Unexpected("a value");
                return null;
        }
    }

    private ExpressionNode? Name(Token name)
    {
        if (_token.Kind == TokenKind.OpenParenthesis)
        {
            Advance();
            return Arguments(TokenKind.CloseParenthesis) is { } arguments ? Call(name, arguments) : null;
        }

        return name.Text switch
        {
            "true" => new ExpressionNode.Constant(Value.Of(true), name.Start, name.Length),
            "false" => new ExpressionNode.Constant(Value.Of(false), name.Start, name.Length),
            "null" => new ExpressionNode.Constant(Value.Null.Instance, name.Start, name.Length),
            _ => new ExpressionNode.Root(name.Text!, name.Start, name.Length),
        };
    }

    private ExpressionNode.Call Call(Token name, ImmutableArray<ExpressionNode> arguments)
    {
        var function = Functions.Find(name.Text!);
        UsesStatusFunction |= Functions.IsStatus(function);
        UsesHashFiles |= function == Function.HashFiles;
        var call = new ExpressionNode.Call(function, arguments, name.Start, _lastEnd - name.Start);
        if (function == Function.None)
        {
            Error(name.Start, name.Length, DiagnosticCodes.ExpressionUnknownFunction, $"There is no function `{name.Text}`",
                Suggestions.Nearest(name.Text!, Functions.Names) is { } near ? $"Did you mean `{near}`?" : $"Functions are {string.Join(", ", Functions.Names)}");
            return call;
        }

        var (min, max) = Functions.ArgumentsOf(function);
        if (arguments.Length < min || arguments.Length > max)
        {
            var wanted = max == Functions.Unbounded ? $"at least {min}" : min == max ? $"{min}" : $"{min} or {max}";
            var at = arguments.Length > max ? arguments[max].Start : name.Start;
            Error(at, _lastEnd - at - (arguments.Length > max ? 1 : 0), DiagnosticCodes.ExpressionArgumentCount,
                $"`{name.Text}` takes {wanted} argument{(wanted is "1" or "at least 1" ? "" : "s")} and got {arguments.Length}", $"Write {Functions.SignatureOf(function)}");
            return call;
        }

        if (function == Function.Format && arguments[0] is ExpressionNode.Constant { Value: Value.String format }
            && FormatText.MistakeOf(format.Content, arguments.Length - 1) is var (message, suggestion))
        {
            Error(arguments[0].Start, arguments[0].Length, DiagnosticCodes.ExpressionValue, message, suggestion);
        }

        return call;
    }

    /// <summary>A list of expressions up to its closing token; a comma before that is allowed.</summary>
    private ImmutableArray<ExpressionNode>? Arguments(TokenKind close)
    {
        var arguments = ImmutableArray.CreateBuilder<ExpressionNode>();
        while (_token.Kind != close)
        {
            if (Conditional() is not { } argument)
            {
                return null;
            }

            arguments.Add(argument);
            if (_token.Kind != TokenKind.Comma)
            {
                break;
            }

            Advance();
        }

        return Expect(close) ? arguments.DrainToImmutable() : null;
    }

    private bool Expect(TokenKind kind)
    {
        if (_token.Kind == kind)
        {
            Advance();
            return true;
        }

        Unexpected($"`{Operators.Spelling(kind)}`");
        return false;
    }

    private void Advance()
    {
        _lastEnd = _token.End;
        _token = _lexer.Next();
    }

    private void Unexpected(string expected)
    {
        switch (_token.Kind)
        {
            case TokenKind.Mistake:
                _failed = true;
                break;
            case TokenKind.End when _opened is { } opened:
                Error(opened, 3, DiagnosticCodes.ExpressionUnclosed, "`${{` is not closed", "Close it with `}}`; for a literal `${{` write `$${{`");
                break;
            case TokenKind.Close when _opened is null:
                Error(_token.Start, _token.Length, DiagnosticCodes.ExpressionSyntax, "`}}` closes nothing", "Write one `${{ }}` around the whole expression, or none");
                break;
            case TokenKind.End or TokenKind.Close:
                Error(_token.Start, _token.Length, DiagnosticCodes.ExpressionSyntax, $"The expression ends where {expected} is missing", null);
                break;
            default:
                var found = _node.Text.AsSpan(_token.Start, Math.Min(_token.Length, 40));
                var instead = _token.Kind != TokenKind.Name ? null : _token.Text switch
                {
                    "and" => "Write `&&` for and",
                    "or" => "Write `||` for or",
                    "not" => "Write `!` for not",
                    _ => "Put texts into single quotes",
                };
                Error(_token.Start, _token.Length, DiagnosticCodes.ExpressionSyntax, $"Unexpected `{found}` where {expected} belongs", instead);
                break;
        }
    }

    private void Error(int at, int length, string code, string message, string? suggestion)
    {
        _failed = true;
        _diagnostics.Error(code, message, _node.SpanOf(at, length), suggestion);
    }
}
