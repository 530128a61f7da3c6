using Cairn.Engine.Replay;
using Cairn.Store.Actions;
using Cairn.Testing;

namespace Cairn.Tests.Replay;

/// <summary>Which results count no more, and which are challenged.</summary>
public sealed class DemotionTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Add_IsThereAfterwards_AndChangesTheFingerprint()
    {
        Assert.Equal((0, ""), (Demotions.Load(_folder["state"]).Count, Demotions.Load(_folder["state"]).Fingerprint));
        await Demotions.AddAsync(_folder["state"], Of('a', 'b', Noon), TestContext.Current.CancellationToken);
        var one = Demotions.Load(_folder["state"]);
        await Demotions.AddAsync(_folder["state"], Of('c', 'b', Noon.AddHours(1)), TestContext.Current.CancellationToken);
        var two = Demotions.Load(_folder["state"]);

        Assert.Equal(Of('a', 'b', Noon), one.Find(new string('a', 64)));
        Assert.Null(one.Find(new string('c', 64)));
        Assert.Equal(Of('c', 'b', Noon.AddHours(1)), two.OfAction(new string('b', 64)));
        Assert.Null(two.OfAction(new string('a', 64)));
        Assert.NotEqual(one.Fingerprint, two.Fingerprint);
        Assert.NotEqual("", one.Fingerprint);
    }

    [Theory]
    [InlineData("cairn-demoted 2\n")]
    [InlineData("cairn-demoted 1\n ")]
    [InlineData("cairn-demoted 1\nhalf a line\n")]
    [InlineData("cairn-demoted 1\nAA 00 2026-11-21T12:00:00Z unexplained\n")]
    public void Load_OfSomethingElse_IsAnError_AndNothingCountsAgain(string content)
    {
        _folder.Write("state/demoted", content);
        Assert.Contains("demoted` cannot be read: line", Assert.Throws<IOException>(() => Demotions.Load(_folder["state"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Choose_DependsOnSeedAndEntriesOnly()
    {
        var entries = Enumerable.Range(0, 200).Select(static i => i.ToString("x64", null)).ToArray();
        var chosen = Challenge.Choose([.. entries], "seed", new SampleSize(0.05, IsPart: true));
        Assert.Equal(10, chosen.Length);
        Assert.Equal(chosen, Challenge.Choose([.. entries.Reverse()], "seed", new SampleSize(10, IsPart: false)));
        Assert.NotEqual(chosen, Challenge.Choose([.. entries], "another", new SampleSize(10, IsPart: false)));
        // One more entry moves at most one out of the sample.
        Assert.True(chosen.Intersect(Challenge.Choose([.. entries, new string('f', 64)], "seed", new SampleSize(10, IsPart: false))).Count() >= 9);
    }

    [Theory]
    [InlineData(1, 0.05, true, 1)]
    [InlineData(0, 0.05, true, 0)]
    [InlineData(101, 0.05, true, 6)]
    [InlineData(100, 0.07, true, 7)]
    [InlineData(3, 5, false, 3)]
    public void Sample_IsRoundedUp_AndNeverMoreThanThereIs(int entries, double value, bool isPart, int expected) =>
        Assert.Equal(expected, new SampleSize(value, isPart).Of(entries));

    [Fact]
    public void Load_CountsOthersTimeOnly()
    {
        var lines = new Queue<string>(["cpu  100 100 50 1000 0 0 0 0 0 0", "cpu  150 400 50 1050 0 0 0 0 0 0", "cpu  150 400 50 1050 0 0 0 0 0 0"]);
        var load = new MachineLoad(lines.Dequeue);
        Assert.Equal(0.125, load.Share(), precision: 9);
        Assert.Equal(0, load.Share());
    }

    private static Demotion Of(char attestation, char action, DateTimeOffset time) => new(new string(attestation, 64), new string(action, 64), time, "unexplained");
}
