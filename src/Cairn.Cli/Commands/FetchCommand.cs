using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;

using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Core.Fetching;
using Cairn.Core.Planning;
using Cairn.Core.Toolchains;
using Cairn.Engine;
using Cairn.Engine.Fetching;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn fetch</c>: a run of the steps that fetch, and of what they need, that pins what they bring.</summary>
internal static class FetchCommand
{
    public static Command Create(CommandServices services)
    {
        var project = new ProjectOptions();
        var steps = new Argument<string[]>("STEP") { Arity = ArgumentArity.ZeroOrMore, Description = "Fetch steps, or jobs such as deps[os=linux]; without any all of them" };
        var update = new Option<bool>("--update") { Description = "Fetch again what is pinned, and pin what comes" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Fetch and compare, but leave cairn.lock and the working tree as they are" };
        var parameters = new Option<string[]>("--param", "-p") { Description = "Set a parameter of the pipeline; may be repeated", HelpName = "NAME=VALUE", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
        var json = new Option<bool>("--json") { Description = "Write one JSON object a line: every event, and every line that a step writes" };
        var plain = new Option<bool>("--plain") { Description = "Write lines that only ever follow each other, as in CI" };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Say nothing but failures and how the run ended" };
        var command = new Command("fetch", "Fetch what steps need from the network, and pin it") { steps, project.Directory, project.File, parameters, update, dryRun, json, plain, quiet };
        command.SetAction((parsed, cancellationToken) => RunCommand.RunAsync(
            new RunArguments
            {
                Directory = parsed.GetValue(project.Directory),
                File = parsed.GetValue(project.File),
                Parameters = parsed.GetValue(parameters) ?? [],
                Json = parsed.GetValue(json),
                Plain = parsed.GetValue(plain),
                Quiet = parsed.GetValue(quiet),
                KeepGoing = true,
                Fetch = new FetchArguments(parsed.GetValue(steps) ?? [], parsed.GetValue(update), parsed.GetValue(dryRun)),
            },
            services,
            cancellationToken));
        return command;
    }

    /// <summary>The request to run what fetches; without one, after telling why, the exit code. Null after telling what is wrong with the pipeline.</summary>
    public static async Task<(int ExitCode, RunRequest? Request)?> AimAsync(CommandServices services, RunRequest request, FetchArguments arguments, Action<PreparedRun> print, CancellationToken cancellationToken)
    {
        var prepared = await RunEngine.PrepareAsync(request with { InspectOnly = true }, cancellationToken);
        if (prepared.Plan is not { } plan)
        {
            print(prepared);
            return null;
        }

        var known = plan.Pipeline.Steps.Where(static s => s.Fetch is not null).Select(static s => s.Name.Value).ToImmutableArray();
        if (known.IsEmpty && arguments.Steps.Length == 0)
        {
            await services.Out.WriteLineAsync("No step of the pipeline has `uses: fetch`: there is nothing to fetch");
            return (ExitCodes.Success, null);
        }

        foreach (var name in arguments.Steps)
        {
            if (!plan.Jobs.Any(job => job.Step.Fetch is not null && IsNamed(job, name)))
            {
                var problem = plan.Jobs.Any(job => IsNamed(job, name)) ? $"The step `{name}` does not fetch: it has no `uses: fetch`" : $"There is no step `{name}`";
                return (DiagnosticPrinter.Usage(services, problem, Suggestions.Nearest(name, known) is { } nearest ? $"did you mean `{nearest}`?" : known.IsEmpty ? null : $"those that fetch: {string.Join(", ", known)}"), null);
            }
        }

        ImmutableArray<string> chosen = arguments.Steps.Length > 0 ? [.. arguments.Steps] : known;
        return (ExitCodes.Success, request with { Until = chosen, Pinning = new FetchPinning(arguments.Update ? chosen : [], arguments.DryRun) });
    }

    /// <summary>Tells what came of each fetch, and what that means for the lock.</summary>
    public static void Report(CommandServices services, ImmutableArray<FetchOutcome> outcomes, bool dryRun)
    {
        if (outcomes.IsEmpty)
        {
            return;
        }

        var text = new ByteText();
        var style = Style.OfOutput(services.Terminal);
        var columns = outcomes.Max(static o => Math.Min(40, o.Pin.Job.Length));
        foreach (var outcome in outcomes)
        {
            text.Append(AnsiText.Clean(outcome.Pin.Job).PadRight(columns)).Append("  ");
            style.Write(text, outcome.State == FetchState.Pinned ? Ink.Good : Ink.Dim, Verdict(outcome, dryRun));
            text.Append(string.Create(CultureInfo.InvariantCulture, $"  {Files(outcome.Pin)}, {Words.Bytes(outcome.Pin.Bytes)}{Changes(outcome)}")).Line();
        }

        if (outcomes.Any(static o => o.State == FetchState.Pinned))
        {
            text.Append(dryRun ? $"{ToolchainLock.FileName} stays as it is." : $"{ToolchainLock.FileName} is written; keep it with the pipeline.").Line();
        }

        services.OutBytes.Write(text.Span);
    }

    private static bool IsNamed(Job job, string name) => string.Equals(job.Step.Name.Value, name, StringComparison.Ordinal) || string.Equals(job.Id.Value, name, StringComparison.Ordinal);

    private static string Verdict(FetchOutcome outcome, bool dryRun) => outcome switch
    {
        { State: FetchState.Current } => "is pinned and here",
        { State: FetchState.Verified } => "fetched again, as pinned",
        { Before: null, Added: not null } => dryRun ? "unchanged" : "pinned, unchanged",
        _ => dryRun ? "would be pinned" : "pinned",
    };

    private static string Changes(FetchOutcome outcome)
    {
        if (outcome is not { State: FetchState.Pinned, Before: { } before })
        {
            return "";
        }

        if (outcome is { Added: { } added, Changed: { } changed, Removed: { } removed })
        {
            return string.Create(CultureInfo.InvariantCulture, $" ({added} added, {changed} changed, {removed} removed; {Words.Bytes(before.Bytes)} before)");
        }

        return string.Create(CultureInfo.InvariantCulture, $" ({Files(before)}, {Words.Bytes(before.Bytes)} before)");
    }

    private static string Files(FetchPin pin) => string.Create(CultureInfo.InvariantCulture, $"{pin.Files} {(pin.Files == 1 ? "file" : "files")}");
}
