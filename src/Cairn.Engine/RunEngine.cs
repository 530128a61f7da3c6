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
    public static Task<PreparedRun> PrepareAsync(RunRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Runs. Returns the record's id and how it ended.</summary>
    public static Task<RunResult> RunAsync(PreparedRun prepared, IRunObserver observer, RunControl control, CancellationToken cancellationToken) => throw new NotSupportedException();
}

/// <summary>How a run ended.</summary>
public sealed record RunResult(Cairn.Core.RunId Id, Cairn.Core.Scheduling.RunStatus Status, string Directory);
