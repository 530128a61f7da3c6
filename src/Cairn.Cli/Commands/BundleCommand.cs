using System.Collections.Immutable;
using System.CommandLine;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Logs;
using Cairn.Cli.Terminal;
using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Sbom;
using Cairn.Core.Toolchains;
using Cairn.Engine;
using Cairn.Engine.Bundles;
using Cairn.Engine.Configuration;
using Cairn.Engine.Receipts;
using Cairn.Store.Bundles;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Trust.Bundles;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn bundle create|show|extract|verify|diff|add</c>.</summary>
internal sealed partial class BundleCommand
{
    private readonly CommandServices _services;

    // What was found good, with all that is told of it.
    private Digest? _verified;

    private BundleCommand(CommandServices services) => _services = services;

    public static Command Create(CommandServices services)
    {
        var bundle = new BundleCommand(services);
        return new Command("bundle", "Make, show, unpack and verify bundles")
        {
            bundle.CreateCreate(), bundle.CreateShow(), bundle.CreateExtract(), bundle.CreateVerify(), bundle.CreateDiff(), bundle.CreateAdd(),
        };
    }

    private static Argument<string> BundleArgument(string name = "BUNDLE") => new(name) { Description = "The bundle" };

    private static Option<bool> JsonOption() => new("--json") { Description = "Write JSON" };

    private Command CreateCreate()
    {
        var target = new Argument<string>("BUNDLE") { Description = "The file to write, such as app.cab" };
        var paths = new Argument<string[]>("PATH") { Description = "Files and folders, below the folder of -C; with --run patterns of outputs", Arity = ArgumentArity.ZeroOrMore };
        var directory = new Option<string?>("--directory", "-C") { Description = "The folder that paths are taken from, and stand in the bundle below; with --run the project's folder", HelpName = "DIR" };
        var run = new Option<string?>("--run", "-r") { Description = "Take what a run made (an id, a part of one, last), with its receipt and attestations", HelpName = "RUN" };
        var evidence = new Option<string[]>("--evidence", "-e") { Description = "A document that tells of it: an envelope, a Sigstore bundle, a bill of materials; may be given several times", HelpName = "FILE" };
        var sbom = new Option<string>("--sbom") { Description = "With --run: add a bill of materials, cyclonedx or spdx", HelpName = "FORMAT" };
        SbomCommand.RestrictFormat(sbom);
        var seeds = new Option<bool>("--seeds") { Description = "With --run: add the signed releases and indexes that vouch for the packages of its toolchains (about 10 MB), so that they are checked away from here, too" };
        var json = JsonOption();
        var command = new Command("create", "Make a bundle of files, or of what a run made") { target, paths, directory, run, evidence, sbom, seeds, json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(sbom) is not null && result.GetValue(run) is null)
            {
                result.AddError("--sbom is of a run: give --run; `cairn sbom` and --evidence do it for files");
            }

            if (result.GetValue(seeds) && result.GetValue(run) is null)
            {
                result.AddError("`--seeds` is of the toolchains of a run: give `--run`");
            }
        });
        command.SetAction(parsed => Guard(() =>
        {
            var given = parsed.GetValue(paths) ?? [];
            if (given.Length == 0 && parsed.GetValue(run) is null)
            {
                return DiagnosticPrinter.Usage(_services, "Nothing is given for the bundle to hold", "name files and folders, such as `.`, or a run with --run");
            }

            if (Documents(parsed.GetValue(evidence) ?? [], envelope: null) is not { } documents)
            {
                return ExitCodes.Usage;
            }

            var output = Full(parsed.GetValue(target)!);
            return parsed.GetValue(run) is { } id
                ? CreateOfRun(parsed, parsed.GetValue(directory), id, given, documents, parsed.GetValue(sbom), parsed.GetValue(seeds), output, parsed.GetValue(json))
                : CreateOfFiles(parsed.GetValue(directory), given, documents, output, parsed.GetValue(json));
        }));
        return command;
    }

    private int CreateOfFiles(string? directory, string[] paths, ImmutableArray<BundleEvidence> documents, string output, bool json)
    {
        var folder = Full(directory ?? ".");
        if (!Directory.Exists(folder))
        {
            return DiagnosticPrinter.Usage(_services, $"There is no folder `{directory}`");
        }

        return Write(BundleSource.Take(folder, paths, _services.CancellationToken), documents, output, json);
    }

    private int CreateOfRun(ParseResult parsed, string? directory, string run, string[] patterns, ImmutableArray<BundleEvidence> documents, string? sbom, bool withSeeds, string output, bool json)
    {
        if (ProjectOptions.Resolve(_services, directory, file: null) is not { } project || RunsCommand.Resolve(_services, new RunHistory(project.Directory), run) is not { } id)
        {
            return ExitCodes.Usage;
        }

        if (new RunReceipts(project.Directory).TryRead(id, out var problem) is not { } stored)
        {
            DiagnosticPrinter.Problem(_services, problem is null ? $"The run `{id}` has no receipt" : $"The receipt of the run `{id}` cannot be read: {problem}", "`cairn receipt list` lists the runs that have one", DiagnosticCodes.BundleInputUnusable);
            return ExitCodes.Usage;
        }

        using var store = StoreOf(project);
        using var log = TrustedLogs.OpenOwn(_services);
        var made = RunBundle.Take(project.Directory, stored, store, patterns.Length == 0 ? null : PathPatterns.Parse(patterns), log);
        if (!made.Missing.IsEmpty)
        {
            DiagnosticPrinter.Note(_services, $"The store no longer has the attestations of {string.Join(", ", made.Missing.Take(3).Select(static j => $"`{j}`"))}: the bundle is without them");
        }

        if (sbom is not null)
        {
            if (SbomCommand.Make(_services, project, id.Value, name: null) is not { } bill)
            {
                return ExitCodes.Usage;
            }

            var format = SbomCommand.FormatOf(sbom);
            documents = documents.Add(new BundleEvidence(format == SbomFormat.Spdx ? EvidenceKind.Spdx : EvidenceKind.CycloneDx, [.. SbomJson.Write(bill.Document, format)]));
        }

        if (withSeeds)
        {
            var locked = new ProjectLock(project.Directory).TryReadToolchains(out _) ?? ToolchainLock.Empty;
            documents = documents.AddRange(RunBundle.SeedsOf(stored.Receipt.Toolchains, locked, store, out var missing));
            foreach (var reason in missing)
            {
                DiagnosticPrinter.Note(_services, $"Where a toolchain comes from is not in the bundle: {reason}");
            }
        }

        return Write(made.Content, [.. made.Evidence, .. documents], output, json);
    }

    private int Write(BundleContent content, ImmutableArray<BundleEvidence> documents, string output, bool json)
    {
        var head = new BundleHead(content.Manifest, content.Tree, documents);
        WriteFile(output, head, content.Open);
        if (json)
        {
            JsonOutput.Write(_services, writer => BundleText.WriteJson(writer, head, content.Items, new FileInfo(output).Length));
        }
        else
        {
            _services.Error.Write($"Wrote {BundleText.Summary(Shown(output), head, content.Items, new FileInfo(output).Length)}\n");
        }

        return ExitCodes.Success;
    }

    private void WriteFile(string path, BundleHead head, Func<Digest, Stream> open)
    {
        using var interruption = new Interruption(_services.CancellationToken);
        BundleWriter.WriteFile(path, head, open, interruption.Token);
    }

    private Command CreateShow()
    {
        var (file, json) = (BundleArgument(), JsonOption());
        var command = new Command("show", "Show what is in a bundle") { file, json };
        command.SetAction(parsed => Guard(() =>
        {
            using var bundle = BundleReader.Open(Full(parsed.GetValue(file)!));
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(_services, writer => BundleText.WriteJson(writer, bundle.Head, bundle.Items, bundle.SizeBytes));
                return ExitCodes.Success;
            }

            var text = new ByteText();
            BundleText.Append(text, parsed.GetValue(file)!, bundle, Style.OfOutput(_services.Terminal));
            return WhyCommand.Write(_services, text);
        }));
        return command;
    }

    private Command CreateExtract()
    {
        var file = BundleArgument();
        var target = new Argument<string?>("DIR") { Description = "Where to: a folder that is not there yet, or empty [default: the name of the bundle]", Arity = ArgumentArity.ZeroOrOne };
        var verification = new Verification(_services);
        var verify = new Option<bool>("--verify") { Description = "Verify it first, as `cairn bundle verify` does, and unpack nothing that is not verified" };
        var evidence = new Option<string?>("--evidence") { Description = "Write the documents that tell of it to a folder, too", HelpName = "DIR" };
        var command = new Command("extract", "Unpack a bundle, verifying every byte") { file, target, verify, evidence };
        verification.AddTo(command);
        var events = new CommandEvents(_services, "bundle extract");
        command.SetAction((parsed, _) => events.RunAsync(() => Guard(() =>
        {
            var path = parsed.GetValue(file)!;
            if (parsed.GetValue(verify) && Verify(parsed, verification, events, path, json: false) is var exit && exit != ExitCodes.Success)
            {
                return exit;
            }

            using var bundle = BundleReader.Open(Full(path));
            if (parsed.GetValue(verify) && bundle.Head.Whole != _verified)
            {
                throw new BundleException(DiagnosticCodes.BundleDigestWrong, $"`{path}` is no longer the bundle that was verified: something changed it meanwhile");
            }

            var folder = parsed.GetValue(target) ?? Path.GetFileNameWithoutExtension(path);
            using (var interruption = new Interruption(_services.CancellationToken))
            {
                BundleExtractor.Extract(bundle, Full(folder), interruption.Token);
            }

            if (parsed.GetValue(evidence) is { } documents)
            {
                Directory.CreateDirectory(Full(documents));
                foreach (var document in bundle.Head.Evidence)
                {
                    File.WriteAllBytes(Path.Combine(Full(documents), BundleText.FileNameOf(document)), document.Content.AsSpan());
                }
            }

            _services.Error.Write($"Unpacked {path} to {folder}: {BundleText.Count(bundle.Items.Count(static i => i.IsFile), "file")}\n");
            return ExitCodes.Success;
        })));
        return command;
    }

    private Command CreateVerify()
    {
        var (file, json) = (BundleArgument(), JsonOption());
        var verification = new Verification(_services);
        var command = new Command("verify", "Verify a bundle by what is in it and whom you trust, and nothing else") { file, json };
        verification.AddTo(command);
        var events = new CommandEvents(_services, "bundle verify");
        command.SetAction((parsed, _) => events.RunAsync(() => Guard(() => Verify(parsed, verification, events, parsed.GetValue(file)!, parsed.GetValue(json)))));
        return command;
    }

    private int Verify(ParseResult parsed, Verification verification, CommandEvents events, string path, bool json)
    {
        if (!File.Exists(Full(path)))
        {
            throw new BundleException(DiagnosticCodes.BundleUnreadable, $"There is no bundle `{path}`");
        }

        if (verification.PolicyOf(parsed) is not { } policy || verification.RunAlone(parsed, policy, path) is not { } outcome)
        {
            return ExitCodes.Usage;
        }

        events.Verified(path, outcome, policy);
        if (json)
        {
            JsonOutput.Write(_services, writer => VerifyText.WriteJson(writer, path, outcome, policy));
        }
        else
        {
            var text = new ByteText();
            VerifyText.Append(text, path, outcome, policy, Style.OfOutput(_services.Terminal));
            _ = WhyCommand.Write(_services, text);
        }

        _verified = outcome.Bundle;
        return VerifyCommand.ExitOf(outcome);
    }

    private string Full(string path) => Path.GetFullPath(path, _services.CurrentDirectory);

    private string Shown(string path) => Path.GetRelativePath(_services.CurrentDirectory, path);

    /// <summary>The documents of some files; null after telling which is none.</summary>
    private ImmutableArray<BundleEvidence>? Documents(string[] files, string? envelope)
    {
        var documents = ImmutableArray.CreateBuilder<BundleEvidence>(files.Length);
        foreach (var file in files)
        {
            string? problem;
            if (NamedFile.TryRead(Full(file), Trust.Limits.EnvelopeBytesMax, out problem) is { } bytes && EvidenceReader.TryRead(bytes, out problem, envelope) is { } document)
            {
                documents.Add(document);
                continue;
            }

            DiagnosticPrinter.Problem(_services, $"`{file}` cannot stand in a bundle: {problem}", null, DiagnosticCodes.BundleEvidenceUnusable);
            return null;
        }

        return documents.DrainToImmutable();
    }

    private ContentStore? StoreOf(Project project)
    {
        var settings = SettingsLoader.Load(SettingsLoader.UserPath(_services.Variable), SettingsLoader.ProjectPath(project.Directory), new DiagnosticBag());
        return CacheFolder.TryOpenStore(_services, settings);
    }

    private int Guard(Func<int> action) => Guard(_services, action);

    /// <summary>Does something with bundles, and tells what stands in its way.</summary>
    internal static int Guard(CommandServices services, Func<int> action)
    {
        try
        {
            return action();
        }
        catch (BundleException exception)
        {
            DiagnosticPrinter.Problem(services, exception.Message, null, exception.Code);
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Cancelled;
        }
        catch (FileNotFoundException exception) when (exception.FileName is not null)
        {
            DiagnosticPrinter.Problem(services, $"There is no file `{Path.GetRelativePath(services.CurrentDirectory, exception.FileName)}`", null, DiagnosticCodes.BundleUnreadable);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            DiagnosticPrinter.Problem(services, exception is UnauthorizedAccessException ? $"Permission denied: {exception.Message}" : exception.Message, null, DiagnosticCodes.BundleUnreadable);
        }

        return ExitCodes.Usage;
    }
}
