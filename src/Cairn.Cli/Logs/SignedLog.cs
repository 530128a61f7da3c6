using System.Globalization;

using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Configuration;
using Cairn.Engine.Log;
using Cairn.Engine.Trust;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;

namespace Cairn.Cli.Logs;

/// <summary>Logs what a command signed where runs log what they sign: so the log has everything that a key of this user was used for, and what it has beside that was signed by somebody else.</summary>
internal static class SignedLog
{
    /// <summary>Appends, and tells where it stands. That it cannot be appended is a warning.</summary>
    public static void Append(CommandServices services, IReadOnlyList<Envelope> envelopes, PublicKey key)
    {
        var settings = SettingsLoader.Load(SettingsLoader.UserPath(services.Variable), SettingsLoader.ProjectPath(ProjectOptions.Nearest(services.CurrentDirectory) ?? services.CurrentDirectory), new DiagnosticBag());
        if (settings.Log is LogTarget.Off || KeyFolders.Of(services) is not { } keys || envelopes.Count == 0)
        {
            return;
        }

        string? problem;
        var appended = settings.Log is LogTarget.Remote remote
            ? LogAppending.TryAppend(remote with { Token = LogTokens.Find(services, settings) }, envelopes, key, TrustFiles.Load(keys).Store.Logs, services.Time, out problem, services.CancellationToken)
            : LogAppending.TryAppend(UserFolders.State(services.Variable), keys, [.. envelopes.Select(e => LogEntry.TryMake(e, key, out _)!)], services.Time, out problem);
        if (appended is null)
        {
            DiagnosticPrinter.Warn(services, $"What was signed is not in the log: {problem}", DiagnosticCodes.RunNotLogged);
            return;
        }

        var origin = SignedNote.TryParse(appended.Checkpoint.AsSpan(), out _) is { } note ? Checkpoint.TryParse(note.Text, out _)?.Origin : null;
        services.Error.Write(string.Create(CultureInfo.InvariantCulture, $"Logged as {(envelopes.Count == 1 ? $"entry {appended.Indices[0]}" : $"entries {appended.Indices.Min()} to {appended.Indices.Max()}")} of {AnsiText.Clean(origin ?? "the log")}\n"));
    }
}
