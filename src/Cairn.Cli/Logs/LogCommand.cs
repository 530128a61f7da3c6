using System.CommandLine;
using System.Globalization;
using System.Text.Json;

using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Configuration;
using Cairn.Engine.Log;
using Cairn.Store.Log;
using Cairn.Trust.Notes;

namespace Cairn.Cli.Logs;

/// <summary><c>cairn log …</c>: the machine's transparency log.</summary>
internal sealed partial class LogCommand
{
    private const int HashCharactersMin = 8;
    private const int HashCharacters = 64;

    private readonly CommandServices _services;

    private LogCommand(CommandServices services) => _services = services;

    public static Command Create(CommandServices services)
    {
        var log = new LogCommand(services);
        return new Command("log", "Keep, prove and check the transparency log of what was signed")
        {
            log.CreateInit(), log.CreateAppend(), log.CreateCheckpoint(), log.CreateProve(), log.CreateVerify(), log.CreateConsistency(), log.CreateSearch(), log.CreateTail(), log.CreateFsck(), log.CreateExport(),
            log.CreateRotate(), log.CreateFreeze(), LogServeCommand.CreateServe(services), LogServeCommand.CreateCosign(services),
        };
    }

    private Command CreateInit()
    {
        var name = new Option<string?>("--name") { Description = "What the log is called: the name of its key, such as log.example.com/team [default: made of its key]", HelpName = "NAME" };
        var command = new Command("init", "Begin the machine's log, as the first run does by itself") { name };
        command.SetAction(parsed => With(log =>
        {
            var given = parsed.GetValue(name);
            if (given is not null && !NoteSignature.IsName(given))
            {
                return DiagnosticPrinter.Usage(_services, $"`{given}` cannot be the name of a log", "leave out spaces and `+`");
            }

            if (log.Exists)
            {
                DiagnosticPrinter.Problem(_services, $"There is a log already, `{log.Settings?.Origin}`", given is null ? null : "a log keeps its name; `cairn log freeze --successor --name NAME` ends it and begins another one", DiagnosticCodes.LogEntryRefused);
                return ExitCodes.Usage;
            }

            log.Create(given, _services.CancellationToken);
            return Tell(log.Settings!);
        }));
        return command;
    }

    private Command CreateAppend()
    {
        var files = new Argument<string[]>("FILE") { Description = "Receipts and attestations: DSSE envelopes, in-toto JSON lines, Sigstore bundles", Arity = ArgumentArity.OneOrMore };
        var keys = new Option<string[]>("--public-key") { Description = "A public key (PEM) that signed them and is not trusted here; may be given several times", HelpName = "FILE" };
        var place = new Option<string?>("--log") { Description = "A log elsewhere, to which CAIRN_LOG_TOKEN or `log_token_file` lets one append [default: the machine's own]", HelpName = "URL" };
        var json = Json();
        var command = new Command("append", "Append what was signed; what is there already is not appended again") { files, keys, place, json };
        command.SetAction(parsed =>
        {
            if (SignersOf(parsed.GetValue(keys) ?? []) is not { } signers)
            {
                return ExitCodes.Usage;
            }

            var entries = new List<SignedEntry>();
            foreach (var file in parsed.GetValue(files)!)
            {
                if (EntriesOf(file, signers) is not { } read)
                {
                    return ExitCodes.Usage;
                }

                entries.AddRange(read);
            }

            return parsed.GetValue(place) is { } url ? Send(url, entries, parsed.GetValue(json)) : With(log =>
            {
                var before = log.Exists ? log.ReadCheckpoint().Checkpoint.Size : 1;
                var appended = log.Append([.. entries.Select(static e => e.Entry)], _services.CancellationToken);
                return TellAppended(entries, [.. appended.Indexes], before, parsed.GetValue(json));
            });
        });
        return command;
    }

    /// <summary>Appends to a log elsewhere, which is told the key of each.</summary>
    private int Send(string url, List<SignedEntry> entries, bool json)
    {
        if (LogTarget.TryParse(url) is not LogTarget.Remote remote)
        {
            return DiagnosticPrinter.Usage(_services, $"`{url}` is no address of a log that takes entries", "it begins with https://, or with http:// on this machine");
        }

        var settings = SettingsLoader.Load(SettingsLoader.UserPath(_services.Variable), SettingsLoader.ProjectPath(_services.CurrentDirectory), new DiagnosticBag());
        if (TrustedLogs.Of(_services) is not { } trust)
        {
            return ExitCodes.Usage;
        }

        var (sent, indexes) = (new List<SignedEntry>(), new List<long>());
        foreach (var signed in entries.GroupBy(static e => e.Key.Id, StringComparer.Ordinal))
        {
            if (LogAppending.TryAppend(remote with { Token = LogTokens.Find(_services, settings) }, [.. signed.Select(static e => e.Envelope)], signed.First().Key, trust, _services.Time, out var problem, _services.CancellationToken) is not { } appended)
            {
                DiagnosticPrinter.Problem(_services, $"Nothing is appended: {problem}", null, DiagnosticCodes.LogUnavailable);
                return ExitCodes.Unverifiable;
            }

            sent.AddRange(signed);
            indexes.AddRange(appended.Indices);
        }

        return TellAppended(sent, indexes, before: null, json);
    }

    /// <param name="entries">What was appended.</param>
    /// <param name="indexes">Where each stands.</param>
    /// <param name="before">How many entries there were before; null where only the log knows.</param>
    /// <param name="json">Whether JSON is wanted.</param>
    private int TellAppended(List<SignedEntry> entries, List<long> indexes, long? before, bool json) => Print(json, writer =>
    {
        writer.WriteStartArray();
        for (var i = 0; i < entries.Count; i++)
        {
            writer.WriteStartObject();
            writer.WriteString("file", entries[i].Where);
            writer.WriteNumber("sequence", indexes[i]);
            if (before is { } size)
            {
                writer.WriteBoolean("new", indexes[i] >= size);
            }
            else
            {
                writer.WriteNull("new");
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }, text =>
    {
        for (var i = 0; i < entries.Count; i++)
        {
            text.Append(string.Create(CultureInfo.InvariantCulture, $"{indexes[i],8}  {AnsiText.Clean(entries[i].Where)}{(indexes[i] < before ? " (was there)" : "")}")).Line();
        }
    });

    private Command CreateCheckpoint()
    {
        var (place, keys) = (PlaceOption(), KeyOption());
        var json = Json();
        var command = new Command("checkpoint", "Print the newest checkpoint, as it was signed") { place, keys, json };
        command.SetAction((parsed, _) => AskAsync(parsed, place, keys, log => Task.FromResult(Print(parsed.GetValue(json), writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("origin", log.Checkpoint.Origin);
            writer.WriteNumber("size", log.Checkpoint.Size);
            writer.WriteString("root", Convert.ToBase64String(log.Checkpoint.Root.AsSpan()));
            writer.WriteString("note", log.Note.ToString());
            writer.WriteStartArray("keys");
            foreach (var key in log.Keys)
            {
                writer.WriteStringValue(key.ToString());
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }, text => text.Append(log.Note.ToString())))));
        return command;
    }

    private Command CreateFsck()
    {
        var folder = new Argument<string?>("DIR") { Description = "The folder of a copy of a log [default: the machine's own log]", Arity = ArgumentArity.ZeroOrOne };
        var repair = new Option<bool>("--repair") { Description = "Make anew what follows from the entries: the listing, and the table of leaves" };
        var keys = KeyOption();
        var json = Json();
        var command = new Command("fsck", "Check every entry, tile and signature of a log") { folder, repair, keys, json };
        command.SetAction(parsed => With(log =>
        {
            if (VerifiersOf(parsed.GetValue(keys) ?? []) is not { } verifiers)
            {
                return ExitCodes.Usage;
            }

            var path = parsed.GetValue(folder) is { } given ? Path.GetFullPath(given, _services.CurrentDirectory) : null;
            if (path is not null && parsed.GetValue(repair))
            {
                return DiagnosticPrinter.Usage(_services, "A copy is not repaired", "copy it again");
            }

            if (!File.Exists(Path.Combine(path ?? log.Path, "checkpoint")) && !File.Exists(Path.Combine(path ?? log.Path, LogSettings.FileName)))
            {
                throw new LogException(LogProblem.Missing, $"There is no log in `{path ?? log.Path}`", "Name the folder that has its file `checkpoint`");
            }

            if (parsed.GetValue(repair))
            {
                log.Rebuild(_services.CancellationToken);
            }

            if (path is not null && verifiers.IsEmpty)
            {
                verifiers = [.. (TrustedLogs.Of(_services)?.Logs ?? []).SelectMany(static l => l.Keys)];
            }

            var isCopy = !File.Exists(Path.Combine(path ?? log.Path, LogSettings.FileName));
            return Tell(LogFsck.Check(path ?? log.Path, verifiers, isCopy, _services.CancellationToken), parsed.GetValue(json));
        }));
        return command;
    }

    private int Tell(LogReport report, bool json)
    {
        _ = Print(json, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("origin", report.Checkpoint?.Origin);
            writer.WriteNumber("size", report.Checkpoint?.Size ?? 0);
            writer.WriteNumber("pending", report.Pending);
            writer.WriteStartArray("findings");
            foreach (var finding in report.Findings)
            {
                writer.WriteStartObject();
                writer.WriteString("path", finding.Path);
                writer.WriteString("message", finding.Message);
                writer.WriteBoolean("mendable", finding.IsMendable);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }, text =>
        {
            foreach (var finding in report.Findings.Take(Shown))
            {
                text.Append($"{finding.Path}: {finding.Message}").Line();
            }

            if (report.Findings.Length > Shown)
            {
                text.Append(string.Create(CultureInfo.InvariantCulture, $"and {report.Findings.Length - Shown} more")).Line();
            }

            if (report.Pending > 0)
            {
                text.Append(string.Create(CultureInfo.InvariantCulture, $"{report.Pending} {(report.Pending == 1 ? "entry is" : "entries are")} in the journal only, left by a process that was killed: the next one that appends lays them out")).Line();
            }

            text.Append(report.Findings.IsEmpty
                ? string.Create(CultureInfo.InvariantCulture, $"{report.Checkpoint!.Origin}: {report.Checkpoint.Size} {(report.Checkpoint.Size == 1 ? "entry" : "entries")}, all as signed")
                : report.Findings.All(static f => f.IsMendable) ? "`cairn log fsck --repair` mends this" : "The log is damaged: put back the files that are named from a copy, or freeze it").Line();
        });
        return report.Findings.IsEmpty ? ExitCodes.Success : ExitCodes.NotVerified;
    }

    private const int Shown = 50;

    private static Option<bool> Json() => new("--json") { Description = "Print JSON" };

    private static Option<string[]> KeyOption() => new("--key") { Description = "A key of the log (name+id+base64, or a file that has it), beside those that are trusted; may be given several times", HelpName = "KEY" };

    /// <summary>Runs with the machine's log; tells what is wrong with it.</summary>
    private int With(Func<LogFolder, int> act)
    {
        using var log = TrustedLogs.OpenOwn(_services);
        if (log is null)
        {
            return NoHome();
        }

        try
        {
            return act(log);
        }
        catch (Exception exception) when (exception is LogException or UnauthorizedAccessException)
        {
            return Tell(exception, log.Path);
        }
    }

    private int NoHome() => DiagnosticPrinter.Usage(_services, "There is no home, and so no log", "set HOME, or XDG_CONFIG_HOME and XDG_STATE_HOME");

    private int Tell(Exception exception, string place)
    {
        switch (exception)
        {
            case LogException log:
                DiagnosticPrinter.Problem(_services, log.Message, log.Suggestion, TrustedLogs.CodeOf(log.Problem));
                return log.Problem is LogProblem.Corrupt ? ExitCodes.NotVerified : ExitCodes.Usage;
            case LogBreachException breach:
                return TrustedLogs.Tell(_services, breach);
            case LogUnavailableException unavailable:
                return TrustedLogs.Tell(_services, unavailable);
            case UnauthorizedAccessException:
                DiagnosticPrinter.Problem(_services, $"The log in `{place}` cannot be used: permission denied", "the folder should belong to you", DiagnosticCodes.LogKeyMissing);
                return ExitCodes.Usage;
            default:
                // What was seen before cannot be read or kept: to believe a log without it would let it go back.
                DiagnosticPrinter.Problem(_services, $"`{place}` cannot be asked: {exception.Message}", null, DiagnosticCodes.LogUnavailable);
                return ExitCodes.Unverifiable;
        }
    }

    private int Print(bool json, Action<Utf8JsonWriter> write, Action<ByteText> append)
    {
        if (json)
        {
            JsonOutput.Write(_services, write);
            return ExitCodes.Success;
        }

        var text = new ByteText();
        append(text);
        return WhyCommand.Write(_services, text);
    }

    private int Tell(LogSettings settings) => Print(json: false, static _ => { }, text =>
    {
        text.Append($"origin  {settings.Origin}").Line();
        foreach (var key in settings.Keys)
        {
            text.Append($"key     {key.Key}").Line();
        }
    });
}
