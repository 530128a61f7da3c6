using Cairn.Core.Toolchains.Debian;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Toolchains;

public sealed class DebianVersionTests
{
    // In the order of `dpkg --compare-versions`.
    private static readonly string[] Ascending =
    [
        "0~~", "0~~a", "0~", "0", "0.1~rc1-1", "0.1-1~bpo12+1", "0.1-1", "0.1-1+b1", "0.1-1.1", "0.1-10", "0.1a", "0.1+git", "0.9", "0.10", "1.0~beta", "1.0", "1.0a", "1.0+dfsg-1", "1.0.1", "2.36-9", "2.36-9+deb12u1",
        "2.36-9+deb12u10", "12.2.0-14", "1:0", "1:1.2.13.dfsg-1", "2:0.1",
    ];

    [Fact]
    public void CompareTo_OrdersAsDpkgDoes()
    {
        for (var i = 0; i < Ascending.Length; i++)
        {
            for (var j = 0; j < Ascending.Length; j++)
            {
                Assert.Equal(Math.Sign(i.CompareTo(j)), Math.Sign(DebianVersion.Parse(Ascending[i]).CompareTo(DebianVersion.Parse(Ascending[j]))));
            }
        }
    }

    [Theory]
    [InlineData("1.0", "1.0-0")]
    [InlineData("0:1.0", "1.0")]
    [InlineData("1.00", "1.0")]
    [InlineData("1.0-01", "1.0-1")]
    public void Equals_IgnoresHowItIsWritten(string left, string right)
    {
        Assert.Equal(DebianVersion.Parse(left), DebianVersion.Parse(right));
        Assert.Equal(DebianVersion.Parse(left).GetHashCode(), DebianVersion.Parse(right).GetHashCode());
    }

    [Theory]
    [InlineData("")]
    [InlineData(":1")]
    [InlineData("x:1")]
    [InlineData("-1")]
    [InlineData("1 2")]
    [InlineData("1:")]
    [InlineData("1.0:2")]
    [InlineData("1.0/2")]
    public void TryParse_RefusesWhatIsNone(string text) => Assert.False(DebianVersion.TryParse(text, out _));

    [Fact]
    public void CompareTo_IsAntisymmetric() => Check.QuickThrowOnFailure(Prop.ForAll<byte[], byte[]>(static (left, right) =>
    {
        var (l, r) = (Make(left), Make(right));
        return Math.Sign(l.CompareTo(r)) == -Math.Sign(r.CompareTo(l));
    }));

    private static DebianVersion Make(byte[]? bytes)
    {
        const string Alphabet = "0019a~+.-z";
        return DebianVersion.Parse("1" + string.Concat((bytes ?? []).Select(static b => Alphabet[b % Alphabet.Length])) + "0");
    }
}
