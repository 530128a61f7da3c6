using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Replay;
using Cairn.Execution;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn challenge</c>.</summary>
internal static class ChallengeCommand
{
    private const int SeedBytes = 4;
    private const int SeedCharsMax = 256;

    public static Command Create(CommandServices services)
    {
        var sample = new Option<string>("--sample") { Description = "How many results of the cache: a percentage, or a count", HelpName = "SIZE", DefaultValueFactory = _ => "5%" };
        var budget = new Option<string?>("--budget") { Description = "End after this time [default: when all are challenged]", HelpName = "DURATION" };
        var seed = new Option<string?>("--seed") { Description = "Choose as a challenge with this seed did [default: a new one, which is told]", HelpName = "TEXT" };
        var load = new Option<string>("--max-load") { Description = "Wait while other processes take more than this of the processors", HelpName = "PERCENT", DefaultValueFactory = _ => "50%" };
        var tolerate = new Option<bool>("--tolerate-nondeterminism") { Description = "Demote no result whose replays differ among themselves" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var project = new ProjectOptions();
        var command = new Command("challenge", "Replay a sample of the cache, and demote what does not match") { sample, budget, seed, load, tolerate, project.Directory, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var duration = TimeSpan.Zero;
            if (!TryReadSize(parsed.GetValue(sample)!, out var size))
            {
                return DiagnosticPrinter.Usage(services, $"`--sample {parsed.GetValue(sample)}` is neither a percentage nor a count", "as `--sample 5%` or `--sample 100`");
            }

            if (parsed.GetValue(budget) is { } text && (!Durations.TryParse(text, out duration, out var error) || duration <= TimeSpan.Zero))
            {
                return DiagnosticPrinter.Usage(services, $"`--budget {text}` is no duration", "as `--budget 30m`");
            }

            if (!TryReadSize(parsed.GetValue(load)!, out var most) || !most.IsPart)
            {
                return DiagnosticPrinter.Usage(services, $"`--max-load {parsed.GetValue(load)}` is no percentage", "as `--max-load 50%`");
            }

            if (parsed.GetValue(seed) is { } given && (given.Length is 0 or > SeedCharsMax || given.Any(char.IsControl)))
            {
                return DiagnosticPrinter.Usage(services, $"`--seed` takes a text of 1 to {SeedCharsMax} characters");
            }

            if (project.Resolve(services, parsed, withFile: false) is not { } resolved || MachineRequest.Of(services, resolved) is not { } run)
            {
                return ExitCodes.Usage;
            }

            var request = new ChallengeRequest
            {
                Run = run,
                Sample = size,
                Seed = parsed.GetValue(seed) ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SeedBytes)),
                Budget = parsed.GetValue(budget) is null ? null : duration,
                MaxLoad = most.Value,
                ToleratesNondeterminism = parsed.GetValue(tolerate),
            };
            return await ChallengeAsync(services, request, parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    private static async Task<int> ChallengeAsync(CommandServices services, ChallengeRequest request, bool asJson, CancellationToken cancellationToken)
    {
        if (request.Run.CacheDirectory is not { } folder || !Directory.Exists(folder))
        {
            DiagnosticPrinter.Problem(services, "There is no store yet whose results could be challenged", "`cairn run` makes one", DiagnosticCodes.ChallengeImpossible);
            return ExitCodes.Usage;
        }

        _ = IdlePriority.TryTake();
        using var interruption = new Interruption(cancellationToken);
        ChallengeReport report;
        try
        {
            report = await Challenge.RunAsync(request, (name, what) => services.Error.Write($"{(name.Length == 0 ? "note" : name)}: {what}\n"), interruption.Token);
        }
        catch (IOException exception)
        {
            DiagnosticPrinter.Problem(services, $"Nothing can be challenged here: {exception.Message}", "`cairn doctor` tells what this machine can do", DiagnosticCodes.ChallengeImpossible);
            return ExitCodes.Internal;
        }

        var text = new ByteText();
        if (asJson)
        {
            text.Append(JsonOutput.ToBytes(json => ChallengeText.WriteJson(json, request, report)));
        }
        else
        {
            ChallengeText.Append(text, request, report, Style.OfOutput(services.Terminal));
        }

        _ = WhyCommand.Write(services, text);
        return report.IsCancelled ? ExitCodes.Cancelled
            : report.Results.Select(static r => r.Replay.Verdict).Where(static v => v > ReplayVerdict.NotReplayed).ToArray() is { Length: > 0 } bad ? ReplayCommand.ExitOf(bad)
            : ExitCodes.Success;
    }

    private static bool TryReadSize(string text, out SampleSize size)
    {
        var isPart = text.EndsWith('%');
        var isNumber = double.TryParse(isPart ? text[..^1] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value);
        size = new SampleSize(isPart ? value / 100 : value, isPart);
        return isNumber && value > 0 && (isPart ? value <= 100 : value == Math.Floor(value) && value <= int.MaxValue);
    }
}
