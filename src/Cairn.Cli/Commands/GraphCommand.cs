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

            var timings = parse.GetValue(analyze) ? GraphTimings.Of(plan, FindDurations(plan, inspected.ProjectDirectory)) : null;
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

    /// <summary>For each job the median over the newest runs in which it succeeded. Where the cache stood in for it in all of them, what it took when it was executed.</summary>
    private static KnownDurations FindDurations(Plan plan, string project)
    {
        var executed = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        var cached = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        var (results, cachedResults) = (0, 0);
        var history = new RunHistory(project);
        foreach (var run in history.List().Take(RunsLookedAtMax))
        {
            foreach (var runEvent in history.Read(run.Id)?.Events ?? [])
            {
                if (runEvent is StepFinished { Status: JobStatus.Succeeded } finished)
                {
                    results++;
                    cachedResults += finished.IsCached ? 1 : 0;
                    if (!finished.IsCached)
                    {
                        Add(executed, finished.Job, finished.DurationMs);
                    }
                    else if (finished.Cache?.SavedMs is { } saved)
                    {
                        Add(cached, finished.Job, saved);
                    }
                }
            }
        }

        return new KnownDurations(
            [.. plan.Jobs.Select(j => executed.TryGetValue(j.Id.Value, out var list) || cached.TryGetValue(j.Id.Value, out list) ? Median(list) : (TimeSpan?)null)], results, cachedResults);

        static void Add(Dictionary<string, List<double>> samples, string job, double milliseconds)
        {
            if (!samples.TryGetValue(job, out var list))
            {
                samples[job] = list = [];
            }

            list.Add(milliseconds);
        }
    }

    private static TimeSpan Median(List<double> values)
    {
        values.Sort();
        var middle = values.Count / 2;
        return TimeSpan.FromMilliseconds(values.Count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2);
    }
}
