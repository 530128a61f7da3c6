using System.Text;

using Cairn.Core;
using Cairn.Engine.Configuration;
using Cairn.Engine.Handlers;

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

        page.Append("""

            ## Handlers

            `handlers`, of the user's file only, is a mapping of names to handlers: see [events and handlers](../guide/events.md).

            | key | of | takes | default | |
            |---|---|---|---|---|
            | `file` | | an absolute path, or one that begins with `~/` | | Appends a line for each event. |
            | `webhook` | | an address with `https://`; with `http://` only on this machine | | Posts each event, signed. |
            | `command` | | a list of a program, absolute or of PATH, and its arguments | | Runs it for each event, which is its standard input. |
            | `events` | all | a list of [names](events.md#names) with `*` for any characters | | The events that it is told of. Required. |
            | `pipelines` | all | a list of names, likewise | all | Of which pipelines. |
            | `branches` | all | a list of names, likewise | all | Of runs on which branches. |

            """);
        page.Append($"| `drain` | all | a duration, at most {Durations.Format(HandlerLimits.DrainMax)} | `{Durations.Format(HandlerLimits.DrainDefault)}` | How long a run waits for it at its end. |\n");
        page.Append($"| `rotate` | file | a size, at least {HandlerLimits.RotateBytesMin >> 10}KiB | `{HandlerLimits.RotateBytesDefault >> 20}MiB` | At which size the file is set aside as `.1`. |\n");
        page.Append($"| `keep` | file | a whole number from 1 to {HandlerLimits.KeepMax} | `{HandlerLimits.KeepDefault}` | How many that were set aside are kept. |\n");
        page.Append("| `secret` | webhook | `{ file: PATH }` or `{ env: NAME }` | | Where the key of the signature comes from. Required. |\n");
        page.Append($"| `timeout` | webhook, command | a duration, at most {Durations.Format(HandlerLimits.TimeoutMax)} | `{Durations.Format(HandlerLimits.WebhookTimeoutDefault)}`, `{Durations.Format(HandlerLimits.CommandTimeoutDefault)}` | How long one try may take. |\n");
        page.Append($"| `parallel` | command | a whole number from 1 to {HandlerLimits.CommandsMax} | `1` | How many run at once. |\n");
        return page.ToString();
    }
}
