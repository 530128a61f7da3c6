using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Content;
using Cairn.Engine.Caching;
using Cairn.Engine.History;
using Cairn.Engine.Reproduce;
using Cairn.Engine.Running;
using Cairn.Store.Actions;
using Cairn.Store.Content;

namespace Cairn.Engine.Replay;

/// <summary>Executes attested actions again, from inputs that are named by their content, and compares what they make: <c>cairn replay</c>.</summary>
public static class Replayer
{
    /// <summary>
    /// Executes them, one after the other; nothing of it reaches the working tree or the action cache. Inputs are those that the project's log or the store names; where neither does, those of the working tree, if
    /// they are the same to the byte, with what the replays of needed steps made. Throws <see cref="IOException"/> with what the machine refuses.
    /// </summary>
    /// <param name="request">What to execute.</param>
    /// <param name="progress">Told what is being executed: an action's name, and what is varied.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<ImmutableArray<ActionReplay>> RunAsync(ReplayRequest request, Action<string, string> progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(progress);
        var replays = new ActionReplay?[request.Actions.Length];
        var prepared = Prepare(request.Run, request.Actions, replays);
        if (prepared.Recipes.Count + prepared.Unlisted.Count > 0)
        {
            await using var session = await BenchSession.OpenAsync(request.Run, $"cairn replay in {request.Run.ProjectDirectory}", [.. prepared.Recipes.Values], note => progress("", note), cancellationToken);
            // What later steps take from earlier ones has to be somewhere.
            Action<Specimen>? keep = prepared.Unlisted.Count > 0 ? made => Keep(made, session.Store) : null;
            foreach (var (index, recipe) in prepared.Recipes)
            {
                replays[index] = await OneAsync(session, recipe, request.Actions[index], request.Times, keep, progress, cancellationToken);
            }

            if (prepared.Unlisted.Count > 0)
            {
                await FromWorkingTreeAsync(session, request, prepared.Unlisted, replays, progress, cancellationToken);
            }
        }

        return [.. replays.Select(static r => r!)];
    }

    /// <summary>The recipes of actions by their index, and the actions whose inputs nobody lists here; the others get their verdict at once.</summary>
    internal static (SortedDictionary<int, Recipe> Recipes, HashSet<int> Unlisted) Prepare(RunRequest request, ImmutableArray<AttestedAction> actions, ActionReplay?[] replays)
    {
        var state = RunDirectory.StateDirectory(request.ProjectDirectory);
        using var log = ActionLog.Open(Path.Combine(state, "actions"));
        using var store = BenchSession.OpenStore(request, state);
        var fingerprint = HostFingerprint.ReadWithPackages(HostFingerprint.Read());
        var history = new RunHistory(request.ProjectDirectory);
        var recipes = new SortedDictionary<int, Recipe>();
        var unlisted = new HashSet<int>();
        for (var i = 0; i < actions.Length; i++)
        {
            var action = actions[i];
            string? refusal = null;
            if ((action.Tampered ?? TamperedBlob(action, store)) is { } tampered)
            {
                replays[i] = new ActionReplay(action, ReplayVerdict.Tampered) { Reason = tampered };
                continue;
            }

            if (action.Action is { } description)
            {
                ImmutableArray<byte>? Read(Digest digest) => log.TryRead(digest) ?? ReadFolder(store, digest);
                if (BundleReplay.IsBundle(description))
                {
                    replays[i] = BundleReplay.Run(action, Recipe.ReadTree(description.InputRoot, Read), store, request.ProjectDirectory);
                    continue;
                }

                if (Recipe.TryMake(RecordOf(action, history), description, action.Digest, Read, fingerprint, out refusal) is { } recipe)
                {
                    recipes[i] = recipe;
                    continue;
                }

                if (action.Job.Length > 0 && description.InputRoot != Digest.Empty && Read(description.InputRoot) is null)
                {
                    unlisted.Add(i);
                }
            }

            replays[i] = new ActionReplay(action, ReplayVerdict.NotReplayed) { Reason = action.Problem ?? refusal, Notes = action.Notes };
        }

        return (recipes, unlisted);
    }

    /// <summary>Replays what the working tree has the inputs of, in the order of needs.</summary>
    private static async Task FromWorkingTreeAsync(BenchSession session, ReplayRequest request, HashSet<int> unlisted, ActionReplay?[] replays, Action<string, string> progress, CancellationToken cancellationToken)
    {
        var prepared = await Matcher.PrepareAsync(request.Run, request.Receipt, cancellationToken);
        if (prepared.Plan is not { } plan)
        {
            // The mistakes are told by `cairn validate`; the reason says what was looked for.
            return;
        }

        await using var preview = await ActionPreview.OpenAsync(prepared, note => progress("", note), cancellationToken);
        var fingerprint = HostFingerprint.ReadWithPackages(HostFingerprint.Read());
        var history = new RunHistory(request.Run.ProjectDirectory);
        var byJob = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < request.Actions.Length; i++)
        {
            byJob.TryAdd(request.Actions[i].Job, i);
        }

        foreach (var job in ActionPreview.InOrder(plan, Enumerable.Range(0, plan.Jobs.Length)))
        {
            try
            {
                var isAttested = byJob.TryGetValue(job.Id.Value, out var index);
                var current = isAttested && !unlisted.Contains(index) && replays[index]?.Made is not null ? null : await preview.PrepareAsync(job, cancellationToken);
                if (isAttested && unlisted.Contains(index))
                {
                    var action = request.Actions[index];
                    var folders = new Dictionary<Digest, ImmutableArray<byte>>();
                    current!.Inputs.Visit(folders.ContainsKey, (digest, bytes) => folders[digest] = bytes);
                    replays[index] = Recipe.TryMake(RecordOf(action, history), action.Action!, action.Digest, digest => folders.TryGetValue(digest, out var bytes) ? bytes : null, fingerprint, out _) is { } recipe
                        ? await OneAsync(session, recipe, action, request.Times, made => Keep(made, session.Store), progress, cancellationToken)
                        : replays[index]! with { Reason = "its inputs are not here: the working tree has others than were attested; `cairn match` tells which" };
                }

                if (isAttested && replays[index] is { Made: { } made, Verdict: ReplayVerdict.Identical })
                {
                    preview.Assume(job, made);
                }
                else if (current is not null)
                {
                    _ = preview.TryKnow(job, current);
                }
            }
            catch (EvaluationException)
            {
                // It reads what a step told that was not replayed: its verdict says that its inputs are not here.
            }
        }
    }

    private static void Keep(Specimen made, ContentStore store)
    {
        foreach (var (path, leaf) in made.HasFailed ? [] : made.Files.ToArray())
        {
            if (leaf.Target is null && made.TryOpen(path) is FileStream file)
            {
                using (file)
                {
                    _ = store.PutFile(file.SafeFileHandle);
                }
            }
        }
    }

    /// <summary>Executes one and says what came of it.</summary>
    internal static async Task<ActionReplay> OneAsync(BenchSession session, Recipe recipe, AttestedAction action, int times, Action<Specimen>? keep, Action<string, string> progress, CancellationToken cancellationToken)
    {
        var recorded = Reproduction.WithBlobs(action.Result, session.Store);
        using var attested = recorded is null ? (Specimen)new AttestedSpecimen(action.Outputs) : new RecordedSpecimen(recorded, session.Store);
        var reproducer = new Reproducer(session.Bench, recipe, recorded, session.Store, VariationNames.All, what => progress(action.Name, what), TimeProvider.System)
        {
            Attested = attested,
            IsEager = false,
            Made = keep,
        };
        try
        {
            return VerdictOf(action, await reproducer.RunAsync(times, cancellationToken));
        }
        catch (Exception exception) when (exception is MissingInputException or SecretException or IOException)
        {
            // No room for its inputs, say: the others' verdicts stand.
            return new ActionReplay(action, ReplayVerdict.NotReplayed) { Reason = exception.Message, Notes = [.. action.Notes, .. recipe.Notes] };
        }
        finally
        {
            session.Bench.DropTrees();
        }
    }

    /// <summary>What executions that were compared come to.</summary>
    internal static ActionReplay VerdictOf(AttestedAction action, JobReproduction reproduction)
    {
        ImmutableArray<string> notes = [.. action.Notes, .. reproduction.Notes];
        if (reproduction.Verdict == ReproduceVerdict.Refused)
        {
            return new ActionReplay(action, ReplayVerdict.NotReplayed) { Reason = reproduction.Reason, Notes = notes };
        }

        // What differs among executions explains itself; one file that none of that explains is enough to ask who made it.
        var verdict = reproduction.Differences.IsEmpty ? ReplayVerdict.Identical
            : reproduction.Differences.Any(static d => d.Cause == DifferenceCause.Recorded) ? ReplayVerdict.Unexplained
            : ReplayVerdict.Nondeterministic;
        return new ActionReplay(action, verdict)
        {
            Notes = notes,
            Executions = reproduction.Executions,
            Files = reproduction.Files,
            Differences = reproduction.Differences,
            Made = reproduction.Made,
        };
    }

    private static RecordedJob RecordOf(AttestedAction action, RunHistory history)
    {
        var started = Core.RunId.TryParse(action.Run, out var run) ? history.Read(run)?.Started : null;
        return new RecordedJob(action.Run.Length > 0 ? action.Run : "replay", action.Job.Length > 0 ? action.Job : action.Name, action.Step.Length > 0 ? action.Step : action.Name, action.Digest.Hash) { Started = started };
    }

    private static ImmutableArray<byte>? ReadFolder(ContentStore store, Digest digest) => store.TryRead(digest, Core.Limits.ActionBlobBytesMax) is { } bytes ? [.. bytes] : null;

    /// <summary>Reads the files of a result in the store: the read that reaches the end says whether they are what they should be.</summary>
    private static string? TamperedBlob(AttestedAction action, ContentStore store)
    {
        foreach (var output in action.Result?.Outputs ?? [])
        {
            try
            {
                using var blob = output.Target is null ? store.TryOpen(output.Digest) : null;
                blob?.CopyTo(Stream.Null);
            }
            catch (StoreException)
            {
                return string.Create(CultureInfo.InvariantCulture, $"`{output.Path}` in the store does not have the bytes that were attested");
            }
        }

        return null;
    }
}
