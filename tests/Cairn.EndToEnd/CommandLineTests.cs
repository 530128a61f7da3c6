using Cairn.Testing;

namespace Cairn.EndToEnd;

public sealed class CommandLineTests
{
    [Fact]
    public async Task Version_Prints_One_Line()
    {
        using var project = new TestProject();

        var result = await project.CairnAsync("version");

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.StartsWith("cairn ", result.Output, StringComparison.Ordinal);
        Assert.Single(result.Output.TrimEnd('\n').Split('\n'));
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task UnknownCommand_Exits_2_And_Suggests()
    {
        using var project = new TestProject();

        var result = await project.CairnAsync("rnu");

        Assert.True(result.ExitCode == 2, result.ToString());
        Assert.Contains("run", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatTheSystemRefuses_IsTold_InWords()
    {
        using var project = new TestProject();
        project.Write("a", "a");

        // The messages of the runtime itself, which a program can ship without.
        var missing = await project.CairnAsync("bundle", "show", "missing.cab");
        var nowhere = await project.CairnAsync("bundle", "create", "no/such/folder/x.cab", "a");

        Assert.Equal((2, "error[CAIRN0840]: There is no file `missing.cab`\n"), (missing.ExitCode, missing.Error));
        Assert.Equal(2, nowhere.ExitCode);
        Assert.Contains("path", nowhere.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("IO_", nowhere.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Starts_Steps_Whatever_The_Program_Is_Called()
    {
        using var project = new TestProject("sandbox");
        project.Write("cairn.yaml", "version: 1\nname: renamed\nsteps:\n  greet: { run: echo hello > out, outputs: [out] }\n");
        var program = Path.Combine(project.Folder, "..", "cairn-0.1");
        File.Copy(CairnBinary.Path, program);

        var result = await new Tool(program, "run") { Folder = project.Folder, Environment = project.Environment }.RunAsync(TestContext.Current.CancellationToken);

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal("hello\n", project.Read("out"));
    }

    [Fact]
    public async Task Run_Without_Pipeline_Exits_2()
    {
        using var project = new TestProject();

        var result = await project.CairnAsync("run");

        Assert.True(result.ExitCode == 2, result.ToString());
        Assert.Contains("cairn.yaml", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Shows_The_Run_On_A_Terminal()
    {
        using var project = new TestProject();
        project.Write("cairn.yaml", "version: 1\nname: hello\nsteps:\n  greet: { run: echo hello }\n");
        var cancellationToken = TestContext.Current.CancellationToken;

        await using var terminal = await project.TerminalAsync(100, 30, "run");

        Assert.Equal(0, await terminal.ExitAsync(cancellationToken));
        Assert.Contains("greet", await terminal.HistoryAsync(cancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terminal_Draws_What_A_Program_Writes()
    {
        using var project = new TestProject();
        var cancellationToken = TestContext.Current.CancellationToken;
        var script = new Tool("sh", "-c", "echo ready; read -r line; tput cols; echo \"got $line\"; exit 7") { Folder = project.Folder, Environment = project.Environment };
        await using var terminal = await TestTerminal.StartAsync(Path.Combine(project.Folder, "terminal"), 60, 20, script, cancellationToken);

        await terminal.WaitForAsync("ready", cancellationToken);
        await terminal.TypeAsync("some; text", cancellationToken);
        await terminal.PressAsync(cancellationToken, "Enter");

        Assert.Equal(7, await terminal.ExitAsync(cancellationToken));
        var screen = await terminal.ScreenAsync(cancellationToken);
        Assert.Contains("got some; text", screen, StringComparison.Ordinal);
        Assert.Contains("60\n", screen, StringComparison.Ordinal);
    }
}
