using Cairn.Cli.Terminal;

namespace Cairn.Tests.Terminal;

public sealed class TerminalInfoTests
{
    [Theory]
    [InlineData("TERM=xterm", true, "Basic")]
    [InlineData("TERM=xterm-256color", true, "Palette")]
    [InlineData("TERM=xterm COLORTERM=truecolor", true, "True")]
    [InlineData("TERM=xterm NO_COLOR=1", true, "None")]
    [InlineData("TERM=xterm NO_COLOR=", true, "Basic")]
    [InlineData("TERM=dumb", true, "None")]
    [InlineData("TERM=xterm CLICOLOR=0", true, "None")]
    [InlineData("TERM=xterm", false, "None")]
    [InlineData("TERM=xterm CLICOLOR_FORCE=1", false, "Basic")]
    [InlineData("FORCE_COLOR=3", false, "True")]
    [InlineData("TERM=xterm FORCE_COLOR=0", true, "None")]
    [InlineData("TERM=xterm FORCE_COLOR=1 NO_COLOR=1", true, "None")]
    public void Color_Follows_TheEnvironment(string environment, bool terminal, string expected) =>
        Assert.Equal(expected, Of(environment, terminal).OutColor.ToString());

    [Theory]
    [InlineData("LANG=de_DE.UTF-8", true)]
    [InlineData("LANG=C", false)]
    [InlineData("LC_ALL=C LANG=de_DE.UTF-8", false)]
    [InlineData("LC_ALL= LC_CTYPE=C.utf8", true)]
    [InlineData("", false)]
    public void Unicode_Follows_TheLocale(string environment, bool expected) => Assert.Equal(expected, Of(environment, terminal: true).IsUnicode);

    [Theory]
    [InlineData("TERM=xterm", true, true)]
    [InlineData("TERM=xterm CI=true", true, false)]
    [InlineData("TERM=xterm CI=false", true, true)]
    [InlineData("TERM=dumb", true, false)]
    [InlineData("TERM=xterm", false, false)]
    public void Repaint_Needs_ATerminalThatCan(string environment, bool terminal, bool expected) => Assert.Equal(expected, Of(environment, terminal).CanRepaint);

    [Fact]
    public void Size_IsAskedForEachTime()
    {
        TerminalSize? size = null;
        var info = new TerminalInfo(new Dictionary<string, string>(StringComparer.Ordinal) { ["COLUMNS"] = "123" }, outIsTerminal: true, errorIsTerminal: true, () => size);
        Assert.Equal(new TerminalSize(123, 24), info.Size);
        size = new TerminalSize(60, 10);
        Assert.Equal(new TerminalSize(60, 10), info.Size);
    }

    private static TerminalInfo Of(string environment, bool terminal) => new(
        environment.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal),
        terminal,
        terminal,
        () => null);
}
