using System.Collections.Immutable;
using System.CommandLine;
using System.Text;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Graph;
using Cairn.Cli.Terminal;
using Cairn.Core.Events;
using Cairn.Core.Planning;
using Cairn.Core.Scheduling;
using Cairn.Engine;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn graph</c>.</summary>
internal static class GraphCommand
{
    private const int RunsLookedAtMax = 10;

    public static Command Create(CommandServices services)
    {
        var project = new ProjectOptions();
        var file = new Argument<string?>("file") { HelpName = "FILE", Description = "The pipeline file, or a folder that has one; without it the project's", Arity = ArgumentArity.ZeroOrOne };
        var format = new Option<string>("--format") { HelpName = "FORMAT", Description = "How to draw: text, mermaid, dot, svg or json", DefaultValueFactory = _ => "text" };
        OptionValues.Restrict(format, "text", "mermaid", "dot", "svg", "json");
        var jobs = new Option<bool>("--jobs") { Description = "One node for each job and not for each step" };
        var analyze = new Option<bool>("--analyze") { Description = "Critical path, layers, bottlenecks and speed-up by the durations of earlier runs" };
        var output = OutputFile.CreateOption();
        var parameters = PipelineInspection.CreateParameterOption();
        var command = new Command("graph", "Draw the steps and what they need") { file, project.Directory, project.File, format, jobs, analyze, output, parameters };
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

            var inspected = await PipelineInspection.InspectAsync(parse.GetValue(file) ?? parse.GetValue(project.File), resolved, values, services);
            if (inspected.Plan is not { } plan)
            {
                DiagnosticPrinter.Print(services, inspected.Diagnostics, inspected.Sources);
                return ExitCodes.Usage;
            }

            var timings = parse.GetValue(analyze) ? GraphTimings.Of(plan, KnownDurations(plan, inspected.ProjectDirectory)) : null;
            var graph = PipelineGraph.Of(plan, parse.GetValue(jobs), timings);
            var path = parse.GetValue(output);
            return OutputFile.Write(services, path, Draw(parse.GetValue(format)!, graph, plan, timings, services.Terminal, toFile: path is not (null or "-")));
        });
        return command;
    }

    private static byte[] Draw(string format, PipelineGraph graph, Plan plan, GraphTimings? timings, TerminalInfo terminal, bool toFile)
    {
        if (format == "json")
        {
            return GraphFormats.Json(graph, plan, timings);
        }

        var color = !toFile && terminal.OutColor != ColorLevel.None;
        var unicode = toFile || terminal.IsUnicode;
        return Encoding.UTF8.GetBytes(format switch
        {
            "mermaid" => GraphFormats.Mermaid(graph),
            "dot" => GraphFormats.Dot(graph),
            "svg" => SvgGraph.Render(graph, timings),
            _ => TextGraph.Render(graph, color, unicode) + (timings is null ? "" : TextGraph.Analysis(graph, plan, timings, color, unicode)),
        });
    }

    /// <summary>For each job the median over the newest runs in which it succeeded.</summary>
    private static ImmutableArray<TimeSpan?> KnownDurations(Plan plan, string project)
    {
        var samples = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        var history = new RunHistory(project);
        foreach (var run in history.List().Take(RunsLookedAtMax))
        {
            foreach (var runEvent in history.Read(run.Id)?.Events ?? [])
            {
                if (runEvent is StepFinished { Status: JobStatus.Succeeded } finished)
                {
                    if (!samples.TryGetValue(finished.Job, out var list))
                    {
                        samples[finished.Job] = list = [];
                    }

                    list.Add(finished.DurationMs);
                }
            }
        }

        return [.. plan.Jobs.Select(j => samples.TryGetValue(j.Id.Value, out var list) ? Median(list) : (TimeSpan?)null)];
    }

    private static TimeSpan Median(List<double> values)
    {
        values.Sort();
        var middle = values.Count / 2;
        return TimeSpan.FromMilliseconds(values.Count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2);
    }
}
