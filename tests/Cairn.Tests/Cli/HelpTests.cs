using System.CommandLine;

using Cairn.Cli.CommandLine;
using Cairn.Tests.Language;

namespace Cairn.Tests.Cli;

public sealed class HelpTests
{
    [Theory]
    [InlineData]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("help")]
    [InlineData("--no-color", "--help")]
    public async Task Root_Help_NamesEveryCommandAndExitCode(params string[] args)
    {
        using var cli = new CommandTester();
        var (exit, text, error) = await cli.RunAsync(args);
        Assert.Equal((0, ""), (exit, error));
        Assert.All(CommandCatalog.All, e => Assert.Contains($"  {e.Name} ", text, StringComparison.Ordinal));
        Assert.All(HelpText.Exits, e => Assert.Contains($"  {e.Code} ", text, StringComparison.Ordinal));
        Assert.All(text.Split('\n'), line => Assert.True(line.Length <= 80, line));
    }

    [Fact]
    public async Task EveryCommand_Help_HasSummaryUsageOptionsAndExamples()
    {
        using var cli = new CommandTester();
        foreach (var entry in CommandCatalog.All)
        {
            var byOption = await cli.RunAsync(entry.Name, "--help");
            var byCommand = await cli.RunAsync("help", entry.Name);
            Assert.Equal((0, ""), (byOption.Exit, byOption.Error));
            Assert.Equal(byCommand, byOption);
            Assert.Contains("\nUsage\n  cairn " + entry.Name, byOption.Out, StringComparison.Ordinal);
            Assert.Contains("\nExamples\n", byOption.Out, StringComparison.Ordinal);
            Assert.InRange(entry.Examples.Length, 2, 4);
            Assert.All(entry.Examples, e => Assert.Contains(e.Line, byOption.Out, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void EveryOption_OfEveryCommand_HasADescription()
    {
        using var cli = new CommandTester();
        var root = CommandRunner.BuildRoot(cli.Services(Stream.Null, TextWriter.Null), only: null);
        Assert.Equal(CommandCatalog.All.Select(e => e.Name), root.Subcommands.Select(c => c.Name));
        foreach (var command in Tree(root))
        {
            Assert.False(string.IsNullOrWhiteSpace(command.Description), command.Name);
            Assert.DoesNotContain(command.Options, o => !o.Hidden && string.IsNullOrWhiteSpace(o.Description));
            Assert.DoesNotContain(command.Arguments, a => !a.Hidden && string.IsNullOrWhiteSpace(a.Description));

            // One spelling of a name means one thing everywhere.
            Assert.DoesNotContain(command.Options, o => o.ValueType != typeof(bool) && o.HelpName is null);
        }

        static IEnumerable<Command> Tree(Command command) => command.Subcommands.SelectMany(Tree).Prepend(command);
    }

    [Fact]
    public void EveryExample_IsACommandLineThatParses()
    {
        using var cli = new CommandTester();
        foreach (var (line, _) in CommandCatalog.All.SelectMany(e => e.Examples))
        {
            var words = line.Split(" > ")[0].Split(' ')[1..];
            var root = CommandRunner.BuildRoot(cli.Services(Stream.Null, TextWriter.Null), CommandCatalog.Find(words[0]));
            Assert.Null(UsageErrors.Find(root.Parse(words), words)?.Message);
        }

        Assert.NotEmpty(CommandCatalog.All);
    }

    [Fact]
    public void Reference_IsWhatTheCommandTreeSays()
    {
        using var cli = new CommandTester();
        Samples.AssertGolden(Path.Combine(Samples.Root, "docs/reference/commands.md"), CommandReference.Render(cli.Services(Stream.Null, TextWriter.Null)));
    }

    [Fact]
    public void Reference_OfTheConfiguration_IsWhatTheTableSays() =>
        Samples.AssertGolden(Path.Combine(Samples.Root, "docs/reference/configuration.md"), SettingsReference.Render());

    [Fact]
    public void Reference_OfExitCodes_HasEachOfThem()
    {
        var page = File.ReadAllText(Path.Combine(Samples.Root, "docs/reference/exit-codes.md"));
        Assert.All(HelpText.Exits, e => Assert.Contains($"| {e.Code} | ", page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Help_OfASubcommand_ShowsItsExamples()
    {
        using var cli = new CommandTester();
        var (exit, text, _) = await cli.RunAsync("help", "config", "set");
        Assert.Equal(0, exit);
        Assert.Contains("cairn config set KEY VALUE [OPTIONS]", text, StringComparison.Ordinal);
        Assert.Contains("cairn config set run.max_parallel 4", text, StringComparison.Ordinal);
        Assert.DoesNotContain("cairn config list", text, StringComparison.Ordinal);
    }
}
