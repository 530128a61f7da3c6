using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Dependencies;
using Cairn.Cli.Terminal;
using Cairn.Core.Dependencies;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Dependencies;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn deps [DIR]</c> and <c>cairn deps why NAME [DIR]</c>.</summary>
internal sealed class DepsCommand
{
    private readonly CommandServices _services;
    private readonly Option<bool> _json = new("--json") { Description = "Write JSON", Recursive = true };

    private DepsCommand(CommandServices services) => _services = services;

    public static Command Create(CommandServices services)
    {
        var deps = new DepsCommand(services);
        var folder = CreateFolder();
        var format = new Option<string>("--format") { HelpName = "FORMAT", Description = "How to show them: text, mermaid, dot, svg or json", DefaultValueFactory = _ => "text" };
        OptionValues.Restrict(format, "text", "mermaid", "dot", "svg", "json");
        var depth = new Option<int?>("--depth") { HelpName = "N", Description = "Show N steps from the projects: 1 is what they ask for themselves" };
        depth.Validators.Add(result =>
        {
            if (result.Tokens is [var token, ..] && int.TryParse(token.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) && number < 1)
            {
                result.AddError($"`--depth` takes a number from 1, not `{token.Value}`");
            }
        });
        var output = OutputFile.CreateOption();
        var command = new Command("deps", "Show what projects depend on, from their lock files") { folder, format, depth, output, deps._json, deps.CreateWhy() };
        command.SetAction(parse => deps.With(parse.GetValue(folder), report =>
            deps.Show(report, parse.GetValue(deps._json) ? "json" : parse.GetValue(format)!, parse.GetValue(depth) ?? int.MaxValue, parse.GetValue(output), parse.GetValue(folder))));
        return command;
    }

    private static Argument<string?> CreateFolder() => new("folder") { HelpName = "DIR", Description = "Where to look, with all folders below; otherwise this folder", Arity = ArgumentArity.ZeroOrOne };

    private Command CreateWhy()
    {
        var name = new Argument<string>("name") { HelpName = "PACKAGE", Description = "Its name, with @VERSION or without" };
        var folder = CreateFolder();
        var command = new Command("why", "Show what leads to a package: for each direct dependency the shortest chains") { name, folder };
        command.SetAction(parse => With(parse.GetValue(folder), report => Why(report, parse.GetValue(name)!, parse.GetValue(_json))));
        return command;
    }

    /// <summary>Reads the lock files of a folder, tells their mistakes, and goes on with the others.</summary>
    private int With(string? asked, Func<DependencyReport, int> action)
    {
        var folder = Path.GetFullPath(asked ?? ".", _services.CurrentDirectory);
        if (!Directory.Exists(folder))
        {
            return DiagnosticPrinter.Usage(_services, $"There is no folder `{asked}`", "name the folder of a project, or one that has some below it");
        }

        DependencyReport report;
        try
        {
            var shown = Path.GetRelativePath(_services.CurrentDirectory, folder);
            report = DependencyScanner.Scan(folder, shown == "." ? "" : shown + "/", _services.CancellationToken);
        }
        catch (IOException exception)
        {
            DiagnosticPrinter.Problem(_services, exception.Message);
            return ExitCodes.Usage;
        }

        DiagnosticPrinter.Print(_services, report.Diagnostics, report.Sources);
        var failed = report.Diagnostics.Any(d => d.Severity == DiagnosticSeverity.Error);
        if (report.Graphs.IsEmpty && !failed)
        {
            return DiagnosticPrinter.Usage(_services, $"There are no lock files in `{asked ?? "."}`", $"Cairn reads {string.Join(", ", DependencyReader.FormatNames)}; not where git ignores them");
        }

        var exit = report.Graphs.IsEmpty ? ExitCodes.Usage : action(report);
        return failed ? ExitCodes.Usage : exit;
    }

    private int Show(DependencyReport report, string format, int depth, string? output, string? asked)
    {
        var summary = DependencySummary.Of(report.Graphs);
        if (format == "json")
        {
            return OutputFile.Write(_services, output, JsonOutput.ToBytes(json => DependencyJson.Write(json, report.Graphs, summary)));
        }

        if (format == "text")
        {
            var toFile = output is not (null or "-");
            return OutputFile.Write(_services, output, new DependencyTree(toFile ? new Style(color: false, unicode: true) : Style.OfOutput(_services.Terminal), depth).Render(report, summary).Span);
        }

        var drawing = DependencyDrawing.Of(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(asked ?? ".", _services.CurrentDirectory))), report.Graphs, depth);
        if (format == "svg" && drawing.Nodes.Length > DependencySvg.PackagesMax)
        {
            return DiagnosticPrinter.Usage(
                _services, $"A drawing of {drawing.Nodes.Length} packages shows nothing; the limit is {DependencySvg.PackagesMax}", "draw less with `--depth 1`, name one project's folder, or take `--format dot`");
        }

        return OutputFile.Write(_services, output, Encoding.UTF8.GetBytes(format switch
        {
            "mermaid" => drawing.Mermaid(),
            "dot" => drawing.Dot(),
            _ => DependencySvg.Render(drawing),
        }));
    }

    private int Why(DependencyReport report, string name, bool asJson)
    {
        var found = ImmutableArray.CreateBuilder<(DependencyGraph, ImmutableArray<DependencyReasons>)>();
        foreach (var graph in report.Graphs)
        {
            if (PackageNames.Find(graph, name) is { IsEmpty: false } packages)
            {
                found.Add((graph, [.. packages.Select(p => DependencyReasons.Of(graph, p.Index))]));
            }
        }

        if (found.Count == 0)
        {
            var nearest = Suggestions.Nearest(name, report.Graphs.SelectMany(g => g.Packages).Select(p => p.Name).Distinct(StringComparer.Ordinal));
            return DiagnosticPrinter.Usage(_services, $"No lock file has `{name}`", nearest is null ? "`cairn deps` shows all packages" : $"did you mean `{nearest}`?");
        }

        var reasons = found.ToImmutable();
        if (asJson)
        {
            JsonOutput.Write(_services, json => DependencyJson.WriteReasons(json, reasons));
        }
        else
        {
            _services.OutBytes.Write(new DependencyTree(Style.OfOutput(_services.Terminal), int.MaxValue).RenderReasons(reasons).Span);
        }

        return ExitCodes.Success;
    }
}
