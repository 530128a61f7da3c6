using System.Text.Json;

using Cairn.Cli;

namespace Cairn.Tests.Cli;

public sealed class ValidateTests
{
    private const string Good = """
        version: 1
        steps:
          build: { run: make }
          test:
            run: make check
            needs: [build]
            matrix: { opt: [O0, O2] }
        """;

    private const string Wrong = """
        version: 1
        steps:
          build: { runn: make }
          test: { run: make check, needs: [biuld] }
        """;

    [Fact]
    public async Task AGoodPipeline_IsCounted()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", Good);
        Assert.Equal(new CommandOutcome(0, "cairn.yaml: 2 steps, 3 jobs, no mistakes\n", ""), await cli.RunAsync("validate"));
    }

    [Fact]
    public async Task FromAFolderBelow_TheProjectIsFound_AndPlacesAreRelativeToTheCaller()
    {
        using var cli = new CommandTester();
        cli.Write("part/cairn.yaml", Wrong);
        var (exit, _, error) = await cli.RunAsync("validate", "part");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains("part/cairn.yaml:3:", error, StringComparison.Ordinal);
        Assert.Contains("runn: make", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EveryMistake_IsShown_OfEveryFile()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", Good);
        cli.Write("other/cairn.yaml", Wrong);
        var (exit, text, error) = await cli.RunAsync("validate", "cairn.yaml", "other/cairn.yaml", "gone.yaml");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Equal("cairn.yaml: 2 steps, 3 jobs, no mistakes\n", text);
        Assert.Contains("`runn`", error, StringComparison.Ordinal);
        Assert.Contains("`biuld`", error, StringComparison.Ordinal);
        Assert.Contains("There is no `gone.yaml`", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_IsAListOfDiagnosticsWithPlaces()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", Wrong);
        var (exit, text, error) = await cli.RunAsync("validate", "--json");
        Assert.Equal((ExitCodes.Usage, ""), (exit, error));
        using var json = JsonDocument.Parse(text);
        var first = json.RootElement[0];
        Assert.Equal("error", first.GetProperty("severity").GetString());
        Assert.StartsWith("CAIRN01", first.GetProperty("code").GetString(), StringComparison.Ordinal);
        Assert.Equal("cairn.yaml", first.GetProperty("file").GetString());
        Assert.Equal((3, 3), (first.GetProperty("line").GetInt32(), first.GetProperty("end_line").GetInt32()));
        Assert.True(first.GetProperty("column").GetInt32() < first.GetProperty("end_column").GetInt32());
        Assert.Contains(json.RootElement.EnumerateArray(), d => d.TryGetProperty("suggestion", out var s) && s.GetString()!.Contains("build", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Json_OfAGoodPipeline_IsAnEmptyList()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", Good);
        Assert.Equal(new CommandOutcome(0, "[]\n", ""), await cli.RunAsync("validate", "--json"));
    }

    [Fact]
    public async Task Strict_MakesWarningsFail()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", "version: 1\nparams: { name: world }\nsteps:\n  greet: { run: 'echo ${{ params.name }}' }\n");
        var lenient = await cli.RunAsync("validate");
        var strict = await cli.RunAsync("validate", "--strict");
        Assert.Equal((ExitCodes.Success, ExitCodes.Usage), (lenient.Exit, strict.Exit));
        Assert.Contains("warning", lenient.Error, StringComparison.Ordinal);
        Assert.Contains("1 warning\n", lenient.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("off", 0, "")]
    [InlineData("warn", 0, "warning[CAIRN0160]")]
    [InlineData("error", 2, "error[CAIRN0160]")]
    public async Task LintUntrusted_IsAsConfigured(string level, int exit, string message)
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", "version: 1\nparams: { name: world }\nsteps:\n  greet: { run: 'echo ${{ params.name }}' }\n");
        Assert.Equal(0, (await cli.RunAsync("config", "set", "lint.untrusted", level)).Exit);
        var outcome = await cli.RunAsync("validate");
        Assert.Equal(exit, outcome.Exit);
        Assert.StartsWith(message, outcome.Error, StringComparison.Ordinal);
        Assert.Equal(message.Length == 0, outcome.Error.Length == 0);
    }

    [Fact]
    public async Task AMistakeInTheConfiguration_IsShownToo()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", Good);
        cli.Write(".cairn/config.yaml", "run: { veiw: live }\n");
        var (exit, _, error) = await cli.RunAsync("validate");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains("CAIRN0501", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARequiredParameter_TakesAValueThatFits()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", """
            version: 1
            params:
              level: { type: string, required: true, enum: [low, high] }
              count: { type: number, required: true }
            steps:
              greet: { run: echo, if: "${{ params.level == 'low' && params.count > 0 }}" }
            """);
        Assert.Equal(new CommandOutcome(0, "cairn.yaml: 1 step, 1 job, no mistakes\n", ""), await cli.RunAsync("validate"));
        var (exit, _, error) = await cli.RunAsync("validate", "--param", "level=middle");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains("middle", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutAPipeline_SaysHowToNameOne()
    {
        using var cli = new CommandTester();
        var (exit, text, error) = await cli.RunAsync("validate");
        Assert.Equal((ExitCodes.Usage, ""), (exit, text));
        Assert.Contains("There is no `cairn.yaml`", error, StringComparison.Ordinal);
        Assert.Contains("-C", error, StringComparison.Ordinal);
    }
}
