using System.Diagnostics;

using Cairn.Core.Events;
using Cairn.Core.Language.Model;
using Cairn.Core.Scheduling;
using Cairn.Engine.Bundles;
using Cairn.Engine.Caching;
using Cairn.Engine.Outputs;
using Cairn.Execution;
using Cairn.Store.Files;
using Cairn.Trust.Bundles;

namespace Cairn.Engine.Running;

/// <content>Bundle steps, which need no process.</content>
internal sealed partial class JobAttempt
{
    private async Task<AttemptReport> MakeBundleAsync(PreparedAction? action, Action began)
    {
        if (action is null || _run.Cache is not { } cache)
        {
            return Broken($"a bundle needs the store{(_run.CacheOff is { } why ? $": {why}" : "")}");
        }

        _stopping.Token.ThrowIfCancellationRequested();
        began();
        var scratch = _run.Scratch.Take($"{_job.Index}.{_attempt}");
        try
        {
            // A thread of its own: gigabytes may be copied, and others wait for those of the pool.
            return await Task.Factory.StartNew(() => MakeBundle(action, cache, scratch), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            _run.Return(scratch, _job);
        }
    }

    private AttemptReport MakeBundle(PreparedAction action, RunCache cache, Scratch scratch)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            var name = new JobScope(_run.Scope, _job, _attempt, needs: null).Text(((StepAction.Bundle)_job.Step.Action).Name);
            var path = Path.Combine(scratch.Home, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            BundleStep.Write(path, action.Inputs, cache, _run.Tree.Root, _stopping.Token);
            using var made = DirectoryHandle.Open(scratch.Home);
            var found = OutputTree.CollectFrom(made, _job);
            if (found.Failure is { } missing)
            {
                return Broken(missing);
            }

            var outputs = cache.Export(_job, made, found.Files);
            _run.WarnMoved(_job, outputs.Moved);
            if (outputs.Failure is { } failure)
            {
                return Broken(failure);
            }

            var report = new AttemptReport(_job.Index, _attempt, new AttemptOutcome.Succeeded())
            {
                Process = new ProcessResult { ExitCode = 0, Resources = new ResourceUse(Math.Round(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 3), 0, 0, 0, 0, 0) },
                Files = outputs.Files,
            };
            return report with { Cache = Keep(cache, action, report, logPath: null, indexPath: null) };
        }
        catch (OperationCanceledException)
        {
            return Broken("stopped");
        }
        catch (Exception exception) when (exception is BundleException or IOException or UnauthorizedAccessException)
        {
            return Broken(exception.Message);
        }
    }
}
