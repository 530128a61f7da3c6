using System.CommandLine;

using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Trust;
using Cairn.Store.Keys;

namespace Cairn.Cli.Keys;

/// <summary><c>cairn keys</c>: the keys that sign and the keys that are believed.</summary>
internal sealed partial class KeysCommand
{
    private readonly CommandServices _services;
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON", Recursive = true };

    private KeysCommand(CommandServices services) => _services = services;

    public static Command Create(CommandServices services)
    {
        var keys = new KeysCommand(services);
        return new Command("keys", "Manage the keys that sign results and the keys that are believed")
        {
            keys._json,
            keys.CreateList(),
            keys.CreateShow(),
            keys.CreateGenerate(),
            keys.CreateExport(),
            keys.CreateImport(),
            keys.CreateTrust(),
            keys.CreateDistrust(),
            keys.CreateRevoke(),
            keys.CreateRotate(),
        };
    }

    private string? KeysDirectory => KeyFolders.Of(_services);

    private string? ChosenKey => _services.Variable(RunKey.Variable);

    private Command CreateList()
    {
        var command = new Command("list", "Show all keys, which one signs, and what they are trusted for");
        command.SetAction(parsed => With((folder, _) =>
        {
            if (Load() is not { } trust)
            {
                return ExitCodes.Usage;
            }

            var rows = KeyRows.Of(folder, trust);
            if (parsed.GetValue(_json))
            {
                JsonOutput.Write(_services, json =>
                {
                    json.WriteStartArray();
                    rows.ForEach(row => KeyRows.Write(json, row, _services.Time.GetUtcNow()));
                    json.WriteEndArray();
                });
            }
            else
            {
                _services.OutBytes.Write(KeyRows.Table(rows, Style.OfOutput(_services.Terminal), _services.Time.GetUtcNow()).Span);
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private Command CreateShow()
    {
        var name = new Argument<string?>("KEY") { Description = "Its name, or the beginning of its id; without it the key that signs", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("show", "Show a key: its id, its public part, its roles and how long it counts") { name };
        command.SetAction(parsed => With((folder, _) =>
        {
            if (Load() is not { } trust || FindRow(folder, trust, parsed.GetValue(name) ?? trust.Signer) is not { } row)
            {
                return ExitCodes.Usage;
            }

            if (parsed.GetValue(_json))
            {
                JsonOutput.Write(_services, json => KeyRows.Write(json, row, _services.Time.GetUtcNow()));
            }
            else
            {
                _services.OutBytes.Write(KeyRows.Detail(row, folder, Style.OfOutput(_services.Terminal), _services.Time.GetUtcNow()).Span);
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    /// <summary>Does something with the folder of keys and the path of the trust store.</summary>
    private int With(Func<KeyFolder, string, int> action)
    {
        if (KeysDirectory is not { } directory || TrustFiles.PathOf(directory) is not { } trustFile)
        {
            return DiagnosticPrinter.Usage(_services, "There is no home folder", "set HOME or XDG_CONFIG_HOME");
        }

        try
        {
            return action(new KeyFolder(directory), trustFile);
        }
        catch (KeyFileException exception)
        {
            return DiagnosticPrinter.Usage(_services, exception.Message, exception.Suggestion);
        }
        catch (BrokenPipeException)
        {
            return ExitCodes.Success;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            DiagnosticPrinter.Problem(_services, exception is UnauthorizedAccessException ? $"Permission denied in `{Path.GetDirectoryName(directory)}`" : exception.Message, $"look at `{directory}`");
            return ExitCodes.Internal;
        }
    }

    /// <summary>The same while nobody else changes them.</summary>
    private async Task<int> WithLockAsync(Func<KeyFolder, string, int> action, CancellationToken cancellationToken)
    {
        if (TrustFiles.PathOf(KeysDirectory) is not { } trustFile)
        {
            return With(action);
        }

        try
        {
            using var held = await TrustFileWriter.LockAsync(trustFile, holder => _services.Error.Write($"waiting for {holder}\n"), _services.Time, cancellationToken);
            return With(action);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException and not (OutputFailedException or BrokenPipeException))
        {
            DiagnosticPrinter.Problem(_services, $"The folder `{Path.GetDirectoryName(trustFile)}` cannot be written{(exception is UnauthorizedAccessException ? ": permission denied" : $": {exception.Message}")}");
            return ExitCodes.Internal;
        }
    }

    /// <summary>The trust store; null after telling what is wrong with it.</summary>
    private LoadedTrust? Load()
    {
        var trust = TrustFiles.Load(KeysDirectory, ChosenKey);
        DiagnosticPrinter.Print(_services, trust.Diagnostics, trust.Sources);
        return trust.HasErrors ? null : trust;
    }

    private KeyRow? FindRow(KeyFolder folder, LoadedTrust trust, string nameOrId)
    {
        var rows = KeyRows.Of(folder, trust);
        if (KeyRows.Find(rows, nameOrId) is { } row)
        {
            return row;
        }

        NoSuchKey(rows, nameOrId);
        return null;
    }

    private int NoSuchKey(List<KeyRow> rows, string nameOrId)
    {
        var nearest = Suggestions.Nearest(nameOrId, rows.Select(static row => row.Name));
        return DiagnosticPrinter.Usage(_services, $"There is no key `{nameOrId}`", nearest is null ? "`cairn keys list` shows the keys there are" : $"did you mean `{nearest}`?");
    }

    /// <summary>Whether an edit of the trust store was done; otherwise it is told why not.</summary>
    private bool IsDone(TrustChange change)
    {
        DiagnosticPrinter.Print(_services, change.Diagnostics, change.Sources);
        return change.IsDone;
    }

    /// <summary>Says what was done: a sentence and the lines below it for people, the key for programs.</summary>
    private int Report(bool asJson, KeyFolder folder, string nameOrId, params ReadOnlySpan<string> lines)
    {
        if (asJson)
        {
            var trust = TrustFiles.Load(KeysDirectory, ChosenKey);
            var row = KeyRows.Find(KeyRows.Of(folder, trust), nameOrId);
            JsonOutput.Write(_services, json =>
            {
                if (row is null)
                {
                    json.WriteNullValue();
                }
                else
                {
                    KeyRows.Write(json, row, _services.Time.GetUtcNow());
                }
            });
            return ExitCodes.Success;
        }

        var text = new ByteText();
        foreach (var line in lines)
        {
            text.Line(AnsiText.Clean(line));
        }

        _services.OutBytes.Write(text.Span);
        return ExitCodes.Success;
    }
}
