using System.Collections.Immutable;
using System.Text;

namespace Cairn.Core.Expressions;

/// <summary>The types of <see cref="Value"/>, as far as the parser knows them.</summary>
internal enum ValueKind
{
    Unknown,
    Null,
    Boolean,
    Number,
    Text,
    List,
    Map,
}

/// <summary>
/// The syntax tree. Chains of one precedence and chains of members are flat, so that depth grows only with what
/// <see cref="Limits.ExpressionDepthMax"/> bounds, and recursion over the tree is safe.
/// </summary>
internal abstract record ExpressionNode
{
    private ExpressionNode(int start, int length, ValueKind kind)
    {
        Start = start;
        Length = length;
        Kind = kind;
    }

    /// <summary>The offset in the scalar's text.</summary>
    public int Start { get; }

    public int Length { get; }

    /// <summary>The type of every value that it can yield, where that is certain.</summary>
    public ValueKind Kind { get; }

    /// <summary>A literal.</summary>
    public sealed record Constant(Value Value, int At, int Size) : ExpressionNode(At, Size, ValueText.KindOf(Value));

    /// <summary>A root.</summary>
    public sealed record Root(string Name, int At, int Size) : ExpressionNode(At, Size, ValueKind.Unknown);

    /// <summary>Members and indices behind a value.</summary>
    public sealed record Access(ExpressionNode Target, ImmutableArray<Accessor> Accessors, int Size) : ExpressionNode(Target.Start, Size, ValueKind.Unknown);

    /// <summary>A function call.</summary>
    public sealed record Call(Function Function, ImmutableArray<ExpressionNode> Arguments, int At, int Size) : ExpressionNode(At, Size, Functions.ResultOf(Function));

    /// <summary><c>!</c> or <c>-</c>.</summary>
    public sealed record Unary(TokenKind Operator, ExpressionNode Operand, int At)
        : ExpressionNode(At, Operand.Start + Operand.Length - At, Operator == TokenKind.Not ? ValueKind.Boolean : ValueKind.Number);

    /// <summary>Operands between operators of one precedence, from left to right.</summary>
    public sealed record Chain(ExpressionNode First, ImmutableArray<Link> Links, ValueKind Result)
        : ExpressionNode(First.Start, Links[^1].Operand.Start + Links[^1].Operand.Length - First.Start, Result);

    /// <summary><c>a ? b : c</c>.</summary>
    public sealed record Conditional(ExpressionNode Condition, ExpressionNode Then, ExpressionNode Else)
        : ExpressionNode(Condition.Start, Else.Start + Else.Length - Condition.Start, Then.Kind == Else.Kind ? Then.Kind : ValueKind.Unknown);

    /// <summary><c>[a, b]</c>.</summary>
    public sealed record Items(ImmutableArray<ExpressionNode> Content, int At, int Size) : ExpressionNode(At, Size, ValueKind.List);

    /// <summary>The expression in a canonical form with every parenthesis; it parses to an equal tree.</summary>
    public sealed override string ToString()
    {
        var text = new StringBuilder();
        Write(text);
        return text.ToString();
    }

    private void Write(StringBuilder text)
    {
        switch (this)
        {
            case Constant { Value: Value.String content }:
                text.Append('\'').Append(content.Content.Replace("'", "''", StringComparison.Ordinal)).Append('\'');
                break;
            case Constant constant:
                text.Append(ValueText.ToJson(constant.Value, int.MaxValue));
                break;
            case Root root:
                text.Append(root.Name);
                break;
            case Access access:
                access.Target.Write(text);
                foreach (var accessor in access.Accessors)
                {
                    if (accessor.Index is null)
                    {
                        text.Append('.').Append(accessor.Name);
                    }
                    else
                    {
                        text.Append('[');
                        accessor.Index.Write(text);
                        text.Append(']');
                    }
                }

                break;
            case Call call:
                text.Append(Functions.NameOf(call.Function));
                WriteAll(text, '(', call.Arguments, ')');
                break;
            case Unary unary:
                text.Append('(').Append(unary.Operator == TokenKind.Not ? '!' : '-');
                unary.Operand.Write(text);
                text.Append(')');
                break;
            case Chain chain:
                text.Append('(');
                chain.First.Write(text);
                foreach (var link in chain.Links)
                {
                    text.Append(' ').Append(Operators.Spelling(link.Operator)).Append(' ');
                    link.Operand.Write(text);
                }

                text.Append(')');
                break;
            case Conditional conditional:
                text.Append('(');
                conditional.Condition.Write(text);
                text.Append(" ? ");
                conditional.Then.Write(text);
                text.Append(" : ");
                conditional.Else.Write(text);
                text.Append(')');
                break;
            case Items items:
                WriteAll(text, '[', items.Content, ']');
                break;
        }
    }

    private static void WriteAll(StringBuilder text, char open, ImmutableArray<ExpressionNode> nodes, char close)
    {
        text.Append(open);
        for (var i = 0; i < nodes.Length; i++)
        {
            text.Append(i == 0 ? "" : ", ");
            nodes[i].Write(text);
        }

        text.Append(close);
    }
}

/// <summary><c>.name</c>, or <c>[index]</c>; an index that is a literal text has also a name.</summary>
internal readonly record struct Accessor(string? Name, ExpressionNode? Index, int Start, int Length);

/// <summary>An operator with its right operand.</summary>
internal readonly record struct Link(TokenKind Operator, int OperatorStart, ExpressionNode Operand);

internal static class Operators
{
    /// <summary>How tightly a binary operator binds; 0 for what is none.</summary>
    public static int Precedence(TokenKind kind) => kind switch
    {
        TokenKind.Or => 1,
        TokenKind.And => 2,
        TokenKind.Equal or TokenKind.NotEqual => 3,
        TokenKind.Less or TokenKind.LessOrEqual or TokenKind.Greater or TokenKind.GreaterOrEqual => 4,
        TokenKind.Plus or TokenKind.Minus => 5,
        TokenKind.Star or TokenKind.Slash or TokenKind.Percent => 6,
        _ => 0,
    };

    public const int PrecedenceOfEquality = 3;
    public const int PrecedenceOfOrder = 4;

    public static string Spelling(TokenKind kind) => kind switch
    {
        TokenKind.Or => "||",
        TokenKind.And => "&&",
        TokenKind.Equal => "==",
        TokenKind.NotEqual => "!=",
        TokenKind.Less => "<",
        TokenKind.LessOrEqual => "<=",
        TokenKind.Greater => ">",
        TokenKind.GreaterOrEqual => ">=",
        TokenKind.Plus => "+",
        TokenKind.Minus => "-",
        TokenKind.Star => "*",
        TokenKind.Slash => "/",
        TokenKind.Percent => "%",
        TokenKind.Not => "!",
        TokenKind.Dot => ".",
        TokenKind.Comma => ",",
        TokenKind.OpenParenthesis => "(",
        TokenKind.CloseParenthesis => ")",
        TokenKind.OpenBracket => "[",
        TokenKind.CloseBracket => "]",
        TokenKind.Question => "?",
        TokenKind.Colon => ":",
        _ => "",
    };
}
