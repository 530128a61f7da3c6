using Cairn.Engine.Log;
using Cairn.Trust.Log;

namespace Cairn.Tests.Logs;

/// <summary>Entries of a log that has no listing.</summary>
public sealed class LogLookupTests
{
    private const int Count = 3 * TilePath.WidthMax + 44;

    private readonly TestLog _log = new TestLog().Add(Count);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<LogLookup> LookupAsync()
    {
        var reader = new LogReader(_log, TestLog.Trust, memory: null, TimeProvider.System);
        return new LogLookup(reader, await reader.RefreshAsync(Token));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(Count - 1)]
    public async Task Find_SaysWhereALeafStands_AndProveProvesIt(int number)
    {
        var lookup = await LookupAsync();
        var leaf = MerkleHash.Leaf(TestLog.Leaf(number));

        Assert.Equal(number, await lookup.FindAsync(leaf, Token));
        var proof = await lookup.ProveAsync(number, Token);
        Assert.True(proof.Inclusion.Verifies(leaf, MerkleHash.Read(lookup.Seen.Checkpoint.Root.AsSpan())));
        Assert.Null(await lookup.FindAsync(MerkleHash.Leaf("not there"u8), Token));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(256)]
    [InlineData(300)]
    public async Task Newest_GoesBackToTheFirst(int size)
    {
        _log.Shown = _log.Note(size);
        var lookup = await LookupAsync();
        var all = new List<(long, string)>();
        await foreach (var (index, leaf) in lookup.NewestAsync(Token))
        {
            all.Add((index, Convert.ToHexString(leaf)));
        }

        Assert.Equal(Enumerable.Range(0, size).Reverse().Select(static i => ((long)i, Convert.ToHexString(TestLog.Leaf(i)))), all);
    }

    [Fact]
    public async Task Newest_ReadsOneTileForAFew()
    {
        var read = new List<TilePath>();
        var lookup = await LookupAsync();
        _log.Change = (tile, bytes) =>
        {
            read.Add(tile);
            return bytes;
        };
        await foreach (var _ in lookup.NewestAsync(Token))
        {
            break;
        }

        Assert.Single(read, static t => t.Level == TilePath.EntriesLevel);
        Assert.DoesNotContain(new TilePath(0, 0, TilePath.WidthMax), read);
    }

    [Fact]
    public async Task ALogThatHidesALeaf_IsFoundOut()
    {
        // Its hash taken out of the tiles of hashes: to say that it is not there would be the log's word.
        _log.Change = static (tile, bytes) =>
        {
            if (tile is { Level: 0, Index: 1 })
            {
                bytes.AsSpan(5 * MerkleHash.Bytes, MerkleHash.Bytes).Clear();
            }

            return bytes;
        };
        var hidden = MerkleHash.Leaf(TestLog.Leaf(TilePath.WidthMax + 5));
        var breach = await Assert.ThrowsAsync<LogBreachException>(async () => await (await LookupAsync()).FindAsync(hidden, Token));
        Assert.Equal(LogBreach.Tampered, breach.Breach);
        breach = await Assert.ThrowsAsync<LogBreachException>(async () => await (await LookupAsync()).ProveAsync(TilePath.WidthMax + 5, Token));
        Assert.Equal(LogBreach.Tampered, breach.Breach);
    }

    [Theory]
    [InlineData(TilePath.EntriesLevel, 2)]
    [InlineData(TilePath.EntriesLevel, 3)]
    [InlineData(0, 3)]
    [InlineData(1, 0)]
    public async Task EntriesThatAreNotThoseOfTheCheckpoint_AreRefused(int level, int index)
    {
        _log.Change = (tile, bytes) =>
        {
            if (tile.Level == level && tile.Index == index)
            {
                bytes[^1] ^= 1;
            }

            return bytes;
        };
        var lookup = await LookupAsync();
        await Assert.ThrowsAsync<LogBreachException>(async () =>
        {
            await foreach (var _ in lookup.NewestAsync(Token))
            {
            }
        });
    }

    [Fact]
    public async Task TilesOfAnotherLength_AreRefused()
    {
        var lookup = await LookupAsync();
        _log.Change = static (_, bytes) => bytes[..^1];
        await Assert.ThrowsAsync<LogBreachException>(async () => await lookup.FindAsync(MerkleHash.Empty, Token));
        await Assert.ThrowsAsync<LogBreachException>(async () =>
        {
            await foreach (var _ in lookup.NewestAsync(Token))
            {
            }
        });
    }
}
