using System.Collections.Immutable;

using Cairn.Core;
using Cairn.Core.Events;

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
public sealed record RunSummary(RunId Id, RunState State, string Pipeline, DateTimeOffset StartedAt, TimeSpan Duration, string? Commit, string? Branch, int Jobs, int Failed);

/// <summary>A run with everything that its events tell.</summary>
public sealed record RunRecord(RunSummary Summary, PipelineStarted Started, PipelineFinished? Finished, ImmutableArray<RunEvent> Events, string Directory);

/// <summary>The runs of a project: <c>.cairn/runs/</c>.</summary>
public sealed class RunHistory(string projectDirectory)
{
    /// <summary>The project.</summary>
    public string ProjectDirectory { get; } = projectDirectory;

    /// <summary>The runs, newest first; unreadable ones are left out.</summary>
    public IEnumerable<RunSummary> List() => throw new NotSupportedException();

    /// <summary>Finds a run: an id, a unique part of one, <c>last</c>, or <c>last~2</c> for the third newest. Null where none or several fit; <paramref name="error"/> says so.</summary>
    public RunId? Resolve(string text, out string? error) => throw new NotSupportedException();

    /// <summary>Reads a run's record; null where it is gone or unreadable.</summary>
    public RunRecord? Read(RunId id) => throw new NotSupportedException();

    /// <summary>Where a job's attempts have their logs: pairs of log file (raw bytes) and index file, by attempt from 1. Empty where it wrote nothing.</summary>
    public ImmutableArray<AttemptLog> Logs(RunId id, JobId job) => throw new NotSupportedException();
}

/// <summary>The log of one attempt.</summary>
/// <param name="Attempt">From 1.</param>
/// <param name="LogPath">The bytes as they were written, after redaction.</param>
/// <param name="IndexPath">The index: see <c>docs/formats/log-index.md</c>. May be missing.</param>
public sealed record AttemptLog(int Attempt, string LogPath, string IndexPath);
