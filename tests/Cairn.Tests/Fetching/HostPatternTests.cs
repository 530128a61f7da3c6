using System.Net;

using Cairn.Core.Fetching;

using FsCheck;
using FsCheck.Fluent;

using HostName = Cairn.Core.Fetching.HostName;

namespace Cairn.Tests.Fetching;

public sealed class HostPatternTests
{
    [Theory]
    [InlineData("registry.npmjs.org", "registry.npmjs.org", 443, true)]
    [InlineData("registry.npmjs.org", "registry.npmjs.org", 80, true)]
    [InlineData("registry.npmjs.org", "registry.npmjs.org", 8443, false)]
    [InlineData("registry.npmjs.org", "x.registry.npmjs.org", 443, false)]
    [InlineData("registry.npmjs.org", "registry.npmjs.org.evil.example", 443, false)]
    [InlineData("Registry.NPMJS.org", "registry.npmjs.org", 443, true)]
    [InlineData("example.com:8443", "example.com", 8443, true)]
    [InlineData("example.com:8443", "example.com", 443, false)]
    [InlineData("*.example.com", "a.example.com", 443, true)]
    [InlineData("*.example.com", "a.b.example.com", 443, true)]
    [InlineData("*.example.com", "example.com", 443, false)]
    [InlineData("*.example.com", "badexample.com", 443, false)]
    [InlineData("*.example.com:8443", "a.example.com", 8443, true)]
    [InlineData("127.0.0.1:8080", "127.0.0.1", 8080, true)]
    [InlineData("127.0.0.1:8080", "localhost", 8080, false)]
    [InlineData("10.0.0.0/8", "10.1.2.3", 443, true)]
    [InlineData("10.0.0.0/8:8443", "10.1.2.3", 8443, true)]
    [InlineData("10.0.0.0/8", "11.1.2.3", 443, false)]
    [InlineData("::1", "::1", 443, true)]
    [InlineData("[::1]:8443", "::1", 8443, true)]
    [InlineData("[fd00::/8]:8443", "fd12::1", 8443, true)]
    [InlineData("fd00::/8", "fd12::1", 443, true)]
    public void AllowsHost_IsWhatThePatternSays(string pattern, string host, int port, bool allowed) => Assert.Equal(allowed, Rules(pattern).AllowsHost(host, port));

    [Theory]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("*:443")]
    [InlineData("*.com")]
    [InlineData("a.*.example.com")]
    [InlineData("*example.com")]
    [InlineData("https://registry.npmjs.org/")]
    [InlineData("registry.npmjs.org/left-pad")]
    [InlineData("example.com:0")]
    [InlineData("example.com:65536")]
    [InlineData("example.com:")]
    [InlineData("example.com:x")]
    [InlineData("-a.example.com")]
    [InlineData("a-.example.com")]
    [InlineData("a..example.com")]
    [InlineData("bücher.example")]
    [InlineData("user@example.com")]
    [InlineData("127.1")]
    [InlineData("0x7f000001")]
    [InlineData("2130706433")]
    [InlineData("0177.0.0.1")]
    [InlineData("10.0.0.1/8")]
    [InlineData("0.0.0.0/0")]
    [InlineData("fe80::1%eth0")]
    [InlineData("example.com example.org")]
    public void TryParse_RefusesWhatIsNoHost(string text)
    {
        Assert.False(HostPattern.TryParse(text, out _, out var error, out _));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void TryParse_SaysTheHostOfAnAddressOfTheWeb()
    {
        Assert.False(HostPattern.TryParse("https://npm.example.com:8443/a", out _, out _, out var suggestion));
        Assert.Equal("Write `npm.example.com:8443`", suggestion);
    }

    [Theory]
    [InlineData("npm.example.com", "npm.example.com", "203.0.113.80", true)]
    [InlineData("npm.example.com", "npm.example.com", "10.1.2.3", false)]
    [InlineData("npm.example.com", "npm.example.com", "127.0.0.1", false)]
    [InlineData("npm.example.com", "npm.example.com", "169.254.169.254", false)]
    [InlineData("npm.example.com", "npm.example.com", "::1", false)]
    [InlineData("npm.example.com", "npm.example.com", "::ffff:127.0.0.1", false)]
    [InlineData("npm.example.com", "npm.example.com", "::ffff:10.0.0.1", false)]
    [InlineData("npm.example.com", "npm.example.com", "64:ff9b::7f00:1", false)]
    [InlineData("npm.example.com", "npm.example.com", "2002:7f00:1::", false)]
    [InlineData("npm.example.com", "npm.example.com", "::", false)]
    [InlineData("npm.example.com", "npm.example.com", "0.0.0.0", false)]
    [InlineData("npm.example.com", "npm.example.com", "fe80::1", false)]
    [InlineData("npm.example.com", "npm.example.com", "2606:4700::1", true)]
    [InlineData("localhost", "localhost", "127.0.0.1", true)]
    [InlineData("localhost", "localhost", "10.0.0.1", false)]
    [InlineData("10.1.0.0/16", "npm.example.com", "10.1.2.3", true)]
    [InlineData("10.1.0.0/16", "npm.example.com", "10.2.2.3", false)]
    public void AllowsAddress_KeepsNamesOutOfPrivateNetworks(string pattern, string host, string address, bool allowed) =>
        Assert.Equal(allowed, Rules(pattern).AllowsAddress(host, 443, IPAddress.Parse(address)));

    [Fact]
    public void LineWith_IsALineOfThePipeline() =>
        Assert.Equal("hosts: [a.example, \"*.b.example:8443\", c.example]", Rules("a.example", "*.b.example:8443").LineWith(["c.example", "a.example"]));

    [Fact]
    public void Normalize_IsItsOwnSpelling() => Prop.ForAll<string>(text =>
    {
        var name = HostName.Normalize(text ?? "");
        Assert.True(name is null || HostName.Normalize(name) == name, text);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void TryParse_OfAnything_EitherExplainsOrMatchesNothingElse() => Prop.ForAll<string>(text =>
    {
        if (HostPattern.TryParse(text ?? "", out var pattern, out var error, out _))
        {
            Assert.False(pattern.AllowsName("unrelated.example", 443) && pattern.AllowsName("other.invalid", 443));
        }
        else
        {
            Assert.NotEmpty(error);
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    internal static HostRules Rules(params string[] patterns) =>
        new([.. patterns.Select(static text => HostPattern.TryParse(text, out var pattern, out var error, out _) ? pattern : throw new FormatException(error))]);
}
