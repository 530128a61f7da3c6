using System.Collections.Immutable;

using Cairn.Core.Events;
using Cairn.Core.Planning;

namespace Cairn.Engine.Running;

/// <summary>Jobs as events tell them.</summary>
internal static class JobSummaries
{
    public static ImmutableArray<JobSummary> Of(Plan plan, int from)
    {
        var jobs = ImmutableArray.CreateBuilder<JobSummary>(plan.Jobs.Length - from);
        for (var i = from; i < plan.Jobs.Length; i++)
        {
            var job = plan.Jobs[i];
            var needs = ImmutableArray.CreateBuilder<string>(job.Needs.Length);
            foreach (var need in job.Needs)
            {
                needs.Add(plan.Jobs[need].Id.Value);
            }

            jobs.Add(new JobSummary(job.Id.Value, job.Step.Name.Value, needs.MoveToImmutable()));
        }

        return jobs.MoveToImmutable();
    }
}

/// <summary>Randomness for retries; nothing secret hangs on it.</summary>
internal static class Jitter
{
#pragma warning disable CA5394 // Spreads retries; an attacker gains nothing by knowing it.
    public static double Next() => Random.Shared.NextDouble();
#pragma warning restore CA5394
}

/// <summary>Durations as a person writes them in a pipeline.</summary>
internal static class DurationText
{
    /// <summary><c>1h30m</c>, <c>10m</c>, <c>2.5s</c>, <c>250ms</c>.</summary>
    public static string Of(TimeSpan duration)
    {
        if (duration < TimeSpan.FromSeconds(1))
        {
            return $"{duration.TotalMilliseconds:0.#}ms";
        }

        if (duration < TimeSpan.FromMinutes(1))
        {
            return $"{duration.TotalSeconds:0.##}s";
        }

        var hours = (int)duration.TotalHours;
        return $"{(hours > 0 ? $"{hours}h" : "")}{(duration.Minutes > 0 ? $"{duration.Minutes}m" : "")}{(duration.Seconds > 0 ? $"{duration.Seconds}s" : "")}";
    }
}
