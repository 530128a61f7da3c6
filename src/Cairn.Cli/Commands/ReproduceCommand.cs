using System.Collections.Immutable;
using System.CommandLine;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine;
using Cairn.Engine.Reproduce;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn reproduce</c>.</summary>
internal static class ReproduceCommand
{
    private const int TimesMax = 100;
    private const string Nothing = "none";

    public static Command Create(CommandServices services)
    {
        var target = new Argument<string>("STEP|RUN") { Description = "A step or a job, as the newest run that has its result executed it; or a run (an id, a part of one, or last): every step that it executed" };
        var times = new Option<int>("--times", "-n") { Description = "How often it is executed as it was recorded, and with all variations", HelpName = "N", DefaultValueFactory = _ => 1 };
        var vary = new Option<string?>("--vary") { Description = $"What is varied, separated by commas: {string.Join(", ", VariationNames.Words)}; or {Nothing} [default: all]", HelpName = "LIST" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var project = new ProjectOptions();
        var command = new Command("reproduce", "Execute a step again, under other conditions, and compare what it makes") { target, times, vary, project.Directory, json };
        command.SetAction(async (parsed, cancellationToken) => project.Resolve(services, parsed, withFile: false) is { } resolved
            ? await RunAsync(services, resolved, parsed.GetValue(target)!, parsed.GetValue(times), parsed.GetValue(vary), parsed.GetValue(json), cancellationToken)
            : ExitCodes.Usage);
        return command;
    }

    private static async Task<int> RunAsync(CommandServices services, Project project, string target, int times, string? vary, bool asJson, CancellationToken cancellationToken)
    {
        if (times is < 1 or > TimesMax)
        {
            return DiagnosticPrinter.Usage(services, $"`--times {times}` is not between 1 and {TimesMax}");
        }

        if (!TryReadVariations(vary, out var variations, out var unknown))
        {
            var nearest = Suggestions.Nearest(unknown, VariationNames.Words);
            return DiagnosticPrinter.Usage(services, $"`{unknown}` is not a variation", nearest is null ? $"there are {string.Join(", ", VariationNames.Words)}" : $"did you mean `{nearest}`?");
        }

        if (Find(services, project, target, out var exit) is not { } jobs)
        {
            return exit;
        }

        if (MachineRequest.Of(services, project) is not { } run)
        {
            return ExitCodes.Usage;
        }

        var request = new ReproduceRequest
        {
            Run = run,
            Jobs = jobs,
            Vary = variations,
            Times = times,
        };
        using var interruption = new Interruption(cancellationToken);
        ImmutableArray<JobReproduction> results;
        try
        {
            results = await Reproduction.RunAsync(request, (job, what) => services.Error.Write($"{(job.Length == 0 ? "note" : job)}: {what}\n"), interruption.Token);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return ExitCodes.Cancelled;
        }
        catch (IOException exception)
        {
            DiagnosticPrinter.Problem(services, $"Nothing can be executed again here: {exception.Message}", "`cairn doctor` tells what this machine can do");
            return ExitCodes.Internal;
        }

        var text = new ByteText();
        if (asJson)
        {
            text.Append(JsonOutput.ToBytes(writer => ReproduceText.WriteJson(writer, results)));
        }
        else
        {
            ReproduceText.Append(text, results, Style.OfOutput(services.Terminal));
        }

        _ = WhyCommand.Write(services, text);
        return Array.Exists([.. results], static r => r.Verdict == ReproduceVerdict.Differs) ? ExitCodes.StepFailed
            : Array.Exists([.. results], static r => r.Verdict == ReproduceVerdict.Refused) ? ExitCodes.Usage
            : ExitCodes.Success;
    }

    private static bool TryReadVariations(string? text, out Variations variations, out string unknown)
    {
        (variations, unknown) = (text is null ? VariationNames.All : Variations.None, "");
        foreach (var word in text is null or Nothing ? [] : text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (VariationNames.Find(word) is not { } variation)
            {
                unknown = word;
                return false;
            }

            variations |= variation;
        }

        return true;
    }

    private static ImmutableArray<RecordedJob>? Find(CommandServices services, Project project, string target, out int exit)
    {
        exit = ExitCodes.Usage;
        var history = new RunHistory(project.Directory);
        if (history.Resolve("last", out var none) is not { } newest)
        {
            DiagnosticPrinter.Usage(services, none ?? "There are no runs yet");
            return null;
        }

        var records = history.Before(newest);
        var ofStep = Reproduction.OfStep(history.Read(newest) is { } last ? records.Prepend(last) : records, target);
        if (!ofStep.IsEmpty)
        {
            return ofStep;
        }

        if (history.Resolve(target, out var error) is not { } id)
        {
            // What is no run was meant as a step, mostly.
            DiagnosticPrinter.Usage(services, $"No run has a result of a step `{target}`, and it is no run", error is null ? "`cairn runs` lists the runs" : "`cairn run` makes results; `cairn runs` lists the runs");
            return null;
        }

        if (WhyCommand.Read(services, history, id.Value, out exit) is not { } record)
        {
            return null;
        }

        var ofRun = Reproduction.OfRun(record);
        if (ofRun.IsEmpty)
        {
            exit = DiagnosticPrinter.Usage(services, $"Run `{id}` executed nothing that succeeded", "name a step: the newest run that has its result tells what it was made from");
            return null;
        }

        return ofRun;
    }
}
