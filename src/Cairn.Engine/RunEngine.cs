using System.Collections.Immutable;

using Cairn.Core;
using Cairn.Core.Scheduling;
using Cairn.Engine.Fetching;
using Cairn.Engine.Handlers;
using Cairn.Engine.Preparation;
using Cairn.Engine.Running;

namespace Cairn.Engine;

/// <summary>What a person can ask of a run while it goes on.</summary>
public sealed class RunControl : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private readonly CancellationTokenSource _kill = new();

    /// <summary>Cancelled by the first request: end gracefully.</summary>
    public CancellationToken CancelToken => _cancel.Token;

    /// <summary>Cancelled by the second request: end at once.</summary>
    public CancellationToken KillToken => _kill.Token;

    /// <summary>Asks to cancel; the second time to kill.</summary>
    public void Cancel()
    {
        if (_cancel.IsCancellationRequested)
        {
            _kill.Cancel();
        }
        else
        {
            _cancel.Cancel();
        }
    }

    /// <summary>Asks to cancel, and never to kill.</summary>
    internal void CancelOnce() => _cancel.Cancel();

    /// <inheritdoc/>
    public void Dispose()
    {
        _cancel.Dispose();
        _kill.Dispose();
    }
}

/// <summary>Drives a run from the pipeline file to the last event.</summary>
public static class RunEngine
{
    /// <summary>Reads, plans and selects. Does not wait for locks and writes nothing.</summary>
    public static Task<PreparedRun> PrepareAsync(RunRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return RunPreparation.PrepareAsync(request, TimeProvider.System, cancellationToken);
    }

    /// <summary>
    /// Runs. Where another run holds the working tree it waits, visibly, and prepares again; the result then has
    /// <see cref="RunResult.Refused"/> where the pipeline has become invalid meanwhile.
    /// </summary>
    public static Task<RunResult> RunAsync(PreparedRun prepared, IRunObserver observer, RunControl control, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        ArgumentNullException.ThrowIfNull(observer);
        ArgumentNullException.ThrowIfNull(control);
        return RunSession.RunAsync(prepared, observer, control, TimeProvider.System, cancellationToken);
    }
}

/// <summary>How a run ended.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Status">How.</param>
/// <param name="Directory">Its record, or null where it never began.</param>
public sealed record RunResult(RunId Id, RunStatus Status, string? Directory)
{
    /// <summary>Why its record is incomplete, which ended the run early; null where it is complete.</summary>
    public string? RecordError { get; init; }

    /// <summary>What its fetch steps brought, and what of that was pinned before.</summary>
    public ImmutableArray<FetchOutcome> Fetched { get; init; } = [];

    /// <summary>How each of the user's handlers fared; empty where there are none.</summary>
    public ImmutableArray<HandlerReport> Handlers { get; init; } = [];

    /// <summary>The mistakes that stopped it after a wait, or null.</summary>
    public PreparedRun? Refused { get; init; }
}
