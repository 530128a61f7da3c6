using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Engine.History;
using Cairn.Execution;

namespace Cairn.Engine.Running;

/// <summary>Tells what happens: to the record first, if there is one, then to whoever looks on. One call at a time, from whatever thread.</summary>
internal sealed class RunReporter(RunId run, EventLog? log, IRunObserver observer, TimeProvider time) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _lost = new();

    /// <summary>Why the record is incomplete, or null. Nothing is written to it any more: it ends where the disk was full, not with a hole.</summary>
    public IOException? RecordError { get; private set; }

    /// <summary>Cancelled when the record could not be written.</summary>
    public CancellationToken RecordLost => _lost.Token;

    public RunId Run { get; } = run;

    public DateTimeOffset Now => time.GetUtcNow();

    public void Emit(RunEvent runEvent)
    {
        lock (_gate)
        {
            Record(runEvent);
            observer.OnEvent(runEvent);
        }

        CheckLost();
    }

    /// <summary>Completes the record of what was told so far: before the run waits for something.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            Record(null);
        }

        CheckLost();
    }

    public void Dispose() => _lost.Dispose();

    private void CheckLost()
    {
        if (RecordError is not null)
        {
            // Outside the gate: what is cancelled by it reports again.
            _lost.Cancel();
        }
    }

    private void Record(RunEvent? runEvent)
    {
        if (RecordError is not null || log is null)
        {
            return;
        }

        try
        {
            if (runEvent is null)
            {
                log.Flush();
            }
            else
            {
                log.Write(runEvent, canWait: runEvent is StepFinished { IsCached: true });
            }
        }
        catch (IOException exception)
        {
            RecordError = exception;
            observer.OnEvent(new WarningRaised { Time = Now, Code = DiagnosticCodes.RecordIncomplete, Message = $"The record of this run cannot be written, so the run is stopped: {exception.Message}" });
        }
    }

    public void Output(JobId job, OutputStream stream, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            observer.OnOutput(job, stream == OutputStream.Stdout ? OutputSource.Stdout : OutputSource.Stderr, bytes);
        }
    }

    public void Warn(string code, string message, JobId? job = null) =>
        Emit(new WarningRaised { Time = Now, Code = code, Message = message, Job = job?.Value });
}
