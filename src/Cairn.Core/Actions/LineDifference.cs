using System.Collections.Immutable;

using Cairn.Core.Content;

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
        return Between(old, now, context);
    }

    /// <summary>The same of lines, whatever stands at their ends.</summary>
    /// <param name="before">The earlier lines.</param>
    /// <param name="after">The later lines.</param>
    /// <param name="context">How many lines stand around a change at most.</param>
    public static ImmutableArray<LineHunk> Between(IReadOnlyList<string> before, IReadOnlyList<string> after, int context)
    {
        var lines = new List<LineChange>();
        foreach (var edit in LineDiff.Compare(before, after))
        {
            lines.Add(edit.Kind switch
            {
                '-' => new LineChange(LineChangeKind.Removed, before[edit.Before]),
                '+' => new LineChange(LineChangeKind.Added, after[edit.After]),
                _ => new LineChange(LineChangeKind.Same, before[edit.Before]),
            });
        }

        return ToHunks(lines, context);
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
