using System.CommandLine;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Completion;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn completion bash|zsh|fish</c>.</summary>
internal static class CompletionCommand
{
    public static Command Create(CommandServices services)
    {
        var shell = new Argument<string>("shell") { HelpName = "SHELL", Description = "The shell" };
        OptionValues.Restrict(shell, "bash", "zsh", "fish");
        var command = new Command("completion", "Print a script that completes cairn's commands in a shell") { shell };
        command.SetAction(parse =>
        {
            services.Out.Write(parse.GetValue(shell) switch
            {
                "bash" => CompletionScripts.Bash,
                "zsh" => CompletionScripts.Zsh,
                _ => CompletionScripts.Fish,
            });
            return ExitCodes.Success;
        });
        return command;
    }
}
