using System.Buffers;

using Cairn.Execution;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Execution;

public sealed class LogIndexTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 21, 2, 13, 45, 678, TimeSpan.Zero);

    [Fact]
    public void Writer_WritesTheDocumentedBytes()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new LogIndexWriter(output);
        writer.Start(DateTimeOffset.UnixEpoch.AddTicks(1), withMagic: true);
        writer.Append(OutputStream.Stdout, 5, 10);
        writer.Append(OutputStream.Stdout, 2, 900);
        writer.Append(OutputStream.Stderr, 100, 1_010);
        writer.Append(OutputStream.Stderr, 1, 2_010);
        writer.Flush();
        Assert.Equal(
            "434C4958310A" + "00" + "6400000000000000" + "0E" + "0A" + "C901" + "E807" + "03" + "E807", Convert.ToHexString(output.WrittenSpan));
    }

    [Fact]
    public void Reader_ReadsBack_WhereverTheFileIsCut()
    {
        var append = from stream in Gen.Elements(OutputStream.Stdout, OutputStream.Stderr)
                     from length in Gen.Frequency((5, Gen.Choose(1, 200)), (1, Gen.Choose(1, int.MaxValue)))
                     from pause in Gen.Choose(0, 5_000_000)
                     select (stream, length, pause);
        var cases = from appends in append.ListOf() from cut in Gen.Choose(0, 1_000) select (appends, cut);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var output = new ArrayBufferWriter<byte>();
            var writer = new LogIndexWriter(output);
            var total = 0L;
            var now = 0L;
            writer.Start(Start, withMagic: true);
            foreach (var (stream, length, pause) in c.appends)
            {
                writer.Append(stream, length, now += pause);
                total += length;
            }

            writer.Flush();
            var (whole, covered) = Read(output.WrittenSpan);
            var (part, _) = Read(output.WrittenSpan[..Math.Min(c.cut, output.WrittenCount)]);
            Assert.Equal(total, covered);
            Assert.Equal(whole.Take(part.Count), part);
            Assert.All(whole.Zip(whole.Skip(1)), pair => Assert.True(pair.First.At <= pair.Second.At && pair.First.Offset + pair.First.Length == pair.Second.Offset));
        }).Check(Config.QuickThrowOnFailure);
    }

    [Fact]
    public void Reader_FollowsAGrowingFile()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new LogIndexWriter(output);
        writer.Start(Start, withMagic: true);
        writer.Append(OutputStream.Stderr, 300, 1_500);
        writer.Flush();
        var reader = new LogIndexReader();
        var held = new List<byte>();
        var records = new List<LogIndexRecord>();
        foreach (var b in output.WrittenSpan)
        {
            held.Add(b);
            ReadOnlySpan<byte> bytes = held.ToArray();
            while (reader.TryRead(ref bytes, out var record))
            {
                records.Add(record);
            }

            held = [.. bytes];
        }

        Assert.Equal(new LogIndexRecord(0, 300, OutputStream.Stderr, Start.AddMicroseconds(1_500)), Assert.Single(records));
        Assert.Empty(held);
    }

    [Theory]
    [InlineData("434C4958320A")]
    [InlineData("FF")]
    [InlineData("434C4958310A" + "00" + "0000000000000000" + "01" + "00")]
    [InlineData("434C4958310A" + "FFFFFFFFFFFFFFFFFFFF01")]
    [InlineData("434C4958310A" + "02" + "FFFFFFFFFFFFFFFF7F")]
    public void Reader_TellsWhatIsNoIndex(string hex)
    {
        ReadOnlySpan<byte> bytes = Convert.FromHexString(hex);
        var reader = new LogIndexReader();
        Assert.False(reader.TryRead(ref bytes, out _));
        Assert.True(reader.IsCorrupt);
    }

    [Fact]
    public void Reader_TakesAnyBytes() => Prop.ForAll<byte[]>(tail =>
    {
        ReadOnlySpan<byte> bytes = [.. LogMagic, .. tail];
        var reader = new LogIndexReader();
        while (reader.TryRead(ref bytes, out var record))
        {
            Assert.True(record.Length > 0);
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static byte[] LogMagic => [.. "CLIX1\n"u8];

    private static (List<LogIndexRecord> Records, long Covered) Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new LogIndexReader();
        var records = new List<LogIndexRecord>();
        while (reader.TryRead(ref bytes, out var record))
        {
            records.Add(record);
        }

        Assert.False(reader.IsCorrupt);
        return (records, reader.CoveredBytes);
    }
}
