using System.Collections.Immutable;

using Cairn.Execution.Toolchains.Debian;
using Cairn.Testing;

namespace Cairn.Tests.Toolchains;

public sealed class DebianMachineTests
{
    [Theory]
    [InlineData("ID=debian\nVERSION_CODENAME=bookworm\n", "deb http://m/debian bookworm main", "bookworm")]
    [InlineData("ID=\"debian\"\nVERSION_CODENAME='bookworm'\n", "deb http://m/debian bookworm main contrib", "bookworm")]
    [InlineData("ID=debian\nVERSION_CODENAME=bookworm\n", "deb http://m/debian stable main", null)]
    [InlineData("ID=debian\nVERSION_CODENAME=bookworm\n", "deb http://m/debian bookworm-security main", null)]
    [InlineData("ID=debian\nVERSION_CODENAME=bookworm\n", "deb http://m/debian bookworm contrib", null)]
    [InlineData("ID=ubuntu\nVERSION_CODENAME=noble\n", "deb http://m/ubuntu noble main", null)]
    [InlineData("ID=debian\n", "deb http://m/debian bookworm main", null)]
    [InlineData("", "", null)]
    public void Suite_IsTheMachinesOwn_WhereAptHasIt(string release, string sources, string? suite)
    {
        using var folder = new TemporaryFolder();
        folder.Write("etc/os-release", release);
        folder.Write("etc/apt/sources.list", sources + "\n");
        Assert.Equal(suite, DebianMachine.Suite(folder["etc/apt"], ImmutableDictionary<string, string>.Empty));
    }

    [Fact]
    public void Suite_OfAMachineWithoutApt_IsNone()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(DebianMachine.Suite(folder["etc/apt"], ImmutableDictionary<string, string>.Empty));
        folder.Write("etc/apt/sources.list.d/bad.sources", "Types deb\n\tno: field");
        Assert.Empty(DebianMachine.Suites(folder["etc/apt"], ImmutableDictionary<string, string>.Empty));
    }
}
