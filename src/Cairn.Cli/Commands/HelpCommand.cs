using System.CommandLine;

using Cairn.Cli.CommandLine;
using Cairn.Core.Diagnostics;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn help [COMMAND…]</c>.</summary>
internal static class HelpCommand
{
    public static Command Create(CommandServices services)
    {
        var words = new Argument<string[]>("command") { HelpName = "COMMAND", Description = "The command, and its subcommand", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("help", "Show help on a command") { words };
        command.SetAction(parse => Show(parse.GetValue(words) ?? [], services));
        return command;
    }

    private static int Show(string[] words, CommandServices services)
    {
        if (words.Length == 0)
        {
            services.Out.Write(HelpText.Root(services));
            return ExitCodes.Success;
        }

        if (CommandCatalog.Find(words[0]) is not { } entry)
        {
            return UsageErrors.ReportUnknownWord(services, words[0]);
        }

        var at = CommandRunner.BuildRoot(services, entry).Subcommands[0];
        foreach (var word in words.AsSpan(1))
        {
            if (at.Subcommands.FirstOrDefault(c => c.Name == word) is not { } child)
            {
                var nearest = Suggestions.Nearest(word, at.Subcommands.Select(c => c.Name));
                return UsageErrors.Report(services, $"`{UsageErrors.PathOf(at)}` has no subcommand `{word}`", nearest is null ? null : $"did you mean `{nearest}`?", at);
            }

            at = child;
        }

        services.Out.Write(HelpText.Of(at, entry, services));
        return ExitCodes.Success;
    }
}
