using System.CommandLine;
using System.Text;

using Cairn.Cli.Analysis;
using Cairn.Cli.Terminal;
using Cairn.Core;
using Cairn.Core.Analysis;
using Cairn.Core.Diagnostics;
using Cairn.Engine;
using Cairn.Engine.Analysis;
using Cairn.Engine.Configuration;
using Cairn.Engine.Projects;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn analyze</c>.</summary>
internal static class AnalyzeCommand
{
    private const string DefaultPeriod = "30d";

    public static Command Create(CommandServices services)
    {
        var period = new Option<string>("--period") { HelpName = "DURATION", Description = $"How far to look back: 12h, 7d; the same time before that is what it is compared with [default: {DefaultPeriod}]" };
        var pipeline = new Option<string?>("--pipeline") { HelpName = "NAME", Description = "Only the pipeline of that name" };
        var all = new Option<bool>("--all-projects") { Description = "Every project that `cairn projects` lists" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var html = new Option<string?>("--html") { HelpName = "FILE", Description = "Write a page with plots, which needs nothing else" };
        var project = new ProjectOptions();
        var command = new Command("analyze", "See where the time of past runs went, and what to change first") { period, pipeline, all, json, html, project.Directory };
        command.SetAction((parsed, cancellationToken) => Task.FromResult(Run(services, parsed, new Options(parsed.GetValue(period) ?? DefaultPeriod, parsed.GetValue(pipeline), parsed.GetValue(all), parsed.GetValue(json), parsed.GetValue(html)), project, cancellationToken)));
        return command;
    }

    private sealed record Options(string Period, string? Pipeline, bool AllProjects, bool Json, string? Html);

    private static int Run(CommandServices services, ParseResult parsed, Options options, ProjectOptions project, CancellationToken cancellationToken)
    {
        if (!Durations.TryParse(options.Period, out var period, out var mistake) || period < TimeSpan.FromMinutes(1))
        {
            return DiagnosticPrinter.Usage(services, mistake ?? $"`{options.Period}` is too short to say anything", "write `--period 12h` or `--period 30d`");
        }

        if (options.AllProjects && parsed.GetValue(project.Directory) is not null)
        {
            return DiagnosticPrinter.Usage(services, "`--all-projects` and `-C` exclude each other");
        }

        if (Projects(services, parsed, options, project) is not var (projects, subject))
        {
            return ExitCodes.Usage;
        }

        var now = services.Time.GetUtcNow();
        var diagnostics = new DiagnosticBag();
        var report = ProjectAnalysis.Run(projects, options.Pipeline, new AnalysisWindow(now, period), diagnostics, cancellationToken);
        if (report.Current.Runs == 0)
        {
            DiagnosticPrinter.Print(services, diagnostics.ToSorted(), []);
            return Nothing(services, projects, options, report, now);
        }

        TellIfCut(services, projects, options, report, diagnostics);
        DiagnosticPrinter.Print(services, diagnostics.ToSorted(), []);
        if (options.Html is { } path)
        {
            var exit = OutputFile.Write(services, path, Encoding.UTF8.GetBytes(AnalysisHtml.Render(report, subject, options.AllProjects)));
            if (exit != ExitCodes.Success || path == "-")
            {
                return exit;
            }
        }

        if (options.Json)
        {
            JsonOutput.Write(services, writer => AnalysisJson.Write(writer, report));
            return ExitCodes.Success;
        }

        var text = new ByteText();
        AnalysisText.Append(text, report, subject, options.AllProjects, Style.OfOutput(services.Terminal));
        if (options.Html is not null)
        {
            text.Line().Append("The page with plots: ").Append(AnsiText.Clean(options.Html)).Line();
        }

        return WhyCommand.Write(services, text);
    }

    private static (List<AnalysedProject> Projects, string Subject)? Projects(CommandServices services, ParseResult parsed, Options options, ProjectOptions project)
    {
        var pipeline = options.Pipeline is { } name ? $"{name} of " : "";
        if (!options.AllProjects)
        {
            return project.Resolve(services, parsed, withFile: false) is { } resolved
                ? ([new AnalysedProject(resolved.Directory, "")], pipeline + Path.GetFileName(resolved.Directory.TrimEnd('/')))
                : null;
        }

        var projects = new List<AnalysedProject>();
        foreach (var known in new KnownProjects(UserFolders.State(services.Variable)).List())
        {
            if (Directory.Exists(known.Path))
            {
                // Two of one name are told apart by their folders.
                projects.Add(new AnalysedProject(known.Path, projects.Exists(p => p.Name == known.Name) ? known.Path : known.Name));
            }
        }

        return (projects, $"{pipeline}{projects.Count} projects");
    }

    private static void TellIfCut(CommandServices services, List<AnalysedProject> projects, Options options, AnalysisReport report, DiagnosticBag diagnostics)
    {
        if (options.AllProjects || report.Oldest is not { } oldest || oldest <= report.Window.Since || report.Window.Since <= DateTimeOffset.UnixEpoch)
        {
            return;
        }

        // A young project has no more; one whose records are at their limit has had more.
        var settings = SettingsLoader.Load(SettingsLoader.UserPath(services.Variable), SettingsLoader.ProjectPath(projects[0].Directory), new DiagnosticBag());
        if (report.Current.Runs >= settings.KeepRuns)
        {
            diagnostics.Warning(
                DiagnosticCodes.AnalysisPeriodCut,
                $"The records reach back to {oldest.UtcDateTime.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)} only: no more than {settings.KeepRuns} runs are kept",
                SourceSpan.None,
                "`cairn config set history.keep_runs 2000` keeps more from now on");
        }
    }

    private static int Nothing(CommandServices services, List<AnalysedProject> projects, Options options, AnalysisReport report, DateTimeOffset now)
    {
        var newest = projects.Select(static p => new RunHistory(p.Directory).List().FirstOrDefault()).Where(static run => run is not null).Select(static run => run!).OrderByDescending(static run => run.StartedAt).FirstOrDefault();
        string message, help;
        if (newest is null)
        {
            (message, help) = projects.Count == 0 ? ("There are no projects yet", "a project is known once `cairn run` ran in it") : ("There are no runs yet", "start one with `cairn run`; analyses begin with the first");
        }
        else if (options.Pipeline is { } pipeline && Pipelines(projects, report, pipeline) is { Count: > 0 } others)
        {
            var nearest = Suggestions.Nearest(pipeline, others);
            (message, help) = ($"There are no runs of a pipeline `{pipeline}` in the last {options.Period}", nearest is not null ? $"did you mean `{nearest}`?" : $"there are runs of {string.Join(", ", others.Select(static name => $"`{name}`"))}");
        }
        else
        {
            var days = Math.Ceiling((now - newest.StartedAt).TotalDays + 1);
            (message, help) = ($"There are no runs in the last {options.Period}", $"the newest is of {Words.Ago(newest.StartedAt, now)}: try `--period {days.ToString("0", System.Globalization.CultureInfo.InvariantCulture)}d`");
        }

        if (options.Json)
        {
            JsonOutput.Write(services, writer => AnalysisJson.Write(writer, report));
            return ExitCodes.Success;
        }

        services.Out.Write($"{message}\n{help}\n");
        return ExitCodes.Success;
    }

    /// <summary>The names of the pipelines with runs in the period, besides one.</summary>
    private static List<string> Pipelines(List<AnalysedProject> projects, AnalysisReport report, string besides)
    {
        var all = ProjectAnalysis.Run(projects, pipeline: null, report.Window, new DiagnosticBag(), CancellationToken.None);
        return [.. ProjectAnalysis.Pipelines(all).Where(name => name != besides)];
    }
}
