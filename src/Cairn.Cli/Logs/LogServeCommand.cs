using System.CommandLine;
using System.Net;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Log;
using Cairn.Engine.Serving;
using Cairn.Store.Log;

namespace Cairn.Cli.Logs;

/// <summary><c>cairn log serve</c> and <c>cairn log cosign</c>: a log for others.</summary>
internal sealed class LogServeCommand
{
    private const int Port = 8780;
    private const int TokenCharactersMin = 16;
    private const int TokenBytesMax = 4096;
    private static readonly TimeSpan CosignInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CosignPause = TimeSpan.FromMinutes(1);

    private readonly CommandServices _services;

    private LogServeCommand(CommandServices services) => _services = services;

    /// <summary>The command <c>serve</c>.</summary>
    public static Command CreateServe(CommandServices services)
    {
        var serve = new LogServeCommand(services);
        var folder = new Argument<string?>("DIR") { Description = "The folder of the log [default: the machine's own log]", Arity = ArgumentArity.ZeroOrOne };
        var listen = Listening.CreateOption(Port);
        var token = new Option<string?>("--append-token-file") { Description = "Take entries of those who send the token that stands in FILE; nobody else should be able to read it", HelpName = "FILE" };
        var cosign = new Option<bool>("--cosign") { Description = "Have each new checkpoint cosigned by the witnesses of trust.yaml that have an address" };
        var command = new Command("serve", "Serve a log to others: tiles, entries and checkpoint as static files") { folder, listen, token, cosign };
        command.SetAction((parsed, _) => serve.ServeAsync(parsed.GetValue(folder), parsed.GetValue(listen)!, parsed.GetValue(token), parsed.GetValue(cosign)));
        return command;
    }

    /// <summary>The command <c>cosign</c>.</summary>
    public static Command CreateCosign(CommandServices services)
    {
        var serve = new LogServeCommand(services);
        var require = new Option<int?>("--require") { Description = "How many witnesses must have cosigned [default: all that have an address]", HelpName = "N" };
        var command = new Command("cosign", "Have the newest checkpoint cosigned by the witnesses of trust.yaml") { require };
        command.SetAction((parsed, _) => serve.CosignAsync(parsed.GetValue(require)));
        return command;
    }

    private async Task<int> ServeAsync(string? folder, string listen, string? tokenFile, bool cosign)
    {
        var isOwn = folder is null;
        using var own = TrustedLogs.OpenOwn(_services);
        var path = folder is null ? own?.Path : Path.GetFullPath(folder, _services.CurrentDirectory);
        if (path is null || !File.Exists(Path.Combine(path, LogFiles.CheckpointName)))
        {
            DiagnosticPrinter.Problem(_services, path is null ? "There is no home, and so no log" : $"There is no log in `{path}`", isOwn ? "the first run makes one, or `cairn log init`" : "name the folder that has its file `checkpoint`", DiagnosticCodes.LogUntrusted);
            return ExitCodes.Usage;
        }

        if (!isOwn && (tokenFile is not null || cosign))
        {
            return DiagnosticPrinter.Usage(_services, "Only the machine's own log has the keys here that taking entries and cosigning need", "leave out DIR, or --append-token-file and --cosign");
        }

        string? token = null;
        if (tokenFile is not null && (token = ReadToken(tokenFile)) is null)
        {
            return ExitCodes.Usage;
        }

        var cosigner = cosign ? CosignerOf(own!) : null;
        if (cosign && cosigner is null)
        {
            return ExitCodes.Usage;
        }

        using var site = new LogSite(path, token, token is null ? null : AppendTo(own!, exception => TellKeeper(exception)));
        return await Listening.ServeAsync(
            _services, listen, site,
            address => $"Serving {path} at {address}{(token is null ? "" : $", taking entries at {address}{LogSite.AppendPath[1..]}")}{Warning(address)}",
            cosigner is null ? null : token => KeepCosignedAsync(cosigner, token));
    }

    private static string Warning(Uri address) =>
        IPAddress.TryParse(address.Host.Trim('[', ']'), out var host) && IPAddress.IsLoopback(host) ? "" : "\nWhoever can reach this sees which hashes are logged, and can try what they are of";

    private static AppendEntries AppendTo(LogFolder log, Action<Exception> tell) => async (submission, cancellationToken) =>
    {
        try
        {
            var appended = await log.AppendAsync([.. submission.Entries], cancellationToken);
            return new AppendedEntries([.. appended.Indexes], [.. appended.Note]);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            tell(exception);
            throw;
        }
    };

    /// <summary>Tells the keeper of a log what those who send to it are not told; the server goes on.</summary>
    private void TellKeeper(Exception exception)
    {
        if (exception is LogException known)
        {
            _ = TrustedLogs.Tell(_services, known);
        }
        else
        {
            DiagnosticPrinter.Problem(_services, $"The log cannot be written: {exception.Message}", "nothing was taken of what was sent; free room, or make the folder yours again");
        }
    }

    private string? ReadToken(string file)
    {
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        string problem;
        try
        {
            var path = Path.GetFullPath(file, _services.CurrentDirectory);
            if (new FileInfo(path) is { Exists: true, Length: > TokenBytesMax })
            {
                problem = $"it has more than {TokenBytesMax} bytes";
            }
            else if ((File.GetUnixFileMode(path) & Others) != UnixFileMode.None)
            {
                problem = "others can read or change it; chmod 600 it";
            }
            else if (File.ReadAllText(path).Trim() is { Length: >= TokenCharactersMin } token && !token.AsSpan().ContainsAnyExceptInRange('!', '~'))
            {
                return token;
            }
            else
            {
                problem = $"it has not one token of at least {TokenCharactersMin} visible characters of ASCII";
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = exception is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : exception.Message;
        }

        DiagnosticPrinter.Problem(_services, $"The token in `{file}` cannot be used: {problem}", "make one with `(umask 077; openssl rand -hex 32 >FILE)`", DiagnosticCodes.LogTokenUnusable);
        return null;
    }

    private LogCosigner? CosignerOf(LogFolder log)
    {
        if (TrustedLogs.Of(_services) is not { } trust)
        {
            return null;
        }

        if (trust.Witnesses.Any(static w => w.Url is not null))
        {
            return new LogCosigner(log, trust.Witnesses, new WitnessClient(_services.Time));
        }

        DiagnosticPrinter.Problem(_services, "There is no witness to ask", "write its key and url under `witnesses` in ~/.config/cairn/trust.yaml", DiagnosticCodes.WitnessesTooFew);
        return null;
    }

    private async Task<int> CosignAsync(int? require)
    {
        using var log = TrustedLogs.OpenOwn(_services);
        if (log is null || CosignerOf(log) is not { } cosigner)
        {
            return ExitCodes.Usage;
        }

        using var ending = new Interruption(_services.CancellationToken);
        try
        {
            Tell(await cosigner.CosignAsync(ending.Token));
            return Conclude(log, require);
        }
        catch (LogException exception)
        {
            return TrustedLogs.Tell(_services, exception);
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Cancelled;
        }
    }

    private int Conclude(LogFolder log, int? require)
    {
        if (TrustedLogs.Of(_services)?.Witnesses is not { } witnesses)
        {
            return ExitCodes.Usage;
        }

        var (note, checkpoint) = log.ReadCheckpoint();
        var cosigned = witnesses.Count(w => w.Key.Check(note) == Trust.Notes.NoteVerdict.Signed);
        var needed = require ?? witnesses.Count(static w => w.Url is not null);
        _services.Out.Write($"{cosigned} of {witnesses.Length} {(witnesses.Length == 1 ? "witness" : "witnesses")} cosigned the checkpoint of {checkpoint.Size} entries\n");
        if (cosigned >= needed)
        {
            return ExitCodes.Success;
        }

        DiagnosticPrinter.Problem(_services, $"{needed} {(needed == 1 ? "witness" : "witnesses")} should have cosigned", "`cairn log cosign` asks those again that did not", DiagnosticCodes.WitnessesTooFew);
        return ExitCodes.Unverifiable;
    }

    private async Task KeepCosignedAsync(LogCosigner cosigner, CancellationToken cancellationToken)
    {
        while (true)
        {
            var pause = CosignInterval;
            try
            {
                var results = await cosigner.CosignAsync(cancellationToken);
                Tell(results);
                pause = results.Any(static r => r.Cosignature is null) ? CosignPause : pause;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // A disk that is full, say: entries are served and taken all the same.
                TellKeeper(exception);
                pause = CosignPause;
            }

            await Task.Delay(pause, _services.Time, cancellationToken);
        }
    }

    private void Tell(IReadOnlyList<WitnessResult> results)
    {
        foreach (var result in results.Where(static r => r.Cosignature is null))
        {
            DiagnosticPrinter.Problem(_services, $"The witness `{result.Witness.Key.Name}` did not cosign: {result.Problem}", null, DiagnosticCodes.WitnessesTooFew);
        }
    }
}
