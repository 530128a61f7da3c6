namespace Cairn.Core.Scheduling;

/// <content>What happens to attempts: their ends, retries, deadlines, and being stopped.</content>
public sealed partial class Scheduler
{
    private void EndAttempt(SchedulerEvent.AttemptEnded ended)
    {
        var job = FindRunning(ended.Job, ended.Attempt);
        if (ended.Random is not (>= 0 and <= 1))
        {
            throw new InvalidOperationException($"`{ended.Random}` is not between 0 and 1");
        }

        _running--;
        _ready.Release(job);
        job.Alarm = null;
        var stopping = job.Stopping;
        job.Stopping = null;
        if (stopping is StopReason.Cancelled or StopReason.FailFast)
        {
            // Whatever it returned: exit 0 on SIGTERM does not mean that its work was done.
            Finish(job, JobStatus.Cancelled);
            return;
        }

        var timedOut = stopping == StopReason.Timeout;
        if (ended.Outcome is AttemptOutcome.Succeeded && !timedOut)
        {
            Finish(job, JobStatus.Succeeded);
        }
        else if (WaitBeforeNext(job, ended, timedOut) is { } wait)
        {
            Retry(job, wait);
        }
        else
        {
            Finish(job, timedOut ? JobStatus.TimedOut : JobStatus.Failed);
        }
    }

    private JobState FindRunning(int index, int attempt)
    {
        var job = Find(index);
        return job.Phase == JobPhase.Running && job.Attempt == attempt ? job : throw new InvalidOperationException($"Attempt {attempt} of job {index} does not run");
    }

    private void SetDeadline(JobState job)
    {
        if (job.Stopping is null && job.Spec.Timeout is { } timeout && timeout < TimeSpan.MaxValue - _now)
        {
            _timers.Set(job, _now + timeout);
        }
    }

    /// <summary>The wait before another attempt; null where there is none.</summary>
    private TimeSpan? WaitBeforeNext(JobState job, SchedulerEvent.AttemptEnded ended, bool timedOut)
    {
        if (_failingFast || _cancelled)
        {
            return null;
        }

        if (ended.Outcome is AttemptOutcome.Lost && !timedOut)
        {
            job.Lost++;
            return job.Lost <= LostRetriesMax ? TimeSpan.Zero : null;
        }

        return job.AttemptsUsed < job.Spec.AttemptsMax && RetryRules.Wants(job.Spec.Retry, ended.Outcome, timedOut)
            ? RetryRules.Wait(job.Spec, job.AttemptsUsed, ended.Random)
            : null;
    }

    private void Retry(JobState job, TimeSpan wait)
    {
        var at = wait < TimeSpan.MaxValue - _now ? _now + wait : TimeSpan.MaxValue;
        job.Status = JobStatus.Waiting;
        _decisions.Add(new Decision.Retry(job.Index, job.Attempt + 1, at));
        if (wait > TimeSpan.Zero)
        {
            job.Phase = JobPhase.Backoff;
            _timers.Set(job, at);
        }
        else
        {
            MakeReady(job);
        }
    }

    private void Tick()
    {
        _timers.Answered();
        while (_timers.TakeDue(_now) is { } job)
        {
            if (job.Phase == JobPhase.Backoff)
            {
                MakeReady(job);
            }
            else
            {
                Stop(job, StopReason.Timeout);
            }
        }
    }

    private void Stop(JobState job, StopReason reason)
    {
        if (job.Stopping is null)
        {
            job.Stopping = reason;
            job.Alarm = null;
            _decisions.Add(new Decision.Stop(job.Index, job.Attempt, reason));
        }
    }

    private void Cancel()
    {
        if (_ended || _killed)
        {
            return;
        }

        if (_cancelled)
        {
            Kill();
            return;
        }

        _cancelled = true;
        StopEverything(StopReason.Cancelled);
    }

    /// <summary>Stops what runs and looks again at everything that was about to run: only a condition asked anew can still let it.</summary>
    private void StopEverything(StopReason reason)
    {
        foreach (var job in _graph.All)
        {
            switch (job.Phase)
            {
                case JobPhase.Running:
                    Stop(job, reason);
                    break;
                case JobPhase.Backoff:
                    Finish(job, JobStatus.Cancelled);
                    break;
                case JobPhase.Ready:
                    _ready.Remove(job);
                    if (job.Attempt > 0)
                    {
                        Finish(job, JobStatus.Cancelled);
                    }
                    else
                    {
                        Resolve(job);
                    }

                    break;
                default:
                    break;
            }
        }
    }

    private void Kill()
    {
        _killed = true;
        foreach (var job in _graph.All)
        {
            switch (job.Phase)
            {
                case JobPhase.Running:
                    job.Stopping ??= StopReason.Cancelled;
                    job.Alarm = null;
                    _decisions.Add(new Decision.Kill(job.Index, job.Attempt));
                    break;
                case JobPhase.Final:
                    break;
                default:
                    Finish(job, JobStatus.Cancelled);
                    break;
            }
        }
    }
}
