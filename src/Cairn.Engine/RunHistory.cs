using System.Collections.Immutable;

using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine.History;
using Cairn.Store.Files;

namespace Cairn.Engine;

/// <summary>Whether and how a run ended, as its record tells.</summary>
public enum RunState
{
    /// <summary>A live process drives it.</summary>
    Running,

    /// <summary>Ended well.</summary>
    Succeeded,

    /// <summary>A step failed.</summary>
    Failed,

    /// <summary>Cancelled by a person.</summary>
    Cancelled,

    /// <summary>Its process is gone and it never ended.</summary>
    Interrupted,
}

/// <summary>A run as its record tells, enough for a list.</summary>
public sealed record RunSummary(RunId Id, RunState State, string Pipeline, DateTimeOffset StartedAt, TimeSpan Duration, string? Commit, string? Branch, int Jobs, int Failed)
{
    /// <summary>Jobs whose results came from the cache.</summary>
    public int Cached { get; init; }

    /// <summary>What the executions took that those results come from, in milliseconds.</summary>
    public double SavedMs { get; init; }
}

/// <summary>A run with everything that its events tell.</summary>
public sealed record RunRecord(RunSummary Summary, PipelineStarted Started, PipelineFinished? Finished, ImmutableArray<RunEvent> Events, string Directory);

/// <summary>The runs of a project: <c>.cairn/runs/</c>.</summary>
public sealed class RunHistory(string projectDirectory)
{
    private const string Last = "last";

    /// <summary>The project.</summary>
    public string ProjectDirectory { get; } = projectDirectory;

    /// <summary>The runs, newest first; unreadable ones are left out.</summary>
    public IEnumerable<RunSummary> List()
    {
        foreach (var id in Ids())
        {
            if (Read(id) is { } record)
            {
                yield return record.Summary;
            }
        }
    }

    /// <summary>The records of the runs before a run, newest first; each is read when it is asked for, unreadable ones are left out.</summary>
    public IEnumerable<RunRecord> Before(RunId run)
    {
        foreach (var id in Ids())
        {
            if (string.CompareOrdinal(id.Value, run.Value) < 0 && Read(id) is { } record)
            {
                yield return record;
            }
        }
    }

    /// <summary>Finds a run: an id, a unique part of one, <c>last</c>, or <c>last~2</c> for the third newest. Null where none or several fit; <paramref name="error"/> says so.</summary>
    public RunId? Resolve(string text, out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        error = null;
        var ids = Ids();
        if (ids.Count == 0)
        {
            error = "There are no runs yet; start one with `cairn run`";
            return null;
        }

        if (text.StartsWith(Last, StringComparison.Ordinal))
        {
            var back = 0;
            if (text.Length > Last.Length && (text[Last.Length] != '~' || !int.TryParse(text.AsSpan(Last.Length + 1), out back) || back < 0))
            {
                error = $"`{text}` is not a run: write `last`, or `last~2` for the third newest";
                return null;
            }

            if (back >= ids.Count)
            {
                error = $"There are only {ids.Count} runs";
                return null;
            }

            return ids[back];
        }

        var fitting = ids.FindAll(id => id.Value.Contains(text, StringComparison.Ordinal));
        if (fitting.Count == 1)
        {
            return fitting[0];
        }

        error = fitting.Count == 0
            ? $"There is no run `{text}`; `cairn runs` lists them"
            : $"`{text}` fits {fitting.Count} runs, `{fitting[0]}` and `{fitting[1]}` among them: give more of the id";
        return null;
    }

    /// <summary>Reads a run's record; null where it is gone or unreadable.</summary>
    public RunRecord? Read(RunId id)
    {
        var directory = Path.Combine(RunDirectory.RunsDirectory(ProjectDirectory), id.Value);
        var path = RunDirectory.EventsFile(directory);
        // Asked before the events are read: a run that ends in between has its last event.
        var live = FileLock.IsHeld(EventLog.LockPath(path));
        byte[] content;
        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            content = new byte[RandomAccess.GetLength(handle)];
            var length = RandomAccess.Read(handle, content, 0);
            content = length == content.Length ? content : content[..length];
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }

        var events = Parse(content);
        if (events is not [PipelineStarted started, ..])
        {
            return null;
        }

        var finished = events[^1] as PipelineFinished;
        var jobs = started.Jobs.Length;
        var failed = 0;
        var cached = 0;
        var saved = 0.0;
        foreach (var item in events)
        {
            jobs += item is PipelineExtended extended ? extended.Jobs.Length : 0;
            failed += item is StepFailed { Allowed: false } ? 1 : 0;
            if (item is StepFinished { IsCached: true } hit)
            {
                cached++;
                saved += hit.Cache?.SavedMs ?? 0;
            }
        }

        var state = finished?.Status switch
        {
            RunStatus.Succeeded => RunState.Succeeded,
            RunStatus.Failed => RunState.Failed,
            RunStatus.Cancelled => RunState.Cancelled,
            _ => live ? RunState.Running : RunState.Interrupted,
        };
        var duration = finished is not null ? TimeSpan.FromMilliseconds(finished.DurationMs) : events[^1].Time - started.Time;
        var summary = new RunSummary(id, state, started.Pipeline, started.Time, duration, started.Commit, started.Branch, jobs, failed) { Cached = cached, SavedMs = saved };
        return new RunRecord(summary, started, finished, events, directory);
    }

    /// <summary>Whether a process drives a run right now.</summary>
    public bool IsLive(RunId id) => FileLock.IsHeld(EventLog.LockPath(new RunDirectory(ProjectDirectory, id).Events));

    /// <summary>Opens the events of a run, which may grow; null where there are none.</summary>
    public Stream? OpenEvents(RunId id)
    {
        try
        {
            return new FileStream(new RunDirectory(ProjectDirectory, id).Events, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Where a job's attempts have their logs, by attempt from 1. Empty where it wrote nothing.</summary>
    public ImmutableArray<AttemptLog> Logs(RunId id, JobId job)
    {
        var directory = new RunDirectory(ProjectDirectory, id);
        var logs = ImmutableArray.CreateBuilder<AttemptLog>();
        var silent = 0;
        for (var attempt = 1; attempt <= Core.Limits.AttemptsMax && silent < 3; attempt++)
        {
            var path = directory.LogPath(job, attempt);
            if (File.Exists(path))
            {
                logs.Add(new AttemptLog(attempt, path, directory.IndexPath(job, attempt)));
                silent = 0;
            }
            else
            {
                silent++;
            }
        }

        return logs.ToImmutable();
    }

    /// <summary>Where a job's Markdown summary stands, or null where it wrote none.</summary>
    public string? Summary(RunId id, JobId job)
    {
        var path = new RunDirectory(ProjectDirectory, id).SummaryPath(job);
        return File.Exists(path) ? path : null;
    }

    private static ImmutableArray<RunEvent> Parse(ReadOnlySpan<byte> content)
    {
        var events = ImmutableArray.CreateBuilder<RunEvent>();
        while (!content.IsEmpty)
        {
            var newline = content.IndexOf((byte)'\n');
            // A line without its end was cut short by a crash.
            if (newline < 0)
            {
                break;
            }

            if (RunEventJson.Parse(content[..newline]) is { } runEvent)
            {
                events.Add(runEvent);
            }

            content = content[(newline + 1)..];
        }

        return events.ToImmutable();
    }

    private List<RunId> Ids()
    {
        var ids = new List<RunId>();
        var runs = RunDirectory.RunsDirectory(ProjectDirectory);
        if (!Directory.Exists(runs))
        {
            return ids;
        }

        foreach (var path in Directory.EnumerateDirectories(runs))
        {
            if (RunId.TryParse(Path.GetFileName(path), out var id))
            {
                ids.Add(id);
            }
        }

        ids.Sort(static (a, b) => string.CompareOrdinal(b.Value, a.Value));
        return ids;
    }
}

/// <summary>The log of one attempt.</summary>
/// <param name="Attempt">From 1.</param>
/// <param name="LogPath">The bytes as they were written, after redaction.</param>
/// <param name="IndexPath">The index: see <c>docs/formats/log-index.md</c>. May be missing.</param>
public sealed record AttemptLog(int Attempt, string LogPath, string IndexPath);
