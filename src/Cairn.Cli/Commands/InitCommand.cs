using System.Collections.Immutable;
using System.CommandLine;
using System.Text;

using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Engine.Projects.Survey;
using Cairn.Store.Files;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn init [DIR]</c>.</summary>
internal static class InitCommand
{
    public static Command Create(CommandServices services)
    {
        var directory = new Argument<string>("dir") { HelpName = "DIR", Description = "The folder to look at; this one without", DefaultValueFactory = _ => "." };
        var force = new Option<bool>("--force") { Description = "Replace the pipeline that is there" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print the pipeline, and write nothing" };
        var programs = new ToolchainChoice();
        var command = new Command("init", "Write a pipeline for what is in a folder") { directory, programs.Toolchain, programs.NoLock, force, dryRun };
        command.SetAction((parse, cancellationToken) => RunAsync(parse.GetValue(directory)!, parse.GetValue(force), parse.GetValue(dryRun), programs, parse, services, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string asked, bool force, bool dryRun, ToolchainChoice programs, ParseResult parse, CommandServices services, CancellationToken cancellationToken)
    {
        var folder = Path.GetFullPath(asked, services.CurrentDirectory);
        if (!Directory.Exists(folder))
        {
            return DiagnosticPrinter.Usage(services, $"There is no folder `{asked}`", "`cairn new --list` lists what makes one");
        }

        var diagnostics = new DiagnosticBag();
        var target = Path.Combine(folder, ProjectOptions.DefaultFile(folder));
        if (!dryRun && !force && File.Exists(target))
        {
            diagnostics.Error(DiagnosticCodes.AlreadyThere, $"There is a pipeline already: `{Path.GetRelativePath(services.CurrentDirectory, target)}`", SourceSpan.None, "`--dry-run` shows what would be written, `--force` replaces it");
        }

        var suite = programs.Suite(parse, services, diagnostics);
        var draft = diagnostics.HasErrors ? null : ProjectSurvey.Draft(SourceListing.Of(folder), Path.GetFileName(folder.TrimEnd('/')) is { Length: > 0 } name ? name : "root", diagnostics, suite);
        if (draft is null)
        {
            DiagnosticPrinter.Print(services, diagnostics.ToSorted(), ImmutableDictionary<string, SourceText>.Empty);
            return ExitCodes.Usage;
        }

        var content = Encoding.UTF8.GetBytes(PipelineYaml.Write(draft));
        if (dryRun)
        {
            Write(services, content);
            return ExitCodes.Success;
        }

        var written = Path.Combine(folder, ProjectOptions.DefaultFiles[0]);
        try
        {
            DurableFile.Replace(written, content);
        }
        catch (UnauthorizedAccessException)
        {
            DiagnosticPrinter.Problem(services, $"`{written}` cannot be written: permission denied");
            return ExitCodes.Internal;
        }

        Show(draft, Path.GetRelativePath(services.CurrentDirectory, written), services);
        var unlocked = draft.Toolchains.Count > 0 && parse.GetValue(programs.NoLock);
        if (draft.Toolchains.Count > 0 && !unlocked && await ToolchainChoice.LockAsync(folder, asked, services, cancellationToken) is not ExitCodes.Success and var problem)
        {
            return problem;
        }

        var suffix = folder == services.CurrentDirectory ? "" : $" -C {ShellText.Quote(asked)}";
        var next = new ByteText();
        Style.OfOutput(services.Terminal).Write(next, Ink.Dim, $"look at it, then: {(unlocked ? $"cairn toolchain lock{suffix} && " : "")}{(draft.Fetches ? $"cairn fetch{suffix} && " : "")}cairn run{suffix}").Line();
        Write(services, next.Span);
        return ExitCodes.Success;
    }

    private static void Show(PipelineDraft draft, string written, CommandServices services)
    {
        var text = new ByteText();
        var style = Style.OfOutput(services.Terminal);
        style.Write(text, Ink.Good, style.Good).Append(" ");
        style.Write(text, Ink.Plain, $"{written}: {Count(draft.Projects.Sum(p => p.Steps.Count), "step")}").Line();
        foreach (var project in draft.Projects)
        {
            style.Write(text, Ink.Plain, $"  {project.Title}{(project.Folder.Length > 0 ? $" in {project.Folder}" : "")}: {string.Join(", ", project.Steps.Select(s => s.Name))}").Line();
        }

        foreach (var note in draft.Notes)
        {
            style.Write(text, Ink.Warning, $"  note: {note}").Line();
        }

        Write(services, text.Span);
    }

    private static void Write(CommandServices services, ReadOnlySpan<byte> text) => services.OutBytes.Write(text);

    /// <summary><c>1 step</c>, <c>2 steps</c>.</summary>
    internal static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
