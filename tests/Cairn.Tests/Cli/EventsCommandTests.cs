using System.Text.Json;

using Cairn.Cli;

namespace Cairn.Tests.Cli;

public sealed class EventsCommandTests
{
    private const string Record = """
        {"type":"pipeline.started","time":"2026-11-21T02:59:00.25+00:00","run":"r","schema":1,"pipeline":"zlib","file":"cairn.yaml","parameters":{},"commit":"0123456789abcdef","branch":"main","max_parallel":2,"process_id":1,"jobs":[{"id":"a","step":"a","needs":[]}]}
        {"type":"step.started","time":"2026-11-21T02:59:01+00:00","job":"a","attempt":1}
        {"type":"step.failed","time":"2026-11-21T02:59:02+00:00","job":"a","status":"failed","attempts":1,"duration_ms":1000,"exit_code":2,"reason":"exit 2","allowed":false,"outputs":{},"log_bytes":0,"cache":{"state":"miss","action":"ab"}}
        {"type":"from.the.future","time":"2026-11-21T02:59:02+00:00"}
        {"type":"pipeline.finished","time":"2026-11-21T02:59:02.5+00:00","status":"failed","duration_ms":2250,"counts":{"failed":1},"critical_path":["a"],"critical_path_ms":1000}

        """;

    [Fact]
    public async Task Tail_ShowsARun_ForPeopleAndForPrograms()
    {
        using var cli = new CommandTester();
        cli.Write(".cairn/runs/20261121-025900-000001/events.ndjson", Record);
        var all = await cli.RunAsync("events", "tail");
        Assert.Equal(
            """
            02:59:00.250  pipeline.started      zlib, 1 job, main 01234567
            02:59:01.000  step.started          a
            02:59:02.000  step.failed           a, exit 2 after 1.0s
            02:59:02.500  pipeline.failed       2.2s

            """,
            all.Out);
        Assert.Equal("02:59:02.000  step.failed           a, exit 2 after 1.0s\n", (await cli.RunAsync("events", "tail", "last", "--only", "cache.miss")).Out);
        var json = await cli.RunAsync("events", "tail", "--only", "*.failed", "--json");
        Assert.Equal(Record.Split('\n').Where(line => line.Contains("failed", StringComparison.Ordinal)), json.Out.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task Tail_RefusesWhatMeansNoEvent_AndRunsThatAreNotThere()
    {
        using var cli = new CommandTester();
        Assert.Contains("There are no runs yet", (await cli.RunAsync("events", "tail")).Error, StringComparison.Ordinal);
        var (exit, _, error) = await cli.RunAsync("events", "tail", "--only", "step.fialed");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains("did you mean `step.failed`?", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Handlers_ThatAreNone_ShowHowToWriteOne()
    {
        using var cli = new CommandTester();
        var (exit, text, _) = await cli.RunAsync("events", "handlers");
        Assert.Equal(0, exit);
        Assert.Contains("    events: [pipeline.failed]\n", text, StringComparison.Ordinal);
        Assert.Equal("[]\n", (await cli.RunAsync("events", "handlers", "--json")).Out);
    }

    [Fact]
    public async Task Test_SendsOneEvent_WhichTheListThenDoesNotCount()
    {
        using var cli = new CommandTester();
        cli.Folder.Write("home/.config/cairn/config.yaml", $"handlers:\n  audit: {{ file: {cli.Folder["audit.ndjson"]}, events: ['pipeline.*'] }}\n  none: {{ command: [no-such-program], events: ['*'] }}\n");
        var (exit, text, error) = await cli.RunAsync("events", "test", "audit");
        Assert.Equal((0, ""), (exit, error));
        Assert.Contains("audit", text, StringComparison.Ordinal);
        using var sent = JsonDocument.Parse(cli.Folder.Read("audit.ndjson"));
        Assert.Equal("handler.test", sent.RootElement.GetProperty("type").GetString());

        Assert.Equal(ExitCodes.StepFailed, (await cli.RunAsync("events", "test", "none")).Exit);
        var unknown = await cli.RunAsync("events", "test", "audti");
        Assert.Equal(ExitCodes.Usage, unknown.Exit);
        Assert.Contains("did you mean `audit`?", unknown.Error, StringComparison.Ordinal);

        var list = (await cli.RunAsync("events", "handlers")).Out;
        Assert.Contains("audit    file     unused", list, StringComparison.Ordinal);
        Assert.All(list.Split('\n'), line => Assert.True(line.Length <= 80, line));
        Assert.Equal(("Nothing waits\n", 0), await cli.RunAsync("events", "flush") is var flush ? (flush.Out, flush.Exit) : default);
    }

    [Fact]
    public async Task AMistakeInTheConfiguration_IsShownWithItsPlace()
    {
        using var cli = new CommandTester();
        cli.Folder.Write("home/.config/cairn/config.yaml", "handlers:\n  chat:\n    webhok: https://example.org/\n    events: [step.failed]\n");
        var (exit, _, error) = await cli.RunAsync("events", "handlers");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains("config.yaml:3:5", error, StringComparison.Ordinal);
        Assert.Contains("did you mean `webhook`?", error, StringComparison.Ordinal);
    }
}
