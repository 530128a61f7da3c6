using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Store.Content;

namespace Cairn.Engine.Reproduce;

/// <summary>Executes one recipe as it was recorded and with everything varied at once, and has the causes searched only where something differs.</summary>
internal sealed class Reproducer(IBench bench, Recipe recipe, ActionResult? recorded, ContentStore? store, Variations vary, Action<string> progress, TimeProvider time)
{
    private readonly Evidence _evidence = new(bench);

    /// <summary>What is compared with where there is no recorded result; null for none.</summary>
    public Specimen? Attested { get; init; }

    /// <summary>Given the first execution, while its files can be read; null where nobody wants them.</summary>
    public Action<Specimen>? Made { get; init; }

    /// <summary>Whether something is varied although nothing differs yet.</summary>
    public bool IsEager { get; init; } = true;

    private TimeSpan _longest = Limits.ReproducedMax(recorded?.Resources.WallMs ?? double.MaxValue);
    private int _executions;

    public async Task<JobReproduction> RunAsync(int times, CancellationToken cancellationToken)
    {
        var notes = recipe.Notes.ToBuilder();
        var possible = Workbench.Possible(recipe);
        var set = vary & possible;
        var movesClocks = bench.MovesClocks && recipe.Toolchain is null;
        foreach (var name in VariationNames.Of(IsEager ? vary & ~set : Variations.None))
        {
            notes.Add($"`{name}` is not varied: {(name == "cpus" && recipe.Cpus is null ? "the machine has one processor" : "the step fixes it")}");
        }

        if (IsEager && set.HasFlag(Variations.Time) && !movesClocks)
        {
            var why = recipe.Toolchain is null ? $"install the package `{Isolation.FakeTime.Package}` for a year" : "the library that moves clocks is the machine's, which a toolchain hides";
            notes.Add($"`time` is varied by a second only, and may be taken for chance: {why}");
        }

        using var kept = Attested ?? (recorded is null ? null : (Specimen)new RecordedSpecimen(recorded, store));
        using var reference = await ExecuteAsync(Variations.None, null, cancellationToken);
        progress("as recorded");
        Made?.Invoke(reference);
        if (kept is null && reference.HasFailed)
        {
            return new JobReproduction(recipe.Recorded, ReproduceVerdict.Refused)
            {
                Reason = $"it fails here ({reference.Failure}), and its result is not in the store: there is nothing to compare with",
                Notes = notes.ToImmutable(),
                Executions = _executions,
            };
        }

        _longest = Limits.ReproducedMax(reference.Wall.TotalMilliseconds);
        using var search = new CauseSearch(ExecuteAsync, _evidence, progress, time);
        var fromRecord = kept is null ? [] : search.Compare(kept, reference);
        for (var i = 1; i < times; i++)
        {
            using var again = await ExecuteAsync(Variations.None, null, cancellationToken);
            search.Compare(reference, again);
        }

        for (var i = 0; i < times && set != Variations.None && IsEager; i++)
        {
            progress("all variations together");
            using var varied = await ExecuteAsync(set, null, cancellationToken);
            search.Compare(reference, varied);
        }

        // Without a recorded result a single execution has nothing to be compared with.
        if (kept is null || search.Suspects.Count > 0)
        {
            await search.RunAsync(reference, set, movesClocks && possible.HasFlag(Variations.Time), cancellationToken);
        }

        if (reference.Count == 0 && !reference.HasFailed)
        {
            notes.Add("it makes no outputs: only that it succeeds was compared");
        }

        var differences = await DifferencesAsync(search, fromRecord, cancellationToken);
        return new JobReproduction(recipe.Recorded, differences.IsEmpty ? ReproduceVerdict.Identical : ReproduceVerdict.Differs)
        {
            Notes = notes.ToImmutable(),
            Varied = IsEager || search.Suspects.Count > 0 ? set : Variations.None,
            Made = reference.ToResult(recipe.Digest),
            ComparedWithRecord = kept is not null,
            Executions = _executions,
            Files = reference.Count,
            Differences = differences,
        };
    }

    private async Task<Specimen> ExecuteAsync(Variations variations, long? frozenAt, CancellationToken cancellationToken)
    {
        _executions++;
        return await bench.ExecuteAsync(recipe, new Conditions(variations, frozenAt, _longest), cancellationToken);
    }

    private async Task<ImmutableArray<FileDifference>> DifferencesAsync(CauseSearch search, SortedSet<string> fromRecord, CancellationToken cancellationToken)
    {
        var differences = ImmutableArray.CreateBuilder<FileDifference>(search.Suspects.Count);
        foreach (var path in search.Suspects)
        {
            var (cause, variations, together) = search.Of(path);
            cause = cause == DifferenceCause.Unknown && fromRecord.Contains(path) ? DifferenceCause.Recorded : cause;
            differences.Add(new FileDifference(path, cause, variations, together, _evidence.What(path), await _evidence.ShowAsync(path, cancellationToken)));
        }

        return differences.DrainToImmutable();
    }
}
