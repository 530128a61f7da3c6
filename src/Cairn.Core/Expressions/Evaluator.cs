using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Core.Expressions;

/// <summary>Evaluates one expression once. The first mistake is added with its place and ends it with null.</summary>
internal sealed class Evaluator(ScalarNode node, EvaluationContext context, DiagnosticBag diagnostics)
{
    private readonly FunctionCalls _functions = new(context);
    private int _steps = Limits.ExpressionStepsMax;
    private int _chars = Limits.ExpressionResultCharsMax;

    /// <summary>The characters that this evaluation may still make.</summary>
    public int CharsLeft => _chars;

    public Value? Evaluate(ExpressionNode expression)
    {
        if (!Charge(expression, 1))
        {
            return null;
        }

        switch (expression)
        {
            case ExpressionNode.Constant constant:
                return constant.Value;
            case ExpressionNode.Root root:
                return Root(root);
            case ExpressionNode.Access access:
                return Access(access);
            case ExpressionNode.Call call:
                return EvaluateAll(call.Arguments) is { } arguments ? _functions.Apply(this, call, arguments) : null;
            case ExpressionNode.Unary unary:
                return Unary(unary);
            case ExpressionNode.Chain chain:
                return Chain(chain);
            case ExpressionNode.Conditional conditional:
                return Evaluate(conditional.Condition) is { } condition ? Evaluate(Expression.Truth(condition) ? conditional.Then : conditional.Else) : null;
            case ExpressionNode.Items items:
                return EvaluateAll(items.Content) is { } content ? new Value.List(content) : null;
            default:
                throw new InvalidOperationException($"The expression node `{expression.GetType().Name}` is unknown");
        }
    }

    /// <summary>Counts work; false after the mistake that it is too much.</summary>
    public bool Charge(ExpressionNode at, long steps)
    {
        if (steps <= _steps)
        {
            _steps -= (int)steps;
            return true;
        }

        _steps = 0;
        Mistake(at, DiagnosticCodes.ExpressionLimit, $"The evaluation takes more than {Limits.ExpressionStepsMax} steps", "Move the work into a script");
        return false;
    }

    /// <summary>Counts characters of a text that is about to be made; false after the mistake that it is too long.</summary>
    public bool ChargeChars(ExpressionNode at, long chars)
    {
        if (chars <= _chars)
        {
            _chars -= (int)chars;
            return true;
        }

        Mistake(at, DiagnosticCodes.ExpressionLimit, $"The evaluation makes more than {Limits.ExpressionResultCharsMax} characters", "Move the work into a script");
        return false;
    }

    /// <summary>Adds a mistake at a node.</summary>
    public Value? Mistake(ExpressionNode at, string code, string message, string? suggestion = null) => Mistake(at.Start, at.Length, code, message, suggestion);

    /// <summary>Why a comparison by order cannot be had for these types, or null.</summary>
    public static string? OrderMistake(TokenKind operation, ValueKind left, ValueKind right) =>
        Fits(left) && Fits(right) && (left == right || left == ValueKind.Unknown || right == ValueKind.Unknown)
            ? null
            : $"`{Operators.Spelling(operation)}` compares two numbers or two texts, not {ValueText.NameOf(left)} and {ValueText.NameOf(right)}";

    /// <summary>Why arithmetic cannot be had for these types, or null.</summary>
    public static (string Message, string? Suggestion)? ArithmeticMistake(TokenKind operation, ValueKind left, ValueKind right)
    {
        if (left is ValueKind.Number or ValueKind.Unknown && right is ValueKind.Number or ValueKind.Unknown)
        {
            return null;
        }

        var suggestion = operation == TokenKind.Plus && (left == ValueKind.Text || right == ValueKind.Text)
            ? "Join texts with format('{0}{1}', a, b)"
            : left == ValueKind.Text || right == ValueKind.Text ? "Turn a text into a number with fromJson()" : null;
        return ($"`{Operators.Spelling(operation)}` takes two numbers, not {ValueText.NameOf(left)} and {ValueText.NameOf(right)}", suggestion);
    }

    /// <summary>Why a value of this type has no negative, or null.</summary>
    public static string? NegationMistake(ValueKind kind) => kind is ValueKind.Number or ValueKind.Unknown ? null : $"`-` takes a number, not {ValueText.NameOf(kind)}";

    private static bool Fits(ValueKind kind) => kind is ValueKind.Number or ValueKind.Text or ValueKind.Unknown;

    private Value? Mistake(int at, int length, string code, string message, string? suggestion)
    {
        diagnostics.Error(code, message, node.SpanOf(at, length), suggestion);
        return null;
    }

    private ImmutableArray<Value>? EvaluateAll(ImmutableArray<ExpressionNode> nodes)
    {
        var values = ImmutableArray.CreateBuilder<Value>(nodes.Length);
        foreach (var item in nodes)
        {
            if (Evaluate(item) is not { } value)
            {
                return null;
            }

            values.Add(value);
        }

        return values.MoveToImmutable();
    }

    private Value? Root(ExpressionNode.Root root)
    {
        if (context.Roots.TryGetValue(root.Name, out var value))
        {
            return value;
        }

        var names = context.Roots.Keys.ToArray();
        Array.Sort(names, StringComparer.Ordinal);
        var known = names.Length == 0 ? "No names are known here" : $"Known here: {string.Join(", ", names)}";
        var near = Suggestions.Nearest(root.Name, names);
        return Mistake(root, DiagnosticCodes.ExpressionUnknownRoot, $"The name `{root.Name}` is unknown here",
            near is null ? $"{known}; a text wants quotes: '{root.Name}'" : $"Did you mean `{near}`? {known}");
    }

    private Value? Access(ExpressionNode.Access access)
    {
        if (Evaluate(access.Target) is not { } value)
        {
            return null;
        }

        foreach (var accessor in access.Accessors)
        {
            var key = accessor.Index is null ? Value.Of(accessor.Name!) : Evaluate(accessor.Index);
            if (key is null || !Charge(access, 1))
            {
                return null;
            }

            switch (value, key)
            {
                case (Value.Null, _):
                    // What is missing has no members either.
                    continue;
                case (Value.Map map, Value.String name):
                    if (!Charge(access, map.Entries.Length / 64))
                    {
                        return null;
                    }

                    value = map.Find(name.Content) ?? Value.Null.Instance;
                    continue;
                case (Value.List list, Value.Number { Content: var index }) when Math.Truncate(index) == index:
                    value = index >= 0 && index < list.Items.Length ? list.Items[(int)index] : Value.Null.Instance;
                    continue;
                case (Value.Map, _):
                    return Mistake(accessor.Start, accessor.Length, DiagnosticCodes.ExpressionType, $"A map is indexed by a text, not {ValueText.KindName(key)}", null);
                case (Value.List, _):
                    var length = string.Equals(accessor.Name, "length", StringComparison.Ordinal) ? "Use length(list)" : "Write `[0]` for the first item";
                    return Mistake(accessor.Start, accessor.Length, DiagnosticCodes.ExpressionType,
                        key is Value.Number ? "A list is indexed by a whole number" : $"A list is indexed by a whole number, not {ValueText.KindName(key)}", length);
                default:
                    return Mistake(accessor.Start, accessor.Length, DiagnosticCodes.ExpressionType, $"{Capital(ValueText.KindName(value))} has no members",
                        value is Value.String ? "Read JSON with fromJson() first" : null);
            }
        }

        return value;
    }

    private Value? Unary(ExpressionNode.Unary unary)
    {
        if (Evaluate(unary.Operand) is not { } operand)
        {
            return null;
        }

        if (unary.Operator == TokenKind.Not)
        {
            return Value.Of(!Expression.Truth(operand));
        }

        return operand is Value.Number number
            ? Value.Of(-number.Content)
            : Mistake(unary, DiagnosticCodes.ExpressionType, NegationMistake(ValueText.KindOf(operand))!);
    }

    private Value? Chain(ExpressionNode.Chain chain)
    {
        var left = Evaluate(chain.First);
        foreach (var link in chain.Links)
        {
            if (left is null)
            {
                return null;
            }

            if (link.Operator is TokenKind.And or TokenKind.Or)
            {
                // `a && b` is a where a is false, `a || b` is a where a is true; else b. The rest is not evaluated.
                if (Expression.Truth(left) == (link.Operator == TokenKind.Or))
                {
                    return left;
                }

                left = Evaluate(link.Operand);
                continue;
            }

            if (Evaluate(link.Operand) is not { } right)
            {
                return null;
            }

            left = Binary(link, left, right);
        }

        return left;
    }

    private Value? Binary(Link link, Value left, Value right)
    {
        switch (Operators.Precedence(link.Operator))
        {
            case Operators.PrecedenceOfEquality:
                return Charge(link.Operand, Work(left, right)) ? Value.Of(left.Equals(right) == (link.Operator == TokenKind.Equal)) : null;
            case Operators.PrecedenceOfOrder:
                return Order(link, left, right);
        }

        if (left is not Value.Number { Content: var a } || right is not Value.Number { Content: var b })
        {
            var (message, suggestion) = ArithmeticMistake(link.Operator, ValueText.KindOf(left), ValueText.KindOf(right))!.Value;
            return At(link, DiagnosticCodes.ExpressionType, message, suggestion);
        }

        if (b == 0 && link.Operator is TokenKind.Slash or TokenKind.Percent)
        {
            return At(link, DiagnosticCodes.ExpressionValue, "Division by zero");
        }

        var result = link.Operator switch
        {
            TokenKind.Plus => a + b,
            TokenKind.Minus => a - b,
            TokenKind.Star => a * b,
            TokenKind.Slash => a / b,
            _ => a % b,
        };
        return double.IsFinite(result) ? Value.Of(result) : At(link, DiagnosticCodes.ExpressionValue, "The result is too large for a number");
    }

    private Value? Order(Link link, Value left, Value right)
    {
        bool less, equal;
        switch (left, right)
        {
            case (Value.Number { Content: var a }, Value.Number { Content: var b }):
                (less, equal) = (a < b, a == b);
                break;
            case (Value.String { Content: var a }, Value.String { Content: var b }):
                if (!Charge(link.Operand, Math.Min(a.Length, b.Length) / 64))
                {
                    return null;
                }

                var order = string.CompareOrdinal(a, b);
                (less, equal) = (order < 0, order == 0);
                break;
            default:
                return At(link, DiagnosticCodes.ExpressionType, OrderMistake(link.Operator, ValueText.KindOf(left), ValueText.KindOf(right))!, "Compare two numbers or two texts");
        }

        return Value.Of(link.Operator switch
        {
            TokenKind.Less => less,
            TokenKind.LessOrEqual => less || equal,
            TokenKind.Greater => !less && !equal,
            _ => !less,
        });
    }

    private Value? At(Link link, string code, string message, string? suggestion = null) =>
        Mistake(link.OperatorStart, Operators.Spelling(link.Operator).Length, code, message, suggestion);

    /// <summary>About the steps that a comparison takes, without looking deep.</summary>
    public static int Work(Value left, Value right) => (left, right) switch
    {
        (Value.String a, Value.String b) => Math.Min(a.Content.Length, b.Content.Length) / 64,
        (Value.List a, Value.List b) => Math.Min(a.Items.Length, b.Items.Length) / 8,
        (Value.Map a, Value.Map b) => Math.Min(a.Entries.Length, b.Entries.Length) / 4,
        _ => 0,
    };

    private static string Capital(string text) => string.Concat(text.AsSpan(0, 1).ToString().ToUpperInvariant(), text.AsSpan(1));
}
