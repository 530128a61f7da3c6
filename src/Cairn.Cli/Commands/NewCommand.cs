using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Completions;
using System.Text;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Engine.Configuration;
using Cairn.Engine.Projects;
using Cairn.Engine.Projects.Templates;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn new LANGUAGE NAME</c>.</summary>
internal static class NewCommand
{
    private const string NoLicense = "none";

    public static Command Create(CommandServices services)
    {
        var options = new Options(services);
        var command = new Command("new", "Make a small project with tests and a pipeline")
        {
            options.Template, options.Name, options.Kind, options.License, options.Author, options.Parameters, options.Programs.Toolchain, options.Programs.NoLock, options.Directory, options.DryRun, options.List, options.Json,
        };
        command.SetAction((parse, cancellationToken) => RunAsync(parse, options, command, services, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, Options options, Command command, CommandServices services, CancellationToken cancellationToken)
    {
        var catalog = Catalog(services);
        var asked = parse.GetValue(options.Template);
        if (parse.GetValue(options.List))
        {
            return await ListAsync(asked, parse.GetValue(options.Json), catalog, services, cancellationToken);
        }

        if (asked is null || parse.GetValue(options.Name) is not { } given)
        {
            return UsageErrors.Report(services, asked is null ? "`cairn new` needs a template and a name" : $"`cairn new {asked}` needs a name", asked is null ? "`cairn new --list` lists the templates" : "usage: cairn new TEMPLATE NAME", command);
        }

        if (Parameters(parse.GetValue(options.Parameters) ?? [], services) is not { } parameters)
        {
            return ExitCodes.Usage;
        }

        var diagnostics = new DiagnosticBag();
        var name = NameOf(given, diagnostics);
        var license = LicenseOf(parse.GetValue(options.License) ?? NoLicense, diagnostics);
        var parent = Path.GetFullPath(parse.GetValue(options.Directory) ?? ".", services.CurrentDirectory);
        var folder = Path.Combine(parent, name?.Value ?? "");
        var suite = options.Programs.Suite(parse, services, diagnostics);
        if (name is not null && Path.Exists(folder))
        {
            diagnostics.Error(DiagnosticCodes.AlreadyThere, $"`{Path.GetRelativePath(services.CurrentDirectory, folder)}` is there already", SourceSpan.None, "choose another name, or another folder with `-C`; `cairn init` writes a pipeline for what is there");
        }

        var (template, sources) = await catalog.FindAsync(asked, diagnostics, cancellationToken);
        if (template is { Manifest.Packages.IsEmpty: true })
        {
            if (suite is not null && parse.GetValue(options.Programs.Toolchain) is not null)
            {
                diagnostics.Error(DiagnosticCodes.NoSuite, $"The template `{asked}` does not say which packages of Debian have its programs", SourceSpan.None, "leave `--toolchain` out: its steps run with the programs of the machine");
            }

            suite = null;
        }

        ImmutableArray<TemplateFile> files = [];
        if (template is not null && name is not null && !diagnostics.HasErrors)
        {
            var project = new NewProject
            {
                Template = template,
                Name = name,
                Kind = parse.GetValue(options.Kind),
                License = license,
                Suite = suite,
                Author = parse.GetValue(options.Author),
                Year = services.Time.GetUtcNow().Year,
                Parameters = parameters,
            };
            files = ProjectMaker.Render(project, diagnostics);
        }

        DiagnosticPrinter.Print(services, diagnostics.ToSorted(), sources);
        if (diagnostics.HasErrors || template is null)
        {
            return ExitCodes.Usage;
        }

        var shown = Path.GetRelativePath(services.CurrentDirectory, folder);
        if (parse.GetValue(options.DryRun))
        {
            Show($"{shown} would have", Ink.Plain, files, services);
            return ExitCodes.Success;
        }

        try
        {
            ProjectMaker.Write(files, folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            DiagnosticPrinter.Problem(services, $"`{shown}` cannot be made: {(exception is UnauthorizedAccessException ? "permission denied" : exception.Message)}");
            return ExitCodes.Internal;
        }

        Show($"{shown}: {template.Manifest.Description}", Ink.Good, files, services);
        if (suite is not null && !parse.GetValue(options.Programs.NoLock) && await ToolchainChoice.LockAsync(folder, shown, services, cancellationToken) is not ExitCodes.Success and var problem)
        {
            return problem;
        }

        ShowNext(template, suite, files.FirstOrDefault(static f => f.Path == ProjectOptions.DefaultFiles[0]), suite is not null && parse.GetValue(options.Programs.NoLock), shown, services);
        return ExitCodes.Success;
    }

    private static void Show(string title, Ink ink, ImmutableArray<TemplateFile> files, CommandServices services)
    {
        var text = new ByteText();
        var style = Style.OfOutput(services.Terminal);
        if (ink == Ink.Good)
        {
            style.Write(text, ink, style.Good).Append(" ");
        }

        style.Write(text, Ink.Plain, title).Line();
        foreach (var file in files)
        {
            style.Write(text, Ink.Plain, $"  {file.Path}").Line();
        }

        services.OutBytes.Write(text.Span);
    }

    private static void ShowNext(ProjectTemplate template, string? suite, TemplateFile? pipeline, bool unlocked, string shown, CommandServices services)
    {
        var text = new ByteText();
        var style = Style.OfOutput(services.Terminal);
        foreach (var program in suite is null ? template.Manifest.Programs : [])
        {
            if (!IsOnTheMachine(program))
            {
                style.Write(text, Ink.Warning, $"its pipeline needs `{program}`, which this machine does not have in {Engine.RunRequest.DefaultStepPath}").Line();
            }
        }

        style.Write(text, Ink.Dim, $"go on: cd {ShellText.Quote(shown)} && {(pipeline is null ? "cairn init" : $"{(unlocked ? "cairn toolchain lock && " : "")}{(Fetches(pipeline) ? "cairn fetch && " : "")}cairn run")}").Line();
        services.OutBytes.Write(text.Span);
    }

    private static bool Fetches(TemplateFile pipeline) => pipeline.Content.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"uses: {FetchPolicy.Word}\n")) >= 0;

    private static async Task<int> ListAsync(string? asked, bool json, TemplateCatalog catalog, CommandServices services, CancellationToken cancellationToken)
    {
        var templates = new List<ProjectTemplate>();
        var failed = false;
        foreach (var name in asked is null ? catalog.Names() : [asked])
        {
            var diagnostics = new DiagnosticBag();
            var (template, sources) = await catalog.FindAsync(name, diagnostics, cancellationToken);
            DiagnosticPrinter.Print(services, diagnostics.ToSorted(), sources);
            failed |= template is null;
            if (template is not null)
            {
                templates.Add(template);
            }
        }

        if (json)
        {
            JsonOutput.Write(services, writer => ProjectsJson.Write(writer, templates));
        }
        else
        {
            var text = new ByteText();
            var table = new Table("TEMPLATE", "KINDS", "WHAT");
            foreach (var template in templates)
            {
                table.Add((template.Name, Ink.Bold), (string.Join(", ", template.Manifest.Kinds), Ink.Plain), (template.Manifest.Description, Ink.Plain));
            }

            table.AppendTo(text, Style.OfOutput(services.Terminal), indent: 0);
            if (asked is not null && templates is [{ Manifest.Parameters: { IsEmpty: false } parameters }])
            {
                text.Line();
                var values = new Table("PARAMETER", "DEFAULT", "WHAT");
                foreach (var parameter in parameters)
                {
                    values.Add((parameter.Name, Ink.Bold), (parameter.Default ?? "", Ink.Plain), (parameter.Description, Ink.Plain));
                }

                values.AppendTo(text, Style.OfOutput(services.Terminal), indent: 0);
            }

            services.OutBytes.Write(text.Span);
        }

        return failed ? ExitCodes.Usage : ExitCodes.Success;
    }

    private static TemplateCatalog Catalog(CommandServices services) =>
        new(UserFolders.Config(services.Variable) is { } config ? Path.Combine(config, "templates") : null, services.CurrentDirectory);

    private static ProjectName? NameOf(string text, DiagnosticBag diagnostics)
    {
        if (ProjectName.TryParse(text, out var name, out var mistake))
        {
            return name;
        }

        diagnostics.Error(DiagnosticCodes.ProjectNameInvalid, mistake, SourceSpan.None, ProjectName.Nearest(text) is { } near ? $"take `{near}`" : "take something like `hello-world`");
        return null;
    }

    private static string? LicenseOf(string text, DiagnosticBag diagnostics)
    {
        if (string.Equals(text, NoLicense, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        foreach (var id in TemplateCatalog.Licenses)
        {
            if (string.Equals(id, text, StringComparison.OrdinalIgnoreCase))
            {
                return id;
            }
        }

        diagnostics.Error(
            DiagnosticCodes.LicenseUnknown, $"There is no text of a licence `{text}`", SourceSpan.None,
            Suggestions.Nearest(text, TemplateCatalog.Licenses) is { } near ? $"did you mean `{near}`?" : $"there are {string.Join(", ", TemplateCatalog.Licenses)} and {NoLicense}");
        return null;
    }

    private static ImmutableDictionary<string, string>? Parameters(string[] given, CommandServices services)
    {
        var values = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var text in given)
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                DiagnosticPrinter.Usage(services, $"`{text}` does not set a parameter", "write `--param name=value`");
                return null;
            }

            values[text[..equals]] = text[(equals + 1)..];
        }

        return values.ToImmutable();
    }

    private static bool IsOnTheMachine(string program)
    {
        foreach (var folder in Engine.RunRequest.DefaultStepPath.Split(':'))
        {
            if (File.Exists(Path.Combine(folder, program)))
            {
                return true;
            }
        }

        return false;
    }

    private sealed class Options
    {
        public Options(CommandServices services)
        {
            Template.CompletionSources.Add(_ => Catalog(services).Names().Select(n => new CompletionItem(n)));
            License.CompletionSources.Add(_ => TemplateCatalog.Licenses.Select(l => new CompletionItem(l.ToLowerInvariant())).Append(new CompletionItem(NoLicense)));
            OptionValues.Restrict(Kind, "app", "lib", "service");
        }

        public Argument<string?> Template { get; } = new("template")
        {
            HelpName = "TEMPLATE",
            Description = "A language, a template of yours, a folder with a template.yaml, or the URL of a git repository",
            Arity = ArgumentArity.ZeroOrOne,
        };

        public Argument<string?> Name { get; } = new("name") { HelpName = "NAME", Description = "The project's name, and that of its folder: a to z, 0 to 9, - and _", Arity = ArgumentArity.ZeroOrOne };

        public Option<string> Kind { get; } = new("--kind", "-k") { Description = "What it is to be; otherwise what the template makes first", HelpName = "KIND" };

        public Option<string?> License { get; } = new("--license", "-l") { Description = "Its licence by its SPDX id, such as mit or apache-2.0 [default: none]", HelpName = "ID" };

        public Option<string?> Author { get; } = new("--author") { Description = "Who holds the copyright [default: The NAME authors]", HelpName = "WHO" };

        public Option<string[]> Parameters { get; } = new("--param", "-p") { Description = "Set a parameter of the template; may be repeated", HelpName = "PARAM=VALUE" };

        public Option<string?> Directory { get; } = new("--directory", "-C") { Description = "The folder to make it in; otherwise this one", HelpName = "DIR" };

        public ToolchainChoice Programs { get; } = new();

        public Option<bool> DryRun { get; } = new("--dry-run") { Description = "List the files, and write nothing" };

        public Option<bool> List { get; } = new("--list") { Description = "List the templates, or the parameters of one" };

        public Option<bool> Json { get; } = new("--json") { Description = "With --list: print JSON" };
    }
}
