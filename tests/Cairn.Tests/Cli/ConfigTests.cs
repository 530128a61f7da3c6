using System.Text.Json;

using Cairn.Cli;
using Cairn.Engine.Configuration;

namespace Cairn.Tests.Cli;

public sealed class ConfigTests
{
    [Fact]
    public async Task Set_ThenGet_AtBothLevels_ProjectWins()
    {
        using var cli = new CommandTester();
        Assert.Equal(new CommandOutcome(0, "", ""), await cli.RunAsync("config", "set", "--user", "run.tail_lines", "10"));
        Assert.Equal("10\n", (await cli.RunAsync("config", "get", "run.tail_lines")).Out);
        Assert.Equal(new CommandOutcome(0, "", ""), await cli.RunAsync("config", "set", "run.tail_lines", "20"));
        Assert.Equal("20\n", (await cli.RunAsync("config", "get", "run.tail_lines")).Out);
        Assert.Equal("run:\n  tail_lines: 10\n", cli.Folder.Read("home/.config/cairn/config.yaml"));
        Assert.Equal("run:\n  tail_lines: 20\n", cli.Folder.Read("project/.cairn/config.yaml"));
    }

    [Fact]
    public async Task XdgConfigHome_IsHonoured()
    {
        using var home = new Testing.TemporaryFolder();
        using var cli = new CommandTester(("XDG_CONFIG_HOME", home["xdg"]));
        Assert.Equal(0, (await cli.RunAsync("config", "set", "--user", "color", "always")).Exit);
        Assert.Equal("color: always\n", home.Read("xdg/cairn/config.yaml"));
        Assert.Equal(home["xdg/cairn/config.yaml"] + "\n", (await cli.RunAsync("config", "path", "--user")).Out);
        Assert.Contains("\e[1mUsage", (await cli.RunAsync("help", "run")).Out, StringComparison.Ordinal);
        Assert.DoesNotContain("\e[", (await cli.RunAsync("help", "run", "--no-color")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_ShowsEveryKeyAndWhereItsValueComesFrom()
    {
        using var cli = new CommandTester();
        cli.Write(".cairn/config.yaml", "run: { view: plain }\n");
        var (exit, text, _) = await cli.RunAsync("config", "list", "--json");
        Assert.Equal(0, exit);
        using var json = JsonDocument.Parse(text);
        Assert.Equal(SettingKeys.All.Select(k => k.Name), json.RootElement.EnumerateArray().Select(e => e.GetProperty("key").GetString()));
        var view = json.RootElement.EnumerateArray().Single(e => e.GetProperty("key").GetString() == "run.view");
        Assert.Equal(("plain", "project"), (view.GetProperty("value").GetString(), view.GetProperty("from").GetString()));
        Assert.Contains("run.view ", (await cli.RunAsync("config", "list")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AMistakeInTheFile_IsShownWithItsPlace_AndNothingIsWritten()
    {
        using var cli = new CommandTester();
        cli.Write(".cairn/config.yaml", "run:\n  veiw: live\n  tail_lines: many\n");
        var (exit, _, error) = await cli.RunAsync("config", "list");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains("CAIRN0501", error, StringComparison.Ordinal);
        Assert.Contains("config.yaml:2:3", error, StringComparison.Ordinal);
        Assert.Contains("did you mean `run.view`?", error, StringComparison.Ordinal);
        Assert.Contains("CAIRN0502", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_InABrokenFile_ShowsTheMistakeAndLeavesIt()
    {
        using var cli = new CommandTester();
        cli.Write(".cairn/config.yaml", "run: [\n");
        var (exit, _, error) = await cli.RunAsync("config", "set", "run.view", "live");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains("config.yaml:", error, StringComparison.Ordinal);
        Assert.Equal("run: [\n", cli.Folder.Read("project/.cairn/config.yaml"));
    }
}
