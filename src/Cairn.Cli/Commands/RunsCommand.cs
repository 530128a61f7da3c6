using System.CommandLine;

using Cairn.Cli.Terminal;
using Cairn.Core;
using Cairn.Engine;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn runs</c> and <c>cairn runs show</c>.</summary>
internal static class RunsCommand
{
    private const int ShownByDefault = 20;

    public static Command Create(CommandServices services)
    {
        var project = new ProjectOptions();
        project.Directory.Recursive = true;
        var json = new Option<bool>("--json") { Description = "Write JSON, one run a line", Recursive = true };
        var count = new Option<int>("--count", "-n") { Description = "How many runs, newest first; 0 for all", HelpName = "N", DefaultValueFactory = _ => ShownByDefault };
        var command = new Command("runs", "List earlier runs, or show one") { project.Directory, json, count, CreateShow(services, project, json) };
        command.SetAction(parsed => List(services, project.Resolve(services, parsed, withFile: false), parsed.GetValue(count), parsed.GetValue(json)));
        return command;
    }

    /// <summary>Finds the run that a person names; null after telling why there is none.</summary>
    public static RunId? Resolve(CommandServices services, RunHistory history, string text)
    {
        var run = history.Resolve(text, out var error);
        if (run is null)
        {
            DiagnosticPrinter.Usage(services, error ?? $"There is no run `{text}`; `cairn runs` lists them");
        }

        return run;
    }

    private static Command CreateShow(CommandServices services, ProjectOptions project, Option<bool> json)
    {
        var run = new Argument<string>("RUN") { Description = "An id, a unique part of one, last, or last~2", DefaultValueFactory = _ => "last" };
        var show = new Command("show", "Show what happened in a run") { run };
        show.SetAction(parsed => Show(services, project.Resolve(services, parsed, withFile: false), parsed.GetValue(run)!, parsed.GetValue(json)));
        return show;
    }

    private static int List(CommandServices services, Project? project, int count, bool json)
    {
        if (project is null)
        {
            return ExitCodes.Usage;
        }

        var text = new ByteText();
        var shown = new List<RunSummary>();
        foreach (var summary in new RunHistory(project.Directory).List())
        {
            if (count > 0 && shown.Count == count)
            {
                break;
            }

            shown.Add(summary);
        }

        if (json)
        {
            RunsJson.Append(text, shown);
        }
        else if (shown.Count == 0)
        {
            text.Line("No runs yet; start one with `cairn run`");
        }
        else
        {
            RunsText.Append(text, shown, services.Time.GetUtcNow(), Style.OfOutput(services.Terminal));
        }

        return Write(services, text);
    }

    private static int Show(CommandServices services, Project? project, string run, bool json)
    {
        if (project is null)
        {
            return ExitCodes.Usage;
        }

        var history = new RunHistory(project.Directory);
        if (Resolve(services, history, run) is not { } id)
        {
            return ExitCodes.Usage;
        }

        if (history.Read(id) is not { } record)
        {
            DiagnosticPrinter.Problem(services, $"The record of run `{id}` cannot be read", $"look at `{Path.Combine(project.Directory, ".cairn", "runs", id.Value)}`");
            return ExitCodes.Internal;
        }

        var text = new ByteText();
        if (json)
        {
            RunsJson.Append(text, record);
        }
        else
        {
            var options = new ViewOptions
            {
                Style = Style.OfOutput(services.Terminal),
                CommandSuffix = project.CommandSuffix,
                RunSuffix = string.Equals(record.Started.File, project.PipelineFile, StringComparison.Ordinal) ? project.CommandSuffix : $"{project.CommandSuffix} -f {ShellText.Quote(record.Started.File)}",
            };
            RunsText.Append(text, record, job => history.Summary(id, job), services.Time.GetUtcNow(), options);
        }

        return Write(services, text);
    }

    private static int Write(CommandServices services, ByteText text)
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
