using System.Collections.Immutable;
using System.Xml;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Core.Language;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Core.Scheduling;
using Cairn.Engine.Caching;
using Cairn.Engine.Isolation;
using Cairn.Engine.Outputs;
using Cairn.Engine.Preparation;
using Cairn.Engine.Reports;
using Cairn.Execution;

namespace Cairn.Engine.Running;

/// <summary>What an attempt yields.</summary>
internal sealed record AttemptReport(int Job, int Attempt, AttemptOutcome Outcome)
{
    /// <summary>The process's end; null where none was started.</summary>
    public ProcessResult? Process { get; init; }

    /// <summary>Why it failed, in words; null where it succeeded.</summary>
    public string? Reason { get; init; }

    public ImmutableSortedDictionary<string, string> Outputs { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public List<TreeFile> Files { get; init; } = [];

    public TestCounts? Tests { get; init; }

    /// <summary>The pipeline it generated.</summary>
    public Pipeline? Generated { get; init; }

    /// <summary>What the action cache had to do with it; null where it was not used at all.</summary>
    public CacheUse? Cache { get; init; }

    /// <summary>Where its summary is kept; null where it wrote none.</summary>
    public string? SummaryPath { get; init; }

    /// <summary>Bytes of its log.</summary>
    public long LogBytes { get; init; }

    /// <summary>The folder in which the root of a failed attempt is kept; null where none is.</summary>
    public string? Root { get; init; }
}

/// <summary>Executes one attempt of a job in the working tree: locks, services, secrets, the process, then everything it left behind.</summary>
internal sealed partial class JobAttempt : IOutputSink, IDisposable
{
    private readonly RunContext _run;
    private readonly Job _job;
    private readonly int _attempt;
    private readonly CancellationTokenSource _stopping = new();

    // The run ends: what is done with a failed attempt for people ends, too. A timeout is no such end.
    private readonly CancellationTokenSource _leaving = new();
    private readonly Lock _gate = new();
    private RunningProcess? _process;
    private AttemptReport? _report;
    private bool _killed;
    private bool _cancelled;

    public JobAttempt(RunContext run, Job job, int attempt)
    {
        _run = run;
        _job = job;
        _attempt = attempt;
    }

    /// <summary>What it yielded, after <see cref="RunAsync"/>. Not a task's result: tasks of classes are compiled at each start.</summary>
    public AttemptReport Report => _report ?? throw new InvalidOperationException("The attempt has not ended");

    /// <summary>Ends it gracefully.</summary>
    public void Stop(StopReason reason)
    {
        lock (_gate)
        {
            _cancelled |= reason != StopReason.Timeout;
            _stopping.Cancel();
            EndInspection();
            _process?.Stop(_run.Request.StopGrace);
        }
    }

    /// <summary>Ends it at once.</summary>
    public void Kill()
    {
        lock (_gate)
        {
            _killed = true;
            _cancelled |= !_stopping.IsCancellationRequested;
            _stopping.Cancel();
            EndInspection();
            _process?.Kill();
        }
    }

    public void OnOutput(OutputStream stream, ReadOnlySpan<byte> redactedBytes) => _run.Reporter.Output(_job.Id, stream, redactedBytes);

    public void Dispose()
    {
        _stopping.Dispose();
        _leaving.Dispose();
    }

    /// <summary>Runs to the end; never throws for what a step or a machine does.</summary>
    /// <param name="began">Called when the process is about to start, after every wait for locks and services: from here the timeout counts.</param>
    public async Task RunAsync(Action began)
    {
        try
        {
            if (_run.Request.DeterminismOf(_job.Step) is { } determinism)
            {
                if (DeterminismRules.Problem(_run.Request, _job.Step, determinism) is var (_, problem, _))
                {
                    // A generated step; of others it was said before the run.
                    _report = Broken(problem);
                    return;
                }

                await _run.Dates.FindAsync(_job, _stopping.Token);
            }

            var action = _run.Cache?.Prepare(_job, _attempt, _stopping.Token);
            if (_job.Step.Fetch is not null && BeginFetch(action) is { } refusal)
            {
                _report = refusal;
                return;
            }

            if (Answer(action) is { } known)
            {
                _report = known;
                return;
            }

            // A process will come: its guardian starts while everything else is made ready.
            _run.Host.WarmUp();
            using var held = await _run.Locks.AcquireAsync(_job.Step.Locks.RemoveAll(l => _run.RunLocks.Contains(l)), _job.Id, _stopping.Token);
            foreach (var service in _job.Step.Services)
            {
                await _run.Services.EnsureReadyAsync(new ServiceInstance(service.Name, _run.Request.NetworkOf(_job.Step)), _stopping.Token);
            }

            if (_run.Cache is not { } cache || action is not { Off: null })
            {
                await ExecuteAsync(action, began);
                return;
            }

            // Last of all locks, as the order of locks has it. Whoever had it before may have left the result.
            using var alone = await cache.HoldAsync(_job, action, _stopping.Token);
            _report = Answer(action);
            if (_report is null)
            {
                await ExecuteAsync(action, began);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            _report = new AttemptReport(_job.Index, _attempt, new AttemptOutcome.Broken("stopped before it started"));
        }
        catch (Exception exception) when (exception is ServiceException or SecretException or EvaluationException or IOException or UnauthorizedAccessException)
        {
            _report = Broken(exception.Message);
        }
    }

    private void EndInspection()
    {
        if (_cancelled)
        {
            _leaving.Cancel();
        }
    }

    private async Task ExecuteAsync(PreparedAction? action, Action began)
    {
        if (_run.Tree.MissingInput(_job, action?.Inputs) is { } missing)
        {
            _report = Broken($"declared input `{missing}` does not exist");
            return;
        }

        if (_job.Step.Action is StepAction.Bundle)
        {
            _report = await MakeBundleAsync(action, began);
            return;
        }

        if ((SandboxUse.ProblemOf(_run.Request, _job.Step) ?? _run.Sandboxes.Toolchains.ProblemOf(_run.Request, _job.Step)) is { } problem)
        {
            // What a run's own steps ask for is looked at before it begins; this one was generated.
            _report = Broken(problem.Message);
            return;
        }

        using IAttemptPlace place = _run.Request.IsolationOf(_job.Step) == IsolationLevel.Sandbox
            ? _run.Sandboxes.Enter(_run, _job, _attempt, action ?? throw new IOException("A sandbox needs the store"))
            : new ProcessPlace(_run, _job, _attempt);
        await ExecuteAsync(action, place, began);
    }

    private async Task ExecuteAsync(PreparedAction? action, IAttemptPlace place, Action began)
    {
        var scope = new JobScope(_run.Scope, _job, _attempt, needs: null);
        var sourceDate = _run.Request.DeterminismOf(_job.Step) is null ? null : _run.Dates.Of(_job);
        var environment = await StepEnvironment.OfAttemptAsync(
            _run.Request, scope, _run.Scope.Plan.Pipeline, _job, _attempt, _run.Reporter.Run, place.Home, place.ProjectDirectory, sourceDate, ResolveSecretAsync);
        environment["CAIRN_OUTPUT"] = place.OutputFile;
        environment["CAIRN_SUMMARY"] = place.SummaryFile;

        if (place is ProcessPlace && !_job.Outputs.IsEmpty)
        {
            _run.WarnMoved(_job, _run.Tree.Clear(_job));
        }

        var spec = place.Complete(new ProcessSpec
        {
            Arguments = CommandLine(_job.Step.Action, scope, place.PutScript),
            Environment = [.. environment],
            WorkingDirectory = _job.Step.WorkingDirectory is { } folder ? place.Resolve(scope.Text(folder)) : place.ProjectDirectory,
            LogPath = _run.Directory.LogPath(_job.Id, _attempt),
            IndexPath = _run.Directory.IndexPath(_job.Id, _attempt),
            Secrets = _run.Secrets.Known,
        });

        Task<ProcessResult> completion;
        // Outside the gate: what looks on may take a turn of the run's loop, which may stop this very attempt.
        _stopping.Token.ThrowIfCancellationRequested();
        began();
        lock (_gate)
        {
            _stopping.Token.ThrowIfCancellationRequested();
            _process = _run.Host.Start(spec, this);
            completion = _process.Completion;
            if (_killed)
            {
                _process.Kill();
            }
        }

        place.Began(_process);
        var report = Conclude(await completion, place, spec, action);
        report = action is null || _run.Cache is not { } cache ? report : report with { Cache = Keep(cache, action, report, spec.LogPath, spec.IndexPath) };
        if (_fetch is { } fetch)
        {
            EndFetch(fetch, _run.Cache!, place, report);
        }

        _report = report;
    }

    private AttemptReport Conclude(ProcessResult result, IAttemptPlace place, ProcessSpec spec, PreparedAction? action)
    {
        // What ran when the step was stopped was stopped with it; only what a step leaves that ended by itself is its own mistake.
        if (result.StraysKilled > 0 && !_stopping.IsCancellationRequested)
        {
            _run.Reporter.Warn(
                DiagnosticCodes.StraysKilled,
                $"`{_job.Id}` left {result.StraysKilled} {(result.StraysKilled == 1 ? "process" : "processes")} behind, killed; declare background commands as `services`",
                _job.Id);
        }

        if (result.LogError is { } logError)
        {
            _run.Reporter.Warn(DiagnosticCodes.LogIncomplete, $"The log of `{_job.Id}` is incomplete: {logError}", _job.Id);
        }

        var reason = result.ExitCode == 0 ? null : ProcessEnds.Describe(result);
        var outcome = OutcomeOf(result);
        if (place.Ended(outcome is AttemptOutcome.Succeeded) is { } limit)
        {
            (reason, outcome) = Limited(limit, reason, outcome);
        }

        var report = new AttemptReport(_job.Index, _attempt, outcome) { Process = result, SummaryPath = KeepSummary(place), LogBytes = result.LogBytes, Reason = reason, Tests = _job.Step.JUnitReports.IsEmpty ? null : ReadReports(place) };
        if (report.Outcome is not AttemptOutcome.Succeeded)
        {
            place.Abandon();
            return Inspect(report, place, spec);
        }

        var (outputs, outputError) = ReadOutputs(place);
        if (_fetch is not null && outputs.Count > 0)
        {
            // They would be what nobody pinned.
            (outputs, outputError) = (outputs.Clear(), "it wrote step outputs, which are not pinned: write a file that is among its `outputs`");
        }

        report = report with { Outputs = outputs };
        if (outputError is not null)
        {
            return Inspect(Failed(report, outputError), place, spec);
        }

        if (CheckUndeclared(place) is { } undeclared)
        {
            place.Abandon();
            return Inspect(Failed(report, undeclared), place, spec);
        }

        var collected = place.Collect(_fetch is { } fetch ? files => JudgeFetch(fetch, _run.Cache!, action!, files) : null);
        foreach (var warning in collected.Warnings)
        {
            _run.Reporter.Warn(DiagnosticCodes.OutputMatchesNothing, $"`{_job.Id}`: {warning}", _job.Id);
        }

        report = report with { Files = collected.Files };
        if (collected.Failure is { } failure)
        {
            return Inspect(Failed(report, failure), place, spec);
        }

        report = WithGenerated(report);
        return report.Outcome is AttemptOutcome.Succeeded ? report : Inspect(report, place, spec);
    }

    /// <summary>What a limit that was reached means: the reason of a failure, or else something to know.</summary>
    private (string? Reason, AttemptOutcome Outcome) Limited(LimitHit limit, string? reason, AttemptOutcome outcome)
    {
        if (_stopping.IsCancellationRequested)
        {
            return (reason, outcome);
        }

        if (outcome is not AttemptOutcome.Succeeded)
        {
            var text = limit.IsFatal ? $"killed: {limit.Text}" : $"{reason}; {limit.Text}";
            return (text, outcome is AttemptOutcome.Broken ? new AttemptOutcome.Broken(text) : outcome);
        }

        _run.Reporter.Warn(DiagnosticCodes.LimitReached, $"`{_job.Id}` succeeded, though it ran into a limit: {limit.Text}", _job.Id);
        return (reason, outcome);
    }

    private AttemptReport WithGenerated(AttemptReport report)
    {
        if (_job.Step.Generates is not { } generates)
        {
            return report;
        }

        var scope = new JobScope(_run.Scope, _job, _attempt, needs: null);
        StepEnvironment.Show(scope, generates.Expressions, _run.Scope.Plan.Pipeline.Environment, _job.Step.Environment);
        var file = scope.Text(generates);
        var read = PipelineReader.ReadGenerated(file, new FileSourceLoader(_run.Request.ProjectDirectory), _run.Scope.Plan.Pipeline);
        if (read.Pipeline is null)
        {
            var first = read.Diagnostics.First(d => d.Severity == DiagnosticSeverity.Error);
            return Failed(report, $"the generated pipeline is not valid: {first.Message} ({first.Span})");
        }

        return report with { Generated = read.Pipeline };
    }

    /// <summary>The program and arguments of a step or service.</summary>
    /// <param name="action">What it executes.</param>
    /// <param name="scope">What expressions see.</param>
    /// <param name="putScript">Puts a script into a file that the process can read, and says its path there.</param>
    public static ImmutableArray<string> CommandLine(StepAction action, JobScope scope, Func<string, string> putScript)
    {
        switch (action)
        {
            case StepAction.Command command:
                return [.. command.Arguments.Select(scope.Text)];
            case StepAction.Script script:
                var text = scope.Text(script.Text);
                if (text.Length <= Limits.InlineScriptCharsMax)
                {
                    return [.. script.Shell, text];
                }

                // Too long for an argument: the shell reads it from a file instead.
                var shell = script.Shell is [.. var head, "-c" or "-e"] ? [.. head] : script.Shell;
                return [.. shell, putScript(text)];
            default:
                throw new InvalidOperationException($"An action of type {action.GetType().Name} has no executor");
        }
    }

    private Task<string> ResolveSecretAsync(string name) => _run.Secrets.ResolveAsync(name, _stopping.Token);

    private (ImmutableSortedDictionary<string, string> Outputs, string? Error) ReadOutputs(IAttemptPlace place) =>
        StepOutputFile.Read(place.TryRead(StepFile.Output, Limits.StepOutputBytesMax), _run.Secrets.Known);

    private string? KeepSummary(IAttemptPlace place)
    {
        if (place.TryRead(StepFile.Summary, Limits.StepSummaryBytesMax) is not { Length: > 0 } content)
        {
            return null;
        }

        Directory.CreateDirectory(_run.Directory.Logs);
        var kept = _run.Directory.SummaryPath(_job.Id);
        File.WriteAllBytes(kept, Redaction.Apply(content[..Math.Min(content.Length, Limits.StepSummaryBytesMax)], _run.Secrets.Known));
        return kept;
    }

    private TestCounts? ReadReports(IAttemptPlace place)
    {
        var scope = new JobScope(_run.Scope, _job, _attempt, needs: null);
        TestCounts? counts = null;
        try
        {
            StepEnvironment.Show(scope, _job.Step.JUnitReports.SelectMany(r => r.Expressions), _run.Scope.Plan.Pipeline.Environment, _job.Step.Environment);
            var files = OutputTree.Find(place.Tree, PathPatterns.Parse(_job.Step.JUnitReports.Select(scope.Text)));
            if (files.Count == 0)
            {
                _run.Reporter.Warn(DiagnosticCodes.ReportUnreadable, $"`{_job.Id}` wrote no file that matches `reports: junit`", _job.Id);
            }

            foreach (var file in files.Take(Limits.ReportsMax))
            {
                try
                {
                    using var handle = place.Tree.TryOpenFilePath(file.Path) ?? throw new IOException($"`{file.Path}` is no file");
                    using var stream = new FileStream(handle, FileAccess.Read);
                    counts = JUnitReport.Add(counts, JUnitReport.Read(stream));
                }
                catch (XmlException exception)
                {
                    _run.Reporter.Warn(DiagnosticCodes.ReportUnreadable, $"The report `{file.Path}` is not valid JUnit XML: {exception.Message}", _job.Id);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or EvaluationException)
        {
            _run.Reporter.Warn(DiagnosticCodes.ReportUnreadable, $"The reports of `{_job.Id}` cannot be read: {exception.Message}", _job.Id);
        }

        return counts is null ? null : counts with { FailedNames = Redact(counts.FailedNames), FailedMessages = Redact(counts.FailedMessages) };

        ImmutableArray<string> Redact(ImmutableArray<string> texts) => [.. texts.Select(t => Redaction.Apply(t, _run.Secrets.Known))];
    }

    private static AttemptOutcome OutcomeOf(ProcessResult result) => result switch
    {
        { StartError: { } reason } => new AttemptOutcome.Broken(reason),
        { Signal: { } signal } => new AttemptOutcome.Signaled(signal),
        { ExitCode: 0 } => new AttemptOutcome.Succeeded(),
        { ExitCode: { } code } => new AttemptOutcome.Exited(code),
        _ => new AttemptOutcome.Broken(ProcessEnds.Describe(result)),
    };

    private AttemptReport Broken(string reason) => new(_job.Index, _attempt, new AttemptOutcome.Broken(reason)) { Reason = reason };

    private AttemptReport Failed(AttemptReport report, string reason)
    {
        // Names of files may be in it.
        reason = Redaction.Apply(reason, _run.Secrets.Known);
        return report with { Outcome = new AttemptOutcome.Broken(reason), Reason = reason };
    }
}
