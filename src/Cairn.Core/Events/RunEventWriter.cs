using System.Collections.Immutable;

using Cairn.Core.Scheduling;

namespace Cairn.Core.Events;

/// <summary>
/// Writes events as <see cref="RunEventJson"/> reads them. By hand, since every run writes events and few read them: setting up the serializer's metadata
/// stands out in the start-up of a small run. A test holds the two against each other for every type of event.
/// </summary>
public static class RunEventWriter
{
    /// <summary>Writes one event as one line of UTF-8 without the newline behind the lines that a buffer holds, which grows as it must; returns the new length.</summary>
    public static int Append(RunEvent runEvent, ref byte[] buffer, int length)
    {
        ArgumentNullException.ThrowIfNull(runEvent);
        ArgumentNullException.ThrowIfNull(buffer);
        var text = new EventText(buffer, length);
        Write(runEvent, text);
        buffer = text.Buffer;
        return text.Length;
    }

    /// <summary>Writes one event as one JSON object.</summary>
    internal static void Write(RunEvent runEvent, EventText json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, TypeOf(runEvent));
        json.WriteString("time"u8, runEvent.Time);
        switch (runEvent)
        {
            case PipelineStarted started:
                WriteStarted(json, started);
                break;
            case PipelineExtended extended:
                json.WriteString("job"u8, extended.Job);
                WriteJobs(json, extended.Jobs);
                break;
            case PipelineFinished finished:
                WriteFinished(json, finished);
                break;
            case StepEvent step:
                json.WriteString("job"u8, step.Job);
                WriteStep(json, step);
                break;
            case ServiceStarted service:
                json.WriteString("service"u8, service.Service);
                break;
            case ServiceReady ready:
                json.WriteString("service"u8, ready.Service);
                json.WriteNumber("after_ms"u8, ready.AfterMs);
                break;
            case ServiceStopped stopped:
                json.WriteString("service"u8, stopped.Service);
                WriteOptional(json, "reason"u8, stopped.Reason);
                break;
            case LockWaiting waiting:
                json.WriteString("lock"u8, waiting.Lock);
                WriteOptional(json, "job"u8, waiting.Job);
                WriteOptional(json, "holder"u8, waiting.Holder);
                break;
            case LockAcquired acquired:
                json.WriteString("lock"u8, acquired.Lock);
                WriteOptional(json, "job"u8, acquired.Job);
                json.WriteNumber("waited_ms"u8, acquired.WaitedMs);
                break;
            case SignatureCreated signature:
                json.WriteString("subject"u8, signature.Subject switch
                {
                    SignedSubject.Action => "action",
                    SignedSubject.Receipt => "receipt",
                    SignedSubject.Files => "files",
                    SignedSubject.Approval => "approval",
                    SignedSubject.Summary => "summary",
                    SignedSubject.Bill => "bill",
                    _ => throw new InvalidOperationException($"Nothing signs `{signature.Subject}`"),
                });
                WriteOptional(json, "job"u8, signature.Job);
                json.WriteString("statement"u8, signature.Statement);
                WriteOptional(json, "key"u8, signature.Key);
                WriteOptional(json, "target"u8, signature.Target);
                break;
            case VerificationCompleted verification:
                WriteVerification(json, verification);
                break;
            case WarningRaised warning:
                WriteOptional(json, "job"u8, warning.Job);
                json.WriteString("code"u8, warning.Code);
                json.WriteString("message"u8, warning.Message);
                break;
            default:
                throw new InvalidOperationException($"An event of type {runEvent.GetType().Name} has no JSON form");
        }

        json.WriteEndObject();
    }

    /// <summary>The word of a status: <c>timed_out</c>.</summary>
    public static string NameOf(JobStatus status) => status switch
    {
        JobStatus.Waiting => "waiting",
        JobStatus.Running => "running",
        JobStatus.Succeeded => "succeeded",
        JobStatus.Failed => "failed",
        JobStatus.TimedOut => "timed_out",
        JobStatus.Skipped => "skipped",
        JobStatus.NotRun => "not_run",
        JobStatus.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "Unknown status"),
    };

    /// <summary>The word for how a run ended.</summary>
    public static string NameOf(RunStatus status) => status switch
    {
        RunStatus.Succeeded => "succeeded",
        RunStatus.Failed => "failed",
        RunStatus.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "A run cannot end so"),
    };

    /// <summary>The type of an event.</summary>
    public static string TypeOf(RunEvent runEvent) => runEvent switch
    {
        PipelineStarted => "pipeline.started",
        PipelineExtended => "pipeline.extended",
        PipelineFinished => "pipeline.finished",
        StepStarted => "step.started",
        StepOutput => "step.output",
        StepRetrying => "step.retrying",
        StepFetched => "step.fetched",
        StepCompleted => "step.completed",
        StepFailed => "step.failed",
        StepSkipped => "step.skipped",
        StepCancelled => "step.cancelled",
        ServiceStarted => "service.started",
        ServiceReady => "service.ready",
        ServiceStopped => "service.stopped",
        LockWaiting => "lock.waiting",
        LockAcquired => "lock.acquired",
        SignatureCreated => "signature.created",
        VerificationCompleted => "verification.completed",
        WarningRaised => "warning",
        _ => throw new InvalidOperationException($"An event of type {runEvent.GetType().Name} has no JSON form"),
    };

    private static void WriteStarted(EventText json, PipelineStarted started)
    {
        json.WriteString("run"u8, started.Run);
        json.WriteNumber("schema"u8, started.Schema);
        json.WriteString("pipeline"u8, started.Pipeline);
        json.WriteString("file"u8, started.File);
        WriteMap(json, "parameters"u8, started.Parameters);
        WriteOptional(json, "commit"u8, started.Commit);
        WriteOptional(json, "branch"u8, started.Branch);
        if (started.Dirty is { } dirty)
        {
            json.WriteBoolean("dirty"u8, dirty);
        }

        json.WriteNumber("max_parallel"u8, started.MaxParallel);
        json.WriteNumber("process_id"u8, started.ProcessId);
        WriteJobs(json, started.Jobs);
    }

    private static void WriteFinished(EventText json, PipelineFinished finished)
    {
        json.WriteString("status"u8, NameOf(finished.Status));
        json.WriteNumber("duration_ms"u8, finished.DurationMs);
        json.WriteStartObject("counts"u8);
        foreach (var (status, count) in finished.Counts)
        {
            json.WriteNumber(NameOf(status), count);
        }

        json.WriteEndObject();
        WriteTexts(json, "critical_path"u8, finished.CriticalPath);
        json.WriteNumber("critical_path_ms"u8, finished.CriticalPathMs);
    }

    private static void WriteStep(EventText json, StepEvent step)
    {
        switch (step)
        {
            case StepStarted started:
                json.WriteNumber("attempt"u8, started.Attempt);
                break;
            case StepOutput output:
                json.WriteString("source"u8, output.Source);
                json.WriteString("text"u8, output.Text);
                if (output.Continues is { } continues)
                {
                    json.WriteBoolean("continues"u8, continues);
                }

                break;
            case StepRetrying retrying:
                json.WriteNumber("attempt"u8, retrying.Attempt);
                json.WriteString("reason"u8, retrying.Reason);
                json.WriteNumber("wait_ms"u8, retrying.WaitMs);
                break;
            case StepFetched fetched:
                WriteFetched(json, fetched);
                break;
            case StepFinished finished:
                WriteStepFinished(json, finished);
                break;
        }
    }

    private static void WriteVerification(EventText json, VerificationCompleted verification)
    {
        WriteOptional(json, "verified"u8, verification.Verified);
        WriteOptional(json, "remembered"u8, verification.Remembered);
        WriteOptional(json, "recalled"u8, verification.Recalled);
        WriteOptional(json, "refused"u8, verification.Refused);
        if (verification.Artifact is { } artifact)
        {
            json.WriteStartObject("artifact"u8);
            json.WriteString("target"u8, artifact.Target);
            json.WriteString("kind"u8, artifact.Kind);
            json.WriteString("conclusion"u8, artifact.Conclusion);
            json.WriteString("policy"u8, artifact.Policy);
            WriteTexts(json, "problems"u8, artifact.Problems);
            json.WriteEndObject();
        }
    }

    private static void WriteFetched(EventText json, StepFetched fetched)
    {
        json.WriteString("result"u8, fetched.Result switch
        {
            FetchResult.Pinned => "pinned",
            FetchResult.Verified => "verified",
            FetchResult.Differs => "differs",
            FetchResult.Failed => "failed",
            _ => throw new InvalidOperationException($"A fetch cannot end `{fetched.Result}`"),
        });
        WriteOptional(json, "tree"u8, fetched.Tree);
        WriteOptional(json, "before"u8, fetched.Before);
        json.WriteNumber("files"u8, fetched.Files);
        json.WriteNumber("bytes"u8, fetched.Bytes);
        if (fetched is { Added: { } added, Changed: { } changed, Removed: { } removed })
        {
            json.WriteNumber("added"u8, added);
            json.WriteNumber("changed"u8, changed);
            json.WriteNumber("removed"u8, removed);
        }

        json.WriteStartArray("hosts"u8);
        foreach (var host in fetched.Hosts)
        {
            json.WriteStartObject();
            json.WriteString("host"u8, host.Host);
            json.WriteNumber("connections"u8, host.Connections);
            json.WriteNumber("bytes"u8, host.Bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteTexts(json, "refused"u8, fetched.Refused);
    }

    private static void WriteStepFinished(EventText json, StepFinished finished)
    {
        json.WriteString("status"u8, NameOf(finished.Status));
        json.WriteNumber("attempts"u8, finished.Attempts);
        json.WriteNumber("duration_ms"u8, finished.DurationMs);
        if (finished.ExitCode is { } code)
        {
            json.WriteNumber("exit_code"u8, code);
        }

        WriteOptional(json, "signal"u8, finished.Signal);
        WriteOptional(json, "reason"u8, finished.Reason);
        json.WriteBoolean("allowed"u8, finished.Allowed);
        if (finished.Resources is { } use)
        {
            json.WriteStartObject("resources"u8);
            json.WriteNumber("wall_ms"u8, use.WallMs);
            json.WriteNumber("user_ms"u8, use.UserMs);
            json.WriteNumber("system_ms"u8, use.SystemMs);
            json.WriteNumber("max_rss_kib"u8, use.MaxRssKib);
            json.WriteNumber("read_blocks"u8, use.ReadBlocks);
            json.WriteNumber("write_blocks"u8, use.WriteBlocks);
            json.WriteEndObject();
        }

        WriteMap(json, "outputs"u8, finished.Outputs);
        if (finished.Tests is { } tests)
        {
            json.WriteStartObject("tests"u8);
            json.WriteNumber("tests"u8, tests.Tests);
            json.WriteNumber("failures"u8, tests.Failures);
            json.WriteNumber("errors"u8, tests.Errors);
            json.WriteNumber("skipped"u8, tests.Skipped);
            WriteTexts(json, "failed_names"u8, tests.FailedNames);
            if (!tests.FailedMessages.IsEmpty)
            {
                WriteTexts(json, "failed_messages"u8, tests.FailedMessages);
            }

            json.WriteEndObject();
        }

        json.WriteNumber("log_bytes"u8, finished.LogBytes);
        if (finished.Cache is { } cache)
        {
            WriteCache(json, cache);
        }

        WriteOptional(json, "root"u8, finished.Root);
    }

    private static void WriteCache(EventText json, CacheUse cache)
    {
        json.WriteStartObject("cache"u8);
        json.WriteString("state"u8, cache.State switch
        {
            CacheState.Hit => "hit",
            CacheState.Miss => "miss",
            CacheState.Off => "off",
            _ => throw new InvalidOperationException($"The cache cannot be `{cache.State}`"),
        });
        WriteOptional(json, "action"u8, cache.Action);
        WriteOptional(json, "reason"u8, cache.Reason);
        if (cache.Forced)
        {
            json.WriteBoolean("forced"u8, true);
        }

        WriteOptional(json, "pin"u8, cache.Pin);
        WriteOptional(json, "from_run"u8, cache.FromRun);
        if (cache.FromTime is { } time)
        {
            json.WriteString("from_time"u8, time);
        }

        WriteOptional(json, "from_host"u8, cache.FromHost);
        WriteOptional(json, "from_project"u8, cache.FromProject);
        if (cache.SavedMs is { } saved)
        {
            json.WriteNumber("saved_ms"u8, saved);
        }

        WriteOptional(json, "log"u8, cache.Log);
        WriteOptional(json, "log_index"u8, cache.LogIndex);
        json.WriteEndObject();
    }

    private static void WriteJobs(EventText json, ImmutableArray<JobSummary> jobs)
    {
        json.WriteStartArray("jobs"u8);
        foreach (var job in jobs)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, job.Id);
            json.WriteString("step"u8, job.Step);
            WriteTexts(json, "needs"u8, job.Needs);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteMap(EventText json, ReadOnlySpan<byte> name, ImmutableSortedDictionary<string, string> map)
    {
        json.WriteStartObject(name);
        foreach (var (key, value) in map)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    private static void WriteTexts(EventText json, ReadOnlySpan<byte> name, ImmutableArray<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void WriteOptional(EventText json, ReadOnlySpan<byte> name, int? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void WriteOptional(EventText json, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
