using System.Collections.Immutable;
using System.CommandLine;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Keys;
using Cairn.Cli.Logs;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Engine;
using Cairn.Engine.Replay;
using Cairn.Store.Files;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn replay</c>.</summary>
internal sealed class ReplayCommand
{
    private const int TimesMax = 100;

    private readonly CommandServices _services;
    private readonly CommandEvents _events;
    private readonly ProjectOptions _project = new();
    private readonly Argument<string> _target = new("ATTESTATION|RECEIPT|BUNDLE|RUN|STEP")
    {
        Description = "A file with attestations or a receipt, a folder of them, a bundle (.cab), a run (an id, a part of one, last), or a step as the newest run that has its result attested it",
    };

    private readonly Option<int> _times = new("--times", "-n") { Description = "How often each action is executed at least", HelpName = "N", DefaultValueFactory = _ => 1 };
    private readonly Option<bool> _attest = new("--attest") { Description = "Sign what was executed here, as provenance by this builder, with the verdict" };
    private readonly Option<string?> _output = new("--output", "-o") { Description = "Where the envelopes go, one a line; - for standard output [default: with the receipt of the run, or beside the file]", HelpName = "FILE" };
    private readonly Option<string?> _key = new("--key") { Description = "The key that signs [default: the one that signs runs]", HelpName = "NAME" };
    private readonly Option<int?> _passphraseFd = Passphrases.CreateOption();
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON" };

    private ReplayCommand(CommandServices services)
    {
        _services = services;
        _events = new CommandEvents(services, "replay");
    }

    public static Command Create(CommandServices services)
    {
        var replay = new ReplayCommand(services);
        var command = new Command("replay", "Execute again what was attested, and compare what it makes")
        {
            replay._target, replay._times, replay._attest, replay._output, replay._key, replay._passphraseFd, replay._project.Directory, replay._json,
        };
        command.Validators.Add(result =>
        {
            if (!result.GetValue(replay._attest) && (result.GetValue(replay._output) is not null || result.GetValue(replay._key) is not null))
            {
                result.AddError("`--output` and `--key` are of the attestation: give `--attest`");
            }
        });
        command.SetAction((parsed, cancellationToken) => replay._events.RunAsync(() => replay.ReplayAsync(parsed, cancellationToken)));
        return command;
    }

    /// <summary>The exit code of verdicts: that of the worst.</summary>
    public static int ExitOf(IEnumerable<ReplayVerdict> verdicts) => verdicts.DefaultIfEmpty(ReplayVerdict.NotReplayed).Max() switch
    {
        ReplayVerdict.Identical => ExitCodes.Success,
        ReplayVerdict.NotReplayed => ExitCodes.Unverifiable,
        ReplayVerdict.Nondeterministic => ExitCodes.Nondeterministic,
        ReplayVerdict.Unexplained => ExitCodes.Unexplained,
        _ => ExitCodes.Tampered,
    };

    private async Task<int> ReplayAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var times = parsed.GetValue(_times);
        if (times is < 1 or > TimesMax)
        {
            return DiagnosticPrinter.Usage(_services, $"`--times {times}` is not between 1 and {TimesMax}");
        }

        if (_project.Resolve(_services, parsed, withFile: false) is not { } project || MachineRequest.Of(_services, project) is not { } request
            || AttestedTargets.Find(_services, request, parsed.GetValue(_target)!) is not { } target)
        {
            return ExitCodes.Usage;
        }

        _events.Project = project.Directory;
        using var interruption = new Interruption(cancellationToken);
        ImmutableArray<ActionReplay> replays;
        try
        {
            replays = await Replayer.RunAsync(
                new ReplayRequest { Run = request, Actions = target.Actions, Receipt = target.Receipt, Times = times }, (name, what) => _services.Error.Write($"{(name.Length == 0 ? "note" : name)}: {what}\n"), interruption.Token);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return ExitCodes.Cancelled;
        }
        catch (IOException exception)
        {
            DiagnosticPrinter.Problem(_services, $"Nothing can be executed here: {exception.Message}", "`cairn doctor` tells what this machine can do");
            return ExitCodes.Internal;
        }

        var text = new ByteText();
        if (parsed.GetValue(_json))
        {
            text.Append(JsonOutput.ToBytes(json => ReplayText.WriteJson(json, replays)));
        }
        else
        {
            ReplayText.Append(text, replays, Style.OfOutput(_services.Terminal));
        }

        _ = WhyCommand.Write(_services, text);
        var exit = ExitOf(replays.Select(static r => r.Verdict));
        return parsed.GetValue(_attest) && Attest(parsed, request, target, replays) is var attested && attested != ExitCodes.Success ? attested : exit;
    }

    private int Attest(ParseResult parsed, RunRequest request, AttestedTarget target, ImmutableArray<ActionReplay> replays)
    {
        var statements = new List<(AttestedAction Action, byte[] Payload)>();
        foreach (var replay in replays)
        {
            if (ReplayAttestation.TryMake(replay, request, out var problem) is { } statement)
            {
                statements.Add((replay.Action, statement.ToJson()));
            }
            else
            {
                DiagnosticPrinter.Problem(_services, $"The replay of `{replay.Action.Name}` is not attested: {problem}", null, DiagnosticCodes.ReplayNotAttested);
            }
        }

        return statements.Count == 0 ? ExitCodes.Success
            : SigningKeys.With(_services, parsed.GetValue(_key), parsed.GetValue(_passphraseFd), signer => Write(parsed.GetValue(_output), target, statements, signer));
    }

    private int Write(string? output, AttestedTarget target, List<(AttestedAction Action, byte[] Payload)> statements, ISigner signer)
    {
        var all = new ByteText();
        var signed = new List<Envelope>();
        foreach (var (action, payload) in statements)
        {
            var made = Envelope.Sign(Envelope.InTotoType, [.. payload], signer);
            signed.Add(made);
            var envelope = made.ToJson();
            if (output is not null)
            {
                all.Append(envelope).Line();
                _events.Signed(SignedSubject.Action, action.Name, made);
                continue;
            }

            var path = ReplayAttestation.PathOf(target, action, signer.PublicKey.Id);
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                DurableFile.Replace(path, [.. envelope, (byte)'\n']);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                DiagnosticPrinter.Problem(_services, $"`{path}` cannot be written: {exception.Message}", "name another file with --output", DiagnosticCodes.ReplayNotAttested);
                return ExitCodes.Usage;
            }

            _events.Signed(SignedSubject.Action, action.Name, made);
            _services.Error.Write($"{action.Name}: attested in {Path.GetRelativePath(_services.CurrentDirectory, path)}\n");
        }

        var exit = output is null ? ExitCodes.Success : OutputFile.Write(_services, output, all.Span);
        if (exit == ExitCodes.Success)
        {
            SignedLog.Append(_services, signed, signer.PublicKey);
        }

        return exit;
    }
}
