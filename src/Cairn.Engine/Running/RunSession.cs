using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Core.Expressions;
using Cairn.Core.Scheduling;
using Cairn.Engine.Bundles;
using Cairn.Engine.Caching;
using Cairn.Engine.Handlers;
using Cairn.Engine.History;
using Cairn.Engine.Isolation;
using Cairn.Engine.Log;
using Cairn.Engine.Outputs;
using Cairn.Engine.Preparation;
using Cairn.Engine.Projects;
using Cairn.Engine.Receipts;
using Cairn.Execution;
using Cairn.Store;
using Cairn.Store.Files;

namespace Cairn.Engine.Running;

/// <summary>Everything around the loop of a run: the working tree's lock, the record, the processes, and what is left for the next run.</summary>
internal static class RunSession
{
    private const string TreeLockName = "(tree)";

    public static async Task<RunResult> RunAsync(PreparedRun prepared, IRunObserver observer, RunControl control, TimeProvider time, CancellationToken cancellationToken)
    {
        var project = prepared.Request.ProjectDirectory;
        var state = RunDirectory.StateDirectory(project);
        CreateStateDirectory(state);

        await using var host = ProcessHost.Create(new ProcessHostOptions { PidNamespace = prepared.Request.PidNamespace, RunToken = prepared.Id.Value });
        if (prepared.Request.Handlers.IsEmpty)
        {
            return await RunInAsync(state, prepared, host, observer, control, time, cancellationToken);
        }

        using var handlers = new HandlerDelivery(prepared.Request, prepared.Id, host, observer, time);
        var result = await RunInAsync(state, prepared, host, handlers, control, time, cancellationToken);
        return result with { Handlers = await handlers.FinishAsync() };
    }

    private static async Task<RunResult> RunInAsync(
        string state, PreparedRun prepared, ProcessHost host, IRunObserver observer, RunControl control, TimeProvider time, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, control.CancelToken);
        var start = time.GetTimestamp();
        var waited = false;
        FileLock treeLock;
        try
        {
            treeLock = await FileLock.AcquireAsync(
                Path.Combine(state, "lock"),
                $"run {prepared.Id}, process {Environment.ProcessId}",
                holder =>
                {
                    waited = true;
                    observer.OnEvent(new LockWaiting { Time = time.GetUtcNow(), Lock = TreeLockName, Holder = holder });
                },
                time,
                either.Token);
        }
        catch (OperationCanceledException)
        {
            return new RunResult(prepared.Id, RunStatus.Cancelled, null);
        }

        using (treeLock)
        {
            if (waited)
            {
                observer.OnEvent(new LockAcquired { Time = time.GetUtcNow(), Lock = TreeLockName, WaitedMs = time.GetElapsedTime(start).TotalMilliseconds });
                // The other run, or a person, may have changed the tree since.
                prepared = await RunPreparation.PrepareAsync(prepared.Request, time, cancellationToken);
                if (prepared.Plan is null)
                {
                    return new RunResult(prepared.Id, RunStatus.Failed, null) { Refused = prepared };
                }
            }

            RunInputs taken;
            try
            {
                taken = RunInputs.Take(prepared, either.Token);
            }
            catch (OperationCanceledException) when (either.IsCancellationRequested)
            {
                // Nothing is recorded yet.
                return new RunResult(prepared.Id, RunStatus.Cancelled, null);
            }

            using var inputs = taken;
            if (inputs.HasErrors)
            {
                return new RunResult(prepared.Id, RunStatus.Failed, null) { Refused = prepared with { Diagnostics = [.. prepared.Diagnostics, .. inputs.Diagnostics], Sources = prepared.Sources.AddRange(inputs.Trust.Sources) } };
            }

            return await RunLockedAsync(prepared, inputs, host, observer, control, time);
        }
    }

    private static async Task<RunResult> RunLockedAsync(PreparedRun prepared, RunInputs inputs, ProcessHost host, IRunObserver observer, RunControl control, TimeProvider time)
    {
        var request = prepared.Request;
        var plan = prepared.Plan ?? throw new InvalidOperationException("A run needs a plan");
        var directory = new RunDirectory(request.ProjectDirectory, prepared.Id);
        Directory.CreateDirectory(directory.Logs);
        var scratch = FreshScratch(directory.State);
        using var events = new EventLog(directory.Events);
        using var reporter = new RunReporter(prepared.Id, events, observer, time);
        await using var lost = reporter.RecordLost.Register(control.CancelOnce);
        var durations = prepared.Durations;
        using var tree = new OutputTree(request.ProjectDirectory, prepared.Id);
        var maxParallel = Math.Clamp(request.MaxParallel ?? plan.Pipeline.MaxParallel ?? Environment.ProcessorCount, 1, Core.Limits.JobsMax);
        using var log = RunLog.Open(request, inputs.Trust, time);
        var receipt = new ReceiptDraft(prepared, inputs, EmitStart(prepared, inputs, maxParallel, reporter), log);

        var secrets = new SecretResolver(plan.Pipeline.Secrets, request.ProjectDirectory, host, (code, text) => reporter.Warn(code, text));
        var scope = new RunScope(plan, prepared.PlanInput.Git, prepared.PlanInput.Run, globs => tree.HashFiles(globs));
        var locks = new NamedLocks(request.StateDirectory, reporter, time);
        HeldLocks? held;
        try
        {
            held = await locks.AcquireAsync(plan.Pipeline.Locks, job: null, control.CancelToken);
        }
        catch (OperationCanceledException)
        {
            var ended = new PipelineFinished { Time = reporter.Now, Status = RunStatus.Cancelled, DurationMs = 0, Counts = ImmutableSortedDictionary<JobStatus, int>.Empty };
            receipt.Begin(ended, scope, cache: null, tree, [], directory).Conclude(reporter);
            return Conclude(prepared, ended, reporter, events, directory);
        }

        using (held)
        using (var folders = new ScratchFolders(scratch))
        {
            var dates = new SourceDates(scope, request, prepared.Git, host);
            using var cache = inputs.Store is null ? null : new RunCache(prepared, inputs, scope, reporter, tree, dates);
            using var sandboxes = new SandboxIsolation(host, inputs, tree, request, time);
            var places = new ServicePlaces(request, scope, secrets, scratch, sandboxes, cache);
            await using var services = new ServiceManager(plan.Pipeline.Services, host, directory, reporter, time) { Prepare = places.PrepareAsync };
            var context = new RunContext
            {
                Sandboxes = sandboxes,
                Fetches = prepared.Fetches,
                Dates = dates,
                Receipt = receipt,
                Cache = cache,
                CacheOff = inputs.Off,
                Request = request,
                Scope = scope,
                Reporter = reporter,
                Directory = directory,
                Scratch = folders,
                Host = host,
                Tree = tree,
                Secrets = secrets,
                Locks = locks,
                Services = services,
                RunLocks = plan.Pipeline.Locks,
            };
            PipelineFinished finished;
            await using (var driver = new RunDriver(context, prepared, maxParallel, durations, control, time))
            {
                await driver.RunAsync();
                finished = driver.Finished;
            }

            if (request.Pinning is { DryRun: false })
            {
                prepared.Fetches.Save(request.ProjectDirectory, scope.Plan);
            }

            if (cache?.Verification() is { } verification)
            {
                reporter.Emit(verification);
            }

            var written = receipt.Begin(finished, scope, cache, tree, secrets.Known, directory);
            Save(tree, durations, () => inputs.Save(prepared, cache), directory, reporter);
            try
            {
                RemoveScratch(directory.State);
            }
            catch (IOException exception)
            {
                reporter.Warn(DiagnosticCodes.ScratchLeft, $"The temporary folder of the run could not be removed: {exception.Message}");
            }

            var noting = Blocking.BeginAsync(() => Note(prepared, finished, time));
            written.Conclude(reporter);
            BundleStep.Seal(request, prepared.Id, scope.Plan, inputs.Store, directory, reporter, time, control.CancelToken);
            var result = Conclude(prepared, finished, reporter, events, directory) with { Fetched = prepared.Fetches.Outcomes };
            Blocking.Wait(noting);
            Tidy(inputs);
            return result;
        }
    }

    private static void Tidy(RunInputs inputs)
    {
        try
        {
            inputs.Tidy();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // How the run ended is told already, and upkeep that fails comes again after the next.
        }
    }

    /// <summary>Removes records that are too many, and notes the run among the user's projects.</summary>
    private static void Note(PreparedRun prepared, PipelineFinished finished, TimeProvider time)
    {
        var request = prepared.Request;
        RunRetention.Prune(request.ProjectDirectory, request.KeepRuns, request.KeepDays is { } days ? time.GetUtcNow().AddDays(-days) : null);
        try
        {
            new KnownProjects(prepared.Request.StateDirectory).Record(prepared.Request.ProjectDirectory, PipelineName(prepared), prepared.Id, finished.Status, time.GetUtcNow());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The list of projects is a convenience; the run's own record is complete.
        }
    }

    private static string PipelineName(PreparedRun prepared) => prepared.Plan!.Pipeline.Name ?? Path.GetFileName(prepared.Request.ProjectDirectory.TrimEnd('/'));

    private static RunResult Conclude(PreparedRun prepared, PipelineFinished finished, RunReporter reporter, EventLog events, RunDirectory directory)
    {
        reporter.Emit(finished);
        if (reporter.RecordError is null)
        {
            events.Sync();
        }

        return new RunResult(prepared.Id, finished.Status, directory.Root) { RecordError = reporter.RecordError?.Message };
    }

    // What the next run would like to know must not take away how this one ended.
    private static void Save(OutputTree tree, DurationHistory durations, Action saveInputs, RunDirectory directory, RunReporter reporter)
    {
        try
        {
            tree.Save();
            durations.Save(directory.Durations);
            saveInputs();
        }
        catch (IOException exception)
        {
            reporter.Warn(DiagnosticCodes.RecordIncomplete, $"What this run wrote and how long it took could not be kept for the next: {exception.Message}");
        }
    }

    private static PipelineStarted EmitStart(PreparedRun prepared, RunInputs inputs, int maxParallel, RunReporter reporter)
    {
        var plan = prepared.Plan!;
        var started = new PipelineStarted
        {
            Time = reporter.Now,
            Run = prepared.Id.Value,
            Pipeline = PipelineName(prepared),
            File = prepared.Request.PipelineFile,
            Parameters = ParameterTexts(plan.Parameters),
            Commit = prepared.Git.Commit,
            Branch = prepared.Git.Branch,
            Dirty = prepared.Git.Dirty,
            MaxParallel = maxParallel,
            ProcessId = Environment.ProcessId,
            Jobs = JobSummaries.Of(plan, 0),
        };
        reporter.Emit(started);
        if (prepared.Git.Problem is { } problem)
        {
            reporter.Warn(DiagnosticCodes.GitUnavailable, $"git could not be asked, so `git` is empty in expressions: {problem}");
        }

        Warn(prepared.Diagnostics, reporter);
        Warn(inputs.Diagnostics, reporter);
        return started;
    }

    private static void Warn(IEnumerable<Diagnostic> diagnostics, RunReporter reporter)
    {
        foreach (var warning in diagnostics)
        {
            reporter.Warn(warning.Code, warning.Span.HasPlace ? $"{warning.Message} ({warning.Span})" : warning.Message);
        }
    }

    private static ImmutableSortedDictionary<string, string> ParameterTexts(Value.Map parameters)
    {
        if (parameters.Entries.IsEmpty)
        {
            return ImmutableSortedDictionary<string, string>.Empty;
        }

        var texts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in parameters.Entries)
        {
            texts.Add(name, ValueText.ToText(value) ?? ValueText.ToJson(value, Core.Limits.ExpressionResultCharsMax) ?? "");
        }

        return texts.ToImmutable();
    }

    private static void CreateStateDirectory(string state)
    {
        try
        {
            Directory.CreateDirectory(Path.Combine(state, "runs"));
            var ignore = Path.Combine(state, ".gitignore");
            if (!File.Exists(ignore))
            {
                File.WriteAllText(ignore, "# Runs, logs and locks of this working tree; nothing here belongs into version control.\n*\n");
            }
        }
        catch (UnauthorizedAccessException exception)
        {
            // Its own text is a resource key in a trimmed build.
            throw new IOException($"A run is recorded in `{state}`, which you may not write", exception);
        }
    }

    // The tree's lock is held: whatever stands here was left by a run that was killed.
    private static string FreshScratch(string state)
    {
        RemoveScratch(state);
        var scratch = Path.Combine(state, "tmp");
        Directory.CreateDirectory(scratch, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return scratch;
    }

    private static void RemoveScratch(string state)
    {
        using var directory = DirectoryHandle.Open(state);
        directory.RemoveTree("tmp");
    }
}
