using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Completions;

using Cairn.Cli.Terminal;
using Cairn.Core;
using Cairn.Core.Scheduling;
using Cairn.Engine;
using Cairn.Engine.Configuration;
using Cairn.Engine.Projects;

namespace Cairn.Cli.Commands;

/// <summary>A known project with what its own records tell, which are more exact than what was noted.</summary>
/// <param name="Known">What was noted.</param>
/// <param name="IsMissing">Whether its folder is gone.</param>
/// <param name="Newest">Its newest run, where its records can be read.</param>
internal sealed record ProjectView(KnownProject Known, bool IsMissing, RunSummary? Newest)
{
    public static ProjectView Of(KnownProject known)
    {
        var missing = !Directory.Exists(known.Path);
        return new ProjectView(known, missing, missing ? null : new RunHistory(known.Path).List().FirstOrDefault());
    }

    public RunId Run => Newest?.Id ?? Known.LastRun;

    public DateTimeOffset Time => Newest is { } newest ? newest.StartedAt + newest.Duration : Known.LastTime;

    public string Result => Newest is { } newest ? RunsText.State(newest.State) : Known.LastStatus switch
    {
        RunStatus.Succeeded => "succeeded",
        RunStatus.Failed => "failed",
        _ => "cancelled",
    };

    public Ink Ink => Result switch
    {
        "succeeded" => Ink.Good,
        "failed" => Ink.Bad,
        _ => Ink.Warning,
    };
}

/// <summary><c>cairn projects list|show|rename|forget</c>.</summary>
internal static class ProjectsCommand
{
    private const int RunsShown = 5;

    public static Command Create(CommandServices services)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON", Recursive = true };
        var command = new Command("projects", "List the projects that you have run something in")
        {
            json, CreateList(services, json), CreateShow(services, json), CreateRename(services), CreateForget(services),
        };
        command.SetAction(parse => List(services, parse.GetValue(json)));
        return command;
    }

    private static Command CreateList(CommandServices services, Option<bool> json)
    {
        var command = new Command("list", "List them, the most recently used first");
        command.SetAction(parse => List(services, parse.GetValue(json)));
        return command;
    }

    private static Command CreateShow(CommandServices services, Option<bool> json)
    {
        var project = ProjectArgument(services);
        var command = new Command("show", "Show one with its newest runs") { project };
        command.SetAction(parse =>
        {
            if (Resolve(services, parse.GetValue(project)!) is not { } known)
            {
                return ExitCodes.Usage;
            }

            var view = ProjectView.Of(known);
            var runs = view.IsMissing ? [] : new RunHistory(known.Path).List().Take(RunsShown).ToList();
            if (parse.GetValue(json))
            {
                JsonOutput.Write(services, writer => ProjectsJson.Write(writer, view));
            }
            else
            {
                Show(view, runs, services);
            }

            return ExitCodes.Success;
        });
        return command;
    }

    private static Command CreateRename(CommandServices services)
    {
        var project = ProjectArgument(services);
        var name = new Argument<string>("name") { HelpName = "NAME", Description = "What you want to call it" };
        var command = new Command("rename", "Call one something else, for you alone") { project, name };
        command.SetAction(parse =>
        {
            if (Resolve(services, parse.GetValue(project)!) is not { } known)
            {
                return ExitCodes.Usage;
            }

            if (!ProjectName.TryParse(parse.GetValue(name)!, out var given, out var mistake))
            {
                return DiagnosticPrinter.Usage(services, mistake, ProjectName.Nearest(parse.GetValue(name)!) is { } near ? $"take `{near}`" : null);
            }

            var projects = Known(services);
            if (projects.List().FirstOrDefault(p => p.Name == given.Value && p.Path != known.Path) is { } other)
            {
                return DiagnosticPrinter.Usage(services, $"`{other.Path}` is called `{given}` already", "choose another name");
            }

            projects.Rename(known, given);
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command CreateForget(CommandServices services)
    {
        var project = ProjectArgument(services);
        project.Arity = ArgumentArity.ZeroOrOne;
        var missing = new Option<bool>("--missing") { Description = "Forget all whose folders are gone" };
        var command = new Command("forget", "Take one off the list; its files and records stay") { project, missing };
        command.SetAction(parse =>
        {
            var named = parse.GetValue(project);
            if (named is null == !parse.GetValue(missing))
            {
                return DiagnosticPrinter.Usage(services, "`cairn projects forget` takes a project or `--missing`", "`cairn projects` lists them");
            }

            var projects = Known(services);
            ImmutableArray<KnownProject> gone = named is null ? projects.List().RemoveAll(p => Directory.Exists(p.Path)) : Resolve(services, named) is { } known ? [known] : default;
            if (gone.IsDefault)
            {
                return ExitCodes.Usage;
            }

            foreach (var item in gone)
            {
                projects.Forget(item);
            }

            services.Out.Write($"forgot {InitCommand.Count(gone.Length, "project")}\n");
            return ExitCodes.Success;
        });
        return command;
    }

    private static Argument<string> ProjectArgument(CommandServices services)
    {
        var project = new Argument<string>("project") { HelpName = "PROJECT", Description = "A name, or a part of one or of a path that fits no other" };
        project.CompletionSources.Add(_ => Known(services).List().Select(p => new CompletionItem(p.Name, detail: p.Path)));
        return project;
    }

    private static KnownProjects Known(CommandServices services) => new(UserFolders.State(services.Variable));

    /// <summary>Finds the project that a person means; null after telling why there is none.</summary>
    private static KnownProject? Resolve(CommandServices services, string text)
    {
        var all = Known(services).List();
        var path = Path.GetFullPath(text, services.CurrentDirectory);
        foreach (Func<KnownProject, bool> fits in new Func<KnownProject, bool>[] { p => p.Path == path, p => p.Name == text, p => p.Name.Contains(text, StringComparison.Ordinal) || p.Path.Contains(text, StringComparison.Ordinal) })
        {
            var found = all.Where(fits).ToList();
            if (found.Count == 1)
            {
                return found[0];
            }

            if (found.Count > 1)
            {
                DiagnosticPrinter.Usage(services, $"`{text}` fits {found.Count} projects, `{found[0].Path}` and `{found[1].Path}` among them", "give more of the path");
                return null;
            }
        }

        DiagnosticPrinter.Usage(services, $"There is no project `{text}`", all.IsEmpty ? "a project is known once `cairn run` ran in it" : "`cairn projects` lists them");
        return null;
    }

    private static int List(CommandServices services, bool json)
    {
        var projects = Known(services).List().Select(ProjectView.Of).OrderByDescending(p => p.Time).ToList();
        if (json)
        {
            JsonOutput.Write(services, writer => ProjectsJson.Write(writer, projects));
            return ExitCodes.Success;
        }

        var text = new ByteText();
        if (projects.Count == 0)
        {
            text.Line("No projects yet; one is known once `cairn run` ran in it");
        }
        else
        {
            var table = new Table("PROJECT", "LAST RUN", "WHEN", "FOLDER");
            foreach (var project in projects)
            {
                table.Add(
                    (project.Known.Name, Ink.Bold), (project.Result, project.Ink), (Words.Ago(project.Time, services.Time.GetUtcNow()), Ink.Plain),
                    (project.IsMissing ? $"{project.Known.Path} (missing)" : project.Known.Path, project.IsMissing ? Ink.Warning : Ink.Dim));
            }

            table.AppendTo(text, Style.OfOutput(services.Terminal), indent: 0);
            if (projects.Exists(p => p.IsMissing))
            {
                text.Line().Line("Those that are missing go with `cairn projects forget --missing`");
            }
        }

        services.OutBytes.Write(text.Span);
        return ExitCodes.Success;
    }

    private static void Show(ProjectView project, List<RunSummary> runs, CommandServices services)
    {
        var text = new ByteText();
        var style = Style.OfOutput(services.Terminal);
        void Row(string label, string value, Ink ink)
        {
            style.Write(text, Ink.Dim, label.PadRight(10));
            style.Write(text, ink, value).Line();
        }

        Row("name", project.Known.Name, Ink.Bold);
        Row("pipeline", project.Known.Pipeline, Ink.Plain);
        Row("folder", project.IsMissing ? $"{project.Known.Path} (missing)" : project.Known.Path, project.IsMissing ? Ink.Warning : Ink.Plain);
        Row("last run", $"{project.Run}, {project.Result} {Words.Ago(project.Time, services.Time.GetUtcNow())}", project.Ink);
        if (runs.Count > 0)
        {
            text.Line();
            RunsText.Append(text, runs, services.Time.GetUtcNow(), style);
        }

        services.OutBytes.Write(text.Span);
    }
}
