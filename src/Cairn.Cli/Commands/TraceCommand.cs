using System.CommandLine;

using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine;
using Cairn.Engine.Debugging;
using Cairn.Engine.Tracing;
using Cairn.Execution;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn trace</c>.</summary>
internal static class TraceCommand
{
    public static Command Create(CommandServices services)
    {
        var step = new Argument<string>("STEP") { Description = "A step, or a job such as test[opt=O2]" };
        var write = new Option<bool>("--write", "-w") { Description = "Write the proposal into the pipeline; all but these lists stays as it is" };
        var parameters = new Option<string[]>("--param", "-p") { Description = "Set a parameter of the pipeline; may be repeated", HelpName = "NAME=VALUE", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var project = new ProjectOptions();
        var trace = new Command("trace", "Run a step, observe which files it uses, and propose its inputs and outputs") { step, write, project.Directory, project.File, parameters, json };
        trace.SetAction(async (parsed, cancellationToken) => project.Resolve(services, parsed) is { } resolved
            ? await RunAsync(services, resolved, parsed.GetValue(step)!, parsed.GetValue(parameters) ?? [], parsed.GetValue(write), parsed.GetValue(json), cancellationToken)
            : ExitCodes.Usage);
        return trace;
    }

    private static async Task<int> RunAsync(CommandServices services, Project project, string step, string[] parameters, bool write, bool asJson, CancellationToken cancellationToken)
    {
        var arguments = new RunArguments { Directory = project.Directory, File = project.PipelineFile, Only = [step], Parameters = parameters };
        if (RunCommand.TryRequest(services, project, arguments) is not { } request)
        {
            return ExitCodes.Usage;
        }

        var prepared = await RunEngine.PrepareAsync(request, cancellationToken);
        if (prepared.Plan is null)
        {
            var shown = PipelineInspection.Rebase(prepared.Request.PipelineFile, prepared, Path.GetRelativePath(services.CurrentDirectory, prepared.Request.ProjectDirectory));
            DiagnosticPrinter.Print(services, shown.Diagnostics, shown.Sources);
            return ExitCodes.Usage;
        }

        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var signals = DebugCommand.CancelOnSignals(cancel);
        try
        {
            var result = await TraceSession.RunAsync(prepared, new ErrorSink(services), text => services.Error.Write($"warning: {AnsiText.Clean(text)}\n"), cancel.Token);
            return Conclude(services, project, prepared, result, write, asJson);
        }
        catch (DebugException exception)
        {
            return DiagnosticPrinter.Usage(services, exception.Message);
        }
        catch (TraceException exception)
        {
            DiagnosticPrinter.Print(services, [exception.Diagnostic], prepared.Sources);
            return ExitCodes.Internal;
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

    private static int Conclude(CommandServices services, Project project, PreparedRun prepared, TraceResult result, bool write, bool asJson)
    {
        string? written = null;
        Diagnostic? problem = null;
        if (result.Failure is not null)
        {
            problem = new Diagnostic(
                DiagnosticCodes.TracedStepFailed, write ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
                write ? $"The proposal for `{result.Job.Id}` was not written: the step failed ({result.Failure}), and may have used more had it not" : $"`{result.Job.Id}` failed ({result.Failure}): had it not, it may have used more than what is proposed",
                SourceSpan.None, "trace it again when it succeeds");
        }
        else if (write && result.Proposal.IsChanged)
        {
            (written, problem) = PipelineEditor.Write(prepared, result.Job, result.Proposal);
        }

        var text = new ByteText();
        if (asJson)
        {
            text.Append(JsonOutput.ToBytes(json => TraceText.WriteJson(json, result, written)));
        }
        else
        {
            TraceText.Append(text, result, written, write ? null : $"cairn trace {ShellText.Quote(result.Job.Id.Value)} --write{project.RunSuffix}", Style.OfOutput(services.Terminal));
        }

        _ = WhyCommand.Write(services, text);
        if (problem is not null)
        {
            DiagnosticPrinter.Print(services, [problem], prepared.Sources);
        }

        return result.Failure is not null ? ExitCodes.StepFailed : problem is not null ? ExitCodes.Usage : ExitCodes.Success;
    }

    // Standard output is for what was found.
    private sealed class ErrorSink(CommandServices services) : IOutputSink
    {
        private readonly System.Text.Decoder[] _decoders = [System.Text.Encoding.UTF8.GetDecoder(), System.Text.Encoding.UTF8.GetDecoder()];

        public void OnOutput(OutputStream stream, ReadOnlySpan<byte> redactedBytes)
        {
            var chars = new char[redactedBytes.Length + 1];
            var count = _decoders[(int)stream].GetChars(redactedBytes, chars, flush: false);
            services.Error.Write(chars, 0, count);
        }
    }
}
