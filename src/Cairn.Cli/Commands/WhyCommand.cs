using System.Collections.Immutable;
using System.CommandLine;

using Cairn.Cli.Terminal;
using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Engine;
using Cairn.Engine.Explain;
using Cairn.Store.Actions;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn why</c>.</summary>
internal static class WhyCommand
{
    public static Command Create(CommandServices services)
    {
        var step = new Argument<string?>("STEP") { Arity = ArgumentArity.ZeroOrOne, Description = "A step, or a job such as test[opt=O2]; a table of all jobs without" };
        var run = new Option<string>("--run", "-r") { Description = "An id, a unique part of one, last, or last~2", HelpName = "RUN", DefaultValueFactory = _ => "last" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var project = new ProjectOptions();
        var command = new Command("why", "Explain what the cache had to do with a step") { step, run, project.Directory, json };
        command.SetAction(async (parsed, _) => project.Resolve(services, parsed, withFile: false) is { } resolved
            ? await ExplainAsync(services, resolved, parsed.GetValue(step), parsed.GetValue(run)!, parsed.GetValue(json))
            : ExitCodes.Usage);
        return command;
    }

    /// <summary>Reads a run that a person names; null after telling why it cannot be, with the exit code.</summary>
    public static RunRecord? Read(CommandServices services, RunHistory history, string text, out int exit)
    {
        exit = ExitCodes.Usage;
        if (RunsCommand.Resolve(services, history, text) is not { } id)
        {
            return null;
        }

        if (history.Read(id) is { } record)
        {
            return record;
        }

        DiagnosticPrinter.Problem(services, $"The record of run `{id}` cannot be read", $"look at `{Path.Combine(history.ProjectDirectory, ".cairn", "runs", id.Value)}`");
        exit = ExitCodes.Internal;
        return null;
    }

    /// <summary>
    /// Where files come from. The actions of a run know; for those without one the pipeline as it is now tells, if it can be read.
    /// </summary>
    public static async Task<FileOrigins> OriginsAsync(CommandServices services, Project project, RunRecord record, IActionSource actions)
    {
        var outputs = new Dictionary<string, PathPatterns>(StringComparer.Ordinal);
        try
        {
            var inspected = await PipelineInspection.InspectAsync(
                null, project with { PipelineFile = record.Started.File }, record.Started.Parameters.ToImmutableDictionary(StringComparer.Ordinal), services);
            foreach (var job in inspected.Plan?.Jobs ?? [])
            {
                outputs[job.Id.Value] = job.Outputs;
            }
        }
        catch (IOException)
        {
            // The pipeline is gone; what the actions tell must do.
        }

        return new FileOrigins(actions, outputs.GetValueOrDefault);
    }

    private static async Task<int> ExplainAsync(CommandServices services, Project project, string? step, string run, bool asJson)
    {
        var history = new RunHistory(project.Directory);
        if (Read(services, history, run, out var exit) is not { } record)
        {
            return exit;
        }

        var jobs = new HashSet<string>(StringComparer.Ordinal);
        var names = new List<string>();
        foreach (var job in RunView.Of(record).Jobs)
        {
            names.Add(job.Id);
            names.Add(job.Step);
            if (step is null || job.Id == step || job.Step == step)
            {
                jobs.Add(job.Id);
            }
        }

        if (step is not null && jobs.Count == 0)
        {
            var help = Suggestions.Nearest(step, names) is { } nearest ? $"did you mean `{nearest}`?" : $"`cairn runs show {record.Summary.Id}` lists its jobs";
            return DiagnosticPrinter.Usage(services, $"Run `{record.Summary.Id}` has no step `{step}`", help);
        }

        using var actions = new LoggedActions(project.Directory);
        Demotions? demotions = null;
        try
        {
            demotions = Demotions.Load(Engine.Configuration.UserFolders.State(services.Variable));
        }
        catch (IOException exception)
        {
            DiagnosticPrinter.Problem(services, exception.Message, null, DiagnosticCodes.DemotionsUnreadable);
        }

        var explainer = new CacheExplainer(history, actions, await OriginsAsync(services, project, record, actions), demotions);
        var explanations = explainer.Explain(record, step is null ? null : jobs);
        var text = new ByteText();
        var style = Style.OfOutput(services.Terminal);
        if (asJson)
        {
            text.Append(JsonOutput.ToBytes(json => ExplainJson.Write(json, record, explanations)));
        }
        else if (step is null)
        {
            ExplainText.AppendTable(text, record, explanations, style);
        }
        else
        {
            foreach (var explanation in explanations)
            {
                text.Append(text.Length > 0 ? "\n" : "");
                ExplainText.Append(text, record, explanation, services.Time.GetUtcNow(), style);
            }
        }

        return Write(services, text);
    }

    /// <summary>Writes to standard output; a reader that has gone is no error.</summary>
    public static int Write(CommandServices services, ByteText text)
    {
        try
        {
            services.OutBytes.Write(text.Span);
        }
        catch (BrokenPipeException)
        {
            // The reader has seen enough.
        }

        return ExitCodes.Success;
    }
}
