using System.Collections.Immutable;

using Cairn.Engine.Log;
using Cairn.Store.Log;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;

namespace Cairn.Cli.Logs;

/// <summary>An entry as commands list it.</summary>
/// <param name="Sequence">Where it stands.</param>
/// <param name="Leaf">Its bytes.</param>
/// <param name="Time">When it was appended; null where only the log's own machine knows.</param>
internal sealed record ListedEntry(long Sequence, byte[] Leaf, DateTimeOffset? Time)
{
    /// <summary>What it says of an envelope; null where it is none of one.</summary>
    public LogEntry? Entry { get; } = LogEntry.TryRead(Leaf, out _);

    /// <summary>Its hash in a column.</summary>
    public string? HashOf(LogColumn column) => column switch
    {
        LogColumn.Bundle => Entry?.EnvelopeHash,
        LogColumn.Attestation => Entry?.PayloadHash,
        LogColumn.Action => Entry?.Action,
        _ => Entry?.Outputs,
    };
}

/// <summary>A log that commands ask: the machine's own, with its listing; or one in a folder or on a server, which is believed only as far as its signed checkpoint proves.</summary>
internal abstract class AskedLog : IDisposable
{
    /// <summary>What it is called in a sentence.</summary>
    public abstract string Name { get; }

    /// <summary>What else the command line must say to ask the same log, with a blank before it.</summary>
    public virtual string Option => "";

    /// <summary>Its newest checkpoint, as it was signed.</summary>
    public abstract SignedNote Note { get; }

    /// <summary>What that says.</summary>
    public abstract Checkpoint Checkpoint { get; }

    /// <summary>Its keys.</summary>
    public abstract ImmutableArray<NoteVerifier> Keys { get; }

    /// <summary>Where a leaf stands; null where it does not.</summary>
    public abstract Task<long?> FindAsync(MerkleHash leaf, CancellationToken cancellationToken);

    /// <summary>Proves that an entry stands there.</summary>
    public abstract Task<TlogProof> ProveAsync(long index, CancellationToken cancellationToken);

    /// <summary>Proves that the log has only grown since it had a size.</summary>
    public abstract Task<ConsistencyProof> ProveGrowthAsync(long size, CancellationToken cancellationToken);

    /// <summary>The entries, the newest first.</summary>
    public abstract IAsyncEnumerable<ListedEntry> NewestAsync(CancellationToken cancellationToken);

    /// <summary>Entries with a hash that begins so in one of some columns, the newest first.</summary>
    public abstract IAsyncEnumerable<ListedEntry> SearchAsync(ImmutableArray<LogColumn> columns, string prefix, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>The machine's own log.</summary>
internal sealed class OwnLog : AskedLog
{
    private readonly LogFolder _log;

    /// <summary>Asks a log. Throws <see cref="LogException"/> where it has no checkpoint.</summary>
    public OwnLog(LogFolder log)
    {
        _log = log;
        (Note, Checkpoint) = log.ReadCheckpoint();
    }

    public override string Name => "the machine's log";

    public override SignedNote Note { get; }

    public override Checkpoint Checkpoint { get; }

    public override ImmutableArray<NoteVerifier> Keys => [.. (_log.Settings?.Keys ?? []).Select(static k => k.Key)];

    public override Task<long?> FindAsync(MerkleHash leaf, CancellationToken cancellationToken) => Task.FromResult(_log.Find(leaf, Checkpoint.Size));

    public override Task<TlogProof> ProveAsync(long index, CancellationToken cancellationToken) => Task.FromResult(TlogProof.Of(InclusionProof.Make(new TileTree(_log.Tiles, Checkpoint.Size), index), Note));

    public override Task<ConsistencyProof> ProveGrowthAsync(long size, CancellationToken cancellationToken) => Task.FromResult(ConsistencyProof.Make(new TileTree(_log.Tiles, Checkpoint.Size), size));

    public override IAsyncEnumerable<ListedEntry> NewestAsync(CancellationToken cancellationToken) => Newest().ToAsyncEnumerable();

    public override IAsyncEnumerable<ListedEntry> SearchAsync(ImmutableArray<LogColumn> columns, string prefix, CancellationToken cancellationToken) =>
        columns.SelectMany(c => _log.Search(c, prefix, Checkpoint.Size)).DistinctBy(static r => r.Sequence).OrderByDescending(static r => r.Sequence).Select(Listed).ToAsyncEnumerable();

    public override void Dispose() => _log.Dispose();

    private IEnumerable<ListedEntry> Newest()
    {
        for (var i = Checkpoint.Size - 1; i >= 0; i--)
        {
            yield return Listed(_log.FindRow(i) ?? throw new LogException(LogProblem.Corrupt, $"The listing of the log has no row {i}", "`cairn log fsck --repair` makes it anew"));
        }
    }

    private ListedEntry Listed(LogRow row) => new(row.Sequence, _log.ReadLeaf(row.Sequence, Checkpoint.Size), row.Time);
}

/// <summary>A log in a folder or on a server.</summary>
internal sealed class ReadLog : AskedLog
{
    private readonly string _place;
    private readonly LogReader _reader;
    private readonly LogLookup _lookup;

    private ReadLog(string place, LogReader reader, LogLookup lookup) => (_place, _reader, _lookup) = (place, reader, lookup);

    public override string Name => $"the log at {_reader.Source.Place}";

    public override string Option => $" --log {_place}";

    public override SignedNote Note => _lookup.Seen.Note;

    public override Checkpoint Checkpoint => _lookup.Seen.Checkpoint;

    public override ImmutableArray<NoteVerifier> Keys => _lookup.Seen.Log.Keys;

    /// <summary>Reads the checkpoint, and holds it against the last one that was seen. The reader's source is this one's to dispose of.</summary>
    /// <param name="place">What the user named.</param>
    /// <param name="reader">What reads it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<ReadLog> OpenAsync(string place, LogReader reader, CancellationToken cancellationToken) =>
        new(place, reader, new LogLookup(reader, await reader.RefreshAsync(cancellationToken)));

    public override Task<long?> FindAsync(MerkleHash leaf, CancellationToken cancellationToken) => _lookup.FindAsync(leaf, cancellationToken);

    public override Task<TlogProof> ProveAsync(long index, CancellationToken cancellationToken) => _lookup.ProveAsync(index, cancellationToken);

    public override Task<ConsistencyProof> ProveGrowthAsync(long size, CancellationToken cancellationToken) => _reader.AskAsync(Checkpoint.Size, tree => ConsistencyProof.Make(tree, size), cancellationToken);

    public override IAsyncEnumerable<ListedEntry> NewestAsync(CancellationToken cancellationToken) => _lookup.NewestAsync(cancellationToken).Select(static e => new ListedEntry(e.Index, e.Leaf, Time: null));

    public override IAsyncEnumerable<ListedEntry> SearchAsync(ImmutableArray<LogColumn> columns, string prefix, CancellationToken cancellationToken) =>
        NewestAsync(cancellationToken).Where(e => columns.Any(c => e.HashOf(c)?.StartsWith(prefix, StringComparison.Ordinal) == true));

    public override void Dispose() => _reader.Source.Dispose();
}
