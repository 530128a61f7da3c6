using Cairn.Engine.Isolation;

namespace Cairn.Tests.Sandbox;

public sealed class OutputLinksTests
{
    [Theory]
    [InlineData("link", "file", true)]
    [InlineData("a/b/link", "../../file", true)]
    [InlineData("a/b/link", "../../../file", false)]
    [InlineData("link", "..", false)]
    [InlineData("a/link", ".././c//d", true)]
    [InlineData("a/link", "b/../c", false)]
    [InlineData("link", "/etc/shadow", false)]
    [InlineData("link", "/work/file", false)]
    [InlineData("venv/bin/python3", "/usr/bin/python3", true)]
    [InlineData("link", "/usr/../etc/shadow", false)]
    [InlineData("link", "/usr", false)]
    public void StaysInside_IsTrueWithinTheProjectAndForPrograms(string path, string target, bool expected) => Assert.Equal(expected, OutputLinks.StaysInside(path, target));
}
