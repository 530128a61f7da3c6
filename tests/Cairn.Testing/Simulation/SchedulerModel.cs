using System.Collections.Immutable;

using Cairn.Core.Expressions;
using Cairn.Core.Scheduling;

namespace Cairn.Testing.Simulation;

/// <summary>
/// The rules of a run, told a second time and slowly: it watches events and decisions, looks at every job after each of them, and
/// throws when a rule was broken. It shares nothing with the scheduler but the contract.
/// </summary>
public sealed partial class SchedulerModel
{
    private readonly List<Watched> _jobs = [];
    private readonly Dictionary<int, int> _groupLimits = [];
    private readonly SchedulerOptions _options;
    private TimeSpan _now;
    private TimeSpan? _announced;
    private int _cancels;
    private bool _failingFast;
    private bool _started;
    private RunStatus? _ended;

    /// <summary>Watches a run of these jobs.</summary>
    public SchedulerModel(ImmutableArray<ScheduledJob> jobs, SchedulerOptions options)
    {
        _options = options;
        Add(jobs, options.GroupLimits);
    }

    /// <summary>A rule was broken.</summary>
    public sealed class BrokenRuleException(string message) : Exception(message);

    private bool Cancelled => _cancels > 0;

    private bool Killed => _cancels > 1;

    /// <summary>Takes what happened and what was decided.</summary>
    public void Observe(SchedulerEvent happened, ImmutableArray<Decision> decisions, Scheduler scheduler)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        Apply(happened);
        for (var i = 0; i < decisions.Length; i++)
        {
            Check(_ended is null, "Something was decided after the end");
            Apply(decisions[i], happened);
        }

        CheckAll();
        foreach (var job in _jobs)
        {
            Check(scheduler.StatusOf(job.Spec.Index) == (job.Final ?? (job.Running ? JobStatus.Running : JobStatus.Waiting)), $"The status of {job} is wrong");
            Check(scheduler.NeedsStatusOf(job.Spec.Index) == VerdictOn(job), $"The verdict on the needs of {job} is wrong");
        }
    }

    /// <summary>Nothing is left to happen.</summary>
    public void AssertEnded() => Check(_ended is not null, "The run never ended");

    private static void Check(bool holds, string message)
    {
        if (!holds)
        {
            throw new BrokenRuleException(message);
        }
    }

    private void Add(ImmutableArray<ScheduledJob> jobs, ImmutableDictionary<int, int> limits)
    {
        foreach (var (group, limit) in limits)
        {
            _groupLimits.Add(group, limit);
        }

        foreach (var job in jobs)
        {
            _jobs.Add(new Watched(job));
        }

        var followers = _jobs.ToDictionary(j => j.Spec.Index, _ => new List<Watched>());
        foreach (var job in _jobs)
        {
            job.Path = null;
            foreach (var need in job.Spec.Needs)
            {
                followers[need].Add(job);
            }
        }

        foreach (var job in _jobs)
        {
            PathOf(job);
        }

        TimeSpan PathOf(Watched job) =>
            job.Path ??= job.Spec.Expected + followers[job.Spec.Index].Select(PathOf).DefaultIfEmpty().Max();
    }

    private void Apply(SchedulerEvent happened)
    {
        Check(_started != happened is SchedulerEvent.Started, "The run starts once");
        _started = true;
        _now = happened.At > _now ? happened.At : _now;
        switch (happened)
        {
            case SchedulerEvent.CancelRequested when _ended is null:
                _cancels++;
                _jobs.ForEach(job => job.OwedStop = job.Running && (Killed ? !job.Killed : job.Stopped is null));
                break;
            case SchedulerEvent.ConditionKnown known:
                var asked = _jobs[known.Job];
                asked.Asked = false;
                asked.Answer = asked.AskedWith == VerdictOn(asked) ? known.Run : null;
                break;
            case SchedulerEvent.JobsAdded added:
                Add(added.Jobs, added.GroupLimits);
                break;
            case SchedulerEvent.Tick:
                _announced = null;
                foreach (var job in _jobs)
                {
                    job.RetryAt = job.RetryAt <= _now ? null : job.RetryAt;
                    job.OwedStop = job.Running && job.Stopped is null && job.Deadline <= _now;
                }

                break;
            case SchedulerEvent.AttemptWaiting waiting:
                _jobs[waiting.Job].Deadline = null;
                break;
            case SchedulerEvent.AttemptBegan began:
                _jobs[began.Job].Deadline = _now + _jobs[began.Job].Spec.Timeout;
                break;
            case SchedulerEvent.AttemptEnded ended:
                EndAttempt(_jobs[ended.Job], ended);
                break;
            default:
                break;
        }
    }

    private void EndAttempt(Watched job, SchedulerEvent.AttemptEnded ended)
    {
        Check(job.Running && job.Attempt == ended.Attempt, "The simulation ended an attempt that does not run");
        job.Running = false;
        var spec = job.Spec;
        var timedOut = job.Stopped == StopReason.Timeout;
        var stopped = !timedOut && (job.Stopped is not null || job.Killed);
        var lost = ended.Outcome is AttemptOutcome.Lost && !timedOut;
        job.Lost += lost ? 1 : 0;
        var matches = spec.Retry.Any || (timedOut ? spec.Retry.OnTimeout
            : ended.Outcome is AttemptOutcome.Exited(var code) ? spec.Retry.ExitCodes.Contains(code)
            : ended.Outcome is AttemptOutcome.Signaled && spec.Retry.OnSignal);
        var used = job.Attempt - job.Lost;
        var again = !_failingFast && !Cancelled && (lost ? job.Lost <= 3 : matches && used < spec.AttemptsMax);
        var succeeded = ended.Outcome is AttemptOutcome.Succeeded && !timedOut;

        job.OwedFinish = stopped ? JobStatus.Cancelled
            : succeeded ? JobStatus.Succeeded
            : again ? null
            : timedOut ? JobStatus.TimedOut
            : JobStatus.Failed;
        if (job.OwedFinish is null)
        {
            var wait = spec.BackoffInitial;
            for (var doubled = 1; doubled < used && wait < spec.BackoffMax; doubled++)
            {
                wait *= 2;
            }

            wait = wait < spec.BackoffMax ? wait : spec.BackoffMax;
            job.OwedRetry = lost ? _now : _now + (wait * (1 - (spec.Jitter * ended.Random)));
        }
    }

    private NeedsStatus VerdictOn(Watched job)
    {
        if (Cancelled)
        {
            return NeedsStatus.Cancelled;
        }

        foreach (var index in job.Spec.Needs)
        {
            var need = _jobs[index];
            if (need.Final is JobStatus.NotRun or JobStatus.Cancelled || (need.Final is JobStatus.Failed or JobStatus.TimedOut && !need.Spec.AllowFailure))
            {
                return NeedsStatus.Failure;
            }
        }

        return _failingFast ? NeedsStatus.Failure : NeedsStatus.Success;
    }

    private bool NeedsFinal(Watched job)
    {
        foreach (var need in job.Spec.Needs)
        {
            if (_jobs[need].Final is null)
            {
                return false;
            }
        }

        return true;
    }

    private sealed class Watched(ScheduledJob spec)
    {
        public ScheduledJob Spec { get; } = spec;

        public TimeSpan? Path { get; set; }

        public JobStatus? Final { get; set; }

        public bool Running { get; set; }

        public int Attempt { get; set; }

        public int Lost { get; set; }

        public TimeSpan? Deadline { get; set; }

        public TimeSpan? RetryAt { get; set; }

        public StopReason? Stopped { get; set; }

        public bool Killed { get; set; }

        public bool Asked { get; set; }

        public NeedsStatus AskedWith { get; set; }

        public int Questions { get; set; }

        /// <summary>The last answer, where it was to the verdict of its time.</summary>
        public bool? Answer { get; set; }

        public bool OwedStop { get; set; }

        public JobStatus? OwedFinish { get; set; }

        public TimeSpan? OwedRetry { get; set; }

        public override string ToString() => $"job {Spec.Index}";
    }
}
