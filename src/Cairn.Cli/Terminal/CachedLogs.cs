using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

using Cairn.Core;
using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Engine;
using Cairn.Store.Content;

namespace Cairn.Cli.Terminal;

/// <summary>
/// The logs of cached jobs, which stand in the store and not with their run. They are copied out before they are shown, so that what is shown was
/// verified, and can be read from its end.
/// </summary>
/// <param name="history">The project's runs.</param>
/// <param name="open">Opens a blob of the store; null where it is missing.</param>
internal sealed class CachedLogs(RunHistory history, Func<Digest, Stream?> open) : IDisposable
{
    private readonly Dictionary<string, ImmutableArray<AttemptLog>> _logs = new(StringComparer.Ordinal);
    private DirectoryInfo? _folder;
    private int _copies;

    /// <summary>Finds the log of a cached job; it counts as that of a first attempt. None where the job wrote nothing, or after <paramref name="problem"/> was told.</summary>
    public ImmutableArray<AttemptLog> Of(StepFinished hit, out string? problem)
    {
        problem = null;
        if (hit.Cache is not { Log: { } log } cache)
        {
            return [];
        }

        if (!_logs.TryGetValue(hit.Job, out var logs))
        {
            logs = TryCopy(log, $"{++_copies}.log", out var path)
                ? [new AttemptLog(1, path, IndexOf(cache, path))]
                : OfExecution(hit.Job, cache);
            _logs.Add(hit.Job, logs);
            if (logs.IsEmpty)
            {
                problem = $"The log of `{hit.Job}` is no longer in the cache{(cache.FromRun is { } run ? $"; run `{run}`{(cache.FromHost is { } host ? $" on `{host}`" : "")} executed it" : "")}";
            }
        }

        return logs;
    }

    /// <summary>Removes a job's copy.</summary>
    public void Release(string job)
    {
        foreach (var log in _logs.Remove(job, out var logs) ? logs : [])
        {
            // A log of another run is no copy.
            if (_folder is not null && log.LogPath.StartsWith(_folder.FullName, StringComparison.Ordinal))
            {
                File.Delete(log.LogPath);
                File.Delete(log.IndexPath);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _folder?.Delete(recursive: true);

    /// <summary>The path of the copied index; where it is missing there is nothing at it, and the log has no times.</summary>
    private string IndexOf(CacheUse cache, string logPath)
    {
        var name = Path.ChangeExtension(logPath, ".idx");
        return cache.LogIndex is { } index && TryCopy(index, Path.GetFileName(name), out var path) ? path : name;
    }

    /// <summary>The log that the execution left in this project, if it was one of its runs and is still kept.</summary>
    private ImmutableArray<AttemptLog> OfExecution(string job, CacheUse cache) =>
        RunId.TryParse(cache.FromRun, out var run) && history.Logs(run, new JobId(job)) is [.., var last] ? [last with { Attempt = 1 }] : [];

    private bool TryCopy(string digest, string name, [NotNullWhen(true)] out string? path)
    {
        path = null;
        if (!Digest.TryParse(digest, provider: null, out var blob))
        {
            return false;
        }

        using var content = open(blob);
        if (content is null)
        {
            return false;
        }

        _folder ??= Directory.CreateTempSubdirectory("cairn-logs-");
        path = Path.Combine(_folder.FullName, name);
        try
        {
            using var copy = File.Create(path);
            content.CopyTo(copy);
            return true;
        }
        catch (StoreException)
        {
            // Corrupt, which is as good as gone; the store has put it aside.
            File.Delete(path);
            return false;
        }
    }
}
