using System.CommandLine;

using Cairn.Cli.Terminal;
using Cairn.Engine;
using Cairn.Engine.Explain;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn diff</c>.</summary>
internal static class DiffCommand
{
    public static Command Create(CommandServices services)
    {
        var before = new Argument<string>("RUN") { Description = "An id, a unique part of one, last, or last~2" };
        var after = new Argument<string>("RUN2") { HelpName = "RUN", Description = "The run to compare it with", DefaultValueFactory = _ => "last" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var project = new ProjectOptions();
        var command = new Command("diff", "Compare two runs, job by job") { before, after, project.Directory, json };
        command.SetAction(async (parsed, _) => project.Resolve(services, parsed, withFile: false) is { } resolved
            ? await CompareAsync(services, resolved, parsed.GetValue(before)!, parsed.GetValue(after)!, parsed.GetValue(json))
            : ExitCodes.Usage);
        return command;
    }

    private static async Task<int> CompareAsync(CommandServices services, Project project, string before, string after, bool asJson)
    {
        var history = new RunHistory(project.Directory);
        if (WhyCommand.Read(services, history, before, out var exit) is not { } first || WhyCommand.Read(services, history, after, out exit) is not { } second)
        {
            return exit;
        }

        if (first.Summary.Id == second.Summary.Id)
        {
            return DiagnosticPrinter.Usage(services, $"Both are run `{first.Summary.Id}`", "`cairn diff last~1` compares the run before the last with the last");
        }

        using var actions = new LoggedActions(project.Directory);
        var comparison = RunComparison.Of(first, second, actions, await WhyCommand.OriginsAsync(services, project, second, actions));
        var text = new ByteText();
        if (asJson)
        {
            text.Append(JsonOutput.ToBytes(json => ExplainJson.Write(json, comparison)));
        }
        else
        {
            DiffText.Append(text, comparison, Style.OfOutput(services.Terminal));
        }

        return WhyCommand.Write(services, text);
    }
}
