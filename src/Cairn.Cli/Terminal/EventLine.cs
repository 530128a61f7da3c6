using System.Globalization;

using Cairn.Core.Events;

namespace Cairn.Cli.Terminal;

/// <summary>An event as a person reads it: time, name, what it is about.</summary>
internal static class EventLine
{
    private const int NameWidth = 22;

    /// <summary>Appends it as one line.</summary>
    public static void Append(ByteText text, RunEvent runEvent, Style style)
    {
        var name = EventNames.Of(runEvent)[0];
        style.Write(text, Ink.Dim, runEvent.Time.ToUniversalTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)).Append("  ");
        style.Write(text, InkOf(runEvent), name.PadRight(NameWidth)).Append(AnsiText.Clean(Detail(runEvent))).Line();
    }

    private static Ink InkOf(RunEvent runEvent) => runEvent switch
    {
        StepFailed or PipelineFinished { Status: Core.Scheduling.RunStatus.Failed } => Ink.Bad,
        StepCompleted or PipelineFinished { Status: Core.Scheduling.RunStatus.Succeeded } => Ink.Good,
        WarningRaised or StepRetrying or StepCancelled or LockWaiting or PipelineFinished => Ink.Warning,
        StepSkipped => Ink.Dim,
        _ => Ink.Accent,
    };

    private static string Detail(RunEvent runEvent) => runEvent switch
    {
        PipelineStarted e => $"{e.Pipeline}, {Count(e.Jobs.Length, "job")}{(e.Branch is { } branch ? $", {branch}" : "")}{(e.Commit is { Length: >= 8 } commit ? $" {commit[..8]}" : "")}",
        PipelineExtended e => $"{e.Job} made {Count(e.Jobs.Length, "job")}",
        PipelineFinished e => Words.Duration(e.DurationMs),
        StepStarted e => e.Attempt == 1 ? e.Job : $"{e.Job}, attempt {e.Attempt}",
        StepRetrying e => $"{e.Job}, attempt {e.Attempt}: {e.Reason}; the next in {Words.Duration(e.WaitMs)}",
        StepFetched e => $"{e.Job}, {Count(e.Files, "file")}, {Words.Bytes(e.Bytes)}",
        StepCompleted { IsCached: true } e => $"{e.Job}, {Words.Cached}",
        StepFinished { Attempts: 0 } e => $"{e.Job}, {e.Reason ?? Words.Status(e.Status)}",
        StepCompleted e => $"{e.Job}, {Words.Duration(e.DurationMs)}",
        StepFinished e => $"{e.Job}, {Words.Failure(e)} after {Words.Duration(e.DurationMs)}",
        SignatureCreated e => $"{e.Job ?? e.Target ?? "receipt"}, statement {e.Statement[..Math.Min(12, e.Statement.Length)]}",
        VerificationCompleted { Artifact: { } artifact } => $"{artifact.Target} is {artifact.Conclusion} ({artifact.Policy})",
        VerificationCompleted e => $"{e.Verified} verified, {e.Remembered} remembered, {e.Recalled} recalled{(e.Refused > 0 ? $", {e.Refused} refused" : "")}",
        ServiceStarted e => e.Service,
        ServiceReady e => $"{e.Service}, after {Words.Duration(e.AfterMs)}",
        ServiceStopped e => e.Reason is { } reason ? $"{e.Service}: {reason}" : e.Service,
        LockWaiting e => $"{e.Lock}{(e.Job is { } job ? $" for {job}" : "")}{(e.Holder is { } holder ? $", held by {holder}" : "")}",
        LockAcquired e => $"{e.Lock}, after {Words.Duration(e.WaitedMs)}",
        WarningRaised e => $"{e.Code}: {(e.Job is { } job ? $"{job}: " : "")}{e.Message}",
        _ => "",
    };

    private static string Count(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";
}
