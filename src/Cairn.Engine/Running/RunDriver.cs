using System.Collections.Immutable;
using System.Threading.Channels;

using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Core.Planning;
using Cairn.Core.Scheduling;
using Cairn.Engine.History;
using Cairn.Engine.Isolation;
using Cairn.Engine.Preparation;

namespace Cairn.Engine.Running;

/// <summary>
/// The loop of a run: turns what happens into scheduler events and the scheduler's decisions into attempts. Everything here runs on one
/// logical thread; attempts run beside it and report through a bounded channel.
/// </summary>
internal sealed partial class RunDriver : IAsyncDisposable
{
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(1);

    private readonly RunContext _run;
    private readonly PreparedRun _prepared;
    private readonly DurationHistory _durations;
    private readonly RunControl _control;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly SchedulerOptions _options;
    private readonly Scheduler _scheduler;
    private readonly Channel<Message> _messages;
    private readonly Queue<SchedulerEvent> _events = new();
    private readonly Dictionary<int, JobAttempt> _running = [];
    private readonly Dictionary<int, AttemptReport> _reports = [];
    private readonly Dictionary<int, StopReason> _stops = [];
    private readonly Dictionary<int, string> _conditionErrors = [];
    private readonly Dictionary<int, (TimeSpan Start, TimeSpan End)> _intervals = [];
    private readonly Dictionary<int, long> _logBytes = [];
    private readonly int[] _counts = new int[(int)JobStatus.Cancelled + 1];
    private readonly Dictionary<ServiceInstance, int> _serviceUsers = [];
    private readonly List<Task> _background = [];
    private ITimer? _timer;
    private RunStatus? _end;
    private PipelineFinished? _finished;

    public RunDriver(RunContext run, PreparedRun prepared, int maxParallel, DurationHistory durations, RunControl control, TimeProvider time)
    {
        _run = run;
        _prepared = prepared;
        _durations = durations;
        _control = control;
        _time = time;
        _start = time.GetTimestamp();
        _options = new SchedulerOptions(maxParallel, FailFast: !prepared.Request.KeepGoing || prepared.Request.StopAtFailure) { GroupLimits = PlanScheduling.GroupLimits(Plan) };
        _scheduler = new Scheduler(ToScheduled(0), _options);
        // Each running attempt has at most two messages under way; besides them there are ticks and cancels. Whoever reports runs the
        // loop's next turn itself: with steps of a millisecond, every hand-over to another thread is felt.
        _messages = Channel.CreateBounded<Message>(new BoundedChannelOptions((maxParallel * 2) + 64) { SingleReader = true, AllowSynchronousContinuations = true });
        CountServiceUsers(0);
    }

    private abstract record Message
    {
        public sealed record Began(int Job, int Attempt) : Message;

        public sealed record Ended(AttemptReport Report) : Message;

        public sealed record Tick : Message;

        public sealed record Cancel(bool Kill) : Message;
    }

    private Plan Plan => _run.Scope.Plan;

    private TimeSpan Elapsed => _time.GetElapsedTime(_start);

    /// <summary>How the run ended, after <see cref="RunAsync"/>. Not a task's result: tasks of classes are compiled at each start.</summary>
    public PipelineFinished Finished => _finished ?? throw new InvalidOperationException("The run has not ended");

    /// <summary>Runs to the last job; emits everything but the first and the last event of the run.</summary>
    public async Task RunAsync()
    {
        await using var cancel = _control.CancelToken.Register(() => _messages.Writer.TryWrite(new Message.Cancel(Kill: false)));
        await using var kill = _control.KillToken.Register(() =>
        {
            // Also where the loop waits for the services alone.
            _run.Services.KillAll();
            _messages.Writer.TryWrite(new Message.Cancel(Kill: true));
        });
        _events.Enqueue(new SchedulerEvent.Started(Elapsed));
        while (true)
        {
            while (_end is null && _events.TryDequeue(out var schedulerEvent))
            {
                foreach (var decision in _scheduler.Handle(schedulerEvent))
                {
                    Apply(decision);
                }
            }

            if (_end is { } status)
            {
                await FinishAsync(status);
                return;
            }

            _run.Reporter.Flush();
            Take(await _messages.Reader.ReadAsync(CancellationToken.None));
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_timer is not null)
        {
            await _timer.DisposeAsync();
        }

        foreach (var attempt in _running.Values)
        {
            attempt.Kill();
        }

        await Task.WhenAll(_background);
    }

    private void Take(Message message)
    {
        switch (message)
        {
            case Message.Began began:
                _events.Enqueue(new SchedulerEvent.AttemptBegan(Elapsed, began.Job, began.Attempt));
                break;
            case Message.Ended ended:
                TakeReport(ended.Report);
                break;
            case Message.Tick:
                _events.Enqueue(new SchedulerEvent.Tick(Elapsed));
                break;
            case Message.Cancel:
                _events.Enqueue(new SchedulerEvent.CancelRequested(Elapsed));
                break;
        }
    }

    private void TakeReport(AttemptReport report)
    {
        if (_running.Remove(report.Job, out var attempt))
        {
            attempt.Dispose();
        }

        var now = Elapsed;
        if (report.Process is { } process)
        {
            _intervals[report.Job] = (now - TimeSpan.FromMilliseconds(process.Resources.WallMs), now);
        }

        _logBytes[report.Job] = _logBytes.GetValueOrDefault(report.Job) + report.LogBytes;
        if (report.Generated is { } generated)
        {
            report = Extend(report, generated);
        }

        _reports[report.Job] = report;
        _events.Enqueue(new SchedulerEvent.AttemptEnded(now, report.Job, report.Attempt, report.Outcome, Jitter.Next()));
    }

    private AttemptReport Extend(AttemptReport report, Core.Language.Model.Pipeline generated)
    {
        var from = Plan.Jobs.Length;
        var result = Planner.Extend(Plan, generated, report.Job, _prepared.PlanInput);
        var lockOrder = new DiagnosticBag();
        LockOrder.Check(Plan.Pipeline.Locks, generated.Steps, lockOrder);
        if (result.Plan is null || lockOrder.HasErrors)
        {
            var first = result.Diagnostics.Concat(lockOrder.ToSorted()).First(d => d.Severity == DiagnosticSeverity.Error);
            var reason = $"the generated pipeline cannot join the run: {first.Message} ({first.Span})";
            return report with { Outcome = new AttemptOutcome.Broken(reason), Reason = reason };
        }

        _run.Scope.Plan = result.Plan;
        CountServiceUsers(from);
        _run.Reporter.Emit(new PipelineExtended
        {
            Time = _run.Reporter.Now,
            Job = Plan.Jobs[report.Job].Id.Value,
            Jobs = JobSummaries.Of(Plan, from),
        });
        _events.Enqueue(new SchedulerEvent.JobsAdded(Elapsed, ToScheduled(from)) { GroupLimits = PlanScheduling.GroupLimits(Plan, from) });
        return report;
    }

    private void Apply(Decision decision)
    {
        switch (decision)
        {
            case Decision.AskCondition ask:
                _events.Enqueue(new SchedulerEvent.ConditionKnown(Elapsed, ask.Job, ConditionOf(ask.Job)));
                break;
            case Decision.Start start:
                Start(start.Job, start.Attempt);
                break;
            case Decision.Stop stop:
                _stops[stop.Job] = stop.Reason;
                _running.GetValueOrDefault(stop.Job)?.Stop(stop.Reason);
                break;
            case Decision.Kill kill:
                _stops.TryAdd(kill.Job, StopReason.Cancelled);
                _running.GetValueOrDefault(kill.Job)?.Kill();
                break;
            case Decision.Retry retry:
                _run.Reporter.Emit(new StepRetrying
                {
                    Time = _run.Reporter.Now,
                    Job = Plan.Jobs[retry.Job].Id.Value,
                    Attempt = retry.NextAttempt - 1,
                    Reason = Redact(ReasonOf(retry.Job) ?? "failed"),
                    WaitMs = Math.Max(0, (retry.At - Elapsed).TotalMilliseconds),
                });
                _stops.Remove(retry.Job);
                break;
            case Decision.WakeAt wake:
                var wait = wake.At - Elapsed;
                _timer ??= _time.CreateTimer(_ => _messages.Writer.TryWrite(new Message.Tick()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                // A timer takes 49 days at most; one that comes early does no harm.
                _timer.Change(TimeSpan.FromTicks(Math.Clamp(wait.Ticks, 0, LongestTimer.Ticks)), Timeout.InfiniteTimeSpan);
                break;
            case Decision.Finish finish:
                Finish(finish.Job, finish.Status);
                break;
            case Decision.End end:
                _end = end.Status;
                break;
        }
    }

    private bool ConditionOf(int index)
    {
        var job = Plan.Jobs[index];
        try
        {
            if (job.Step.Condition is not { } condition)
            {
                return true;
            }

            var scope = new JobScope(_run.Scope, job, 1, _scheduler.NeedsStatusOf(index));
            StepEnvironment.Show(scope, [condition], Plan.Pipeline.Environment, job.Step.Environment);
            return scope.Condition(condition);
        }
        catch (Exception exception) when (exception is EvaluationException or IOException)
        {
            // It starts, and fails with this, so that the mistake is a failure and not a silent skip.
            _conditionErrors[index] = $"the condition could not be evaluated: {exception.Message}";
            return true;
        }
    }

    private void Start(int index, int number)
    {
        var job = Plan.Jobs[index];
        if (_conditionErrors.TryGetValue(index, out var reason))
        {
            _messages.Writer.TryWrite(new Message.Ended(new AttemptReport(index, number, new AttemptOutcome.Broken(reason)) { Reason = reason }));
            return;
        }

        if (number == 1 && JobAttempt.Recall(_run, job) is { } known)
        {
            TakeReport(known);
            return;
        }

        var attempt = new JobAttempt(_run, job, number);
        _running[index] = attempt;
        if (WaitsOutside(job))
        {
            _events.Enqueue(new SchedulerEvent.AttemptWaiting(Elapsed, index, number));
        }

        _ = ExecuteAsync(attempt, job, number);
    }

    private async Task ExecuteAsync(JobAttempt attempt, Job job, int number)
    {
        if (TakesTime(job))
        {
            // Off the loop, whose turn this is.
            await Task.Yield();
        }

        AttemptReport report;
        try
        {
            await attempt.RunAsync(() =>
            {
                _run.Reporter.Emit(new StepStarted { Time = _run.Reporter.Now, Job = job.Id.Value, Attempt = number });
                if (WaitsOutside(job))
                {
                    _messages.Writer.TryWrite(new Message.Began(job.Index, number));
                }
            });
            report = attempt.Report;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A defect of ours in one attempt must not hang the run; the message says that it is one.
            var text = $"cairn failed while it ran this step: {exception.GetType().Name}: {exception.Message}";
            report = new AttemptReport(job.Index, number, new AttemptOutcome.Broken(text)) { Reason = text };
        }

        if (!_messages.Writer.TryWrite(new Message.Ended(report)))
        {
            throw new InvalidOperationException("The run's loop is behind by more messages than there can be");
        }
    }

    /// <summary>Whether more than a look at a few files comes before the process: then it must not hold up the loop.</summary>
    private bool TakesTime(Job job) =>
        _run.Cache is not null || WaitsOutside(job) || job.Outputs.Patterns.Any(static p => !p.Glob.IsLiteral) || (job.Inputs?.Patterns.Any(static p => !p.Glob.IsLiteral) ?? false) || !job.Step.Environment.IsEmpty;

    // With a cache, every job may wait for another run that executes the same action; that matters to a timeout only.
    private bool WaitsOutside(Job job) => !job.Step.Locks.IsEmpty || !job.Step.Services.IsEmpty || (_run.Cache is not null && job.Step.Timeout is not null);

    private void Finish(int index, JobStatus status)
    {
        var job = Plan.Jobs[index];
        var report = _reports.GetValueOrDefault(index);
        _counts[(int)status]++;
        _run.Scope.Record(index, ResultOf(index, status, report));
        if (status == JobStatus.Succeeded && report?.Process is { } process)
        {
            _durations.Record(job.Id, process.Resources.WallMs);
        }

        var finished = Event(job, status, report);
        _run.Receipt.Note(job, finished, report?.Files);
        _run.Reporter.Emit(finished);
        ReleaseServices(job);
    }

    private StepResult ResultOf(int index, JobStatus status, AttemptReport? report)
    {
        if (status == JobStatus.Skipped && _prepared.PriorOutputs.TryGetValue(Plan.Jobs[index].Id, out var prior))
        {
            return new StepResult(JobStatus.Succeeded, prior, static () => null);
        }

        var digest = new Lazy<string?>(() => status == JobStatus.Succeeded && report is { Files.Count: > 0 }
            ? (_run.Cache?.DigestOf(Plan.Jobs[index]) ?? _run.Tree.DigestOf(report.Files)).ToString()
            : null);
        return new StepResult(status, report?.Outputs ?? ImmutableSortedDictionary<string, string>.Empty, () => digest.Value);
    }

    private string Redact(string? text) => text is null ? "" : Redaction.Apply(text, _run.Secrets.Known);

    private void ReleaseServices(Job job)
    {
        if (job.Step.Services.IsEmpty)
        {
            return;
        }

        foreach (var service in job.Step.Services)
        {
            var instance = new ServiceInstance(service.Name, _run.Request.NetworkOf(job.Step));
            _serviceUsers[instance] = _serviceUsers.GetValueOrDefault(instance) - 1;
        }

        _run.Services.SetUsers(_serviceUsers.ToImmutableDictionary());
        _background.Add(_run.Services.StopUnusedAsync());
    }

    private void CountServiceUsers(int from)
    {
        for (var i = from; i < Plan.Jobs.Length; i++)
        {
            foreach (var service in Plan.Jobs[i].Step.Services)
            {
                var instance = new ServiceInstance(service.Name, _run.Request.NetworkOf(Plan.Jobs[i].Step));
                _serviceUsers[instance] = _serviceUsers.GetValueOrDefault(instance) + 1;
            }
        }

        if (_serviceUsers.Count > 0)
        {
            _run.Services.SetUsers(_serviceUsers.ToImmutableDictionary());
        }
    }

    private ImmutableArray<ScheduledJob> ToScheduled(int from)
    {
        var jobs = PlanScheduling.ToScheduled(Plan, from, job => _durations.Expected(job.Id));
        for (var i = 0; i < jobs.Length; i++)
        {
            if (_prepared.Request.StopAtFailure)
            {
                jobs = jobs.SetItem(i, jobs[i] with { AttemptsMax = 1 });
            }

            // What a step generates was not there to be selected.
            if (from == 0 && _prepared.LeftOut[i] is not null)
            {
                jobs = jobs.SetItem(i, jobs[i] with { SkippedByPlan = true });
            }
        }

        return jobs;
    }

    private async Task FinishAsync(RunStatus status)
    {
        await Task.WhenAll(_background);
        _background.Clear();
        await _run.Services.DisposeAsync();
        var executed = new List<JobInterval>(_intervals.Count);
        foreach (var (job, (start, end)) in _intervals)
        {
            // A job that was stopped for another's failure ends last, but is not why the run took as long as it did.
            if (_stops.GetValueOrDefault(job) != StopReason.FailFast)
            {
                executed.Add(new JobInterval(job, start, end));
            }
        }

        var path = ImmutableArray.CreateBuilder<string>();
        var pathMs = 0.0;
        foreach (var job in GraphAnalysis.CriticalPathOf(Plan, executed))
        {
            path.Add(Plan.Jobs[job].Id.Value);
            pathMs += (_intervals[job].End - _intervals[job].Start).TotalMilliseconds;
        }

        _finished = new PipelineFinished
        {
            Time = _run.Reporter.Now,
            Status = status,
            DurationMs = Elapsed.TotalMilliseconds,
            Counts = Counts(),
            CriticalPath = path.DrainToImmutable(),
            CriticalPathMs = pathMs,
        };
    }

    private ImmutableSortedDictionary<JobStatus, int> Counts()
    {
        var counts = ImmutableSortedDictionary.CreateBuilder<JobStatus, int>();
        for (var status = 0; status < _counts.Length; status++)
        {
            if (_counts[status] > 0)
            {
                counts.Add((JobStatus)status, _counts[status]);
            }
        }

        return counts.ToImmutable();
    }
}
