using System.CommandLine;
using System.Globalization;
using System.Text;

using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Configuration;
using Cairn.Engine.Log;
using Cairn.Store.Files;
using Cairn.Store.Keys;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;

namespace Cairn.Cli.Logs;

/// <summary><c>cairn witness serve|key|list</c>.</summary>
internal sealed class WitnessCommand
{
    private const int Port = 8781;
    private const string KeysFolder = "witness";
    private const string NameFile = "name";

    private readonly CommandServices _services;

    private WitnessCommand(CommandServices services) => _services = services;

    public static Command Create(CommandServices services)
    {
        var witness = new WitnessCommand(services);
        return new Command("witness", "Cosign the checkpoints of logs that only grow") { witness.CreateServe(), witness.CreateKey(), witness.CreateList() };
    }

    private Command CreateServe()
    {
        var listen = Listening.CreateOption(Port);
        var command = new Command("serve", "Take checkpoints of the logs of trust.yaml, and cosign those that continue what was seen before") { listen };
        command.SetAction((parsed, _) => ServeAsync(parsed.GetValue(listen)!));
        return command;
    }

    private Command CreateKey()
    {
        var name = new Option<string?>("--name") { Description = "What a new key is called: an address without https:// that is yours, such as witness.example.com/w1", HelpName = "NAME" };
        var command = new Command("key", "Print the verifier key of this witness; with --name, make it") { name };
        command.SetAction(parsed => Key(parsed.GetValue(name)));
        return command;
    }

    private Command CreateList()
    {
        var command = new Command("list", "List the logs, and what was cosigned last of each");
        command.SetAction(_ => List());
        return command;
    }

    private async Task<int> ServeAsync(string listen)
    {
        if (TrustedLogs.Of(_services) is not { } trust || Open() is not var (name, key))
        {
            return ExitCodes.Usage;
        }

        using (key)
        {
            if (trust.Logs.IsEmpty)
            {
                DiagnosticPrinter.Problem(_services, "There is no log to witness", "write origin and keys of logs under `logs` in ~/.config/cairn/trust.yaml", DiagnosticCodes.LogUntrusted);
                return ExitCodes.Usage;
            }

            using var witness = Witness.TryOpen(StateFolder, trust, NoteSigner.OfCosigner(name, key), _services.Time, Tell);
            if (witness is null)
            {
                DiagnosticPrinter.Problem(_services, "Another process is this witness", "end that one first: two with one key could be shown two histories", DiagnosticCodes.LogStateBusy);
                return ExitCodes.Usage;
            }

            return await Listening.ServeAsync(
                _services, listen, witness,
                address => $"Witness {name} for {trust.Logs.Length} {(trust.Logs.Length == 1 ? "log" : "logs")} at {address}\n{NoteVerifier.OfCosigner(name, key.PublicKey)}",
                beside: null);
        }
    }

    private int Key(string? name)
    {
        if (KeyFolders.Of(_services) is not { } keys)
        {
            return NoHome();
        }

        var folder = Path.Combine(keys, KeysFolder);
        if (name is not null)
        {
            if (!NoteSignature.IsName(name))
            {
                return DiagnosticPrinter.Usage(_services, $"`{name}` cannot be the name of a key", "names have neither spaces nor `+`");
            }

            if (File.Exists(Path.Combine(folder, NameFile)))
            {
                DiagnosticPrinter.Problem(_services, "This witness has a key and a name already", $"`cairn witness key` shows it; whoever trusts it knows it by that name. For another witness, set XDG_CONFIG_HOME", DiagnosticCodes.WitnessKeyUnusable);
                return ExitCodes.Usage;
            }

            using var made = new KeyFolder(folder).OpenOrCreateDefault();
            DurableFile.Replace(Path.Combine(folder, NameFile), Encoding.UTF8.GetBytes(name + "\n"));
        }

        if (Open() is not var (known, key))
        {
            return ExitCodes.Usage;
        }

        using (key)
        {
            _services.Out.Write($"{NoteVerifier.OfCosigner(known, key.PublicKey)}\n");
            return ExitCodes.Success;
        }
    }

    private int List()
    {
        if (TrustedLogs.Of(_services) is not { } trust)
        {
            return ExitCodes.Usage;
        }

        var memory = new LogMemory(StateFolder);
        foreach (var log in trust.Logs)
        {
            var last = memory.Last(log.Origin);
            var text = last is null ? "nothing cosigned yet" : string.Create(CultureInfo.InvariantCulture, $"{Checkpoint.TryParse(last.Text, out _)!.Size} entries, {TimeOf(last):yyyy-MM-dd HH:mm:ss} UTC");
            _services.Out.Write($"{AnsiText.Clean(log.Origin)}: {text}\n");
        }

        if (trust.Logs.IsEmpty)
        {
            _services.Out.Write("No logs: write origin and keys under `logs` in ~/.config/cairn/trust.yaml\n");
        }

        return ExitCodes.Success;
    }

    private static DateTime TimeOf(SignedNote note) => note.Signatures.Select(Cosignature.TryRead).OfType<Cosignature>().Select(static c => c.Time.UtcDateTime).DefaultIfEmpty().Max();

    private string StateFolder => Path.Combine(UserFolders.State(_services.Variable), Witness.FolderName);

    private (string Name, SigningKey Key)? Open()
    {
        if (KeyFolders.Of(_services) is not { } keys)
        {
            _ = NoHome();
            return null;
        }

        var path = Path.Combine(keys, KeysFolder, NameFile);
        if (!File.Exists(path))
        {
            DiagnosticPrinter.Problem(_services, "This witness has no key yet", "make one with `cairn witness key --name witness.example.com/w1`, with a name of your own", DiagnosticCodes.WitnessKeyUnusable);
            return null;
        }

        var name = File.ReadAllText(path).TrimEnd('\n');
        try
        {
            if (NoteSignature.IsName(name))
            {
                return (name, new KeyFolder(Path.Combine(keys, KeysFolder)).Open(KeyFolder.DefaultName, passphrase: default));
            }

            DiagnosticPrinter.Problem(_services, $"`{path}` does not hold the name of a key", "write the name back by which others trust it", DiagnosticCodes.WitnessKeyUnusable);
        }
        catch (KeyFileException exception)
        {
            DiagnosticPrinter.Problem(_services, exception.Message, exception.Suggestion, DiagnosticCodes.WitnessKeyUnusable);
        }

        return null;
    }

    private int NoHome()
    {
        DiagnosticPrinter.Problem(_services, "There is no home, and so no place for a key", "set HOME or XDG_CONFIG_HOME", DiagnosticCodes.WitnessKeyUnusable);
        return ExitCodes.Usage;
    }

    private void Tell(WitnessEvent told)
    {
        var what = told.Answer switch
        {
            WitnessAnswer.Cosigns => "cosigned",
            WitnessAnswer.OtherSize other => string.Create(CultureInfo.InvariantCulture, $"asked from another size than {other.Size}"),
            WitnessAnswer.Refuses refuses => string.Create(CultureInfo.InvariantCulture, $"refused with {refuses.Status}: {refuses.Reason}"),
            _ => "",
        };
        _services.Error.Write(string.Create(CultureInfo.InvariantCulture, $"{_services.Time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss'Z'} {AnsiText.Clean(told.Origin)} {told.Size}: {what}\n"));
    }
}
