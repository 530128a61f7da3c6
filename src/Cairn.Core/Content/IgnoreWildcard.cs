using System.Buffers;
using System.Collections.Immutable;

namespace Cairn.Core.Content;

/// <summary>
/// A wildcard pattern of a <c>.gitignore</c>, as git understands it: over bytes, so that <c>?</c> takes one byte of a character that has several; <c>*</c> and
/// <c>?</c> do not cross a slash, <c>**</c> does where it stands alone between slashes.
/// </summary>
internal sealed class IgnoreWildcard
{
    private static readonly SearchValues<byte> Special = SearchValues.Create("*?[\\"u8);

    private readonly ImmutableArray<Token> _tokens;

    private IgnoreWildcard(ImmutableArray<Token> tokens) => _tokens = tokens;

    private enum TokenKind
    {
        Byte,
        Class,
        Star,
        AnyDepth,
        AnyFolders,
    }

    /// <summary>The number of bytes before the first wildcard or backslash.</summary>
    public static int LiteralLength(ReadOnlySpan<byte> pattern) => pattern.IndexOfAny(Special) is >= 0 and var length ? length : pattern.Length;

    /// <summary>Reads a pattern; null where nothing can match it: an unclosed bracket, an unknown class, a backslash at the end.</summary>
    /// <param name="pattern">What follows the literal part: git looks at the rest as at a pattern of its own, which matters for a <c>**</c> at its start.</param>
    /// <param name="inPath">Whether a slash separates; in a name there is none.</param>
    public static IgnoreWildcard? TryParse(ReadOnlySpan<byte> pattern, bool inPath)
    {
        var tokens = ImmutableArray.CreateBuilder<Token>();
        for (var at = 0; at < pattern.Length;)
        {
            switch (pattern[at])
            {
                case (byte)'*':
                    tokens.Add(new Token(Stars(pattern, ref at, inPath)));
                    break;
                case (byte)'?':
                    tokens.Add(new Token(ByteSet.AllButSlash));
                    at++;
                    break;
                case (byte)'[':
                    if (ByteSet.TryParse(pattern, ref at) is not { } set)
                    {
                        return null;
                    }

                    tokens.Add(new Token(set));
                    break;
                case (byte)'\\':
                    if (++at == pattern.Length)
                    {
                        return null;
                    }

                    goto default;
                default:
                    tokens.Add(new Token(pattern[at]));
                    at++;
                    break;
            }
        }

        return new IgnoreWildcard(tokens.DrainToImmutable());
    }

    /// <summary>
    /// Whether all of a text matches. On a mismatch the last <c>*</c> takes one more byte; where that is a slash, the last <c>**</c> takes more. Earlier ones need no
    /// second try: what they could take instead, the later ones can take too. So the time is bounded by text times pattern, squared at worst.
    /// </summary>
    public bool IsMatch(ReadOnlySpan<byte> text)
    {
        var tokens = _tokens.AsSpan();
        var (token, at) = (0, 0);
        var (star, starAt) = (-1, 0);
        var (deep, deepAt) = (-1, 0);
        while (true)
        {
            if (token < tokens.Length)
            {
                var current = tokens[token];
                switch (current.Kind)
                {
                    case TokenKind.Star:
                        (star, starAt) = (++token, at);
                        continue;
                    case TokenKind.AnyDepth when token + 1 == tokens.Length:
                        return true;
                    case TokenKind.AnyDepth or TokenKind.AnyFolders:
                        (deep, deepAt) = (token++, at);
                        star = -1;
                        continue;
                    case TokenKind.Byte or TokenKind.Class when at < text.Length && current.Takes(text[at]):
                        token++;
                        at++;
                        continue;
                }
            }
            else if (at == text.Length)
            {
                return true;
            }

            if (star >= 0 && starAt < text.Length && text[starAt] != '/')
            {
                (token, at) = (star, ++starAt);
                continue;
            }

            if (deep < 0)
            {
                return false;
            }

            star = -1;
            if (tokens[deep].Kind == TokenKind.AnyFolders)
            {
                // Whole folders only: on to what follows the next slash.
                var slash = deepAt < text.Length ? text[deepAt..].IndexOf((byte)'/') : -1;
                if (slash < 0)
                {
                    return false;
                }

                deepAt += slash + 1;
            }
            else if (++deepAt > text.Length)
            {
                return false;
            }

            (token, at) = (deep + 1, deepAt);
        }
    }

    private static TokenKind Stars(ReadOnlySpan<byte> pattern, ref int at, bool inPath)
    {
        var start = at;
        while (at < pattern.Length && pattern[at] == '*')
        {
            at++;
        }

        if (at - start == 1 || !inPath || (start > 0 && pattern[start - 1] != '/'))
        {
            return TokenKind.Star;
        }

        if (at == pattern.Length || (pattern[at] == '\\' && at + 1 < pattern.Length && pattern[at + 1] == '/'))
        {
            return TokenKind.AnyDepth;
        }

        if (pattern[at] != '/')
        {
            return TokenKind.Star;
        }

        at++;
        return TokenKind.AnyFolders;
    }

    private readonly struct Token
    {
        private readonly byte _value;
        private readonly ByteSet? _set;

        public Token(TokenKind kind) => Kind = kind;

        public Token(byte value) => (Kind, _value) = (TokenKind.Byte, value);

        public Token(ByteSet set) => (Kind, _set) = (TokenKind.Class, set);

        public TokenKind Kind { get; }

        public bool Takes(byte value) => _set is null ? _value == value : _set.Contains(value);
    }
}
