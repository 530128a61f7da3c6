using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Xml;

using Cairn.Cli.Analysis;
using Cairn.Cli.Terminal;
using Cairn.Tests.Cli;
using Cairn.Tests.Language;

namespace Cairn.Tests.Analysis;

public sealed class AnalysisViewTests
{
    [Fact]
    public void Text_IsTheGoldenOne_AndFits80Columns()
    {
        var text = new ByteText();
        AnalysisText.Append(text, RunBuilder.Month(), "zlib", isSeveral: false, Style.Bare);
        var lines = text.ToString().Split('\n');
        Assert.All(lines, line => Assert.True(TextWidth.Of(line) <= 80, line));
        Assert.All(lines, line => Assert.Equal(line.TrimEnd(), line));
        Samples.AssertGolden(Samples.Root + "/testdata/analysis/month.txt", text.ToString());
    }

    [Fact]
    public void Html_IsTheGoldenOne_WellFormedAndAlone()
    {
        var html = AnalysisHtml.Render(RunBuilder.Month(), "zlib", isSeveral: false);
        Samples.AssertGolden(Samples.Root + "/testdata/analysis/month.html", html);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("http", html.Replace("http-equiv", "", StringComparison.Ordinal), StringComparison.Ordinal);
        foreach (var svg in html.Split("<svg").Skip(1))
        {
            // Whatever a browser forgives in HTML, the plots are XML.
            new XmlDocument().LoadXml("<svg" + svg[..(svg.IndexOf("</svg>", StringComparison.Ordinal) + 6)]);
        }
    }

    [Fact]
    public void Html_EscapesNames()
    {
        var report = RunBuilder.Analyze(RunBuilder.Run(1, 1_000, jobs: [RunBuilder.Miss("<script>alert(1)</script>&\"", 900)]) with { Pipeline = "<b>" });
        var html = AnalysisHtml.Render(report, "<i>", isSeveral: false);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<i>", html.Replace("<i>", "", StringComparison.Ordinal).Replace("</i>", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", html, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt;, ", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 4)]
    [InlineData(40, 90_000)]
    [InlineData(900, 4e7)]
    [InlineData(1, 1e12)]
    public void Ticks_EncloseTheData_AndAreFew(double least, double most)
    {
        var ticks = AnalysisPlots.DurationTicks(least, most);
        Assert.True(ticks[0] <= least && (ticks[^1] >= most || most > 31536e6));
        Assert.InRange(ticks.Length, 2, 8);
        Assert.Equal(ticks.Order().Distinct(), ticks);
    }

    [Fact]
    public void Wrap_BreaksAtSpaces() => Assert.Equal(["ab cd", "efghijk", "l"], AnalysisText.Wrap("ab cd efghijk l", 6));

    [Fact]
    public async Task Command_OfAProjectWithoutRuns_SaysWhatToDo()
    {
        using var cli = new CommandTester();
        Assert.Equal(new CommandOutcome(0, "There are no runs yet\nstart one with `cairn run`; analyses begin with the first\n", ""), await cli.RunAsync("analyze"));
        Assert.Equal(new CommandOutcome(0, "There are no projects yet\na project is known once `cairn run` ran in it\n", ""), await cli.RunAsync("analyze", "--all-projects"));
    }

    [Fact]
    public async Task Command_RefusesPeriodsThatMeanNothing()
    {
        using var cli = new CommandTester();
        Assert.Contains("`30` has no unit", (await cli.RunAsync("analyze", "--period", "30")).Error, StringComparison.Ordinal);
        Assert.Contains("too short", (await cli.RunAsync("analyze", "--period", "1s")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_AnalysesWhatRunsLeft()
    {
        using var cli = new CommandTester();
        Write(cli, new DateTimeOffset(2026, 11, 20, 3, 0, 0, TimeSpan.Zero), "zlib");
        Write(cli, new DateTimeOffset(2026, 11, 20, 4, 0, 0, TimeSpan.Zero), "docs");
        var (exit, text, error) = await cli.RunAsync("analyze", "--html", "report.html");
        Assert.Equal((0, ""), (exit, error));
        Assert.StartsWith("project, 30 days until 2026-11-21 03:00 UTC\n", text, StringComparison.Ordinal);
        Assert.EndsWith("The page with plots: report.html\n", text, StringComparison.Ordinal);
        Assert.Contains("zlib/build", text, StringComparison.Ordinal);
        Assert.StartsWith("<!doctype html>", cli.Folder.Read("project/report.html"), StringComparison.Ordinal);

        using var json = JsonDocument.Parse((await cli.RunAsync("analyze", "--pipeline", "zlib", "--json")).Out);
        Assert.Equal(1, json.RootElement.GetProperty("current").GetProperty("runs").GetInt32());
        Assert.Equal("build", json.RootElement.GetProperty("steps")[0].GetProperty("step").GetString());
        Assert.Equal("There are no runs of a pipeline `zlip` in the last 30d\ndid you mean `zlib`?\n", (await cli.RunAsync("analyze", "--pipeline", "zlip")).Out);
        Assert.Equal("There are no runs in the last 12h\nthe newest is of 23h ago: try `--period 2d`\n", (await cli.RunAsync("analyze", "--period", "12h")).Out);
    }

    private static void Write(CommandTester cli, DateTimeOffset time, string pipeline) => cli.Write(
        string.Create(CultureInfo.InvariantCulture, $".cairn/runs/{Core.RunId.Create(time, 7).Value}/events.ndjson"),
        new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $$"""{"type":"pipeline.started","time":"{{time:O}}","run":"r","schema":1,"pipeline":"{{pipeline}}","file":"cairn.yaml","parameters":{},"max_parallel":2,"process_id":1,"jobs":[{"id":"build","step":"build","needs":[]}]}""").Append('\n')
            .Append(CultureInfo.InvariantCulture, $$"""{"type":"step.completed","time":"{{time.AddSeconds(5):O}}","job":"build","status":"succeeded","attempts":1,"duration_ms":4500,"allowed":false,"outputs":{},"log_bytes":0,"cache":{"state":"miss"} }""").Append('\n')
            .Append(CultureInfo.InvariantCulture, $$"""{"type":"pipeline.finished","time":"{{time.AddSeconds(5):O}}","status":"succeeded","duration_ms":5000,"counts":{"succeeded":1},"critical_path":["build"],"critical_path_ms":4500}""").Append('\n').ToString());
}
