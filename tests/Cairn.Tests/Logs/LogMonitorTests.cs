using System.Collections.Immutable;

using Cairn.Engine.Log;
using Cairn.Engine.Log.Monitoring;
using Cairn.Testing;
using Cairn.Trust.Log;
using Cairn.Trust.Statements;

namespace Cairn.Tests.Logs;

public sealed class LogMonitorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestLog _log = new TestLog().Add(3);

    public void Dispose() => _folder.Dispose();

    private async Task<IReadOnlyList<MonitorFinding>> FollowAsync(TestLog log, params string[] watches)
    {
        using var monitor = LogMonitor.TryOpen(_folder["monitor"], [.. watches.Select(static w => MonitorWatch.TryParse(w)!)], ImmutableDictionary<string, Statement>.Empty, TimeProvider.System)!;
        return await monitor.FollowAsync(log, TestLog.Trust, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Follow_ReadsEachEntryOnce()
    {
        Assert.Equal(3, Assert.IsType<MonitorFinding.Followed>(Assert.Single(await FollowAsync(_log))).Added);
        Assert.Equal(0, Assert.IsType<MonitorFinding.Followed>(Assert.Single(await FollowAsync(_log))).Added);
        _log.Add(1000);
        Assert.Equal(1000, Assert.IsType<MonitorFinding.Followed>(Assert.Single(await FollowAsync(_log))).Added);
    }

    [Fact]
    public async Task Follow_TellsOfAnActionThatMadeSomethingElse_Once()
    {
        _log.Leaves.Add(TestLog.Entry('a', 'b'));
        Assert.False(Assert.Single(await FollowAsync(_log)).IsAlarm);
        _log.Leaves.AddRange([TestLog.Entry('a', 'b', payload: "[]"), TestLog.Entry('c', 'd'), TestLog.Entry('a', 'e')]);
        var differs = Assert.IsType<MonitorFinding.Differs>((await FollowAsync(_log))[0]);

        Assert.True(differs.IsAlarm);
        Assert.Equal((6, new string('a', 64), new string('e', 64)), (differs.Index, differs.Action, differs.Outputs));
        Assert.Equal((3, new string('b', 64), TestLog.Origin), (differs.Before.Index, differs.Before.Outputs, differs.Before.Log));
        _log.Leaves.Add(TestLog.Entry('a', 'e', payload: "[1]"));
        Assert.False(Assert.Single(await FollowAsync(_log)).IsAlarm);
    }

    [Fact]
    public async Task Follow_TellsOfEntriesThatAreWaitedFor()
    {
        using var key = TestLog.KeyOf(41);
        _log.Leaves.AddRange([TestLog.Entry('a', 'b'), TestLog.Entry('c', 'd', key)]);
        var findings = await FollowAsync(_log, $"key={key.PublicKey.Id[..12]}", "action=aaaa", "outputs=eeee");

        Assert.Equal([(4L, "key"), (3L, "action")], findings.OfType<MonitorFinding.Watched>().OrderByDescending(static w => w.Index).Select(static w => (w.Index, w.Watch.ToString().Split('=')[0])));
        Assert.Empty((await FollowAsync(_log, "action=aaaa")).OfType<MonitorFinding.Watched>());
    }

    [Fact]
    public async Task Follow_SeesAnEntryThatIsNotWhatTheTreeHas()
    {
        _log.Change = static (tile, bytes) =>
        {
            if (tile.Level == TilePath.EntriesLevel)
            {
                bytes[5] ^= 1;
            }

            return bytes;
        };
        Assert.Equal(LogBreach.Tampered, Assert.IsType<MonitorFinding.Broke>(Assert.Single(await FollowAsync(_log))).Breach.Breach);

        // Nothing of it was believed.
        _log.Change = static (_, bytes) => bytes;
        Assert.Equal(3, Assert.IsType<MonitorFinding.Followed>(Assert.Single(await FollowAsync(_log))).Added);
    }

    [Fact]
    public async Task Follow_TellsForksMissingHistoryAndSilenceApart()
    {
        await FollowAsync(_log);

        Assert.Equal(LogBreach.Forked, Assert.IsType<MonitorFinding.Broke>(Assert.Single(await FollowAsync(_log.Fork(1)))).Breach.Breach);
        Assert.Equal(LogBreach.Forked, Assert.IsType<MonitorFinding.Broke>(Assert.Single(await FollowAsync(_log.Fork(1).Add(5)))).Breach.Breach);
        _log.Add(5).Change = static (tile, bytes) => tile.Level == TilePath.EntriesLevel ? null : bytes;
        Assert.Equal(LogBreach.Missing, Assert.IsType<MonitorFinding.Broke>(Assert.Single(await FollowAsync(_log))).Breach.Breach);
        _log.IsDown = true;
        Assert.False(Assert.IsType<MonitorFinding.Unreachable>(Assert.Single(await FollowAsync(_log))).IsAlarm);
    }

    [Fact]
    public void Actions_AreKnownAgain_AndATornRecordIsNone()
    {
        var path = _folder["actions"];
        using (var known = KnownActions.Open(path))
        {
            Assert.Null(known.Add(Hash('a'), Hash('b'), "o", 1));
            known.Save();
        }

        File.AppendAllBytes(path, new byte[13]);
        using (var known = KnownActions.Open(path))
        {
            Assert.Equal(1, known.Add(Hash('a'), Hash('c'), "o", 2)!.Index);
            known.Save();
        }

        using var again = KnownActions.Open(path);
        Assert.Null(again.Add(Hash('a'), Hash('c'), "o", 3));
        Assert.NotNull(again.Add(Hash('a'), Hash('d'), "o", 4));

        static MerkleHash Hash(char digit) => MerkleHash.Read(Convert.FromHexString(new string(digit, 64)));
    }

    [Theory]
    [InlineData("key", false)]
    [InlineData("key=", false)]
    [InlineData("kez=1", false)]
    [InlineData("subject=ab", true)]
    [InlineData("subject=AB", false)]
    [InlineData("key=0123456789abcdef", true)]
    [InlineData("action=sha256:ab", false)]
    [InlineData("project=App", true)]
    public void TryParse_TakesKindAndValue(string text, bool isOne) => Assert.Equal(isOne, MonitorWatch.TryParse(text) is not null);
}
