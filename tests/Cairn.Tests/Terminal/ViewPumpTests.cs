using System.Text;

using Cairn.Cli.Terminal;
using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Engine;

namespace Cairn.Tests.Terminal;

public sealed class ViewPumpTests
{
    private static readonly TerminalInfo Terminal = new(new Dictionary<string, string>(StringComparer.Ordinal), outIsTerminal: false, errorIsTerminal: false, () => null);

    [Fact]
    public async Task Dispose_Writes_WhatIsPending()
    {
        using var output = new MemoryStream();
        await using (var pump = Pump(output))
        {
            pump.OnEvent(new StepStarted { Time = default, Job = "a", Attempt = 1 });
            pump.OnOutput(new JobId("a"), OutputSource.Stdout, "no end"u8);
        }

        Assert.Equal("==> a: started\n[a] no end\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public async Task MuchOutput_DoesNotWaitInMemory()
    {
        using var output = new MemoryStream();
        await using var pump = Pump(output);
        var chunk = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("a line of output\n", 1000)));
        for (var i = 0; i < 100; i++)
        {
            pump.OnOutput(new JobId("a"), OutputSource.Stdout, chunk);
        }

        Assert.True(output.Length > chunk.Length * 80, $"{output.Length} bytes were written");
    }

    [Fact]
    public async Task BrokenPipe_LetsTheRunGoOn()
    {
        await using var output = new BrokenStream();
        await using var pump = Pump(output);
        pump.OnEvent(new StepStarted { Time = default, Job = "a", Attempt = 1 });
        pump.Notice("one");
        pump.Notice("two");
        Assert.Equal(1, output.Writes);
    }

    // A hit may be all that happens for long: what runs beside it has not begun, or waits.
    [Fact]
    public async Task Hit_IsShown_WithinATenthOfASecond()
    {
        using var output = new MemoryStream();
        var time = new ManualTimer();
        await using var pump = new ViewPump(new JsonView(), output, Terminal, time, TimeSpan.FromMilliseconds(40));
        pump.OnEvent(new StepCompleted { Time = default, Job = "a", Status = Core.Scheduling.JobStatus.Succeeded, Cache = new CacheUse(CacheState.Hit) });
        Assert.Equal((TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(40)), (time.Due, time.Period));

        time.Fire();
        Assert.Contains("step.completed", Encoding.UTF8.GetString(output.ToArray()), StringComparison.Ordinal);
        pump.OnEvent(new StepStarted { Time = default, Job = "b", Attempt = 1 });
        Assert.Equal(TimeSpan.FromMilliseconds(40), time.Due);
    }

    private static ViewPump Pump(Stream output) => new(new PlainView(ViewDriver.Options(unicode: false)), output, Terminal, TimeProvider.System, TimeSpan.FromHours(1));

    private sealed class ManualTimer : TimeProvider, ITimer
    {
        private Action? _fire;

        public TimeSpan Due { get; private set; }

        public TimeSpan Period { get; private set; }

        public void Fire() => _fire!();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _fire = () => callback(state);
            Change(dueTime, period);
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            (Due, Period) = (dueTime, period);
            return true;
        }

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class BrokenStream : MemoryStream
    {
        public int Writes { get; private set; }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Writes++;
            throw new BrokenPipeException();
        }
    }
}
