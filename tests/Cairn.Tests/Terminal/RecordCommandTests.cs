using System.Buffers;
using System.Collections.Immutable;
using System.CommandLine;
using System.Text;

using Cairn.Cli;
using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Execution;
using Cairn.Store.Content;

namespace Cairn.Tests.Terminal;

/// <summary><c>cairn logs</c> and <c>cairn runs</c> on a record that the test writes.</summary>
public sealed class RecordCommandTests : IDisposable
{
    private const string Run = "20261121-021345-7f3a9c";
    private static readonly DateTimeOffset Start = new(2026, 11, 21, 2, 13, 45, TimeSpan.Zero);

    private readonly string _project = Directory.CreateTempSubdirectory("cairn-records-").FullName;
    private readonly MemoryStream _out = new();
    private readonly StringWriter _error = new();

    public void Dispose() => Directory.Delete(_project, recursive: true);

    [Fact]
    public async Task Logs_IntoAPipe_AreClean()
    {
        Record();
        Log("build", 1, "\e[31mred\e[0m\r\n");
        Assert.Equal(ExitCodes.Success, await InvokeAsync(LogsCommand.Create, Run, "build"));
        Assert.Equal("red\n", Out);
    }

    [Fact]
    public async Task Logs_Raw_AreTheBytes()
    {
        Record();
        Log("build", 1, "\e[31mred\e[0m\r\nno end");
        await InvokeAsync(LogsCommand.Create, Run, "build", "--raw");
        Assert.Equal("\e[31mred\e[0m\r\nno end", Out);
    }

    [Fact]
    public async Task Logs_WithoutRun_TakeAStepOfTheLast()
    {
        Record();
        Log("build", 1, "one\n");
        await InvokeAsync(LogsCommand.Create, "build");
        Assert.Equal("one\n", Out);
    }

    [Fact]
    public async Task Logs_WithoutStep_HaveHeaders()
    {
        Record();
        Log("build", 1, "one\n");
        Log("test[opt=O2]", 1, "first\n");
        Log("test[opt=O2]", 2, "second\n");
        await InvokeAsync(LogsCommand.Create);
        Assert.Equal("==> build\none\n==> test[opt=O2], attempt 1\nfirst\n==> test[opt=O2], attempt 2\nsecond\n", Out);
    }

    [Fact]
    public async Task Logs_OfAStep_AreThoseOfItsJobs()
    {
        Record();
        Log("test[opt=O2]", 1, "first\n");
        Log("test[opt=O2]", 2, "second\n");
        await InvokeAsync(LogsCommand.Create, "last", "test", "--attempt", "2");
        Assert.Equal("second\n", Out);
    }

    [Theory]
    [InlineData("a\nb\nc\n", 2, "b\nc\n")]
    [InlineData("a\nb\nc", 2, "b\nc\n")]
    [InlineData("a\nb\n", 5, "a\nb\n")]
    [InlineData("a\n\n\n", 1, "\n")]
    [InlineData("a\n", 0, "")]
    public async Task Logs_Tail_GivesTheLastLines(string log, int lines, string expected)
    {
        Record();
        Log("build", 1, log);
        await InvokeAsync(LogsCommand.Create, "last", "build", "--tail", $"{lines}");
        Assert.Equal(expected, Out);
    }

    [Fact]
    public async Task Logs_Timestamps_AreThoseOfTheIndex()
    {
        Record();
        Log("build", 1, "one\ntwo\nthree\n");
        var index = new ArrayBufferWriter<byte>();
        var writer = new LogIndexWriter(index);
        writer.Start(Start, withMagic: true);
        writer.Append(OutputStream.Stdout, 6, 1_500_000);
        writer.Append(OutputStream.Stderr, 2, 2_000_000);
        writer.Flush();
        await File.WriteAllBytesAsync(Path.Combine(Logs, "build.1.idx"), index.WrittenSpan.ToArray(), TestContext.Current.CancellationToken);
        await InvokeAsync(LogsCommand.Create, "last", "build", "--timestamps", "--tail", "2");
        Assert.Equal("2026-11-21T02:13:46.500Z two\n                         three\n", Out);
    }

    [Fact]
    public async Task Logs_OfAnUnknownStep_NameTheNearest()
    {
        Record();
        Assert.Equal(ExitCodes.Usage, await InvokeAsync(LogsCommand.Create, "last", "biuld"));
        Assert.Contains("did you mean `build`?", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal("", Out);
    }

    [Fact]
    public async Task Logs_OfOneUnknownWord_NameTheNearestStep()
    {
        Record();
        Assert.Equal(ExitCodes.Usage, await InvokeAsync(LogsCommand.Create, "publsh"));
        Assert.Equal("error: `publsh` is neither one run nor a step of the last run\nhelp: did you mean `publish`?\n", _error.ToString());
    }

    [Fact]
    public async Task Logs_Follow_OfAnEndedRun_End()
    {
        Record();
        Log("build", 1, "one\n");
        Assert.Equal(ExitCodes.Success, await InvokeAsync(LogsCommand.Create, "build", "--follow"));
        Assert.Equal("one\n", Out);
    }

    [Fact]
    public async Task Runs_List_ShowsTheState()
    {
        Record();
        await InvokeAsync(RunsCommand.Create);
        Assert.Equal(
            $"""
            RUN                     STATE   PIPELINE  SOURCE         WHEN    TOOK  JOBS
            {Run}  failed  zlib      main 1a2b3c4d  5m ago  3.0s  3, 1 failed

            """,
            Out);
    }

    [Fact]
    public async Task Runs_List_ShowsInterruptedRuns()
    {
        Record(ended: false);
        await InvokeAsync(RunsCommand.Create, "--json");
        Assert.Contains("\"state\":\"interrupted\"", Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runs_Show_TellsEachJob()
    {
        Record();
        await File.WriteAllTextAsync(Path.Combine(Logs, "build.summary.md"), "# Built\n\nAll of it.\n", TestContext.Current.CancellationToken);
        await InvokeAsync(RunsCommand.Create, "show", "7f3a9c");
        Assert.StartsWith(
            $"""
            {Run}  failed
              pipeline  zlib (cairn.yaml)
              source    main 1a2b3c4d with changes
              started   2026-11-21 02:13:45 UTC, 5m ago
              took      3.0s, 2 at once
              param     prefix=/usr
              record    {Path.Combine(_project, ".cairn", "runs", Run)}

            JOB           STATUS     TOOK  CPU    MEMORY   LOG
            build         succeeded  1.2s  900ms  2.0 MiB  1.5 KiB
            test[opt=O2]  failed     1.5s                           exit 2, 2 attempts (exit 75)
            publish       not run                                   `test[opt=O2]` failed

            Outputs
              build.version = 1.3

            Summary of build
            """,
            Out,
            StringComparison.Ordinal);
        Assert.Contains("\n  # Built\n  \n  All of it.\n", Out, StringComparison.Ordinal);
        Assert.Contains("critical path 2.7s: build -> test[opt=O2]\n", Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runs_Show_TellsWhereCachedResultsCameFrom()
    {
        RecordCached();
        await InvokeAsync(RunsCommand.Create, "show");
        Assert.Contains(
            """
            JOB      STATUS     TOOK   LOG
            build    cached            3 B  from run 20261120-101010-aaaaaa, 17h ago on forge, saved 1m 30s
            test     cached                 1h ago
            publish  succeeded  100ms       not cached: `cache: false`

            """,
            Out,
            StringComparison.Ordinal);
        Assert.EndsWith("+ succeeded in 200ms: 2 cached, 1 ran, saved 1m 30s\n", Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runs_List_CountsCachedJobs()
    {
        RecordCached();
        await InvokeAsync(RunsCommand.Create);
        Assert.EndsWith("200ms  3, 2 cached\n", Out, StringComparison.Ordinal);
        _out.SetLength(0);
        await InvokeAsync(RunsCommand.Create, "--json");
        Assert.Contains("\"jobs\":3,\"failed\":0,\"cached\":2,\"saved_ms\":90000", Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_OfACachedJob_AreThoseInTheStore()
    {
        RecordCached();
        using (var store = ContentStore.Open(Path.Combine(_project, ".cache", "cairn")))
        {
            store.Put("xyz"u8);
        }

        Assert.Equal(ExitCodes.Success, await InvokeAsync(LogsCommand.Create, Run, "build"));
        Assert.Equal("xyz\n", Out);
        Assert.Equal("", _error.ToString());
        _out.SetLength(0);
        Assert.Equal(ExitCodes.Success, await InvokeAsync(LogsCommand.Create, Run, "build", "--raw", "--follow"));
        Assert.Equal("xyz", Out);
    }

    [Fact]
    public async Task Logs_OfACachedJob_WhoseLogIsGone_NameTheRunThatExecutedIt()
    {
        RecordCached();
        Log("publish", 1, "sent\n");
        Assert.Equal(ExitCodes.Usage, await InvokeAsync(LogsCommand.Create));
        Assert.Equal("==> publish\nsent\n", Out);
        Assert.Equal(
            "error: The log of `build` is no longer in the cache; run `20261120-101010-aaaaaa` on `forge` executed it\nhelp: `cairn run --force build` executes it again and stores its log\n",
            _error.ToString());
    }

    [Fact]
    public async Task Logs_OfACachedJob_ThatARunOfThisProjectExecuted_AreThoseOfThatRun()
    {
        RecordCached();
        var logs = Path.Combine(_project, ".cairn", "runs", "20261120-101010-aaaaaa", "logs");
        Directory.CreateDirectory(logs);
        await File.WriteAllTextAsync(Path.Combine(logs, "build.2.log"), "built\n", TestContext.Current.CancellationToken);
        Assert.Equal(ExitCodes.Success, await InvokeAsync(LogsCommand.Create, Run, "build"));
        Assert.Equal("built\n", Out);
    }

    [Theory]
    [InlineData("exclude each other", "--json", "--plain")]
    [InlineData("--param name=value", "-p", "prefix")]
    [InlineData("at least 1", "-j", "0")]
    [InlineData("There is no run", "--retry-failed", "nonsense")]
    public async Task Run_WithWrongUsage_SaysWhatIsWrong(string expected, params string[] args)
    {
        Record();
        Assert.Equal(ExitCodes.Usage, await InvokeAsync(RunCommand.Create, args));
        Assert.Contains(expected, _error.ToString(), StringComparison.Ordinal);
    }

    private string Logs => Path.Combine(_project, ".cairn", "runs", Run, "logs");

    private string Out => Encoding.UTF8.GetString(_out.ToArray());

    private void Log(string job, int attempt, string text) => File.WriteAllText(Path.Combine(Logs, $"{job}.{attempt}.log"), text);

    private void Record(bool ended = true)
    {
        Directory.CreateDirectory(Logs);
        List<RunEvent> events =
        [
            new PipelineStarted
            {
                Time = Start,
                Run = Run,
                Pipeline = "zlib",
                File = "cairn.yaml",
                Parameters = ImmutableSortedDictionary<string, string>.Empty.Add("prefix", "/usr"),
                Commit = "1a2b3c4d5e6f",
                Branch = "main",
                Dirty = true,
                MaxParallel = 2,
                ProcessId = 1,
                Jobs = [new("build", "build", []), new("test[opt=O2]", "test", ["build"]), new("publish", "publish", ["test[opt=O2]"])],
            },
            new StepStarted { Time = Start, Job = "build", Attempt = 1 },
        ];
        if (ended)
        {
            events.AddRange(
            [
                new StepCompleted
                {
                    Time = Start,
                    Job = "build",
                    Status = JobStatus.Succeeded,
                    Attempts = 1,
                    DurationMs = 1200,
                    ExitCode = 0,
                    Resources = new ResourceUse(1200, 800, 100, 2048, 0, 0),
                    Outputs = ImmutableSortedDictionary<string, string>.Empty.Add("version", "1.3"),
                    LogBytes = 1536,
                },
                new StepStarted { Time = Start, Job = "test[opt=O2]", Attempt = 1 },
                new StepRetrying { Time = Start, Job = "test[opt=O2]", Attempt = 1, Reason = "exit 75", WaitMs = 0 },
                new StepStarted { Time = Start, Job = "test[opt=O2]", Attempt = 2 },
                new StepFailed { Time = Start, Job = "test[opt=O2]", Status = JobStatus.Failed, Attempts = 2, DurationMs = 1500, ExitCode = 2, Reason = "exit 2" },
                new StepSkipped { Time = Start, Job = "publish", Status = JobStatus.NotRun, Reason = "`test[opt=O2]` failed" },
                new PipelineFinished
                {
                    Time = Start + TimeSpan.FromSeconds(3),
                    Status = RunStatus.Failed,
                    DurationMs = 3000,
                    Counts = ImmutableSortedDictionary<JobStatus, int>.Empty.Add(JobStatus.Succeeded, 1).Add(JobStatus.Failed, 1).Add(JobStatus.NotRun, 1),
                    CriticalPath = ["build", "test[opt=O2]"],
                    CriticalPathMs = 2700,
                },
            ]);
        }

        Write(events);
    }

    private void RecordCached()
    {
        Directory.CreateDirectory(Logs);
        Write(
        [
            new PipelineStarted { Time = Start, Run = Run, Pipeline = "zlib", File = "cairn.yaml", MaxParallel = 2, ProcessId = 1, Jobs = [new("build", "build", []), new("test", "test", []), new("publish", "publish", [])] },
            new StepCompleted
            {
                Time = Start,
                Job = "build",
                Status = JobStatus.Succeeded,
                LogBytes = 3,
                Cache = new CacheUse(CacheState.Hit)
                {
                    FromRun = "20261120-101010-aaaaaa",
                    FromTime = Start - TimeSpan.FromHours(17),
                    FromHost = "forge",
                    SavedMs = 90_000,
                    Log = Digest.Of("xyz"u8).ToString(),
                },
            },
            new StepCompleted { Time = Start, Job = "test", Status = JobStatus.Succeeded, Cache = new CacheUse(CacheState.Hit) { FromTime = Start - TimeSpan.FromHours(1) } },
            new StepStarted { Time = Start, Job = "publish", Attempt = 1 },
            new StepCompleted { Time = Start, Job = "publish", Status = JobStatus.Succeeded, Attempts = 1, DurationMs = 100, Cache = new CacheUse(CacheState.Off) { Reason = "`cache: false`" } },
            new PipelineFinished { Time = Start, Status = RunStatus.Succeeded, DurationMs = 200, Counts = ImmutableSortedDictionary<JobStatus, int>.Empty.Add(JobStatus.Succeeded, 3) },
        ]);
    }

    private void Write(List<RunEvent> events)
    {
        using var file = File.Create(Path.Combine(_project, ".cairn", "runs", Run, "events.ndjson"));
        foreach (var runEvent in events)
        {
            file.Write(RunEventJson.Serialize(runEvent));
            file.WriteByte((byte)'\n');
        }
    }

    private async Task<int> InvokeAsync(Func<CommandServices, Command> create, params string[] args)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["HOME"] = _project };
        var services = new CommandServices
        {
            Out = new StreamWriter(_out) { AutoFlush = true },
            OutBytes = _out,
            Error = _error,
            Terminal = new TerminalInfo(environment, outIsTerminal: false, errorIsTerminal: false, () => null),
            Time = new FixedTime(Start + TimeSpan.FromMinutes(5)),
            CurrentDirectory = _project,
            Environment = environment,
            CancellationToken = TestContext.Current.CancellationToken,
        };
        var parsed = create(services).Parse(args);
        Assert.Empty(parsed.Errors);
        return await parsed.InvokeAsync(cancellationToken: TestContext.Current.CancellationToken);
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
