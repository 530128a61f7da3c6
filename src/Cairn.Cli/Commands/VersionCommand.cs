using System.CommandLine;
using System.Text.Json;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn version [--json]</c>; without an option the start-up's fast path answers.</summary>
internal static class VersionCommand
{
    public static Command Create(CommandServices services)
    {
        var json = new Option<bool>("--json") { Description = "Print version, commit, runtime and system as JSON" };
        var command = new Command("version", "Print the version") { json };
        command.SetAction(parse =>
        {
            if (parse.GetValue(json))
            {
                JsonOutput.Write(services, WriteJson);
            }
            else
            {
                services.OutBytes.Write(BuildInfo.Line);
            }

            return ExitCodes.Success;
        });
        return command;
    }

    private static void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("version", BuildInfo.Version);
        if (BuildInfo.Commit.Length > 0)
        {
            json.WriteString("commit", BuildInfo.Commit);
        }

        json.WriteString("runtime", BuildInfo.Runtime);
        json.WriteString("system", BuildInfo.System);
        json.WriteEndObject();
    }
}
