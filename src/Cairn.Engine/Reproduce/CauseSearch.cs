using System.Collections.Immutable;

namespace Cairn.Engine.Reproduce;

/// <summary>
/// Finds why files differ: by chance, with the clock, or with variations. Nothing is blamed for what chance or the clock may have done, so that everything is seen more than once,
/// beside executions with nothing varied.
/// </summary>
/// <remarks>
/// Where clocks can be made to stand still, they do in all executions that are compared: then a difference is chance or what was varied, the time among it, and whatever
/// differs once with nothing varied is chance. Elsewhere executions are compared that begin together at the beginning of a second, always two with nothing varied among them: where those
/// differ, as when a second passes between what they do, nothing is learned of that file.
/// </remarks>
/// <param name="execute">Executes with something varied, and a clock that stands still or goes.</param>
/// <param name="evidence">Takes what shows a difference.</param>
/// <param name="progress">Told what is executed.</param>
/// <param name="time">The clock.</param>
internal sealed class CauseSearch(Func<Variations, long?, CancellationToken, Task<Specimen>> execute, Evidence evidence, Action<string> progress, TimeProvider time) : IDisposable
{
    // An execution of a compiler started this early in a second mostly ends within it.
    private const int EarlyMs = 60;
    private const int OwnPairsMax = 3;
    private const int OwnPairsMin = 2;
    private const int FrozenRounds = 2;
    private const int Rounds = 3;

    private readonly SortedSet<string> _suspects = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _itself = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Variations> _causes = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Variations> _together = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _own = new(StringComparer.Ordinal);
    private int _ownPairs;
    private Specimen? _still;
    private long? _frozenAt;

    /// <summary>All that differed.</summary>
    public IReadOnlySet<string> Suspects => _suspects;

    /// <summary>Notes a difference between two executions, or between one and the record; the paths.</summary>
    public SortedSet<string> Compare(Specimen first, Specimen second)
    {
        var differing = Specimen.Compare(first, second);
        foreach (var path in differing)
        {
            if (_suspects.Add(path))
            {
                evidence.Keep(path, first, second);
            }
        }

        return differing;
    }

    /// <summary>Searches.</summary>
    /// <param name="reference">An execution with nothing varied.</param>
    /// <param name="set">What may be varied.</param>
    /// <param name="movesClock">Whether the clock can be made to stand still.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(Specimen reference, Variations set, bool movesClock, CancellationToken cancellationToken)
    {
        await FindOwnAsync(cancellationToken);
        if (_suspects.Count == 0)
        {
            return;
        }

        if (movesClock)
        {
            await FreezeAsync(reference, cancellationToken);
        }

        foreach (var (path, times) in _own)
        {
            // With a clock that goes, what differs always is chance; what differs at times may be a second that passed.
            if (_frozenAt is null && times == _ownPairs)
            {
                _itself.Add(path);
            }
        }

        if (!_suspects.IsSubsetOf(_itself))
        {
            await TryEachAsync(reference, set, cancellationToken);
            await TryTogetherAsync(reference, set, cancellationToken);
        }

        foreach (var (path, times) in _own)
        {
            if (_itself.Contains(path) || _causes.GetValueOrDefault(path).HasFlag(Variations.Time))
            {
                continue;
            }

            // It never differed with a clock that stood still.
            if (_frozenAt is not null && times == _ownPairs)
            {
                _causes[path] = _causes.GetValueOrDefault(path) | Variations.Time;
            }
            else
            {
                _itself.Add(path);
            }
        }
    }

    /// <summary>What was found of a path: its cause; the variations, and whether only all of them do it.</summary>
    public (DifferenceCause Cause, Variations Variations, bool Together) Of(string path) =>
        _itself.Contains(path) ? (DifferenceCause.Itself, Variations.None, false)
        : _causes.TryGetValue(path, out var alone) ? (DifferenceCause.Varied, alone, false)
        : _together.TryGetValue(path, out var together) ? (DifferenceCause.Varied, together, true)
        : (DifferenceCause.Unknown, Variations.None, false);

    public void Dispose() => _still?.Dispose();

    /// <summary>Executes several times at once: from the beginning of a second, unless the clock stands still.</summary>
    private async Task<Specimen[]> TogetherAsync(CancellationToken cancellationToken, params ImmutableArray<Variations> sets)
    {
        var early = time.GetUtcNow().Millisecond;
        if (early > EarlyMs && _frozenAt is null)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1_001 - early), time, cancellationToken);
        }

        var executions = new Task<Specimen>[sets.Length];
        for (var i = 0; i < executions.Length; i++)
        {
            executions[i] = execute(sets[i], _frozenAt, cancellationToken);
        }

        try
        {
            return await Task.WhenAll(executions);
        }
        catch
        {
            foreach (var execution in executions)
            {
                if (execution.IsCompletedSuccessfully)
                {
                    (await execution).Dispose();
                }
            }

            throw;
        }
    }

    private static void Release(Specimen[] specimens)
    {
        foreach (var specimen in specimens)
        {
            specimen.Dispose();
        }
    }

    /// <summary>Finds what differs although nothing is varied. Without suspects one look must do.</summary>
    private async Task FindOwnAsync(CancellationToken cancellationToken)
    {
        progress("twice at once");
        var pairs = _suspects.Count == 0 ? 1 : OwnPairsMax;
        while (_ownPairs < pairs && !(_ownPairs >= OwnPairsMin && _suspects.IsSubsetOf(_own.Keys)))
        {
            _ownPairs++;
            var pair = await TogetherAsync(cancellationToken, Variations.None, Variations.None);
            foreach (var path in Specimen.Compare(pair[0], pair[1]))
            {
                _own[path] = _own.GetValueOrDefault(path) + 1;
                _suspects.Add(path);
                evidence.Keep(path, pair[0], pair[1]);
                pairs = OwnPairsMax;
            }

            Release(pair);
        }
    }

    /// <summary>Makes the clock stand still from here on, if the step takes that; what differs even so is chance.</summary>
    private async Task FreezeAsync(Specimen reference, CancellationToken cancellationToken)
    {
        progress("with a clock that stands still");
        var at = time.GetUtcNow().ToUnixTimeSeconds();
        var still = await execute(Variations.None, at, cancellationToken);
        if (still.HasFailed != reference.HasFailed)
        {
            still.Dispose();
            return;
        }

        (_still, _frozenAt) = (still, at);
        for (var i = 0; i < OwnPairsMax && !_itself.IsSupersetOf(_own.Keys); i++)
        {
            var pair = await TogetherAsync(cancellationToken, Variations.None, Variations.None);
            foreach (var specimen in pair)
            {
                NoteOwn(specimen);
            }

            Release(pair);
        }
    }

    /// <summary>What an execution with nothing varied makes otherwise than the one before, under a clock that stood still in both.</summary>
    private SortedSet<string> NoteOwn(Specimen specimen)
    {
        var own = Specimen.Compare(_still!, specimen);
        foreach (var path in own)
        {
            if (_itself.Add(path))
            {
                _suspects.Add(path);
                evidence.Keep(path, _still!, specimen);
            }
        }

        return own;
    }

    private async Task TryEachAsync(Specimen reference, Variations set, CancellationToken cancellationToken)
    {
        foreach (var variation in VariationNames.Each(set))
        {
            foreach (var path in await ConfirmAsync(variation, await LookAsync(reference, variation, cancellationToken), cancellationToken))
            {
                _causes[path] = _causes.GetValueOrDefault(path) | variation;
            }
        }
    }

    /// <summary>The rest takes several variations at once, or was chance. Files that the same variations explain are looked for once.</summary>
    private async Task TryTogetherAsync(Specimen reference, Variations set, CancellationToken cancellationToken)
    {
        var rest = Unexplained();
        if (rest.Count == 0 || VariationNames.Each(set).Length < 2)
        {
            return;
        }

        rest.IntersectWith(await LookAsync(reference, set, cancellationToken));
        while (rest.Min is { } path)
        {
            var needed = await NarrowAsync(reference, set, path, cancellationToken);
            var alone = VariationNames.Each(needed).Length == 1;
            foreach (var same in await ConfirmAsync(needed, rest, cancellationToken))
            {
                (alone ? _causes : _together)[same] = needed;
            }

            // Where it was not seen again, it came by chance.
            rest.Remove(path);
            rest.IntersectWith(Unexplained());
        }
    }

    /// <summary>Leaves variations out by halves as long as a path still differs.</summary>
    private async Task<Variations> NarrowAsync(Specimen reference, Variations set, string path, CancellationToken cancellationToken)
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

                if (without != Variations.None && (await LookAsync(reference, without, cancellationToken)).Contains(path))
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

        return needed;
    }

    private SortedSet<string> Unexplained()
    {
        var rest = new SortedSet<string>(_suspects, StringComparer.Ordinal);
        rest.ExceptWith(_itself);
        rest.ExceptWith(_causes.Keys);
        rest.ExceptWith(_together.Keys);
        return rest;
    }

    /// <summary>What differs in one execution with something varied: a hint.</summary>
    private async Task<SortedSet<string>> LookAsync(Specimen reference, Variations variations, CancellationToken cancellationToken)
    {
        progress(string.Join(" and ", VariationNames.Of(variations)));
        SortedSet<string> differing;
        using (var varied = await execute(variations, _frozenAt, cancellationToken))
        {
            differing = _still is null ? Specimen.Compare(reference, varied) : Compare(_still, varied);
        }

        differing.ExceptWith(_itself);
        if (differing.Count > 0 && _still is null && !variations.HasFlag(Variations.Time))
        {
            // Or was it the clock, which went on since the reference was made?
            var pair = await TogetherAsync(cancellationToken, Variations.None, variations);
            differing.IntersectWith(Specimen.Compare(pair[0], pair[1]));
            Release(pair);
        }

        return differing;
    }

    /// <summary>Those paths that differ each time when something is varied, and are the same when nothing is.</summary>
    private async Task<List<string>> ConfirmAsync(Variations variations, SortedSet<string> differing, CancellationToken cancellationToken)
    {
        var confirmed = new List<string>();
        var seen = differing.ToDictionary(static p => p, static _ => 0, StringComparer.Ordinal);
        var rounds = _still is null ? Rounds : FrozenRounds;
        for (var round = 0; round < 2 * rounds && seen.Count > 0; round++)
        {
            var specimens = _still is null
                ? await TogetherAsync(cancellationToken, Variations.None, Variations.None, variations)
                : await TogetherAsync(cancellationToken, Variations.None, variations);
            var own = _still is null ? Specimen.Compare(specimens[0], specimens[1]) : NoteOwn(specimens[0]);
            var changed = Specimen.Compare(specimens[0], specimens[^1]);
            foreach (var path in seen.Keys.ToArray())
            {
                if (own.Contains(path))
                {
                    // Chance, or a second that passed: then another round may tell.
                    _ = _still is not null && seen.Remove(path);
                }
                else if (!changed.Contains(path))
                {
                    seen.Remove(path);
                }
                else if (++seen[path] == rounds)
                {
                    seen.Remove(path);
                    confirmed.Add(path);
                    if (!_causes.ContainsKey(path))
                    {
                        evidence.Keep(path, specimens[0], specimens[^1]);
                    }
                }
            }

            Release(specimens);
        }

        _suspects.UnionWith(confirmed);
        return confirmed;
    }
}
