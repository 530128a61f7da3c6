using System.Collections.Immutable;
using System.CommandLine;
using System.Text;

using Cairn.Cli.Doctor;
using Cairn.Cli.Graph;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn doctor</c>.</summary>
internal static class DoctorCommand
{
    public static Command Create(CommandServices services)
    {
        var project = new ProjectOptions();
        var json = new Option<bool>("--json") { Description = "Print the checks as a JSON list" };
        var command = new Command("doctor", "See what this machine can do and what is missing") { project.Directory, json };
        command.SetAction(async (parse, _) =>
        {
            if (project.Resolve(services, parse, withFile: false) is not { } resolved)
            {
                return ExitCodes.Usage;
            }

            var checks = await Checks.RunAsync(new Machine(services, resolved.Directory));
            return Show(checks, parse.GetValue(json), services);
        });
        return command;
    }

    private static int Show(ImmutableArray<Check> checks, bool json, CommandServices services)
    {
        if (json)
        {
            ShowJson(checks, services);
        }
        else
        {
            services.Out.Write(Text(checks, services.Terminal));
        }

        return checks.Any(c => c.Status == CheckStatus.Missing) ? ExitCodes.Internal : ExitCodes.Success;
    }

    /// <summary>The checks under their headings, each with what mends it.</summary>
    internal static string Text(ImmutableArray<Check> checks, TerminalInfo terminal)
    {
        var style = Style.OfOutput(terminal);
        var color = style.Color;
        var titles = checks.Max(c => c.Title.Length);
        var text = new StringBuilder();
        foreach (var group in checks.GroupBy(c => c.Group, StringComparer.Ordinal))
        {
            text.Append(text.Length > 0 ? "\n" : "").Append(Paint("1", group.Key)).Append('\n');
            foreach (var check in group)
            {
                var (sign, ink) = check.Status switch
                {
                    CheckStatus.Ok => (style.Good, "32"),
                    CheckStatus.Note => (style.Note, "33"),
                    _ => (style.Bad, "31"),
                };
                text.Append("  ").Append(Paint(ink, sign)).Append(' ').Append(check.Title.PadRight(titles)).Append("  ").Append(AnsiText.Clean(check.Detail)).Append('\n');
                if (check.Fix is { } fix && check.Status != CheckStatus.Ok)
                {
                    text.Append(' ', titles + 6).Append(Paint("36", fix)).Append('\n');
                }
            }
        }

        var missing = checks.Count(c => c.Status == CheckStatus.Missing);
        var notes = checks.Count(c => c.Status == CheckStatus.Note);
        text.Append('\n').Append(missing > 0 ? Paint("31", $"{missing} missing") : "Everything that Cairn needs is here");
        return text.Append(notes > 0 ? $"; {SvgGraph.Count(notes, "note")}" : "").Append('\n').ToString();

        string Paint(string code, string content) => color ? $"\e[{code}m{content}\e[0m" : content;
    }

    private static void ShowJson(ImmutableArray<Check> checks, CommandServices services) => JsonOutput.Write(services, json =>
    {
        json.WriteStartArray();
        foreach (var check in checks)
        {
            json.WriteStartObject();
            json.WriteString("id", check.Id);
            json.WriteString("title", check.Title);
            json.WriteString("status", check.Status switch
            {
                CheckStatus.Ok => "ok",
                CheckStatus.Note => "note",
                _ => "missing",
            });
            json.WriteString("detail", check.Detail);
            if (check.Fix is { } fix)
            {
                json.WriteString("fix", fix);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
