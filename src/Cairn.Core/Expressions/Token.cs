namespace Cairn.Core.Expressions;

internal enum TokenKind
{
    End,
    Close,
    Mistake,
    Name,
    Number,
    Text,
    Dot,
    Comma,
    OpenParenthesis,
    CloseParenthesis,
    OpenBracket,
    CloseBracket,
    Question,
    Colon,
    Not,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

/// <summary>A token; offsets count from the start of the scalar's text.</summary>
internal readonly record struct Token(TokenKind Kind, int Start, int Length)
{
    /// <summary>The name, or the content of a text.</summary>
    public string? Text { get; init; }

    public double Number { get; init; }

    public int End => Start + Length;
}
