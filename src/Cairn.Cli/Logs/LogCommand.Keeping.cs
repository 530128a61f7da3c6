using System.CommandLine;
using System.Globalization;

using Cairn.Cli.Terminal;
using Cairn.Engine.Log;
using Cairn.Store.Files;
using Cairn.Store.Log;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Statements;

namespace Cairn.Cli.Logs;

/// <content>What keeps a log: copies of it, other keys, its end.</content>
internal sealed partial class LogCommand
{
    private const string RotationEnding = ".rotation.json";

    private Command CreateExport()
    {
        var folder = new Argument<string>("DIR") { Description = "A folder that is not there yet, or one that was exported to before" };
        var command = new Command("export", "Copy the public files of the log: checkpoint, tiles and entries, for a web server or a backup") { folder };
        command.SetAction(parsed => With(log =>
        {
            var target = Path.GetFullPath(parsed.GetValue(folder)!, _services.CurrentDirectory);
            if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any() && !File.Exists(Path.Combine(target, LogFiles.CheckpointName)))
            {
                return DiagnosticPrinter.Usage(_services, $"`{parsed.GetValue(folder)}` holds something else", "name a new folder");
            }

            var copied = LogExport.Copy(log, target, _services.CancellationToken);
            return Print(json: false, static _ => { }, text => text.Append(string.Create(CultureInfo.InvariantCulture, $"{copied.Size} entries in {copied.Files} new files, at `{AnsiText.Clean(target)}`")).Line());
        }));
        return command;
    }

    private Command CreateRotate()
    {
        var retire = new Option<bool>("--retire") { Description = "Let the keys before the newest sign no more; without it the log signs with the new one and the old one until then" };
        var command = new Command("rotate", "Give the log another key; both sign until the old one is retired") { retire };
        command.SetAction(parsed => With(log =>
        {
            _ = log.ReadCheckpoint();
            if (parsed.GetValue(retire))
            {
                if (log.Settings!.Keys.Length == 1)
                {
                    return DiagnosticPrinter.Usage(_services, "The log has one key only", "`cairn log rotate` adds another one");
                }

                log.Mark(static settings => (settings with { Keys = settings.Keys[..1] }, null), _services.CancellationToken);
                return Tell(log.Settings!);
            }

            var now = _services.Time.GetUtcNow();
            byte[] statement = [];
            log.Mark(settings =>
            {
                using var old = log.Keys!.Open(settings.Keys[0]).Private;
                var (key, next) = log.Keys.Create(settings.Name);
                using (next)
                {
                    // Times of rotations count in whole seconds.
                    var at = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
                    statement = KeyRotation.Sign(old, next, at, at.AddYears(1), settings.Name).ToJson();
                    return (settings with { Keys = settings.Keys.Insert(0, key) }, new LogMark.Rotation(now, key.Key, [.. statement]));
                }
            }, _services.CancellationToken);
            var file = Path.Combine(log.Keys!.Folder, log.Settings!.Keys[0].File + RotationEnding);
            DurableFile.Replace(file, statement);
            _ = Tell(log.Settings);
            return Print(json: false, static _ => { }, text => text.Append($"Write the new key under `logs` in the trust.yaml of those who verify, then `cairn log rotate --retire`. The statement that both keys signed is `{AnsiText.Clean(file)}`").Line());
        }));
        return command;
    }

    private Command CreateFreeze()
    {
        var successor = new Option<bool>("--successor") { Description = "Begin another log in its place, which names this one, and which this one names" };
        var name = new Option<string?>("--name") { Description = "What the successor is called [default: made of its key]", HelpName = "NAME" };
        var command = new Command("freeze", "End the log: it is read and proved from as before, and takes no more entries") { successor, name };
        command.Validators.Add(result =>
        {
            if (result.GetValue(name) is not null && !result.GetValue(successor))
            {
                result.AddError("--name is of the successor: give --successor");
            }
        });
        command.SetAction(parsed => With(log =>
        {
            if (!parsed.GetValue(successor))
            {
                var (_, checkpoint) = log.ReadCheckpoint();
                log.Mark(settings => (settings, new LogMark.Freeze(_services.Time.GetUtcNow(), null, null)), _services.CancellationToken);
                return Print(json: false, static _ => { }, text => text.Append($"`{checkpoint.Origin}` is frozen. Runs will warn that they are not logged: `cairn log freeze --successor` begins another log, `cairn config set log off` keeps none").Line());
            }

            if (parsed.GetValue(name) is { } given && !NoteSignature.IsName(given))
            {
                return DiagnosticPrinter.Usage(_services, $"`{given}` cannot be the name of a log", "leave out spaces and `+`");
            }

            var (ended, kept) = LogSuccession.Run(log, parsed.GetValue(name), _services.Time, _services.CancellationToken);
            using var next = TrustedLogs.OpenOwn(_services)!;
            _ = Tell(next.Settings!);
            return Print(json: false, static _ => { }, text => text.Append($"`{ended}` is frozen, in `{AnsiText.Clean(kept)}`").Line());
        }));
        return command;
    }
}
