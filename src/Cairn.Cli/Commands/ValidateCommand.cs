using System.CommandLine;
using System.Text;
using System.Text.Json;

using Cairn.Cli.Graph;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn validate [FILE…]</c>.</summary>
internal static class ValidateCommand
{
    public static Command Create(CommandServices services)
    {
        var project = new ProjectOptions();
        var files = new Argument<string[]>("file") { HelpName = "FILE", Description = "Pipeline files, or folders that have one; without any the project's", Arity = ArgumentArity.ZeroOrMore };
        var json = new Option<bool>("--json") { Description = "Print the mistakes as a JSON list, and nothing else" };
        var strict = new Option<bool>("--strict") { Description = "Fail on warnings too" };
        var parameters = PipelineInspection.CreateParameterOption();
        var command = new Command("validate", "Check pipelines and show every mistake") { files, project.Directory, json, strict, parameters };
        command.SetAction(async (parse, _) =>
        {
            if (PipelineInspection.Parameters(parse.GetValue(parameters), command, services) is not { } values)
            {
                return ExitCodes.Usage;
            }

            if (project.Resolve(services, parse, withFile: false) is not { } resolved)
            {
                return ExitCodes.Usage;
            }

            var inspected = new List<InspectedPipeline>();
            foreach (var file in parse.GetValue(files) is { Length: > 0 } given ? given : [null!])
            {
                inspected.Add(await PipelineInspection.InspectAsync(file, resolved, values, services));
            }

            return parse.GetValue(json) ? ShowJson(inspected, parse.GetValue(strict), services) : Show(inspected, parse.GetValue(strict), services);
        });
        return command;
    }

    private static int Show(List<InspectedPipeline> pipelines, bool strict, CommandServices services)
    {
        var text = new StringBuilder();
        foreach (var pipeline in pipelines)
        {
            DiagnosticPrinter.Print(services, pipeline.Diagnostics, pipeline.Sources);
            if (pipeline.Plan is { } plan)
            {
                var steps = plan.Jobs.Select(j => j.Step.Name.Value).Distinct(StringComparer.Ordinal).Count();
                var verdict = pipeline.Diagnostics.IsEmpty ? "no mistakes" : SvgGraph.Count(pipeline.Diagnostics.Length, "warning");
                text.Append($"{pipeline.File}: {SvgGraph.Count(steps, "step")}, {SvgGraph.Count(plan.Jobs.Length, "job")}, {verdict}\n");
            }
        }

        services.Out.Write(text);
        return ExitCode(pipelines, strict);
    }

    private static int ShowJson(List<InspectedPipeline> pipelines, bool strict, CommandServices services)
    {
        JsonOutput.Write(services, json =>
        {
            json.WriteStartArray();
            foreach (var diagnostic in pipelines.SelectMany(p => p.Diagnostics))
            {
                WriteDiagnostic(json, diagnostic);
            }

            json.WriteEndArray();
        });
        return ExitCode(pipelines, strict);
    }

    /// <summary>The JSON form of a diagnostic; <c>docs/reference/json.md</c> documents it.</summary>
    private static void WriteDiagnostic(Utf8JsonWriter json, Diagnostic diagnostic)
    {
        json.WriteStartObject();
        json.WriteString("code", diagnostic.Code);
        json.WriteString("severity", diagnostic.Severity == DiagnosticSeverity.Error ? "error" : "warning");
        json.WriteString("message", diagnostic.Message);
        WriteSpan(json, diagnostic.Span);
        if (diagnostic.Suggestion is { } suggestion)
        {
            json.WriteString("suggestion", suggestion);
        }

        if (!diagnostic.Notes.IsEmpty)
        {
            json.WriteStartArray("notes");
            foreach (var note in diagnostic.Notes)
            {
                json.WriteStartObject();
                json.WriteString("message", note.Message);
                WriteSpan(json, note.Span);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteSpan(Utf8JsonWriter json, SourceSpan span)
    {
        if (span.HasPlace)
        {
            json.WriteString("file", span.File);
            json.WriteNumber("line", span.Line);
            json.WriteNumber("column", span.Column);
            json.WriteNumber("end_line", span.EndLine);
            json.WriteNumber("end_column", span.EndColumn);
        }
    }

    private static int ExitCode(List<InspectedPipeline> pipelines, bool strict) =>
        pipelines.Exists(p => p.Plan is null || (strict && !p.Diagnostics.IsEmpty)) ? ExitCodes.Usage : ExitCodes.Success;
}
