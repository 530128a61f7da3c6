using System.CommandLine;
using System.Text;

namespace Cairn.Cli.CommandLine;

/// <summary>The page <c>docs/reference/commands.md</c>, from the same tree that parses.</summary>
internal static class CommandReference
{
    public static string Render(CommandServices services)
    {
        var page = new StringBuilder("# Commands\n\nThis page is generated from the command tree; `CAIRN_UPDATE_GOLDEN=1 ./test` rewrites it.\n\n");
        foreach (var group in CommandCatalog.All.GroupBy(e => e.Group, StringComparer.Ordinal))
        {
            page.Append("**").Append(group.Key).Append("**: ").AppendJoin(", ", group.Select(e => $"[{e.Name}](#cairn-{e.Name})")).Append("\n\n");
        }

        page.Append("## Options of every command\n\n");
        Options(page, GlobalOptions.Create());
        page.Append("\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
        foreach (var (code, meaning) in HelpText.Exits)
        {
            page.Append("| ").Append(code).Append(" | ").Append(meaning).Append(" |\n");
        }

        page.Append("\n[exit-codes.md](exit-codes.md) says what each command makes of them.\n");
        var root = CommandRunner.BuildRoot(services, only: null);
        foreach (var command in root.Subcommands)
        {
            if (!command.Hidden)
            {
                Section(page, command, CommandCatalog.Find(command.Name)!, "##");
            }
        }

        return page.ToString();
    }

    private static void Section(StringBuilder page, Command command, CommandEntry entry, string level)
    {
        page.Append('\n').Append(level).Append(' ').Append(UsageErrors.PathOf(command)).Append("\n\n").Append(command.Description).Append("\n\n");
        if (level == "##" && entry.Details is { } details)
        {
            page.Append(details).Append("\n\n");
        }

        page.Append("```\n").Append(HelpText.UsageOf(command)).Append("\n```\n");
        if (command.Arguments.Any(a => !a.Hidden))
        {
            page.Append("\n| argument | |\n|---|---|\n");
            foreach (var argument in command.Arguments.Where(a => !a.Hidden))
            {
                page.Append("| `").Append((argument.HelpName ?? argument.Name).ToUpperInvariant()).Append("` | ").Append(Cell(HelpText.Describe(argument))).Append(" |\n");
            }
        }

        if (command.Options.Any(o => !o.Hidden))
        {
            page.Append('\n');
            Options(page, command.Options);
        }

        if (level == "##")
        {
            page.Append("\n```sh\n");
            foreach (var (line, meaning) in entry.Examples)
            {
                page.Append(line).Append("    # ").Append(meaning).Append('\n');
            }

            page.Append("```\n");
        }

        foreach (var child in command.Subcommands.Where(c => !c.Hidden))
        {
            Section(page, child, entry, "###");
        }
    }

    private static void Options(StringBuilder page, IEnumerable<Option> options)
    {
        page.Append("| option | |\n|---|---|\n");
        foreach (var option in options.Where(o => !o.Hidden))
        {
            page.Append("| `").Append(HelpText.Label(option).Trim()).Append("` | ").Append(Cell(HelpText.Describe(option))).Append(" |\n");
        }
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
