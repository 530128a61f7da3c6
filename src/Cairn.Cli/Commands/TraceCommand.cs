using System.CommandLine;

using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine;
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

    private static Task<int> RunAsync(CommandServices services, Project project, string step, string[] parameters, bool write, bool asJson, CancellationToken cancellationToken) => StepCommand.RunAsync(
        services, project, step, parameters,
        async (prepared, warn, cancel) =>
        {
            try
            {
                return Conclude(services, project, prepared, await TraceSession.RunAsync(prepared, new ErrorSink(services), warn, cancel), write, asJson);
            }
            catch (TraceException exception)
            {
                DiagnosticPrinter.Print(services, [exception.Diagnostic], prepared.Sources);
                return ExitCodes.Internal;
            }
        },
        cancellationToken);

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
