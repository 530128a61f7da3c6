using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;

using FsCheck;
using FsCheck.Fluent;

using static Cairn.Tests.Expressions.Evaluating;

namespace Cairn.Tests.Expressions;

public sealed class ExpressionPropertyTests
{
    private static readonly string[] Words =
    [
        "${{", "}}", "$", "params", ".text", ".list", "[0]", "['a']", "(", ")", "[", "]", ",", "?", ":", "!", "&&", "||", "==", "!=", "<", "<=", "+", "-", "*", "/", "%", "'", "\"", "\\",
        "'x'", "1", "0x", "1e9", "null", "true", "format(", "'{0}'", "join(", "fromJson(", "success()", "contains(", " ", "\n", "é", "\ud800", "length(", "=", "a.b-c",
    ];

    /// <summary>What a generated tree must yield, or null for a mistake.</summary>
    private abstract record Tree
    {
        public sealed record Leaf(string Text, Value Value) : Tree;

        public sealed record Not(Tree Operand) : Tree;

        public sealed record Negative(Tree Operand) : Tree;

        public sealed record Pair(string Operator, Tree Left, Tree Right) : Tree;

        public sealed record Choice(Tree Condition, Tree Then, Tree Else) : Tree;
    }

    [Fact]
    public void Parse_And_Evaluate_Never_Throw_And_Always_Answer()
    {
        var texts = Gen.ArrayOf(Gen.Elements(Words)).Select(string.Concat).ToArbitrary();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(5_000), Prop.ForAll(texts, text =>
        {
            var diagnostics = new DiagnosticBag();
            var template = Template.Parse(Scalar(text), diagnostics);
            var expression = Expression.Parse(Scalar(text), diagnostics);
            var good = (template is null || expression is null) == diagnostics.HasErrors;
            diagnostics = new DiagnosticBag();
            good &= template is null || template.EvaluateText(Context, diagnostics) is null == diagnostics.HasErrors;
            diagnostics = new DiagnosticBag();
            return good && (expression is null || expression.Evaluate(Context, diagnostics) is null == diagnostics.HasErrors);
        }));
    }

    [Fact]
    public void Parse_Of_Any_Text_Never_Throws() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(2_000), Prop.ForAll<string>(text =>
    {
        var diagnostics = new DiagnosticBag();
        return Expression.Parse(Scalar(text ?? ""), diagnostics) is null == diagnostics.HasErrors;
    }));

    [Fact]
    public void Evaluate_Agrees_With_A_Naive_Reference() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(3_000), Prop.ForAll(Trees().ToArbitrary(), tree =>
    {
        var diagnostics = new DiagnosticBag();
        var expression = Expression.Parse(Scalar(Print(tree, 0)), diagnostics);
        var actual = expression?.Evaluate(Context, diagnostics);
        // The parser already refuses types that can never fit, also where evaluation would not get there.
        return (expression is null && diagnostics.HasErrors) || Equals(actual, Reference(tree));
    }));

    [Fact]
    public void ToString_Parses_To_The_Same() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(1_000), Prop.ForAll(Trees().ToArbitrary(), tree =>
        Expression.Parse(Scalar(Print(tree, 0)), new DiagnosticBag()) is not { } expression
        || Expression.Parse(Scalar(expression.ToString()), new DiagnosticBag())?.ToString() == expression.ToString()));

    private static Gen<Tree> Trees() => Gen.Sized(size => Sized(Math.Min(size, 20)));

    private static Gen<Tree> Sized(int size)
    {
        var leaf = Gen.Elements<Tree>(
            new Tree.Leaf("0", Value.Of(0)), new Tree.Leaf("1", Value.Of(1)), new Tree.Leaf("2.5", Value.Of(2.5)), new Tree.Leaf("7", Value.Of(7)),
            new Tree.Leaf("true", Value.Of(true)), new Tree.Leaf("false", Value.Of(false)), new Tree.Leaf("null", Value.Null.Instance),
            new Tree.Leaf("'a'", Value.Of("a")), new Tree.Leaf("''", Value.Of("")),
            new Tree.Leaf("params.count", Value.Of(3)), new Tree.Leaf("params.text", Value.Of("a b")), new Tree.Leaf("params.flag", Value.Of(true)),
            // Types that the parser cannot know, so that most trees get as far as evaluation.
            new Tree.Leaf("params.list[1]", Value.Of(1)), new Tree.Leaf("params.off", Value.Of(false)), new Tree.Leaf("params.none", Value.Null.Instance),
            new Tree.Leaf("params['count']", Value.Of(3)), new Tree.Leaf("env.HOME", Value.Of("/home")), new Tree.Leaf("steps.none.x", Value.Null.Instance));
        if (size == 0)
        {
            return leaf;
        }

        var half = Sized(size / 2);
        return Gen.OneOf(
            leaf,
            half.Select(t => (Tree)new Tree.Not(t)),
            half.Select(t => (Tree)new Tree.Negative(t)),
            from operation in Gen.Elements("+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=", "&&", "||") from left in half from right in half select (Tree)new Tree.Pair(operation, left, right),
            from condition in half from then in half from otherwise in half select (Tree)new Tree.Choice(condition, then, otherwise));
    }

    private static int Precedence(string operation) => operation switch
    {
        "||" => 2,
        "&&" => 3,
        "==" or "!=" => 4,
        "<" or "<=" or ">" or ">=" => 5,
        "+" or "-" => 6,
        _ => 7,
    };

    /// <summary>With as few parentheses as the grammar needs.</summary>
    private static string Print(Tree tree, int outer)
    {
        switch (tree)
        {
            case Tree.Not not:
                return "!" + Print(not.Operand, 8);
            case Tree.Negative negative:
                return "- " + Print(negative.Operand, 8);
            case Tree.Pair pair:
                var precedence = Precedence(pair.Operator);
                var text = $"{Print(pair.Left, precedence == 5 ? 6 : precedence)} {pair.Operator} {Print(pair.Right, precedence + 1)}";
                return precedence < outer ? $"({text})" : text;
            case Tree.Choice choice:
                var all = $"{Print(choice.Condition, 2)} ? {Print(choice.Then, 1)} : {Print(choice.Else, 1)}";
                return outer > 1 ? $"({all})" : all;
            default:
                return ((Tree.Leaf)tree).Text;
        }
    }

    private static Value? Reference(Tree tree)
    {
        switch (tree)
        {
            case Tree.Leaf leaf:
                return leaf.Value;
            case Tree.Not not:
                return Reference(not.Operand) is { } operand ? Value.Of(!Expression.Truth(operand)) : null;
            case Tree.Negative negative:
                return Reference(negative.Operand) is Value.Number number ? Value.Of(-number.Content) : null;
            case Tree.Choice choice:
                return Reference(choice.Condition) is { } condition ? Reference(Expression.Truth(condition) ? choice.Then : choice.Else) : null;
        }

        var pair = (Tree.Pair)tree;
        if (Reference(pair.Left) is not { } left)
        {
            return null;
        }

        if (pair.Operator is "&&" or "||")
        {
            return Expression.Truth(left) == (pair.Operator == "||") ? left : Reference(pair.Right);
        }

        if (Reference(pair.Right) is not { } right)
        {
            return null;
        }

        return (pair.Operator, left, right) switch
        {
            ("==", _, _) => Value.Of(left == right),
            ("!=", _, _) => Value.Of(left != right),
            ("<", Value.String a, Value.String b) => Value.Of(string.CompareOrdinal(a.Content, b.Content) < 0),
            ("<=", Value.String a, Value.String b) => Value.Of(string.CompareOrdinal(a.Content, b.Content) <= 0),
            (">", Value.String a, Value.String b) => Value.Of(string.CompareOrdinal(a.Content, b.Content) > 0),
            (">=", Value.String a, Value.String b) => Value.Of(string.CompareOrdinal(a.Content, b.Content) >= 0),
            ("<", Value.Number a, Value.Number b) => Value.Of(a.Content < b.Content),
            ("<=", Value.Number a, Value.Number b) => Value.Of(a.Content <= b.Content),
            (">", Value.Number a, Value.Number b) => Value.Of(a.Content > b.Content),
            (">=", Value.Number a, Value.Number b) => Value.Of(a.Content >= b.Content),
            ("+", Value.Number a, Value.Number b) => Value.Of(a.Content + b.Content),
            ("-", Value.Number a, Value.Number b) => Value.Of(a.Content - b.Content),
            ("*", Value.Number a, Value.Number b) => Value.Of(a.Content * b.Content),
            ("/", Value.Number a, Value.Number { Content: not 0 } b) => Value.Of(a.Content / b.Content),
            ("%", Value.Number a, Value.Number { Content: not 0 } b) => Value.Of(a.Content % b.Content),
            _ => null,
        };
    }
}
