using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Analysis;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine.Analysis;
using Cairn.Testing;

namespace Cairn.Tests.Analysis;

public sealed class RunFactsReaderTests
{
    private static readonly DateTimeOffset Time = new(2026, 11, 20, 3, 0, 0, TimeSpan.Zero);
    private static readonly string Action = string.Concat(Enumerable.Repeat("0123456789abcdef", 4));

    private static readonly RunEvent[] Events =
    [
        new PipelineStarted
        {
            Time = Time, Run = "r", Pipeline = "zlib", File = "cairn.yaml", MaxParallel = 3, ProcessId = 1,
            Jobs = [new JobSummary("build", "build", []), new JobSummary("test[opt=\"é\"]", "test", ["build"])],
        },
        new StepStarted { Time = Time.AddSeconds(1), Job = "build", Attempt = 1 },
        new StepRetrying { Time = Time.AddSeconds(3), Job = "build", Attempt = 1, Reason = "exit 75", WaitMs = 500 },
        new StepStarted { Time = Time.AddSeconds(4), Job = "build", Attempt = 2 },
        new StepCompleted
        {
            Time = Time.AddSeconds(9), Job = "build", Status = JobStatus.Succeeded, Attempts = 2, DurationMs = 5_000, Resources = new ResourceUse(5_000, 3_000, 1_000, 1, 1, 1),
            Outputs = ImmutableSortedDictionary<string, string>.Empty.Add("status", "failed"), Cache = new CacheUse(CacheState.Miss) { Action = Action, Forced = true, Reason = CacheUse.ForceReason },
        },
        new PipelineExtended { Time = Time.AddSeconds(9), Job = "build", Jobs = [new JobSummary("gen.x", "gen", [])] },
        new StepCompleted { Time = Time.AddSeconds(9), Job = "gen.x", Status = JobStatus.Succeeded, Cache = new CacheUse(CacheState.Hit) { Action = Action, SavedMs = 1234.5 } },
        new StepFailed { Time = Time.AddSeconds(10), Job = "test[opt=\"é\"]", Status = JobStatus.TimedOut, Attempts = 1, DurationMs = 900, Cache = new CacheUse(CacheState.Off) { Reason = "`cache: false`" } },
        new WarningRaised { Time = Time, Code = "CAIRN0401", Message = "m" },
        new PipelineFinished
        {
            Time = Time.AddSeconds(10), Status = RunStatus.Failed, DurationMs = 10_000, Counts = ImmutableSortedDictionary<JobStatus, int>.Empty, CriticalPath = ["build", "test[opt=\"é\"]", "gone"], CriticalPathMs = 5_900,
        },
    ];

    [Fact]
    public void Read_TakesWhatAnAnalysisNeeds()
    {
        var reader = new RunFactsReader("p", pipeline: null);
        var run = reader.Read("r", Bytes(Events), () => false, out var problem);
        Assert.Null(problem);
        Assert.Equal(0, reader.DamagedLines);
        Assert.Equal(("p", "zlib", Time, RunOutcome.Failed, 10_000, 3), (run!.Project, run.Pipeline, run.Started, run.Outcome, run.WallMs, run.Workers));
        Assert.Equal([0, 2], run.CriticalPath);
        Assert.Equal(
            new JobFacts { Id = "build", Step = "build", Status = JobStatus.Succeeded, Attempts = 2, DurationMs = 5_000, RetriedMs = 2_500, CpuMs = 4_000, Cache = CacheState.Miss, Forced = true, Action = ActionKey.TryParse(Encoding.ASCII.GetBytes(Action)) },
            run.Jobs[0]);
        Assert.Equal(Action, run.Jobs[0].Action.ToString());
        Assert.Equal(("gen", CacheState.Hit, 1234.5), (run.Jobs[1].Step, run.Jobs[1].Cache, run.Jobs[1].SavedMs));
        Assert.Equal(("test", JobStatus.TimedOut, "`cache: false`"), (run.Jobs[2].Step, run.Jobs[2].Status, run.Jobs[2].Reason));
    }

    [Fact]
    public void Read_OfAnotherPipeline_IsNothing() => Assert.Null(new RunFactsReader("", "other").Read("r", Bytes(Events), () => false, out _));

    [Fact]
    public void Read_OfARunThatNeverEnded_SaysSo_AndOfOneThatGoesOnNothing()
    {
        var reader = new RunFactsReader("", null);
        Assert.Null(reader.Read("r", Bytes(Events[..^1]), () => true, out var problem));
        Assert.Null(problem);
        Assert.Equal((RunOutcome.Interrupted, 10_000), reader.Read("r", Bytes(Events[..^1]), () => false, out _) is { } run ? (run.Outcome, run.WallMs) : default);
    }

    [Theory]
    [InlineData("", "it is empty")]
    [InlineData("{}\n", "it does not begin")]
    [InlineData("\0\0\0\n", "it does not begin")]
    [InlineData("{\"type\":\"step.started\",\"time\":\"2026-11-20T03:00:00Z\",\"job\":\"a\",\"attempt\":1}\n", "it does not begin")]
    [InlineData("{\"type\":\"pipeline.started\"}\n", "it does not begin")]
    public void Read_OfWhatIsNoRecord_SaysWhy(string content, string problem)
    {
        Assert.Null(new RunFactsReader("", null).Read("r", Encoding.UTF8.GetBytes(content), () => false, out var why));
        Assert.Contains(problem, why, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_CountsDamage_AndTakesTheRest()
    {
        var lines = Encoding.UTF8.GetString(Bytes(Events)).Split('\n').ToList();
        lines.Insert(2, "{\"type\":\"step.completed\",\"job\":1}");
        lines.Insert(3, "garbage");
        lines.Insert(4, "{\"type\":\"step.completed\",\"job\":\"x\",\"status\":\"odd\"}");
        lines.Insert(5, "{\"type\":\"step.from.the.future\",\"job\":{}}");
        var reader = new RunFactsReader("", null);
        var run = reader.Read("r", Encoding.UTF8.GetBytes(string.Join('\n', lines) + "{\"type\":\"step.comp"), () => false, out _);
        Assert.Equal((4, 3, RunOutcome.Failed), (reader.DamagedLines, run!.Jobs.Length, run.Outcome));
    }

    [Fact]
    public void Read_OfAnyCut_NeverThrows()
    {
        var content = Bytes(Events);
        var reader = new RunFactsReader("", null);
        for (var length = 0; length <= content.Length; length++)
        {
            var damaged = content[..length];
            _ = reader.Read("r", damaged, () => false, out _);
            if (length > 0)
            {
                damaged[length / 2] ^= 0x15;
                _ = reader.Read("r", damaged, () => false, out _);
            }
        }
    }

    [Fact]
    public void Run_OverAProject_TellsDamageOnce_AndReadsTheRest()
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 30; i++)
        {
            var id = Core.RunId.Create(Time.AddMinutes(i), (uint)i).Value;
            folder.Write($".cairn/runs/{id}/events.ndjson", i % 4 == 0 ? "damaged" : Encoding.UTF8.GetString(Bytes(Events)));
        }

        folder.Write(".cairn/runs/notes/events.ndjson", "not a run");
        Directory.CreateDirectory(folder[".cairn/runs/" + Core.RunId.Create(Time, 99).Value]);
        var bag = new DiagnosticBag();
        var report = ProjectAnalysis.Run([new AnalysedProject(folder.Path, "")], null, new AnalysisWindow(Time.AddDays(1), TimeSpan.FromDays(30)), bag, TestContext.Current.CancellationToken);
        Assert.Equal(22, report.Current.Runs);
        var told = bag.ToSorted();
        Assert.Equal(6, told.Length);
        Assert.All(told, d => Assert.Equal(DiagnosticCodes.AnalysisRecordDamaged, d.Code));
        Assert.Contains(told, d => d.Message == string.Create(CultureInfo.InvariantCulture, $"{4} more records are damaged"));
    }

    private static byte[] Bytes(IEnumerable<RunEvent> events) => [.. events.SelectMany(e => RunEventJson.Serialize(e).Append((byte)'\n'))];
}
