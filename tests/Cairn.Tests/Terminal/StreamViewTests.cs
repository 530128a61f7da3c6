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
            driver.Start(ids[i]).Succeed(ids[i], i + 1, tests: i == 3 ? new TestCounts(10, 1, 1, 1) { FailedNames = ["Suite.Case"] } : null);
        }

        driver.Render();
        Assert.Equal(
            """

            ✓ succeeded in 12.0s: 12 succeeded
              critical path 10.8s: s0 → s11
              tests: 7 passed, 2 failed, 1 skipped
                ✗ s3: Suite.Case
                … and 1 more
              slowest: s11 12.0s, s10 11.0s, s9 10.0s

            """,
            driver.End(RunStatus.Succeeded, 12, "s0", "s11").Render());
    }
}
