using System.Text;

using Cairn.Cli.Terminal;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Terminal;

public sealed class TextPiecesTests
{
    [Theory]
    [InlineData("hello", 5)]
    [InlineData("漢字", 4)]
    [InlineData("e\u0301", 1)]
    [InlineData("🚀", 2)]
    [InlineData("", 0)]
    public void Of_Measures_Columns(string text, int columns) => Assert.Equal(columns, TextWidth.Of(text));

    [Theory]
    [InlineData("hello", 5, true, "hello", 5)]
    [InlineData("hello!", 5, true, "hell…", 5)]
    [InlineData("hello!", 5, false, "he...", 5)]
    [InlineData("漢字漢字", 6, true, "漢字…", 5)]
    [InlineData("abc", 1, true, "…", 1)]
    [InlineData("abc", 2, false, "..", 2)]
    [InlineData("abc", 0, true, "", 0)]
    public void AppendCropped_Fits(string text, int columns, bool unicode, string expected, int width)
    {
        var destination = new ByteText();
        Assert.Equal(width, TextWidth.AppendCropped(destination, text, columns, unicode));
        Assert.Equal(expected, destination.ToString());
    }

    [Fact]
    public void LineJoiner_GivesTheSameLines_HoweverBytesArrive() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(
            (from text in Gen.ArrayOf(Gen.Elements((byte)'a', (byte)'b', (byte)'\n')) from cut in Gen.Choose(1, 7) select (text, cut)).ToArbitrary(),
            sample =>
            {
                var joiner = new LineJoiner();
                var lines = new List<string>();
                foreach (var piece in sample.text.Chunk(sample.cut))
                {
                    ReadOnlySpan<byte> bytes = piece;
                    while (joiner.Next(ref bytes, out var line, out _))
                    {
                        lines.Add(Encoding.UTF8.GetString(line));
                    }
                }

                lines.Add(joiner.Rest(out var rest) ? Encoding.UTF8.GetString(rest) : "");
                return lines.SequenceEqual(Encoding.UTF8.GetString(sample.text).Split('\n'), StringComparer.Ordinal);
            }));

    [Fact]
    public void LineJoiner_Cuts_LinesThatNeverEnd()
    {
        var joiner = new LineJoiner();
        var total = 0;
        for (var i = 0; i < 100; i++)
        {
            ReadOnlySpan<byte> bytes = new byte[5000];
            while (joiner.Next(ref bytes, out var line, out var continues))
            {
                Assert.True(continues);
                Assert.Equal(LineJoiner.LineBytesMax, line.Length);
                total += line.Length;
            }
        }

        Assert.True(joiner.Rest(out var rest));
        Assert.Equal(500_000, total + rest.Length);
    }

    [Fact]
    public void TailBuffer_Keeps_TheLastBytes() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(
            (from max in Gen.Choose(1, 3000) from pieces in Gen.ArrayOf(Gen.ArrayOf(ArbMap.Default.GeneratorFor<byte>())) select (max, pieces)).ToArbitrary(),
            sample =>
            {
                var tail = new TailBuffer(sample.max);
                foreach (var piece in sample.pieces)
                {
                    tail.Append(piece);
                }

                var all = sample.pieces.SelectMany(p => p).ToArray();
                var kept = new byte[tail.Length];
                return tail.Length == Math.Min(sample.max, all.Length)
                    && tail.CopyLast(kept) == kept.Length
                    && kept.AsSpan().SequenceEqual(all.AsSpan(all.Length - kept.Length))
                    && tail.BytesTotal == all.Length
                    && tail.NewlinesTotal == all.Count(b => b == '\n');
            }));

    [Theory]
    [InlineData(0.004, "4ms")]
    [InlineData(0.9999, "1.0s")]
    [InlineData(8.44, "8.4s")]
    [InlineData(59.96, "1m 00s")]
    [InlineData(125, "2m 05s")]
    [InlineData(3725, "1h 02m")]
    public void Duration_Reads(double seconds, string expected) => Assert.Equal(expected, Words.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData("build", "build")]
    [InlineData("test[os=linux,opt=O2]", "'test[os=linux,opt=O2]'")]
    [InlineData("it's", "'it'\\''s'")]
    [InlineData("", "''")]
    public void Quote_Quotes_WhatAShellWouldTakeApart(string word, string expected) => Assert.Equal(expected, ShellText.Quote(word));
}
