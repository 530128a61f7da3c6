using System.Globalization;

using Cairn.Engine;
using Cairn.Engine.Replay;
using Cairn.Store.Content;
using Cairn.Testing;

namespace Cairn.Tests.Replay;

/// <summary>When a challenge works, waits and ends. The one entry of its store is damaged, so that nothing has to be executed.</summary>
public sealed class ChallengeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _notes = [];

    public ChallengeTests()
    {
        ContentStore.Open(_folder["cache"]).Dispose();
        var hash = new string('a', 64);
        _folder.Write($"cache/ac/{hash[..2]}/{hash}", "no entry");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Run_WaitsWhileOthersNeedTheMachine_AndThenDoesWhatWasChosen()
    {
        var report = await RunAsync(busyLooks: 3, budget: null);
        Assert.Equal((1, null), (report.Results.Length, report.Stopped));
        Assert.Equal(ReplayVerdict.Tampered, report.Results[0].Replay.Verdict);
        Assert.Equal("the machine is busy: others take 90 % of its processors, and 50 % are allowed; waiting, which `--max-load 100%` does not", Assert.Single(_notes));
    }

    [Fact]
    public async Task Run_OnAnIdleMachine_WaitsForNobody()
    {
        Assert.Single((await RunAsync(busyLooks: 0, budget: null)).Results);
        Assert.Empty(_notes);
    }

    [Fact]
    public async Task Run_OnAMachineThatIsNeverIdle_EndsWithItsBudget_AndSaysWhy()
    {
        var report = await RunAsync(busyLooks: int.MaxValue, budget: TimeSpan.FromMinutes(1));
        Assert.Empty(report.Results);
        Assert.Equal("the budget of 1m is used up, and the machine is busy: others take 90 % of its processors, and 50 % are allowed", report.Stopped);
    }

    private Task<ChallengeReport> RunAsync(int busyLooks, TimeSpan? budget)
    {
        var (looks, others, all) = (-1, 0L, 0L);
        var load = new MachineLoad(() =>
        {
            // The first one is what the others are measured from.
            others += looks++ < busyLooks ? 90 : 1;
            all += 100;
            return string.Create(CultureInfo.InvariantCulture, $"cpu  {others} 0 0 {all - others} 0 0 0 0 0 0");
        });
        var request = new ChallengeRequest
        {
            Run = new RunRequest { ProjectDirectory = _folder.Path, StateDirectory = _folder["state"], CacheDirectory = _folder["cache"], Version = "1" },
            Sample = new SampleSize(1, IsPart: true),
            Seed = "s",
            Budget = budget,
        };
        return Challenge.RunAsync(request, load, new ImpatientTime(), (_, what) => _notes.Add(what), TestContext.Current.CancellationToken);
    }

    /// <summary>A clock that jumps to whatever somebody waits for.</summary>
    private sealed class ImpatientTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _ticks);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime > TimeSpan.Zero)
            {
                Interlocked.Add(ref _ticks, dueTime.Ticks);
            }

            return System.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? TimeSpan.Zero : dueTime, period);
        }
    }
}
