using Cairn.Cli.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Engine;
using Cairn.Engine.Debugging;

namespace Cairn.Cli.Commands;

/// <summary>What <c>cairn exec</c> and <c>cairn trace</c> have in common: one step, made ready outside of any run, and signals that end what is done with it.</summary>
internal static class StepCommand
{
    /// <summary>Does something with a step; its exit code, or that of a mistake.</summary>
    /// <param name="services">The terminal.</param>
    /// <param name="project">The project.</param>
    /// <param name="step">The step, or a job.</param>
    /// <param name="parameters">Parameters of the pipeline.</param>
    /// <param name="act">What to do; it is given what a person should be told by, too.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<int> RunAsync(
        CommandServices services, Project project, string step, string[] parameters, Func<PreparedRun, Action<string>, CancellationToken, Task<int>> act, CancellationToken cancellationToken)
    {
        var arguments = new RunArguments { Directory = project.Directory, File = project.PipelineFile, Only = [step], Parameters = parameters };
        if (RunCommand.TryRequest(services, project, arguments) is not { } request)
        {
            return ExitCodes.Usage;
        }

        using var interruption = new Interruption(cancellationToken);
        try
        {
            var prepared = await RunEngine.PrepareAsync(request, interruption.Token);
            if (prepared.Plan is null)
            {
                var shown = PipelineInspection.Rebase(prepared.Request.PipelineFile, prepared, Path.GetRelativePath(services.CurrentDirectory, prepared.Request.ProjectDirectory));
                DiagnosticPrinter.Print(services, shown.Diagnostics, shown.Sources);
                return ExitCodes.Usage;
            }

            return await act(prepared, text => services.Error.Write($"warning: {AnsiText.Clean(text)}\n"), interruption.Token);
        }
        catch (DebugException exception)
        {
            return DiagnosticPrinter.Usage(services, exception.Message);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return ExitCodes.Cancelled;
        }
    }
}
