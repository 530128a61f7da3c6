using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Completions;

using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Configuration;
using Cairn.Engine.Handlers;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn events handlers|test|flush|tail</c>.</summary>
internal static class EventsCommand
{
    public static Command Create(CommandServices services) => new("events", "Follow the events of a run, and see who is told of them")
    {
        EventsTail.Create(services),
        CreateHandlers(services),
        CreateTest(services),
        CreateFlush(services),
    };

    private static Command CreateHandlers(CommandServices services)
    {
        var json = new Option<bool>("--json") { Description = "Print a JSON list" };
        var command = new Command("handlers", "List the handlers of your configuration, and how they have fared") { json };
        command.SetAction(parsed =>
        {
            if (Load(services) is not { } handlers)
            {
                return ExitCodes.Usage;
            }

            var control = Control(services);
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(services, writer => HandlersText.WriteJson(writer, handlers, control));
                return ExitCodes.Success;
            }

            var text = new ByteText();
            if (handlers.IsEmpty)
            {
                text.Line($"No handlers; write some into {SettingsLoader.UserPath(services.Variable) ?? "~/.config/cairn/config.yaml"}:").Line();
                text.Line("handlers:").Line("  chat:").Line("    webhook: https://chat.example.org/hooks/cairn").Line("    secret: { file: ~/.config/cairn/chat.key }").Line("    events: [pipeline.failed]");
            }
            else
            {
                HandlersText.Append(text, handlers, control, services.Time.GetUtcNow(), Style.OfOutput(services.Terminal));
            }

            services.OutBytes.Write(text.Span);
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command CreateTest(CommandServices services)
    {
        var name = HandlerArgument(services, "The handler");
        var command = new Command("test", "Send a test event to a handler, once, and say what it answered") { name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (Load(services) is not { } handlers || Find(services, handlers, parsed.GetValue(name)!) is not { } handler)
            {
                return ExitCodes.Usage;
            }

            var now = services.Time.GetUtcNow();
            var result = await Control(services).TestAsync(handler, $"test-{now.ToUnixTimeMilliseconds()}.1", cancellationToken);
            var text = new ByteText();
            var style = Style.OfOutput(services.Terminal);
            style.Write(text, result.IsDelivered ? Ink.Good : Ink.Bad, result.IsDelivered ? style.Good : style.Bad).Append(" ");
            text.Append(AnsiText.Clean($"{handler.Name} ({handler.Target}) {(result.IsDelivered ? "took it" : "did not take it")}: {result.Detail}, {Words.Duration(result.Took)}")).Line();
            if (handler is HandlerSettings.Command && File.Exists(Path.Combine(Control(services).FolderOf(handler.Name), "log")))
            {
                style.Write(text, Ink.Dim, $"  what it printed: {Path.Combine(Control(services).FolderOf(handler.Name), "log")}").Line();
            }

            services.OutBytes.Write(text.Span);
            return result.IsDelivered ? ExitCodes.Success : ExitCodes.StepFailed;
        });
        return command;
    }

    private static Command CreateFlush(CommandServices services)
    {
        var name = HandlerArgument(services, "Only this handler");
        name.Arity = ArgumentArity.ZeroOrOne;
        var command = new Command("flush", "Send the events that wait for handlers now, and not with the next run") { name };
        command.SetAction(async (parsed, _) =>
        {
            if (Load(services) is not { } handlers)
            {
                return ExitCodes.Usage;
            }

            if (parsed.GetValue(name) is { } only)
            {
                if (Find(services, handlers, only) is not { } handler)
                {
                    return ExitCodes.Usage;
                }

                handlers = [handler];
            }

            var reports = await Control(services).FlushAsync(handlers, $"flush-{services.Time.GetUtcNow().ToUnixTimeMilliseconds()}");
            var text = new ByteText();
            foreach (var report in reports)
            {
                text.Append(AnsiText.Clean($"{report.Handler} ({report.Target}): {report.Delivered} delivered")).Line();
            }

            text.Append(reports.IsEmpty ? "Nothing waits\n" : "");
            services.OutBytes.Write(text.Span);
            HandlerProblems.Print(services, reports);
            return reports.Any(static report => report.Waiting + report.Refused + report.Lost > 0) ? ExitCodes.StepFailed : ExitCodes.Success;
        });
        return command;
    }

    private static Argument<string> HandlerArgument(CommandServices services, string description)
    {
        var name = new Argument<string>("HANDLER") { Description = description };
        name.CompletionSources.Add(_ => Read(services, new DiagnosticBag()).Settings.Handlers.Select(static handler => new CompletionItem(handler.Name)));
        return name;
    }

    private static HandlerControl Control(CommandServices services) => new(UserFolders.State(services.Variable), BuildInfo.Version, services.Time);

    private static LoadedSettings Read(CommandServices services, DiagnosticBag mistakes) => SettingsLoader.LoadUser(SettingsLoader.UserPath(services.Variable), mistakes);

    /// <summary>The handlers of the user's configuration; null after telling what is wrong with it.</summary>
    private static ImmutableArray<HandlerSettings>? Load(CommandServices services)
    {
        var mistakes = new DiagnosticBag();
        var loaded = Read(services, mistakes);
        DiagnosticPrinter.Print(services, mistakes.ToSorted(), loaded.Sources);
        return mistakes.HasErrors ? null : loaded.Settings.Handlers;
    }

    private static HandlerSettings? Find(CommandServices services, ImmutableArray<HandlerSettings> handlers, string name)
    {
        foreach (var handler in handlers)
        {
            if (string.Equals(handler.Name, name, StringComparison.Ordinal))
            {
                return handler;
            }
        }

        var nearest = Suggestions.Nearest(name, handlers.Select(static handler => handler.Name));
        DiagnosticPrinter.Usage(services, $"There is no handler `{name}`", nearest is null ? "`cairn events handlers` lists them" : $"did you mean `{nearest}`?");
        return null;
    }
}
