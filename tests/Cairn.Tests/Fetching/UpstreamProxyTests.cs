using Cairn.Execution.Fetching;

namespace Cairn.Tests.Fetching;

public sealed class UpstreamProxyTests
{
    [Theory]
    [InlineData("registry.npmjs.org", 443, true, "http://proxy.example:3128/")]
    [InlineData("registry.npmjs.org", 80, false, "http://plain.example:8080/")]
    [InlineData("inner.example", 443, true, null)]
    [InlineData("a.inner.example", 443, true, null)]
    [InlineData("notinner.example", 443, true, "http://proxy.example:3128/")]
    [InlineData("b.dotted.example", 443, true, null)]
    [InlineData("10.1.2.3", 443, true, null)]
    [InlineData("localhost", 8443, true, null)]
    [InlineData("127.0.0.1", 8443, true, null)]
    public void For_IsWhatTheEnvironmentNames(string host, int port, bool isTunnel, string? expected)
    {
        var proxy = UpstreamProxy.Read(Variables(("HTTPS_PROXY", "http://proxy.example:3128"), ("http_proxy", "plain.example:8080"), ("no_proxy", "inner.example, .dotted.example,10.0.0.0/8")));
        Assert.Equal(expected, proxy.For(host, port, isTunnel)?.ToString());
    }

    [Fact]
    public void For_WithoutVariables_IsNone() => Assert.Null(UpstreamProxy.Read(static _ => null).For("a.example", 443, isTunnel: true));

    [Fact]
    public void For_AnotherKindOfProxy_SaysSo()
    {
        var proxy = UpstreamProxy.Read(Variables(("ALL_PROXY", "socks5://proxy.example:1080")));
        Assert.Contains("socks5://", Assert.Throws<IOException>(() => proxy.For("a.example", 443, isTunnel: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Authorization_IsThatOfTheAddress() => Assert.Equal("Basic bmFtZTpwQHNz", UpstreamProxy.Authorization(new Uri("http://name:p%40ss@proxy.example:3128")));

    private static Func<string, string?> Variables(params (string Name, string Value)[] variables) => name => Array.Find(variables, v => v.Name == name).Value;
}
