using System.Collections.Immutable;

using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Engine.Log;

/// <summary>How a log broke its word.</summary>
public enum LogBreach
{
    /// <summary>It shows a smaller tree than before.</summary>
    Rewound,

    /// <summary>It shows another tree than before: of the same size with another root, or one that did not grow out of the one before.</summary>
    Forked,

    /// <summary>Its files do not hold what its checkpoint says.</summary>
    Tampered,

    /// <summary>Files that its checkpoint speaks of are not there.</summary>
    Missing,

    /// <summary>Nobody who is trusted signed its checkpoint.</summary>
    Unsigned,
}

/// <summary>A log that broke its word.</summary>
/// <param name="breach">In which way.</param>
/// <param name="message">In words.</param>
/// <param name="known">The checkpoint that was seen before, or null.</param>
/// <param name="seen">The checkpoint that it shows now, or null.</param>
public sealed class LogBreachException(LogBreach breach, string message, SignedNote? known = null, SignedNote? seen = null) : IOException(message)
{
    /// <summary>In which way.</summary>
    public LogBreach Breach { get; } = breach;

    /// <summary>The checkpoint that was seen before, or null.</summary>
    public SignedNote? Known { get; } = known;

    /// <summary>The checkpoint that it shows now, or null.</summary>
    public SignedNote? Seen { get; } = seen;

    /// <summary>Where both stand as evidence; null where that could not be kept.</summary>
    public string? Evidence { get; init; }
}

/// <summary>
/// Reads a log and believes nothing of it but what its checkpoints prove: each must be signed by a trusted log, and have grown out of the last one that was seen. Throws <see cref="LogBreachException"/>
/// where it did not, and <see cref="LogUnavailableException"/> where nothing can be said.
/// </summary>
/// <param name="source">Where it is read from.</param>
/// <param name="trust">Which logs are believed.</param>
/// <param name="memory">What was seen before; null for nothing, which makes every fork invisible.</param>
/// <param name="time">The clock.</param>
public sealed class LogReader(ILogSource source, LogTrust trust, LogMemory? memory, TimeProvider time)
{
    private const int TilesAtOnce = 8;

    /// <summary>Where it is read from.</summary>
    public ILogSource Source { get; } = source;

    /// <summary>Reads the checkpoint without holding it against what was seen before, and without remembering it.</summary>
    public async Task<JudgedCheckpoint> PeekAsync(CancellationToken cancellationToken)
    {
        var bytes = await Source.ReadCheckpointAsync(cancellationToken).ConfigureAwait(false);
        if (SignedNote.TryParse(bytes, out var problem) is not { } note)
        {
            throw new LogBreachException(LogBreach.Unsigned, $"The checkpoint of {Source.Place} is no signed note: {problem}");
        }

        return trust.Judge(note, time.GetUtcNow(), out problem) ?? throw new LogBreachException(LogBreach.Unsigned, $"The checkpoint of {Source.Place} is not believed: {problem}", seen: note);
    }

    /// <summary>Reads the checkpoint, holds it against the last one, and remembers it.</summary>
    public async Task<JudgedCheckpoint> RefreshAsync(CancellationToken cancellationToken)
    {
        var seen = await PeekAsync(cancellationToken).ConfigureAwait(false);
        if (memory is null)
        {
            return seen;
        }

        using var held = await memory.LockAsync(seen.Log.Origin, time, cancellationToken).ConfigureAwait(false);
        if (memory.Last(seen.Log.Origin) is { } known)
        {
            if (Checkpoint.TryParse(known.Text, out _)!.Size > seen.Checkpoint.Size)
            {
                // Somebody may have seen it grow since this one was read: what counts is what it shows now that nobody else remembers anything of it.
                var again = await PeekAsync(cancellationToken).ConfigureAwait(false);
                seen = again.Log.Origin == seen.Log.Origin ? again : seen;
            }

            await HoldAgainstAsync(known, seen, cancellationToken).ConfigureAwait(false);
        }

        memory.Remember(seen.Log.Origin, seen.Note);
        return seen;
    }

    /// <summary>Asks a question to the tree of a checkpoint, from the tiles that it takes. What it answers from wrong tiles does not hold against the root.</summary>
    /// <param name="size">The size of the tree.</param>
    /// <param name="question">The question: <c>tree =&gt; InclusionProof.Make(tree, 7)</c>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<T> AskAsync<T>(long size, Func<TileTree, T> question, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(question);
        var tiles = await FetchAsync(TileTree.TilesFor(size, tree => _ = question(tree)), cancellationToken).ConfigureAwait(false);
        return question(new TileTree(tiles, size));
    }

    /// <summary>Reads tiles, several at once.</summary>
    public async Task<ITileSource> FetchAsync(ImmutableArray<TilePath> tiles, CancellationToken cancellationToken)
    {
        var fetched = new byte[tiles.Length][];
        using var free = new SemaphoreSlim(TilesAtOnce);
        await Task.WhenAll(Enumerable.Range(0, tiles.Length).Select(async i =>
        {
            await free.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                fetched[i] = await Source.ReadTileAsync(tiles[i], cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                free.Release();
            }
        })).ConfigureAwait(false);
        var all = new Fetched();
        for (var i = 0; i < tiles.Length; i++)
        {
            if (fetched[i].Length != tiles[i].Bytes)
            {
                throw new LogBreachException(LogBreach.Tampered, $"`{tiles[i]}` of {Source.Place} has {fetched[i].Length} bytes, not {tiles[i].Bytes}");
            }

            all.Tiles[tiles[i]] = fetched[i];
        }

        return all;
    }

    /// <summary>The edge of the tree of a checkpoint, which its root proves.</summary>
    public async Task<TreeEdge> EdgeAsync(Checkpoint checkpoint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        var needed = new Recorder();
        _ = TreeEdge.Read(needed, checkpoint.Size);
        var edge = TreeEdge.Read(await FetchAsync([.. needed.Tiles], cancellationToken).ConfigureAwait(false), checkpoint.Size);
        return edge.Root() == MerkleHash.Read(checkpoint.Root.AsSpan()) ? edge : throw new LogBreachException(LogBreach.Tampered, $"The tiles of {Source.Place} do not hold what its checkpoint of {checkpoint.Size} entries says");
    }

    /// <summary>Reads the entries from a place up to the end of a tree, as they stand; what they are is proved by whoever hashes them all.</summary>
    /// <param name="from">The first.</param>
    /// <param name="size">The size of the tree.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<(long Index, byte[] Leaf)> EntriesAsync(long from, long size, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var at = from; at < size;)
        {
            var tile = TilePath.Holding(TilePath.EntriesLevel, at, size);
            var bundle = await Source.ReadTileAsync(tile, cancellationToken).ConfigureAwait(false);
            if (EntryBundle.TrySplit(bundle, tile.Width) is not { } places)
            {
                throw new LogBreachException(LogBreach.Tampered, $"`{tile}` of {Source.Place} has not {tile.Width} entries");
            }

            for (var i = (int)(at & (TilePath.WidthMax - 1)); i < places.Length; i++, at++)
            {
                yield return (at, bundle[places[i]]);
            }
        }
    }

    /// <summary>Holds a checkpoint against one that was seen before, both of one log. Throws where it has not grown out of that.</summary>
    public async Task HoldAgainstAsync(SignedNote known, JudgedCheckpoint seen, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(known);
        ArgumentNullException.ThrowIfNull(seen);
        var before = Checkpoint.TryParse(known.Text, out _)!;
        var (old, now) = (MerkleHash.Read(before.Root.AsSpan()), MerkleHash.Read(seen.Checkpoint.Root.AsSpan()));
        if (seen.Checkpoint.Size < before.Size)
        {
            throw Breach(LogBreach.Rewound, $"The log `{before.Origin}` had {before.Size} entries when it was seen last, and shows {seen.Checkpoint.Size} now at {Source.Place}", known, seen.Note);
        }

        if (seen.Checkpoint.Size == before.Size)
        {
            if (old != now)
            {
                throw Breach(LogBreach.Forked, $"The log `{before.Origin}` shows two trees of {before.Size} entries: one seen before, another one now at {Source.Place}", known, seen.Note);
            }

            return;
        }

        if (before.Size == 0)
        {
            return;
        }

        var proof = await AskAsync(seen.Checkpoint.Size, tree => ConsistencyProof.Make(tree, before.Size), cancellationToken).ConfigureAwait(false);
        if (proof.Verifies(old, now))
        {
            return;
        }

        // Wrong tiles under a right checkpoint, or a checkpoint of another history: the tiles lead to the new root, or they do not.
        var root = await AskAsync(seen.Checkpoint.Size, static tree => tree.Root(), cancellationToken).ConfigureAwait(false);
        throw root == now
            ? Breach(LogBreach.Forked, $"The log `{before.Origin}` shows {seen.Checkpoint.Size} entries at {Source.Place}, which did not grow out of the {before.Size} that were seen before", known, seen.Note)
            : Breach(LogBreach.Tampered, $"The tiles of {Source.Place} do not hold what its checkpoint of {seen.Checkpoint.Size} entries says", known, seen.Note);
    }

    private LogBreachException Breach(LogBreach breach, string message, SignedNote known, SignedNote seen)
    {
        var origin = Checkpoint.TryParse(known.Text, out _)!.Origin;
        return new LogBreachException(breach, message, known, seen) { Evidence = breach == LogBreach.Tampered ? null : memory?.KeepEvidence(origin, known, seen) };
    }

    private sealed class Fetched : ITileSource
    {
        public Dictionary<TilePath, byte[]> Tiles { get; } = [];

        public ReadOnlyMemory<byte> ReadTile(TilePath tile) => Tiles.TryGetValue(tile, out var bytes) ? bytes : throw new InvalidOperationException($"`{tile}` was not asked for");
    }

    private sealed class Recorder : ITileSource
    {
        public List<TilePath> Tiles { get; } = [];

        public ReadOnlyMemory<byte> ReadTile(TilePath tile)
        {
            Tiles.Add(tile);
            return new byte[tile.Bytes];
        }
    }
}
