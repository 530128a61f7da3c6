using System.Text;

using Cairn.Cli.Terminal;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine;

namespace Cairn.Tests.Terminal;

public sealed class StreamViewTests
{
    [Fact]
    public void Plain_Prefixes_WholeLines()
    {
        var text = new ViewDriver(new PlainView(ViewDriver.Options(unicode: false))).Begin("a", "b: a").Start("a").Start("b")
            .Output("a", "one\ntw").Output("b", "other\r\n").Output("a", "err\n", OutputSource.Stderr).Output("a", "o\nlast")
            .Succeed("a", 1.2).Fail("b", 0.1, 2).End(RunStatus.Failed, 1.3, "a", "b").Render();
        Assert.Equal(
            """
            ==> run: 20261121-021345-7f3a9c of zlib: 2 jobs, 2 at once
            ==> a: started
            ==> b: started
            [a] one
            [b] other
            [a] err
            [a] two
            [a] last
            ==> a: succeeded in 1.2s
            ==> b: failed in 100ms: exit 2

            x failed in 1.3s: 1 succeeded, 1 failed
              critical path 1.2s: a -> b
              x b: exit 2  log: cairn logs 20261121-021345-7f3a9c b
              mend and try again: cairn run --retry-failed 20261121-021345-7f3a9c

            """,
            text);
    }

    [Fact]
    public void Plain_Folds_CachedJobsThatFollowEachOther()
    {
        var driver = new ViewDriver(new PlainView(ViewDriver.Options(unicode: false))).Begin(Ids(1004)).Cached("s0", 1.2).Start("s1");
        for (var i = 2; i < 1003; i++)
        {
            driver.Cached($"s{i}", 0.5);
        }

        var text = driver.Output("s1", "x\n").Succeed("s1", 1).Cached("s1003", 0).End(RunStatus.Succeeded, 1.3, "s1").Render();
        Assert.Equal(
            """
            ==> run: 20261121-021345-7f3a9c of zlib: 1004 jobs, 2 at once
            ==> s0: cached (run 20261120-101010-aaaaaa, saved 1.2s)
            ==> s1: started
            ==> 1001 jobs: cached (saved 8m 20s): s2, s3, s4, s5, s6, ... 991 more ..., s998, s999, s1000, s1001, s1002
            [s1] x
            ==> s1: succeeded in 1.0s
            ==> s1003: cached (run 20261120-101010-aaaaaa)

            + succeeded in 1.3s: 1003 cached, 1 ran, saved 8m 22s
              slowest: s1 1.0s

            """,
            text);
    }

    [Fact]
    public void Plain_Shows_FoldedJobs_WhereNothingFollowsForAWhile()
    {
        var driver = new ViewDriver(new PlainView(ViewDriver.Options())).Begin("a", "b", "c").Start("c").Cached("a").At(0.4);
        Assert.DoesNotContain("cached", driver.Render(), StringComparison.Ordinal);
        Assert.Equal("==> 2 jobs: cached (saved 2.0s): a, b\n", driver.Cached("b").At(0.6).Render());
        Assert.Equal("", driver.At(3).Render());
    }

    [Fact]
    public void Plain_Replays_TheOutputOfACachedJob_AsThatOfAnExecutedOne()
    {
        var driver = new ViewDriver(new PlainView(ViewDriver.Options(unicode: false))).Begin("a", "b", "c");
        driver.Render();
        Assert.Equal(
            """
            ==> a: cached (run 20261120-101010-aaaaaa, saved 1.0s)
            [b] one
            [b] oh
            [b] no end
            ==> b: cached (run 20261120-101010-aaaaaa, saved 1.0s)

            """,
            driver.Cached("a").Output("b", "one\nno").Output("b", "oh\n", OutputSource.Stderr).Output("b", " end").Cached("b").Render());
    }

    [Fact]
    public void AllCached_EndsIn_OneLine()
    {
        foreach (var view in (IRunView[])[new PlainView(ViewDriver.Options()), new QuietView(ViewDriver.Options())])
        {
            var driver = new ViewDriver(view).Begin(Ids(42));
            driver.Render();
            foreach (var id in Ids(42))
            {
                driver.Cached(id, 6);
            }

            Assert.Equal("✓ 42 of 42 cached, nothing to do (31ms, saved 4m 12s)\n", driver.End(RunStatus.Succeeded, 0.031, "s0", "s1").Render().TrimStart('\n'));
        }
    }

    [Fact]
    public void AllCached_ButForWhatWasSkipped_SaysSo()
    {
        var driver = new ViewDriver(new QuietView(ViewDriver.Options())).Begin("a", "b", "c").Cached("a").Skip("b", "condition is false").Cached("c");
        Assert.Equal("✓ 2 of 2 cached, 1 skipped, nothing to do (20ms, saved 2.0s)\n", driver.End(RunStatus.Succeeded, 0.02).Render());
    }

    [Fact]
    public void Failed_WithCachedJobs_CountsThemApart()
    {
        var driver = new ViewDriver(new QuietView(ViewDriver.Options())).Begin("a", "b", "c").Cached("a").Succeed("b", 1).Fail("c", 1, 1);
        Assert.EndsWith("✗ failed in 2.0s: 1 cached, 1 succeeded, 1 failed, saved 1.0s\n", driver.End(RunStatus.Failed, 2).Render(), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_OfACachedJob_HasItsOutputAndWhereItCameFrom()
    {
        var driver = new ViewDriver(new JsonView()).Begin("a");
        driver.Render();
        var lines = driver.Output("a", "x\ny").Cached("a").Render().TrimEnd('\n').Split('\n');
        Assert.Equal(["x", "y"], lines[..2].Select(line => ((StepOutput)RunEventJson.Parse(Encoding.UTF8.GetBytes(line))!).Text), StringComparer.Ordinal);
        Assert.True(RunEventJson.Parse(Encoding.UTF8.GetBytes(lines[2])) is StepCompleted { IsCached: true, Attempts: 0, Cache: { FromHost: "forge", SavedMs: 1000 } }, lines[2]);
        Assert.Contains("\"cache\":{\"state\":\"hit\",\"from_run\":\"20261120-101010-aaaaaa\"", lines[2], StringComparison.Ordinal);
    }

    private static string[] Ids(int count) => [.. Enumerable.Range(0, count).Select(n => $"s{n}")];

    [Fact]
    public void Plain_Strips_EscapesAndOverwrittenProgress()
    {
        var driver = new ViewDriver(new PlainView(ViewDriver.Options())).Begin("a").Start("a");
        driver.Render();
        Assert.Equal("[a] 100% done\n", driver.Output("a", "\e[1m 10%\r 50%\r\e[32m100%\e[0m done\r\n").Render());
    }

    [Fact]
    public void Plain_Tells_RetriesSkipsAndWarnings()
    {
        var driver = new ViewDriver(new PlainView(ViewDriver.Options())).Begin("a", "b").Start("a");
        driver.Render();
        Assert.Equal("==> a: failed: exit 75; attempt 2 follows in 3.0s\n", driver.Retry("a", "exit 75").Render());
        Assert.Equal("==> a: started, attempt 2\n", driver.Start("a", 2).Render());
        Assert.Equal("==> b: skipped: condition is false\n", driver.Skip("b", "condition is false").Render());
        Assert.Equal("==> a: warning[CAIRN0401]: odd\n", driver.Event(new WarningRaised { Time = default, Job = "a", Code = "CAIRN0401", Message = "odd" }).Render());
    }

    [Fact]
    public void Quiet_Says_OnlyFailuresAndTheLastLine()
    {
        var text = new ViewDriver(new QuietView(ViewDriver.Options())).Begin("a", "b").Start("a").Output("a", "fine\n").Succeed("a", 1)
            .Start("b").Output("b", "oh no\n").Fail("b", 1, 1).End(RunStatus.Failed, 2, "b").Render();
        Assert.Equal(
            """
            ✗ b: exit 1
              │ oh no
                see all of it: cairn logs 20261121-021345-7f3a9c b
            ✗ failed in 2.0s: 1 succeeded, 1 failed

            """,
            text);
    }

    [Fact]
    public void Quiet_OfASuccess_IsOneLine() =>
        Assert.Equal("✓ succeeded in 1.0s: 1 succeeded\n", new ViewDriver(new QuietView(ViewDriver.Options())).Begin("a").Start("a").Output("a", "x\n").Succeed("a", 1).End(RunStatus.Succeeded, 1, "a").Render());

    [Fact]
    public void Json_Writes_EventsAndOutputThatReadBack()
    {
        var text = new ViewDriver(new JsonView()).Begin("a").Start("a").Output("a", "x\ny").Output("a", "e\n", OutputSource.Stderr).Succeed("a", 1).End(RunStatus.Succeeded, 1, "a").Render();
        var events = text.TrimEnd('\n').Split('\n').Select(line => RunEventJson.Parse(Encoding.UTF8.GetBytes(line))).ToArray();
        Assert.Equal(
            ["PipelineStarted", "StepStarted", "StepOutput", "StepOutput", "StepOutput", "StepCompleted", "PipelineFinished"],
            events.Select(e => e?.GetType().Name ?? "nothing"), StringComparer.Ordinal);
        Assert.Equal(["x", "e", "y"], events.OfType<StepOutput>().Select(o => o.Text), StringComparer.Ordinal);
        Assert.Equal(["stdout", "stderr", "stdout"], events.OfType<StepOutput>().Select(o => o.Source), StringComparer.Ordinal);
        Assert.Contains("\"type\":\"step.output\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("continues", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_Cuts_EndlessLines()
    {
        var driver = new ViewDriver(new JsonView()).Begin("a").Start("a");
        driver.Render();
        var text = driver.Output("a", new string('x', LineJoiner.LineBytesMax + 5) + "\n").Render();
        var outputs = text.TrimEnd('\n').Split('\n').Select(line => RunEventJson.Parse(Encoding.UTF8.GetBytes(line))).Cast<StepOutput>().ToArray();
        Assert.Equal([LineJoiner.LineBytesMax, 5], outputs.Select(o => o.Text.Length));
        Assert.Equal([true, null], outputs.Select(o => o.Continues));
    }

    [Fact]
    public void Summary_Names_TestsAndSlowestSteps()
    {
        var ids = Enumerable.Range(0, 12).Select(n => $"s{n}").ToArray();
        var driver = new ViewDriver(new PlainView(ViewDriver.Options())).Begin(ids);
        for (var i = 0; i < ids.Length; i++)
        {
            driver.Start(ids[i]).Succeed(ids[i], i + 1, tests: i == 3 ? new TestCounts(10, 1, 1, 1) { FailedNames = ["Suite.Case"], FailedMessages = ["Expected: 1\n\u001b[31mActual: 2"] } : null);
        }

        driver.Render();
        Assert.Equal(
            """

            ✓ succeeded in 12.0s: 12 succeeded
              critical path 10.8s: s0 → s11
              tests: 7 passed, 2 failed, 1 skipped
                ✗ s3: Suite.Case
                    Expected: 1
                    Actual: 2
                … and 1 more
              slowest: s11 12.0s, s10 11.0s, s9 10.0s

            """,
            driver.End(RunStatus.Succeeded, 12, "s0", "s11").Render());
    }
}
