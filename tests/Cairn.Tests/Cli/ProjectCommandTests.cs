using System.Text.Json;

using Cairn.Cli;
using Cairn.Core;
using Cairn.Core.Scheduling;
using Cairn.Engine.Projects;

namespace Cairn.Tests.Cli;

public sealed class ProjectCommandTests
{
    [Fact]
    public async Task Init_WritesAPipeline_ThatValidates_AndNeverReplacesOne()
    {
        using var cli = new CommandTester();
        cli.Write("go.mod", "module example.org/a\n");
        cli.Write("a.go", "package a\n");
        var shown = await cli.RunAsync("init", "--dry-run");
        Assert.Equal((0, false), (shown.Exit, cli.Folder.Exists("project/cairn.yaml")));
        var (exit, text, error) = await cli.RunAsync("init");
        Assert.Equal((0, ""), (exit, error));
        Assert.Contains("cairn.yaml: 2 steps", text, StringComparison.Ordinal);
        Assert.Equal(shown.Out, cli.Folder.Read("project/cairn.yaml"));
        Assert.Equal(0, (await cli.RunAsync("validate", "--strict")).Exit);
        cli.Write("cairn.yaml", "mine");
        var again = await cli.RunAsync("init");
        Assert.Equal((ExitCodes.Usage, "mine"), (again.Exit, cli.Folder.Read("project/cairn.yaml")));
        Assert.Contains("CAIRN0751", again.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await cli.RunAsync("init", "--force")).Exit);
        Assert.Equal(shown.Out, cli.Folder.Read("project/cairn.yaml"));
    }

    [Fact]
    public async Task Init_OfNothing_Fails()
    {
        using var cli = new CommandTester();
        var (exit, _, error) = await cli.RunAsync("init");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains("CAIRN0750", error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(cli.Project));
        Assert.Equal(ExitCodes.Usage, (await cli.RunAsync("init", "nowhere")).Exit);
    }

    [Fact]
    public async Task New_MakesAProject_WithItsLicence()
    {
        using var cli = new CommandTester();
        var (exit, text, error) = await cli.RunAsync("new", "shell", "hello", "--license", "mit", "--author", "Ann");
        Assert.Equal((0, ""), (exit, error));
        Assert.Contains("cd hello && cairn run", text, StringComparison.Ordinal);
        Assert.Contains("Copyright (c) 2026 Ann", cli.Folder.Read("project/hello/LICENSE"), StringComparison.Ordinal);
        Assert.True(File.GetUnixFileMode(cli.Folder["project/hello/bin/hello"]).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal(0, (await cli.RunAsync("validate", "--strict", "-C", "hello")).Exit);
        Assert.Contains("CAIRN0751", (await cli.RunAsync("new", "c", "hello")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CAIRN0752", "new", "c", "Hello World")]
    [InlineData("CAIRN0752", "new", "python", "unittest")]
    [InlineData("CAIRN0753", "new", "pyton", "hello")]
    [InlineData("CAIRN0753", "new", "./nowhere", "hello")]
    [InlineData("CAIRN0757", "new", "c", "hello", "--kind", "service")]
    [InlineData("CAIRN0759", "new", "c", "hello", "--param", "a=b")]
    [InlineData("CAIRN0760", "new", "c", "hello", "--license", "mitt")]
    public async Task New_WithAMistake_MakesNothing(string code, params string[] args)
    {
        using var cli = new CommandTester();
        var (exit, _, error) = await cli.RunAsync(args);
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains(code, error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(cli.Project));
    }

    [Theory]
    [InlineData(null, "bookworm")]
    [InlineData("debian", "bookworm")]
    [InlineData("trixie", "trixie")]
    [InlineData("host", null)]
    public async Task New_OnADebian_DeclaresItsPackages(string? asked, string? suite)
    {
        using var cli = Debian();
        var (exit, text, error) = await cli.RunAsync(asked is null ? ["new", "c", "hello", "--no-lock"] : ["new", "c", "hello", "--no-lock", "--toolchain", asked]);
        Assert.Equal((0, ""), (exit, error));
        var pipeline = cli.Folder.Read("project/hello/cairn.yaml");
        Assert.Equal(suite is not null, pipeline.Contains($"{{ debian: {suite}, packages: [gcc, libc6-dev, make] }}", StringComparison.Ordinal));
        Assert.Equal(suite is not null, text.Contains("cd hello && cairn toolchain lock && cairn run", StringComparison.Ordinal));
        Assert.Equal(0, (await cli.RunAsync("validate", "--strict", "-C", "hello")).Exit);
    }

    [Theory]
    [InlineData("stable", "not the name of a suite")]
    [InlineData("sarge", "no source for the suite `sarge`")]
    public async Task New_WithASuiteThatIsNone_MakesNothing(string asked, string problem)
    {
        using var cli = Debian();
        var (exit, _, error) = await cli.RunAsync("new", "c", "hello", "--toolchain", asked);
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains("CAIRN0762", error, StringComparison.Ordinal);
        Assert.Contains(problem, error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(cli.Project));
    }

    [Fact]
    public async Task New_OfATemplateWithoutPackages_TakesTheMachines_UnlessTheyWereAskedFor()
    {
        using var cli = Debian();
        Assert.Contains("CAIRN0762", (await cli.RunAsync("new", "csharp", "hello", "--toolchain", "debian")).Error, StringComparison.Ordinal);
        Assert.Equal(0, (await cli.RunAsync("new", "csharp", "hello")).Exit);
        Assert.False(cli.Folder.Exists("project/hello/cairn.lock"));
    }

    [Fact]
    public async Task Init_OnADebian_DeclaresPackages_AndSaysWhatPinsThem()
    {
        using var cli = Debian();
        cli.Write("go.mod", "module example.org/a\n\ngo 1.19\n");
        cli.Write("a.go", "package a\n");
        var (exit, text, error) = await cli.RunAsync("init", "--no-lock");
        Assert.Equal((0, ""), (exit, error));
        Assert.Contains("cairn toolchain lock && cairn run", text, StringComparison.Ordinal);
        Assert.Contains("go: { debian: bookworm, packages: [ca-certificates, gcc, golang-go, libc6-dev] }", cli.Folder.Read("project/cairn.yaml"), StringComparison.Ordinal);
    }

    private static CommandTester Debian()
    {
        var cli = new CommandTester();
        cli.Folder.Write("etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_CODENAME=bookworm\n");
        cli.Folder.Write("etc/apt/sources.list", "deb http://deb.debian.org/debian bookworm main\ndeb http://deb.debian.org/debian trixie main\ndeb http://deb.debian.org/debian bookworm-updates main\n");
        return cli;
    }

    [Fact]
    public async Task New_TakesTheUsersTemplates_BeforeItsOwn()
    {
        using var cli = new CommandTester();
        cli.Folder.Write("home/.config/cairn/templates/c/template.yaml", "description: Ours\nparameters: { team: { description: Who, pattern: '[a-z]+' } }\n");
        cli.Folder.Write("home/.config/cairn/templates/c/@@name@@.txt", "@@team@@\n");
        Assert.Contains("CAIRN0759", (await cli.RunAsync("new", "c", "hello")).Error, StringComparison.Ordinal);
        Assert.Equal(0, (await cli.RunAsync("new", "c", "hello", "-p", "team=core")).Exit);
        Assert.Equal("core\n", cli.Folder.Read("project/hello/hello.txt"));
        using var json = JsonDocument.Parse((await cli.RunAsync("new", "--list", "--json")).Out);
        Assert.Equal("Ours", json.RootElement.EnumerateArray().Single(t => t.GetProperty("name").GetString() == "c").GetProperty("description").GetString());
    }

    [Fact]
    public async Task New_WithAMistakeInATemplate_ShowsItsPlace()
    {
        using var cli = new CommandTester();
        cli.Write("mine/template.yaml", "description: Mine\n");
        cli.Write("mine/files/a.txt", "first\n@@nme@@\n");
        var (exit, _, error) = await cli.RunAsync("new", "./mine", "hello");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains("mine/files/a.txt:2:1", error, StringComparison.Ordinal);
        Assert.Contains("did you mean `name`?", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Projects_AreListed_Renamed_AndForgotten()
    {
        using var cli = new CommandTester();
        Assert.Contains("No projects yet", (await cli.RunAsync("projects")).Out, StringComparison.Ordinal);
        var known = new KnownProjects(cli.Folder["home/.local/state/cairn"]);
        known.Record(cli.Project, "here", RunId.Create(cli.Now, 1), RunStatus.Succeeded, cli.Now.AddMinutes(-5));
        known.Record("/nowhere/else", "gone", RunId.Create(cli.Now, 2), RunStatus.Failed, cli.Now.AddDays(-2));
        var listed = (await cli.RunAsync("projects")).Out;
        Assert.Matches(@"here +succeeded +5m ago +" + cli.Project, listed);
        Assert.Matches(@"gone +failed +2 days ago +/nowhere/else \(missing\)", listed);
        Assert.Equal(0, (await cli.RunAsync("projects", "rename", "here", "billing")).Exit);
        Assert.Contains("called `billing` already", (await cli.RunAsync("projects", "rename", "gone", "billing")).Error, StringComparison.Ordinal);
        using (var json = JsonDocument.Parse((await cli.RunAsync("projects", "show", "billing", "--json")).Out))
        {
            Assert.Equal(("billing", "here", false), (json.RootElement.GetProperty("name").GetString(), json.RootElement.GetProperty("pipeline").GetString(), json.RootElement.GetProperty("missing").GetBoolean()));
        }

        Assert.Equal("forgot 1 project\n", (await cli.RunAsync("projects", "forget", "--missing")).Out);
        Assert.Equal(cli.Project, Assert.Single(known.List()).Path);
        Assert.Equal(ExitCodes.Usage, (await cli.RunAsync("projects", "forget")).Exit);
        Assert.Equal(0, (await cli.RunAsync("projects", "forget", ".")).Exit);
        Assert.Empty(known.List());
    }

    [Fact]
    public async Task Completion_KnowsTemplatesAndProjects()
    {
        using var cli = new CommandTester();
        new KnownProjects(cli.Folder["home/.local/state/cairn"]).Record(cli.Project, "here", RunId.Create(cli.Now, 1), RunStatus.Succeeded, cli.Now);
        Assert.Contains("python\n", (await cli.RunAsync("__complete", "new", "py")).Out, StringComparison.Ordinal);
        Assert.Contains("bsd-3-clause\n", (await cli.RunAsync("__complete", "new", "c", "x", "--license", "b")).Out, StringComparison.Ordinal);
        Assert.Contains("here\t", (await cli.RunAsync("__complete", "projects", "show", "h")).Out, StringComparison.Ordinal);
        Assert.Contains(":folders", (await cli.RunAsync("__complete", "init", "")).Out, StringComparison.Ordinal);
    }
}
