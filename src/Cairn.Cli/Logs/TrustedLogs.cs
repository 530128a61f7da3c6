using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Configuration;
using Cairn.Engine.Log;
using Cairn.Engine.Trust;
using Cairn.Store.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Cli.Logs;

/// <summary>Which logs a user believes: those of trust.yaml, and the machine's own.</summary>
internal static class TrustedLogs
{
    /// <summary>All of them; null after telling what is wrong with the trust store.</summary>
    public static LogTrust? Of(CommandServices services)
    {
        var trust = TrustFiles.Load(KeyFolders.Of(services));
        DiagnosticPrinter.Print(services, trust.Diagnostics, trust.Sources);
        if (trust.HasErrors)
        {
            return null;
        }

        using var own = OpenOwn(services);
        return own?.Settings is { } settings ? trust.Store.Logs.With(LogOf(services, settings)) : trust.Store.Logs;
    }

    /// <summary>The machine's own log; null without a home. It need not be there yet.</summary>
    public static LogFolder? OpenOwn(CommandServices services) => KeyFolders.Of(services) is { } keys ? LogFolder.OfMachine(UserFolders.State(services.Variable), keys, services.Time) : null;

    /// <summary>A log of this machine as one that is believed, with its key for Sigstore bundles where it has one.</summary>
    public static TrustedLog LogOf(CommandServices services, LogSettings settings)
    {
        var keys = settings.Keys.Select(static k => k.Key).ToList();
        if (KeyFolders.Of(services) is { } folder && LogKeys.Below(folder).TryOpenP256() is { } p256)
        {
            using (p256)
            {
                keys.Add(NoteVerifier.Of(settings.Name, p256.PublicKey));
            }
        }

        return new TrustedLog(settings.Origin, [.. keys]);
    }

    /// <summary>Tells that a log broke its word, with both notes as evidence.</summary>
    public static int Tell(CommandServices services, LogBreachException breach)
    {
        DiagnosticPrinter.Problem(
            services,
            breach.Message,
            breach.Breach is LogBreach.Unsigned ? "write its origin and keys under `logs` in ~/.config/cairn/trust.yaml, if you believe it"
                : breach.Evidence is { } path ? $"keep `{path}`, which has both signed checkpoints: it is proof"
                : "what it says now is not believed; ask who keeps it",
            breach.Breach is LogBreach.Unsigned ? DiagnosticCodes.LogUntrusted : DiagnosticCodes.LogBreach);
        if (breach is { Known: { } known, Seen: { } seen })
        {
            services.Error.Write($"seen before:\n{Indented(known)}seen now:\n{Indented(seen)}");
        }

        return ExitCodes.NotVerified;
    }

    /// <summary>Tells that a log cannot be read.</summary>
    public static int Tell(CommandServices services, LogUnavailableException exception)
    {
        DiagnosticPrinter.Problem(services, exception.Message, "try again later; nothing is known to be wrong with the log", DiagnosticCodes.LogUnavailable);
        return ExitCodes.Unverifiable;
    }

    /// <summary>Tells why a log of this machine cannot be used.</summary>
    public static int Tell(CommandServices services, LogException exception)
    {
        DiagnosticPrinter.Problem(services, exception.Message, exception.Suggestion, CodeOf(exception.Problem));
        return exception.Problem == LogProblem.Missing ? ExitCodes.Usage : ExitCodes.Internal;
    }

    /// <summary>The code of what is wrong with a log of this machine.</summary>
    public static string CodeOf(LogProblem problem) => problem switch
    {
        LogProblem.Missing => DiagnosticCodes.LogMissing,
        LogProblem.Corrupt => DiagnosticCodes.LogCorrupt,
        LogProblem.Busy => DiagnosticCodes.LogBusy,
        LogProblem.Frozen => DiagnosticCodes.LogFrozen,
        LogProblem.KeyMissing => DiagnosticCodes.LogKeyMissing,
        _ => DiagnosticCodes.LogEntryRefused,
    };

    private static string Indented(SignedNote note) => string.Concat(note.ToString().Split('\n')[..^1].Select(static line => $"  {AnsiText.Clean(line)}\n"));
}
