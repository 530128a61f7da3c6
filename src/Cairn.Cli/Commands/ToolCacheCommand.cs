using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;

using Cairn.Cli.Graph;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Store.Tools;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn store tools list|release|gc</c>: the folders that <c>cache: paths</c> keeps for package managers and compilers.</summary>
internal sealed class ToolCacheCommand
{
    private readonly CommandServices _services;
    private readonly Option<bool> _json;
    private readonly Func<ParseResult, string?> _store;

    private ToolCacheCommand(CommandServices services, Option<bool> json, Func<ParseResult, string?> store)
    {
        _services = services;
        _json = json;
        _store = store;
    }

    /// <summary>Builds it.</summary>
    /// <param name="services">What it takes from the world.</param>
    /// <param name="json">The option of <c>cairn store</c>.</param>
    /// <param name="store">Finds the store; null after telling why there is none.</param>
    public static Command Create(CommandServices services, Option<bool> json, Func<ParseResult, string?> store)
    {
        var tools = new ToolCacheCommand(services, json, store);
        return new Command("tools", "List, give up and tidy tool caches: the folders that cache: paths keeps for steps") { tools.CreateList(), tools.CreateRelease(), tools.CreateCollect() };
    }

    private Command CreateList()
    {
        var command = new Command("list", "Show every tool cache, its size and who uses it");
        command.SetAction(parsed => With(parsed, caches =>
        {
            var infos = caches.List();
            _services.OutBytes.Write(parsed.GetValue(_json) ? JsonOutput.ToBytes(writer => WriteInfos(writer, infos)) : Table(infos, _services).Span);
            return ExitCodes.Success;
        }));
        return command;
    }

    private Command CreateRelease()
    {
        var name = new Argument<string>("NAME") { Description = "The cache's name in the pipeline" };
        var project = new Option<string?>("--project") { Description = "Only for this project; a cache that others use stays", HelpName = "DIR" };
        var command = new Command("release", "Give a tool cache up; it is removed when no project uses it") { name, project };
        command.SetAction(parsed => With(parsed, caches =>
        {
            var (asked, of) = (parsed.GetValue(name)!, parsed.GetValue(project));
            var directory = of is null ? null : Path.GetFullPath(of, _services.CurrentDirectory);
            if (caches.Release(asked, directory) is { } removal)
            {
                return Report(removal, parsed.GetValue(_json), _services);
            }

            var names = caches.List().Select(info => info.Name).Distinct(StringComparer.Ordinal).ToList();
            var message = names.Contains(asked) ? $"`{directory}` does not use the tool cache `{asked}`" : $"There is no tool cache `{asked}`";
            var nearest = Suggestions.Nearest(asked, names.Where(other => other != asked));
            return DiagnosticPrinter.Usage(_services, message, nearest is null ? "`cairn store tools list` shows them all" : $"did you mean `{nearest}`?");
        }));
        return command;
    }

    private Command CreateCollect()
    {
        var command = new Command("gc", "Remove tool caches that nobody uses, and what is over a quota");
        command.SetAction(parsed => With(parsed, caches => Report(caches.Collect(_services.Time.GetUtcNow()), parsed.GetValue(_json), _services)));
        return command;
    }

    private int With(ParseResult parsed, Func<ToolCaches, int> action)
    {
        if (_store(parsed) is not { } store)
        {
            return ExitCodes.Usage;
        }

        try
        {
            return action(new ToolCaches(store));
        }
        catch (BrokenPipeException)
        {
            return ExitCodes.Success;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            DiagnosticPrinter.Problem(_services, exception.Message, $"look at `{Path.Combine(store, "tools")}`");
            return ExitCodes.Internal;
        }
    }

    private static ByteText Table(ImmutableArray<ToolCacheInfo> infos, CommandServices services)
    {
        var text = new ByteText();
        if (infos.IsEmpty)
        {
            return text.Line("No tool caches; a step declares one with `cache: paths`");
        }

        var now = services.Time.GetUtcNow();
        var table = new Table("NAME", "SIZE", "QUOTA", "FILES", "USED", "", "BY");
        foreach (var info in infos)
        {
            var over = info.SizeBytes > info.QuotaBytes;
            var first = info.Owners.IsEmpty ? "nobody" : info.Owners[0].Project ?? "a damaged record";
            table.Add(
                (info.Name, Ink.Plain),
                (Words.Bytes(info.SizeBytes), over ? Ink.Warning : Ink.Plain),
                (Words.Bytes(info.QuotaBytes), Ink.Dim),
                ($"{info.Files}", Ink.Plain),
                (info.InUse ? "now" : info.LastUsed is { } used ? Words.Ago(used, now) : "", info.InUse ? Ink.Accent : Ink.Plain),
                ($"{(info.Shared ? "shared" : "private")}{(info.Sandboxed ? ", sandbox" : "")}", Ink.Dim),
                (info.Owners.Length > 1 ? $"{first} and {info.Owners.Length - 1} more" : first, info.Owners.IsEmpty ? Ink.Warning : Ink.Plain));
        }

        table.AppendTo(text, Style.OfOutput(services.Terminal), indent: 0);
        return text;
    }

    private static int Report(ToolCacheRemoval removal, bool asJson, CommandServices services)
    {
        if (asJson)
        {
            JsonOutput.Write(services, writer =>
            {
                writer.WriteStartObject();
                writer.WriteNumber("owners", removal.Owners);
                writer.WritePropertyName("removed");
                WriteInfos(writer, removal.Removed);
                writer.WriteNumber("trimmed_bytes", removal.TrimmedBytes);
                writer.WriteStartArray("in_use");
                foreach (var name in removal.InUse)
                {
                    writer.WriteStringValue(name);
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            });
            return ExitCodes.Success;
        }

        var text = new ByteText();
        foreach (var info in removal.Removed)
        {
            text.Append("removed ").Append(AnsiText.Clean(info.Name)).Append(", ").Line(Words.Bytes(info.SizeBytes));
        }

        foreach (var name in removal.InUse)
        {
            text.Append("in use ").Append(AnsiText.Clean(name)).Line(": a step works with it; the next `cairn store tools gc` removes it");
        }

        if (removal.TrimmedBytes > 0)
        {
            text.Append("trimmed ").Append(Words.Bytes(removal.TrimmedBytes)).Line(" to keep quotas");
        }

        if (text.Length == 0)
        {
            text.Line(removal.Owners > 0 ? $"released by {SvgGraph.Count(removal.Owners, "project")}; others use it still" : "Nothing to remove");
        }

        services.OutBytes.Write(text.Span);
        return ExitCodes.Success;
    }

    private static void WriteInfos(Utf8JsonWriter json, ImmutableArray<ToolCacheInfo> infos)
    {
        json.WriteStartArray();
        foreach (var info in infos)
        {
            json.WriteStartObject();
            json.WriteString("name", info.Name);
            json.WriteBoolean("shared", info.Shared);
            json.WriteBoolean("sandboxed", info.Sandboxed);
            json.WriteString("directory", info.Directory);
            json.WriteNumber("bytes", info.SizeBytes);
            json.WriteNumber("files", info.Files);
            json.WriteNumber("quota_bytes", info.QuotaBytes);
            json.WriteBoolean("in_use", info.InUse);
            json.WriteStartArray("owners");
            foreach (var owner in info.Owners)
            {
                json.WriteStartObject();
                if (owner.Project is { } project)
                {
                    json.WriteString("project", project);
                }

                json.WriteString("last_used", owner.LastUsed);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
