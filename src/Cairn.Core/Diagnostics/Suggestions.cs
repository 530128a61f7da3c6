namespace Cairn.Core.Diagnostics;

/// <summary>Guesses what a person meant by a name that does not exist.</summary>
public static class Suggestions
{
    private const int CharsMax = 100;

    /// <summary>The candidate that is nearest to a misspelt name, or null where none is near: a third of the letters may differ.</summary>
    public static string? Nearest(string text, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(candidates);
        if (text.Length is 0 or > CharsMax)
        {
            return null;
        }

        string? nearest = null;
        var least = int.MaxValue;
        foreach (var candidate in candidates)
        {
            var allowed = Math.Max(1, Math.Max(text.Length, candidate.Length) / 3);
            if (candidate.Length is 0 or > CharsMax || Math.Abs(candidate.Length - text.Length) > allowed)
            {
                continue;
            }

            var distance = Distance(text, candidate);
            if (distance < least && distance <= allowed && distance < Math.Min(text.Length, candidate.Length))
            {
                (nearest, least) = (candidate, distance);
            }
        }

        return nearest;
    }

    /// <summary>How many letters to insert, delete, replace or swap with their neighbour (optimal string alignment); case, <c>-</c> and <c>_</c> do not count.</summary>
    internal static int Distance(string left, string right)
    {
        var width = right.Length + 1;
        Span<int> rows = stackalloc int[3 * (CharsMax + 1)];
        var before = rows[..width];
        var last = rows.Slice(width, width);
        var row = rows.Slice(2 * width, width);
        for (var j = 0; j < width; j++)
        {
            last[j] = j;
        }

        for (var i = 1; i <= left.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j < width; j++)
            {
                var cost = Fold(left[i - 1]) == Fold(right[j - 1]) ? 0 : 1;
                var best = Math.Min(Math.Min(last[j] + 1, row[j - 1] + 1), last[j - 1] + cost);
                if (i > 1 && j > 1 && Fold(left[i - 1]) == Fold(right[j - 2]) && Fold(left[i - 2]) == Fold(right[j - 1]))
                {
                    best = Math.Min(best, before[j - 2] + 1);
                }

                row[j] = best;
            }

            var spare = before;
            before = last;
            last = row;
            row = spare;
        }

        return last[width - 1];
    }

    private static char Fold(char c) => c == '-' ? '_' : char.ToLowerInvariant(c);
}
