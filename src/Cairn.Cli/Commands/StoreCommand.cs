using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Completions;

using Cairn.Cli.Terminal;
using Cairn.Core;
using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Engine;
using Cairn.Engine.Configuration;
using Cairn.Store.Content;
using Cairn.Store.Roots;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn store stats|gc|fsck|pin|unpin|export|import|tools</c>.</summary>
internal sealed partial class StoreCommand
{
    private readonly CommandServices _services;
    private readonly ProjectOptions _project = new();
    private readonly Option<bool> _json = new("--json") { Description = "Write JSON", Recursive = true };

    private StoreCommand(CommandServices services)
    {
        _services = services;
        _project.Directory.Recursive = true;
    }

    public static Command Create(CommandServices services)
    {
        var store = new StoreCommand(services);
        return new Command("store", "See, check and tidy what the cache keeps")
        {
            store._project.Directory, store._json, store.CreateStats(), store.CreateCollect(), store.CreateCheck(), store.CreatePin(), store.CreateUnpin(), store.CreateExport(),
            store.CreateImport(),
            ToolCacheCommand.Create(services, store._json, parse => store.Locate(parse)?.Folder),
        };
    }

    private Command CreateStats()
    {
        var command = new Command("stats", "Show what is there, and what it takes of the disk");
        command.SetAction(parse => With(parse, (store, settings, _) =>
        {
            var statistics = store.Measure(_services.CancellationToken);
            return Show(parse, StoreReports.Statistics(store, statistics, new KeptRoots(store.Directory, _services.Time).List(), settings.CacheQuotaBytes ?? store.DefaultQuota(), _services));
        }));
        return command;
    }

    private Command CreateCollect()
    {
        var quota = new Option<string?>("--quota") { Description = "Bytes to stay below, such as 5GiB, instead of the setting cache.quota", HelpName = "SIZE" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would go" };
        var command = new Command("gc", "Remove what was not used for longest, until the store is below its quota") { quota, dryRun };
        command.SetAction(parse => With(parse, (store, settings, _) =>
        {
            var bytes = settings.CacheQuotaBytes ?? store.DefaultQuota();
            if (parse.GetValue(quota) is { } text && !ByteSizes.TryParse(text, out bytes, out var error))
            {
                return DiagnosticPrinter.Usage(_services, error, "write a size such as 500MiB or 5GiB");
            }

            if (store.Collect(bytes, parse.GetValue(dryRun), _services.CancellationToken) is not { } result)
            {
                DiagnosticPrinter.Problem(_services, $"Another process checks or collects the store `{store.Directory}` just now", "try again when it has ended");
                return ExitCodes.Internal;
            }

            var roots = new KeptRoots(store.Directory, _services.Time).Collect(settings.DebugQuotaBytes, settings.DebugKeepDays, parse.GetValue(dryRun));
            return Show(parse, StoreReports.Collection(result, roots, parse.GetValue(dryRun)));
        }));
        return command;
    }

    private Command CreateCheck()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only report: mend nothing and move nothing" };
        var command = new Command("fsck", "Read everything, and mend or set aside what is wrong") { dryRun };
        command.SetAction(parse => With(parse, (store, _, _) =>
        {
            var report = store.Check(repair: !parse.GetValue(dryRun), _services.CancellationToken);
            _ = Show(parse, StoreReports.Check(store, report, _services));
            return report.IsSound ? ExitCodes.Success : ExitCodes.Internal;
        }));
        return command;
    }

    private Command CreatePin()
    {
        var name = new Argument<string?>("NAME") { Description = "The pin's name; without one the pins are listed", Arity = ArgumentArity.ZeroOrOne };
        var what = new Argument<string[]>("WHAT") { Description = "What to keep: a blob or an action (a digest, or 6 digits of it), or a run (an id, or last)", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("pin", "Keep something for good, under a name; list what is kept") { name, what };
        command.SetAction(parse => With(parse, (store, _, project) =>
            parse.GetValue(name) is { } given ? Pin(parse, store, project, given, parse.GetValue(what) ?? []) : Show(parse, StoreReports.Pins(store.Pins()))));
        return command;
    }

    private Command CreateUnpin()
    {
        var name = new Argument<string>("NAME") { Description = "The pin's name" };
        name.CompletionSources.Add(_ => PinNames());
        var command = new Command("unpin", "Stop keeping what a pin keeps") { name };
        command.SetAction(parse => With(parse, (store, _, _) =>
        {
            var pin = parse.GetValue(name)!;
            if (StorePin.IsName(pin) && store.Unpin(pin))
            {
                return ExitCodes.Success;
            }

            var nearest = Suggestions.Nearest(pin, store.Pins().Select(p => p.Name));
            return DiagnosticPrinter.Usage(_services, $"There is no pin `{pin}`", nearest is null ? "`cairn store pin` lists them" : $"did you mean `{nearest}`?");
        }));
        return command;
    }

    private int Pin(ParseResult parse, ContentStore store, Project project, string name, string[] what)
    {
        if (!StorePin.IsName(name))
        {
            return DiagnosticPrinter.Usage(_services, $"`{name}` cannot name a pin", "use letters, digits, `.`, `_` and `-`, a letter or digit first, and not `.tmp` at the end");
        }

        if (what.Length == 0)
        {
            return DiagnosticPrinter.Usage(_services, $"Nothing is given for `{name}` to keep", $"name digests, or a run: `cairn store pin {name} last`");
        }

        var blobs = ImmutableArray.CreateBuilder<Digest>();
        var actions = ImmutableArray.CreateBuilder<string>();
        foreach (var text in what)
        {
            var found = store.Resolve(text);
            if (found.Length > 1)
            {
                return DiagnosticPrinter.Usage(_services, $"`{text}` fits {found.Length} things, `{found[0].Hash}` and `{found[1].Hash}` among them", "give more digits");
            }

            if (found.Length == 0 && (LooksLikeDigest(text) || !TryAddRun(store, project, text, actions)))
            {
                return LooksLikeDigest(text) ? DiagnosticPrinter.Usage(_services, $"Nothing in the store has the digest `{text}`") : ExitCodes.Usage;
            }

            foreach (var item in found)
            {
                if (item.IsAction)
                {
                    actions.Add(item.Hash);
                }
                else
                {
                    blobs.Add(new Digest(Convert.FromHexString(item.Hash), item.SizeBytes));
                }
            }
        }

        store.Pin(new StorePin(name, blobs.DrainToImmutable(), [.. actions.Distinct(StringComparer.Ordinal)]));
        return Show(parse, StoreReports.Pins([.. store.Pins().Where(p => p.Name == name)]));
    }

    /// <summary>Adds the actions of a run; false after saying why that cannot be.</summary>
    private bool TryAddRun(ContentStore store, Project project, string text, ImmutableArray<string>.Builder actions)
    {
        var history = new RunHistory(project.Directory);
        if (history.Resolve(text, out _) is null && text.Length > 0 && text.All(char.IsAsciiHexDigitLower))
        {
            DiagnosticPrinter.Usage(_services, $"`{text}` is neither the beginning of a digest in the store nor a run", "`cairn runs` lists runs; a digest is named by 6 of its digits or more");
            return false;
        }

        if (RunsCommand.Resolve(_services, history, text) is not { } run)
        {
            return false;
        }

        var before = actions.Count;
        foreach (var happened in history.Read(run)?.Events ?? [])
        {
            // A job that failed has an action, and no result.
            if (happened is StepFinished { Cache.Action: { } action } && store.Resolve(action) is [{ IsAction: true }])
            {
                actions.Add(action);
            }
        }

        if (actions.Count == before)
        {
            DiagnosticPrinter.Usage(_services, $"No job of the run `{run}` has a result in the store", "`cairn runs` lists runs");
        }

        return actions.Count > before;
    }

    private static bool LooksLikeDigest(string text) => Digest.TryParse(text, null, out _) || StorePin.IsHash(text);

    private IEnumerable<CompletionItem> PinNames()
    {
        try
        {
            if (UserFolders.Cache(_services.Variable) is { } folder && Directory.Exists(folder))
            {
                using var store = ContentStore.Open(folder);
                return [.. store.Pins().Select(pin => new CompletionItem(pin.Name))];
            }
        }
        catch (IOException)
        {
            // No names, then.
        }

        return [];
    }

    /// <summary>Opens the store that the settings mean.</summary>
    private int With(ParseResult parse, Func<ContentStore, Settings, Project, int> use)
    {
        if (Locate(parse) is not var (folder, settings, project))
        {
            return ExitCodes.Usage;
        }

        using var store = ContentStore.Open(folder, _services.Time);
        return use(store, settings, project);
    }

    /// <summary>Finds the store that the settings mean; null after telling why there is none.</summary>
    private (string Folder, Settings Settings, Project Project)? Locate(ParseResult parse)
    {
        if (_project.Resolve(_services, parse, withFile: false) is not { } project)
        {
            return null;
        }

        var mistakes = new DiagnosticBag();
        var loaded = SettingsLoader.LoadWithOrigins(SettingsLoader.UserPath(_services.Variable), SettingsLoader.ProjectPath(project.Directory), mistakes);
        DiagnosticPrinter.Print(_services, mistakes.ToSorted(), loaded.Sources);
        if (mistakes.HasErrors)
        {
            return null;
        }

        if (CacheFolder.Of(_services, loaded.Settings) is not { } folder)
        {
            DiagnosticPrinter.Usage(_services, "There is no home folder", "set HOME, XDG_CACHE_HOME or the setting cache.directory");
            return null;
        }

        return (folder, loaded.Settings, project);
    }

    private int Show(ParseResult parse, StoreReport report)
    {
        try
        {
            _services.OutBytes.Write(parse.GetValue(_json) ? JsonOutput.ToBytes(report.Json) : report.Text.Span);
        }
        catch (BrokenPipeException)
        {
            // The reader has seen enough.
        }

        return ExitCodes.Success;
    }
}
