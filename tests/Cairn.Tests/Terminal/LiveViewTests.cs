using System.Text;

using Cairn.Cli.Terminal;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Terminal;

public sealed class LiveViewTests
{
    [Fact]
    public void Render_Shows_FinishedAboveRunning()
    {
        var screen = new Screen(80, 24);
        var driver = Live().Begin("configure", "build: configure", "test: build");
        driver.Start("configure").At(1.2).Succeed("configure", 1.2).Start("build").Output("build", "cc -c a.c\ncc -c b.c\n").At(3.4).Show(screen);

        Assert.Equal(
            """
            zlib  run 20261121-021345-7f3a9c, 3 jobs
            ✓ configure  1.2s
            ⠼ build      2s     cc -c b.c
            1/3 ▕██████████░░░░░░░░░░░░░░░░░░░░▏ 3s
            """,
            screen.Text);
        Assert.True(screen.CursorHidden);
    }

    [Fact]
    public void Render_Repaints_InPlace()
    {
        var screen = new Screen(40, 10);
        var driver = Live().Begin("a", "b").Start("a").Start("b").Show(screen);
        driver.At(1).Output("a", "halfway").Show(screen);
        driver.At(2).Succeed("a", 2).Show(screen);
        driver.At(3).Succeed("b", 3).End(RunStatus.Succeeded, 3, "b").Show(screen);

        Assert.Equal(
            """
            zlib  run 20261121-021345-7f3a9c, 2 jobs
            ✓ a  2.0s
            ✓ b  3.0s

            ✓ succeeded in 3.0s: 2 succeeded
            """,
            screen.Text);
        Assert.False(screen.CursorHidden);
    }

    [Fact]
    public void Render_Writes_NothingWhereNothingChanged()
    {
        var driver = Live().Begin("a").Start("a");
        Assert.NotEmpty(driver.Render());
        Assert.Empty(driver.Render());
    }

    [Theory]
    [InlineData(20, "⠋ build      0s|0/2 ▕░░░░░░░░░░▏ 0s")]
    [InlineData(80, "⠋ build      0s     a line that is rather longer than twenty columns are|0/2 ▕░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░▏ 0s")]
    [InlineData(200, "⠋ build      0s     a line that is rather longer than twenty columns are|0/2 ▕░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░▏ 0s")]
    public void Render_Fits_TheWidth(int columns, string expected)
    {
        var screen = new Screen(columns, 24);
        Live().Begin("build", "configure").Start("build").Output("build", "a line that is rather longer than twenty columns are").Show(screen);
        Assert.EndsWith(expected.Replace('|', '\n'), screen.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_InAscii_UsesNoOtherCharacter()
    {
        var screen = new Screen(60, 24);
        var driver = Live(unicode: false).Begin("build", "test: build").Start("build").Output("build", "größer").Show(screen);
        Assert.Equal(
            """
            zlib  run 20261121-021345-7f3a9c, 2 jobs
            | build  0s     gr??er
            0/2 [..............................] 0s
            """,
            screen.Text);
        driver.At(1).Succeed("build", 1).Skip("test", "condition is false").End(RunStatus.Succeeded, 1, "build").Show(screen);
        Assert.True(Ascii.IsValid(screen.Text), screen.Text);
        Assert.Contains("- test   condition is false\n", screen.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_WithoutColor_HasNoColorSequence()
    {
        var text = Live().Begin("a", "b").Start("a").Output("a", "\e[31mred\e[0m\n").Fail("a", 1, 1).Skip("b", "`a` failed", JobStatus.NotRun).End(RunStatus.Failed, 1).Render();
        Assert.DoesNotMatch("\e\\[[0-9;]*m", text);
        Assert.Contains("│ red\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_WithColor_KeepsTheColorsOfAFailure()
    {
        var text = Live(color: true).Begin("a").Start("a").Output("a", "\e[31mred\e[2J\e]0;title\a plain\n").Fail("a", 1, 1).Render();
        Assert.Contains("\e[31mred plain\e[0m\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("title", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Failure_Shows_TheLast40LinesAndTheCommandForAll()
    {
        var screen = new Screen(100, 200);
        Live().Begin("test[opt=O2]").Start("test[opt=O2]")
            .Output("test[opt=O2]", string.Concat(Enumerable.Range(1, 100).Select(n => $"line {n}\n")))
            .Fail("test[opt=O2]", 1.5, 127).Show(screen);
        var lines = screen.Text.Split('\n');
        Assert.Equal("✗ test[opt=O2]  exit 127 (command not found)  1.5s", lines[1]);
        Assert.Equal("  │ … the last 40 lines:", lines[2]);
        Assert.Equal("  │ line 61", lines[3]);
        Assert.Equal("  │ line 100", lines[42]);
        Assert.Equal("    see all of it: cairn logs 20261121-021345-7f3a9c 'test[opt=O2]'", lines[43]);
    }

    [Fact]
    public void Failure_ThatWroteLittle_ShowsAllOfIt()
    {
        var screen = new Screen(100, 50);
        Live().Begin("a").Start("a").Output("a", "one\ntwo").Fail("a", 0.02, 2).Show(screen);
        Assert.Contains("✗ a  exit 2  20ms\n  │ one\n  │ two\n    see all", screen.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Retry_Shows_OnlyTheLastAttemptsOutput()
    {
        var screen = new Screen(100, 50);
        var driver = Live().Begin("fetch").Start("fetch").Output("fetch", "first try\n").Retry("fetch", "exit 75").At(1).Show(screen);
        Assert.Contains("↻ fetch  exit 75, attempt 2 in 3.0s\n↻ fetch  1s     exit 75, attempt 2 follows\n", screen.Text, StringComparison.Ordinal);
        driver.At(3).Start("fetch", 2).Output("fetch", "second try\n").Succeed("fetch", 1, attempts: 2).End(RunStatus.Succeeded, 4, "fetch").Show(screen);
        Assert.Contains("✓ fetch  1.0s  at attempt 2\n", screen.Text, StringComparison.Ordinal);
        Assert.Contains("  flaky: fetch succeeded at attempt 2 (exit 75)", screen.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Skips_ForOneReason_AreOneLine()
    {
        var screen = new Screen(80, 50);
        var ids = Enumerable.Range(0, 1000).Select(n => $"s{n}").ToArray();
        var driver = Live().Begin(ids);
        foreach (var id in ids)
        {
            driver.Skip(id, "not in --only");
        }

        driver.Show(screen);
        Assert.Contains("\n○ 1000 jobs  not in --only\n", screen.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Cached_AreShown_BeforeWhatFollows_OrAfterAWhile()
    {
        var screen = new Screen(80, 24);
        var driver = Live().Begin("a", "b", "c", "d").Cached("a", 1.2).Start("b").Output("c", "replayed\n").Cached("c", 0).At(0.1).Show(screen);
        Assert.Equal(
            """
            zlib  run 20261121-021345-7f3a9c, 4 jobs
            ⠙ b  0s
            2/4 ▕███████████████░░░░░░░░░░░░░░░▏ 0s, 2 cached
            """,
            screen.Text);
        driver.At(0.6).Show(screen);
        driver.At(1).Cached("d").Succeed("b", 1).End(RunStatus.Succeeded, 1, "b").Show(screen);
        Assert.Equal(
            """
            zlib  run 20261121-021345-7f3a9c, 4 jobs
            ✓ a  cached, saved 1.2s
            ✓ c  cached
            ✓ d  cached, saved 1.0s
            ✓ b  1.0s

            ✓ succeeded in 1.0s: 3 cached, 1 ran, saved 2.2s
            """,
            screen.Text);
    }

    [Fact]
    public void Cached_ThatAreMany_AreOneLine_AndARunOfThemOnlyTheLast()
    {
        var screen = new Screen(80, 50);
        var ids = Enumerable.Range(0, 1000).Select(n => $"s{n}").ToArray();
        var driver = Live().Begin([.. ids, "last"]);
        var all = Live().Begin(ids);
        foreach (var id in ids)
        {
            driver.Cached(id);
            all.Cached(id);
        }

        driver.Start("last").Succeed("last", 1).Show(screen);
        Assert.Contains("\n✓ 1000 jobs  cached, saved 16m 40s\n✓ last  1.0s\n", screen.Text, StringComparison.Ordinal);

        screen = new Screen(80, 50);
        all.End(RunStatus.Succeeded, 0.06).Show(screen);
        Assert.Equal("zlib  run 20261121-021345-7f3a9c, 1000 jobs\n\n✓ 1000 of 1000 cached, nothing to do (60ms, saved 16m 40s)", screen.Text);
    }

    [Fact]
    public void Estimate_IsOf_WhatIsLeft_HoweverMuchIsCached()
    {
        var driver = new ViewDriver(new LiveView(ViewDriver.Options(expected: [("a", 10), ("b", 20)])));
        driver.Begin("x", "y", "z", "a", "b: a").Cached("x").Cached("y").Cached("z").Start("a").At(4);
        Assert.Contains(", 3 cached, about 30s left", driver.Render(), StringComparison.Ordinal);
    }

    [Fact]
    public void ManyRunning_LeaveRoomOnTheScreen()
    {
        var screen = new Screen(80, 10);
        var ids = Enumerable.Range(0, 30).Select(n => $"s{n}").ToArray();
        var driver = Live().Begin(ids);
        foreach (var id in ids)
        {
            driver.Start(id);
        }

        driver.Show(screen);
        driver.At(1).Show(screen);
        var lines = screen.Text.Split('\n');
        Assert.Equal(1 + 8, lines.Length);
        Assert.Equal("… and 24 more running", lines[7]);
        Assert.StartsWith("0/30 ", lines[8], StringComparison.Ordinal);
    }

    [Fact]
    public void Resize_ToNarrower_LeavesNoRemains()
    {
        var screen = new Screen(80, 24);
        var driver = Live().Begin("build", "test").Start("build").Start("test")
            .Output("build", new string('x', 200)).Output("test", new string('y', 200)).Show(screen);
        screen.Resize(30);
        driver.At(1).Show(screen);
        screen.Resize(50);
        driver.At(2).Output("build", "\nz\n").Show(screen);
        Assert.DoesNotContain("xx", screen.Text, StringComparison.Ordinal);
        Assert.Single(screen.Text.Split('\n'), line => line.Contains("build", StringComparison.Ordinal));
        Assert.Single(screen.Text.Split('\n'), line => line.StartsWith("0/2", StringComparison.Ordinal));
    }

    [Fact]
    public void Close_InTheMiddle_GivesTheCursorBackAndClearsTheFrame()
    {
        var screen = new Screen(80, 24);
        var driver = Live().Begin("a").Start("a").Show(screen);
        driver.Close(screen);
        Assert.False(screen.CursorHidden);
        Assert.Equal("zlib  run 20261121-021345-7f3a9c, 1 job", screen.Text);
    }

    [Fact]
    public void Estimate_Follows_TheLongestChain()
    {
        var driver = new ViewDriver(new LiveView(ViewDriver.Options(expected: [("a", 10), ("b", 20), ("c", 1)])));
        var text = driver.Begin("a", "b: a", "c").Start("a").Start("c").At(4).Render();
        Assert.Contains(" 4s, about 30s left", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Estimate_WithoutHistory_IsNotGiven() =>
        Assert.DoesNotContain("about", Live().Begin("a", "b").Start("a").At(4).Render(), StringComparison.Ordinal);

    [Fact]
    public void TreeLock_BeforeTheRunBegins_IsShown()
    {
        var screen = new Screen(80, 24);
        var driver = Live().Event(new LockWaiting { Time = default, Lock = "(tree)", Holder = "run x, process 7" }).Show(screen);
        Assert.Contains("waits for lock `(tree)`, held by run x, process 7", screen.Text, StringComparison.Ordinal);
        driver.Event(new LockAcquired { Time = default, Lock = "(tree)", WaitedMs = 1 }).Begin("a").Show(screen);
        Assert.DoesNotContain("waits", screen.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Frame_IsNeverWiderThanTheTerminal_AndLetsNoEscapeThrough() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll(
            (from columns in Gen.Choose(1, 120)
             from rows in Gen.Choose(1, 12)
             from unicode in ArbMap.Default.GeneratorFor<bool>()
             from output in Gen.ArrayOf(Gen.OneOf(ArbMap.Default.GeneratorFor<byte>(), Gen.Elements((byte)27, (byte)'[', (byte)'\r', (byte)'\n', (byte)'m', (byte)0xC2, (byte)0x9B)))
             from wide in Gen.Elements("漢字テスト", "👩‍👩‍👧‍👦 family", "e\u0301", "plain", "\u202Ertl")
             select (columns, rows, unicode, output, wide)).ToArbitrary(),
            sample =>
            {
                var driver = Live(unicode: sample.unicode).Begin("build", "test[os=linux,opt=O2]", "c").Event(new StepStarted { Time = default, Job = "build", Attempt = 1 });
                driver.Render();
                driver.Start("test[os=linux,opt=O2]").Start("c").Output("build", sample.wide).Output("build", sample.output).Output("c", sample.output).At(100);
                var screen = new Screen(sample.columns, Math.Max(6, sample.rows));
                screen.Write(Encoding.UTF8.GetBytes(StripUp(driver.Render(sample.columns, sample.rows))));
                return screen.Wraps == 0;
            }));

    private static string StripUp(string frame) => System.Text.RegularExpressions.Regex.Replace(frame, "\e\\[[0-9]+A", "", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));

    private static ViewDriver Live(bool color = false, bool unicode = true) => new(new LiveView(ViewDriver.Options(color, unicode)));
}
