using Cairn.Core.Diagnostics;
using Cairn.Engine.Configuration;
using Cairn.Testing;

namespace Cairn.Tests.Configuration;

public sealed class SettingsTests
{
    [Fact]
    public void Defaults_AreThoseOfTheTable()
    {
        var settings = Settings.Default;
        foreach (var key in SettingKeys.All.Where(k => k.DefaultText.Length > 0))
        {
            Assert.True(key.TryApply(settings, key.DefaultText, out var changed, out var error), error);
            Assert.Equal(settings, changed);
        }
    }

    [Fact]
    public void Keys_AreDescribedOnce()
    {
        Assert.Equal(SettingKeys.All.Length, SettingKeys.All.Select(k => k.Name).Distinct(StringComparer.Ordinal).Count());
        Assert.All(SettingKeys.All, k => Assert.EndsWith(".", k.Description, StringComparison.Ordinal));
    }

    [Fact]
    public void Load_MergesUserAndProject()
    {
        using var folder = new TemporaryFolder();
        var user = folder.Write("user.yaml", "color: never\nrun:\n  max_parallel: 2\n  stop_grace: 500ms\n");
        var project = folder.Write("project.yaml", """{ "run": { "max_parallel": 3, "keep_going": true }, "history": { "keep_days": 30 } }""");
        var bag = new DiagnosticBag();
        var loaded = SettingsLoader.LoadWithOrigins(user, project, bag);
        Assert.Empty(bag.ToSorted());
        Assert.Equal(
            Settings.Default with { Color = ColorMode.Never, MaxParallel = 3, StopGrace = TimeSpan.FromMilliseconds(500), KeepGoing = true, KeepDays = 30 },
            loaded.Settings);
        Assert.Equal(SettingLevel.User, loaded.Values.Single(v => v.Key.Name == "run.stop_grace").Level);
        Assert.Equal(SettingLevel.Project, loaded.Values.Single(v => v.Key.Name == "run.max_parallel").Level);
        Assert.Equal(SettingLevel.Default, loaded.Values.Single(v => v.Key.Name == "run.view").Level);
    }

    [Theory]
    [InlineData("run:\n  max_paralel: 1\n", "CAIRN0501", 2, "did you mean `run.max_parallel`?")]
    [InlineData("tail_lines: 1\n", "CAIRN0501", 1, "did you mean `run.tail_lines`?")]
    [InlineData("rnu: {}\n", "CAIRN0501", 1, "did you mean `run`?")]
    [InlineData("run:\n  view: lvie\n", "CAIRN0502", 2, "did you mean `live`?")]
    [InlineData("run: 4\n", "CAIRN0502", 1, null)]
    [InlineData("run:\n  view: [live]\n", "CAIRN0502", 2, null)]
    [InlineData("run:\n  stop_grace: 10 s\n", "CAIRN0502", 2, null)]
    [InlineData("run:\n  stop_grace: 61m\n", "CAIRN0502", 2, null)]
    [InlineData("process:\n  path: bin:/usr/bin\n", "CAIRN0502", 2, null)]
    [InlineData("color: never\n", "CAIRN0503", 1, "take it out here and set it with `cairn config set --user color never`")]
    [InlineData("- run\n", "CAIRN0505", 1, null)]
    public void Load_OfAProjectFile_SaysWhatIsWrongAndWhere(string text, string code, int line, string? help)
    {
        using var folder = new TemporaryFolder();
        var bag = new DiagnosticBag();
        SettingsLoader.Load(null, folder.Write("config.yaml", text), bag);
        var diagnostic = Assert.Single(bag.ToSorted());
        Assert.Equal((code, line), (diagnostic.Code, diagnostic.Span.Line));
        if (help is not null)
        {
            Assert.Equal(help, diagnostic.Suggestion);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n# nothing yet\n")]
    [InlineData("run:\n")]
    public void Load_OfAnEmptyFile_IsTheDefaults(string text)
    {
        using var folder = new TemporaryFolder();
        var bag = new DiagnosticBag();
        Assert.Equal(Settings.Default, SettingsLoader.Load(null, folder.Write("config.yaml", text), bag));
        Assert.Empty(bag.ToSorted());
    }

    [Theory]
    [InlineData("", "run.view", "live", "run:\n  view: live\n")]
    [InlineData("", "color", "never", "color: never\n")]
    [InlineData("# mine\n", "run.view", "live", "# mine\nrun:\n  view: live\n")]
    [InlineData("run:\n    view: auto   # quietly\n", "run.view", "live", "run:\n    view: live   # quietly\n")]
    [InlineData("run:\n    view: auto # a\n# b\ncolor: never\n", "run.tail_lines", "7", "run:\n    view: auto # a\n    tail_lines: 7\n# b\ncolor: never\n")]
    [InlineData("color: never", "run.view", "live", "color: never\nrun:\n  view: live\n")]
    [InlineData("run:\ncolor: never\n", "run.view", "live", "run:\n  view: live\ncolor: never\n")]
    [InlineData("run:\n  view:\n  tail_lines: 3\n", "run.view", "live", "run:\n  view: live\n  tail_lines: 3\n")]
    [InlineData("run: { view: auto } # x\n", "run.view", "live", "run: { view: live } # x\n")]
    [InlineData("run: {}\n", "run.view", "live", "run: { view: live }\n")]
    [InlineData("run: { view: auto }\n", "run.tail_lines", "3", "run: { tail_lines: 3, view: auto }\n")]
    [InlineData("{ \"color\": \"never\" }\n", "color", "auto", "{ \"color\": auto }\n")]
    [InlineData("run: { view: auto }\n", "process.path", "/a:/b c", "run: { view: auto }\nprocess:\n  path: \"/a:/b c\"\n")]
    [InlineData("run:\n  view: \"auto\"\n", "run.view", "quiet", "run:\n  view: quiet\n")]
    public void Edit_ChangesOneValue_AndNothingElse(string before, string key, string value, string after)
    {
        using var folder = new TemporaryFolder();
        var path = folder["new/folder/config.yaml"];
        if (before.Length > 0)
        {
            folder.Write("new/folder/config.yaml", before);
        }

        var bag = new DiagnosticBag();
        Assert.True(SettingsEditor.Set(path, SettingKeys.Find(key)!, value, bag), string.Join('\n', bag.ToSorted()));
        Assert.Equal(after, File.ReadAllText(path));
    }

    [Fact]
    public void Edit_OfAnyKeyInAnyOrder_ReadsBack()
    {
        // Every key after every other: what was set before stays.
        using var folder = new TemporaryFolder();
        var path = folder["config.yaml"];
        for (var seed = 0; seed < 50; seed++)
        {
            File.Delete(path);
            var random = new Random(seed);
            var keys = SettingKeys.All.OrderBy(_ => random.Next()).ToList();
            foreach (var key in keys)
            {
                Assert.True(SettingsEditor.Set(path, key, Sample(key), new DiagnosticBag()));
            }

            var loaded = SettingsLoader.LoadWithOrigins(path, folder["none.yaml"], new DiagnosticBag());
            Assert.All(loaded.Values, v => Assert.Equal((Sample(v.Key), SettingLevel.User), (v.Text, v.Level)));
        }
    }

    [Fact]
    public void Edit_ThroughALink_KeepsTheLink()
    {
        using var folder = new TemporaryFolder();
        folder.Write("dotfiles/config.yaml", "color: never\n");
        File.CreateSymbolicLink(folder["config.yaml"], folder["dotfiles/config.yaml"]);
        Assert.True(SettingsEditor.Set(folder["config.yaml"], SettingKeys.Find("color")!, "always", new DiagnosticBag()));
        Assert.NotNull(new FileInfo(folder["config.yaml"]).LinkTarget);
        Assert.Equal("color: always\n", folder.Read("dotfiles/config.yaml"));
    }

    private static string Sample(SettingKey key) =>
        key.Choices.Count > 0 ? key.Choices[^1] : key.Name switch
        {
            "run.stop_grace" => "3s",
            "process.path" => "/opt/bin:/bin",
            "cache.directory" or "log_token_file" => "/srv/cairn",
            "cache.quota" or "debug.quota" => "5GiB",
            _ => "5",
        };
}
