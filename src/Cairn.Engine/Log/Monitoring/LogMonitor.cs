using System.Collections.Immutable;

using Cairn.Store.Files;
using Cairn.Trust.Checks;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Engine.Log.Monitoring;

/// <summary>
/// Follows logs: reads every entry once, hashes it, and holds the root that this makes against the checkpoint. So an entry that was changed, left out or added later is seen, whatever the tiles say.
/// What it has seen of each log is kept, and only what is new is read the next time. One process at a time has a monitor's state.
/// </summary>
public sealed class LogMonitor : IDisposable
{
    /// <summary>The name of its folder in a user's state.</summary>
    public const string FolderName = "monitor";

    private readonly LogMemory _memory;
    private readonly KnownActions _actions;
    private readonly FileLock _held;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, string> _origins = new(StringComparer.Ordinal);

    private LogMonitor(LogMemory memory, KnownActions actions, FileLock held, TimeProvider time) => (_memory, _actions, _held, _time) = (memory, actions, held, time);

    /// <summary>What to look for.</summary>
    public ImmutableArray<MonitorWatch> Watches { get; init; } = [];

    /// <summary>Statements that the monitor has, by the hash of their payload: logs have only hashes.</summary>
    public IReadOnlyDictionary<string, Statement> Statements { get; init; } = ImmutableDictionary<string, Statement>.Empty;

    /// <summary>Opens a monitor's state; null where another process has it. Throws <see cref="IOException"/>.</summary>
    /// <param name="folder">The state.</param>
    /// <param name="watches">What to look for.</param>
    /// <param name="statements">Statements that are known, by the hash of their payload.</param>
    /// <param name="time">The clock.</param>
    public static LogMonitor? TryOpen(string folder, ImmutableArray<MonitorWatch> watches, IReadOnlyDictionary<string, Statement> statements, TimeProvider time)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return FileLock.TryAcquire(Path.Combine(folder, "lock"), "cairn monitor") is { } held
            ? new LogMonitor(new LogMemory(folder), KnownActions.Open(Path.Combine(folder, "actions")), held, time) { Watches = watches, Statements = statements }
            : null;
    }

    /// <summary>Reads what is new of a log; what there is to say of it.</summary>
    /// <param name="source">The log.</param>
    /// <param name="trust">Which logs are believed.</param>
    /// <param name="cancellationToken">Ends it; nothing of this time is kept then.</param>
    public async Task<IReadOnlyList<MonitorFinding>> FollowAsync(ILogSource source, LogTrust trust, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        try
        {
            return await ReadAsync(new LogReader(source, trust, _memory, _time), cancellationToken).ConfigureAwait(false);
        }
        catch (LogBreachException breach)
        {
            return [new MonitorFinding.Broke(source.Place, breach)];
        }
        catch (LogUnavailableException exception)
        {
            return [new MonitorFinding.Unreachable(source.Place, exception.Message)];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _actions.Dispose();
        _held.Dispose();
    }

    private async Task<IReadOnlyList<MonitorFinding>> ReadAsync(LogReader reader, CancellationToken cancellationToken)
    {
        var seen = await reader.PeekAsync(cancellationToken).ConfigureAwait(false);
        var origin = seen.Log.Origin;
        _origins[KnownActions.ShortOf(origin)] = origin;
        using var held = await _memory.LockAsync(origin, _time, cancellationToken).ConfigureAwait(false);
        var edge = new TreeEdge();
        if (_memory.Last(origin) is { } known)
        {
            await reader.HoldAgainstAsync(known, seen, cancellationToken).ConfigureAwait(false);
            if (Checkpoint.TryParse(known.Text, out _)!.Size == seen.Checkpoint.Size)
            {
                return [new MonitorFinding.Followed(reader.Source.Place, seen.Checkpoint, 0)];
            }

            edge = await reader.EdgeAsync(Checkpoint.TryParse(known.Text, out _)!, cancellationToken).ConfigureAwait(false);
        }

        // Of each entry is kept what it may be told for, and no more: a log of millions is read in one go.
        var first = edge.Size;
        var made = new List<(long Index, MerkleHash Action, MerkleHash Outputs)>();
        var watched = new List<MonitorFinding>();
        await foreach (var (index, leaf) in reader.EntriesAsync(first, seen.Checkpoint.Size, cancellationToken).ConfigureAwait(false))
        {
            edge.Append(MerkleHash.Leaf(leaf), static (_, _) => { });
            if (LogEntry.TryRead(leaf, out _) is { } entry)
            {
                if (entry is { Action: { } action, Outputs: { } outputs })
                {
                    made.Add((index, MerkleHash.Read(Convert.FromHexString(action)), MerkleHash.Read(Convert.FromHexString(outputs))));
                }

                Watch(reader.Source.Place, index, entry, watched);
            }
        }

        if (edge.Root() != MerkleHash.Read(seen.Checkpoint.Root.AsSpan()))
        {
            throw new LogBreachException(LogBreach.Tampered, $"The entries of {reader.Source.Place} do not hold what its checkpoint of {seen.Checkpoint.Size} entries says", seen: seen.Note);
        }

        var findings = new List<MonitorFinding>();
        foreach (var (index, action, outputs) in made)
        {
            if (_actions.Add(action, outputs, origin, index) is { } before)
            {
                findings.Add(new MonitorFinding.Differs(reader.Source.Place, index, action.ToString(), outputs.ToString(), before with { Log = _origins.GetValueOrDefault(before.Log, before.Log) }));
            }
        }

        findings.AddRange(watched);

        // In this order: what a crash loses in between is read and found again.
        _actions.Save();
        _memory.Remember(origin, seen.Note);
        findings.Add(new MonitorFinding.Followed(reader.Source.Place, seen.Checkpoint, seen.Checkpoint.Size - first));
        return findings;
    }

    private void Watch(string place, long index, LogEntry entry, List<MonitorFinding> findings)
    {
        var keyId = Watches.Length > 0 ? entry.KeyOf()?.Id ?? "" : "";
        foreach (var watch in Watches)
        {
            if (IsSeen(watch, entry, keyId))
            {
                findings.Add(new MonitorFinding.Watched(place, index, entry.PayloadHash, keyId, watch));
            }
        }
    }

    private bool IsSeen(MonitorWatch watch, LogEntry entry, string keyId)
    {
        var statement = watch.Kind >= MonitorWatchKind.Builder && Statements.TryGetValue(entry.PayloadHash, out var found) ? found : null;
        return watch.Kind switch
        {
            MonitorWatchKind.Key => Begins(keyId),
            MonitorWatchKind.Attestation => Begins(entry.PayloadHash),
            MonitorWatchKind.Action => Begins(entry.Action),
            MonitorWatchKind.Outputs => Begins(entry.Outputs),
            MonitorWatchKind.Builder => ClaimsOf(statement)?.Builder == watch.Value,
            MonitorWatchKind.Project => ClaimsOf(statement)?.Project == watch.Value,
            MonitorWatchKind.Subject => statement is not null && statement.Subjects.Any(s => Begins(s.Sha256)),
            _ => false,
        };

        bool Begins(string? hash) => hash?.StartsWith(watch.Value, StringComparison.Ordinal) == true;
    }

    private static Claims? ClaimsOf(Statement? statement) =>
        statement is null ? null : RunProvenance.IsReceipt(statement) && RunProvenance.TryRead(statement, out _) is { } receipt ? Claims.Of(receipt) : Claims.Of(statement);
}
