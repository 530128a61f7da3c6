using Cairn.Core.Syntax;

namespace Cairn.Tests.Syntax;

public sealed class SourceTextTests
{
    private const string Sample = "one\ntwo\r\n\rfour\n\n";

    [Fact]
    public void PositionAt_Counts_LinesAndColumnsFromOne()
    {
        var source = new SourceText("f", Sample);
        Assert.Equal(6, source.LineCount);
        Assert.Equal((1, 1), source.PositionAt(0));
        Assert.Equal((1, 4), source.PositionAt(3));
        Assert.Equal((2, 1), source.PositionAt(4));
        Assert.Equal((2, 5), source.PositionAt(8));
        Assert.Equal((3, 1), source.PositionAt(9));
        Assert.Equal((4, 1), source.PositionAt(10));
        Assert.Equal((6, 1), source.PositionAt(Sample.Length));
    }

    // The line that was asked for last is remembered.
    [Fact]
    public void PositionAt_Is_TheSameInWhateverOrderItIsAsked()
    {
        var asked = new SourceText("f", Sample);
        for (var first = 0; first <= Sample.Length; first++)
        {
            for (var second = 0; second <= Sample.Length; second++)
            {
                asked.PositionAt(first);
                Assert.Equal(new SourceText("f", Sample).PositionAt(second), asked.PositionAt(second));
            }
        }
    }

    [Fact]
    public void PositionAt_Answers_ManyThreadsAtOnce()
    {
        const int Lines = 200;
        var source = new SourceText("f", string.Concat(Enumerable.Repeat("12345\n", Lines)));
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = TestContext.Current.CancellationToken }, worker =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                var index = (int)((uint)((i + worker) * 7919) % (Lines * 6));
                Assert.Equal(((index / 6) + 1, (index % 6) + 1), source.PositionAt(index));
            }
        });
    }
}
