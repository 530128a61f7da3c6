namespace Cairn.Engine;

/// <summary>What a person can ask of a run while it goes on.</summary>
public sealed class RunControl
{
    /// <summary>Raised for each request to cancel: the first is graceful, the second kills.</summary>
    public event Action? CancelRequested;

    /// <summary>Asks to cancel.</summary>
    public void Cancel() => CancelRequested?.Invoke();
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
