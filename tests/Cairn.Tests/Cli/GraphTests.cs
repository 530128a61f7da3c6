using System.Text.Json;
using System.Xml.Linq;

using Cairn.Cli;
using Cairn.Core;
using Cairn.Core.Scheduling;

namespace Cairn.Tests.Cli;

public sealed class GraphTests
{
    private const string Pipeline = """
        version: 1
        name: zlib
        steps:
          fetch: { run: 'true', description: 'Get <the> "sources" & all' }
          build: { run: 'true', needs: [fetch] }
          test:
            run: 'true'
            needs: [fetch, build]
            matrix: { opt: [O0, O2] }
            if: "${{ success() }}"
          docs: { run: 'true', needs: [fetch], allow_failure: true }
          publish: { run: 'true', needs: [test, docs] }
        """;

    [Fact]
    public async Task Text_IsATreeByTheDeepestNeed()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", Pipeline);
        Assert.Equal(
            """
            zlib · 5 steps, 6 jobs, 4 layers
            fetch
            ├─ build
            │  └─ test ×2  conditional
            │     └─ publish  also needs docs
            └─ docs  may fail

            """,
            (await cli.RunAsync("graph")).Out);
    }

    [Fact]
    public async Task Text_WithoutUtf8_IsAscii()
    {
        using var cli = new CommandTester(("LANG", "C"));
        cli.Write("cairn.yaml", Pipeline);
        var (_, text, _) = await cli.RunAsync("graph");
        Assert.All(text, c => Assert.InRange(c, '\n', '~'));
        Assert.Contains("|  `- test x2", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mermaid_EscapesAndMarks()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", Pipeline);
        var (_, text, _) = await cli.RunAsync("graph", "--format", "mermaid");
        Assert.StartsWith("flowchart LR\n    s0[\"fetch\"]\n", text, StringComparison.Ordinal);
        Assert.Contains("s2[[\"test ×2\"]]", text, StringComparison.Ordinal);
        Assert.Contains("s1 --> s2\n", text, StringComparison.Ordinal);
        Assert.Contains("s0 -.-> s2\n", text, StringComparison.Ordinal);
        Assert.Contains("class s2 conditional\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dot_NamesNodesByQuotedTexts()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", Pipeline);
        var (_, text, _) = await cli.RunAsync("graph", "--format=dot", "--jobs");
        Assert.StartsWith("digraph \"zlib\" {\n", text, StringComparison.Ordinal);
        Assert.Contains("\"build\" -> \"test[opt=O2]\"", text, StringComparison.Ordinal);
        Assert.EndsWith("}\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Svg_IsXml_WithABoxForEachStepAndALineForEachNeed()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", Pipeline);
        var (exit, text, _) = await cli.RunAsync("graph", "--format", "svg");
        Assert.Equal(0, exit);
        XNamespace svg = "http://www.w3.org/2000/svg";
        var root = XDocument.Parse(text).Root!;
        var nodes = root.Descendants(svg + "g").Where(g => ((string?)g.Attribute("class"))?.StartsWith("node", StringComparison.Ordinal) ?? false).ToList();
        Assert.Equal(5, nodes.Count);
        Assert.Contains(nodes, n => n.Element(svg + "title")!.Value.StartsWith("fetch\nGet <the> \"sources\" & all", StringComparison.Ordinal));
        Assert.Equal(6, root.Descendants(svg + "path").Count(p => ((string?)p.Attribute("class") ?? "").StartsWith("edge", StringComparison.Ordinal) && p.Element(svg + "title") is not null));
        Assert.Contains("prefers-color-scheme: dark", text, StringComparison.Ordinal);
        Assert.DoesNotContain("http://", text.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_WritesAFile_AndSaysWhyItCannot()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", Pipeline);
        Assert.Equal(new CommandOutcome(0, "", ""), await cli.RunAsync("graph", "--format", "svg", "--output", "graph.svg"));
        Assert.StartsWith("<svg ", cli.Folder.Read("project/graph.svg"), StringComparison.Ordinal);
        var (exit, _, error) = await cli.RunAsync("graph", "-o", "no/such/graph.txt");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains("`no/such/graph.txt` cannot be written: its folder is not there", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Analyze_WithoutRuns_AssumesASecondForEachJob()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", Pipeline);
        var (exit, text, _) = await cli.RunAsync("graph", "--analyze", "--format", "json");
        Assert.Equal(0, exit);
        using var json = JsonDocument.Parse(text);
        var analysis = json.RootElement.GetProperty("analysis");
        Assert.Equal(0, analysis.GetProperty("known_jobs").GetInt32());
        Assert.Equal(4000, analysis.GetProperty("critical_path_ms").GetDouble());
        Assert.Equal(6000, analysis.GetProperty("work_ms").GetDouble());
        Assert.Equal(["fetch", "build", "publish"], analysis.GetProperty("critical_path").EnumerateArray().Select(e => e.GetString()!).Where(n => !n.StartsWith("test", StringComparison.Ordinal)));
        var speedUps = analysis.GetProperty("speed_up").EnumerateArray().Select(s => (s.GetProperty("max_parallel").GetInt32(), s.GetProperty("time_ms").GetDouble())).ToList();
        Assert.Equal([(1, 6000.0), (2, 4000.0)], speedUps);
    }

    [Fact]
    public async Task Analyze_UsesTheMediansOfEarlierRuns()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", "version: 1\nsteps:\n  slow: { run: 'true' }\n  quick: { run: 'true' }\n");
        WriteRun(cli, 1, slowMs: 8000);
        WriteRun(cli, 2, slowMs: 9000);
        WriteRun(cli, 3, slowMs: 100_000);
        var (exit, text, error) = await cli.RunAsync("graph", "--analyze");
        Assert.Equal((0, ""), (exit, error));
        Assert.Contains("medians of earlier runs for 2 of 2 jobs", text, StringComparison.Ordinal);
        Assert.Contains("Critical path  9.0s of 10.0s work\n  slow 9.0s\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Analyze_CountsExecutions_NotWhatTheCacheTook()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", "version: 1\nsteps:\n  slow: { run: 'true' }\n  quick: { run: 'true' }\n");
        WriteRun(cli, 1, slowMs: 8000);
        WriteRun(cli, 2, slowMs: 7000, cached: true);
        WriteRun(cli, 3, slowMs: 7000, cached: true);
        var (exit, text, error) = await cli.RunAsync("graph", "--analyze");
        Assert.Equal((0, ""), (exit, error));
        Assert.Contains("4 of 6 results were cached; durations are those of executions\n", text, StringComparison.Ordinal);
        Assert.Contains("Critical path  8.0s of 9.0s work\n  slow 8.0s\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Analyze_OfJobsThatWereOnlyCached_TakesWhatTheirExecutionsTook()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", "version: 1\nsteps:\n  slow: { run: 'true' }\n  quick: { run: 'true' }\n");
        WriteRun(cli, 1, slowMs: 7000, cached: true);
        var (_, text, _) = await cli.RunAsync("graph", "--analyze");
        Assert.Contains("Critical path  7.0s of 7.0s work\n  slow 7.0s\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AWrongPipeline_IsExplained()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", "version: 1\nsteps:\n  a: { run: x, needs: [b] }\n  b: { run: x, needs: [a] }\n");
        var (exit, text, error) = await cli.RunAsync("graph");
        Assert.Equal((ExitCodes.Usage, ""), (exit, text));
        Assert.Contains("error[CAIRN", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AChainOfThousands_IsDrawn()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", "version: 1\nsteps:\n" + string.Concat(Enumerable.Range(0, 2000).Select(i => $"  s{i}: {{ run: x{(i == 0 ? "" : $", needs: [s{i - 1}]")} }}\n")));
        var (exit, text, _) = await cli.RunAsync("graph");
        Assert.Equal(0, exit);
        Assert.Equal(2001, text.Count(c => c == '\n'));
        Assert.Equal(0, (await cli.RunAsync("graph", "--format", "svg")).Exit);
    }

    private static void WriteRun(CommandTester cli, int number, int slowMs, bool cached = false)
    {
        var started = new DateTimeOffset(2026, 11, 20, 0, number, 0, TimeSpan.Zero);
        var id = RunId.Create(started, (uint)number);
        var time = started.ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(RunId.TryParse(id.Value, out _));
        var status = JobStatus.Succeeded.ToString().ToLowerInvariant();
        cli.Write($".cairn/runs/{id}/events.ndjson", $$"""
            {"type":"pipeline.started","time":"{{time}}","run":"{{id}}","schema":1,"pipeline":"p","file":"cairn.yaml","max_parallel":2,"process_id":1,"jobs":[{"id":"slow","step":"slow","needs":[]},{"id":"quick","step":"quick","needs":[]}]}
            {"type":"step.completed","time":"{{time}}","job":"slow","status":"{{status}}",{{How(slowMs)}} }
            {"type":"step.completed","time":"{{time}}","job":"quick","status":"{{status}}",{{How(cached ? 5 : 1000)}} }
            {"type":"pipeline.finished","time":"{{time}}","status":"succeeded","duration_ms":{{slowMs}},"counts":{"succeeded":2} }

            """);

        string How(int milliseconds) => cached
            ? $"\"attempts\":0,\"duration_ms\":2,\"cache\":{{\"state\":\"hit\",\"saved_ms\":{milliseconds}}}"
            : $"\"attempts\":1,\"duration_ms\":{milliseconds}";
    }
}
