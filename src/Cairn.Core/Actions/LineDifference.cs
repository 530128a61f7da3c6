using System.Collections.Immutable;

namespace Cairn.Core.Actions;

/// <summary>What happened to a line.</summary>
public enum LineChangeKind
{
    /// <summary>Nothing: it stands around what changed.</summary>
    Same,

    /// <summary>It is no longer there.</summary>
    Removed,

    /// <summary>It was not there before.</summary>
    Added,
}

/// <summary>A line of a difference, without its end.</summary>
public readonly record struct LineChange(LineChangeKind Kind, string Text);

/// <summary>Lines that changed, with some that did not around them.</summary>
/// <param name="Before">The number of the first line in the text before, from 1.</param>
/// <param name="After">The number of the first line in the text after, from 1.</param>
/// <param name="Lines">In order; of what was replaced, the removed lines stand first.</param>
public sealed record LineHunk(int Before, int After, ImmutableArray<LineChange> Lines);

/// <summary>The difference of two texts by lines, which end at LF. Where only one of the texts ends with LF, that begins an empty line.</summary>
public static class LineDifference
{
    // Beyond, texts that differ in so many lines have nothing in common that is worth the search.
    private const int CellsMax = 1 << 20;

    /// <summary>The hunks that lead from one text to the other, in order; none where they are the same.</summary>
    /// <param name="before">The earlier text.</param>
    /// <param name="after">The later text.</param>
    /// <param name="context">How many lines stand around a change at most.</param>
    public static ImmutableArray<LineHunk> Between(string before, string after, int context)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        ArgumentOutOfRangeException.ThrowIfNegative(context);
        var ended = before.EndsWith('\n') && after.EndsWith('\n') ? 1 : 0;
        var (old, now) = (before[..^ended].Split('\n'), after[..^ended].Split('\n'));
        var head = 0;
        while (head < old.Length && head < now.Length && string.Equals(old[head], now[head], StringComparison.Ordinal))
        {
            head++;
        }

        var (oldEnd, nowEnd) = (old.Length, now.Length);
        while (oldEnd > head && nowEnd > head && string.Equals(old[oldEnd - 1], now[nowEnd - 1], StringComparison.Ordinal))
        {
            (oldEnd, nowEnd) = (oldEnd - 1, nowEnd - 1);
        }

        var lines = new List<LineChange>(old.Length + now.Length);
        Add(lines, LineChangeKind.Same, old.AsSpan(0, head));
        AddMiddle(lines, old.AsSpan(head, oldEnd - head), now.AsSpan(head, nowEnd - head));
        Add(lines, LineChangeKind.Same, old.AsSpan(oldEnd));
        return ToHunks(lines, context);
    }

    private static void Add(List<LineChange> lines, LineChangeKind kind, ReadOnlySpan<string> texts)
    {
        foreach (var text in texts)
        {
            lines.Add(new LineChange(kind, text));
        }
    }

    /// <summary>Keeps as many lines as can be kept.</summary>
    private static void AddMiddle(List<LineChange> lines, ReadOnlySpan<string> old, ReadOnlySpan<string> now)
    {
        if ((long)(old.Length + 1) * (now.Length + 1) > CellsMax)
        {
            Add(lines, LineChangeKind.Removed, old);
            Add(lines, LineChangeKind.Added, now);
            return;
        }

        // How many lines the rests from two places on have in common.
        var width = now.Length + 1;
        var common = new int[(old.Length + 1) * width];
        for (var i = old.Length - 1; i >= 0; i--)
        {
            for (var j = now.Length - 1; j >= 0; j--)
            {
                common[(i * width) + j] = string.Equals(old[i], now[j], StringComparison.Ordinal)
                    ? common[((i + 1) * width) + j + 1] + 1
                    : Math.Max(common[((i + 1) * width) + j], common[(i * width) + j + 1]);
            }
        }

        for (var (i, j) = (0, 0); i < old.Length || j < now.Length;)
        {
            if (i < old.Length && j < now.Length && string.Equals(old[i], now[j], StringComparison.Ordinal))
            {
                lines.Add(new LineChange(LineChangeKind.Same, old[i++]));
                j++;
            }
            else if (i < old.Length && (j == now.Length || common[((i + 1) * width) + j] >= common[(i * width) + j + 1]))
            {
                lines.Add(new LineChange(LineChangeKind.Removed, old[i++]));
            }
            else
            {
                lines.Add(new LineChange(LineChangeKind.Added, now[j++]));
            }
        }
    }

    private static ImmutableArray<LineHunk> ToHunks(List<LineChange> lines, int context)
    {
        var hunks = ImmutableArray.CreateBuilder<LineHunk>();
        var (before, after) = (1, 1);
        var counted = 0;
        for (var at = 0; at < lines.Count; at++)
        {
            if (lines[at].Kind == LineChangeKind.Same)
            {
                continue;
            }

            // A hunk goes on to its last change with no more than twice the context before the next.
            var end = at + 1;
            for (var next = end; next < lines.Count && next - end <= 2 * context; next++)
            {
                end = lines[next].Kind == LineChangeKind.Same ? end : next + 1;
            }

            var from = Math.Max(counted, at - context);
            (before, after) = Count(lines, counted, from, before, after);
            counted = Math.Min(lines.Count, end + context);
            hunks.Add(new LineHunk(before, after, [.. lines.GetRange(from, counted - from)]));
            (before, after) = Count(lines, from, counted, before, after);
            at = end - 1;
        }

        return hunks.DrainToImmutable();
    }

    private static (int Before, int After) Count(List<LineChange> lines, int from, int to, int before, int after)
    {
        for (var i = from; i < to; i++)
        {
            before += lines[i].Kind == LineChangeKind.Added ? 0 : 1;
            after += lines[i].Kind == LineChangeKind.Removed ? 0 : 1;
        }

        return (before, after);
    }
}
