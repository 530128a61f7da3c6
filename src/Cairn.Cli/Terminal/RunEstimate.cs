namespace Cairn.Cli.Terminal;

/// <summary>
/// Guesses how long a run still takes: no less than the longest chain of what is left, and no less than all that is left divided by
/// the jobs that may run at once.
/// </summary>
internal sealed class RunEstimate(RunModel model)
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private TimeSpan? _left;
    private TimeSpan _computedAt = TimeSpan.MinValue;
    private int _computedFor = -1;

    /// <summary>What is left, or null where nothing is known to guess from. Computed at most once a second, counted down between.</summary>
    public TimeSpan? Left(TimeSpan now)
    {
        if (model.FinishedCount == model.Jobs.Count)
        {
            return null;
        }

        if (_computedFor != model.Jobs.Count || now - _computedAt >= Freshness)
        {
            _left = Compute(now);
            _computedAt = now;
            _computedFor = model.Jobs.Count;
        }

        return _left is { } left && left > now - _computedAt ? left - (now - _computedAt) : null;
    }

    private TimeSpan? Compute(TimeSpan now)
    {
        var known = 0;
        var counted = 0;
        var knownMs = 0.0;
        foreach (var job in model.Jobs)
        {
            // What was skipped or cached tells nothing of how long jobs take.
            if (job.Finished is { Attempts: 0 })
            {
                continue;
            }

            counted++;
            if ((job.Expected?.TotalMilliseconds ?? job.Finished?.DurationMs) is { } ms)
            {
                known++;
                knownMs += ms;
            }
        }

        // With less than half of the jobs known, a number would be an invention.
        if (known == 0 || known * 2 < counted)
        {
            return null;
        }

        var mean = knownMs / known;
        var total = 0.0;
        var left = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var job in model.Jobs)
        {
            if (job.Finished is null)
            {
                var ms = job.Expected?.TotalMilliseconds ?? mean;
                ms = job.Running ? Math.Max(0, ms - (now - job.StartedAt).TotalMilliseconds) : ms;
                left[job.Id] = ms;
                total += ms;
            }
        }

        return TimeSpan.FromMilliseconds(Math.Max(LongestChain(left), total / model.MaxParallel));
    }

    // The longest chain among unfinished jobs, without recursion: a chain can be as long as the plan.
    private double LongestChain(Dictionary<string, double> left)
    {
        var chains = new Dictionary<string, double>(left.Count, StringComparer.Ordinal);
        var stack = new Stack<string>();
        var longest = 0.0;
        foreach (var job in left.Keys)
        {
            stack.Push(job);
            while (stack.TryPeek(out var id))
            {
                var longestNeed = 0.0;
                var waits = false;
                foreach (var need in chains.ContainsKey(id) ? [] : model.Find(id)!.Needs)
                {
                    if (!left.ContainsKey(need))
                    {
                        continue;
                    }

                    if (chains.TryGetValue(need, out var chain))
                    {
                        longestNeed = Math.Max(longestNeed, chain);
                    }
                    else
                    {
                        stack.Push(need);
                        waits = true;
                    }
                }

                if (!waits)
                {
                    stack.Pop();
                    if (chains.TryAdd(id, longestNeed + left[id]))
                    {
                        longest = Math.Max(longest, chains[id]);
                    }
                }
            }
        }

        return longest;
    }
}
