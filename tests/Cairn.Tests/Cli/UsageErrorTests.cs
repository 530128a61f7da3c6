using Cairn.Cli;
using Cairn.Cli.CommandLine;
using Cairn.Cli.Terminal;

namespace Cairn.Tests.Cli;

public sealed class UsageErrorTests
{
    [Theory]
    [InlineData("vaildate", "`vaildate` is not a command of cairn", "did you mean `validate`?")]
    [InlineData("comp", "`comp` is not a command of cairn", "did you mean `completion`?")]
    [InlineData("--versoin", "`cairn` has no option `--versoin`", "did you mean `--version`?")]
    [InlineData("graph --analyse", "`cairn graph` has no option `--analyse`", "did you mean `--analyze`?")]
    [InlineData("validate --jsn", "`cairn validate` has no option `--jsn`", "did you mean `--json`?")]
    [InlineData("graph --format svgx", "`--format` takes text, mermaid, dot, svg or json, not `svgx`", "did you mean `svg`?")]
    [InlineData("graph --format", "`--format` needs a value", "it takes")]
    [InlineData("graph a b", "`cairn graph` does not take `b`", "usage: cairn graph [FILE] [OPTIONS]")]
    [InlineData("graph --color=sometimes", "`--color` takes auto, always or never, not `sometimes`", null)]
    [InlineData("version extra", "`cairn version` does not take `extra`", null)]
    [InlineData("config", "`cairn config` needs a subcommand", "it has get, set, list or path")]
    [InlineData("config gte run.view", "`cairn config` has no subcommand `gte`", "did you mean `get`?")]
    [InlineData("config get", "`cairn config get` needs KEY", "usage: cairn config get KEY [OPTIONS]")]
    [InlineData("config get run.veiw", "There is no setting `run.veiw`", "did you mean `run.view`?")]
    [InlineData("config get max_parallel", "There is no setting `max_parallel`", "did you mean `run.max_parallel`?")]
    [InlineData("config set run.view lively", "`run.view` takes auto, live, plain or quiet, not `lively`", "did you mean `live`?")]
    [InlineData("config set run.max_parallel 0", "`run.max_parallel` takes a whole number from 1 to 1024, not `0`", null)]
    [InlineData("config set color never", "`color` is a matter of the user, not of a project", "cairn config set --user color never")]
    [InlineData("run --max-parallel many", "`--max-parallel` takes a whole number, not `many`", null)]
    [InlineData("completion tcsh", "takes bash, zsh or fish, not `tcsh`", null)]
    [InlineData("help grpah", "`grpah` is not a command of cairn", "did you mean `graph`?")]
    [InlineData("help config ste", "`cairn config` has no subcommand `ste`", "did you mean `set`?")]
    [InlineData("graph --param novalue", "`--param` takes NAME=VALUE, not `novalue`", null)]
    [InlineData("graph -C nowhere", "There is no folder `nowhere`", null)]
    [InlineData("-C nowhere graph", "There is no folder `nowhere`", null)]
    public async Task WrongUsage_ExitsWith2_SaysWhatAndHowItIsRight(string line, string message, string? help)
    {
        using var cli = new CommandTester();
        var (exit, text, error) = await cli.RunAsync(line.Split(' '));
        Assert.Equal((ExitCodes.Usage, ""), (exit, text));
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
        Assert.Contains(message, error, StringComparison.Ordinal);
        if (help is not null)
        {
            Assert.Contains($"\nhelp: {help}", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AWordAfterTwoDashes_IsNoOption()
    {
        using var cli = new CommandTester();
        var (exit, _, error) = await cli.RunAsync("validate", "--", "--json");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains("There is no `--json`", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnUnexpectedException_ExitsWith3_AndKeepsItsTraceForDebugging()
    {
        using var quiet = new CommandTester();
        using var loud = new CommandTester(("CAIRN_DEBUG", "1"));
        var plain = await BrokenAsync(quiet, new InvalidOperationException("Stones fell"));
        var traced = await BrokenAsync(loud, new InvalidOperationException("Stones fell"));
        Assert.Equal((ExitCodes.Internal, ExitCodes.Internal), (plain.Exit, traced.Exit));
        Assert.StartsWith("internal error: InvalidOperationException: Stones fell\n", plain.Error, StringComparison.Ordinal);
        Assert.Contains("CAIRN_DEBUG=1", plain.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", plain.Error, StringComparison.Ordinal);
        Assert.Contains("   at ", traced.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AClosedOutput_IsSilent()
    {
        using var cli = new CommandTester();
        var (exit, _, error) = await BrokenAsync(cli, new BrokenPipeException());
        Assert.Equal((ExitCodes.Success, ""), (exit, error));
    }

    [Fact]
    public async Task AFullDisk_IsNoMistakeOfCairn()
    {
        using var cli = new CommandTester();
        var (exit, _, error) = await BrokenAsync(cli, new OutputFailedException("Writing to standard output failed: No space left on device"));
        Assert.Equal((ExitCodes.Internal, "error: Writing to standard output failed: No space left on device\n"), (exit, error));
    }

    private static async Task<CommandOutcome> BrokenAsync(CommandTester cli, Exception exception)
    {
        using var output = new FailingStream(exception);
        using var error = new StringWriter();
        var exit = await CommandRunner.RunAsync(["schema"], cli.Services(output, error));
        return new CommandOutcome(exit, "", error.ToString());
    }

    private sealed class FailingStream(Exception exception) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw exception;

        public override void Write(byte[] buffer, int offset, int count) => throw exception;
    }
}
