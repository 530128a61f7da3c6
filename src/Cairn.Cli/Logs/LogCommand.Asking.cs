using System.CommandLine;

using Cairn.Engine.Configuration;
using Cairn.Engine.Log;
using Cairn.Store.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Cli.Logs;

/// <content>Which log is asked.</content>
internal sealed partial class LogCommand
{
    private static Option<string?> PlaceOption() => new("--log") { Description = "The log to ask: its address, or the folder of a copy; its keys are those of trust.yaml and of --key [default: the machine's own]", HelpName = "URL|DIR" };

    /// <summary>Asks the log that the user names, or the machine's own; tells what is wrong with it.</summary>
    private async Task<int> AskAsync(ParseResult parsed, Option<string?> place, Option<string[]> keys, Func<AskedLog, Task<int>> ask)
    {
        var where = parsed.GetValue(place);
        try
        {
            if (where is not null)
            {
                using var read = await OpenAsync(where, parsed.GetValue(keys) ?? []);
                return read is null ? ExitCodes.Usage : await ask(read);
            }

            using var folder = TrustedLogs.OpenOwn(_services);
            if (folder is null)
            {
                return NoHome();
            }

            where = folder.Path;
            return await ask(new OwnLog(folder));
        }
        catch (Exception exception) when (exception is LogException or IOException or UnauthorizedAccessException)
        {
            return Tell(exception, where!);
        }
    }

    /// <summary>Opens a log elsewhere, which has to be what it was when it was seen last, and more; null after telling why there is none.</summary>
    private async Task<AskedLog?> OpenAsync(string place, string[] keys)
    {
        if (VerifiersOf(keys) is not { } verifiers || TrustedLogs.Of(_services) is not { } trust)
        {
            return null;
        }

        if (LogSources.AddressOf(place) is null && !File.Exists(Path.Combine(Path.GetFullPath(place, _services.CurrentDirectory), LogFiles.CheckpointName)))
        {
            throw new LogException(LogProblem.Missing, $"There is no log in `{place}`", "Name the folder that has its file `checkpoint`, or an address that begins with https://");
        }

        var source = LogSources.Open(place, _services.CurrentDirectory, _services.Time);
        try
        {
            if (!verifiers.IsEmpty)
            {
                var note = SignedNote.TryParse(await source.ReadCheckpointAsync(_services.CancellationToken), out _);
                var origin = note is null ? null : Checkpoint.TryParse(note.Text, out _)?.Origin;
                trust = origin is null ? trust : trust with { Logs = [.. trust.Logs.Where(l => l.Origin != origin), new TrustedLog(origin, [.. trust.Find(origin)?.Keys ?? [], .. verifiers])] };
            }

            var memory = new LogMemory(Path.Combine(UserFolders.State(_services.Variable), LogMemory.FolderName));
            return await ReadLog.OpenAsync(place, new LogReader(source, trust, memory, _services.Time), _services.CancellationToken);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }
}
