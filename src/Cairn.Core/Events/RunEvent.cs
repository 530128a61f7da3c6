using System.Collections.Immutable;
using System.Text.Json.Serialization;

using Cairn.Core.Scheduling;

namespace Cairn.Core.Events;

/// <summary>
/// Something that happened in a run: a line of <c>events.ndjson</c> and of <c>cairn run --json</c>.
/// Readers ignore types and members that they do not know; members are only ever added.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type", IgnoreUnrecognizedTypeDiscriminators = true)]
[JsonDerivedType(typeof(PipelineStarted), "pipeline.started")]
[JsonDerivedType(typeof(PipelineExtended), "pipeline.extended")]
[JsonDerivedType(typeof(PipelineFinished), "pipeline.finished")]
[JsonDerivedType(typeof(StepStarted), "step.started")]
[JsonDerivedType(typeof(StepRetrying), "step.retrying")]
[JsonDerivedType(typeof(StepOutput), "step.output")]
[JsonDerivedType(typeof(StepFetched), "step.fetched")]
[JsonDerivedType(typeof(StepCompleted), "step.completed")]
[JsonDerivedType(typeof(StepFailed), "step.failed")]
[JsonDerivedType(typeof(StepSkipped), "step.skipped")]
[JsonDerivedType(typeof(StepCancelled), "step.cancelled")]
[JsonDerivedType(typeof(ServiceStarted), "service.started")]
[JsonDerivedType(typeof(ServiceReady), "service.ready")]
[JsonDerivedType(typeof(ServiceStopped), "service.stopped")]
[JsonDerivedType(typeof(LockWaiting), "lock.waiting")]
[JsonDerivedType(typeof(LockAcquired), "lock.acquired")]
[JsonDerivedType(typeof(SignatureCreated), "signature.created")]
[JsonDerivedType(typeof(VerificationCompleted), "verification.completed")]
[JsonDerivedType(typeof(WarningRaised), "warning")]
public abstract record RunEvent
{
    /// <summary>When, in UTC.</summary>
    public required DateTimeOffset Time { get; init; }
}

/// <summary>The run begins. Always the first event.</summary>
public sealed record PipelineStarted : RunEvent
{
    /// <summary>The run's id.</summary>
    public required string Run { get; init; }

    /// <summary>The version of this event schema: 1.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>The pipeline's name.</summary>
    public required string Pipeline { get; init; }

    /// <summary>The pipeline file, relative to the project.</summary>
    public required string File { get; init; }

    /// <summary>The parameters' values as texts.</summary>
    public ImmutableSortedDictionary<string, string> Parameters { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The commit, or null without git.</summary>
    public string? Commit { get; init; }

    /// <summary>The branch, or null.</summary>
    public string? Branch { get; init; }

    /// <summary>Whether tracked files differ from the commit; null without git.</summary>
    public bool? Dirty { get; init; }

    /// <summary>Jobs at once.</summary>
    public required int MaxParallel { get; init; }

    /// <summary>The process that drives the run, to tell an interrupted run.</summary>
    public required int ProcessId { get; init; }

    /// <summary>The jobs in plan order.</summary>
    public required ImmutableArray<JobSummary> Jobs { get; init; }
}

/// <summary>A job of the plan.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Step">Its step.</param>
/// <param name="Needs">The ids of the jobs it needs.</param>
public sealed record JobSummary(string Id, string Step, ImmutableArray<string> Needs);

/// <summary>A step generated a pipeline, whose jobs joined the run.</summary>
public sealed record PipelineExtended : RunEvent
{
    /// <summary>The job that generated it.</summary>
    public required string Job { get; init; }

    /// <summary>The new jobs.</summary>
    public required ImmutableArray<JobSummary> Jobs { get; init; }
}

/// <summary>The run ended. Always the last event; a run without it was interrupted.</summary>
public sealed record PipelineFinished : RunEvent
{
    /// <summary>How.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>Wall time in milliseconds.</summary>
    public required double DurationMs { get; init; }

    /// <summary>How many jobs ended in each way.</summary>
    public required ImmutableSortedDictionary<JobStatus, int> Counts { get; init; }

    /// <summary>The chain of jobs that determined the duration, first to last.</summary>
    public ImmutableArray<string> CriticalPath { get; init; } = [];

    /// <summary>The sum of the critical path's job durations in milliseconds.</summary>
    public double CriticalPathMs { get; init; }
}

/// <summary>Something about one job.</summary>
public abstract record StepEvent : RunEvent
{
    /// <summary>The job's id.</summary>
    public required string Job { get; init; }
}

/// <summary>An attempt began to execute.</summary>
public sealed record StepStarted : StepEvent
{
    /// <summary>From 1.</summary>
    public required int Attempt { get; init; }
}

/// <summary>An attempt failed and another follows.</summary>
public sealed record StepRetrying : StepEvent
{
    /// <summary>The attempt that failed.</summary>
    public required int Attempt { get; init; }

    /// <summary>What it failed with: <c>exit 75</c>, <c>timed out after 10m</c>, …</summary>
    public required string Reason { get; init; }

    /// <summary>The wait before the next in milliseconds.</summary>
    public required double WaitMs { get; init; }
}

/// <summary>A line that a job (or <c>service:NAME</c>) wrote. Only <c>cairn run --json</c> shows it; <c>events.ndjson</c> does without, since the logs have the bytes.</summary>
public sealed record StepOutput : StepEvent
{
    /// <summary><c>stdout</c> or <c>stderr</c>.</summary>
    public required string Source { get; init; }

    /// <summary>The line without its newline; bytes that are not UTF-8 are replaced.</summary>
    public required string Text { get; init; }

    /// <summary>True where a very long line was cut and goes on in the next event of this source.</summary>
    public bool? Continues { get; init; }
}

/// <summary>What became of what a fetch step brought.</summary>
public enum FetchResult
{
    /// <summary>It is pinned from now on.</summary>
    Pinned,

    /// <summary>It is what was pinned.</summary>
    Verified,

    /// <summary>It is something else than what was pinned, and was not used.</summary>
    Differs,

    /// <summary>The step failed.</summary>
    Failed,
}

/// <summary>A fetch step was executed.</summary>
public sealed record StepFetched : StepEvent
{
    /// <summary>What became of what it brought.</summary>
    public required FetchResult Result { get; init; }

    /// <summary>The digest of the tree that it brought; null where it failed.</summary>
    public string? Tree { get; init; }

    /// <summary>The digest of the tree that was pinned before; null for none.</summary>
    public string? Before { get; init; }

    /// <summary>How many files and links it brought.</summary>
    public int Files { get; init; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>How many of them are new against what was pinned before; null where that is not known.</summary>
    public int? Added { get; init; }

    /// <summary>How many have changed.</summary>
    public int? Changed { get; init; }

    /// <summary>How many are gone.</summary>
    public int? Removed { get; init; }

    /// <summary>The hosts that it reached.</summary>
    public ImmutableArray<FetchedHost> Hosts { get; init; } = [];

    /// <summary>The hosts that it was refused.</summary>
    public ImmutableArray<string> Refused { get; init; } = [];
}

/// <summary>A host that a fetch step reached.</summary>
/// <param name="Host">It, with its port where that is not the usual one.</param>
/// <param name="Connections">How often.</param>
/// <param name="Bytes">What came from there.</param>
public sealed record FetchedHost(string Host, int Connections, long Bytes);

/// <summary>A job has its final status.</summary>
public abstract record StepFinished : StepEvent
{
    /// <summary>The status.</summary>
    public required JobStatus Status { get; init; }

    /// <summary>Attempts made; 0 where it did not run.</summary>
    public int Attempts { get; init; }

    /// <summary>Wall time of the last attempt in milliseconds.</summary>
    public double DurationMs { get; init; }

    /// <summary>The exit code of the last attempt, or null.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The signal that ended the last attempt: <c>SIGSEGV</c>, or null.</summary>
    public string? Signal { get; init; }

    /// <summary>Why, in words, where it did not simply succeed: <c>exit 2</c>, <c>condition is false</c>, <c>`build` failed</c>, …</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the failure is allowed and does not fail the run.</summary>
    public bool Allowed { get; init; }

    /// <summary>What the last attempt used.</summary>
    public ResourceUse? Resources { get; init; }

    /// <summary>Step outputs from <c>$CAIRN_OUTPUT</c>, after redaction.</summary>
    public ImmutableSortedDictionary<string, string> Outputs { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Test counts from <c>reports</c>, or null.</summary>
    public TestCounts? Tests { get; init; }

    /// <summary>Log bytes of all attempts.</summary>
    public long LogBytes { get; init; }

    /// <summary>What the action cache had to do with it; null where it did not run.</summary>
    public CacheUse? Cache { get; init; }

    /// <summary>The folder in which the root of the last failed attempt is kept for <c>cairn debug</c>; null where none is.</summary>
    public string? Root { get; init; }

    /// <summary>Whether the result came from the cache and nothing was executed.</summary>
    [JsonIgnore]
    public bool IsCached => Cache is { State: CacheState.Hit };
}

/// <summary>A job succeeded.</summary>
public sealed record StepCompleted : StepFinished;

/// <summary>A job failed or timed out.</summary>
public sealed record StepFailed : StepFinished;

/// <summary>A job did not run: its condition is false, or something it needs failed.</summary>
public sealed record StepSkipped : StepFinished;

/// <summary>A job was cancelled.</summary>
public sealed record StepCancelled : StepFinished;

/// <summary>What an attempt used, its descendants included as far as they were waited for.</summary>
/// <param name="WallMs">Wall time in milliseconds.</param>
/// <param name="UserMs">Processor time in user mode in milliseconds.</param>
/// <param name="SystemMs">Processor time in the kernel in milliseconds.</param>
/// <param name="MaxRssKib">The largest resident set of one process in KiB; 0 where it is not known, being below cairn's own.</param>
/// <param name="ReadBlocks">File-system input operations in 512-byte blocks.</param>
/// <param name="WriteBlocks">File-system output operations in 512-byte blocks.</param>
public sealed record ResourceUse(double WallMs, double UserMs, double SystemMs, long MaxRssKib, long ReadBlocks, long WriteBlocks);

/// <summary>Counts of test cases.</summary>
public sealed record TestCounts(int Tests, int Failures, int Errors, int Skipped)
{
    /// <summary>The first failed cases by name, at most 20.</summary>
    public ImmutableArray<string> FailedNames { get; init; } = [];

    /// <summary>What these said, after redaction: the first lines of each, in the order of the names, empty where one said nothing. Told when they ran, and no part of a result that is kept.</summary>
    public ImmutableArray<string> FailedMessages { get; init; } = [];
}

/// <summary>A service was started.</summary>
public sealed record ServiceStarted : RunEvent
{
    /// <summary>Its name.</summary>
    public required string Service { get; init; }
}

/// <summary>A service is ready.</summary>
public sealed record ServiceReady : RunEvent
{
    /// <summary>Its name.</summary>
    public required string Service { get; init; }

    /// <summary>Since its start in milliseconds.</summary>
    public required double AfterMs { get; init; }
}

/// <summary>A service ended or was stopped.</summary>
public sealed record ServiceStopped : RunEvent
{
    /// <summary>Its name.</summary>
    public required string Service { get; init; }

    /// <summary>What went wrong where it ended by itself or did not become ready; null where Cairn stopped it.</summary>
    public string? Reason { get; init; }
}

/// <summary>The run or a job waits for a lock that another run holds.</summary>
public sealed record LockWaiting : RunEvent
{
    /// <summary>The lock; <c>tree</c> in brackets for the working tree's own.</summary>
    public required string Lock { get; init; }

    /// <summary>The job that waits, or null for the run.</summary>
    public string? Job { get; init; }

    /// <summary>Who holds it, where that is known.</summary>
    public string? Holder { get; init; }
}

/// <summary>A lock that was waited for is held now.</summary>
public sealed record LockAcquired : RunEvent
{
    /// <summary>The lock.</summary>
    public required string Lock { get; init; }

    /// <summary>The job, or null for the run.</summary>
    public string? Job { get; init; }

    /// <summary>The wait in milliseconds.</summary>
    public required double WaitedMs { get; init; }
}

/// <summary>What a signature is about.</summary>
public enum SignedSubject
{
    /// <summary>What one action made: its attestation.</summary>
    Action,

    /// <summary>A whole run: its receipt.</summary>
    Receipt,

    /// <summary>Files that were there already.</summary>
    Files,

    /// <summary>What a person approved.</summary>
    Approval,

    /// <summary>What a verification came to.</summary>
    Summary,

    /// <summary>What files consist of: a bill of materials.</summary>
    Bill,
}

/// <summary>A statement was signed and kept.</summary>
public sealed record SignatureCreated : RunEvent
{
    /// <summary>What it is about.</summary>
    public required SignedSubject Subject { get; init; }

    /// <summary>The job whose action it is about; null for a receipt.</summary>
    public string? Job { get; init; }

    /// <summary>The SHA-256 of the signed payload, 64 hex digits: the attestation's identity.</summary>
    public required string Statement { get; init; }

    /// <summary>The id of the key.</summary>
    public string? Key { get; init; }

    /// <summary>What a person signed outside of a run, as the command named it; null in a run.</summary>
    public string? Target { get; init; }
}

/// <summary>
/// Results were verified. In a run those that it took from the cache, once for all of them: an event for each would be a good part of what a run costs that only looks up. Outside of one what a
/// person asked for, and then <see cref="Artifact"/> tells of it and the counts are absent.
/// </summary>
public sealed record VerificationCompleted : RunEvent
{
    /// <summary>Results whose signature was checked in this run.</summary>
    public int? Verified { get; init; }

    /// <summary>Results whose signature an earlier run had checked: their bytes and all that the verdict depends on are the same.</summary>
    public int? Remembered { get; init; }

    /// <summary>Results of the last run that nothing has touched since, taken as that run left them.</summary>
    public int? Recalled { get; init; }

    /// <summary>Entries of the cache that did not count, so that their jobs were executed.</summary>
    public int? Refused { get; init; }

    /// <summary>What was verified outside of a run; null in one.</summary>
    public VerifiedArtifact? Artifact { get; init; }
}

/// <summary>What a person had verified, and what that came to.</summary>
/// <param name="Target">What was asked for: a path, or a run.</param>
/// <param name="Kind">What it was taken for: <c>artifact</c>, <c>attestation</c>, <c>run</c>, <c>directory</c>, <c>bundle</c>.</param>
/// <param name="Conclusion"><see cref="Passed"/>, <c>failed</c> or <c>unverifiable</c>.</param>
/// <param name="Policy">What had to hold.</param>
/// <param name="Problems">The lines of the checklist that do not hold: <c>hashes: …</c>.</param>
public sealed record VerifiedArtifact(string Target, string Kind, string Conclusion, string Policy, ImmutableArray<string> Problems)
{
    /// <summary>The conclusion where everything holds.</summary>
    public const string Passed = "verified";
}

/// <summary>Something that a person should know, which does not fail the run.</summary>
public sealed record WarningRaised : RunEvent
{
    /// <summary>The job it is about, or null.</summary>
    public string? Job { get; init; }

    /// <summary>The diagnostic code.</summary>
    public required string Code { get; init; }

    /// <summary>The message.</summary>
    public required string Message { get; init; }
}
