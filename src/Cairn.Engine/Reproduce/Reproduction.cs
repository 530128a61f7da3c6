using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Events;
using Cairn.Core.Language.Model;
using Cairn.Core.Scheduling;
using Cairn.Engine.Caching;
using Cairn.Engine.Explain;
using Cairn.Engine.History;
using Cairn.Engine.Preparation;
using Cairn.Engine.Running;
using Cairn.Engine.Trust;
using Cairn.Execution;
using Cairn.Store.Actions;
using Cairn.Store.Content;

namespace Cairn.Engine.Reproduce;

/// <summary>Executes recorded jobs again and compares what they make: <c>cairn reproduce</c>.</summary>
public static class Reproduction
{
    /// <summary>The jobs of a step, or the job, in the newest run that has a result of it; empty where none has.</summary>
    public static ImmutableArray<RecordedJob> OfStep(IEnumerable<RunRecord> newestFirst, string step)
    {
        ArgumentNullException.ThrowIfNull(newestFirst);
        foreach (var record in newestFirst)
        {
            var found = Of(record, job => job.Id == step || job.Step == step, static _ => true);
            if (!found.IsEmpty)
            {
                return found;
            }
        }

        return [];
    }

    /// <summary>The jobs that a run executed itself.</summary>
    public static ImmutableArray<RecordedJob> OfRun(RunRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return Of(record, static _ => true, static finished => !finished.IsCached);
    }

    /// <summary>Executes them, one after the other; nothing of it reaches the working tree or the cache. Throws <see cref="IOException"/> with what the machine refuses.</summary>
    /// <param name="request">What to execute.</param>
    /// <param name="progress">Told what is being executed: a job's id, and what is varied.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<ImmutableArray<JobReproduction>> RunAsync(ReproduceRequest request, Action<string, string> progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(progress);
        var state = RunDirectory.StateDirectory(request.Run.ProjectDirectory);
        using var log = ActionLog.Open(Path.Combine(state, "actions"));
        var fingerprint = HostFingerprint.ReadWithPackages(HostFingerprint.Read());
        var results = ImmutableArray.CreateBuilder<JobReproduction>(request.Jobs.Length);
        var recipes = new List<Recipe>();
        foreach (var job in request.Jobs)
        {
            if (Recipe.TryRead(job, log, fingerprint, out var refusal) is { } recipe)
            {
                recipes.Add(recipe);
            }
            else
            {
                results.Add(new JobReproduction(job, ReproduceVerdict.Refused) { Reason = refusal });
            }
        }

        if (recipes.Count > 0)
        {
            using var store = OpenStore(request.Run, state);
            using var lease = store.TryLease($"cairn reproduce in {request.Run.ProjectDirectory}");
            using var trust = RunTrust.Find(request.Run, TimeProvider.System);
            if (trust.Refusal is { } refusal)
            {
                throw new IOException(refusal.Message);
            }

            var actions = new ActionCache(store, trust.Seal);
            var host = ProcessHost.Create(new ProcessHostOptions { PidNamespace = request.Run.PidNamespace, RunToken = $"reproduce-{Environment.ProcessId}" });
            var secrets = recipes.Exists(static r => !r.Secrets.IsEmpty) ? await SecretsAsync(request, host, progress, cancellationToken) : null;
            await using var bench = new Workbench(host, store, request.Run, secrets, TimeProvider.System);
            foreach (var recipe in recipes)
            {
                results.Add(await OneAsync(bench, recipe, actions, store, request, progress, cancellationToken));
            }
        }

        results.Sort(static (a, b) => string.CompareOrdinal(a.Recorded.Job, b.Recorded.Job));
        return results.ToImmutable();
    }

    private static async Task<JobReproduction> OneAsync(
        Workbench bench, Recipe recipe, ActionCache actions, ContentStore store, ReproduceRequest request, Action<string, string> progress, CancellationToken cancellationToken)
    {
        var reproducer = new Reproducer(
            bench, recipe, WithBlobs(actions.TryGet(recipe.Digest)?.Result, store), store, request.Vary, what => progress(recipe.Recorded.Job, what), TimeProvider.System);
        try
        {
            return await reproducer.RunAsync(request.Times, cancellationToken);
        }
        catch (Exception exception) when (exception is MissingInputException or SecretException or IOException)
        {
            // No room for its inputs, say: the others' results stand.
            return new JobReproduction(recipe.Recorded, ReproduceVerdict.Refused) { Reason = exception.Message, Notes = recipe.Notes };
        }
        finally
        {
            bench.DropTrees();
        }
    }

    // A result of which something was collected shows no differences.
    private static ActionResult? WithBlobs(ActionResult? result, ContentStore store)
    {
        foreach (var output in result?.Outputs ?? [])
        {
            if (output.Target is null && !store.Contains(output.Digest))
            {
                return null;
            }
        }

        return result;
    }

    private static ContentStore OpenStore(RunRequest request, string state)
    {
        if (request.CacheDirectory is { } shared)
        {
            try
            {
                var store = ContentStore.Open(shared);
                if (store.ReadOnlyReason is null)
                {
                    return store;
                }

                store.Dispose();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // As in a run: the project's own stands in for it.
            }
        }

        return ContentStore.Open(Path.Combine(state, "store"));
    }

    /// <summary>The pipeline as it is now tells where secrets come from.</summary>
    private static async Task<SecretResolver> SecretsAsync(ReproduceRequest request, ProcessHost host, Action<string, string> progress, CancellationToken cancellationToken)
    {
        var started = request.Jobs[0].Run.Started;
        var prepared = await RunPreparation.PrepareAsync(
            request.Run with { PipelineFile = started.File, Parameters = started.Parameters.ToImmutableDictionary(StringComparer.Ordinal), InspectOnly = true }, TimeProvider.System, cancellationToken);
        ImmutableArray<Secret> secrets = prepared.Plan?.Pipeline.Secrets ?? [];
        return new SecretResolver(secrets, request.Run.ProjectDirectory, host, (_, message) => progress("", message));
    }

    private static ImmutableArray<RecordedJob> Of(RunRecord record, Func<JobSummary, bool> isWanted, Func<StepFinished, bool> counts)
    {
        var view = RunView.Of(record);
        var jobs = ImmutableArray.CreateBuilder<RecordedJob>();
        foreach (var job in view.Jobs)
        {
            if (isWanted(job) && view.Finished.TryGetValue(job.Id, out var finished) && finished is { Status: JobStatus.Succeeded, Cache.Action: { } action } && counts(finished))
            {
                jobs.Add(new RecordedJob(record, job.Id, job.Step, action));
            }
        }

        return jobs.ToImmutable();
    }
}

/// <summary>An input of a recipe is neither in the working tree nor in the store.</summary>
internal sealed class MissingInputException(string message) : Exception(message);
