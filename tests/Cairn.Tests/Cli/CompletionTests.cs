using System.Collections.Immutable;

using Cairn.Cli.CommandLine;
using Cairn.Testing;

namespace Cairn.Tests.Cli;

public sealed class CompletionTests
{
    private const string Pipeline = """
        version: 1
        params: { prefix: /usr, level: { type: string, default: low, description: How much } }
        steps:
          build: { run: make, description: Compile it all }
          bundle: { run: make bundle }
          test: { run: make check }
        """;

    [Theory]
    [InlineData("va", "validate")]
    [InlineData("graph --an", "--analyze")]
    [InlineData("graph --format m", "mermaid")]
    [InlineData("graph --format=m", "--format=mermaid")]
    [InlineData("graph --format = m", "mermaid")]
    [InlineData("graph --format =", "text mermaid dot svg json")]
    [InlineData("run --only b", "build bundle")]
    [InlineData("run --until te", "test")]
    [InlineData("run --param ", "prefix= level=")]
    [InlineData("-C . run --only tes", "test")]
    [InlineData("config ", "get set list path")]
    [InlineData("config get run.v", "run.view")]
    [InlineData("config set run.view ", "auto live plain quiet")]
    [InlineData("config set --user color a", "auto always")]
    [InlineData("completion ", "bash zsh fish")]
    [InlineData("help gr", "graph")]
    [InlineData("validate ", ":files")]
    [InlineData("run -C ", ":folders")]
    [InlineData("graph --color ", "auto always never")]
    [InlineData("nothing ", "")]
    [InlineData("version -- --j", "")]
    public async Task Complete_Offers(string line, string expected)
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", Pipeline);
        var (exit, text, error) = await cli.RunAsync(["__complete", .. line.Split(' ')]);
        Assert.Equal((0, ""), (exit, error));
        Assert.Equal(
            expected.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('\t')[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Complete_OffersEveryCommand_WithItsSummary()
    {
        using var cli = new CommandTester();
        var (_, text, _) = await cli.RunAsync("__complete", "");
        Assert.Equal(CommandCatalog.All.Select(e => $"{e.Name}\t{e.Summary}"), text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Complete_WithABrokenPipeline_IsSilent()
    {
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", "steps: [");
        Assert.Equal(new CommandOutcome(0, "", ""), await cli.RunAsync("__complete", "run", "--only", ""));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task Scripts_Complete_InTheRealShell(string shell)
    {
        Assert.SkipUnless(Tools.Has(shell), $"{shell} is not installed: apt-get install {shell}");
        using var cli = new CommandTester();
        cli.Write("cairn.yaml", Pipeline);
        cli.Folder.Write("bin/cairn", $"#!/bin/sh\nexec '{Path.Combine(AppContext.BaseDirectory, "cairn")}' \"$@\"\n");
        File.SetUnixFileMode(cli.Folder["bin/cairn"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var script = cli.Folder.Write("completion", (await cli.RunAsync("completion", shell)).Out);
        Assert.Equal(["bundle", "build"], await CompleteAsync(cli, shell, script, "cairn run --only b"), Unordered);
        Assert.Equal(["validate"], await CompleteAsync(cli, shell, script, "cairn val"), Unordered);
    }

    private static readonly IEqualityComparer<IEnumerable<string>> Unordered = EqualityComparer<IEnumerable<string>>.Create((a, b) => a!.ToHashSet(StringComparer.Ordinal).SetEquals(b!), a => a.Count());

    private static async Task<string[]> CompleteAsync(CommandTester cli, string shell, string script, string line)
    {
        var environment = ImmutableDictionary<string, string>.Empty
            .Add("PATH", cli.Folder["bin"] + ":" + Environment.GetEnvironmentVariable("PATH"))
            .Add("HOME", cli.Folder["home"])
            .Add("DOTNET_ROOT", Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "")
            .Add("LANG", "C.UTF-8")
            .Add("TERM", "dumb");
        var tool = shell switch
        {
            "bash" => new Tool("bash", "--norc", "--noprofile", "-c",
                $"source {script}; COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; _cairn; printf '%s\\n' \"${{COMPREPLY[@]}}\""),
            // zsh completes only in its line editor: a stand-in for compadd prints what would be offered.
            "zsh" => new Tool("zsh", "-f", "-c",
                $"compdef() {{ :; }}; source {script}; compadd() {{ print -l -- $values; }}; words=({line}); CURRENT=$#words; _cairn | grep \"^${{words[-1]}}\""),
            _ => new Tool("fish", "--no-config", "-c", $"source {script}; complete -C '{line}' | string split -f1 \\t"),
        };
        var result = await (tool with { Folder = cli.Project, Environment = environment }).RunAsync(TestContext.Current.CancellationToken);
        Assert.True(result.ExitCode == 0, result.ToString());
        return result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static class Tools
    {
        public static bool Has(string program) =>
            (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(f => File.Exists(Path.Combine(f, program)));
    }
}
