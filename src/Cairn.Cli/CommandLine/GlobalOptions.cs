using System.CommandLine;

using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Configuration;

namespace Cairn.Cli.CommandLine;

/// <summary>
/// The options of every command. They change the services that a command is built with, so they are read before the tree is built; the
/// tree declares them for help, completion and refusal of mistakes. <c>-C</c> belongs to the commands that have a project; before the
/// command (<c>cairn -C DIR run</c>) it means the same.
/// </summary>
internal static class GlobalOptions
{
    public static Option[] Create() =>
    [
        new Option<string>("--color") { HelpName = "WHEN", Description = "When to use colour: auto, always or never", Recursive = true }.AcceptOnlyFromAmong("auto", "always", "never"),
        new Option<bool>("--no-color") { Description = "The same as --color=never", Recursive = true },
        new Option<bool>("--help", "-h") { Description = "Show help", Recursive = true },
    ];

    private static Option<string> AcceptOnlyFromAmong(this Option<string> option, params string[] values)
    {
        OptionValues.Restrict(option, values);
        return option;
    }

    /// <summary>Applies them.</summary>
    public static CommandServices Apply(IReadOnlyList<string> args, CommandServices services)
    {
        string? color = null;
        for (var i = 0; i < args.Count && args[i] != "--"; i++)
        {
            if (args[i] == "--no-color")
            {
                color = "never";
            }
            else if (Value(args, ref i, "--color", null) is { } when)
            {
                color = when;
            }
        }

        color ??= ConfiguredColor(services);
        return color is null ? services : services with { Terminal = Recolor(services, color) };
    }

    /// <summary>Moves a <c>-C DIR</c> that stands before the command behind it, to the end of its options.</summary>
    public static List<string> MoveDirectory(IReadOnlyList<string> args)
    {
        var result = new List<string>(args);
        var first = FirstWord(result);
        for (var i = 0; i < first; i++)
        {
            var at = i;
            if (Value(result, ref i, "--directory", "-C") is { } directory)
            {
                result.RemoveRange(at, i - at + 1);
                var literal = result.IndexOf("--");
                result.InsertRange(literal < 0 ? result.Count : literal, ["--directory", directory]);
                break;
            }
        }

        return result;
    }

    /// <summary>The index of the first word that is neither a global option nor its value, or -1.</summary>
    public static int FirstWord(IReadOnlyList<string> args)
    {
        for (var i = 0; i < args.Count; i++)
        {
            if (args[i] is "--no-color" or "--help" or "-h" || Value(args, ref i, "--directory", "-C") is not null || Value(args, ref i, "--color", null) is not null)
            {
                continue;
            }

            return i;
        }

        return -1;
    }

    /// <summary>The value of an option at a place: <c>--name value</c>, <c>--name=value</c>, <c>-Nvalue</c>; the index then stands on its last word.</summary>
    private static string? Value(IReadOnlyList<string> args, ref int index, string name, string? alias)
    {
        var word = args[index];
        if (word == name || (alias is not null && word == alias))
        {
            return index + 1 < args.Count ? args[++index] : null;
        }

        if (word.Length > name.Length && word.StartsWith(name, StringComparison.Ordinal) && word[name.Length] is '=' or ':')
        {
            return word[(name.Length + 1)..];
        }

        return alias is not null && word.Length > 2 && word.StartsWith(alias, StringComparison.Ordinal) ? word[2..].TrimStart('=') : null;
    }

    private static string? ConfiguredColor(CommandServices services)
    {
        if (services.Variable("NO_COLOR") is not null || SettingsLoader.UserPath(services.Variable) is not { } path || !File.Exists(path))
        {
            return null;
        }

        // Mistakes in the file are shown by the commands that use it.
        var color = SettingsLoader.Load(path, SettingsLoader.ProjectPath(services.CurrentDirectory), new DiagnosticBag()).Color;
        return color switch
        {
            ColorMode.Always => "always",
            ColorMode.Never => "never",
            _ => null,
        };
    }

    private static TerminalInfo Recolor(CommandServices services, string color)
    {
        if (color == "auto")
        {
            return services.Terminal;
        }

        var environment = new Dictionary<string, string>(services.Environment, StringComparer.Ordinal);
        foreach (var name in (ReadOnlySpan<string>)["NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR"])
        {
            environment.Remove(name);
        }

        environment[color == "always" ? "CLICOLOR_FORCE" : "NO_COLOR"] = "1";
        var terminal = services.Terminal;
        return new TerminalInfo(environment, terminal.OutIsTerminal, terminal.ErrorIsTerminal, () => terminal.Size);
    }
}
