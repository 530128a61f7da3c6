using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine.History;
using Cairn.Testing;

namespace Cairn.Tests.Engine;

public sealed class EventLogTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 11, 21, 0, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_Lets_HitsWait_ForATwentiethOfASecondAtMost()
    {
        using var log = new EventLog(_folder["events.ndjson"]);
        log.Write(Hit(0), canWait: true);
        log.Write(Hit(49), canWait: true);
        Assert.Equal(0, Lines());
        log.Write(Hit(50), canWait: true);
        Assert.Equal(3, Lines());
        log.Write(Hit(51), canWait: true);
        log.Write(Hit(100), canWait: true);
        Assert.Equal(3, Lines());
        log.Write(Hit(101), canWait: true);
        Assert.Equal(6, Lines());
        log.Write(Hit(102));
        Assert.Equal(7, Lines());
    }

    private static StepCompleted Hit(int ms) =>
        new() { Time = Start.AddMilliseconds(ms), Job = "a", Status = JobStatus.Succeeded, Cache = new CacheUse(CacheState.Hit) };

    private int Lines() => File.ReadAllText(_folder["events.ndjson"]).Count(c => c == '\n');
}
