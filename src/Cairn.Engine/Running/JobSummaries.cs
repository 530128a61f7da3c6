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
