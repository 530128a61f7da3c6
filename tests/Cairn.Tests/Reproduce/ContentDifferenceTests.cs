using System.Text;

using Cairn.Engine.Reproduce;

namespace Cairn.Tests.Reproduce;

public sealed class ContentDifferenceTests
{
    [Theory]
    [InlineData("a\nb\nc\n", "a\nB\nc\n", "@ line 2|-b|+B")]
    [InlineData("a\nb\nc\nd\n", "a\nc\nx\nd\n", "@ line 2|-b|+x")]
    [InlineData("a\n", "a", "@ line 2|-")]
    [InlineData("", "new\n", "@ line 1|+new")]
    [InlineData("same", "same", "")]
    public void Show_OfTexts_NamesTheLines(string first, string second, string expected) =>
        Assert.Equal(expected, string.Join('|', ContentDifference.Show(Encoding.UTF8.GetBytes(first), Encoding.UTF8.GetBytes(second))));

    [Fact]
    public void Show_OfBytes_ShowsTheRowsAroundTheFirstDifference()
    {
        var first = Enumerable.Range(0, 80).Select(i => (byte)i).ToArray();
        byte[] second = [.. first[..40], 0xff, .. first[41..]];
        Assert.Equal(
            [
                "@ byte 40, of 80 and 80",
                "-00000010  10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f  ................",
                "-00000020  20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f   !\"#$%&'()*+,-./",
                "-00000030  30 31 32 33 34 35 36 37 38 39 3a 3b 3c 3d 3e 3f  0123456789:;<=>?",
                "+00000010  10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f  ................",
                "+00000020  20 21 22 23 24 25 26 27 ff 29 2a 2b 2c 2d 2e 2f   !\"#$%&'.)*+,-./",
                "+00000030  30 31 32 33 34 35 36 37 38 39 3a 3b 3c 3d 3e 3f  0123456789:;<=>?",
            ],
            ContentDifference.Show(first, second));
    }

    [Fact]
    public void Show_OfAShorterContent_EndsWhereItEnds()
    {
        byte[] longer = [0, 1, 2, 3];
        Assert.Equal(["@ byte 2, of 2 and 4", "-00000000  00 01                                            ..", "+00000000  00 01 02 03                                      ...."], ContentDifference.Show(longer.AsSpan(0, 2), longer));
    }

    [Fact]
    public void Show_OfEndlessDifferences_IsBounded()
    {
        var first = string.Join('\n', Enumerable.Range(0, 100_000)) + new string('x', 1_000);
        var second = string.Join('\n', Enumerable.Range(1, 100_000).Select(i => -i)) + new string('y', 1_000);
        var shown = ContentDifference.Show(Encoding.UTF8.GetBytes(first), Encoding.UTF8.GetBytes(second));
        Assert.Equal(22, shown.Length);
        Assert.Equal("…", shown[^1]);
    }
}
