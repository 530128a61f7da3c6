namespace Cairn.Core.Content;

/// <summary>A run of lines that two texts have, or only one of them.</summary>
/// <param name="Kind"><c>' '</c> for both, <c>'-'</c> for the first, <c>'+'</c> for the second.</param>
/// <param name="Before">The line in the first text from 0, or where it would stand.</param>
/// <param name="After">The same in the second.</param>
public readonly record struct LineEdit(char Kind, int Before, int After);

/// <summary>The shortest way from one list of lines to another (Myers); of texts that differ too much, a whole replacement of what differs.</summary>
public static class LineDiff
{
    private const int DistanceMax = 2_000;

    /// <summary>Lines in the order of reading, those that go before those that come.</summary>
    public static List<LineEdit> Compare(IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var start = 0;
        while (start < before.Count && start < after.Count && string.Equals(before[start], after[start], StringComparison.Ordinal))
        {
            start++;
        }

        var end = 0;
        while (end < before.Count - start && end < after.Count - start && string.Equals(before[^(end + 1)], after[^(end + 1)], StringComparison.Ordinal))
        {
            end++;
        }

        var edits = new List<LineEdit>();
        for (var i = 0; i < start; i++)
        {
            edits.Add(new LineEdit(' ', i, i));
        }

        Middle(before, after, start, before.Count - end, after.Count - end, edits);
        for (var i = end; i > 0; i--)
        {
            edits.Add(new LineEdit(' ', before.Count - i, after.Count - i));
        }

        return edits;
    }

    private static void Middle(IReadOnlyList<string> before, IReadOnlyList<string> after, int start, int beforeEnd, int afterEnd, List<LineEdit> edits)
    {
        var (n, m) = (beforeEnd - start, afterEnd - start);
        var trace = Trace(before, after, start, n, m);
        if (trace is null)
        {
            Replace(start, beforeEnd, afterEnd, edits);
            return;
        }

        // From the end back along the furthest points of each distance.
        var back = new List<LineEdit>();
        var (x, y) = (n, m);
        for (var d = trace.Count - 1; d > 0; d--)
        {
            var furthest = trace[d - 1];
            var k = x - y;
            var down = k == -d || (k != d && At(furthest, k - 1, d - 1) < At(furthest, k + 1, d - 1));
            var from = down ? k + 1 : k - 1;
            var (fromX, fromY) = (At(furthest, from, d - 1), At(furthest, from, d - 1) - from);
            while (x > (down ? fromX : fromX + 1) && y > (down ? fromY + 1 : fromY))
            {
                back.Add(new LineEdit(' ', start + --x, start + --y));
            }

            back.Add(down ? new LineEdit('+', start + x, start + --y) : new LineEdit('-', start + --x, start + y));
        }

        while (x > 0)
        {
            back.Add(new LineEdit(' ', start + --x, start + --y));
        }

        back.Reverse();
        edits.AddRange(back);
    }

    private static void Replace(int start, int beforeEnd, int afterEnd, List<LineEdit> edits)
    {
        for (var i = start; i < beforeEnd; i++)
        {
            edits.Add(new LineEdit('-', i, start));
        }

        for (var i = start; i < afterEnd; i++)
        {
            edits.Add(new LineEdit('+', beforeEnd, i));
        }
    }

    /// <summary>For each distance the furthest line of the first text on each diagonal; null where the texts are further apart than is worth it.</summary>
    private static List<int[]>? Trace(IReadOnlyList<string> before, IReadOnlyList<string> after, int start, int n, int m)
    {
        var trace = new List<int[]>();
        for (var d = 0; d <= Math.Min(n + m, DistanceMax); d++)
        {
            var current = new int[(2 * d) + 1];
            for (var k = -d; k <= d; k += 2)
            {
                var x = d == 0 ? 0
                    : k == -d || (k != d && At(trace[d - 1], k - 1, d - 1) < At(trace[d - 1], k + 1, d - 1)) ? At(trace[d - 1], k + 1, d - 1)
                    : At(trace[d - 1], k - 1, d - 1) + 1;
                var y = x - k;
                while (x < n && y < m && string.Equals(before[start + x], after[start + y], StringComparison.Ordinal))
                {
                    x++;
                    y++;
                }

                current[k + d] = x;
                if (x >= n && y >= m)
                {
                    trace.Add(current);
                    return trace;
                }
            }

            trace.Add(current);
        }

        return null;
    }

    private static int At(int[] furthest, int diagonal, int distance) => diagonal + distance is >= 0 and var at && at < furthest.Length ? furthest[at] : -1;
}
