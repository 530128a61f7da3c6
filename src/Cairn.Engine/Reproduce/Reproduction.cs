using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine.Caching;
using Cairn.Engine.Explain;
using Cairn.Engine.History;
using Cairn.Engine.Running;
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
            await using var session = await BenchSession.OpenAsync(request.Run, $"cairn reproduce in {request.Run.ProjectDirectory}", recipes, text => progress("", text), cancellationToken);
            var actions = new ActionCache(session.Store, session.Trust.Seal);
            foreach (var recipe in recipes)
            {
                results.Add(await OneAsync(session, recipe, actions, request, progress, cancellationToken));
            }
        }

        results.Sort(static (a, b) => string.CompareOrdinal(a.Recorded.Job, b.Recorded.Job));
        return results.ToImmutable();
    }

    private static async Task<JobReproduction> OneAsync(
        BenchSession session, Recipe recipe, ActionCache actions, ReproduceRequest request, Action<string, string> progress, CancellationToken cancellationToken)
    {
        var reproducer = new Reproducer(
            session.Bench, recipe, WithBlobs(actions.TryGet(recipe.Digest)?.Result, session.Store), session.Store, request.Vary, what => progress(recipe.Recorded.Job, what), TimeProvider.System);
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
            session.Bench.DropTrees();
        }
    }

    // A result of which something was collected shows no differences.
    internal static ActionResult? WithBlobs(ActionResult? result, ContentStore store)
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

    private static ImmutableArray<RecordedJob> Of(RunRecord record, Func<JobSummary, bool> isWanted, Func<StepFinished, bool> counts)
    {
        var view = RunView.Of(record);
        var jobs = ImmutableArray.CreateBuilder<RecordedJob>();
        foreach (var job in view.Jobs)
        {
            if (isWanted(job) && view.Finished.TryGetValue(job.Id, out var finished) && finished is { Status: JobStatus.Succeeded, Cache.Action: { } action } && counts(finished))
            {
                jobs.Add(new RecordedJob(record.Summary.Id.Value, job.Id, job.Step, action) { Started = record.Started });
            }
        }

        return jobs.ToImmutable();
    }
}

/// <summary>An input of a recipe is neither in the working tree nor in the store.</summary>
internal sealed class MissingInputException(string message) : Exception(message);
