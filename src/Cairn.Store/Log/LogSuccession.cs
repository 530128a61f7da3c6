using Cairn.Trust.Log;

namespace Cairn.Store.Log;

/// <summary>
/// Ends a log and begins another one in its place: each names the other. The new one is made beside it first, so that whatever happens in between, doing it again goes on from there; while the place is
/// empty nobody begins a third one in it.
/// </summary>
public static class LogSuccession
{
    private const string NextEnding = ".next";

    /// <summary>Whether a log is gone from its place, and the one that takes it has not come yet.</summary>
    internal static bool IsHalfway(string path) => !Directory.Exists(path) && Directory.Exists(path + NextEnding);

    /// <summary>Does so; what the old log is called, and where it stands now.</summary>
    /// <param name="log">The log.</param>
    /// <param name="name">What the successor is called; null for a name made of its key.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends waiting for others.</param>
    public static (string Origin, string Folder) Run(LogFolder log, string? name, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(time);
        var place = log.Path + NextEnding;
        if (IsHalfway(log.Path) && PredecessorOf(place, time) is { } before)
        {
            Directory.Move(place, log.Path);
            return (before, KeptOf(log.Path, before));
        }

        var origin = log.ReadCheckpoint().Checkpoint.Origin;
        LogSettings settings;
        using (var next = LogFolder.Open(place, log.Keys, time))
        {
            next.Create(name, cancellationToken, origin);
            settings = next.Settings!;
        }

        if (log.Frozen is null)
        {
            log.Mark(s => (s, new LogMark.Freeze(time.GetUtcNow(), settings.Origin, settings.Keys[0].Key)), cancellationToken);
        }
        else if (log.Frozen.SuccessorOrigin is { } named && named != settings.Origin)
        {
            throw new LogException(LogProblem.Frozen, $"The log is frozen, and its successor is `{named}`", "Begin that one where it shall be");
        }

        var kept = KeptOf(log.Path, origin);
        Directory.Move(log.Path, kept);
        Directory.Move(place, log.Path);
        return (origin, kept);
    }

    private static string KeptOf(string path, string origin) => $"{path}-{origin[(origin.LastIndexOf(' ') + 1)..]}";

    private static string? PredecessorOf(string path, TimeProvider time)
    {
        using var log = LogFolder.Open(path, keys: null, time);
        return log.Exists && LogMark.TryRead(log.ReadLeaf(0, log.ReadCheckpoint().Checkpoint.Size)) is LogMark.Genesis genesis ? genesis.Predecessor : null;
    }
}
