using System.CommandLine;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Keys;
using Cairn.Cli.Logs;
using Cairn.Cli.Terminal;
using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Engine;
using Cairn.Engine.Configuration;
using Cairn.Engine.Receipts;
using Cairn.Store.Content;
using Cairn.Trust.Json;
using Cairn.Trust.Statements;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn receipt list|show|export</c>.</summary>
internal sealed class ReceiptCommand
{
    private const int ShownByDefault = 20;
    private const string Dsse = "dsse";
    private const string InToto = "intoto";
    private const string Json = "json";
    private const string Yaml = "yaml";
    private const string Sigstore = "sigstore";

    private readonly CommandServices _services;
    private readonly ProjectOptions _project = new();

    private ReceiptCommand(CommandServices services)
    {
        _services = services;
        _project.Directory.Recursive = true;
    }

    public static Command Create(CommandServices services)
    {
        var command = new ReceiptCommand(services);
        return new Command("receipt", "Show and export the signed receipts of runs") { command._project.Directory, command.CreateList(), command.CreateShow(), command.CreateExport() };
    }

    private Command CreateList()
    {
        var json = new Option<bool>("--json") { Description = "Write JSON, one receipt a line" };
        var count = new Option<int>("--count", "-n") { Description = "How many receipts, newest first; 0 for all", HelpName = "N", DefaultValueFactory = _ => ShownByDefault };
        var command = new Command("list", "List the runs that have a receipt") { count, json };
        command.SetAction(parsed => _project.Resolve(_services, parsed, withFile: false) is { } project ? List(project, parsed.GetValue(count), parsed.GetValue(json)) : ExitCodes.Usage);
        return command;
    }

    private Command CreateShow()
    {
        var run = RunArgument();
        var json = new Option<bool>("--json") { Description = "The statement as JSON" };
        var yaml = new Option<bool>("--yaml") { Description = "The statement as YAML" };
        var attestation = new Option<string?>("--attestation") { Description = "Show the attestation of one step, or of a job such as test[opt=O2]", HelpName = "STEP" };
        var command = new Command("show", "Show a receipt, or the attestation of one of its steps") { run, attestation, json, yaml };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json) && parsed.GetValue(yaml))
            {
                return DiagnosticPrinter.Usage(_services, "`--json` and `--yaml` are two forms of one thing", "give one of them");
            }

            if (Find(parsed, run) is not var (project, stored))
            {
                return _exit;
            }

            var text = new ByteText();
            if (parsed.GetValue(attestation) is { } step)
            {
                return FindAttestation(project, stored, step) is { } found ? Show(text, found.Statement, parsed.GetValue(json)) : _exit;
            }

            if (parsed.GetValue(json) || parsed.GetValue(yaml))
            {
                return Show(text, stored.Statement, parsed.GetValue(json));
            }

            ReceiptText.Append(text, stored, new KnownSigners(KeyFolders.Of(_services)).Describe(stored.Envelope), _services.Time.GetUtcNow(), Style.OfOutput(_services.Terminal));
            return WhyCommand.Write(_services, text);
        });
        return command;
    }

    private Command CreateExport()
    {
        var run = RunArgument();
        var format = new Option<string>("--format") { Description = "dsse (the signed envelope), sigstore (a Sigstore bundle with its entry in the log), intoto (the statement as it was signed), json or yaml (the statement for people)", HelpName = "FORMAT", DefaultValueFactory = _ => Dsse };
        OptionValues.Restrict(format, Dsse, Sigstore, InToto, Json, Yaml);
        var output = OutputFile.CreateOption();
        var all = new Option<string?>("--all") { Description = "Write the receipt and the attestation of every step into DIR, an envelope a file", HelpName = "DIR" };
        var command = new Command("export", "Write a receipt for other programs") { run, format, output, all };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(all) is not null && (parsed.GetValue(output) is not null || parsed.GetResult(format) is { Implicit: false }))
            {
                return DiagnosticPrinter.Usage(_services, "`--all` names its files itself, and writes envelopes", "leave out `--output` and `--format`");
            }

            if (Find(parsed, run) is not var (project, stored))
            {
                return _exit;
            }

            if (parsed.GetValue(format) is Sigstore)
            {
                return SigstoreExport.Bundle(_services, stored.Envelope) is { } bundle ? OutputFile.Write(_services, parsed.GetValue(output), [.. bundle, (byte)'\n']) : ExitCodes.Usage;
            }

            return parsed.GetValue(all) is { } folder ? ExportAll(project, stored, folder) : OutputFile.Write(_services, parsed.GetValue(output), Formatted(stored, parsed.GetValue(format)!));
        });
        return command;
    }

    private static Argument<string> RunArgument() => new("RUN") { Description = "An id, a unique part of one, last, or last~2", DefaultValueFactory = _ => "last" };

    // The exit code after something was told.
    private int _exit = ExitCodes.Usage;

    private int List(Project project, int count, bool json)
    {
        var receipts = new RunReceipts(project.Directory);
        var shown = new List<StoredReceipt>();
        foreach (var run in receipts.List())
        {
            if (count > 0 && shown.Count == count)
            {
                break;
            }

            if (receipts.TryRead(run, out var problem) is { } stored)
            {
                shown.Add(stored);
            }
            else
            {
                DiagnosticPrinter.Problem(_services, $"The receipt of run `{run}` cannot be read: {problem}", $"look at `{receipts.PathOf(run)}`", DiagnosticCodes.ReceiptInvalid);
            }
        }

        var text = new ByteText();
        var signers = new KnownSigners(KeyFolders.Of(_services));
        if (json)
        {
            ReceiptText.AppendJson(text, shown, signers);
        }
        else if (shown.Count == 0)
        {
            text.Line("No receipts yet; every `cairn run` makes one");
        }
        else
        {
            ReceiptText.Append(text, shown, signers, _services.Time.GetUtcNow(), Style.OfOutput(_services.Terminal));
        }

        return WhyCommand.Write(_services, text);
    }

    private int Show(ByteText text, Statement statement, bool json)
    {
        var value = StrictJson.TryRead(statement.ToJson(), out _)!;
        if (json)
        {
            JsonYaml.AppendJson(text, value);
        }
        else
        {
            JsonYaml.Append(text, value);
        }

        return WhyCommand.Write(_services, text);
    }

    private static ReadOnlySpan<byte> Formatted(StoredReceipt stored, string format)
    {
        var text = new ByteText();
        switch (format)
        {
            case Dsse:
                return text.Append(stored.Bytes).Line().Span;
            case InToto:
                // The very bytes: who hashes them gets the hash that the log and other attestations name.
                return stored.Envelope.Payload.AsSpan();
            case Json:
                JsonYaml.AppendJson(text, StrictJson.TryRead(stored.Envelope.Payload.AsSpan(), out _)!);
                return text.Span;
            default:
                JsonYaml.Append(text, StrictJson.TryRead(stored.Envelope.Payload.AsSpan(), out _)!);
                return text.Span;
        }
    }

    private int ExportAll(Project project, StoredReceipt stored, string folder)
    {
        var directory = Path.GetFullPath(folder, _services.CurrentDirectory);
        try
        {
            Directory.CreateDirectory(directory);
            Write(Path.Combine(directory, "receipt.dsse.json"), stored.Bytes);
            var (written, missing) = (1, 0);
            using var store = OpenStore(project);
            foreach (var step in stored.Receipt.Steps)
            {
                if (step.Attestation is null)
                {
                    continue;
                }

                string? problem = "there is no store";
                if (store is not null && RunReceipts.TryFind(step, store, out problem) is { } attestation)
                {
                    Write(Path.Combine(directory, RunReceipts.FileStem(new JobId(step.Job)) + ".dsse.json"), attestation.Envelope.ToJson());
                    written++;
                }
                else
                {
                    missing++;
                    DiagnosticPrinter.Problem(_services, $"The attestation of `{step.Job}` cannot be exported: {problem}", null, DiagnosticCodes.AttestationMissing);
                }
            }

            _services.Error.Write($"{written} {(written == 1 ? "envelope" : "envelopes")} in {folder}{(missing > 0 ? $", {missing} missing" : "")}\n");
            return missing > 0 ? ExitCodes.Internal : ExitCodes.Success;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            DiagnosticPrinter.Problem(_services, $"`{folder}` cannot be written: {exception.Message}");
            return ExitCodes.Usage;
        }
    }

    private static void Write(string path, ReadOnlySpan<byte> envelope)
    {
        var text = new ByteText().Append(envelope).Line();
        Store.Files.DurableFile.Replace(path, text.Span, durable: false);
    }

    private (Project Project, StoredReceipt Stored)? Find(ParseResult parsed, Argument<string> argument)
    {
        _exit = ExitCodes.Usage;
        if (_project.Resolve(_services, parsed, withFile: false) is not { } project || RunsCommand.Resolve(_services, new RunHistory(project.Directory), parsed.GetValue(argument)!) is not { } run)
        {
            return null;
        }

        var receipts = new RunReceipts(project.Directory);
        if (receipts.TryRead(run, out var problem) is { } stored)
        {
            return (project, stored);
        }

        if (problem is null)
        {
            DiagnosticPrinter.Problem(_services, $"Run `{run}` has no receipt", $"it goes on, was killed, or could not sign: `cairn runs show {run}` tells", DiagnosticCodes.ReceiptMissing);
        }
        else
        {
            _exit = ExitCodes.Internal;
            DiagnosticPrinter.Problem(_services, $"The receipt of run `{run}` cannot be read: {problem}", $"look at `{receipts.PathOf(run)}`", DiagnosticCodes.ReceiptInvalid);
        }

        return null;
    }

    private StoredAttestation? FindAttestation(Project project, StoredReceipt stored, string name)
    {
        var fitting = stored.Receipt.Steps.Where(s => s.Job == name).ToArray();
        fitting = fitting.Length > 0 ? fitting : [.. stored.Receipt.Steps.Where(s => s.Step == name)];
        _exit = ExitCodes.Usage;
        if (fitting is not [var step])
        {
            var nearest = Suggestions.Nearest(name, stored.Receipt.Steps.Select(static s => s.Job));
            DiagnosticPrinter.Usage(
                _services, fitting.Length == 0 ? $"Run `{stored.Run}` has no step `{name}`" : $"The step `{name}` has {fitting.Length} jobs: name one of them",
                fitting.Length > 0 ? $"`{fitting[0].Job}`, `{fitting[1].Job}`{(fitting.Length > 2 ? ", …" : "")}" : nearest is not null ? $"did you mean `{nearest}`?" : $"`cairn receipt show {stored.Run}` lists them");
            return null;
        }

        string? problem = "there is no store";
        using var store = OpenStore(project);
        if (store is not null && RunReceipts.TryFind(step, store, out problem) is { } found)
        {
            return found;
        }

        _exit = ExitCodes.Internal;
        DiagnosticPrinter.Problem(
            _services, $"The attestation of `{step.Job}` cannot be shown: {problem}",
            step.Attestation is null ? "only a step that succeeded, and whose result was kept, has one" : "`cairn store pin` keeps the results of a run with their attestations", DiagnosticCodes.AttestationMissing);
        return null;
    }

    private ContentStore? OpenStore(Project project)
    {
        var mistakes = new DiagnosticBag();
        var loaded = SettingsLoader.LoadWithOrigins(SettingsLoader.UserPath(_services.Variable), SettingsLoader.ProjectPath(project.Directory), mistakes);
        DiagnosticPrinter.Print(_services, mistakes.ToSorted(), loaded.Sources);
        return CacheFolder.TryOpenStore(_services, loaded.Settings);
    }
}
