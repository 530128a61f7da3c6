using System.Text;

using Cairn.Engine.Configuration;

namespace Cairn.Cli.CommandLine;

/// <summary>The page <c>docs/reference/configuration.md</c>, from the table of settings.</summary>
internal static class SettingsReference
{
    public static string Render()
    {
        var page = new StringBuilder("""
            # Configuration

            This page is generated from the table of settings; `CAIRN_UPDATE_GOLDEN=1 ./test` rewrites it.

            Settings stand in two YAML (or JSON) files:

            | level | file | |
            |---|---|---|
            | user | `~/.config/cairn/config.yaml` | all of a user's projects; `XDG_CONFIG_HOME` is honoured |
            | project | `.cairn/config.yaml` | one working tree; git ignores it, and it wins over the user's |

            Options of a command line win over both. What a team shares belongs into the pipeline, which is committed: `max_parallel` there,
            for instance. `cairn config set` changes one value and keeps comments and order; an unknown key or a wrong value is refused
            with its place and the nearest right one.

            ```yaml
            run:
              max_parallel: 4
              view: plain
            color: never
            ```

            | key | takes | default | |
            |---|---|---|---|

            """);
        foreach (var key in SettingKeys.All)
        {
            page.Append($"| `{key.Name}` | {key.TypeText} | {(key.DefaultText.Length > 0 ? $"`{key.DefaultText}`" : "")} | {key.Description}{(key.UserOnly ? " User level only." : "")} |\n");
        }

        return page.ToString();
    }
}
