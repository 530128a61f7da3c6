using System.Collections.Immutable;
using System.CommandLine;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Engine;
using Cairn.Engine.Configuration;
using Cairn.Engine.Toolchains;
using Cairn.Execution.Toolchains;
using Cairn.Execution.Toolchains.Debian;
using Cairn.Store.Content;
using Cairn.Store.Toolchains;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn toolchain add|lock|update|list|show|verify|trace|vendor|gc</c>.</summary>
internal sealed partial class ToolchainCommand
{
    private const int ReplacedShownMax = 3;

    private readonly CommandServices _services;
    private readonly ProjectOptions _project = new();
    private readonly Option<bool> _json = new("--json") { Description = "Write JSON", Recursive = true };

    private readonly Option<string[]> _from = new("--from") { Description = "Take files from this folder, which `vendor` wrote, before any mirror", HelpName = "DIR", Recursive = true };
    private readonly ToolchainProgressView _progress;

    private ToolchainCommand(CommandServices services)
    {
        _services = services;
        _progress = new ToolchainProgressView(services.Error, services.Terminal, services.Time);
        _project.Directory.Recursive = true;
        _project.File.Recursive = true;
    }

    public static Command Create(CommandServices services)
    {
        var toolchain = new ToolchainCommand(services);
        return new Command("toolchain", "Lock, fetch and check the programs that steps are given")
        {
            toolchain._project.Directory, toolchain._project.File, toolchain._json, toolchain._from,
            toolchain.CreateAdd(), toolchain.CreateLock(), toolchain.CreateUpdate(), toolchain.CreateList(), toolchain.CreateShow(), toolchain.CreateVerify(), toolchain.CreateTrace(), toolchain.CreateVendor(), toolchain.CreateCollect(),
        };
    }

    /// <summary>What <c>cairn toolchain lock</c> does in a folder, for commands that write pipelines.</summary>
    public static Task<int> LockAsync(string folder, CommandServices services, CancellationToken cancellationToken) =>
        Create(services).Parse(["lock", "-C", folder], new ParserConfiguration { ResponseFileTokenReplacer = null })
            .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, cancellationToken);

    /// <summary>What all of them work with.</summary>
    private sealed record Scene(Project Project, string StateDirectory, ImmutableArray<Toolchain> Declared, ImmutableArray<Step> Steps, ToolchainLock Lock, ContentStore Store, AptConfiguration Apt, ToolchainBuilder Builder)
    {
        /// <summary>The jobs that fetch and are not pinned.</summary>
        public ImmutableArray<string> Unpinned { get; init; } = [];
    }

    private Command CreateLock()
    {
        var command = new Command("lock", "Pin what is not pinned yet, and fetch what is missing");
        command.SetAction((parse, cancellationToken) => WithAsync(parse, (scene, token) => LockAsync(parse, scene, new Change([]), token), cancellationToken));
        return command;
    }

    private Command CreateUpdate()
    {
        var accept = new Option<bool>("--accept-changed") { Description = "Take packages that have other bytes than before under the same version" };
        var names = new Argument<string[]>("NAME") { Description = "Toolchains; without any all of them", Arity = ArgumentArity.ZeroOrMore };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would change" };
        var command = new Command("update", "Pin what the archives have now") { names, dryRun, accept };
        command.SetAction((parse, cancellationToken) => WithAsync(parse, (scene, token) =>
        {
            var asked = parse.GetValue(names) ?? [];
            return Unknown(scene, asked) is { } problem ? Task.FromResult(problem) : LockAsync(parse, scene, new Change(asked.Length > 0 ? asked : [.. scene.Declared.Select(static t => t.Name)], parse.GetValue(dryRun), parse.GetValue(accept)), token);
        }, cancellationToken));
        return command;
    }

    private Command CreateList()
    {
        var command = new Command("list", "Show the toolchains of the pipeline, and whether they are locked and here");
        command.SetAction((parse, cancellationToken) => WithAsync(parse, (scene, token) =>
        {
            var rows = scene.Declared.Select(t => new ToolchainReports.Listed(t, scene.Lock.Find(t.Name), scene.Lock.Find(t.Name) is { } locked && scene.Builder.IsWhole(locked.Tree))).ToList();
            return Task.FromResult(Show(parse, ToolchainReports.List(rows)));
        }, cancellationToken));
        return command;
    }

    private Command CreateShow() => CreateNamed("show", "Show what a toolchain consists of", static (command, parse, scene, locked, _) => Task.FromResult(command.Show(parse, ToolchainReports.Contents(locked, scene.Builder.IsWhole(locked.Tree)))));

    private Command CreateVerify()
    {
        var command = new Command("verify", "Read all that the toolchains have in the store, and compare it with cairn.lock");
        command.SetAction((parse, cancellationToken) => WithAsync(parse, (scene, token) =>
        {
            var findings = scene.Lock.Toolchains.Select(t => (Toolchain: t, Damage: scene.Builder.FindDamage(t, token))).ToList();
            _ = Show(parse, ToolchainReports.Damage(findings));
            return Task.FromResult(findings.TrueForAll(static f => f.Damage.Count == 0) ? ExitCodes.Success : ExitCodes.StepFailed);
        }, cancellationToken));
        return command;
    }

    private Command CreateTrace() => CreateNamed("trace", "Walk the chain from a toolchain's tree to the archive's keys, and check every link again", static async (command, parse, scene, locked, cancellationToken) =>
    {
        var links = await ToolchainTrace.WalkAsync(scene.Builder, locked, cancellationToken);
        command._progress.End();
        _ = command.Show(parse, ToolchainReports.Trace(links));
        return links.All(l => l.State == TraceState.Right || (l.State == TraceState.NotChecked && locked is not LockedDebian)) ? ExitCodes.Success : ExitCodes.StepFailed;
    });

    private Command CreateVendor()
    {
        var folder = new Argument<string>("DIR") { Description = "The folder; it is made where it is missing" };
        var command = new Command("vendor", "Write all that a machine without a mirror needs into a folder") { folder };
        command.SetAction((parse, cancellationToken) => WithAsync(parse, (scene, token) =>
        {
            var path = Path.GetFullPath(parse.GetValue(folder)!, _services.CurrentDirectory);
            var (files, bytes) = ToolchainVendor.Write(scene.Lock.Toolchains, scene.Apt, scene.Store, path);
            return Task.FromResult(Show(parse, ToolchainReports.Vendored(path, files, bytes, scene.Lock.Toolchains.Any(static t => t is LockedDebian))));
        }, cancellationToken));
        return command;
    }

    private Command CreateNamed(string name, string description, Func<ToolchainCommand, ParseResult, Scene, LockedToolchain, CancellationToken, Task<int>> action)
    {
        var toolchain = new Argument<string>("NAME") { Description = "The toolchain's name in the pipeline" };
        var command = new Command(name, description) { toolchain };
        command.SetAction((parse, cancellationToken) => WithAsync(parse, (scene, token) =>
        {
            var asked = parse.GetValue(toolchain)!;
            if (Unknown(scene, [asked]) is { } problem)
            {
                return Task.FromResult(problem);
            }

            if (scene.Declared.First(t => t.Name == asked).Source is ToolchainSource.Step { Project: null } made)
            {
                return Task.FromResult(DiagnosticPrinter.Usage(_services, $"The toolchain `{asked}` is what the step `{made.Name}` leaves behind, each run anew: it is not locked", $"`cairn why {made.Name}` tells of the step"));
            }

            return scene.Lock.Find(asked) is { } locked
                ? action(this, parse, scene, locked, token)
                : Task.FromResult(DiagnosticPrinter.Usage(_services, $"The toolchain `{asked}` is not locked", $"run `cairn toolchain lock{scene.Project.CommandSuffix}`"));
        }, cancellationToken));
        return command;
    }

    private int? Unknown(Scene scene, string[] names)
    {
        foreach (var name in names)
        {
            if (!scene.Declared.Any(t => t.Name == name))
            {
                var nearest = Suggestions.Nearest(name, scene.Declared.Select(static t => t.Name));
                return DiagnosticPrinter.Usage(_services, $"The pipeline has no toolchain `{name}`", nearest is null ? "`cairn toolchain list` shows them all" : $"did you mean `{nearest}`?");
            }
        }

        return null;
    }

    /// <summary>What is asked of a lock.</summary>
    /// <param name="Updated">The toolchains that are locked anew though nothing asks for it.</param>
    /// <param name="DryRun">Whether nothing is changed.</param>
    /// <param name="AcceptsReplaced">Whether other bytes are taken under the same version.</param>
    private sealed record Change(string[] Updated, bool DryRun = false, bool AcceptsReplaced = false);

    /// <summary>Locks what is not locked or is to be updated, restores the rest, and writes the lock where it changed.</summary>
    private async Task<int> LockAsync(ParseResult parse, Scene scene, Change change, CancellationToken cancellationToken)
    {
        var dryRun = change.DryRun;
        var content = ToolchainLock.Empty;
        var outcomes = new List<ToolchainReports.Outcome>();
        foreach (var toolchain in scene.Declared)
        {
            var source = toolchain.Source;
            if (source is ToolchainSource.Step { Project: null })
            {
                // The run itself makes it.
                continue;
            }

            var old = scene.Lock.Find(toolchain.Name);
            LockedToolchain locked;
            var fetched = false;
            if (old is not null && old.Matches(source) && Array.IndexOf(change.Updated, toolchain.Name) < 0)
            {
                locked = old;
                fetched = !dryRun && await scene.Builder.RestoreAsync(old, cancellationToken);
            }
            else
            {
                locked = dryRun ? await scene.Builder.ResolveAsync(toolchain.Name, source, cancellationToken) : await scene.Builder.LockAsync(toolchain.Name, source, cancellationToken);
                if (old is not null && !dryRun && !change.AcceptsReplaced)
                {
                    CheckVersions(old, locked, scene.Project);
                }
            }

            content = content.With(locked);
            outcomes.Add(new ToolchainReports.Outcome(old, locked, fetched));
        }

        _progress.End();
        CheckUnions(scene, content, dryRun);
        if (!dryRun)
        {
            new LockedProjects(scene.StateDirectory).Note(scene.Project.Directory);
            ProjectLock.Write(scene.Project.Directory, content);
        }

        return Show(parse, ToolchainReports.Locked(outcomes, [.. scene.Lock.Toolchains.Where(t => content.Find(t.Name) is null).Select(static t => t.Name)], scene.Unpinned, dryRun));
    }

    /// <summary>Sees that nothing has other bytes under the version that was locked. Throws <see cref="ToolchainException"/>.</summary>
    private static void CheckVersions(LockedToolchain old, LockedToolchain locked, Project project)
    {
        var replaced = locked.ReplacedSince(old).ToList();
        if (replaced.Count > 0)
        {
            throw new ToolchainException(
                $"In `{locked.Name}` {string.Join(", ", replaced.Take(ReplacedShownMax).Select(static r => $"`{r}`"))}{(replaced.Count > ReplacedShownMax ? $" and {replaced.Count - ReplacedShownMax} more" : "")} "
                + $"{(replaced.Count == 1 ? "has" : "have")} other bytes than `{ToolchainLock.FileName}` names under the same version; nothing was changed",
                $"versions do not change by themselves: find out who replaced it; `cairn toolchain update --accept-changed {locked.Name}{project.CommandSuffix}` takes what is there now")
            {
                Code = DiagnosticCodes.ToolchainReplaced,
            };
        }
    }

    /// <summary>Sees that the toolchains which steps have together do not differ in a file. Throws <see cref="ToolchainException"/>.</summary>
    private static void CheckUnions(Scene scene, ToolchainLock content, bool dryRun)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var step in dryRun ? [] : scene.Steps)
        {
            if (step.Toolchain is not { References.Length: > 1 } use || !seen.Add(use.ToString()))
            {
                continue;
            }

            ImmutableArray<LockedToolchain> parts = [.. use.References.Select(r => content.Find(r.Name)).OfType<LockedToolchain>()];
            if (TreeUnion.FindClashes([.. parts.Select(static t => t.Tree)], scene.Store) is { Count: > 0 } clashes)
            {
                throw new ToolchainException(
                    $"`{step.Name}` has the toolchains {use}, which differ at {string.Join(", ", clashes.Take(3).Select(static c => $"`/{c}`"))}{(clashes.Count > 3 ? $" and {clashes.Count - 3} more" : "")}",
                    "packages of one archive belong into one toolchain, and `at` gives an archive a folder of its own")
                {
                    Code = DiagnosticCodes.ToolchainsClash,
                };
            }
        }
    }

    /// <summary>Works until it is done, or a signal comes: what was fetched by then is kept, and nothing half-made is used.</summary>
    private async Task<int> WithAsync(ParseResult parse, Func<Scene, CancellationToken, Task<int>> action, CancellationToken cancellationToken)
    {
        using var interruption = new Interruption(cancellationToken);
        try
        {
            return await WithSceneAsync(parse, action, interruption.Token);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            DiagnosticPrinter.Problem(_services, "Stopped; nothing was changed, and what has been fetched is kept for the next time");
            return ExitCodes.Cancelled;
        }
    }

    private async Task<int> WithSceneAsync(ParseResult parse, Func<Scene, CancellationToken, Task<int>> action, CancellationToken cancellationToken)
    {
        if (_project.Resolve(_services, parse) is not { } project || RunCommand.TryRequest(_services, project, new RunArguments { Directory = project.Directory, File = project.PipelineFile }) is not { } request)
        {
            return ExitCodes.Usage;
        }

        var prepared = await RunEngine.PrepareAsync(request with { InspectOnly = true }, cancellationToken);
        if (prepared.Plan is not { } plan)
        {
            var shown = PipelineInspection.Rebase(prepared.Request.PipelineFile, prepared, Path.GetRelativePath(_services.CurrentDirectory, prepared.Request.ProjectDirectory));
            DiagnosticPrinter.Print(_services, shown.Diagnostics, shown.Sources);
            return ExitCodes.Usage;
        }

        if (request.CacheDirectory is not { } folder)
        {
            return DiagnosticPrinter.Usage(_services, "There is no folder for the store, which toolchains stand in", "set `cache.directory`, or the variable HOME");
        }

        var file = new ProjectLock(project.Directory);
        if (file.TryReadToolchains(out var problem) is not { } content)
        {
            return DiagnosticPrinter.Usage(_services, $"`{ToolchainLock.FileName}` cannot be used: {problem}", "take it from version control, or remove it and run `cairn toolchain lock`");
        }

        string[] folders = [.. (parse.GetValue(_from) ?? []).Select(f => Path.GetFullPath(f, _services.CurrentDirectory))];
        if (Array.Find(folders, static f => !Directory.Exists(f)) is { } missing)
        {
            return DiagnosticPrinter.Usage(_services, $"There is no folder `{missing}`", "`cairn toolchain vendor DIR` writes one, on a machine that has the toolchains");
        }

        try
        {
            using var store = ContentStore.Open(folder);
            var apt = AptConfiguration.Read(_services.AptFolder, _services.Environment);
            var belongs = new ToolchainProject
            {
                Directory = project.Directory,
                Environment = _services.Environment,
                StepOf = (other, step) => StepResults.Find(other, step, store, KeyFolders.Of(_services), UserFolders.State(_services.Variable)),
                ProofOf = action => StepResults.Prove(action, store, KeyFolders.Of(_services), UserFolders.State(_services.Variable)),
                HostDigest = HostFiles.Of(project.Directory).DigestOf,
            };
            await using var builder = new ToolchainBuilder(store, apt, request.StateDirectory, _services.Time, _progress.Show, folders, patience: null, belongs);
            return await action(new Scene(project, request.StateDirectory, plan.Pipeline.Toolchains, plan.Pipeline.Steps, content, store, apt, builder)
            {
                Unpinned = file.TryReadFetches(out _) is { } pins ? [.. plan.Jobs.Where(j => j.Step.Fetch is not null && !j.SkippedByPlan && pins.Find(j.Id.Value) is null).Select(static j => j.Id.Value)] : [],
            }, cancellationToken);
        }
        catch (BrokenPipeException)
        {
            return ExitCodes.Success;
        }
        catch (ToolchainException exception)
        {
            _progress.End();
            DiagnosticPrinter.Problem(_services, exception.Message, exception.Suggestion, exception.Code);
            return ExitCodes.StepFailed;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _progress.End();
            DiagnosticPrinter.Problem(_services, exception.Message);
            return ExitCodes.Internal;
        }
        finally
        {
            _progress.End();
        }
    }

    private int Show(ParseResult parse, ToolchainReports.Report report)
    {
        if (parse.GetValue(_json))
        {
            JsonOutput.Write(_services, report.Json);
            return ExitCodes.Success;
        }

        var text = new ByteText();
        report.Text(text, Style.OfOutput(_services.Terminal));
        _services.OutBytes.Write(text.Span);
        return ExitCodes.Success;
    }
}
