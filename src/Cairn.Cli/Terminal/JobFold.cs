using Cairn.Core.Events;

namespace Cairn.Cli.Terminal;

/// <summary>
/// Jobs that ended and follow each other with nothing to show between: a thousand cached ones, or those left out by <c>--only</c>, are one line.
/// Cached ones wait for more of their kind, but not for long.
/// </summary>
internal sealed class JobFold
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    private TimeSpan _since;
    private bool _canWait;

    /// <summary>They, in order.</summary>
    public List<StepFinished> Jobs { get; } = [];

    /// <summary>Adds one.</summary>
    public void Add(StepFinished finished, TimeSpan now)
    {
        if (Jobs.Count == 0)
        {
            (_since, _canWait) = (now, true);
        }

        _canWait &= finished.IsCached;
        Jobs.Add(finished);
    }

    /// <summary>Whether they are to be shown although nothing follows yet.</summary>
    public bool IsDue(TimeSpan now) => Jobs.Count > 0 && (!_canWait || now - _since >= Patience);

    /// <summary>The end of the group of jobs that ended alike and begins at an index.</summary>
    public int EndOfGroup(int start)
    {
        var first = Jobs[start];
        var end = start + 1;
        while (end < Jobs.Count && Jobs[end].IsCached == first.IsCached && Jobs[end].Status == first.Status && string.Equals(Jobs[end].Reason, first.Reason, StringComparison.Ordinal))
        {
            end++;
        }

        return end;
    }

    /// <summary>What the executions took that the cached ones of a group come from, in milliseconds.</summary>
    public double SavedMs(int start, int end)
    {
        var saved = 0.0;
        for (var i = start; i < end; i++)
        {
            saved += Jobs[i].Cache?.SavedMs ?? 0;
        }

        return saved;
    }
}
