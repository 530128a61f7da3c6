using System.Collections.Immutable;

using Cairn.Core.Language.Model;
using Cairn.Core.Scheduling;

namespace Cairn.Core.Planning;

/// <summary>What the scheduler needs to know of a plan.</summary>
public static class PlanScheduling
{
    /// <summary>What a job is expected to take where nothing is known of it.</summary>
    public static TimeSpan ExpectedByDefault { get; } = TimeSpan.FromSeconds(1);

    /// <summary>The jobs from an index on, with the duration expected of each, or null where none is known.</summary>
    public static ImmutableArray<ScheduledJob> ToScheduled(Plan plan, int from, Func<Job, TimeSpan?> expected)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(expected);
        var scheduled = ImmutableArray.CreateBuilder<ScheduledJob>(plan.Jobs.Length - from);
        Step? step = null;
        var first = 0;
        ScheduledJob? shared = null;
        for (var i = from; i < plan.Jobs.Length; i++)
        {
            var job = plan.Jobs[i];
            if (shared is null || !ReferenceEquals(step, job.Step))
            {
                step = job.Step;
                first = i;
                shared = OfStep(job);
            }

            scheduled.Add(shared with
            {
                Index = job.Index,
                Needs = job.Needs,
                Group = LimitOf(job.Step) is null ? -1 : first,
                HasCondition = job.Step.Condition is not null && !job.ConditionHolds,
                SkippedByPlan = job.SkippedByPlan,
                Expected = expected(job) ?? ExpectedByDefault,
            });
        }

        return scheduled.MoveToImmutable();
    }

    /// <summary>The limits of steps that have one, by the index of the step's first job; for the jobs from an index on.</summary>
    public static ImmutableDictionary<int, int> GroupLimits(Plan plan, int from = 0)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var limits = ImmutableDictionary.CreateBuilder<int, int>();
        for (var i = from; i < plan.Jobs.Length; i++)
        {
            var step = plan.Jobs[i].Step;
            if ((i == from || !ReferenceEquals(step, plan.Jobs[i - 1].Step)) && LimitOf(step) is { } limit)
            {
                limits.Add(i, limit);
            }
        }

        return limits.ToImmutable();
    }

    private static ScheduledJob OfStep(Job job)
    {
        var step = job.Step;
        var scheduled = new ScheduledJob(job.Index, job.Needs)
        {
            Timeout = step.Timeout,
            AllowFailure = step.AllowFailure,
            Locks = step.Locks.IsEmpty ? [] : [.. step.Locks.Select(l => l.Value).Order(StringComparer.Ordinal)],
        };
        return step.Retries is not { } retries ? scheduled : scheduled with
        {
            AttemptsMax = Math.Clamp(retries.Max + 1, 1, Limits.AttemptsMax),
            Retry = new RetryFilter(
                Any: retries.OnExitCodes.IsEmpty && !retries.OnTimeout && !retries.OnSignal,
                retries.OnExitCodes, retries.OnTimeout, retries.OnSignal),
            BackoffInitial = retries.BackoffInitial,
            BackoffMax = retries.BackoffMax,
            Jitter = Math.Clamp(retries.Jitter, 0, 1),
        };
    }

    /// <summary>The smaller of the step's own limit and its matrix's.</summary>
    private static int? LimitOf(Step step) =>
        step.MaxParallel is { } own && step.Matrix?.MaxParallel is { } matrix ? Math.Min(own, matrix) : step.MaxParallel ?? step.Matrix?.MaxParallel;
}
