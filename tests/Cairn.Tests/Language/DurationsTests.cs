using Cairn.Core;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Language;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("30s", 30_000)]
    [InlineData("10m", 600_000)]
    [InlineData("2h", 7_200_000)]
    [InlineData("1d", 86_400_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("0s", 0)]
    public void TryParse_Reads(string text, long milliseconds)
    {
        Assert.True(Durations.TryParse(text, out var duration, out _));
        Assert.Equal(milliseconds, (long)duration.TotalMilliseconds);
    }

    [Theory]
    [InlineData("", "A duration is missing")]
    [InlineData("10", "`10` has no unit")]
    [InlineData("1h30", "`1h30` has no unit")]
    [InlineData("s", "`s` is not a duration")]
    [InlineData("-1s", "`-1s` is not a duration")]
    [InlineData("1.5h", "`1.5h` is not a duration")]
    [InlineData("5 m", "`5 m` is not a duration")]
    [InlineData("5min", "`min` is not a unit of time")]
    [InlineData("30m1h", "`30m1h` has its units out of order")]
    [InlineData("1s1s", "`1s1s` has its units out of order")]
    [InlineData("366d", "`366d` is longer than 365 days")]
    [InlineData("99999999999999999999999d", "`99999999999999999999999d` is longer than 365 days")]
    public void TryParse_SaysWhatIsWrong(string text, string expected)
    {
        Assert.False(Durations.TryParse(text, out _, out var error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void Format_IsReadBack() => Check.QuickThrowOnFailure(Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        milliseconds => Durations.TryParse(Durations.Format(TimeSpan.FromMilliseconds(milliseconds)), out var read, out _)
            && read == TimeSpan.FromMilliseconds(milliseconds)));

    [Theory]
    [InlineData("512B", 512)]
    [InlineData("64KiB", 65_536)]
    [InlineData("64MiB", 67_108_864)]
    [InlineData("1GB", 1_000_000_000)]
    [InlineData("2kB", 2_000)]
    public void ByteSizes_TryParse_Reads(string text, long expected)
    {
        Assert.True(ByteSizes.TryParse(text, out var bytes, out _));
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData("", "A size is missing")]
    [InlineData("64", "`64` has no unit")]
    [InlineData("MiB", "`MiB` is not a size")]
    [InlineData("1mb", "`mb` is not a unit of size")]
    [InlineData("99999999TiB", "`99999999TiB` is too large")]
    public void ByteSizes_TryParse_SaysWhatIsWrong(string text, string expected)
    {
        Assert.False(ByteSizes.TryParse(text, out _, out var error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void ByteSizes_Format_IsReadBack() => Check.QuickThrowOnFailure(Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        bytes => ByteSizes.TryParse(ByteSizes.Format(bytes), out var read, out _) && read == bytes));
}
