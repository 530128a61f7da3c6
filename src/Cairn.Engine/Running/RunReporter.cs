using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Engine.History;
using Cairn.Execution;

namespace Cairn.Engine.Running;

/// <summary>Tells what happens: to the record first, then to whoever looks on. One call at a time, from whatever thread.</summary>
internal sealed class RunReporter(RunId run, EventLog log, IRunObserver observer, TimeProvider time)
{
    private readonly Lock _gate = new();

    public RunId Run { get; } = run;

    public DateTimeOffset Now => time.GetUtcNow();

    public void Emit(RunEvent runEvent)
    {
        lock (_gate)
        {
            log.Write(runEvent);
            observer.OnEvent(runEvent);
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
