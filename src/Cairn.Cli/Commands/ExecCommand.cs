using System.CommandLine;

using Cairn.Cli.Terminal;
using Cairn.Engine;
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

    private static async Task<int> RunAsync(CommandServices services, Project project, string step, string[] command, string[] parameters, CancellationToken cancellationToken)
    {
        var arguments = new RunArguments { Directory = project.Directory, File = project.PipelineFile, Only = [step], Parameters = parameters };
        if (RunCommand.TryRequest(services, project, arguments) is not { } request)
        {
            return ExitCodes.Usage;
        }

        var onTerminal = DebugCommand.IsOnTerminal(services);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var signals = DebugCommand.CancelOnSignals(cancel);
        try
        {
            var prepared = await RunEngine.PrepareAsync(request, cancel.Token);
            if (prepared.Plan is null)
            {
                var shown = PipelineInspection.Rebase(prepared.Request.PipelineFile, prepared, Path.GetRelativePath(services.CurrentDirectory, prepared.Request.ProjectDirectory));
                DiagnosticPrinter.Print(services, shown.Diagnostics, shown.Sources);
                return ExitCodes.Usage;
            }

            return await ExecSession.RunAsync(
                prepared,
                command.Length > 0 ? command : DebugCommand.Shell,
                onTerminal ? DebugCommand.TerminalVariables(services, step) : [],
                onTerminal,
                text => services.Error.Write($"warning: {AnsiText.Clean(text)}\n"),
                cancel.Token);
        }
        catch (DebugException exception)
        {
            return DiagnosticPrinter.Usage(services, exception.Message);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return ExitCodes.Cancelled;
        }
        finally
        {
            foreach (var signal in signals)
            {
                signal.Dispose();
            }
        }
    }
}
