using System.Collections.Immutable;
using System.Text;

namespace Cairn.Core.Content;

/// <summary>One segment of a glob: what stands between two slashes.</summary>
internal abstract record GlobSegment
{
    private GlobSegment()
    {
    }

    /// <summary><c>**</c>: any number of segments, at the end at least one.</summary>
    public sealed record AnyDepth : GlobSegment
    {
        public static AnyDepth Instance { get; } = new();
    }

    /// <summary>A name without wildcards.</summary>
    public sealed record Literal(string Name) : GlobSegment;

    /// <summary>One star between two literal texts, by far the most common wildcard.</summary>
    public sealed record Affix(string Prefix, string Suffix) : GlobSegment;

    /// <summary>Everything else.</summary>
    public sealed record Pattern(ImmutableArray<GlobToken> Tokens) : GlobSegment;

    /// <summary>Makes the cheapest segment for some tokens.</summary>
    public static GlobSegment Of(ImmutableArray<GlobToken> tokens)
    {
        var prefix = new StringBuilder();
        var suffix = new StringBuilder();
        var stars = 0;
        foreach (var token in tokens)
        {
            switch (token)
            {
                case GlobToken.Character { CodePoint: var c }:
                    (stars == 0 ? prefix : suffix).Append(c > char.MaxValue ? char.ConvertFromUtf32(c) : ((char)c).ToString());
                    break;
                case GlobToken.Star when ++stars == 1:
                    break;
                default:
                    return new Pattern(tokens);
            }
        }

        return stars == 0 ? new Literal(prefix.ToString()) : new Affix(prefix.ToString(), suffix.ToString());
    }

    /// <summary>Whether a name matches; <see cref="AnyDepth"/> is the caller's affair.</summary>
    public bool IsMatch(ReadOnlySpan<char> name) => this switch
    {
        Literal literal => name.SequenceEqual(literal.Name),
        Affix affix => name.Length >= affix.Prefix.Length + affix.Suffix.Length
            && name.StartsWith(affix.Prefix, StringComparison.Ordinal) && name.EndsWith(affix.Suffix, StringComparison.Ordinal),
        Pattern pattern => IsMatch(pattern.Tokens.AsSpan(), name),
        _ => true,
    };

    /// <summary>Whether some name matches both; yes where <paramref name="budget"/> does not suffice to tell.</summary>
    public static bool MayOverlap(GlobSegment a, GlobSegment b, ref int budget)
    {
        if (b is Literal other)
        {
            return a.IsMatch(other.Name);
        }

        return a is Literal literal ? b.IsMatch(literal.Name) : MayOverlap(a.ToTokens(), b.ToTokens(), ref budget);
    }

    /// <summary>On a mismatch only the last star is tried again: what an earlier one could take instead, the last one can take too.</summary>
    private static bool IsMatch(ReadOnlySpan<GlobToken> tokens, ReadOnlySpan<char> name)
    {
        int token = 0, at = 0, starToken = -1, starAt = 0;
        while (at < name.Length)
        {
            if (token < tokens.Length && tokens[token] is GlobToken.Star)
            {
                (starToken, starAt) = (++token, at);
                continue;
            }

            var next = at;
            if (token < tokens.Length && tokens[token].Matches(CodePointAt(name, ref next)))
            {
                token++;
                at = next;
                continue;
            }

            if (starToken < 0)
            {
                return false;
            }

            CodePointAt(name, ref starAt);
            (token, at) = (starToken, starAt);
        }

        while (token < tokens.Length && tokens[token] is GlobToken.Star)
        {
            token++;
        }

        return token == tokens.Length;
    }

    /// <summary>A character, a pair of surrogates counting as one; half a pair stands for itself.</summary>
    public static int CodePointAt(ReadOnlySpan<char> text, ref int at)
    {
        var c = text[at++];
        return char.IsHighSurrogate(c) && at < text.Length && char.IsLowSurrogate(text[at]) ? char.ConvertToUtf32(c, text[at++]) : c;
    }

    private ImmutableArray<GlobToken> ToTokens()
    {
        if (this is Pattern pattern)
        {
            return pattern.Tokens;
        }

        var affix = (Affix)this;
        var tokens = ImmutableArray.CreateBuilder<GlobToken>();
        AddAll(affix.Prefix);
        tokens.Add(GlobToken.Star.Instance);
        AddAll(affix.Suffix);
        return tokens.DrainToImmutable();

        void AddAll(string text)
        {
            for (var i = 0; i < text.Length;)
            {
                tokens.Add(new GlobToken.Character(CodePointAt(text, ref i)));
            }
        }
    }

    /// <summary>Whether two patterns have a name in common: a table over the rests of both, filled from the ends.</summary>
    private static bool MayOverlap(ImmutableArray<GlobToken> a, ImmutableArray<GlobToken> b, ref int budget)
    {
        budget -= (a.Length + 1) * (b.Length + 1);
        if (budget < 0)
        {
            return true;
        }

        var below = new bool[b.Length + 1];
        var row = new bool[b.Length + 1];
        for (var i = a.Length; i >= 0; i--)
        {
            for (var j = b.Length; j >= 0; j--)
            {
                var starA = i < a.Length && a[i] is GlobToken.Star;
                var starB = j < b.Length && b[j] is GlobToken.Star;
                row[j] = (i == a.Length && j == b.Length)
                    || (starA && (below[j] || (j < b.Length && row[j + 1])))
                    || (starB && (row[j + 1] || (i < a.Length && below[j])))
                    || (!starA && !starB && i < a.Length && j < b.Length && below[j + 1] && a[i].Overlaps(b[j]));
            }

            (below, row) = (row, below);
        }

        return below[0];
    }
}

/// <summary>A part of a segment with wildcards.</summary>
internal abstract record GlobToken
{
    private GlobToken()
    {
    }

    /// <summary><c>*</c>.</summary>
    public sealed record Star : GlobToken
    {
        public static Star Instance { get; } = new();
    }

    /// <summary>A character that stands for itself.</summary>
    public sealed record Character(int CodePoint) : GlobToken;

    /// <summary><c>?</c> or a class in brackets; ranges are sorted, apart from each other, and inclusive.</summary>
    public sealed record Class(ImmutableArray<(int First, int Last)> Ranges) : GlobToken;

    /// <summary>Whether a character matches; a star takes none by itself.</summary>
    public bool Matches(int codePoint)
    {
        switch (this)
        {
            case Character character:
                return character.CodePoint == codePoint;
            case Class set:
                foreach (var (first, last) in set.Ranges)
                {
                    if (codePoint >= first && codePoint <= last)
                    {
                        return true;
                    }
                }

                return false;
            default:
                return false;
        }
    }

    /// <summary>Whether some character matches both.</summary>
    public bool Overlaps(GlobToken other)
    {
        switch (this, other)
        {
            case (Character a, _):
                return other.Matches(a.CodePoint);
            case (_, Character b):
                return Matches(b.CodePoint);
            case (Class a, Class b):
                foreach (var (first, last) in a.Ranges)
                {
                    foreach (var (otherFirst, otherLast) in b.Ranges)
                    {
                        if (first <= otherLast && otherFirst <= last)
                        {
                            return true;
                        }
                    }
                }

                return false;
            default:
                return true;
        }
    }
}
