using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

using Cairn.Core.Events;
using Cairn.Core.Scheduling;

namespace Cairn.Tests.Events;

public sealed class RunEventJsonTests
{
    private static readonly DateTimeOffset Time = new(2026, 11, 21, 3, 4, 5, 678, TimeSpan.Zero);

    public static TheoryData<RunEvent> Events =>
    [
        new PipelineStarted
        {
            Time = Time, Run = "r", Pipeline = "p \"quoted\" é 🪨", File = "cairn.yaml", MaxParallel = 2, ProcessId = 7, Commit = "c", Branch = "b", Dirty = true,
            Parameters = ImmutableSortedDictionary<string, string>.Empty.Add("a", "1\n2"),
            Jobs = [new JobSummary("a[x=1]", "a", []), new JobSummary("b", "b", ["a[x=1]"])],
        },
        new PipelineExtended { Time = Time, Job = "a", Jobs = [new JobSummary("c", "c", ["a"])] },
        new PipelineFinished
        {
            Time = Time, Status = RunStatus.Cancelled, DurationMs = 1.5, CriticalPath = ["a", "b"], CriticalPathMs = 0.25,
            Counts = ImmutableSortedDictionary<JobStatus, int>.Empty.Add(JobStatus.TimedOut, 2).Add(JobStatus.NotRun, 1),
        },
        new StepStarted { Time = Time, Job = "a", Attempt = 3 },
        new StepOutput { Time = Time, Job = "a", Source = "stderr", Text = "\u001b[31mred\u001b[0m", Continues = true },
        new StepFetched
        {
            Time = Time, Job = "a", Result = FetchResult.Pinned, Tree = "ab/1", Before = "cd/2", Files = 3, Bytes = 4, Added = 1, Changed = 0, Removed = 2,
            Hosts = [new FetchedHost("registry.npmjs.org", 2, 5)], Refused = ["github.com"],
        },
        new StepFetched { Time = Time, Job = "a", Result = FetchResult.Failed },
        new StepRetrying { Time = Time, Job = "a", Attempt = 1, Reason = "exit 75", WaitMs = 1000 },
        new StepCompleted
        {
            Time = Time, Job = "a", Status = JobStatus.Succeeded, Attempts = 1, DurationMs = 12.75, ExitCode = 0, LogBytes = 1L << 40,
            Resources = new ResourceUse(12.75, 1, 2, 3, 4, 5),
            Outputs = ImmutableSortedDictionary<string, string>.Empty.Add("k", "v"),
            Tests = new TestCounts(4, 1, 1, 1) { FailedNames = ["x.y"], FailedMessages = ["Expected: 1\nActual: 2"] },
            Cache = new CacheUse(CacheState.Hit) { Action = "ab", FromRun = "20261121-021345-7f3a9c", FromTime = Time, FromHost = "h", FromProject = "/p", SavedMs = 1234.5, Log = "cd", LogIndex = "ef" },
        },
        new StepCompleted { Time = Time, Job = "m", Status = JobStatus.Succeeded, Attempts = 1, Cache = new CacheUse(CacheState.Miss) { Action = "ab", Forced = true, Reason = CacheUse.ForceReason } },
        new StepFailed { Time = Time, Job = "o", Status = JobStatus.Failed, Attempts = 1, Cache = new CacheUse(CacheState.Off) { Reason = "`cache: false`" } },
        new StepFailed { Time = Time, Job = "a", Status = JobStatus.TimedOut, Signal = "SIGKILL", Reason = "timed out after 1s", Allowed = true, Root = "/store/roots/r/a" },
        new StepSkipped { Time = Time, Job = "a", Status = JobStatus.Skipped },
        new StepCancelled { Time = Time, Job = "a", Status = JobStatus.Cancelled },
        new ServiceStarted { Time = Time, Service = "db" },
        new ServiceReady { Time = Time, Service = "db", AfterMs = 3.5 },
        new ServiceStopped { Time = Time, Service = "db", Reason = "exit 1" },
        new LockWaiting { Time = Time, Lock = "l", Job = "a", Holder = "run x" },
        new LockAcquired { Time = Time, Lock = "l", WaitedMs = 9 },
        new SignatureCreated { Time = Time, Subject = SignedSubject.Action, Job = "a", Statement = new string('a', 64), Key = "k" },
        new SignatureCreated { Time = Time, Subject = SignedSubject.Receipt, Statement = new string('b', 64) },
        new SignatureCreated { Time = Time, Subject = SignedSubject.Files, Statement = new string('b', 64), Target = "dist/app" },
        new SignatureCreated { Time = Time, Subject = SignedSubject.Approval, Statement = new string('b', 64) },
        new SignatureCreated { Time = Time, Subject = SignedSubject.Summary, Statement = new string('b', 64) },
        new SignatureCreated { Time = Time, Subject = SignedSubject.Bill, Statement = new string('b', 64) },
        new VerificationCompleted { Time = Time, Verified = 1, Remembered = 2, Recalled = 3, Refused = 4 },
        new VerificationCompleted { Time = Time, Artifact = new VerifiedArtifact("dist/app", "artifact", "failed", "strict", ["hashes: `dist/app` was attested with other bytes"]) },
        new WarningRaised { Time = Time, Code = "CAIRN0401", Message = "m", Job = "a" },
    ];

    [Theory]
    [MemberData(nameof(Events))]
    public void Serialize_Agrees_WithTheSerializer(RunEvent runEvent)
    {
        var byHand = JsonNode.Parse(RunEventJson.Serialize(runEvent))!;
        var bySerializer = JsonSerializer.SerializeToNode(runEvent, RunEventJson.Default.RunEvent)!;
        Assert.True(JsonNode.DeepEquals(bySerializer, byHand), $"{bySerializer.ToJsonString()}\n{byHand.ToJsonString()}");
    }

    [Theory]
    [MemberData(nameof(Events))]
    public void Parse_Reads_WhatSerializeWrites(RunEvent runEvent)
    {
        var line = RunEventJson.Serialize(runEvent);
        Assert.DoesNotContain((byte)'\n', line);
        var read = RunEventJson.Parse(line);
        Assert.IsType(runEvent.GetType(), read);
        Assert.Equal(line, RunEventJson.Serialize(read!));
    }

    [Fact]
    public void Events_Cover_EveryType()
    {
        var known = typeof(RunEvent).Assembly.GetTypes().Where(t => t is { IsAbstract: false } && t.IsSubclassOf(typeof(RunEvent))).ToHashSet();
        known.ExceptWith(Events.Select(e => e.Data.GetType()));
        Assert.Empty(known);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"type\":\"pipeline.started\"}")]
    [InlineData("{\"type\":\"step.started\",\"time\":\"x\",\"job\":\"a\",\"attempt\":1}")]
    [InlineData("[]")]
    public void Parse_GivesNull_ForWhatIsNoEvent(string line) => Assert.Null(RunEventJson.Parse(Encoding.UTF8.GetBytes(line)));

    [Fact]
    public void Parse_Ignores_MembersItDoesNotKnow()
    {
        var read = RunEventJson.Parse("{\"time\":\"2026-11-21T03:04:05Z\",\"job\":\"a\",\"attempt\":1,\"later\":{\"x\":[1]},\"type\":\"step.started\"}"u8);
        Assert.Equal(1, Assert.IsType<StepStarted>(read).Attempt);
    }
}
