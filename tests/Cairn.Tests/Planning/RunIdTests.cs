using Cairn.Core;

namespace Cairn.Tests.Planning;

public sealed class RunIdTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 21, 2, 13, 45, TimeSpan.Zero);

    [Fact]
    public void Create_OfLaterTimes_SortsLater_WithinASecondToo()
    {
        var ids = Enumerable.Range(0, 4096).Select(i => RunId.Create(Start.AddTicks((i * TimeSpan.TicksPerSecond / 4096) + 2441), random: (uint)(4095 - i)).Value).ToList();
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.Equal(4096, ids.Distinct(StringComparer.Ordinal).Count());
        Assert.All(ids, id => Assert.StartsWith("20261121-021345-", id, StringComparison.Ordinal));
    }

    [Fact]
    public void Create_AtOneTime_DiffersByRandomness()
    {
        Assert.Equal("20261121-021345-000007", RunId.Create(Start, 0xABC007).Value);
        Assert.Equal("20261121-021345-800fff", RunId.Create(Start.AddMilliseconds(500), uint.MaxValue).Value);
        Assert.True(RunId.TryParse("20261121-021345-800fff", out _));
    }
}
