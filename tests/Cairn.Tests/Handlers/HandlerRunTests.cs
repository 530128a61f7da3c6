using System.Diagnostics;
using System.Text.Json;

using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine.Handlers;
using Cairn.Tests.Engine;

namespace Cairn.Tests.Handlers;

public sealed class HandlerRunTests
{
    private const string Pipeline = """
        version: 1
        name: demo
        steps:
          a: { run: "true" }
          b: { run: "false", needs: [a] }
        """;

    [Fact]
    public async Task ARun_TellsAFile_WhatItAskedFor()
    {
        using var fixture = new RunFixture();
        var path = fixture.State["events.ndjson"];
        var outcome = await fixture.RunAsync(Pipeline, request => request with { Handlers = [File("audit", path, "pipeline.*", "*.failed")] });
        Assert.Equal(RunStatus.Failed, outcome.Status);
        var lines = await System.IO.File.ReadAllLinesAsync(path, TestContext.Current.CancellationToken);
        var messages = lines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(["pipeline.started", "step.failed", "pipeline.failed"], messages.Select(m => m.GetProperty("type").GetString()));
        Assert.Equal(["pipeline.failed", "pipeline.finished"], messages[2].GetProperty("names").EnumerateArray().Select(n => n.GetString()));
        Assert.All(messages, m => Assert.Equal((outcome.Result.Id.Value, "demo"), (m.GetProperty("run").GetString(), m.GetProperty("pipeline").GetString())));
        Assert.Equal("b", messages[1].GetProperty("event").GetProperty("job").GetString());
        Assert.Equal(3, messages.Select(m => m.GetProperty("id").GetString()).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal((3, 0, null), outcome.Result.Handlers[0] is var report ? (report.Delivered, report.Waiting, report.Problem) : default);
    }

    [Theory]
    [InlineData("demo", "", 1)]
    [InlineData("dem*", "", 1)]
    [InlineData("other", "", 0)]
    [InlineData("", "main", 0)]
    public async Task Filters_OfPipelineAndBranch_Hold(string pipeline, string branch, int expected)
    {
        using var fixture = new RunFixture();
        var handler = File("h", fixture.State["told.ndjson"], "pipeline.started") with
        {
            Pipelines = pipeline.Length > 0 ? [new NamePattern(pipeline)] : [],
            Branches = branch.Length > 0 ? [new NamePattern(branch)] : [],
        };
        var outcome = await fixture.RunAsync(Pipeline, request => request with { Handlers = [handler] });
        Assert.Equal(expected, outcome.Result.Handlers[0].Delivered);
    }

    [Fact]
    public async Task ASlowReceiver_DelaysTheRunByItsDrainOnly_AndItsEventsWait()
    {
        using var arrived = new ManualResetEventSlim();
        await using var receiver = new TestReceiver((_, _, stopped) =>
        {
            arrived.Set();
            return Task.Delay(Timeout.Infinite, stopped);
        });
        using var fixture = new RunFixture();
        _ = fixture.State.Write("key", "0123456789abcdef");
        System.IO.File.SetUnixFileMode(fixture.State["key"], UnixFileMode.UserRead);
        var slow = new HandlerSettings.Webhook
        {
            Name = "slow",
            Events = [new NamePattern("*")],
            Address = receiver.Address,
            Secret = new SecretPlace(fixture.State["key"], null),
            Drain = TimeSpan.FromMilliseconds(50),
        };
        long? finished = null;
        var outcome = await fixture.RunAsync(Pipeline, request => request with { Handlers = [slow] }, (runEvent, _) =>
        {
            if (runEvent is PipelineFinished)
            {
                // A busy machine may be through with the run and its drain before anything was sent.
                Assert.True(arrived.Wait(TimeSpan.FromSeconds(30), CancellationToken.None));
                finished = Stopwatch.GetTimestamp();
            }
        });
        // Far below the ten seconds that a try may take.
        Assert.True(Stopwatch.GetElapsedTime(finished!.Value) < TimeSpan.FromSeconds(5));
        var report = Assert.Single(outcome.Result.Handlers);
        Assert.Equal((0, outcome.Events.Length), (report.Delivered, report.Waiting));
        Assert.Single(receiver.Received);
    }

    [Fact]
    public async Task ACommand_RunsInTheRun_AndItsProblemIsTold()
    {
        using var fixture = new RunFixture();
        var handler = new HandlerSettings.Command { Name = "c", Events = [new NamePattern("pipeline.*")], Arguments = ["sh", "-c", "cat >> seen; echo >> seen; exit 3"], Drain = HandlerLimits.DrainMax };
        var outcome = await fixture.RunAsync(Pipeline, request => request with { Handlers = [handler] });
        var report = Assert.Single(outcome.Result.Handlers);
        Assert.Equal((2, "exit 3"), (report.Refused, report.Problem));
        Assert.Equal(2, (await System.IO.File.ReadAllLinesAsync(fixture.State["events/c/seen"], TestContext.Current.CancellationToken)).Length);
    }

    [Fact]
    public async Task AStateThatCannotBeWritten_HarmsNoRun()
    {
        using var fixture = new RunFixture();
        _ = fixture.State.Write("events", "not a folder");
        var outcome = await fixture.RunAsync(Pipeline, request => request with { Handlers = [File("audit", fixture.State["told.ndjson"], "pipeline.*")] });
        Assert.Equal(RunStatus.Failed, outcome.Status);
        Assert.Equal(2, outcome.Result.Handlers[0].Lost);
    }

    [Fact]
    public async Task WithoutHandlers_NothingIsMade()
    {
        using var fixture = new RunFixture();
        var outcome = await fixture.RunAsync(Pipeline);
        Assert.Empty(outcome.Result.Handlers);
        Assert.False(Directory.Exists(fixture.State["events"]));
    }

    [Fact]
    public async Task ARun_TellsWhatItSigned_AndHowItCameToTrustHits()
    {
        using var fixture = new RunFixture();
        const string Cached = "version: 1\nsteps:\n  a: { run: echo 1 > out, outputs: [out] }\n";
        Cairn.Engine.RunRequest WithStore(Cairn.Engine.RunRequest request) => request with { CacheDirectory = fixture.State["cache"] };
        var first = await fixture.RunAsync(Cached, WithStore);
        var signature = Assert.Single(first.Events.OfType<SignatureCreated>(), s => s.Subject == SignedSubject.Action);
        Assert.Equal(("a", 64), (signature.Job, signature.Statement.Length));
        Assert.NotNull(signature.Key);
        Assert.Empty(first.Events.OfType<VerificationCompleted>());
        Assert.IsType<PipelineFinished>(first.Events[^1]);

        System.IO.File.Delete(fixture.Project["out"]);
        var second = await fixture.RunAsync(Cached, WithStore);
        Assert.DoesNotContain(second.Events, e => e is SignatureCreated { Subject: SignedSubject.Action });
        var verification = Assert.Single(second.Events.OfType<VerificationCompleted>());
        Assert.Equal(1, verification.Verified + verification.Remembered + verification.Recalled);
        Assert.Equal(0, verification.Refused);
    }

    private static HandlerSettings.File File(string name, string path, params string[] events) => new() { Name = name, Path = path, Events = [.. events.Select(text => new NamePattern(text))] };
}
