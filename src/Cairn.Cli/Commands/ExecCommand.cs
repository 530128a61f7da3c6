using System.CommandLine;

using Cairn.Engine.Debugging;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn exec</c>.</summary>
internal static class ExecCommand
{
    public static Command Create(CommandServices services)
    {
        var step = new Argument<string>("STEP") { Description = "A step, or a job such as test[opt=O2]" };
        var command = new Argument<string[]>("CMD") { Arity = ArgumentArity.ZeroOrMore, Description = "The program and its arguments, after --; a shell without" };
        var parameters = new Option<string[]>("--param", "-p") { Description = "Set a parameter of the pipeline; may be repeated", HelpName = "NAME=VALUE", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
        var project = new ProjectOptions();
        var exec = new Command("exec", "Run a program in the fresh sandbox of a step") { step, command, project.Directory, project.File, parameters };
        exec.SetAction(async (parsed, cancellationToken) => project.Resolve(services, parsed) is { } resolved
            ? await RunAsync(services, resolved, parsed.GetValue(step)!, parsed.GetValue(command) ?? [], parsed.GetValue(parameters) ?? [], cancellationToken)
            : ExitCodes.Usage);
        return exec;
    }

    private static Task<int> RunAsync(CommandServices services, Project project, string step, string[] command, string[] parameters, CancellationToken cancellationToken)
    {
        var onTerminal = DebugCommand.IsOnTerminal(services);
        return StepCommand.RunAsync(
            services, project, step, parameters,
            (prepared, warn, cancel) => ExecSession.RunAsync(
                prepared, command.Length > 0 ? command : DebugCommand.Shell, onTerminal ? DebugCommand.TerminalVariables(services, step) : [], onTerminal, warn, cancel),
            cancellationToken);
    }
}
