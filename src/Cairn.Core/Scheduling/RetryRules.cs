namespace Cairn.Core.Scheduling;

/// <summary>Whether and when a failed attempt is followed by another.</summary>
internal static class RetryRules
{
    /// <summary>Whether the filter wants another attempt after this outcome; <see cref="AttemptOutcome.Lost"/> has rules of its own.</summary>
    public static bool Wants(RetryFilter filter, AttemptOutcome outcome, bool timedOut) =>
        filter.Any || (timedOut ? filter.OnTimeout : outcome switch
        {
            AttemptOutcome.Exited exited => filter.ExitCodes.Contains(exited.Code),
            AttemptOutcome.Signaled => filter.OnSignal,
            _ => false,
        });

    /// <summary>The wait after the <paramref name="used"/>-th attempt: doubled each time, bounded, then shortened by the random part.</summary>
    public static TimeSpan Wait(ScheduledJob job, int used, double random)
    {
        var doubled = job.BackoffInitial.Ticks * Math.Pow(2, used - 1);
        var bounded = Math.Min(job.BackoffMax.Ticks, doubled);
        return TimeSpan.FromTicks((long)(bounded * (1 - (job.Jitter * random))));
    }
}
