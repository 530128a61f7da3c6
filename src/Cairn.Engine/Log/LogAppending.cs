using System.Collections.Immutable;

using Cairn.Store.Log;
using Cairn.Store;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Verification;

namespace Cairn.Engine.Log;

/// <summary>Appends what was signed to the log that the user keeps. What stands in the way is told in words: what was signed is none the worse for it.</summary>
public static class LogAppending
{
    /// <summary>Appends to the machine's own log; null where it cannot be.</summary>
    /// <param name="stateDirectory">The user's state.</param>
    /// <param name="keysDirectory">The user's keys.</param>
    /// <param name="entries">The entries.</param>
    /// <param name="time">The clock.</param>
    /// <param name="problem">Why it cannot be.</param>
    public static AppendedEntries? TryAppend(string stateDirectory, string keysDirectory, IReadOnlyList<LogEntry> entries, TimeProvider time, out string? problem)
    {
        using var log = LogFolder.OfMachine(stateDirectory, keysDirectory, time);
        return TryAppend(log, entries, out problem);
    }

    /// <summary>Appends to a log that is opened here; null where it cannot be.</summary>
    public static AppendedEntries? TryAppend(LogFolder log, IReadOnlyList<LogEntry> entries, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(log);
        try
        {
            var appended = log.Append(entries, CancellationToken.None);
            problem = null;
            return new AppendedEntries([.. appended.Indexes], [.. appended.Note]);
        }
        catch (LogException exception)
        {
            problem = exception.Suggestion is null ? exception.Message : $"{exception.Message}. {exception.Suggestion}";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            problem = exception.Message;
        }

        return null;
    }

    /// <summary>Sends to a log elsewhere; null where it cannot be.</summary>
    /// <param name="remote">The log.</param>
    /// <param name="envelopes">What was signed.</param>
    /// <param name="key">By which key.</param>
    /// <param name="trust">Which logs are believed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="problem">Why it cannot be.</param>
    /// <param name="cancellationToken">Ends waiting for it. Throws <see cref="OperationCanceledException"/> then.</param>
    public static AppendedEntries? TryAppend(LogTarget.Remote remote, IReadOnlyList<Envelope> envelopes, PublicKey key, LogTrust trust, TimeProvider time, out string? problem, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(remote);
        ArgumentNullException.ThrowIfNull(envelopes);
        if (remote.Token is null)
        {
            problem = $"there is no token for {remote.Url}: set CAIRN_LOG_TOKEN, or `log_token_file` in the configuration";
            return null;
        }

        try
        {
            var all = new AppendedEntries([], []);
            foreach (var part in PartsOf(envelopes))
            {
                var (entries, _) = Blocking.Wait(RemoteLog.AppendAsync(remote.Url, remote.Token, new AppendSubmission(key, part), trust, time, cancellationToken));
                all = new AppendedEntries([.. all.Indices, .. entries.Indices], entries.Checkpoint);
            }

            problem = null;
            return all;
        }
        catch (LogBreachException breach)
        {
            problem = breach.Message;
        }
        catch (IOException exception)
        {
            problem = $"{exception.Message}. When it can be reached, `cairn log append --log {remote.Url}` makes up for it";
        }

        return null;
    }

    /// <summary>As much at once as a log takes.</summary>
    private static IEnumerable<ImmutableArray<Envelope>> PartsOf(IReadOnlyList<Envelope> envelopes)
    {
        const int RoomBytes = 4 << 10;
        var (part, bytes) = (ImmutableArray.CreateBuilder<Envelope>(), 0L);
        foreach (var envelope in envelopes)
        {
            var own = envelope.ToJson().Length + 1;
            if (part.Count == AppendSubmission.EnvelopesMax || (part.Count > 0 && bytes + own > AppendSubmission.BytesMax - RoomBytes))
            {
                yield return part.DrainToImmutable();
                bytes = 0;
            }

            part.Add(envelope);
            bytes += own;
        }

        if (part.Count > 0)
        {
            yield return part.DrainToImmutable();
        }
    }
}
