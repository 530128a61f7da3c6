using System.Collections.Immutable;

using Cairn.Core.Expressions;

namespace Cairn.Core.Scheduling;

/// <summary>Decides what a run does next: events in, decisions out. Deterministic; no clock, no I/O.</summary>
/// <remarks>
/// A job becomes final only after its needs are, so that what follows a job never runs beside what comes before it; the exceptions are jobs that the plan
/// skipped and the rest of a killed run. Each event costs the jobs it touches, each times the logarithm of all; failing fast, cancelling and killing
/// look at every job once.
/// </remarks>
public sealed partial class Scheduler
{
    /// <summary>How often a job's executor may be lost before the job counts as failed.</summary>
    private const int LostRetriesMax = 3;

    private readonly SchedulerOptions _options;
    private readonly JobGraph _graph = new();
    private readonly ReadyQueue _ready = new();
    private readonly Timers _timers = new();
    private readonly Queue<JobState> _settled = new();
    private readonly ImmutableArray<Decision>.Builder _decisions = ImmutableArray.CreateBuilder<Decision>();

    private TimeSpan _now;
    private bool _started;
    private bool _ended;
    private bool _failingFast;
    private bool _cancelled;
    private bool _killed;
    private int _running;
    private int _final;
    private int _failures;
    private int _unsuccessful;

    /// <summary>Takes the jobs of the plan, indexed from 0.</summary>
    public Scheduler(ImmutableArray<ScheduledJob> jobs, SchedulerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        var mistake = options.MaxParallel < 1
            ? "At least 1 job must run at once"
            : _graph.TryAdd(jobs, options.GroupLimits, _ready.PriorityRaised);
        if (mistake is not null)
        {
            throw new ArgumentException(mistake, nameof(jobs));
        }
    }

    /// <summary>Takes an event and says what to do, in order. An event that cannot be (an unknown job, an attempt that does not run) throws <see cref="InvalidOperationException"/>.</summary>
    public ImmutableArray<Decision> Handle(SchedulerEvent schedulerEvent)
    {
        ArgumentNullException.ThrowIfNull(schedulerEvent);
        if (_started == schedulerEvent is SchedulerEvent.Started)
        {
            throw new InvalidOperationException(_started ? "The run has started already" : "The run has not started");
        }

        // Senders read the clock before they queue, so times may come slightly out of order.
        _now = schedulerEvent.At > _now ? schedulerEvent.At : _now;
        switch (schedulerEvent)
        {
            case SchedulerEvent.Started:
                Begin();
                break;
            case SchedulerEvent.ConditionKnown known:
                Learn(known);
                break;
            case SchedulerEvent.AttemptEnded ended:
                EndAttempt(ended);
                break;
            case SchedulerEvent.AttemptWaiting waiting:
                FindRunning(waiting.Job, waiting.Attempt).Alarm = null;
                break;
            case SchedulerEvent.AttemptBegan began:
                SetDeadline(FindRunning(began.Job, began.Attempt));
                break;
            case SchedulerEvent.JobsAdded added:
                AddJobs(added);
                break;
            case SchedulerEvent.Tick:
                Tick();
                break;
            case SchedulerEvent.CancelRequested:
                Cancel();
                break;
            default:
                throw new InvalidOperationException($"`{schedulerEvent.GetType().Name}` is no event of a run");
        }

        Settle();
        StartReady();
        Conclude();
        return _decisions.DrainToImmutable();
    }

    /// <summary>The status of a job now.</summary>
    public JobStatus StatusOf(int job) => Find(job).Status;

    /// <summary>The verdict on the needs of a job, for its condition.</summary>
    public NeedsStatus NeedsStatusOf(int job) => VerdictOn(Find(job));

    private JobState Find(int job) =>
        job >= 0 && job < _graph.Count ? _graph[job] : throw new InvalidOperationException($"There is no job {job}");

    private NeedsStatus VerdictOn(JobState job) =>
        _cancelled ? NeedsStatus.Cancelled
        : _failingFast || job.NeedFailed ? NeedsStatus.Failure
        : NeedsStatus.Success;

    /// <summary>How a job that does not run ends under a verdict.</summary>
    private static JobStatus Unrun(NeedsStatus verdict) => verdict == NeedsStatus.Cancelled ? JobStatus.Cancelled : JobStatus.NotRun;

    private void Begin()
    {
        _started = true;
        Admit(0);
    }

    private void AddJobs(SchedulerEvent.JobsAdded added)
    {
        var first = _graph.Count;
        var mistake = _ended ? "The run has ended" : _graph.TryAdd(added.Jobs, added.GroupLimits, _ready.PriorityRaised);
        if (mistake is not null)
        {
            throw new InvalidOperationException(mistake);
        }

        for (var i = first; i < _graph.Count; i++)
        {
            foreach (var need in _graph[i].Spec.Needs)
            {
                if (need < first && _graph[need].Phase == JobPhase.Final)
                {
                    NoteFinalNeed(_graph[i], _graph[need]);
                }
            }
        }

        Admit(first);
    }

    /// <summary>Lets jobs in whose needs are already final, and ends those that will not run whatever comes.</summary>
    private void Admit(int first)
    {
        for (var i = first; i < _graph.Count; i++)
        {
            var job = _graph[i];
            if (job.Spec.SkippedByPlan || _killed)
            {
                Finish(job, _killed ? JobStatus.Cancelled : JobStatus.Skipped);
            }
            else if (job.NeedsOpen == 0)
            {
                Resolve(job);
            }
        }
    }

    /// <summary>Carries the news of final jobs to those that need them, for as long as there is any.</summary>
    private void Settle()
    {
        while (_settled.TryDequeue(out var job))
        {
            foreach (var dependent in job.Dependents)
            {
                NoteFinalNeed(dependent, job);
                if (dependent.NeedsOpen == 0 && dependent.Phase == JobPhase.Blocked)
                {
                    Resolve(dependent);
                }
            }
        }
    }

    private static void NoteFinalNeed(JobState job, JobState need)
    {
        job.NeedsOpen--;
        job.NeedFailed |= need.Status switch
        {
            JobStatus.Failed or JobStatus.TimedOut => !need.Spec.AllowFailure,
            JobStatus.NotRun or JobStatus.Cancelled => true,
            _ => false,
        };
    }

    /// <summary>Decides about a job whose needs are all final.</summary>
    private void Resolve(JobState job)
    {
        if (job.Spec.HasCondition)
        {
            Ask(job);
        }
        else if (VerdictOn(job) is not NeedsStatus.Success and var verdict)
        {
            Finish(job, Unrun(verdict));
        }
        else
        {
            MakeReady(job);
        }
    }

    private void Ask(JobState job)
    {
        job.Phase = JobPhase.Asking;
        if (!job.AskOutstanding)
        {
            job.AskOutstanding = true;
            job.AskedWith = VerdictOn(job);
            _decisions.Add(new Decision.AskCondition(job.Index));
        }
    }

    private void Learn(SchedulerEvent.ConditionKnown known)
    {
        var job = Find(known.Job);
        if (!job.AskOutstanding)
        {
            throw new InvalidOperationException($"Nobody asked for the condition of job {job.Index}");
        }

        job.AskOutstanding = false;
        if (job.Phase != JobPhase.Asking)
        {
            return;
        }

        var verdict = VerdictOn(job);
        if (verdict != job.AskedWith)
        {
            Ask(job);
        }
        else if (known.Run)
        {
            MakeReady(job);
        }
        else
        {
            // A condition that only a failure made false (`success() && …`) hands the failure on; a skipped job would hide it.
            Finish(job, verdict == NeedsStatus.Success ? JobStatus.Skipped : Unrun(verdict));
        }
    }

    private void MakeReady(JobState job)
    {
        job.Phase = JobPhase.Ready;
        _ready.Add(job);
    }

    private void Finish(JobState job, JobStatus status)
    {
        job.Phase = JobPhase.Final;
        job.Status = status;
        job.Alarm = null;
        _final++;
        _decisions.Add(new Decision.Finish(job.Index, status));
        _settled.Enqueue(job);

        var failed = status is JobStatus.Failed or JobStatus.TimedOut && !job.Spec.AllowFailure;
        if (failed || status is JobStatus.NotRun or JobStatus.Cancelled)
        {
            _unsuccessful++;
        }

        if (failed)
        {
            _failures++;
            if (_options.FailFast && !_failingFast && !_cancelled)
            {
                _failingFast = true;
                StopEverything(StopReason.FailFast);
            }
        }
    }

    private void StartReady()
    {
        while (!_killed && _running < _options.MaxParallel && _ready.Take() is { } job)
        {
            _running++;
            job.Phase = JobPhase.Running;
            job.Status = JobStatus.Running;
            job.Attempt++;
            _decisions.Add(new Decision.Start(job.Index, job.Attempt));
            SetDeadline(job);
        }
    }

    private void Conclude()
    {
        if (_ended)
        {
            return;
        }

        if (_final == _graph.Count)
        {
            _ended = true;
            _decisions.Add(new Decision.End(
                _cancelled && _unsuccessful > 0 ? RunStatus.Cancelled
                : _failures > 0 ? RunStatus.Failed
                : RunStatus.Succeeded));
        }
        else if (_timers.Announce() is { } at)
        {
            _decisions.Add(new Decision.WakeAt(at));
        }
    }
}
