using System.Collections.Immutable;

namespace Cairn.Core.Content;

/// <summary>Turns the text of a glob into alternatives without braces, and those into segments.</summary>
internal sealed class GlobParser(string text)
{
    /// <summary>Alternatives that braces may make.</summary>
    private const int AlternativesMax = 256;

    /// <summary>Characters of all alternatives together.</summary>
    private const int AlternativeCharsMax = 65_536;

    private const int BraceDepthMax = 16;
    private const int CodePointMax = 0x10FFFF;

    /// <summary>What is wrong, after null.</summary>
    public string Error { get; private set; } = "";

    public ImmutableArray<ImmutableArray<GlobSegment>>? Parse()
    {
        if (Refusal() is { } refusal)
        {
            Error = refusal;
            return null;
        }

        var at = 0;
        if (Expand(ref at, 0) is not { } texts)
        {
            return null;
        }

        var alternatives = ImmutableArray.CreateBuilder<ImmutableArray<GlobSegment>>(texts.Count);
        foreach (var alternative in texts)
        {
            if (Segments(alternative) is not { } segments)
            {
                return null;
            }

            alternatives.Add(segments);
        }

        return alternatives.MoveToImmutable();
    }

    private string? Refusal()
    {
        if (text.Length == 0)
        {
            return "A glob is empty; write `**` for everything";
        }

        if (text.Length > Limits.GlobCharsMax)
        {
            return $"A glob is longer than {Limits.GlobCharsMax} characters";
        }

        return text.Contains('\0', StringComparison.Ordinal) ? "A glob holds a NUL character, which no path can" : null;
    }

    private List<string>? Fail(string error)
    {
        Error = error;
        return null;
    }

    /// <summary>Expands braces up to the end, or inside braces (depth over 0) up to a comma or the closing brace. Quotes and brackets stay as they are.</summary>
    private List<string>? Expand(ref int at, int depth)
    {
        if (depth > BraceDepthMax)
        {
            return Fail($"Glob `{text}` nests braces more than {BraceDepthMax} deep");
        }

        List<string> made = [""];
        while (at < text.Length)
        {
            var start = at;
            switch (text[at])
            {
                case '\\':
                    if (at + 1 == text.Length)
                    {
                        return Fail($"Glob `{text}` ends in a `\\` that quotes nothing");
                    }

                    at += 2;
                    break;
                case '[':
                    at = ClassEnd(at);
                    if (at < 0)
                    {
                        return Fail($"Glob `{text}` has a `[` without `]`; write `\\[` for a bracket");
                    }

                    break;
                case ']':
                    return Fail($"Glob `{text}` has a `]` without `[`; write `\\]` for a bracket");
                case '}' when depth == 0:
                    return Fail($"Glob `{text}` has a `}}` without `{{`; write `\\}}` for a brace");
                case ',' or '}' when depth > 0:
                    return made;
                case '{':
                    at++;
                    if (Alternatives(ref at, depth + 1) is not { } inner || Product(made, inner) is not { } product)
                    {
                        return null;
                    }

                    made = product;
                    continue;
                default:
                    at++;
                    break;
            }

            while (at < text.Length && text[at] is not ('\\' or '[' or ']' or '{' or '}' or ','))
            {
                at++;
            }

            for (var i = 0; i < made.Count; i++)
            {
                made[i] = string.Concat(made[i], text.AsSpan(start, at - start));
            }

            if (CharsOf(made) > AlternativeCharsMax)
            {
                return Fail($"Glob `{Shown}` stands for too many alternatives; write several globs");
            }
        }

        return depth == 0 ? made : Fail($"Glob `{text}` has a `{{` without `}}`; write `\\{{` for a brace");
    }

    private List<string>? Alternatives(ref int at, int depth)
    {
        List<string> all = [];
        while (true)
        {
            if (Expand(ref at, depth) is not { } some)
            {
                return null;
            }

            all.AddRange(some);
            if (all.Count > AlternativesMax)
            {
                return Fail($"Glob `{Shown}` stands for more than {AlternativesMax} alternatives; write several globs");
            }

            if (text[at++] == '}')
            {
                return all;
            }
        }
    }

    private List<string>? Product(List<string> left, List<string> right)
    {
        if (left.Count * right.Count > AlternativesMax || (CharsOf(left) * right.Count) + (CharsOf(right) * left.Count) > AlternativeCharsMax)
        {
            return Fail($"Glob `{Shown}` stands for more than {AlternativesMax} alternatives; write several globs");
        }

        List<string> product = [];
        foreach (var first in left)
        {
            foreach (var second in right)
            {
                product.Add(first + second);
            }
        }

        return product;
    }

    private string Shown => text.Length <= 80 ? text : text[..80] + "…";

    private static int CharsOf(List<string> texts)
    {
        var chars = 0;
        foreach (var item in texts)
        {
            chars += item.Length;
        }

        return chars;
    }

    /// <summary>The offset behind the bracket that closes a class, or -1. A `]` right at the start of a class belongs to it.</summary>
    private int ClassEnd(int at)
    {
        var i = at + 1;
        if (i < text.Length && text[i] == '!')
        {
            i++;
        }

        for (var first = i; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == ']' && i > first)
            {
                return i + 1;
            }
        }

        return -1;
    }

    private ImmutableArray<GlobSegment>? Segments(string alternative)
    {
        if (alternative.Length == 0)
        {
            Error = $"Glob `{text}` has an empty alternative";
            return null;
        }

        if (alternative[0] == '/')
        {
            Error = $"Glob `{Shown}` is absolute; write it relative to the project";
            return null;
        }

        var segments = ImmutableArray.CreateBuilder<GlobSegment>();
        for (var at = 0; at <= alternative.Length; at++)
        {
            var tokens = ImmutableArray.CreateBuilder<GlobToken>();
            var start = at;
            while (at < alternative.Length && alternative[at] != '/')
            {
                if (Token(alternative, ref at) is not { } token)
                {
                    return null;
                }

                tokens.Add(token);
            }

            var name = alternative.AsSpan(start, at - start);
            if (name is "**")
            {
                if (segments is not [.., GlobSegment.AnyDepth])
                {
                    segments.Add(GlobSegment.AnyDepth.Instance);
                }
            }
            else if (name.Contains("**", StringComparison.Ordinal) && HasDoubleStar(tokens))
            {
                Error = $"Glob `{Shown}` has `**` beside other characters; `**` stands alone between slashes, `*` goes anywhere";
                return null;
            }
            else if (tokens.Count > 0 && GlobSegment.Of(tokens.DrainToImmutable()) is var segment && segment is not GlobSegment.Literal { Name: "." })
            {
                if (segment is GlobSegment.Literal { Name: ".." })
                {
                    Error = $"Glob `{Shown}` leaves the project with `..`";
                    return null;
                }

                segments.Add(segment);
            }
        }

        return segments.DrainToImmutable();
    }

    private static bool HasDoubleStar(ImmutableArray<GlobToken>.Builder tokens)
    {
        for (var i = 1; i < tokens.Count; i++)
        {
            if (tokens[i] is GlobToken.Star && tokens[i - 1] is GlobToken.Star)
            {
                return true;
            }
        }

        return false;
    }

    private GlobToken? Token(string alternative, ref int at)
    {
        switch (alternative[at])
        {
            case '*':
                at++;
                return GlobToken.Star.Instance;
            case '?':
                at++;
                return new GlobToken.Class([(0, CodePointMax)]);
            case '[':
                return Class(alternative, ref at);
            case '\\' when alternative[at + 1] == '/':
                Error = $"Glob `{Shown}` quotes a `/`, which always separates";
                return null;
            case '\\':
                at++;
                break;
        }

        return new GlobToken.Character(GlobSegment.CodePointAt(alternative, ref at));
    }

    private GlobToken.Class? Class(string alternative, ref int at)
    {
        var i = at + 1;
        var negated = alternative[i] == '!';
        if (negated)
        {
            i++;
        }

        if (alternative[i] == '^')
        {
            Error = $"Glob `{Shown}` has `[^`; write `[!` to negate, or `[\\^` for the character";
            return null;
        }

        var ranges = new List<(int First, int Last)>();
        for (var first = i; alternative[i] != ']' || i == first;)
        {
            if (alternative[i] == '[' && alternative[i + 1] is ':' or '.' or '=')
            {
                Error = $"Glob `{Shown}` has a class such as `[:alpha:]`; write the characters, `[a-z]`";
                return null;
            }

            var low = ClassCharacter(alternative, ref i);
            var high = low;
            if (alternative[i] == '-' && alternative[i + 1] != ']')
            {
                i++;
                high = ClassCharacter(alternative, ref i);
            }

            if (low > high)
            {
                Error = $"Glob `{Shown}` has a range that runs backwards";
                return null;
            }

            if (low == '/' || high == '/')
            {
                Error = $"Glob `{Shown}` has a `/` in brackets, which matches nothing";
                return null;
            }

            ranges.Add((low, high));
        }

        at = i + 1;
        var merged = Merge(ranges);
        if (!negated)
        {
            return new GlobToken.Class([.. merged]);
        }

        if (Complement(merged) is { IsEmpty: false } rest)
        {
            return new GlobToken.Class(rest);
        }

        Error = $"Glob `{Shown}` has brackets that match nothing";
        return null;
    }

    private static int ClassCharacter(string alternative, ref int i)
    {
        if (alternative[i] == '\\')
        {
            i++;
        }

        return GlobSegment.CodePointAt(alternative, ref i);
    }

    private static List<(int First, int Last)> Merge(List<(int First, int Last)> ranges)
    {
        ranges.Sort();
        List<(int First, int Last)> merged = [];
        foreach (var range in ranges)
        {
            if (merged is [.., var last] && range.First <= last.Last + 1)
            {
                merged[^1] = (last.First, Math.Max(last.Last, range.Last));
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged;
    }

    private static ImmutableArray<(int First, int Last)> Complement(List<(int First, int Last)> merged)
    {
        var rest = ImmutableArray.CreateBuilder<(int First, int Last)>();
        var next = 0;
        foreach (var (first, last) in merged)
        {
            if (first > next)
            {
                rest.Add((next, first - 1));
            }

            next = last + 1;
        }

        if (next <= CodePointMax)
        {
            rest.Add((next, CodePointMax));
        }

        return rest.DrainToImmutable();
    }
}
