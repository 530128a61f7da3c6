using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Cairn.Trust.Verification;

/// <summary>
/// A pattern over names of projects, pipelines or steps: <c>*</c> stands for any characters but <c>/</c>, <c>**</c> for any, <c>?</c> for one but <c>/</c>; everything else for itself. Case counts, and
/// the whole name has to fit.
/// </summary>
public sealed class RolePattern : IEquatable<RolePattern>
{
    private RolePattern(string text) => Text = text;

    /// <summary>The pattern as it is written.</summary>
    public string Text { get; }

    /// <summary>Whether it has no wildcard, so that it stands for one name.</summary>
    public bool IsLiteral => !Text.AsSpan().ContainsAny('*', '?');

    /// <summary>Takes a pattern; <paramref name="problem"/> says why it is none.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out RolePattern? pattern, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        problem = text.Length == 0 ? "it is empty"
            : text.Length > Limits.PatternCharactersMax ? $"it has more than {Limits.PatternCharactersMax} characters"
            : HasControl(text) ? "it has control characters"
            : Wildcards(text) > Limits.PatternWildcardsMax ? $"it has more than {Limits.PatternWildcardsMax} wildcards"
            : null;
        pattern = problem is null ? new RolePattern(text) : null;
        return pattern is not null;
    }

    /// <summary>Takes a pattern that is known to be good.</summary>
    public static RolePattern Parse(string text) => TryParse(text, out var pattern, out var problem) ? pattern : throw new FormatException($"`{text}` is no pattern: {problem}");

    /// <summary>Whether a name fits.</summary>
    public bool IsMatch(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length <= Limits.NameCharactersMax && IsMatch(Text, name);
    }

    /// <summary>Whether a name fits one of them.</summary>
    public static bool AnyMatches(ImmutableArray<RolePattern> patterns, string name)
    {
        foreach (var pattern in patterns)
        {
            if (pattern.IsMatch(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public bool Equals(RolePattern? other) => other is not null && string.Equals(Text, other.Text, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as RolePattern);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(Text, StringComparison.Ordinal);

    /// <summary>The pattern as it is written.</summary>
    public override string ToString() => Text;

    // Which ends of the pattern's beginnings fit what was read of the name: one pass, no way back, so that no pattern is slow.
    private static bool IsMatch(string pattern, string name)
    {
        Span<bool> states = stackalloc bool[Limits.PatternCharactersMax + 1];
        states = states[..(pattern.Length + 1)];
        states.Clear();
        states[0] = true;
        PassStars(pattern, states);
        foreach (var c in name)
        {
            // From the end, so that each place still holds what was true before this character.
            for (var i = pattern.Length; i >= 0; i--)
            {
                var stays = i > 0 && states[i] && pattern[i - 1] == '*' && (c != '/' || IsDouble(pattern, i - 1));
                var comes = i > 0 && states[i - 1] && pattern[i - 1] != '*' && (pattern[i - 1] == c || (pattern[i - 1] == '?' && c != '/'));
                states[i] = stays || comes;
            }

            PassStars(pattern, states);
        }

        return states[pattern.Length];
    }

    private static void PassStars(string pattern, Span<bool> states)
    {
        for (var i = 0; i < pattern.Length; i++)
        {
            if (states[i] && pattern[i] == '*')
            {
                states[i + 1] = true;
            }
        }
    }

    private static bool IsDouble(string pattern, int star) => (star > 0 && pattern[star - 1] == '*') || (star + 1 < pattern.Length && pattern[star + 1] == '*');

    private static int Wildcards(string text)
    {
        var count = 0;
        foreach (var c in text)
        {
            count += c is '*' or '?' ? 1 : 0;
        }

        return count;
    }

    private static bool HasControl(string text)
    {
        foreach (var c in text)
        {
            if (char.IsControl(c))
            {
                return true;
            }
        }

        return false;
    }
}
