using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Actions;
using Cairn.Execution;
using Cairn.Store.Content;

namespace Cairn.Engine.Reproduce;

/// <summary>
/// Executes one recipe until it is known which files differ and why. As it was recorded first, then with everything varied at once; only where something differs, one
/// variation after the other, and where none of them alone does it, sets of them by halves.
/// </summary>
/// <remarks>
/// Time passes between any two executions, so a difference alone says little. Each that could be the clock's is looked at again in two executions that begin together at
/// the beginning of a second; what differs between two of those with nothing varied differs from itself, unless a clock that stands still makes it the same.
/// </remarks>
internal sealed class Reproducer(Workbench bench, ProcessHost host, Recipe recipe, ActionResult? recorded, ContentStore store, Variations vary, Action<string> progress, TimeProvider time)
{
    // An execution of a compiler started this early in a second mostly ends within it.
    private const int EarlyMs = 60;

    private readonly SortedDictionary<string, Variations> _causes = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Variations> _together = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _itself = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _suspects = new(StringComparer.Ordinal);
    private readonly Evidence _evidence = new(bench.Scratch);
    private int _executions;

    public async Task<JobReproduction> RunAsync(int times, CancellationToken cancellationToken)
    {
        var notes = recipe.Notes.ToBuilder();
        var set = vary & Workbench.Possible(recipe);
        foreach (var name in VariationNames.Of(vary & ~set))
        {
            notes.Add($"`{name}` is not varied: {(name == "cpus" && recipe.Cpus is null ? "the machine has one processor" : "the step fixes it")}");
        }

        if (set.HasFlag(Variations.Time) && bench.FakeTimeFor(recipe) is null)
        {
            notes.Add($"`time` is varied by a second only: {(recipe.Toolchain is null ? $"install the package `{Isolation.FakeTime.Package}` for a year" : "the library that fakes it is the machine's")}");
        }

        using var kept = recorded is null ? null : new RecordedSpecimen(recorded, store);
        using var reference = await ExecuteAsync(Variations.None, null, cancellationToken);
        progress("as recorded");
        Suspect(kept, reference);
        for (var i = 1; i < times; i++)
        {
            using var again = await ExecuteAsync(Variations.None, null, cancellationToken);
            Suspect(reference, again);
        }

        if (kept is null || _suspects.Count > 0)
        {
            // Without a recorded result a single execution has nothing to be compared with.
            await FindOwnAsync(cancellationToken);
        }

        for (var i = 0; i < times && set != Variations.None; i++)
        {
            progress("all variations together");
            using var varied = await ExecuteAsync(set, null, cancellationToken);
            Suspect(reference, varied);
        }

        _suspects.ExceptWith(_itself);
        _suspects.ExceptWith(_causes.Keys);
        if (_suspects.Count > 0)
        {
            await BisectAsync(reference, set, cancellationToken);
        }

        var differences = await DifferencesAsync(cancellationToken);
        return new JobReproduction(recipe.Recorded, differences.IsEmpty ? ReproduceVerdict.Identical : ReproduceVerdict.Differs)
        {
            Notes = notes.ToImmutable(),
            Varied = set,
            ComparedWithRecord = kept is not null,
            Executions = _executions,
            Files = reference.Files.Count,
            Differences = differences,
        };
    }

    private async Task<ExecutedSpecimen> ExecuteAsync(Variations variations, string? frozenAt, CancellationToken cancellationToken)
    {
        _executions++;
        return await bench.ExecuteAsync(recipe, variations, frozenAt, cancellationToken);
    }

    private void Suspect(Specimen? first, Specimen second)
    {
        foreach (var path in first is null ? [] : Specimen.Compare(first, second))
        {
            if (_suspects.Add(path))
            {
                _evidence.Keep(path, first!, second);
            }
        }
    }

    /// <summary>Two executions that begin together, at the beginning of a second; what differs between them.</summary>
    private async Task<SortedSet<string>> PairAsync(Variations variations, string? frozenAt, Func<string, bool> keep, CancellationToken cancellationToken)
    {
        var early = time.GetUtcNow().Millisecond;
        if (early > EarlyMs && frozenAt is null)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1_001 - early), time, cancellationToken);
        }

        var one = ExecuteAsync(Variations.None, frozenAt, cancellationToken);
        var other = ExecuteAsync(variations, frozenAt, cancellationToken);
        try
        {
            await Task.WhenAll(one, other);
        }
        catch
        {
            Release(one);
            Release(other);
            throw;
        }

        using var first = await one;
        using var second = await other;
        var differing = Specimen.Compare(first, second);
        foreach (var path in differing)
        {
            if (keep(path))
            {
                _evidence.Keep(path, first, second);
            }
        }

        return differing;
    }

    private static void Release(Task<ExecutedSpecimen> execution)
    {
        if (execution.IsCompletedSuccessfully)
        {
            execution.Result.Dispose();
        }
    }

    /// <summary>Finds what differs although nothing is varied, and of that what only the clock makes differ.</summary>
    private async Task FindOwnAsync(CancellationToken cancellationToken)
    {
        progress("twice at once");
        _itself.UnionWith(await PairAsync(Variations.None, null, static _ => true, cancellationToken));
        if (_itself.Count == 0 || bench.FakeTimeFor(recipe) is null || !Workbench.Possible(recipe).HasFlag(Variations.Time))
        {
            return;
        }

        progress("twice with a clock that stands still");
        var frozen = await PairAsync(Variations.None, time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), static _ => false, cancellationToken);
        foreach (var path in _itself)
        {
            if (!frozen.Contains(path))
            {
                _causes[path] = Variations.Time;
            }
        }

        _itself.IntersectWith(frozen);
    }

    private async Task BisectAsync(Specimen reference, Variations set, CancellationToken cancellationToken)
    {
        foreach (var variation in VariationNames.Each(set))
        {
            foreach (var path in await EffectAsync(reference, variation, cancellationToken))
            {
                _causes[path] = _causes.GetValueOrDefault(path) | variation;
            }
        }

        // The rest takes several variations at once. Files that the same set explains are looked for once.
        while (Unexplained() is { } path && set != Variations.None && (await EffectAsync(reference, set, cancellationToken)).Contains(path))
        {
            var needed = set;
            var members = VariationNames.Each(needed);
            for (var size = Math.Max(1, members.Length / 2); size > 0; size /= 2)
            {
                for (var at = 0; at < members.Length && members.Length > 1;)
                {
                    var without = needed;
                    foreach (var variation in members.AsSpan(at, Math.Min(size, members.Length - at)))
                    {
                        without &= ~variation;
                    }

                    if (without != Variations.None && (await EffectAsync(reference, without, cancellationToken)).Contains(path))
                    {
                        needed = without;
                        members = VariationNames.Each(needed);
                    }
                    else
                    {
                        at += size;
                    }
                }
            }

            foreach (var same in await EffectAsync(reference, needed, cancellationToken))
            {
                if (!_causes.ContainsKey(same))
                {
                    _together.TryAdd(same, needed);
                }
            }

            // It came out of the last look by chance, or not at all; either way it has its place.
            _together.TryAdd(path, needed);
        }
    }

    private string? Unexplained()
    {
        foreach (var path in _suspects)
        {
            if (!_causes.ContainsKey(path) && !_together.ContainsKey(path))
            {
                return path;
            }
        }

        return null;
    }

    /// <summary>The suspects that a set of variations changes.</summary>
    private async Task<SortedSet<string>> EffectAsync(Specimen reference, Variations variations, CancellationToken cancellationToken)
    {
        progress(string.Join(" and ", VariationNames.Of(variations)));
        SortedSet<string> differing;
        using (var varied = await ExecuteAsync(variations, null, cancellationToken))
        {
            differing = Specimen.Compare(reference, varied);
            differing.ExceptWith(_itself);
            if (differing.Count > 0 && variations.HasFlag(Variations.Time))
            {
                foreach (var path in differing)
                {
                    KeepFor(path, reference, varied);
                }
            }
        }

        if (differing.Count > 0 && !variations.HasFlag(Variations.Time))
        {
            // Or was it the clock, which went on since the reference was made?
            var paired = await PairAsync(variations, null, path => !_itself.Contains(path) && !_causes.ContainsKey(path), cancellationToken);
            differing.IntersectWith(paired);
        }

        _suspects.UnionWith(differing);
        return differing;
    }

    private void KeepFor(string path, Specimen first, Specimen second)
    {
        if (!_causes.ContainsKey(path))
        {
            _evidence.Keep(path, first, second);
        }
    }

    private async Task<ImmutableArray<FileDifference>> DifferencesAsync(CancellationToken cancellationToken)
    {
        var paths = new SortedSet<string>(_suspects, StringComparer.Ordinal);
        paths.UnionWith(_itself);
        paths.UnionWith(_causes.Keys);
        var differences = ImmutableArray.CreateBuilder<FileDifference>(paths.Count);
        foreach (var path in paths)
        {
            var together = _together.GetValueOrDefault(path);
            var cause = _itself.Contains(path) ? DifferenceCause.Itself : _causes.ContainsKey(path) || together != Variations.None ? DifferenceCause.Varied : DifferenceCause.Unknown;
            var variations = cause != DifferenceCause.Varied ? Variations.None : _causes.TryGetValue(path, out var alone) ? alone : together;
            differences.Add(new FileDifference(path, cause, variations, cause == DifferenceCause.Varied && !_causes.ContainsKey(path), _evidence.What(path), await _evidence.ShowAsync(path, host, cancellationToken)));
        }

        return differences.ToImmutable();
    }
}
