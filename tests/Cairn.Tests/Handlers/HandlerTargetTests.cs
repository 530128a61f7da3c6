using System.Text;

using Cairn.Engine.Handlers;
using Cairn.Execution;
using Cairn.Testing;

namespace Cairn.Tests.Handlers;

public sealed class HandlerTargetTests : IAsyncDisposable
{
    private static readonly HandlerMessage Message = HandlerMessage.OfTest("t.1", new DateTimeOffset(2026, 11, 21, 3, 0, 0, TimeSpan.Zero));

    private readonly TemporaryFolder _folder = new();
    private readonly ProcessHost _host = ProcessHost.Create(new ProcessHostOptions { PidNamespace = false, RunToken = $"handlers-{Guid.NewGuid():N}" });

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task File_TakesWholeLines_EndsWhatACrashCutShort_AndIsSetAside()
    {
        var path = _folder.Write("events", "{\"cut");
        using var target = new FileTarget(new HandlerSettings.File { Name = "h", Events = [], Path = path, RotateBytes = 300, Keep = 2 }, _folder["state/lock"]);
        await target.DeliverAsync([Message, Message], Cancel);
        var line = Encoding.UTF8.GetString(Message.Body.Span);
        Assert.Equal($"{{\"cut\n{line}\n{line}\n", _folder.Read("events"));
        for (var i = 0; i < 4; i++)
        {
            await target.DeliverAsync([Message, Message], Cancel);
        }

        Assert.Equal($"{line}\n{line}\n", _folder.Read("events"));
        Assert.True(_folder.Exists("events.1"));
        Assert.True(_folder.Exists("events.2"));
        Assert.False(_folder.Exists("events.3"));
    }

    [Fact]
    public async Task File_ThatCannotBeWritten_IsTriedAgainLater()
    {
        using var target = new FileTarget(new HandlerSettings.File { Name = "h", Events = [], Path = _folder["no/events"] }, _folder["state/lock"]);
        Assert.Equal(new DeliveryOutcome.Failed("its folder is not there"), await target.DeliverAsync([Message], Cancel));
    }

    [Fact]
    public async Task Command_ReadsTheEventFromItsInput_AndKnowsItsType()
    {
        Assert.Equal(new DeliveryOutcome.Delivered("exit 0"), await RunAsync("cat; echo; echo \"$CAIRN_EVENT $CAIRN_EVENT_ID\"; echo wrong >&2"));
        var log = _folder.Read("log");
        Assert.StartsWith("== 2026-11-21T03:00:00Z handler.test t.1\n", log, StringComparison.Ordinal);
        Assert.Contains(Encoding.UTF8.GetString(Message.Body.Span), log, StringComparison.Ordinal);
        Assert.Contains("handler.test t.1\n", log[30..], StringComparison.Ordinal);
        Assert.Contains("wrong\n", log, StringComparison.Ordinal);
        Assert.Equal(["log", "log.lock"], Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("exit 75", "Failed", "exit 75")]
    [InlineData("exit 3", "Refused", "exit 3")]
    [InlineData("kill -9 $$", "Refused", "signal 9")]
    public async Task Command_ThatFails_IsTriedAgainOnlyWhereItAsksForIt(string script, string outcome, string problem)
    {
        var result = await RunAsync(script);
        Assert.Equal(outcome, result.GetType().Name);
        Assert.Contains(problem, result.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_ThatDoesNotEnd_IsEnded()
    {
        var time = new ManualTime(Message.Time);
        var settings = new HandlerSettings.Command { Name = "h", Events = [], Arguments = ["sleep", "1000"] };
        using var target = new CommandTarget(settings, _host, _folder.Path, time);
        var delivery = target.DeliverAsync([Message], Cancel);
        await Eventually.HoldsAsync(() => time.Pending == 1, "it runs", Cancel);
        time.Advance(settings.Timeout);
        Assert.Equal(new DeliveryOutcome.Refused("it took longer than 30s"), await Eventually.EndsAsync(delivery, Cancel));
    }

    [Fact]
    public async Task Command_ThatIsNotThere_IsSaidSo()
    {
        using var target = new CommandTarget(new HandlerSettings.Command { Name = "h", Events = [], Arguments = ["no-such-program"] }, _host, _folder.Path, TimeProvider.System);
        Assert.Contains("no-such-program", Assert.IsType<DeliveryOutcome.Refused>(await target.DeliverAsync([Message], Cancel)).Problem, StringComparison.Ordinal);
    }

    private async Task<DeliveryOutcome> RunAsync(string script)
    {
        using var target = new CommandTarget(new HandlerSettings.Command { Name = "h", Events = [], Arguments = ["sh", "-c", script] }, _host, _folder.Path, TimeProvider.System);
        return await target.DeliverAsync([Message], Cancel);
    }
}
