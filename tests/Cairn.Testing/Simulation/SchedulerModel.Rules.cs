using Cairn.Core.Expressions;
using Cairn.Core.Scheduling;

namespace Cairn.Testing.Simulation;

/// <content>What each decision may and must be.</content>
public sealed partial class SchedulerModel
{
    private void Apply(Decision decision, SchedulerEvent happened)
    {
        switch (decision)
        {
            case Decision.AskCondition ask:
                Ask(_jobs[ask.Job]);
                break;
            case Decision.Start start:
                Start(_jobs[start.Job], start.Attempt);
                break;
            case Decision.Stop stop:
                Stop(_jobs[stop.Job], stop, happened);
                break;
            case Decision.Kill kill:
                var killed = _jobs[kill.Job];
                Check(killed.OwedStop && Killed && killed.Running && killed.Attempt == kill.Attempt, $"{killed} is killed for no reason");
                killed.OwedStop = false;
                killed.Killed = true;
                break;
            case Decision.Retry retry:
                Retry(_jobs[retry.Job], retry);
                break;
            case Decision.Finish finish:
                Finish(_jobs[finish.Job], finish.Status);
                break;
            case Decision.WakeAt wake:
                Check(wake.At != _announced, "The same moment is announced twice");
                _announced = wake.At;
                break;
            case Decision.End end:
                End(end.Status);
                break;
            default:
                throw new BrokenRuleException("An unknown decision");
        }
    }

    private void Ask(Watched job)
    {
        Check(job.Spec.HasCondition && job.Final is null && job.Attempt == 0 && NeedsFinal(job), $"{job} is asked for a condition that is not due");
        Check(!job.Asked && (job.Answer is null || job.AskedWith != VerdictOn(job)), $"{job} is asked again");
        Check(++job.Questions <= 3, $"{job} is asked for ever");
        job.Asked = true;
        job.AskedWith = VerdictOn(job);
        job.Answer = null;
    }

    private void Start(Watched job, int attempt)
    {
        Check(Startable(job), $"{job} starts though it must not");
        Check(attempt == job.Attempt + 1, $"{job} starts with the wrong attempt");
        Check(!Blocked(job), $"{job} starts beyond a limit");
        foreach (var other in _jobs)
        {
            var first = other.Path != job.Path ? other.Path > job.Path : other.Spec.Index < job.Spec.Index;
            Check(!first || !Startable(other) || Blocked(other), $"{job} starts before {other}, which is more urgent");
        }

        job.Running = true;
        job.Attempt = attempt;
        job.Stopped = null;
        job.Deadline = _now + job.Spec.Timeout;
    }

    private bool Startable(Watched job) =>
        job is { Final: null, Running: false, Asked: false, RetryAt: null, OwedFinish: null, OwedRetry: null }
        && !Killed && !job.Spec.SkippedByPlan && NeedsFinal(job)
        && (job.Attempt > 0 ? !_failingFast && !Cancelled
            : job.Spec.HasCondition ? job.Answer == true && job.AskedWith == VerdictOn(job)
            : VerdictOn(job) == NeedsStatus.Success);

    /// <summary>Whether a slot, the group or a lock is wanting.</summary>
    private bool Blocked(Watched job)
    {
        var running = 0;
        var inGroup = 0;
        foreach (var other in _jobs)
        {
            if (!other.Running)
            {
                continue;
            }

            running++;
            inGroup += other.Spec.Group == job.Spec.Group ? 1 : 0;
            foreach (var name in job.Spec.Locks)
            {
                if (other.Spec.Locks.Contains(name, StringComparer.Ordinal))
                {
                    return true;
                }
            }
        }

        return running >= _options.MaxParallel || (_groupLimits.TryGetValue(job.Spec.Group, out var limit) && inGroup >= limit);
    }

    private void Stop(Watched job, Decision.Stop stop, SchedulerEvent happened)
    {
        Check(job.Running && job.Attempt == stop.Attempt && job.Stopped is null && job.OwedStop, $"{job} is stopped for no reason");
        var right = stop.Reason switch
        {
            StopReason.Timeout => happened is SchedulerEvent.Tick,
            StopReason.Cancelled => happened is SchedulerEvent.CancelRequested,
            _ => happened is SchedulerEvent.AttemptEnded && _failingFast,
        };
        Check(right, $"{job} is stopped for the wrong reason");
        job.Stopped = stop.Reason;
        job.OwedStop = false;
    }

    private void Retry(Watched job, Decision.Retry retry)
    {
        Check(job.OwedRetry is { } at && (at - retry.At).Duration() <= TimeSpan.FromTicks(2), $"{job} is retried at the wrong time");
        Check(retry.NextAttempt == job.Attempt + 1, $"{job} is retried with the wrong attempt");
        job.OwedRetry = null;
        job.RetryAt = retry.At > _now ? retry.At : null;
    }

    private void Finish(Watched job, JobStatus status)
    {
        Check(job.Final is null && !job.Running, $"{job} finishes twice, or while it runs");
        var verdict = VerdictOn(job);
        var unrun = verdict == NeedsStatus.Cancelled ? JobStatus.Cancelled : JobStatus.NotRun;
        if (job.OwedFinish is { } owed)
        {
            Check(status == owed, $"{job} finishes as {status}, not as {owed}");
        }
        else if (job.Spec.SkippedByPlan && !Killed)
        {
            Check(status == JobStatus.Skipped, $"{job} was skipped by the plan");
        }
        else if (Killed || job.Attempt > 0)
        {
            Check((Killed || _failingFast || Cancelled) && status == JobStatus.Cancelled, $"{job} finishes as {status} without its attempts");
        }
        else
        {
            Check(NeedsFinal(job), $"{job} finishes before its needs");
            Check(
                job.Spec.HasCondition
                    ? job.Answer == false && status == (verdict == NeedsStatus.Success ? JobStatus.Skipped : unrun)
                    : verdict != NeedsStatus.Success && status == unrun,
                $"{job} finishes as {status} without having run");
        }

        job.OwedFinish = null;
        job.OwedStop = false;
        job.Final = status;
        if (IsFailure(job) && _options.FailFast && !_failingFast && !Cancelled)
        {
            _failingFast = true;
            _jobs.ForEach(other => other.OwedStop = other.Running && other.Stopped is null);
        }
    }

    private static bool IsFailure(Watched job) => job.Final is JobStatus.Failed or JobStatus.TimedOut && !job.Spec.AllowFailure;

    private void End(RunStatus status)
    {
        Check(_jobs.TrueForAll(j => j.Final is not null), "The run ends before its jobs");
        var failed = _jobs.Exists(IsFailure);
        var incomplete = failed || _jobs.Exists(j => j.Final is JobStatus.Cancelled or JobStatus.NotRun);
        Check(status == (Cancelled && incomplete ? RunStatus.Cancelled : failed ? RunStatus.Failed : RunStatus.Succeeded), $"The run ends as {status}");
        _ended = status;
    }

    /// <summary>What must hold between events.</summary>
    private void CheckAll()
    {
        TimeSpan? earliest = null;
        foreach (var job in _jobs)
        {
            Check(!job.OwedStop, $"{job} should have been stopped");
            Check(job is { OwedFinish: null, OwedRetry: null }, $"The attempt of {job} has no consequence");
            Check(!Startable(job) || Blocked(job), $"{job} could start and does not");
            if (job.Final is null && !job.Running)
            {
                Check(!Killed, $"{job} outlives the kill");
                Check(!job.Spec.SkippedByPlan, $"{job} waits though the plan skipped it");
                Check(!NeedsFinal(job) || job.Asked || job.RetryAt is not null || Startable(job), $"{job} waits for nothing");
            }

            var moment = job.Final is not null ? null : job.Running ? (job.Stopped is null && !job.Killed ? job.Deadline : null) : job.RetryAt;
            earliest = moment is null || earliest < moment ? earliest : moment;
        }

        Check(_ended is not null || earliest is null || earliest == _announced, "The earliest moment was not announced");
        Check(_ended is not null || _jobs.Exists(j => j.Final is null), "All jobs are final but the run goes on");
    }
}
