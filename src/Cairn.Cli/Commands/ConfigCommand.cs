using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Completions;
using System.Text;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Engine.Configuration;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn config get|set|list|path</c>.</summary>
internal static class ConfigCommand
{
    public static Command Create(CommandServices services) => new("config", "Get and set options that stay")
    {
        CreateGet(services),
        CreateSet(services),
        CreateList(services),
        CreatePath(services),
    };

    private static Argument<string> CreateKey()
    {
        var key = new Argument<string>("key") { HelpName = "KEY", Description = "The setting: section.key" };
        key.CompletionSources.Add(_ => SettingKeys.All.Select(k => new CompletionItem(k.Name, detail: k.Description)));
        return key;
    }

    private static Option<bool> CreateUser(string description) => new("--user", "-u") { Description = description };

    private static Command CreateGet(CommandServices services)
    {
        var key = CreateKey();
        var project = new ProjectOptions();
        var command = new Command("get", "Print the value of a setting") { key, project.Directory };
        command.SetAction(parse =>
        {
            if (SettingKeys.Find(parse.GetValue(key)!) is not { } known)
            {
                return UnknownKey(parse.GetValue(key)!, command, services);
            }

            if (Load(services, parse, project) is not { } loaded)
            {
                return ExitCodes.Usage;
            }

            var value = loaded.Values.First(v => v.Key == known);
            services.Out.Write(value.Text.Length > 0 ? value.Text + "\n" : "");
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command CreateSet(CommandServices services)
    {
        var key = CreateKey();
        var value = new Argument<string>("value") { HelpName = "VALUE", Description = "What it shall be" };
        var user = CreateUser("Set it for all of the user's projects and not for this one");
        var project = new ProjectOptions();
        var command = new Command("set", "Set a setting, keeping the file's comments and order") { key, value, user, project.Directory };
        command.SetAction(parse => project.Resolve(services, parse, withFile: false) is { } resolved
            ? Set(parse.GetValue(key)!, parse.GetValue(value)!, parse.GetValue(user) ? null : resolved.Directory, command, services)
            : ExitCodes.Usage);
        return command;
    }

    private static int Set(string name, string text, string? project, Command command, CommandServices services)
    {
        if (SettingKeys.Find(name) is not { } key)
        {
            return UnknownKey(name, command, services);
        }

        if (!key.TryApply(Settings.Default, text, out _, out var mistake))
        {
            var nearest = Suggestions.Nearest(text, key.Choices);
            return UsageErrors.Report(services, mistake, nearest is null ? null : $"did you mean `{nearest}`?", command);
        }

        if (key.UserOnly && project is not null)
        {
            return UsageErrors.Report(services, $"`{name}` is a matter of the user, not of a project", $"cairn config set --user {name} {text}", command);
        }

        var path = project is null ? SettingsLoader.UserPath(services.Variable) : SettingsLoader.ProjectPath(project);
        if (path is null)
        {
            return UsageErrors.Report(services, "There is no home folder", "set HOME or XDG_CONFIG_HOME", command);
        }

        var diagnostics = new DiagnosticBag();
        try
        {
            if (SettingsEditor.Set(path, key, text, diagnostics))
            {
                return ExitCodes.Success;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            DiagnosticPrinter.Problem(services, $"`{path}` cannot be written{(exception is UnauthorizedAccessException ? ": permission denied" : "")}");
            return ExitCodes.Internal;
        }

        var sources = ImmutableDictionary<string, SourceText>.Empty;
        if (File.Exists(path) && YamlReader.Decode(path, File.ReadAllBytes(path), new DiagnosticBag()) is { } source)
        {
            sources = sources.Add(path, source);
        }

        DiagnosticPrinter.Print(services, diagnostics.ToSorted(), sources);
        return ExitCodes.Usage;
    }

    private static Command CreateList(CommandServices services)
    {
        var json = new Option<bool>("--json") { Description = "Print a JSON list" };
        var project = new ProjectOptions();
        var command = new Command("list", "Show every setting, its value and where that comes from") { json, project.Directory };
        command.SetAction(parse =>
        {
            if (Load(services, parse, project) is not { } loaded)
            {
                return ExitCodes.Usage;
            }

            if (parse.GetValue(json))
            {
                ListJson(loaded, services);
            }
            else
            {
                List(loaded, services);
            }

            return ExitCodes.Success;
        });
        return command;
    }

    private static void List(LoadedSettings loaded, CommandServices services)
    {
        var names = loaded.Values.Max(v => v.Key.Name.Length);
        var values = Math.Min(30, loaded.Values.Max(v => v.Text.Length));
        var color = services.Terminal.OutColor != ColorLevel.None;
        var (dim, bold, end) = color ? ("\e[2m", "\e[1m", "\e[0m") : ("", "", "");
        var text = new StringBuilder();
        foreach (var (key, value, level) in loaded.Values)
        {
            var shown = AnsiText.Clean(value.Length > 0 ? value : "-").PadRight(values);
            text.Append(key.Name.PadRight(names)).Append("  ").Append(level == SettingLevel.Default ? shown : $"{bold}{shown}{end}").Append("  ");
            text.Append(dim).Append(LevelName(level).PadRight(7)).Append("  ").Append(key.Description).Append(end).Append('\n');
        }

        services.Out.Write(text);
    }

    private static void ListJson(LoadedSettings loaded, CommandServices services) => JsonOutput.Write(services, json =>
    {
        json.WriteStartArray();
        foreach (var (key, value, level) in loaded.Values)
        {
            json.WriteStartObject();
            json.WriteString("key", key.Name);
            if (value.Length > 0)
            {
                json.WriteString("value", value);
            }

            json.WriteString("from", LevelName(level));
            json.WriteString("takes", key.TypeText);
            json.WriteString("description", key.Description);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static Command CreatePath(CommandServices services)
    {
        var user = CreateUser("The user's file and not the project's");
        var project = new ProjectOptions();
        var command = new Command("path", "Print where the configuration file is, whether it exists or not") { user, project.Directory };
        command.SetAction(parse =>
        {
            if (project.Resolve(services, parse, withFile: false) is not { } resolved)
            {
                return ExitCodes.Usage;
            }

            var path = parse.GetValue(user) ? SettingsLoader.UserPath(services.Variable) : SettingsLoader.ProjectPath(resolved.Directory);
            if (path is null)
            {
                return UsageErrors.Report(services, "There is no home folder", "set HOME or XDG_CONFIG_HOME", command);
            }

            services.Out.Write(path + "\n");
            return ExitCodes.Success;
        });
        return command;
    }

    private static LoadedSettings? Load(CommandServices services, ParseResult parse, ProjectOptions options)
    {
        if (options.Resolve(services, parse, withFile: false) is not { Directory: var project })
        {
            return null;
        }

        var diagnostics = new DiagnosticBag();
        var loaded = SettingsLoader.LoadWithOrigins(SettingsLoader.UserPath(services.Variable), SettingsLoader.ProjectPath(project), diagnostics);
        DiagnosticPrinter.Print(services, diagnostics.ToSorted(), loaded.Sources);
        return diagnostics.HasErrors ? null : loaded;
    }

    private static int UnknownKey(string name, Command command, CommandServices services) =>
        UsageErrors.Report(services, $"There is no setting `{name}`", SettingsLoader.Hint(name), command);

    private static string LevelName(SettingLevel level) => level switch
    {
        SettingLevel.User => "user",
        SettingLevel.Project => "project",
        _ => "default",
    };
}
