using System.Collections.Immutable;
using System.CommandLine;

using Cairn.Cli.CommandLine;
using Cairn.Core.Diagnostics;
using Cairn.Core.Planning;
using Cairn.Core.Syntax;
using Cairn.Engine;
using Cairn.Engine.Configuration;

namespace Cairn.Cli.Commands;

/// <summary>A pipeline that is looked at and not run.</summary>
/// <param name="File">The file as the caller named it.</param>
/// <param name="ProjectDirectory">The project, absolute.</param>
/// <param name="Diagnostics">Every mistake, with places as the caller would name them.</param>
/// <param name="Sources">The files, to show lines of.</param>
internal sealed record InspectedPipeline(string File, string ProjectDirectory, ImmutableArray<Diagnostic> Diagnostics, ImmutableDictionary<string, SourceText> Sources)
{
    /// <summary>The plan; null after errors.</summary>
    public Plan? Plan { get; init; }
}

/// <summary>Reads and plans for commands that run nothing.</summary>
internal static class PipelineInspection
{
    public static Option<string[]> CreateParameterOption() =>
        new("--param", "-p") { HelpName = "NAME=VALUE", Description = "Set a parameter; may be given several times", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };

    /// <summary>Reads <c>name=value</c> words; null after a mistake, which is reported.</summary>
    public static ImmutableDictionary<string, string>? Parameters(string[]? words, Command command, CommandServices services)
    {
        var parameters = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var word in words ?? [])
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                UsageErrors.Report(services, $"`--param` takes NAME=VALUE, not `{word}`", null, command);
                return null;
            }

            parameters[word[..equals]] = word[(equals + 1)..];
        }

        return parameters.ToImmutable();
    }

    /// <summary>
    /// Reads and plans. A file with a default name, or a folder, is a project of its own; any other file belongs to the project that the
    /// caller means. Without one it is that project's pipeline.
    /// </summary>
    public static async Task<InspectedPipeline> InspectAsync(string? file, Project project, ImmutableDictionary<string, string> parameters, CommandServices services)
    {
        var full = file is null ? Path.Combine(project.Directory, project.PipelineFile) : Path.GetFullPath(file, services.CurrentDirectory);
        if (Directory.Exists(full))
        {
            full = Path.Combine(full, ProjectOptions.DefaultFile(full));
        }

        var shown = Path.GetRelativePath(services.CurrentDirectory, full);
        var isOwnProject = ProjectOptions.DefaultFiles.Contains(Path.GetFileName(full)) || Path.GetRelativePath(project.Directory, full).StartsWith("..", StringComparison.Ordinal);
        var directory = isOwnProject ? Path.GetDirectoryName(full)! : project.Directory;
        if (!File.Exists(full))
        {
            var hint = file is null ? "name the pipeline file, or the project's folder with `-C`" : null;
            var missing = new Diagnostic(DiagnosticCodes.FileNotFound, DiagnosticSeverity.Error, $"There is no `{shown}`", SourceSpan.None, hint);
            return new InspectedPipeline(shown, directory, [missing], ImmutableDictionary<string, SourceText>.Empty);
        }

        // A run with these settings would be refused, so looking is too.
        var mistakes = new DiagnosticBag();
        var settings = SettingsLoader.LoadWithOrigins(SettingsLoader.UserPath(services.Variable), SettingsLoader.ProjectPath(directory), mistakes);
        if (mistakes.HasErrors)
        {
            return new InspectedPipeline(shown, directory, mistakes.ToSorted(), settings.Sources);
        }

        var request = new RunRequest
        {
            ProjectDirectory = directory,
            PipelineFile = Path.GetRelativePath(directory, full),
            Parameters = parameters,
            InspectOnly = true,
            UntrustedLint = settings.Settings.UntrustedLint,
            StateDirectory = UserFolders.State(services.Variable),
            KeysDirectory = KeyFolders.Of(services),
            Version = BuildInfo.Version,
        };
        var prepared = await RunEngine.PrepareAsync(request, services.CancellationToken);
        return Rebase(shown, prepared, Path.GetRelativePath(services.CurrentDirectory, directory));
    }

    /// <summary>Places name files relative to the project; the caller may stand elsewhere.</summary>
    public static InspectedPipeline Rebase(string file, PreparedRun prepared, string folder)
    {
        var project = prepared.Request.ProjectDirectory;
        if (folder == ".")
        {
            return new InspectedPipeline(file, project, prepared.Diagnostics, prepared.Sources) { Plan = prepared.Plan };
        }

        string Name(string name) => name.Length == 0 ? name : Path.Combine(folder, name);
        SourceSpan Span(SourceSpan span) => span.HasPlace ? span with { File = Name(span.File) } : span;
        ImmutableArray<Diagnostic> diagnostics = [.. prepared.Diagnostics.Select(d => d with { Span = Span(d.Span), Notes = [.. d.Notes.Select(n => n with { Span = Span(n.Span) })] })];
        var sources = prepared.Sources.Values.ToImmutableDictionary(s => Name(s.Name), s => new SourceText(Name(s.Name), s.Text), StringComparer.Ordinal);
        return new InspectedPipeline(file, project, diagnostics, sources) { Plan = prepared.Plan };
    }
}
