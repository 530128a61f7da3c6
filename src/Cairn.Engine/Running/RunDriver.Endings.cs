using System.Collections.Immutable;

using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Core.Planning;
using Cairn.Core.Scheduling;

namespace Cairn.Engine.Running;

/// <content>How a job ended, and why, in words.</content>
internal sealed partial class RunDriver
{
    private StepFinished Event(Job job, JobStatus status, AttemptReport? report)
    {
        StepFinished finished = status switch
        {
            JobStatus.Succeeded => new StepCompleted { Time = _run.Reporter.Now, Job = job.Id.Value, Status = status },
            JobStatus.Failed or JobStatus.TimedOut => new StepFailed { Time = _run.Reporter.Now, Job = job.Id.Value, Status = status },
            JobStatus.Cancelled => new StepCancelled { Time = _run.Reporter.Now, Job = job.Id.Value, Status = status },
            _ => new StepSkipped { Time = _run.Reporter.Now, Job = job.Id.Value, Status = status },
        };
        return finished with
        {
            Attempts = report is null or { Cache.State: CacheState.Hit } ? 0 : report.Attempt,
            Cache = report?.Cache ?? (report is null ? null : new CacheUse(CacheState.Off) { Reason = _run.CacheOff }),
            DurationMs = report?.Process?.Resources.WallMs ?? 0,
            ExitCode = report?.Process?.ExitCode,
            Signal = report?.Process?.Signal is { } signal ? Signals.NameOf(signal) : null,
            Reason = status == JobStatus.Succeeded ? null : Redact(WhyNot(job, status)),
            Root = status is JobStatus.Failed or JobStatus.TimedOut ? report?.Root : null,
            Allowed = job.Step.AllowFailure && status is (JobStatus.Failed or JobStatus.TimedOut),
            Resources = report?.Process?.Resources,
            Outputs = report?.Outputs ?? _prepared.PriorOutputs.GetValueOrDefault(job.Id) ?? ImmutableSortedDictionary<string, string>.Empty,
            Tests = report?.Tests,
            LogBytes = _logBytes.GetValueOrDefault(job.Index),
        };
    }

    private string? WhyNot(Job job, JobStatus status)
    {
        switch (status)
        {
            case JobStatus.Skipped:
                return (job.Index < _prepared.LeftOut.Length ? _prepared.LeftOut[job.Index] : null) ?? "condition is false";
            case JobStatus.NotRun:
                return job.Needs.Select(Obstacle).Where(o => o.Reason is not null).OrderBy(o => o.Order).FirstOrDefault().Reason ?? "another step failed";
            default:
                return ReasonOf(job.Index);
        }
    }

    /// <summary>How a need stands in the way of those that need it; the cause before what it brought about.</summary>
    private (int Order, string? Reason) Obstacle(int need)
    {
        var job = Plan.Jobs[need];
        return _scheduler.StatusOf(need) switch
        {
            JobStatus.Failed when !job.Step.AllowFailure => (0, $"`{job.Id}` failed"),
            JobStatus.TimedOut when !job.Step.AllowFailure => (0, $"`{job.Id}` timed out"),
            JobStatus.NotRun => (1, $"`{job.Id}` did not run"),
            JobStatus.Cancelled => (2, $"`{job.Id}` was cancelled"),
            _ => (3, null),
        };
    }

    private string? ReasonOf(int index) => _stops.TryGetValue(index, out var stop)
        ? stop switch
        {
            StopReason.Timeout => $"timed out after {Durations.Format(Plan.Jobs[index].Step.Timeout ?? TimeSpan.Zero)}",
            StopReason.FailFast => "stopped because another step failed",
            _ => "cancelled",
        }
        : _reports.GetValueOrDefault(index)?.Reason ?? (_control.CancelToken.IsCancellationRequested ? "cancelled" : null);
}
