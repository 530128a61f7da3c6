using Cairn.Core.Actions;
using Cairn.Core.Events;
using Cairn.Core.Planning;
using Cairn.Core.Scheduling;
using Cairn.Engine.Caching;
using Cairn.Engine.Fetching;
using Cairn.Engine.Outputs;

namespace Cairn.Engine.Running;

/// <content>What stands in for an execution, and what is kept of one.</content>
internal sealed partial class JobAttempt
{
    private const long FlushedLogBytesMin = 256 << 10;

    /// <summary>The result that the action cache has, brought back; null where the job must execute.</summary>
    private AttemptReport? Answer(PreparedAction? action)
    {
        if (action is null || _run.Cache is not { } cache || !cache.MayAnswer(_job, action))
        {
            return null;
        }

        _stopping.Token.ThrowIfCancellationRequested();
        if (_fetch is { Expected: null })
        {
            return null;
        }

        var known = cache.TryAnswer(_job, action, _fetch?.Expected?.Tree) is var (result, outputs) ? Cached(cache, result, outputs) : null;
        if (known is { Outcome: AttemptOutcome.Succeeded } && _fetch is { Expected: { } pin })
        {
            _run.Fetches.Record(new FetchOutcome(FetchState.Current, pin, Before: null));
        }

        return known;
    }

    /// <summary>The result that the last run's memo has, where nothing changed since; null where the job must be looked at. Waits for nothing.</summary>
    public static AttemptReport? Recall(RunContext run, Job job)
    {
        if (run.Cache is not { } cache)
        {
            return null;
        }

        try
        {
            if (cache.TryRecall(job) is not var (result, outputs))
            {
                return null;
            }

            using var attempt = new JobAttempt(run, job, attempt: 1);
            return attempt.Cached(cache, result, outputs);
        }
        catch (IOException)
        {
            // Whatever it is, the long way meets it again and says so.
            return null;
        }
    }

    private AttemptReport Cached(RunCache cache, ActionResult result, RestoredOutputs outputs)
    {
        _run.WarnMoved(_job, outputs.Moved);
        if (outputs.Failure is { } failure)
        {
            return Broken(failure);
        }

        if (result.Log is { SizeBytes: > FlushedLogBytesMin })
        {
            // Whoever follows the record is not to wait for it.
            _run.Reporter.Flush();
        }

        LogReplay.Write(result, cache, (stream, bytes) => OnOutput(stream, bytes));
        if (cache.TryRead(result.Summary, Limits.StepSummaryBytesMax) is { } summary)
        {
            File.WriteAllBytes(_run.Directory.SummaryPath(_job.Id), summary);
        }

        return WithGenerated(new AttemptReport(_job.Index, _attempt, new AttemptOutcome.Succeeded())
        {
            Outputs = result.StepOutputs,
            Files = outputs.Files,
            Tests = result.Tests,
            LogBytes = result.Log?.SizeBytes ?? 0,
            Cache = new CacheUse(CacheState.Hit)
            {
                Action = result.Action.Hash,
                Pin = _job.Step.Fetch is null ? null : JobProducts.TreeOf(result.Outputs).Digest.ToString(),
                FromRun = result.Origin.Run,
                FromTime = result.Origin.Time,
                FromHost = result.Origin.Host,
                FromProject = string.Equals(result.Origin.Project, _run.Request.ProjectDirectory, StringComparison.Ordinal) ? null : result.Origin.Project,
                SavedMs = result.Resources.WallMs,
                Log = result.Log?.ToString(),
                LogIndex = result.LogIndex?.ToString(),
            },
        });
    }

    private CacheUse Keep(RunCache cache, PreparedAction action, AttemptReport report, string? logPath, string? indexPath)
    {
        if (report is not { Outcome: AttemptOutcome.Succeeded, Process: { } process })
        {
            return cache.Failed(_job, action);
        }

        return cache.Keep(_job, action, new ExecutedJob(report.Files, process.LogBytes > 0 ? logPath : null, process.LogBytes > 0 ? indexPath : null, report.SummaryPath, new ActionResult
        {
            Action = action.Digest,
            StepOutputs = report.Outputs,
            Tests = report.Tests,
            Resources = process.Resources,
            Origin = new ActionOrigin(_run.Reporter.Run.Value, _job.Id.Value, _run.Reporter.Now, HostFingerprint.MachineName, _run.Request.ProjectDirectory),
        })
        {
            Fetched = _fetch?.Files,
        });
    }
}
