using System.CommandLine;

using Cairn.Cli.Terminal;
using Cairn.Engine.Replay;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn match</c>.</summary>
internal static class MatchCommand
{
    public static Command Create(CommandServices services)
    {
        var target = new Argument<string>("ATTESTATION|RECEIPT|BUNDLE|RUN|STEP")
        {
            Description = "A file with attestations or a receipt, a folder of them, a bundle (.cab), a run (an id, a part of one, last), or a step as the newest run that has its result attested it",
            DefaultValueFactory = _ => "last",
        };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var project = new ProjectOptions();
        var command = new Command("match", "Compare what was attested with what would be executed now") { target, project.Directory, project.File, json };
        command.SetAction(async (parsed, cancellationToken) => project.Resolve(services, parsed) is { } resolved
            ? await MatchAsync(services, resolved, parsed.GetValue(target)!, parsed.GetValue(json), cancellationToken)
            : ExitCodes.Usage);
        return command;
    }

    private static async Task<int> MatchAsync(CommandServices services, Project project, string target, bool asJson, CancellationToken cancellationToken)
    {
        if (MachineRequest.Of(services, project) is not { } request || AttestedTargets.Find(services, request, target) is not { } found)
        {
            return ExitCodes.Usage;
        }

        MatchReport report;
        try
        {
            report = await Matcher.MatchAsync(request, found, text => services.Error.Write($"note: {text}\n"), cancellationToken);
        }
        catch (IOException exception)
        {
            DiagnosticPrinter.Problem(services, $"Nothing can be compared here: {exception.Message}");
            return ExitCodes.Internal;
        }

        DiagnosticPrinter.Print(services, report.Diagnostics, report.Sources);
        if (report.HasErrors)
        {
            return ExitCodes.Usage;
        }

        var text = new ByteText();
        if (asJson)
        {
            text.Append(JsonOutput.ToBytes(json => MatchText.WriteJson(json, target, report)));
        }
        else
        {
            MatchText.Append(text, report, Style.OfOutput(services.Terminal));
        }

        _ = WhyCommand.Write(services, text);
        return report.Actions.Any(static a => a.State is MatchState.Drifted or MatchState.Gone) ? ExitCodes.Drifted
            : report.Actions.All(static a => a.State is MatchState.NotCompared) ? ExitCodes.Unverifiable
            : ExitCodes.Success;
    }
}
