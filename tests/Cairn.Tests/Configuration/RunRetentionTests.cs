using Cairn.Core;
using Cairn.Engine.History;
using Cairn.Testing;

namespace Cairn.Tests.Configuration;

public sealed class RunRetentionTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(10, null, 5)]
    [InlineData(2, null, 2)]
    [InlineData(10, 3, 3)]
    [InlineData(2, 3, 2)]
    [InlineData(10, 0, 0)]
    public void Prune_KeepsTheNewest_AndNoneTooOld(int keep, int? days, int left)
    {
        using var folder = new TemporaryFolder();
        for (var day = 0; day < 5; day++)
        {
            folder.Write($".cairn/runs/{RunId.Create(Noon.AddDays(-day).AddHours(-1), 7)}/events.ndjson", "");
        }

        RunRetention.Prune(folder.Path, keep, days is { } d ? Noon.AddDays(-d) : null);
        var runs = Directory.GetDirectories(folder[".cairn/runs"]).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(Enumerable.Range(0, left).Select(day => RunId.Create(Noon.AddDays(-day).AddHours(-1), 7).Value).Order(StringComparer.Ordinal), runs);
    }
}
