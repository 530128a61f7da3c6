using System.Collections.Immutable;
using System.CommandLine;

using Cairn.Cli.Terminal;
using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Engine;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn events tail</c>: the record of a run, and what is added to it until the run ends.</summary>
internal static class EventsTail
{
    private const int ReadBytes = 64 << 10;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    public static Command Create(CommandServices services)
    {
        var run = new Argument<string>("RUN") { Description = "An id, a unique part of one, last, or last~2", DefaultValueFactory = _ => "last" };
        var only = new Option<string[]>("--only") { HelpName = "PATTERN", Description = "Only events with such a name: step.*, pipeline.failed; may be given again", AllowMultipleArgumentsPerToken = false };
        var json = new Option<bool>("--json") { Description = "Print the events as they stand in the record, one JSON object a line" };
        var project = new ProjectOptions();
        var command = new Command("tail", "Show the events of a run, and go on until it ends") { run, only, json, project.Directory };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (project.Resolve(services, parsed, withFile: false) is not { } resolved || Patterns(services, parsed.GetValue(only) ?? []) is not { } patterns)
            {
                return ExitCodes.Usage;
            }

            var history = new RunHistory(resolved.Directory);
            if (RunsCommand.Resolve(services, history, parsed.GetValue(run)!) is not { } id)
            {
                return ExitCodes.Usage;
            }

            try
            {
                return await TailAsync(services, history, id, patterns, parsed.GetValue(json), cancellationToken);
            }
            catch (BrokenPipeException)
            {
                return ExitCodes.Success;
            }
            catch (OperationCanceledException)
            {
                return ExitCodes.Cancelled;
            }
        });
        return command;
    }

    private static ImmutableArray<NamePattern>? Patterns(CommandServices services, string[] texts)
    {
        foreach (var text in texts)
        {
            if (!NamePattern.IsAnyMatch([new NamePattern(text)], EventNames.All.AsSpan()))
            {
                var nearest = Suggestions.Nearest(text, EventNames.All);
                DiagnosticPrinter.Usage(services, $"No event is called `{text}`", nearest is null ? $"there are {string.Join(", ", EventNames.All)}" : $"did you mean `{nearest}`?");
                return null;
            }
        }

        return [.. texts.Select(static text => new NamePattern(text))];
    }

    private static async Task<int> TailAsync(CommandServices services, RunHistory history, RunId id, ImmutableArray<NamePattern> patterns, bool json, CancellationToken cancellationToken)
    {
        using var reader = history.OpenEvents(id);
        if (reader is null)
        {
            DiagnosticPrinter.Problem(services, $"The record of run `{id}` cannot be read");
            return ExitCodes.Internal;
        }

        var style = Style.OfOutput(services.Terminal);
        var pending = new List<byte>();
        var buffer = new byte[ReadBytes];
        using var timer = new PeriodicTimer(PollInterval);
        while (true)
        {
            // Asked before the read: what a run wrote last is there once it is gone.
            var isLive = history.IsLive(id);
            var text = new ByteText();
            var isFinished = false;
            for (int count; (count = await reader.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                pending.AddRange(buffer.AsSpan(0, count));
                isFinished |= AppendLines(text, pending, patterns, json, style);
            }

            services.OutBytes.Write(text.Span);
            if (isFinished || !isLive)
            {
                return ExitCodes.Success;
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    /// <summary>Appends the whole lines and keeps the rest; true at the last event.</summary>
    private static bool AppendLines(ByteText text, List<byte> pending, ImmutableArray<NamePattern> patterns, bool json, Style style)
    {
        var content = pending.ToArray().AsSpan();
        var (start, isFinished) = (0, false);
        while (content[start..].IndexOf((byte)'\n') is >= 0 and var length)
        {
            var line = content.Slice(start, length);
            start += length + 1;
            if (RunEventJson.Parse(line) is not { } runEvent)
            {
                continue;
            }

            isFinished |= runEvent is PipelineFinished;
            if (!patterns.IsEmpty && !NamePattern.IsAnyMatch(patterns, EventNames.Of(runEvent).AsSpan()))
            {
                continue;
            }

            if (json)
            {
                text.Append(line).Line();
            }
            else
            {
                EventLine.Append(text, runEvent, style);
            }
        }

        pending.RemoveRange(0, start);
        return isFinished;
    }
}
