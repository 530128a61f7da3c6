using Cairn.Execution;

namespace Cairn.Tests.Execution;

/// <summary>
/// Alone: without a namespace all hosts of a program share the orphans that it adopts, and each leaves alone, or kills, those of the others.
/// </summary>
[CollectionDefinition(nameof(ProcessTreeTests), DisableParallelization = true)]
[Collection(nameof(ProcessTreeTests))]
public sealed class ProcessTreeTests
{
    /// <summary>Each takes the pipe `hold`, says so through `ready`, and would run for ever.</summary>
    public static TheoryData<bool, string> Strays
    {
        get
        {
            const string Body = "/bin/sh -c 'exec 3>hold; echo up >&3; echo > ready; exec /bin/sleep 1000'";
            var data = new TheoryData<bool, string>();
            foreach (var pidNamespace in new[] { true, false })
            {
                data.Add(pidNamespace, $"{Body} &");
                data.Add(pidNamespace, $"setsid {Body} &");
                data.Add(pidNamespace, $"nohup {Body} >/dev/null 2>&1 &");
                data.Add(pidNamespace, $"(setsid {Body} >/dev/null 2>&1 &) &");
                data.Add(pidNamespace, $"(env -i /usr/bin/setsid {Body} >/dev/null 2>&1 &)");
                data.Add(pidNamespace, $"setsid sh -c \"env -i /usr/bin/setsid {Body} & wait\" >/dev/null 2>&1 &");
                data.Add(pidNamespace, $"trap '' TERM HUP INT; {Body} &");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Strays))]
    public async Task Strays_DoNotOutliveTheProcess(bool pidNamespace, string start)
    {
        await using var fixture = new HostFixture(pidNamespace);
        var held = await fixture.HoldAsync();
        var result = await fixture.RunAsync($"{start}\nread x < ready; exit 5");
        Assert.Equal(5, result.ExitCode);
        Assert.True(result.StraysKilled > 0, "a stray was counted");
        Assert.Equal("up\n", await held);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Strays_OfOneProcess_DieWhileAnotherRuns(bool pidNamespace)
    {
        await using var fixture = new HostFixture(pidNamespace);
        var held = await fixture.HoldAsync();
        var sink = new RecordingSink();
        var other = fixture.Start("(setsid sh -c 'echo stray; exec sleep 1000' &); (env -i /usr/bin/setsid /bin/sh -c 'echo bare; exec /bin/sleep 1000' &); echo alone; exec sleep 1000", sink);
        await sink.HasAsync("stray");
        await sink.HasAsync("bare");
        await sink.HasAsync("alone");
        var result = await fixture.RunAsync("(setsid sh -c 'exec 3>hold; echo up >&3; echo > ready; exec sleep 1000' >/dev/null 2>&1 &); read x < ready");
        Assert.Equal(1, result.StraysKilled);
        Assert.Equal("up\n", await held);
        Assert.False(other.Completion.IsCompleted);
        other.Kill();
        Assert.Equal(2, (await HostFixture.EndOfAsync(other)).StraysKilled);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Orphans_ThatEnd_LeaveNoZombies(bool pidNamespace)
    {
        await using var fixture = new HostFixture(pidNamespace);
        // Only a namespace of the test's own shows its processes and no others.
        var waitUntilReaped = pidNamespace ? """
            while grep -lq "^State:.Z" /proc/[0-9]*/status 2>/dev/null; do :; done
            """ : "true";
        var result = await fixture.RunAsync($"i=0; while [ $i -lt 50 ]; do (setsid true &); i=$((i+1)); done\n{waitUntilReaped}");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(0, (await fixture.RunAsync("exit 0")).StraysKilled);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stop_LetsAProcessEndInPeace(bool pidNamespace)
    {
        await using var fixture = new HostFixture(pidNamespace);
        var sink = new RecordingSink();
        var process = fixture.Start("trap 'echo bye; exit 4' TERM; echo up; while :; do sleep 1000 & wait; done", sink);
        await sink.HasAsync("up");
        process.Stop(TimeSpan.FromMinutes(5));
        var result = await HostFixture.EndOfAsync(process);
        Assert.Equal(4, result.ExitCode);
        Assert.Equal("up\nbye\n", fixture.Log());
    }

    [Fact]
    public async Task Stop_ReachesAStoppedProcess()
    {
        await using var fixture = new HostFixture();
        var sink = new RecordingSink();
        var process = fixture.Start("echo up; kill -STOP $$; sleep 1000", sink);
        await sink.HasAsync("up");
        process.Stop(TimeSpan.FromMinutes(5));
        Assert.Equal(15, (await HostFixture.EndOfAsync(process)).Signal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stop_KillsTheWholeTreeAfterTheGrace(bool pidNamespace)
    {
        await using var fixture = new HostFixture(pidNamespace);
        var held = await fixture.HoldAsync();
        var sink = new RecordingSink();
        var process = fixture.Start(
            "trap '' TERM; env -i /usr/bin/setsid /bin/sh -c 'exec 3>hold; echo up >&3; echo > ready; exec /bin/sleep 1000' & read x < ready; echo up; wait", sink);
        await sink.HasAsync("up");
        process.Stop(TimeSpan.FromMilliseconds(20));
        var result = await HostFixture.EndOfAsync(process);
        Assert.Equal(9, result.Signal);
        Assert.Equal("up\n", await held);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Kill_AtAnyMoment_EndsIt(bool pidNamespace)
    {
        await using var fixture = new HostFixture(pidNamespace);
        for (var i = 0; i < 50; i++)
        {
            var process = fixture.Start("sleep 1000 & sleep 1000");
            if (i % 2 == 0)
            {
                Assert.True(process.ProcessId > 0);
            }

            process.Kill();
            Assert.Equal(9, (await HostFixture.EndOfAsync(process)).Signal);
            process.Kill();
            process.Stop(TimeSpan.Zero);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DisposeAsync_KillsEverything(bool pidNamespace)
    {
        var fixture = new HostFixture(pidNamespace);
        var held = await fixture.HoldAsync();
        var sink = new RecordingSink();
        var process = fixture.Start(
            "(env -i /usr/bin/setsid /bin/sh -c 'exec 3>hold; echo up >&3; echo > ready; exec /bin/sleep 1000' &); read x < ready; echo up; sleep 1000", sink);
        await sink.HasAsync("up");
        var queued = fixture.Start("sleep 1000");
        await fixture.Host.DisposeAsync();
        Assert.Equal(9, (await HostFixture.EndOfAsync(process)).Signal);
        Assert.Equal(9, (await HostFixture.EndOfAsync(queued)).Signal);
        Assert.Equal("up\n", await held);
        Assert.Throws<ObjectDisposedException>(() => fixture.Start("true"));
        await fixture.DisposeAsync();
    }

    [Fact]
    public async Task Guardian_LosesItsWatcher_AndNothingElse()
    {
        await using var fixture = new HostFixture();
        Assert.SkipUnless(fixture.Host.Containment.Kind == Containment.PidNamespace, fixture.Host.Containment.Reason);
        var result = await fixture.RunAsync("kill -9 2; (setsid sleep 1000 &); for p in /proc/[0-9]*; do [ $p = /proc/$$ ] || kill -9 ${p#/proc/} 2>/dev/null; done; exit 6");
        Assert.Equal(6, result.ExitCode);
        Assert.Equal(8, (await fixture.RunAsync("exit 8")).ExitCode);
    }

    [Fact]
    public void Probe_TellsWhatHolds()
    {
        var probe = ProcessHost.Probe();
        Assert.NotEmpty(probe.Reason);
        Assert.Equal(Environment.IsPrivilegedProcess && probe.Kind == Containment.PidNamespace, probe.Kind == Containment.PidNamespace);
    }

    [Fact]
    public async Task Containment_WithoutANamespace_IsBestEffort_AndSaysWhy()
    {
        await using var fixture = new HostFixture(pidNamespace: false);
        Assert.Equal(Containment.BestEffort, fixture.Host.Containment.Kind);
        Assert.StartsWith("No pid namespace (a pid namespace was not asked for): ", fixture.Host.Containment.Reason, StringComparison.Ordinal);
    }
}
