using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

using Cairn.Engine.Handlers;
using Cairn.Testing;

namespace Cairn.Tests.Handlers;

public sealed class HandlerWorkerTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 3, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new(Now);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, null, 0.0, 250)]
    [InlineData(1, null, 1.0, 500)]
    [InlineData(2, null, 0.0, 500)]
    [InlineData(4, null, 1.0, 4_000)]
    [InlineData(50, null, 1.0, 60_000)]
    [InlineData(1, 17_000, 0.0, 17_000)]
    [InlineData(1, 100, 1.0, 500)]
    [InlineData(1, 9_000_000, 0.0, 60_000)]
    public void Pause_Doubles_IsLeftToChanceByHalf_AndIsBounded(int failures, int? askedMs, double chance, double expectedMs) =>
        Assert.Equal(expectedMs, Backoff.Pause(failures, askedMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null, chance).TotalMilliseconds);

    [Fact]
    public async Task Deliver_TriesAgain_WithGrowingPauses_InOrder()
    {
        var target = new FakeTarget(number => number < 3 ? new DeliveryOutcome.Failed("busy") : new DeliveryOutcome.Delivered("ok"));
        using var worker = Worker(target);
        worker.Add(Message(1));
        worker.Add(Message(2));
        foreach (var pauseMs in (int[])[250, 500, 1_000])
        {
            await Eventually.HoldsAsync(() => _time.Pending == 1, "it pauses", Cancel);
            Assert.Equal(TimeSpan.FromMilliseconds(pauseMs), _time.Due[0]);
            _time.Advance(TimeSpan.FromMilliseconds(pauseMs));
        }

        await Eventually.HoldsAsync(() => target.Delivered.Count == 2, "both arrived", Cancel);
        var report = await worker.FinishAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(["r.1", "r.2"], target.Delivered);
        Assert.Equal((2, 0, 0, 0, null), (report.Delivered, report.Refused, report.Waiting, report.Lost, report.Problem));
        var status = State().ReadStatus();
        Assert.Equal((2, 3, Now.AddMilliseconds(1_750)), (status.Delivered, status.Failures, status.LastDelivered));
    }

    [Fact]
    public async Task Finish_TriesOnceMore_ThenKeepsTheRestForTheNextRun_WhichSendsItFirst()
    {
        var down = new FakeTarget(_ => new DeliveryOutcome.Failed("down"));
        using (var worker = Worker(down))
        {
            worker.Add(Message(1));
            worker.Add(Message(2));
            await Eventually.HoldsAsync(() => _time.Pending == 1, "it pauses", Cancel);
            // No time passes: the pause is cut short, and the second message is not even tried.
            var report = await Eventually.EndsAsync(worker.FinishAsync(TimeSpan.FromSeconds(2)), Cancel);
            Assert.Equal((0, 2, "down"), (report.Delivered, report.Waiting, report.Problem));
            Assert.Equal(2, down.Tries);
        }

        Assert.Equal((2, "down"), (State().ReadStatus().Waiting, State().ReadStatus().Problem));
        var up = new FakeTarget(_ => new DeliveryOutcome.Delivered("ok"));
        using (var worker = Worker(up))
        {
            worker.Add(Message(3));
            var report = await worker.FinishAsync(TimeSpan.FromSeconds(2));
            Assert.Equal((3, 0), (report.Delivered, report.Waiting));
        }

        Assert.Equal(["r.1", "r.2", "r.3"], up.Delivered);
        Assert.Equal((0, 3L, null), (State().ReadStatus().Waiting, State().ReadStatus().Delivered, State().ReadStatus().Problem));
    }

    [Fact]
    public async Task Finish_WaitsForASlowReceiver_NoLongerThanTheRunMayBeDelayed()
    {
        var slow = new FakeTarget(async cancelled =>
        {
            await Task.Delay(Timeout.Infinite, cancelled);
            return new DeliveryOutcome.Delivered("never");
        });
        using var worker = Worker(slow);
        worker.Add(Message(1));
        worker.Add(Message(2));
        await Eventually.HoldsAsync(() => slow.Tries == 1, "the first is on its way", Cancel);
        var finish = worker.FinishAsync(HandlerLimits.DrainDefault);
        await Eventually.HoldsAsync(() => _time.Pending == 1, "it waits", Cancel);
        Assert.False(finish.IsCompleted);
        _time.Advance(HandlerLimits.DrainDefault);
        Assert.Equal(2, (await Eventually.EndsAsync(finish, Cancel)).Waiting);
        Assert.Equal(["r.1", "r.2"], State().ReadKept().Select(m => m.Id));
    }

    [Fact]
    public async Task Refused_IsNotTriedAgain()
    {
        var target = new FakeTarget(number => number == 0 ? new DeliveryOutcome.Refused("it answered 404") : new DeliveryOutcome.Delivered("ok"));
        using var worker = Worker(target);
        worker.Add(Message(1));
        worker.Add(Message(2));
        var report = await worker.FinishAsync(TimeSpan.FromSeconds(2));
        Assert.Equal((1, 1, 0), (report.Delivered, report.Refused, report.Waiting));
        Assert.Equal(["r.2"], target.Delivered);
    }

    [Fact]
    public void Queue_ThatIsFull_LosesTheOldest_AndTellsHowManyFirst()
    {
        var queue = new HandlerQueue(countMax: 3, bytesMax: 1_000, count => HandlerMessage.OfLost(count, "lost", Now));
        for (var i = 1; i <= 5; i++)
        {
            queue.Add(Message(i));
        }

        Assert.Equal(2, queue.Lost);
        var taken = queue.Take(2);
        Assert.Equal(["lost", "r.3"], taken.Select(m => m.Id));
        Assert.Equal(2, taken[0].Lost);
        Assert.Contains("\"lost\":2", Encoding.UTF8.GetString(taken[0].Body.Span), StringComparison.Ordinal);
        Assert.True(queue.Settle(taken));
        Assert.Equal(["r.4", "r.5"], queue.Close().Select(m => m.Id));
        Assert.False(queue.Settle(taken));
    }

    [Fact]
    public void Queue_CountsBytesToo_ButTakesOneThatIsTooLargeAlone()
    {
        var queue = new HandlerQueue(countMax: 100, bytesMax: 200, count => HandlerMessage.OfLost(count, "lost", Now));
        queue.Add(Message(1));
        queue.Add(Message(2) with { Body = new byte[1_000] });
        Assert.Equal((1, ["lost", "r.2"]), (queue.Lost, queue.Close().Select(m => m.Id).ToArray()));
    }

    [Fact]
    public void Kept_IsBoundedInNumberAndAge()
    {
        var state = State();
        var old = Message(0) with { Time = Now - HandlerLimits.KeptAge - TimeSpan.FromMinutes(1) };
        var many = Enumerable.Range(1, HandlerLimits.KeptMax + 3).Select(Message).Prepend(old).ToList();
        Assert.Equal(4, state.Update(new HashSet<string>(), many, status => status, Now));
        Assert.Equal(HandlerLimits.KeptMax, state.ReadKept().Count);
        Assert.Equal(4, state.ReadStatus().Lost);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(state.Folder, "kept.ndjson")));
    }

    [Fact]
    public async Task Kept_OfTwoRunsAtOnce_IsNeitherLostNorDoubled()
    {
        var state = State();
        state.Update(new HashSet<string>(), [Message(1)], status => status, Now);
        using var sender = Worker(new FakeTarget(_ => new DeliveryOutcome.Delivered("ok")));
        var other = new FakeTarget(_ => new DeliveryOutcome.Failed("down"));
        using (var second = Worker(other))
        {
            second.Add(Message(2));
            // It is not the one that sends what is kept.
            Assert.Equal(1, (await second.FinishAsync(TimeSpan.FromSeconds(2))).Waiting);
        }

        Assert.Equal(1, (await sender.FinishAsync(TimeSpan.FromSeconds(2))).Delivered);
        Assert.Equal(["r.2"], state.ReadKept().Select(m => m.Id));
    }

    [Fact]
    public void Kept_ThatIsDamaged_IsPassedOver()
    {
        var state = State();
        state.Update(new HashSet<string>(), [Message(1)], status => status, Now);
        File.AppendAllText(Path.Combine(state.Folder, "kept.ndjson"), "{}\n[1]\n{\"id\":\"a/b\",\"type\":\"x\",\"time\":\"2026-11-21T03:00:00Z\"}\n{\"id\":\"cut");
        File.WriteAllText(Path.Combine(state.Folder, "status.json"), "[");
        Assert.Equal(["r.1"], state.ReadKept().Select(m => m.Id));
        Assert.Equal(new HandlerStatus { Waiting = 1 }, state.ReadStatus());
    }

    private static HandlerMessage Message(int number)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"r.{number}");
        return new HandlerMessage(id, "step.started", Now, Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","type":"step.started","time":"2026-11-21T03:00:00Z"}"""));
    }

    private HandlerState State() => new(_folder.Path, "h");

    private HandlerWorker Worker(FakeTarget target) =>
        new(new HandlerSettings.File { Name = "h", Events = [], Path = "/nowhere" }, target, State(), _time, "lost", chance: () => 0);

    private sealed class FakeTarget : IHandlerTarget
    {
        private readonly Func<int, CancellationToken, Task<DeliveryOutcome>> _answer;
        private int _tries;

        public FakeTarget(Func<int, DeliveryOutcome> answer) => _answer = (number, _) => Task.FromResult(answer(number));

        public FakeTarget(Func<CancellationToken, Task<DeliveryOutcome>> answer) => _answer = (_, cancelled) => answer(cancelled);

        public int Tries => Volatile.Read(ref _tries);

        public ConcurrentQueue<string> Delivered { get; } = new();

        public async Task<DeliveryOutcome> DeliverAsync(IReadOnlyList<HandlerMessage> messages, CancellationToken cancellationToken)
        {
            var outcome = await _answer(Interlocked.Increment(ref _tries) - 1, cancellationToken);
            if (outcome is DeliveryOutcome.Delivered)
            {
                Delivered.Enqueue(Assert.Single(messages).Id);
            }

            return outcome;
        }

        public void Dispose()
        {
        }
    }
}
